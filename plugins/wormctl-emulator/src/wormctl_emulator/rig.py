"""A chip on a bench: power, emergency stop, noses and contacts at its pins, and if wished a snake on its servos.

Advances chip and snake together, in steps of 5 ms. What a servo does is decided by the pulses it gets, by nothing else.
"""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from wormctl_serial.config import JointTable, Nose
from wormctl_sim.planar_body import PlanarBody, PlanarConfig
from wormctl_sim.smell import OdourConfig, OdourSensor
from wormctl_sim.touch import TouchSensor

from wormctl.channel import Samples
from wormctl.device import Context
from wormctl_emulator.chip import HZ, PULSE, SERVOS, Chip

STEP_S = 0.005
LIMP_S = 0.06
"""A servo that gets no pulse for so long goes limp."""
DIVIDER = 3.0
_NOSE_LEFT, _NOSE_RIGHT, _SERVO, _LOGIC = 0, 1, 6, 7
_HEAD_PIN, _TAIL_PIN, _ESTOP_PIN = 2, 3, 4
_PRESSED_N = 0.5
NOISE_V = 0.007
"""How far a conversion errs: a step and a half of the converter, either way."""
PACK_V, RAIL_V = 7.8, 5.6


class Rig:
    """The bench. Its switches may be turned at any time; they show at the next step."""

    def __init__(self, firmware: Path | None = None, eeprom: bytes | None = None, seed: int = 0) -> None:
        self.chip = Chip(firmware)
        if eeprom is not None:
            self.chip.set_eeprom(eeprom)
        self.pack_v, self.rail_v = PACK_V, RAIL_V
        self.estop_open = self.head_pressed = self.tail_pressed = False
        self.nose_v = [2.5, 2.5]
        self.seen: list[NDArray[np.void]] = []
        """Every pulse so far, if `keep`."""
        self.keep = False
        self.snake: SnakeOnRig | None = None
        self.width_us: NDArray[np.float64] = np.zeros(SERVOS)
        """The newest pulse of each servo; 0 once it has gone limp."""
        self._rise_s: NDArray[np.float64] = np.full(SERVOS, -math.inf)
        self.chip.noise(NOISE_V, seed)
        self._left_s = 0.0
        self._apply()

    def advance(self, seconds: float, *, until_byte: bool = False) -> bool:
        """Let time pass; if `until_byte`, at most until the chip says something. Whether all of it passed."""
        end_s = self.chip.now_s + seconds
        while (left_s := end_s - self.chip.now_s) > 1.0 / HZ:
            began_s = self.chip.now_s
            self.chip.run(min(left_s, STEP_S - self._left_s), until_byte=until_byte)
            self._left_s += self.chip.now_s - began_s
            if self._left_s >= STEP_S - 1.0 / HZ:
                self._left_s = 0.0
                self._step()
            if until_byte and self.chip.now_s < end_s - 1.0 / HZ and self._spoke():
                return False
        return True

    def press_reset(self) -> None:
        """Press the reset button."""
        self.chip.reset()

    def pulses(self) -> NDArray[np.void]:
        """All pulses that were kept, in order."""
        return np.concatenate(self.seen) if self.seen else np.zeros(0, dtype=PULSE)

    def close(self) -> None:
        """Switch everything off."""
        self.chip.close()

    def _spoke(self) -> bool:
        return True

    def _step(self) -> None:
        self._collect()
        if self.snake is not None:
            self.snake.step(self)
        self._apply()

    def _collect(self) -> None:
        new = self.chip.pulses()
        if len(new):
            if self.keep:
                self.seen.append(new)
            for pulse in new[new["cut"] == 0]:
                servo = int(pulse["servo"])
                self.width_us[servo] = pulse["width"] * (1e6 / HZ)
                self._rise_s[servo] = pulse["rise"] / HZ
        self.width_us[self.chip.now_s - self._rise_s > LIMP_S] = 0.0

    def _apply(self) -> None:
        chip = self.chip
        rail_v = 0.0 if self.estop_open else self.rail_v
        for channel, volt in zip(
            (_NOSE_LEFT, _NOSE_RIGHT, _SERVO, _LOGIC),
            (*self.nose_v, rail_v / DIVIDER, self.pack_v / DIVIDER),
            strict=True,
        ):
            chip.adc(channel, min(max(volt, 0.0), 5.0))
        chip.pin_c(_HEAD_PIN, high=not self.head_pressed)
        chip.pin_c(_TAIL_PIN, high=not self.tail_pressed)
        chip.pin_c(_ESTOP_PIN, high=self.estop_open)


class SnakeOnRig:
    """The planar snake, its joints turned by the pulses on the rig, its smells and touches at the rig's inputs."""

    def __init__(
        self, context: Context, joints: tuple[JointTable, ...], nose: Nose, odour: str = "food"
    ) -> None:
        self.body = PlanarBody(PlanarConfig(joints=len(joints)))
        self.body.configure(msgspec.structs.replace(context, period_s=STEP_S))
        self.body.arm(0.0)
        self._joints, self._nose = joints, nose
        self._target: NDArray[np.float64] = np.zeros(len(joints))
        seen = msgspec.structs.replace(context, body=self.body)
        self._smell: OdourSensor | None = None
        if context.world is not None:
            self._smell = OdourSensor(OdourConfig(names=(odour,), noses=2))
            self._smell.configure(seen)
            self._smelt = Samples(self._smell.spec.channels)
        self._touch = TouchSensor()
        self._touch.configure(seen)
        self._felt = Samples(self._touch.spec.channels)
        self._now_s = 0.0

    def step(self, rig: Rig) -> None:
        """5 ms of the snake's life."""
        for j, joint in enumerate(self._joints):
            width_us = rig.width_us[j]
            if width_us > 0.0:
                self._target[j] = (width_us - joint.centre_us) / joint.us_per_rad
        self.body.write(self._target, self._now_s)
        self._now_s += STEP_S
        if self._smell is not None:
            self._smell.read(self._now_s, self._smelt)
            for side, value in enumerate(self._smelt.values.tolist()):
                rig.nose_v[side] = self._nose.volt(value)
        self._touch.read(self._now_s, self._felt)
        head, _, _, tail = self._felt.values.tolist()
        rig.head_pressed, rig.tail_pressed = head > _PRESSED_N, tail > _PRESSED_N
