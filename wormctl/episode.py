"""One life in the closed loop: from a robot ready to run to what came of it. `run` and `evaluate` share it.

Nothing is printed or drawn, and nothing written but the record.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wormctl.assembly import Assembly
from wormctl.clock import Clock
from wormctl.connectome import load_connectome
from wormctl.loop import Loop, Observer, Result, TickView
from wormctl.recorder import Recorder
from wormctl.summary import (
    REACH_BODY_LENGTHS,
    SPEED_WINDOW_S,
    Summary,
    crawl_speed_m_s,
    first_within,
    loudest,
    undulation_hz,
)


class Goal:
    """An observer that watches the distance to the food, and ends the run a while after it was reached."""

    def __init__(self, assembly: Assembly, linger_s: float, stop: Callable[[str], None]) -> None:
        self.radius_m = REACH_BODY_LENGTHS * assembly.snake.length_m
        self.distance_m = math.inf
        self.ticked_ns = (0, 0)
        """When the first and the last tick ended, by the wall."""
        self._world, self._truth = assembly.world, assembly.truth
        self._linger_s, self._stop = linger_s, stop
        self._end_s = math.inf
        self.look()
        self.start_m = self.distance_m

    def look(self) -> None:
        """Measure the distance now."""
        if self._world is not None and self._truth is not None:
            x_m, y_m = self._truth.nose.tolist()
            self.distance_m = self._world.goal_distance_m(x_m, y_m)

    def __call__(self, view: TickView) -> None:
        """See `wormctl.loop.Observer`."""
        self.look()
        if self.distance_m <= self.radius_m and self._end_s == math.inf:
            self._end_s = view.time_s + self._linger_s
        if view.time_s >= self._end_s:
            self._stop("goal")
        now_ns = time.perf_counter_ns()
        self.ticked_ns = (self.ticked_ns[0] or now_ns, now_ns)


class Episode:
    """One life of an assembled robot, at most `seconds` long. Make it, then let it `live`, once.

    It ends `linger_s` after the food was reached. Everything random was drawn when the robot was assembled:
    the same robot, seed and `seconds` give the same life, whoever asks.
    """

    def __init__(
        self,
        assembly: Assembly,
        *,
        seconds: float,
        linger_s: float = 0.0,
        record: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        """The ticks are kept in the file `record`, or in memory."""
        self.assembly, self.seconds = assembly, seconds
        self.period_s = 1.0 / assembly.robot.rate_hz
        self.loop: Loop = assembly.loop(clock=clock)
        self.goal = Goal(assembly, linger_s, self.loop.request_stop)
        self.recorder = Recorder(
            record,
            self.loop.view,
            ticks=math.ceil(seconds / self.period_s) + 1,
            goal_distance_m=lambda: self.goal.distance_m,
        )
        self.loop.observe(self.goal, self.recorder)

    def live(self, observers: Sequence[Observer] = ()) -> Result:
        """Run the loop to its end; `observers` see each tick after it was recorded."""
        self.loop.observe(*observers)
        return self.loop.run(self.seconds)

    def summary(self, result: Result, ablated: Sequence[str], policy: str) -> Summary:
        """What came of it. Speed and frequency are those of the way to the food, not of the stay there."""
        rows = self.recorder.rows()
        assembly, period_s = self.assembly, self.period_s
        distance_m, time_s = rows["goal_distance_m"], rows["time_s"] + period_s
        reached_s = first_within(distance_m, time_s, self.goal.radius_m)
        way = rows if reached_s is None else rows[: int(np.searchsorted(time_s, reached_s)) + 1]
        hz = undulation_hz(way["joint.position"], period_s)
        seen = math.isfinite(self.goal.start_m) and len(rows) > 0
        began_ns, ended_ns = self.goal.ticked_ns
        connectome = load_connectome()
        classes = dict(zip(connectome.names, connectome.classes, strict=True))
        wall_s = (ended_ns - began_ns) * 1e-9
        return Summary(
            seed=assembly.seed,
            body=assembly.body_name,
            world=assembly.world_name,
            policy=policy,
            ablated=list(ablated),
            seconds=round(result.time_s, 6),
            reached=reached_s is not None,
            time_to_food_s=None if reached_s is None else round(reached_s, 6),
            distance_start_m=_metres(self.goal.start_m) if seen else None,
            distance_min_m=_metres(distance_m.min()) if seen else None,
            distance_end_m=_metres(distance_m[-1]) if seen else None,
            speed_bl_per_s=self._speed(way, hz),
            frequency_hz=round(hz, 3),
            ticks=result.ticks,
            overruns=result.overruns,
            tick_us_median=round(result.tick_us_median, 1),
            rtf=round((len(rows) - 1) * period_s / wall_s, 1) if wall_s > 0 else 0.0,
            reason=result.reason,
            bad_samples={name: n for name, n in result.bad_samples.items() if n},
            sensor_errors=result.sensor_errors,
            guarded_ticks=result.guarded_ticks,
            varied=assembly.varied,
            counted=assembly.body.counted(),
            loudest=loudest(rows["activity"], assembly.controller.neurons, classes),
        )

    def _speed(self, rows: NDArray[np.void], hz: float) -> float | None:
        if self.assembly.truth is None:
            return None
        centre_m = rows["pose"][:, :, :2].mean(axis=1, dtype=np.float64)
        window_s = 1.0 / hz if hz > 0.0 else SPEED_WINDOW_S
        return round(crawl_speed_m_s(centre_m, self.period_s, window_s) / self.assembly.snake.length_m, 4)


def _metres(value: float) -> float:
    return round(float(value), 4)
