"""Made-up lives for the judges: planned kinematics in a plain world."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.motion.kinematics import LENGTH_M, LINKS, PERIOD_S, bends, life
from wormctl.assay.life import Life
from wormctl.channel import Channel
from wormctl.device import World
from wormctl.recorder import record_dtype
from wormctl.snake import load_snake

FloatArray = NDArray[np.float64]
REACH_M = 0.3 * LENGTH_M


class PlainWorld:
    """Foods that smell exp(-d), drifting along +x; poisons of scale 0.25 m; pokes."""

    def __init__(
        self,
        foods: tuple[tuple[float, float, float], ...] = (),
        poisons: tuple[tuple[float, float, float], ...] = (),
        pokes: tuple[tuple[float, float, float, float], ...] = (),
        drift_m_s: float = 0.0,
    ) -> None:
        self.name = "plain"
        self._home = np.array(foods, dtype=np.float64).reshape(-1, 3)
        self._foods = self._home.copy()
        self._poisons = np.array(poisons, dtype=np.float64).reshape(-1, 3)
        self.pokes = np.array(pokes, dtype=np.float64).reshape(-1, 4)
        self._drift_m_s = drift_m_s

    def reset(self, seed: int) -> None:
        pass

    def advance(self, now_s: float) -> None:
        self._foods[:, 0] = self._home[:, 0] + self._drift_m_s * now_s

    def goal_distance_m(self, x_m: float, y_m: float) -> float:
        gaps = np.hypot(self._foods[:, 0] - x_m, self._foods[:, 1] - y_m)
        return float(gaps.min()) if len(gaps) else math.inf

    def odour_at(self, x_m: float, y_m: float) -> float:
        return sum(p * math.exp(-math.hypot(x - x_m, y - y_m)) for x, y, p in self._foods.tolist())

    def poison_at(self, x_m: float, y_m: float) -> float:
        return sum(
            p * math.exp(-((x - x_m) ** 2 + (y - y_m) ** 2) / (2 * 0.25**2))
            for x, y, p in self._poisons.tolist()
        )

    def foods(self) -> FloatArray:
        return self._foods

    def poisons(self) -> FloatArray:
        return self._poisons


def seen(
    world: World,
    speed: FloatArray,
    yaw_rate: FloatArray | Callable[[float, float, float], float] | None = None,
    hz: float = 0.5,
    wavelength: float = 0.65,
) -> Life:
    """A life at `speed` (ticks,) body lengths/s that turns as told, or by (x_m, y_m, heading_rad) as it goes."""
    seconds = len(speed) * PERIOD_S
    joints = bends(seconds, hz, wavelength)
    if callable(yaw_rate):
        x = y = heading = 0.0
        turns = np.zeros(len(speed))
        for i, now in enumerate(speed.tolist()):
            turns[i] = yaw_rate(x, y, heading)
            x += now * LENGTH_M * PERIOD_S * math.cos(heading)
            y += now * LENGTH_M * PERIOD_S * math.sin(heading)
            heading += turns[i] * PERIOD_S
        yaw_rate = turns
    pose = life(speed, yaw_rate, joints)
    channel = Channel(name="joint.position", unit="rad", low=-3.0, high=3.0, size=LINKS - 1)
    rows = np.zeros(len(speed), record_dtype([channel], LINKS, LINKS - 1, 1))
    rows["pose"] = pose
    rows["joint.position"] = joints
    rows["time_s"] = np.arange(len(speed)) * PERIOD_S
    rows["nose"] = pose[:, 0, :2]
    distance = np.zeros(len(speed))
    for i, (x, y) in enumerate(pose[:, 0, :2].tolist()):
        world.advance((i + 1) * PERIOD_S)
        distance[i] = world.goal_distance_m(x, y)
    rows["goal_distance_m"] = distance
    near = np.flatnonzero(distance <= REACH_M)
    reached_s = (near[0] + 1) * PERIOD_S if near.size else None
    return Life(
        record=rows[: near[0] + 1] if near.size else rows,
        period_s=PERIOD_S,
        snake=load_snake(),
        world=world,
        reach_m=REACH_M,
        reached_s=reached_s,
        start_distance_m=float(distance[0]),
    )
