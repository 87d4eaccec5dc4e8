"""From key presses to how long each poke lasts, on the loop's clock. No terminal and no thread."""

from __future__ import annotations

from collections.abc import Sequence

_LATE_S = 1e-9
"""A tick may come this little before its time: ticks are sums of periods."""


class Presses:
    """Pokes of set strengths and lengths. Pressed again while it lasts, a poke lasts on without a gap."""

    def __init__(self, strengths: Sequence[float], lengths_s: Sequence[float]) -> None:
        self._strengths, self._lengths_s = tuple(strengths), tuple(lengths_s)
        self._until_s = [0.0] * len(self._strengths)

    def press(self, poke: int, now_s: float) -> None:
        """Poke number `poke` begins now, or lasts on from now."""
        self._until_s[poke] = now_s + self._lengths_s[poke]

    def strength(self, poke: int, now_s: float) -> float:
        """How strong that poke is now; 0 when it is over."""
        return self._strengths[poke] if now_s < self._until_s[poke] - _LATE_S else 0.0


class Script:
    """Presses at set times: (time_s, poke), in any order."""

    def __init__(self, presses: Sequence[tuple[float, int]]) -> None:
        self._presses = sorted(presses)
        self._next = 0

    def play(self, now_s: float, presses: Presses) -> None:
        """Press what is due."""
        while self._next < len(self._presses) and self._presses[self._next][0] <= now_s + _LATE_S:
            presses.press(self._presses[self._next][1], now_s)
            self._next += 1
