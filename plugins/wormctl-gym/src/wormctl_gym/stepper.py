"""The control loop turned inside out: whoever calls `tick` is the nervous system. No rewards, nothing of Gymnasium.

A tick does what one of `wormctl.loop` does, in the same order and through the same devices, binding and limits; a
test holds the two together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormctl.assembly import Assembly
from wormctl.channel import Quality
from wormctl.device import JOINT_POSITION, DeviceError
from wormctl.episode import Goal


class Stepper:
    """An assembled robot in simulated time, armed, and looking at its first samples.

    `time_s` is the time of the samples in `binding`; `goal.distance_m` is measured at the end of each tick, as in
    a run. Raises `DeviceError` for what would end a run as a fault. The caller closes the assembly.
    """

    def __init__(self, assembly: Assembly) -> None:
        self.assembly, self.binding = assembly, assembly.binding
        self.period_s = 1.0 / assembly.robot.rate_hz
        self.ticks = 0
        self.time_s = 0.0
        self.goal = Goal(assembly, 0.0, lambda reason: None)
        binding, body = self.binding, assembly.body
        # As the loop does: a look to see where the joints stand, then the first tick's own.
        binding.reset(0.0)
        self._sense()
        if not binding.serves(JOINT_POSITION):
            raise DeviceError(f"{body.spec.name}: does not tell at once where its joints are")
        body.arm(0.0, binding.latest(JOINT_POSITION))
        self._look()

    @property
    def reached(self) -> bool:
        """Whether the nose is at the food, by the radius that runs go by."""
        return self.goal.distance_m <= self.goal.radius_m

    @property
    def setpoint_rad(self) -> NDArray[np.float64]:
        """What was last sent, (joints,): a view."""
        return self.assembly.body.setpoint_rad

    def tick(self, wanted_rad: NDArray[np.float64]) -> None:
        """Ask for setpoints, (joints,); limits and slew have the last word. One period later, look again."""
        self.assembly.body.write(wanted_rad, self.time_s)
        self.goal.look()
        self.ticks += 1
        self.time_s = self.ticks * self.period_s
        self._look()

    def _look(self) -> None:
        if self.assembly.world is not None:
            self.assembly.world.advance(self.time_s)
        self._sense()

    def _sense(self) -> None:
        now_s, samples = self.time_s, self.binding.samples
        self.assembly.body.read(now_s, samples[0])
        for i, sensor in enumerate(self.assembly.sensors, 1):
            try:
                sensor.read(now_s, samples[i])
            except Exception:  # it has not measured: what that means is for its channels to say
                samples[i].quality[:] = Quality.FAILED
        outcome = self.binding.run(now_s)
        if outcome >= 0:
            raise DeviceError(self.binding.complaint(outcome))
