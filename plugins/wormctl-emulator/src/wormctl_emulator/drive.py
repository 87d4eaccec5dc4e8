"""A host that drives a rig in lock-step, for tests and fault runs: hello, arm, and a plain wave; no worm."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from wormctl_serial.codec import frame, number
from wormctl_serial.config import JointTable
from wormctl_serial.messages import JOINTS
from wormctl_serial.talk import Talk

from wormctl_emulator.lockstep import LockstepLine, ready_rig

TICK_S = 0.02
AMPLITUDE_RAD = 0.6
WAVE_HZ = 0.5
_ANSWERED_S = 0.005
"""The firmware was told to arm no longer ago, once it has answered."""
Spoil = Callable[[bytes], bytes]


class Driver:
    """One rig, one host on it. `last_good_s` is when the newest setpoint that was sent whole had arrived."""

    def __init__(self, joints: tuple[JointTable, ...] | None = None, seed: int = 0) -> None:
        self.joints = joints or (JointTable(),) * JOINTS
        self.rig = ready_rig(self.joints, seed=seed)
        self.rig.keep = True
        self.line = LockstepLine(self.rig)
        self.talk = Talk(self.line, 0x51)
        # A look at who it is, by a host that is gone again: its session is nobody's.
        booted = Talk(self.line, 0x50).hello()
        self.boot_id, self.table_crc = number(booted, "boot_id"), number(booted, "table_crc")
        self.last_good_s = -math.inf
        self.armed_s = math.inf
        self._tick = 0

    def wave(self) -> tuple[int, ...]:
        """Where the joints shall be in this tick."""
        phase = 2.0 * math.pi * WAVE_HZ * self._tick * TICK_S
        grown = AMPLITUDE_RAD * min(1.0, self._tick * TICK_S / 3.0)
        return tuple(round(1e4 * grown * math.sin(phase - 0.5 * j)) for j in range(JOINTS))

    def arm(self) -> None:
        """From hello to moving joints."""
        self.talk.hello()
        self.talk.arm((0,) * JOINTS, 0xFFF)
        self.armed_s = self.line.now_s() - _ANSWERED_S
        self._tick = 0

    def run(
        self, seconds: float, spoil: Spoil | None = None, wave: Callable[[], tuple[int, ...]] | None = None
    ) -> None:
        """A setpoint in every tick; `spoil` is what the line does to the bytes of each."""
        for _ in range(round(seconds / TICK_S)):
            self.send((wave or self.wave)(), spoil)
            self._tick += 1

    def send(self, angle: tuple[int, ...], spoil: Spoil | None = None) -> None:
        """One setpoint, and the tick after it."""
        talk = self.talk
        talk.sequence = (talk.sequence + 1) & 0xFFFF
        data = frame("SETPOINT", talk.sequence, {"session": talk.session, "angle": angle})
        sent = data if spoil is None else spoil(data)
        self.line.write(sent)
        if sent == data:
            # 10 bits a byte at 500 kbaud.
            self.last_good_s = self.line.now_s() + len(data) * 20e-6
        talk.listen_for(TICK_S)

    def wait(self, seconds: float) -> None:
        """Say nothing for so long."""
        self.rig.advance(seconds)
        self.talk.listen()

    def close(self) -> None:
        """Switch it off."""
        self.rig.close()


def flips(share: float, rng: np.random.Generator) -> Spoil:
    """A line that turns over a bit in this share of its bytes."""

    def spoil(data: bytes) -> bytes:
        hit = rng.random(len(data)) < share
        return bytes(
            byte ^ (1 << int(rng.integers(8))) if bad else byte for byte, bad in zip(data, hit, strict=True)
        )

    return spoil


def drops(share: float, rng: np.random.Generator) -> Spoil:
    """A line that loses this share of its bytes."""
    return lambda data: bytes(byte for byte in data if rng.random() >= share)


def doubles(share: float, rng: np.random.Generator) -> Spoil:
    """A line that says this share of its bytes twice."""
    return lambda data: b"".join(bytes([byte]) * (2 if rng.random() < share else 1) for byte in data)
