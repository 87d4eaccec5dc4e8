"""A recorded life to try sensors in: a worm that crawls to its food, tick by tick, without a simulator.

`python -m wormctl.testing.recorded FOLDER` makes the record anew from the folder of a run.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Samples
from wormctl.device import Context, Sensor, Truth
from wormctl.runs import read_run
from wormctl.snake import load_snake

FILE = Path(__file__).parent / "recorded_life.npz"
PERIOD_S = 0.02


class RecordedWorld:
    """Where the life was lived: food at `food_m`, and nothing else."""

    name = "recorded"

    def __init__(self, food_m: tuple[float, float]) -> None:
        self.food_m = food_m

    def reset(self, seed: int) -> None:
        """Nothing in it is random."""

    def advance(self, now_s: float) -> None:
        """Nothing in it moves."""

    def goal_distance_m(self, x_m: float, y_m: float) -> float:
        """How far the food is."""
        return math.hypot(x_m - self.food_m[0], y_m - self.food_m[1])


class RecordedBody:
    """What the snake did: `truth` is where `RecordedLife.at` has put it."""

    def __init__(self, links: int) -> None:
        self.truth = Truth(links)


class RecordedLife:
    """Some seconds of a life, played by a test: `at(time)`, then the sensor reads."""

    def __init__(self, file: Path = FILE) -> None:
        with np.load(file) as kept:
            self._pose, self._nose = kept["pose"].astype(np.float64), kept["nose"].astype(np.float64)
            self.world = RecordedWorld((float(kept["food"][0]), float(kept["food"][1])))
        self.snake = load_snake()
        self.body = RecordedBody(self._pose.shape[1])
        self.at(0.0)

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (len(self._nose) - 1) * PERIOD_S

    def at(self, time_s: float) -> None:
        """Put the snake where it was then; before and after the record it stands still."""
        k = min(max(round(time_s / PERIOD_S), 0), len(self._nose) - 1)
        self.body.truth.pose[:], self.body.truth.nose[:] = self._pose[k], self._nose[k]

    def context(self) -> Context:
        """What a sensor is configured with."""
        return Context(snake=self.snake, period_s=PERIOD_S, seed=0, world=self.world, body=self.body)

    def play(self, sensor: Sensor) -> dict[str, NDArray[np.float64]]:
        """The whole life as `sensor`, configured with `context`, has sensed it: (ticks, size) by channel."""
        out = Samples(sensor.spec.channels)
        rows = []
        for k in range(len(self._nose)):
            self.at(k * PERIOD_S)
            sensor.read(k * PERIOD_S, out)
            rows.append(out.values.copy())
        whole = np.array(rows)
        return {channel.name: whole[:, out.slices[channel.name]] for channel in out.channels}


def main() -> None:
    """Make the record anew."""
    parser = argparse.ArgumentParser(description="Make the recorded life of the kit from a run.")
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    run = read_run(args.folder)
    rows = run.record[run.record["time_s"] <= 8.0]
    nose, distance = rows["nose"].astype(np.float64), rows["goal_distance_m"].astype(np.float64)
    np.savez_compressed(FILE, pose=rows["pose"], nose=rows["nose"], food=_place(nose, distance))


def _place(nose: NDArray[np.float64], distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The point that is so far from where the nose was, by least squares."""
    a = 2.0 * (nose[1:] - nose[0])
    b = distance[0] ** 2 - distance[1:] ** 2 + (nose[1:] ** 2).sum(axis=1) - (nose[0] ** 2).sum()
    found: NDArray[np.float64] = np.linalg.lstsq(a, b, rcond=None)[0]
    return found


if __name__ == "__main__":
    main()
