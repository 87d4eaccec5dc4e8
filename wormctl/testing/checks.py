"""What a plugin declares: its offers, their settings, how each is made, and its spec."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from wormctl.channel import Channel, complaint
from wormctl.config import ConfigError, convert
from wormctl.device import API_VERSION, Body, Config, Context, DeviceSpec
from wormctl.hookspecs import Offer
from wormctl.testing import opened
from wormctl.testing.contract import Rule
from wormctl.testing.failure import ConformanceError, UncheckedError, calling, require

METHODS = {
    "sensor": ("configure", "read", "close"),
    "body": ("configure", "read", "arm", "write", "stop", "close"),
    "actuator": ("configure", "write", "stop", "close"),
    "world": ("reset", "advance", "goal_distance_m"),
}
"""What the loop calls, by kind."""


def is_declared(offer: Offer[Any]) -> None:
    """The offer itself: a line about it, a robot file if it brings one, and settings that are told from others."""
    name = offer.name
    is_config = isinstance(offer.config, type) and issubclass(offer.config, Config)
    require(is_config, name, Rule.OFFER, "config must derive from wormctl.device.Config")
    one_line = isinstance(offer.summary, str) and "\n" not in offer.summary
    require(one_line, name, Rule.OFFER, f"summary {offer.summary!r}: must be one line of text")
    if offer.robot is not None:
        there = isinstance(offer.robot, Path) and offer.robot.is_file()
        require(
            there, name, Rule.OFFER, f"robot {offer.robot!r}: must be a pathlib.Path to a file that is there"
        )
    _settings_are_annotated(offer)
    _unknown_settings_are_refused(offer)


def _settings_are_annotated(offer: Offer[Any]) -> None:
    """A name without a type is no setting, which its author does not learn before somebody sets it."""
    for owner in offer.config.__mro__[: offer.config.__mro__.index(Config)]:
        declared = inspect.get_annotations(owner)
        for key, value in vars(owner).items():
            plain = isinstance(value, str | bool | int | float | list | tuple | dict | Path)
            if plain and not key.startswith("_") and not key.isupper() and key not in declared:
                require(
                    False,
                    offer.name,
                    Rule.SETTINGS,
                    f"{key} = {value!r} in {owner.__name__} is no setting: give it a type, "
                    f"{key}: {type(value).__name__} = {value!r}",
                )


def _unknown_settings_are_refused(offer: Offer[Any]) -> None:
    """A misspelt key in a robot file must not pass."""
    try:
        convert({"no_such_setting": 1}, offer.config, where="test")
    except ConfigError as error:
        named = "no_such_setting" in str(error)
        require(named, offer.name, Rule.SETTINGS, f"an unknown setting is not named: {error}")
    else:
        require(
            False,
            offer.name,
            Rule.SETTINGS,
            "an unknown setting is accepted (config needs forbid_unknown_fields)",
        )


def default_config(offer: Offer[Any]) -> Config:
    """The settings of an empty table, for those who give none."""
    try:
        return convert({}, offer.config, where=offer.name)
    except ConfigError as error:
        raise _needs_settings(offer.name, error) from None


def _needs_settings(name: str, error: ConfigError) -> UncheckedError:
    how = f"give the kit a config, there is no default: {error}"
    return UncheckedError(name, Rule.SETTINGS, how, f"{error}; --set gives it")


def made(offer: Offer[Any], config: Config, kind: str | None = None) -> Any:
    """A device of `offer`, with what a `kind` needs. Making it opens no device file, no connection and no program."""
    with opened.seen() as did:
        try:
            with calling(offer.name, Rule.MAKE, "make", let=(ConfigError,)):
                device = offer.make(config)
                getattr(device, "spec", None)
        except (ConformanceError, ConfigError) as error:
            # What it opened may be why it failed, so that is told first.
            if not did():
                if isinstance(error, ConfigError):
                    raise _needs_settings(offer.name, error) from None
                raise
    require(
        not did(),
        offer.name,
        Rule.MAKE,
        f"does I/O while it is made ({', '.join(did())}): open things in configure",
    )
    if kind is not None:
        _has_methods(offer.name, device, kind)
    return device


def _has_methods(name: str, device: object, kind: str) -> None:
    for method in METHODS[kind]:
        require(
            callable(getattr(device, method, None)),
            name,
            Rule.OFFER,
            f"{type(device).__name__} has no method {method}: a {kind} needs {', '.join(METHODS[kind])}",
        )


def declares_itself(name: str, spec: DeviceSpec) -> None:
    """What the loop has to know before it opens anything."""
    require(isinstance(spec, DeviceSpec), name, Rule.MAKE, "spec must be a DeviceSpec, before configure")
    require(
        spec.api_version == API_VERSION,
        name,
        Rule.OFFER,
        f"is for plugin API {spec.api_version}, not {API_VERSION}",
    )
    with calling(name, Rule.CHANNEL, "the spec"):
        for channel in spec.channels:
            is_one = isinstance(channel, Channel)
            require(is_one, name, Rule.CHANNEL, f"{channel!r} among its channels: must be a Channel")
        names = [channel.name for channel in spec.channels]
        require(names, name, Rule.CHANNEL, "declares no channel")
        require(len(set(names)) == len(names), name, Rule.CHANNEL, f"declares a channel twice: {names}")
    for channel in spec.channels:
        with calling(name, Rule.CHANNEL, f"the channel {channel.name!r}"):
            wrong = complaint(channel)
            require(wrong is None, name, Rule.CHANNEL, f"channel {channel.name!r}: {wrong}")


def truth_has_its_shape(body: Body, context: Context) -> None:
    """A simulated body shows what it really does, to world sensors and to recordings."""
    truth = getattr(body, "truth", None)
    require(truth is not None, body.spec.name, Rule.TRUTH, "is simulated, so it must have `truth`")
    links = context.snake.links
    with calling(body.spec.name, Rule.TRUTH, "truth"):
        shapes = (truth.pose.shape, truth.nose.shape, truth.contact_n.shape)  # type: ignore[union-attr]
    require(
        shapes == ((links, 3), (2,), (links,)), body.spec.name, Rule.TRUTH, f"truth has the shapes {shapes}"
    )
