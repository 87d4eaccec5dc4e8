"""Telling a person, while a robot runs, that a sense has failed and that it is back. A thread looks; no tick waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from wormctl.assembly import Assembly
from wormctl.channel import Quality
from wormctl.loop import TickView

LOOK_S = 0.25
LOOKS = 4
"""So many looks in a row have to agree before a channel counts as failed, or as back."""
TOLD = 3
"""How often one channel is told of: what comes and goes all the time is for the summary."""


class Senses:
    """The channels that reach the policy, and how each was found at the last looks."""

    def __init__(self, assembly: Assembly) -> None:
        bound = {bind.channel for bind in assembly.robot.binds}
        self._binding = assembly.binding
        self._sensors = {sensor.spec.name: sensor for sensor in assembly.sensors}
        self._channels = [i for i, channel in enumerate(self._binding.channels) if channel.name in bound]
        self._fine = dict.fromkeys(self._channels, True)
        self._against = dict.fromkeys(self._channels, 0)
        self._told = dict.fromkeys(self._channels, 0)

    def look(self) -> list[str]:
        """What is new since the last look, in lines."""
        lines: list[str] = []
        for c in self._channels:
            fine = int(self._binding.judged[c]) == Quality.GOOD
            self._against[c] = self._against[c] + 1 if fine != self._fine[c] else 0
            if self._against[c] >= LOOKS:
                self._fine[c], self._against[c] = fine, 0
                lines += self._news(c)
        return lines

    def failed(self) -> list[str]:
        """The channels that have failed."""
        return [self._binding.channels[c].name for c in self._channels if not self._fine[c]]

    def _news(self, c: int) -> Sequence[str]:
        name = self._binding.channels[c].name
        if self._fine[c]:
            return [f"{name} is back"] if self._told[c] <= TOLD else []
        self._told[c] += 1
        last = "; it comes and goes, and is not told of again" if self._told[c] == TOLD else ""
        return [f"no good sample: {self._why(c)}{last}"] if self._told[c] <= TOLD else []

    def _why(self, c: int) -> str:
        """`my-gas: channel my_gas.value: no sample for 0.3 s (went away: plug it in again)`."""
        trouble = getattr(self._sensors.get(self._binding.owners[c]), "last_error", None)
        return self._binding.complaint(c) + (f" ({trouble})" if trouble else "")


@contextmanager
def announcing(assembly: Assembly, view: TickView, say: Callable[[str], None]) -> Iterator[None]:
    """Until the block ends, `say` what becomes of the senses, with the time of the run."""
    senses, over = Senses(assembly), threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_S):
            if view.time_s == 0.0:
                continue  # nothing was judged yet
            for line in senses.look():
                say(f"{view.time_s:.1f} s: {line}")

    thread = threading.Thread(target=watch, name="announcing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
