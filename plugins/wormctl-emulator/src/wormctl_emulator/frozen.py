"""The fault in which the robot hears but is not heard: with the serial body itself, as it is the host that must act."""

from __future__ import annotations

import numpy as np
from wormctl_serial.body import SILENT_S as HEARD_S
from wormctl_serial.body import SerialBody
from wormctl_serial.talk import Talk

from wormctl.channel import Samples
from wormctl.device import Context, DeviceError
from wormctl.lifecycle import GuardedBody
from wormctl.snake import load_snake
from wormctl_emulator.drive import TICK_S, Driver


class _Deaf:
    """A line from which, once it is `frozen`, nothing comes any more."""

    def __init__(self, driver: Driver) -> None:
        self._line = driver.line
        self.name, self.resets, self.frozen = "deaf", False, False

    def read(self) -> bytes:
        data = self._line.read()
        return b"" if self.frozen else data

    def write(self, data: bytes) -> bool:
        return self._line.write(data)

    def wait(self, seconds: float) -> None:
        self._line.wait(seconds)

    def now_s(self) -> float:
        return self._line.now_s()

    def close(self) -> None:
        self._line.close()


class _Body(SerialBody):
    def __init__(self, line: _Deaf) -> None:
        super().__init__(simulated=True)
        self._deaf = line

    def _connect(self) -> Talk:
        talk = Talk(self._deaf, 0x53)
        talk.hello()
        return talk


def run_frozen(driver: Driver) -> float:
    """Drive by the loop's own door until telemetry freezes, then until the host gives up. When it froze, in s."""
    line = _Deaf(driver)
    body = GuardedBody(_Body(line))
    out = Samples(body.spec.channels)
    body.configure(Context(snake=load_snake(), period_s=TICK_S, seed=0))
    now_s = 0.0
    for _ in range(5):
        body.read(now_s, out)
        driver.rig.advance(TICK_S)
        now_s += TICK_S
    driver.armed_s = driver.line.now_s()
    body.arm(now_s, out.vector("joint.position").copy())
    froze_s = 0.0
    try:
        for tick in range(1000):
            if tick == 250:
                line.frozen, froze_s = True, driver.line.now_s()
            body.read(now_s, out)
            body.write(np.asarray(driver.wave()) / 1e4, now_s)
            driver._tick += 1
            driver.rig.advance(TICK_S)
            now_s += TICK_S
    except DeviceError:
        driver.last_good_s = driver.line.now_s()
    assert driver.last_good_s - froze_s < HEARD_S + 5 * TICK_S, "the host did not give up in time"
    return froze_s
