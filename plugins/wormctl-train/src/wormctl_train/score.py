"""What evolution is paid for, stage by stage. Higher is better; a rollout that cheats scores worst.

Oscillation is rewarded before phase, phase before speed: a penalty on wrong movement would make standing
still the best answer. Joint and travel speeds are capped over every window, so no burst pays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wormctl_sim.ground import Ground

from wormctl_train.genome import express
from wormctl_train.measure import DISTANCE, JOINTS, Gait, gait, joint_torques, self_contact, top_speed
from wormctl_train.trial import Bench, Trial

WORST = -10.0
HEAD_JOINTS = 4
SPEED_CAP = 0.2
"""Body lengths/s beyond which speed earns nothing."""
BURST = 0.35
"""Body lengths/s over two seconds beyond which a rollout is punished."""
SERVO_SHARE = 0.5
"""Share of the stall torque that a servo may be asked for without cost."""
WARM_S = 8.0

FloatArray = NDArray[np.float64]


def _valid(path: FloatArray, limit_rad: float) -> bool:
    return bool(np.isfinite(path).all() and np.abs(path[:, JOINTS:]).max() <= limit_rad * 1.05)


def crawl_quality(g: Gait) -> float:
    """Oscillation, a wave from head to tail, a sweeping head, then speed; at most 2.6."""
    slow = 1.0 / (1.0 + 3.0 * max(0.0, g.frequency_hz - 0.7))
    swing = 0.5 * (np.minimum(g.swing / 0.3, 1.0).mean() + np.minimum(g.swing / 0.2, 1.0).min())
    head = np.minimum(g.swing[:HEAD_JOINTS] / 0.2, 1.0).min()
    wave = max(0.0, min(g.lag / 0.7, 1.0)) * g.coherence
    speed = min(max(g.forward, 0.0), SPEED_CAP)
    # A standing wave can be fast, but only by wrenching the body about.
    return float(slow * (0.3 * swing + 0.5 * head + swing * wave + 4.0 * speed * (0.3 + 0.7 * wave)))


def straight_quality(g: Gait, cost: float) -> float:
    """`crawl_quality` less what misconduct and turning cost; divided, so that moving badly beats lying still."""
    return crawl_quality(g) / (1.0 + cost + 2.0 * min(abs(g.yaw_rate), 0.5))


def misconduct(bench: Bench, path: FloatArray) -> float:
    """What a path costs for bursts, for links that run through one another and for overloaded servos."""
    burst = max(0.0, top_speed(path, bench.dt_s, bench.length_m) - BURST)
    link = bench.snake.link
    stall = bench.snake.servo.stall_torque_nm
    torque = np.abs(joint_torques(path, bench.snake, Ground(), bench.dt_s)).max(axis=1)
    overload = float(np.maximum(torque / stall - SERVO_SHARE, 0.0).mean())
    return 3.0 * burst + 1.5 * self_contact(path, link.length_m, link.radius_m) + 8.0 * overload


@dataclass(frozen=True)
class Wave:
    """Crawl forwards, straight. What it asks of the servos counts for little: first of all, move."""

    seconds: float = 28.0
    leniency: float = 4.0

    def __call__(self, bench: Bench, genome: FloatArray, generation: int) -> float:
        """Score of `genome`; the generation changes nothing here."""
        del generation
        path = bench.run(express(genome, bench.anatomy), Trial(seconds=self.seconds))
        if not _valid(path, bench.limit_rad):
            return WORST
        g = gait(path[bench.ticks(WARM_S) :], bench.dt_s, bench.length_m)
        return straight_quality(g, misconduct(bench, path) / self.leniency)


@dataclass(frozen=True)
class Crawl:
    """Crawl forwards with a sweeping head that a push on the head motor neurons can steer, both ways alike."""

    seconds: float = 28.0
    push: float = 0.3
    enough: float = 0.8
    """Score of the free crawl from which on it is worth pushing."""

    def __call__(self, bench: Bench, genome: FloatArray, generation: int) -> float:
        """Score of `genome`; the generation changes nothing here."""
        del generation
        model = express(genome, bench.anatomy)
        free = bench.run(model, Trial(seconds=self.seconds))
        if not _valid(free, bench.limit_rad):
            return WORST
        warm = bench.ticks(WARM_S)
        g = gait(free[warm:], bench.dt_s, bench.length_m)
        score = straight_quality(g, misconduct(bench, free))
        if score < self.enough:
            return score
        # Only ever added: past the threshold nothing may cost what was gained before it.
        turns, conduct = [], []
        for sign in (1.0, -1.0):
            pushed = bench.run(bench.pushed(model, sign * self.push), Trial(seconds=self.seconds))
            if not _valid(pushed, bench.limit_rad):
                return score
            turns.append(gait(pushed[warm:], bench.dt_s, bench.length_m))
            conduct.append(1.0 / (1.0 + misconduct(bench, pushed)))
        one, other = turns[0].yaw_rate, turns[1].yaw_rate
        # Which way a dorsal push turns is left open; that the two pushes turn opposite ways, alike, is not.
        turning = max(min(one, -other), min(-one, other), 0.0)
        score += 4.0 * min(turning, 0.4) * min(conduct)
        return score + 0.5 * min(
            crawl_quality(turn) * fine for turn, fine in zip(turns, conduct, strict=True)
        )


@dataclass(frozen=True)
class Steer:
    """Turn one way, hard, while the cell for falling salt is excited, and the other way, gently, for rising salt.

    Curving by the change of concentration like this leads to the source from anywhere (it was tried with the
    push given straight to the head motor neurons); here the interneurons have to carry it.
    """

    seconds: float = 24.0
    current: float = 2.0
    hard: float = 0.6
    gentle: float = 0.35

    def __call__(self, bench: Bench, genome: FloatArray, generation: int) -> float:
        """Score of `genome`; the generation changes nothing here."""
        del generation
        model = express(genome, bench.anatomy)
        warm = bench.ticks(WARM_S)
        gaits, conduct = [], []
        for cell in (None, "ASER", "ASEL"):
            stimulated = model if cell is None else bench.excited(model, cell, self.current)
            path = bench.run(stimulated, Trial(seconds=self.seconds))
            if not _valid(path, bench.limit_rad):
                return WORST
            gaits.append(gait(path[warm:], bench.dt_s, bench.length_m))
            conduct.append(1.0 / (1.0 + misconduct(bench, path)))
        free, fall, rise = gaits
        away, back = fall.yaw_rate - free.yaw_rate, rise.yaw_rate - free.yaw_rate
        # Which way a rise turns is left open; that a fall turns the other way is not.
        opposite = -float(np.sign(back)) * away
        turns = (
            min(abs(back) / self.gentle, 1.0) * conduct[2],
            float(np.clip(opposite / self.hard, -0.3, 1.0)) * conduct[1],
        )
        quality = [crawl_quality(g) * fine for g, fine in zip(gaits, conduct, strict=True)]
        # Mostly the weaker of the two counts: one salt cell alone leads nowhere.
        steering = 3.0 * min(turns) + 0.5 * sum(turns)
        return float(quality[0] + 0.3 * min(quality[1:]) + steering - min(abs(free.yaw_rate), 0.3))


@dataclass(frozen=True)
class Food:
    """Reach food at any bearing and heading, still crawling; bearings change every generation."""

    seconds: float = 50.0
    bearings: int = 8
    reach_m: float = 0.22

    def __call__(self, bench: Bench, genome: FloatArray, generation: int) -> float:
        """Mean score over the bearings of this generation."""
        model = express(genome, bench.anatomy)
        rng = np.random.default_rng([generation, 7919])
        offset = rng.uniform(0.0, 2 * np.pi)
        worm = bench.pack(model)
        total = 0.0
        for k in range(self.bearings):
            trial = Trial(
                seconds=self.seconds,
                heading_rad=rng.uniform(-np.pi, np.pi),
                bearing_rad=offset + 2 * np.pi * k / self.bearings,
                distance_m=rng.uniform(1.0, 2.0),
                smell=True,
            )
            path = bench.run_packed(worm, trial)
            if not _valid(path, bench.limit_rad):
                return WORST
            total += self._one(bench, path)
        return total / self.bearings - 0.001 * float(np.square(genome).mean())

    def _one(self, bench: Bench, path: FloatArray) -> float:
        d = path[:, DISTANCE]
        start = d[0]
        hits = np.flatnonzero(d < self.reach_m)
        # What it does after the food is reached (circling in it) is not judged.
        end = int(hits[0]) if hits.size else len(path)
        came = (
            1.0 - 0.25 * min(d.mean() / start, 2.0) - 0.25 * min(d[-bench.ticks(8.0) :].mean() / start, 2.0)
        )
        progress = 1.5 + 0.5 * (1.0 - end / len(path)) if hits.size else came
        crawled = path[: max(end, bench.ticks(10.0))]
        g = gait(crawled, bench.dt_s, bench.length_m)
        return (progress + 0.3 * crawl_quality(g)) / (1.0 + misconduct(bench, crawled))


@dataclass(frozen=True)
class Forage:
    """`Food`, less the share of places where the same worm with its smelling cells cut would come upon food.

    What is left is what the smell is good for: wandering widely, or turning in circles, earns nothing.
    """

    food: Food = Food(seconds=45.0, bearings=6)
    seconds: float = 120.0
    near_m: float = 0.3
    cost: float = 3.5

    def __call__(self, bench: Bench, genome: FloatArray, generation: int) -> float:
        """Mean score over the bearings of this generation, less the cost of finding food by chance."""
        score = self.food(bench, genome, generation)
        blind = bench.run(bench.blind(express(genome, bench.anatomy)), Trial(seconds=self.seconds))
        if not _valid(blind, bench.limit_rad):
            return WORST
        g = gait(blind[bench.ticks(WARM_S) :], bench.dt_s, bench.length_m)
        crawls = crawl_quality(g) / (1.0 + misconduct(bench, blind))
        return score + 0.3 * crawls - self.cost * chance_of_food(blind, self.near_m)


def chance_of_food(path: FloatArray, near_m: float) -> float:
    """The share of places 1 to 2 m from the start, in all directions, that `path` comes within `near_m` of."""
    bearing = np.linspace(0.0, 2 * np.pi, 24, endpoint=False)
    distance = np.array([1.1, 1.3, 1.5, 1.7, 1.9])
    x = (distance[:, None] * np.cos(bearing)).ravel()
    y = (distance[:, None] * np.sin(bearing)).ravel()
    near = np.hypot(path[::10, :1] - x, path[::10, 1:2] - y).min(axis=0) < near_m
    return float(near.mean())
