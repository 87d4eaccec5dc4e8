"""The first version of a new plugin: a sensor package that passes the conformance kit as it is written."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from wormctl.config import ConfigError
from wormctl.device import API_VERSION
from wormctl.plugins import Plugins

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def write_plugin(name: str, folder: Path, installed: Plugins) -> Path:
    """Write the package `wormctl-NAME` into `folder`; its path.

    Raises `ConfigError`, overwrites nothing, and takes no name that is `installed`.
    """
    name = name.removeprefix("wormctl-")
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot name a plugin: lower-case letters, digits and '-', as in my-lidar"
        )
    root = folder / f"wormctl-{name}"
    for origin in installed.loaded + [broken.origin for broken in installed.broken]:
        if origin.distribution == root.name:
            raise ConfigError(f"{root.name} {origin.version} is already installed; choose another name")
    if (known := installed.sensors.get(name)) is not None:
        raise ConfigError(f"sensor {name!r} is already offered by {known.origin}; choose another name")
    if root.exists():
        raise ConfigError(f"{root}: is already there; choose another name or --folder")
    word = name.replace("-", "_")
    words = {
        "name": name,
        "word": word,
        "package": f"wormctl_{word}",
        "title": "".join(part.capitalize() for part in name.split("-")),
        "api": str(API_VERSION),
    }
    try:
        for path, text in _FILES.items():
            target = root / Template(path).substitute(words)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(text).substitute(words), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{root}: cannot be written: {error.strerror}") from None
    return root


_PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "wormctl-$name"
version = "0.1.0"
description = "A $name sensor for wormctl"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["wormctl"]

[project.entry-points.wormctl]
$word = "$package.plugin"

[tool.setuptools.packages.find]
where = ["src"]
"""

_README = """\
# wormctl-$name

A sensor for wormctl. It measures the channel `$word.value`.

1. `src/$package/sensor.py`: declare what you measure in `CHANNEL`, and measure it in `measure`.
2. `uv pip install -e wormctl-$name` in wormctl's clone, or `pip install -e .` here in the environment of wormctl; then
   `wormctl plugin list` lists it.
3. `uv run pytest wormctl-$name` in the clone, or `pytest` here, runs the conformance kit: what passes works in the
   loop.
4. In a robot file, bind it to inputs of the policy:

```toml
[[sensor]]
use = "$name"

[[bind]]
channel = "$word.value"
to = ["ASEL", "ASER"]
```
"""

_PLUGIN = '''\
"""What wormctl-$name offers."""

from collections.abc import Callable

from wormctl.device import Sensor
from wormctl.hookspecs import Offer, hookimpl

from $package.sensor import ${title}Config, ${title}Sensor


@hookimpl
def wormctl_register_sensors(register: Callable[[Offer[Sensor]], None]) -> None:
    """Offer the sensor. Nothing is opened here, nor when it is made."""
    register(
        Offer(
            name="$name",
            summary="one line for `wormctl plugin list`",
            config=${title}Config,
            make=${title}Sensor,
            api_version=$api,
        )
    )
'''

_SENSOR = '''\
"""The sensor itself. It may take its time: it is read by a thread of its own."""

from typing import Annotated

import msgspec

from wormctl.channel import Channel, Samples
from wormctl.device import Config, Context, DeviceSpec
from wormctl.slow import SlowSensor

CHANNEL = Channel(
    name="$word.value",
    unit="1",  # SI; "1" for a pure number
    low=0.0,  # a value outside low..high never reaches a neuron
    high=1.0,
    rate_hz=20.0,
    max_age_s=0.2,
    doc="what it measures",
)


class ${title}Config(Config, frozen=True, kw_only=True):
    """The settings in a robot file. Misspelt names and values out of range are refused for you."""

    level: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.5


class ${title}Sensor(SlowSensor):
    """Gives the level from its settings, until you make it measure."""

    def __init__(self, config: ${title}Config) -> None:
        super().__init__(DeviceSpec(name="$name", channels=(CHANNEL,), simulated=False, api_version=$api))
        self.config = config

    def open(self, context: Context) -> None:
        """Open your hardware. If it is not there, say in a `DeviceError` what a person can do about it."""

    def measure(self, now_s: float, out: Samples) -> None:
        """Measure once. This may block; raise `DeviceError` when it goes wrong, it is tried again."""
        out.put("$word.value", self.config.level, now_s)

    def shut(self) -> None:
        """Close what `open` opened."""
'''

_TEST = '''\
"""What passes here works in the loop."""

import $package.plugin
from wormctl.testing import check_plugin


def test_conformance() -> None:
    check_plugin($package.plugin)
'''

_FILES = {
    "pyproject.toml": _PYPROJECT,
    "README.md": _README,
    "src/$package/__init__.py": '"""A $name sensor for wormctl."""\n',
    "src/$package/plugin.py": _PLUGIN,
    "src/$package/sensor.py": _SENSOR,
    "tests/test_${word}_conformance.py": _TEST,
}
