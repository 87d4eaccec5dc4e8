"""What a recorded path shows: speed, frequency, wave, turning. Pure functions of arrays; no scoring here.

A path is (ticks, 4 + joints): nose x, nose y, mean heading, distance to food, then the joint angles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wormctl_sim.ground import Ground

from wormctl.snake import Snake

X, Y, HEADING, DISTANCE, JOINTS = 0, 1, 2, 3, 4

SLOWEST_HZ = 0.2
"""What is slower than this is no undulation."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Gait:
    """How a stretch of crawling looks. Speeds in body lengths/s, angles in rad."""

    forward: float
    """Mean speed along the mean heading: negative when crawling backwards."""
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
        """In body lengths, from the phase lag of neighbouring joints."""
        return 2 * math.pi / (max(abs(self.lag), 1e-3) * (self.swing.size + 1))


def gait(path: FloatArray, dt_s: float, length_m: float) -> Gait:
    """The gait over the whole of `path`."""
    seconds = (len(path) - 1) * dt_s
    step = np.diff(path[:, :2], axis=0)
    heading = path[1:, HEADING]
    forward = float((step[:, 0] * np.cos(heading) + step[:, 1] * np.sin(heading)).sum() / seconds / length_m)
    bend = path[:, JOINTS:] - path[:, JOINTS:].mean(axis=0)
    swings = np.fft.rfftfreq(len(bend), dt_s) >= SLOWEST_HZ
    hz = np.fft.rfftfreq(len(bend), dt_s)[swings]
    swing = np.sqrt(2.0 * (np.abs(np.fft.rfft(bend, axis=0)[swings]) ** 2).sum(axis=0)) / len(bend)
    spectrum = np.fft.rfft(bend * np.hanning(len(bend))[:, None], axis=0)[swings]
    power = np.abs(spectrum) ** 2
    strongest = spectrum[int(power.sum(axis=1).argmax())]
    pairs = strongest[:-1] * np.conj(strongest[1:])
    return Gait(
        forward=forward,
        frequency_hz=float((power.sum(axis=1) * hz).sum() / (power.sum() + 1e-12)),
        swing=swing,
        lag=float(np.angle(pairs.sum())),
        coherence=float(np.abs(pairs.sum()) / (np.abs(strongest[:-1] * strongest[1:]).sum() + 1e-12)),
        yaw_rate=float((path[-1, HEADING] - path[0, HEADING]) / seconds),
    )


def top_speed(path: FloatArray, dt_s: float, length_m: float, window_s: float = 2.0) -> float:
    """The largest displacement over any window, in body lengths/s: what a burst cannot hide from."""
    k = max(1, round(window_s / dt_s))
    if len(path) <= k:
        return 0.0
    step = path[k:, :2] - path[:-k, :2]
    return float(np.hypot(step[:, 0], step[:, 1]).max() / window_s / length_m)


def self_contact(path: FloatArray, link_m: float, radius_m: float, every: int = 25) -> float:
    """The share of moments (one tick of `every`) in which two links that are not neighbours would touch.

    Links are taken as discs at their centres and joints; those nearer than three apart along the body cannot meet.
    """
    bend = path[::every, JOINTS:]
    turn = np.cumsum(np.concatenate([np.zeros((len(bend), 1)), bend], axis=1), axis=1)
    direction = np.repeat(np.stack([np.cos(turn), np.sin(turn)], axis=2), 2, axis=1)
    points = np.cumsum(direction, axis=1) * (-link_m / 2)
    apart = np.linalg.norm(points[:, :, None] - points[:, None, :], axis=3)
    i = np.arange(points.shape[1])
    far = np.abs(i[:, None] - i[None, :]) >= 6
    return float(((apart < 2 * radius_m) & far).any(axis=(1, 2)).mean())


def joint_torques(path: FloatArray, snake: Snake, ground: Ground, dt_s: float, every: int = 5) -> FloatArray:
    """Torque at every joint, N m, in one tick of `every`: shape (moments, joints).

    What the ground's viscous drag on the links ahead of a joint asks of it: how hard a gait is on the servos, long
    before they stall.
    """
    length = snake.link.length_m
    joints = path[:, JOINTS:]
    turn = np.cumsum(np.concatenate([np.zeros((len(path), 1)), joints], axis=1), axis=1)
    heading = path[:, HEADING, None] - turn.mean(axis=1, keepdims=True) + turn
    axis = np.stack([np.cos(heading), np.sin(heading)], axis=2)
    half = 0.5 * length * axis
    steps = np.concatenate([np.zeros((len(path), 1, 2)), -(half[:, :-1] + half[:, 1:])], axis=1)
    centre = path[:, None, :2] - snake.nose.ahead_m * axis[:, :1] + np.cumsum(steps, axis=1)
    now = np.arange(0, len(path) - 1, every)
    speed = (centre[now + 1] - centre[now]) / dt_s
    along = axis[now]
    across = np.stack([-along[..., 1], along[..., 0]], axis=2)
    force = -ground.along * (speed * along).sum(2, keepdims=True) * along
    force -= ground.across * (speed * across).sum(2, keepdims=True) * across
    at, hinge = centre[now], centre[now, :-1] - half[now, :-1]
    moment = np.cumsum(at[..., 0] * force[..., 1] - at[..., 1] * force[..., 0], axis=1)[:, :-1]
    ahead = np.cumsum(force, axis=1)[:, :-1]
    return np.asarray(moment - (hinge[..., 0] * ahead[..., 1] - hinge[..., 1] * ahead[..., 0]))
