"""What may differ from trial to trial in a simulated robot (domain randomisation), and the draw of it from a seed.

The table `[randomise]` of a robot file; no device is made or changed here. The snake that devices are given is scaled;
the rest they read from their `Context`. Limits are those of the snake as described: nothing here is part of them.
"""

from __future__ import annotations

import msgspec
import numpy as np

from wormctl.ranges import Range, check_range, draw
from wormctl.snake import Snake

BOUNDS = {
    "mass": (0.1, 10.0),
    "drag": (0.05, 20.0),
    "anisotropy": (0.05, 20.0),
    "servo_lag": (0.1, 10.0),
    "servo_strength": (0.1, 10.0),
    "latency_s": (0.0, 0.2),
    "odour_noise": (0.0, 1.0),
}
"""Lowest and highest value of each. Drawn in this order: a new one goes to the end, so that old draws stay."""


class Variation(msgspec.Struct, frozen=True, kw_only=True):
    """What was drawn for one trial; without a draw, nothing differs from the description and the settings."""

    mass: float = 1.0
    """Factor on the mass of every link."""
    drag: float = 1.0
    """Factor on the drag of the ground, along and across."""
    anisotropy: float = 1.0
    """Factor on the drag across alone."""
    servo_lag: float = 1.0
    """Factor on the servos' time constant."""
    servo_strength: float = 1.0
    """Factor on the servos' stall torque."""
    latency_s: float | None = None
    """How much later setpoints reach the servos, instead of the body's setting."""
    odour_noise: float | None = None
    """Standard deviation of odour readings, instead of the sensor's setting."""

    def scale(self, snake: Snake) -> Snake:
        """`snake` with this trial's mass and servos."""
        link, servo = snake.link, snake.servo
        return msgspec.structs.replace(
            snake,
            link=msgspec.structs.replace(link, mass_kg=link.mass_kg * self.mass),
            servo=msgspec.structs.replace(
                servo,
                time_constant_s=servo.time_constant_s * self.servo_lag,
                stall_torque_nm=servo.stall_torque_nm * self.servo_strength,
            ),
        )


class Randomise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[randomise]`: a number, or [low, high] to be drawn evenly, for each field of `Variation`."""

    mass: Range | None = None
    drag: Range | None = None
    anisotropy: Range | None = None
    servo_lag: Range | None = None
    servo_strength: Range | None = None
    latency_s: Range | None = None
    odour_noise: Range | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in BOUNDS.items():
            value = getattr(self, name)
            if value is not None:
                check_range(name, value, low, high)

    def draw(self, seed: int) -> dict[str, float]:
        """The values of the trial `seed`, by name; what the table leaves out is left out."""
        rng = np.random.default_rng([0x7A21E5, seed])
        found = {}
        for name in BOUNDS:
            value: Range | None = getattr(self, name)
            drawn = draw(rng, 0.0 if value is None else value)
            if value is not None:
                found[name] = drawn
        return found
