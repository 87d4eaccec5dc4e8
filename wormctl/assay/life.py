"""One life as a judge sees it: what was recorded, what the world really was, and the motion in it. Judges nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wormctl.device import Charted, Mapped, World
from wormctl.motion.events import Reversal, reversals
from wormctl.motion.path import FloatArray, advance_body_lengths, heading_rad
from wormctl.motion.wave import Wave, wave
from wormctl.snake import Snake
from wormctl.summary import SPEED_WINDOW_S

SLOWEST_CYCLE_S = 5.0
"""No undulation is averaged over longer."""
_PATH_HZ = 10.0


@dataclass(frozen=True)
class Life:
    """A record and its world. Once made it is for reading; `world` may be advanced to any time of the life."""

    record: NDArray[np.void]
    """(ticks,), see `wormctl.recorder.record_dtype`; at least one tick."""
    period_s: float
    snake: Snake
    world: World
    reach_m: float
    """How near the nose must come to food."""
    reached_s: float | None
    start_distance_m: float

    @cached_property
    def time_s(self) -> FloatArray:
        """The end of every tick, (ticks,): when the poses were so."""
        return np.asarray(self.record["time_s"] + self.period_s)

    @cached_property
    def nose_m(self) -> FloatArray:
        """(ticks, 2)."""
        return self.record["nose"].astype(np.float64)

    @cached_property
    def advance(self) -> FloatArray:
        """See `wormctl.motion.path.advance_body_lengths`."""
        return advance_body_lengths(self.record["pose"], self.snake.length_m)

    @cached_property
    def heading_rad(self) -> FloatArray:
        """See `wormctl.motion.path.heading_rad`."""
        return heading_rad(self.record["pose"])

    @cached_property
    def wave(self) -> Wave:
        """Over the whole life."""
        return wave(self.record["joint.position"], self.period_s)

    @cached_property
    def cycle_s(self) -> float:
        """One undulation."""
        hz = self.wave.frequency_hz
        return min(1.0 / hz, SLOWEST_CYCLE_S) if hz else SPEED_WINDOW_S

    @cached_property
    def reversals(self) -> list[Reversal]:
        """Those long enough to count as one; see `wormctl.motion.events`."""
        return reversals(self.advance, self.time_s)

    @property
    def chart(self) -> Charted:
        """The world's smells. Raises `ValueError` for a world that does not tell them."""
        if not isinstance(self.world, Charted):
            raise ValueError(f"world {self.world.name} does not tell what smells where")
        return self.world

    @cached_property
    def pokes(self) -> FloatArray:
        """(n, 4): region (0 head, 1 front, 2 back, 3 tail), start_s, end_s, force_n of every touch, by time."""
        pokes = np.asarray(getattr(self.world, "pokes", np.zeros((0, 4))), dtype=np.float64).reshape(-1, 4)
        return pokes[np.argsort(pokes[:, 1], kind="stable")]

    def scene(self) -> dict[str, FloatArray]:
        """What a picture of this life needs, in metres.

        `path` (k, 2) of the nose, ten a second; `start` (3,): x, y, heading of the head; `foods` and `foods_end`,
        `poisons`, (n, 3); `obstacles`, (n, 5); `pokes`, (n, 4).
        """
        every = max(1, round(1.0 / _PATH_HZ / self.period_s))
        found: dict[str, FloatArray] = {
            "path": np.concatenate([self.nose_m[::every], self.nose_m[-1:]]).astype(np.float32),
            "start": self.record["pose"][0, 0].astype(np.float64),
            "pokes": self.pokes,
            "obstacles": self.world.obstacles.copy() if isinstance(self.world, Mapped) else np.zeros((0, 5)),
        }
        if isinstance(self.world, Charted):
            for name, at_s in (("foods", 0.0), ("foods_end", float(self.time_s[-1]))):
                self.world.advance(at_s)
                found[name] = self.world.foods().copy()
            found["poisons"] = self.world.poisons().copy()
        return found

    def distance_m(self) -> FloatArray:
        """From the nose to the nearest food, (ticks,); infinite without any."""
        return self.record["goal_distance_m"].astype(np.float64)

    def approach(self) -> float | None:
        """How much nearer to the food the last fifth of the life was than its start, as a share of that distance.

        1 where it was reached; -1 at twice the distance, and at more; None where there is no food.
        """
        if not math.isfinite(self.start_distance_m):
            return None
        if self.reached_s is not None:
            return 1.0
        late = self.distance_m()[-max(1, len(self.record) // 5) :].mean()
        return float(np.clip(1.0 - late / self.start_distance_m, -1.0, 1.0))
