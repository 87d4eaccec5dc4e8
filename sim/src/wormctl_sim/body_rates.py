"""Measuring how fast the simulated bodies are: real-time factors on one core. Prints nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from wormctl.channel import Samples
from wormctl.device import Context
from wormctl.snake import Snake, load_snake
from wormctl_sim.arena import Arena
from wormctl_sim.bullet_config import BulletConfig, bullet_installed, make_bullet_body
from wormctl_sim.planar_body import PlanarBody
from wormctl_sim.planar_kernel import planar_advance
from wormctl_sim.planar_layout import planar_params, planar_state
from wormctl_sim.simulated import SimulatedBody
from wormctl_sim.world_files import load_world

PERIOD_S = 0.02
PHYSICS_HZ = 200.0


def measure(simulated_s: float, rounds: int) -> dict[str, Any]:
    """Simulated seconds per second of processor time, in `rounds` rounds of `simulated_s` each.

    Keys: `physics_hz`, `period_s`, `rows`; each row has `body`, `ground`, `what`, `rtf_median`, `rtf_best`.
    "physics" is the kernel alone; "loop" is read and write once a period, without a nervous system.
    """
    snake = load_snake()
    rows = [_row("planar", "flat", "physics", *_rates(rounds, partial(_planar_physics, snake, simulated_s)))]
    rough, pegs = load_world("rough"), load_world("pegs")
    cases: list[tuple[str, str, SimulatedBody, Arena | None]] = [("planar", "flat", PlanarBody(), None)]
    cases.append(("planar", "pegs", PlanarBody(), pegs))
    if bullet_installed():
        root, gravity = BulletConfig(form="planar_root"), BulletConfig(form="gravity")
        cases.append(("pybullet planar_root", "flat", make_bullet_body(root), None))
        cases.append(("pybullet planar_root", "pegs", make_bullet_body(root), pegs))
        cases.append(("pybullet gravity", "flat", make_bullet_body(gravity), None))
        cases.append(("pybullet gravity", "rough", make_bullet_body(gravity), rough))
    for name, ground, body, world in cases:
        # The planar body is so fast that one round would be too short to time.
        seconds = simulated_s if name.startswith("pybullet") else 10 * simulated_s
        body.configure(Context(snake=snake, period_s=PERIOD_S, seed=1, world=world))
        body.arm(0.0)
        rates = _rates(rounds, partial(_loop, body, seconds))
        rows.append(_row(name, ground, "loop", *rates))
        body.close()
    return {"physics_hz": PHYSICS_HZ, "period_s": PERIOD_S, "rows": rows}


def _row(body: str, ground: str, what: str, median: float, best: float) -> dict[str, Any]:
    return {"body": body, "ground": ground, "what": what, "rtf_median": median, "rtf_best": best}


def _rates(rounds: int, run: Callable[[], float]) -> tuple[float, float]:
    """Median and best of the rounds; one more beforehand, to compile and warm up."""
    run()
    rates = sorted(run() for _ in range(rounds))
    return rates[len(rates) // 2], rates[-1]


def _wave(snake: Snake) -> list[np.ndarray[Any, np.dtype[np.float64]]]:
    """Setpoints of one cycle of a crawl at 1 / (70 periods) = 0.71 Hz."""
    joints = np.arange(snake.joints)
    return [0.5 * np.sin(2 * math.pi * k / 70 - 0.65 * joints) for k in range(70)]


def _loop(body: SimulatedBody, simulated_s: float) -> float:
    wave = _wave(load_snake())
    out = Samples(body.spec.channels)
    ticks = round(simulated_s / PERIOD_S)
    start = time.process_time()
    for k in range(ticks):
        now = k * PERIOD_S
        body.read(now, out)
        body.write(wave[k % 70], now)
    return simulated_s / (time.process_time() - start)


def _planar_physics(snake: Snake, simulated_s: float) -> float:
    params, state = planar_params(snake), planar_state(snake)
    setpoint = _wave(snake)[0]
    steps = round(100 * simulated_s * PHYSICS_HZ)
    start = time.process_time()
    planar_advance(params, state, setpoint, 1 / PHYSICS_HZ, steps)
    return 100 * simulated_s / (time.process_time() - start)
