"""The first version of a new plugin: a whole package with one method to fill in. Its tests fail until that is done."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

from wormctl.config import ConfigError
from wormctl.device import API_VERSION
from wormctl.plugins import Plugins, own_policies
from wormctl.scaffold import actuator, body, common, policy, sensor, world

KINDS: dict[str, Mapping[str, str]] = {
    "sensor": sensor.FILES,
    "body": body.FILES,
    "actuator": actuator.FILES,
    "policy": policy.FILES,
    "world": world.FILES,
}
"""The files of each kind besides those that all have, by their paths; $-words are filled in."""

_OFFERED = {
    "sensor": ("wormctl_register_sensors", "wormctl.device", "Sensor"),
    "body": ("wormctl_register_bodies", "wormctl.device", "Body"),
    "actuator": ("wormctl_register_actuators", "wormctl.device", "Actuator"),
    "policy": ("wormctl_register_policies", "wormctl.controller", "OwnPolicy"),
    "world": ("wormctl_register_worlds", "wormctl.device", "World"),
}
"""By which hook each kind is offered, and where which protocol of it stands."""

LONGEST = 64
"""Characters of a name: longer ones are no file names everywhere."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def write_plugin(name: str, kind: str, folder: Path, installed: Plugins) -> Path:
    """Write the package `wormctl-NAME` into `folder`; its path.

    Raises `ConfigError`, overwrites nothing, and takes no name that is `installed`.
    """
    name = name.removeprefix("wormctl-")
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise ConfigError(
            f"{name!r} cannot name a plugin: lower-case letters, digits and '-', at most {LONGEST}, as in my-lidar"
        )
    if kind == "policy" and name in own_policies():
        raise ConfigError(f"policy {name!r} is wormctl's own; choose another name")
    root = folder / f"wormctl-{name}"
    for origin in installed.loaded + [broken.origin for broken in installed.broken]:
        if origin.distribution == root.name:
            raise ConfigError(f"{root.name} {origin.version} is already installed; choose another name")
    if (known := installed.tables[kind].get(name)) is not None:
        raise ConfigError(f"{kind} {name!r} is already offered by {known.origin}; choose another name")
    if os.path.lexists(root):
        raise ConfigError(f"{root}: is already there; choose another name or --folder")
    word = name.replace("-", "_")
    hook, home, protocol = _OFFERED[kind]
    words = {
        "name": name,
        "word": word,
        "package": f"wormctl_{word}",
        "title": "".join(part.capitalize() for part in name.split("-")),
        "kind": kind,
        "made": kind.capitalize(),
        "hook": hook,
        "home": home,
        "protocol": protocol,
        "api": str(API_VERSION),
    }
    files = {**common.FILES, **KINDS[kind]}
    words["robot"] = Template(files.pop("robot")).substitute(words)
    words["fill"] = Template(files.pop("fill")).substitute(words)
    try:
        for path, text in files.items():
            target = root / Template(path).substitute(words)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(text).substitute(words), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{root}: cannot be written: {error.strerror}") from None
    return root
