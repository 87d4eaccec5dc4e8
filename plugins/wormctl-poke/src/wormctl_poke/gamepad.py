"""The sensor `gamepad`: its triggers and buttons poke the worm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from wormctl.channel import Samples
from wormctl.device import Context, DeviceError
from wormctl.slow import SlowSensor
from wormctl_poke.channels import CHANNELS, POKES, PokeConfig, spec, told
from wormctl_poke.controls import NAMES, Control, find, in_words, is_control, pressed
from wormctl_poke.js_event import EventReader, Kind
from wormctl_poke.pad import Pad, open_pad


class GamepadConfig(PokeConfig, frozen=True, kw_only=True):
    """Settings: which control does what, and how strong it is when pressed all the way.

    A control is one of `wormctl_poke.controls.NAMES`, or `button 3`, `axis 2`, or half an axis, `axis 1-`.
    """

    device: Annotated[str, msgspec.Meta(min_length=1)] = "/dev/input/js0"
    nose: str = "right_trigger"
    front: str = "south"
    tail: str = "left_trigger"
    food: str = "right_bumper"
    repellent: str = "left_bumper"
    dead_zone: Annotated[float, msgspec.Meta(ge=0.0, le=0.9)] = 0.05
    """The share of an axis's way in which it counts as not pressed."""
    unplugged: Literal["fail", "rest"] = "fail"
    """What the channels say without the gamepad: that they cannot be measured, or that nobody pokes."""

    def __post_init__(self) -> None:
        for poke, control in zip(POKES, self.controls(), strict=True):
            if not is_control(control):
                raise ValueError(
                    f"{poke} = {control!r}: must be one of {', '.join(NAMES)}, or as 'button 3', 'axis 2', 'axis 1-'"
                )

    def controls(self) -> tuple[str, ...]:
        """The control of each poke, in the order of `POKES`."""
        return tuple(getattr(self, poke) for poke in POKES)


class GamepadSensor(SlowSensor):
    """A gamepad, read by a thread. Unplugged while it runs, it is looked for until it is there again."""

    reopens = False  # `measure` does that

    def __init__(self, config: GamepadConfig, open_pad: Callable[[str], Pad] = open_pad) -> None:
        super().__init__(spec("gamepad"))
        self._config, self._open_pad = config, open_pad
        self._strengths = config.strengths()
        self._pad: Pad | None = None
        self._controls: tuple[Control, ...] = ()
        self._events = EventReader()
        self._values: dict[tuple[Kind, int], int] = {}
        """How each control stands, of those that have told."""
        self.notes: tuple[str, ...] = ()

    def open(self, context: Context) -> None:
        """Open the gamepad, and find out what it has. Raises `DeviceError`."""
        pad = self._plug()
        words = tuple(map(in_words, self._config.controls()))
        self.notes = (f"gamepad: {pad.name}: {told(words)}",)

    def measure(self, now_s: float, out: Samples) -> None:
        """Take in what was pressed."""
        try:
            self._take_in()
        except DeviceError as error:
            self._unplug()
            if self._config.unplugged == "fail":
                raise
            self.last_error = str(error)
            for channel in CHANNELS:
                out.put(channel, 0.0, now_s)
            return
        for channel, control, strength in zip(CHANNELS, self._controls, self._strengths, strict=True):
            value = self._values.get((control.kind, control.number))
            if value is None:
                out.fail(channel)
            else:
                out.put(channel, strength * pressed(control, value, self._config.dead_zone), now_s)

    def shut(self) -> None:
        """Let go of it."""
        self._unplug()

    def _take_in(self) -> None:
        pad = self._pad or self._plug()
        try:
            data = pad.read()
        except OSError as error:
            raise DeviceError(
                f"gamepad: {self._config.device} is gone ({error.strerror}): plug it in or switch it on again; its "
                "channels come back by themselves"
            ) from None
        for event in self._events.feed(data):
            self._values[event.kind, event.number] = event.value

    def _plug(self) -> Pad:
        """Open it. It tells at once how everything stands. Raises `DeviceError`."""
        pad = self._open_pad(self._config.device)
        controls = [find(name, pad.layout) for name in self._config.controls()]
        self._controls = tuple(control for control in controls if control is not None)
        if None in controls:
            pad.close()
            poke = controls.index(None)
            axes, buttons = map(len, pad.layout)
            raise DeviceError(
                f"$.{POKES[poke]} = {self._config.controls()[poke]!r}: {pad.name} has none; name another of its "
                f"{axes} axes and {buttons} buttons, as 'axis 2' or 'button 3' (jstest shows which is which)"
            )
        self._pad, self._events = pad, EventReader()
        self._values.clear()
        return pad

    def _unplug(self) -> None:
        pad, self._pad = self._pad, None
        if pad is not None:
            pad.close()
