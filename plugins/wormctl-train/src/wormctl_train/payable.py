"""What evolution can be paid for: numbers that grow step by step towards a behaviour, each of one life.

The judges of `wormctl.assay` say whether a behaviour is there; these say how much of it there is while it is not.
Oscillation counts before phase, phase before speed: a penalty on wrong movement would make standing still the best.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from wormctl_sim.ground import Ground

from wormctl.assay.life import Life
from wormctl.motion.events import SHARP_RAD_S, Reversal, inside, reversals
from wormctl.motion.path import (
    centre_m,
    curving_rad_body_length,
    curving_rad_s,
    running_mean,
    speed_body_lengths_s,
)
from wormctl_train.torque import joint_torques, self_contact

FloatArray = NDArray[np.float64]

WARM_S = 7.0
"""Left out at the beginning: the snake starts straight, and is armed slowly."""
SLOWEST_HZ = 0.2
"""What is slower than this is no undulation."""
FASTEST_HZ = 0.65
"""Above this, quicker is no better."""
SPEED_CAP = 0.18
"""Body lengths/s beyond which speed earns nothing."""
BURST = 0.35
"""Body lengths/s over two seconds beyond which a life is punished: racing about finds anything."""
SERVO_SHARE = 0.5
"""Share of the stall torque that a servo may be asked for without cost."""
HEAD_JOINTS = 4
LONG_WAVE, SHORT_WAVE = 0.85, 0.5
"""Body lengths: a wavelength outside costs."""
LEAST_RUN_S = 1.0
"""Of crawling forwards, before there is any steering to speak of."""
CURVED = 6.0
"""rad/body length: what curves more is counted as this."""
UNSURE = 0.05
"""Mean square sine of the bearing that food always ahead or behind is taken to have: there is little to tell."""
ANSWER_S = 7.0
"""So long after a poke, a reversal is an answer."""


@dataclass(frozen=True)
class Gait:
    """How a stretch of crawling looks. Speeds in body lengths/s, angles in rad."""

    forward: float
    frequency_hz: float
    """Power-weighted mean frequency of the swing."""
    swing: FloatArray
    """(joints,) standard deviation of each joint's bend at `SLOWEST_HZ` and above: drifting is not swinging."""
    lag: float
    """Mean phase by which a joint leads the next one tailwards, at the strongest frequency."""
    coherence: float
    """0..1, how alike those phases are."""
    yaw_rate: float
    """Mean turning, rad/s, + to the left."""

    @property
    def wavelength(self) -> float:
        """In body lengths, negative for a wave from tail to head."""
        lag = math.copysign(max(abs(self.lag), 1e-3), self.lag)
        return 2 * math.pi / (lag * (self.swing.size + 1))


@dataclass(frozen=True)
class Shown(Life):
    """A life with what evolution looks at besides."""

    ground: Ground
    """What it crawled on."""

    @cached_property
    def warm(self) -> int:
        """The first tick that counts."""
        return min(round(WARM_S / self.period_s), len(self.record) // 2)

    @cached_property
    def gait(self) -> Gait:
        """From `warm` on."""
        bend = self.record["joint.position"][self.warm :].astype(np.float64)
        bend -= bend.mean(axis=0)
        hz = np.fft.rfftfreq(len(bend), self.period_s)
        swings = hz >= SLOWEST_HZ
        hz = hz[swings]
        swing = np.sqrt(2.0 * (np.abs(np.fft.rfft(bend, axis=0)[swings]) ** 2).sum(axis=0)) / len(bend)
        spectrum = np.fft.rfft(bend * np.hanning(len(bend))[:, None], axis=0)[swings]
        power = np.abs(spectrum) ** 2
        strongest = spectrum[int(power.sum(axis=1).argmax())]
        pairs = strongest[:-1] * np.conj(strongest[1:])
        seconds = (len(bend) - 1) * self.period_s
        heading = self.heading_rad[self.warm :]
        return Gait(
            forward=float(self.advance[-1] - self.advance[self.warm]) / seconds,
            frequency_hz=float((power.sum(axis=1) * hz).sum() / (power.sum() + 1e-12)),
            swing=swing,
            lag=float(np.angle(pairs.sum())),
            coherence=float(np.abs(pairs.sum()) / (np.abs(strongest[:-1] * strongest[1:]).sum() + 1e-12)),
            yaw_rate=float(heading[-1] - heading[0]) / seconds,
        )

    @cached_property
    def misconduct(self) -> float:
        """What bursts, links that run through one another and overloaded servos cost."""
        centre, k = centre_m(self.record["pose"]), max(1, round(2.0 / self.period_s))
        moved = centre[k:] - centre[:-k]
        burst = float(np.hypot(moved[:, 0], moved[:, 1]).max(initial=0.0)) / 2.0 / self.snake.length_m
        asked = joint_torques(self.record["pose"], self.snake, self.ground, self.period_s)
        torque = np.abs(asked).max(axis=1)
        overload = float(np.maximum(torque / self.snake.servo.stall_torque_nm - SERVO_SHARE, 0.0).mean())
        link = self.snake.link
        through = self_contact(self.record["joint.position"], link.length_m, link.radius_m)
        return 3.0 * max(0.0, burst - BURST) + 1.5 * through + 8.0 * overload

    @cached_property
    def speed(self) -> FloatArray:
        """Signed speed over a second, (ticks,), body lengths/s."""
        return speed_body_lengths_s(self.advance, self.period_s, 1.0)

    def mean_speed(self, from_s: float, to_s: float) -> float:
        """Signed, over a span that is cut to the life."""
        first, last = (round(t / self.period_s) for t in (from_s, to_s))
        last = min(last, len(self.advance) - 1)
        first = min(max(first, 0), last - 1)
        return float(self.advance[last] - self.advance[first]) / ((last - first) * self.period_s)

    @cached_property
    def poke_s(self) -> float:
        """When the first poke began. Raises `ValueError` where there is none."""
        if not len(self.pokes):
            raise ValueError(f"world {self.world.name} has no pokes")
        return float(self.pokes[0, 1])

    @cached_property
    def answer(self) -> Reversal | None:
        """The longest reversal that began within `ANSWER_S` of the poke, be it ever so short."""
        window = (self.time_s >= self.poke_s - 0.1) & (self.time_s <= self.poke_s + ANSWER_S)
        found = reversals(self.advance[window], self.time_s[window], shortest=0.005, jitter=0.005)
        return max(found, key=lambda r: r.length_body_lengths, default=None)


def crawl(life: Shown) -> float:
    """Oscillation, a wave from head to tail, a sweeping head, then speed, straight on; at most about 2.3."""
    g = life.gait
    slow = 1.0 / (1.0 + 3.0 * max(0.0, g.frequency_hz - FASTEST_HZ))
    share = np.minimum(g.swing / 0.25, 1.0)
    swing = 0.5 * (share.mean() + share.min())
    head = np.minimum(g.swing[:HEAD_JOINTS] / 0.2, 1.0).min()
    wave = max(0.0, min(g.lag / 0.6, 1.0)) * g.coherence
    speed = min(max(g.forward, 0.0), SPEED_CAP)
    # A standing wave can be fast, but only by wrenching the body about.
    quality = slow * (0.3 * swing + 0.3 * head + swing * wave + 5.0 * speed * (0.3 + 0.7 * wave))
    if g.wavelength > 0.0:
        off = max(0.0, SHORT_WAVE - g.wavelength) + max(0.0, g.wavelength - LONG_WAVE)
        quality /= 1.0 + 2.0 * off
    return float(quality / (1.0 + 4.0 * min(abs(g.yaw_rate), 0.5)) / (1.0 + life.misconduct))


def retreat(life: Shown) -> float:
    """The same backwards: the wave from tail to head, the body behind the neck, and speed; at most 1."""
    g = life.gait
    slow = 1.0 / (1.0 + 3.0 * max(0.0, g.frequency_hz - 0.8))
    swing = float(np.minimum(g.swing[3:] / 0.2, 1.0).mean())
    wave = max(0.0, min(-g.lag / 0.6, 1.0)) * g.coherence
    speed = min(max(-g.forward / 0.12, 0.0), 1.0)
    return (0.25 * swing * slow + 0.25 * swing * wave + 0.5 * speed) / (1.0 + life.misconduct)


def withdraw(life: Shown) -> float:
    """Slowing down after a poke, then backing up by 0.45 body lengths, soon; at most 1."""
    poke_s = life.poke_s
    before = life.mean_speed(poke_s - 3.0, poke_s - 0.5)
    span = slice(round((poke_s + 0.3) / life.period_s), round((poke_s + 5.0) / life.period_s))
    slowest = float(life.speed[span].min(initial=before))
    slowed = (before - slowest) / (max(before, 0.05) + 0.08)
    back = 0.0
    if life.answer is not None:
        late = max(0.0, life.answer.onset_s - poke_s - 1.2)
        back = min(life.answer.length_body_lengths / 0.45, 1.0) * max(0.0, 1.0 - late)
    return 0.6 * back + 0.4 * min(max(slowed, 0.0), 1.0)


def backed_up(life: Shown) -> float:
    """Body lengths of the answer to a poke."""
    return 0.0 if life.answer is None else life.answer.length_body_lengths


def turned(life: Shown) -> float:
    """Radians, 0..pi, between the headings before a poke and 8 to 10 s after it."""
    t, heading = life.time_s - life.poke_s, life.heading_rad
    before, after = heading[(t > -2.2) & (t <= 0.0)], heading[(t > 8.0) & (t <= 10.0)]
    if not (len(before) and len(after)):
        return 0.0
    return abs(math.remainder(float(after.mean() - before.mean()), 2 * math.pi))


def went_on(life: Shown) -> float:
    """Speed 7 to 10 s after a poke, body lengths/s."""
    return life.mean_speed(life.poke_s + 7.0, life.poke_s + 10.0)


def sped_up(life: Shown) -> float:
    """Speed in the 3 s after a poke, as a share more than in the 3 s before."""
    before = life.mean_speed(life.poke_s - 3.0, life.poke_s)
    return life.mean_speed(life.poke_s, life.poke_s + 3.0) / max(before, 0.02) - 1.0


def backs(life: Shown) -> float:
    """How many reversals there are after the start."""
    return float(sum(r.onset_s > WARM_S - 2.0 for r in life.reversals))


def slowest(life: Shown) -> float:
    """The lowest speed over a second after the start, body lengths/s: slowing down comes before reversing."""
    return float(life.speed[life.warm :].min())


def yaw(life: Shown) -> float:
    """How fast the way turns to one side all the time, rad/s."""
    return abs(life.gait.yaw_rate)


def klinotaxis(life: Shown) -> float:
    """How much runs curve towards food that lies abeam, rad/body length: least squares on the sine of its bearing.

    About zero and not about the means: a bias to one side must neither pass for steering nor hide it.
    """
    foods = life.chart.foods()
    if not len(foods):
        return math.nan
    cycle_s = 1.0 / max(life.gait.frequency_hz, SLOWEST_HZ)
    turning = curving_rad_s(life.heading_rad, life.period_s, cycle_s)
    speed = speed_body_lengths_s(life.advance, life.period_s, cycle_s)
    rate = curving_rad_body_length(turning, speed)
    runs = (speed > 0.0) & (np.abs(turning) < SHARP_RAD_S) & np.isfinite(rate)
    runs[: life.warm] = False
    runs &= ~inside(life.time_s, life.reversals, margin_s=2.0 * cycle_s)
    if runs.sum() * life.period_s < LEAST_RUN_S:
        return 0.0
    way = foods[:, None, :2] - life.nose_m
    nearest = way[np.hypot(way[..., 0], way[..., 1]).argmin(axis=0), np.arange(len(life.nose_m))]
    heading = running_mean(life.heading_rad, life.period_s, cycle_s)
    abeam = np.sin(np.arctan2(nearest[:, 1], nearest[:, 0]) - heading)[runs]
    curved = np.clip(rate[runs], -CURVED, CURVED)
    return float((abeam * curved).sum() / ((abeam**2).sum() + UNSURE * runs.sum()))


def climb(life: Shown) -> float:
    """Speed towards the food until it is reached, body lengths/s."""
    d = life.distance_m()
    first = min(round(4.0 / life.period_s), len(d) // 4)
    last = len(d) - 1 if life.reached_s is None else max(round(life.reached_s / life.period_s), first + 1)
    last = min(last, len(d) - 1)
    return float(d[first] - d[last]) / ((last - first) * life.period_s) / life.snake.length_m


def food(life: Shown) -> float:
    """1 for food reached at once, 0.7 at the last moment; at most half for having come near."""
    if life.reached_s is not None:
        return 1.0 - 0.3 * life.reached_s / float(life.time_s[-1])
    return 0.5 * min(max(1.0 - float(life.distance_m().min()) / life.start_distance_m, 0.0), 1.0)


def poison_m(life: Shown) -> float:
    """How near the nose came to a source of poison before it reached food, in metres."""
    until = len(life.record) if life.reached_s is None else round(life.reached_s / life.period_s)
    nearest = math.inf
    for x, y, _ in life.chart.poisons().tolist():
        way = life.nose_m[: max(until, 1)]
        nearest = min(nearest, float(np.hypot(way[:, 0] - x, way[:, 1] - y).min()))
    return nearest


NUMBERS: dict[str, Callable[[Shown], float]] = {
    "crawl": crawl,
    "retreat": retreat,
    "withdraw": withdraw,
    "backed_up": backed_up,
    "turned": turned,
    "went_on": went_on,
    "sped_up": sped_up,
    "backs": backs,
    "slowest": slowest,
    "yaw": yaw,
    "klinotaxis": klinotaxis,
    "climb": climb,
    "food": food,
    "poison_m": poison_m,
    "speed": lambda life: life.gait.forward,
    "frequency_hz": lambda life: life.gait.frequency_hz,
    "wavelength": lambda life: life.gait.wavelength,
}
"""By name. The README says what each is good for."""

NEEDS = {
    "withdraw": "pokes",
    "backed_up": "pokes",
    "turned": "pokes",
    "went_on": "pokes",
    "sped_up": "pokes",
    "klinotaxis": "foods",
    "climb": "foods",
    "food": "foods",
    "poison_m": "poisons",
}
"""What the world must have, where a number makes no sense without."""
