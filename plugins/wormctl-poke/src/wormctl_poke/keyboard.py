"""The sensor `keyboard`: keys in the terminal poke the worm, or a script does as if they were pressed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Annotated, Protocol

import msgspec

from wormctl.channel import Samples
from wormctl.device import Config, Context
from wormctl.slow import SlowSensor
from wormctl_poke.channels import CHANNELS, POKES, TOUCHES, PokeConfig, spec, told
from wormctl_poke.keys import KeyDecoder
from wormctl_poke.presses import Presses, Script
from wormctl_poke.terminal import Terminal

Key = Annotated[str, msgspec.Meta(pattern="^[ -~]$")]
"""One printable character; upper and lower case are the same key."""
Seconds = Annotated[float, msgspec.Meta(ge=0.001, le=60.0)]


class Press(Config, frozen=True, kw_only=True):
    """One line of a script."""

    at_s: Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]
    """On the loop's clock, from the start of the run."""
    key: Key


class KeyboardConfig(PokeConfig, frozen=True, kw_only=True):
    """Settings: which key does what, how strong it is and how long it lasts."""

    nose: Key = "n"
    front: Key = "f"
    tail: Key = "t"
    food: Key = "o"
    repellent: Key = "r"
    poke_s: Seconds = 0.5
    """How long a touch lasts after the key was pressed."""
    whiff_s: Seconds = 2.0
    """The same of a smell."""
    terminal: Annotated[str, msgspec.Meta(min_length=1)] = "/dev/tty"
    """The one from which the run was started."""
    script: tuple[Press, ...] | None = None
    """Instead of a person: keys at set times. Then there is no terminal."""

    def __post_init__(self) -> None:
        keys = self.keys()
        if len(set(keys)) < len(keys):
            raise ValueError(f"a key does one thing only, and {', '.join(map(repr, keys))} holds one twice")
        for i, press in enumerate(self.script or ()):
            if press.key.lower() not in keys:
                raise ValueError(
                    f"script[{i}].key = {press.key!r}: pokes nothing; keys are {', '.join(keys)}"
                )

    def keys(self) -> tuple[str, ...]:
        """The key of each poke, in the order of `POKES`."""
        return tuple(getattr(self, poke).lower() for poke in POKES)

    def presses(self) -> Presses:
        """What the keys do, with none pressed."""
        lengths_s = [self.poke_s if i < TOUCHES else self.whiff_s for i in range(len(POKES))]
        return Presses(self.strengths(), lengths_s)


class Keys(Protocol):
    """Where keys come from."""

    def open(self) -> None:
        """Raises `DeviceError` with a remedy."""

    def read(self) -> bytes:
        """What was typed since the last time, at once. Raises `DeviceError` when no more can come."""

    def close(self) -> None:
        """Never raises; may be called twice."""


def make_keyboard(config: KeyboardConfig) -> KeyboardSensor | ScriptedKeyboard:
    """The form that the settings ask for. Opens nothing."""
    return KeyboardSensor(config) if config.script is None else ScriptedKeyboard(config, config.script)


class KeyboardSensor(SlowSensor):
    """Keys of a terminal, taken in by a thread. How long a poke lasts is counted on the loop's clock, in `read`."""

    reopens = False  # a terminal that is gone stays gone; the next one of its name is somebody else's

    def __init__(self, config: KeyboardConfig, terminal: Callable[[str], Keys] = Terminal) -> None:
        super().__init__(spec("keyboard"))
        self._config = config
        self._terminal = terminal(config.terminal)
        self._pokes = {key: poke for poke, key in enumerate(config.keys())}
        self._decoder = KeyDecoder()
        self._pressed: deque[int] = deque()
        self._presses = config.presses()
        self.notes: tuple[str, ...] = ()

    def open(self, context: Context) -> None:
        """Have the terminal send single keys. Raises `DeviceError` where there is none."""
        self._terminal.open()
        what = told(self._config.keys())
        self.notes = (f"keyboard: in this terminal {what}; Ctrl-C ends the run",)

    def measure(self, now_s: float, out: Samples) -> None:
        """Take in what was typed. That it could be read makes the samples good."""
        for key in self._decoder.feed(self._terminal.read(), now_s):
            if key in self._pokes:
                self._pressed.append(self._pokes[key])
        for channel in CHANNELS:
            out.put(channel, 0.0, now_s)

    def read(self, now_s: float, out: Samples) -> None:
        """Begin the pokes whose keys were pressed; fill the strength of each."""
        super().read(now_s, out)
        while self._pressed:
            self._presses.press(self._pressed.popleft(), now_s)
        for poke in range(len(POKES)):
            out.values[poke] = self._presses.strength(poke, now_s)

    def shut(self) -> None:
        """Put the terminal back."""
        self._terminal.close()


class ScriptedKeyboard:
    """Keys that a script presses: the same pokes at the same ticks in every run."""

    def __init__(self, config: KeyboardConfig, script: tuple[Press, ...]) -> None:
        self.spec = spec("keyboard", simulated=True)
        keys = config.keys()
        self._script = Script([(press.at_s, keys.index(press.key.lower())) for press in script])
        self._presses = config.presses()
        lines = ", ".join(f"{press.key} at {press.at_s:g} s" for press in script) or "nothing"
        self.notes: tuple[str, ...] = (f"keyboard: a script presses {lines}: {told(keys)}",)

    def configure(self, context: Context) -> None:
        """Nothing to open."""

    def read(self, now_s: float, out: Samples) -> None:
        """Press what is due; fill the strength of each poke."""
        self._script.play(now_s, self._presses)
        for poke, channel in enumerate(CHANNELS):
            out.put(channel, self._presses.strength(poke, now_s), now_s)

    def close(self) -> None:
        """Nothing to give back."""
