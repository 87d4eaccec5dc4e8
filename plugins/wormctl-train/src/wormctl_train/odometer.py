"""How many rollouts this process has done so far. Counted where they are done; read by whoever times them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Odometer:
    """Only ever grows."""

    rollouts: int = 0
    """Lives lived, to their end or until they were found to be impossible."""
    simulated_s: float = 0.0
    """Their length in the worm's time, s."""

    def add(self, simulated_s: float) -> None:
        """One more rollout."""
        self.rollouts += 1
        self.simulated_s += simulated_s


ODOMETER = Odometer()
"""That of this process."""
