"""The snake of bus servos as a body: settings in, the loop's contract out. What happens on the bus is for others.

Nothing here arms by itself, and nothing but `arm` switches a torque on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Channel, OnError, Samples
from wormctl.device import JOINT_POSITION, Capability, Context, DeviceError, DeviceSpec
from wormctl_bus_servo.arming import Arming
from wormctl_bus_servo.bus import Bus, BusError, open_bus
from wormctl_bus_servo.checks import Fit, admit, at_rest, remarks
from wormctl_bus_servo.config import BusServoConfig
from wormctl_bus_servo.easing import Easing, easing_step
from wormctl_bus_servo.guardian import Guardian, no_guardian, start_guardian
from wormctl_bus_servo.kinds import Kind
from wormctl_bus_servo.rounds import LOAD, MOST_LOAD, TEMPERATURE, VOLTAGE, Rounds
from wormctl_bus_servo.worker import Worker

Opener = Callable[[Kind, str, int], Bus]
GuardianStarter = Callable[[BusServoConfig, Bus], Guardian]

SILENT_S = 1.0
"""A position that is older than this ends the run. A servo that falls silent is named well before."""
SLOW = 0.7
"""A round of the bus that takes this share of a tick is worth a remark."""
_TRIED = 5


def bus_servo_spec(config: BusServoConfig) -> DeviceSpec:
    """What the servos measure and can do."""
    joints = config.joints
    capabilities = {Capability.FEEDBACK, Capability.TORQUE_OFF, Capability.TEMPERATURE, Capability.VOLTAGE}
    if config.what.watchdog is not None:
        capabilities.add(Capability.HARDWARE_WATCHDOG)

    def health(name: str, unit: str, low: float, high: float, doc: str) -> Channel:
        return Channel(
            name=name, unit=unit, low=low, high=high, size=joints, rate_hz=2.0, max_age_s=2.0,
            on_error=OnError.DEGRADE, doc=doc,
        )  # fmt: skip

    return DeviceSpec(
        name="bus-servo",
        channels=(
            Channel(
                name=JOINT_POSITION, unit="rad", low=-math.pi, high=math.pi, size=joints, max_age_s=SILENT_S,
                on_error=OnError.FAULT, doc="where the joints stand, as their servos' encoders measure it",
            ),
            Channel(
                name=LOAD, unit="1", low=-MOST_LOAD, high=MOST_LOAD, size=joints, max_age_s=0.25,
                on_error=OnError.DEGRADE, doc="how hard each servo works, of 1 for all it can; towards positive angles",
            ),
            health(TEMPERATURE, "degC", -40.0, 150.0, "of each servo; one is asked a tick"),
            health(VOLTAGE, "V", 0.0, 30.0, "of each servo's supply; one is asked a tick"),
        ),
        simulated=False,
        capabilities=frozenset(capabilities),
        api_version=1,
    )  # fmt: skip


class BusServoBody:
    """A snake of smart servos on one half-duplex bus."""

    def __init__(
        self,
        config: BusServoConfig,
        open_bus: Opener = open_bus,
        start_guardian: GuardianStarter = start_guardian,
    ) -> None:
        self.config = config
        self.spec = bus_servo_spec(config)
        self.notes: list[str] = []
        self._open_bus, self._start_guardian = open_bus, start_guardian
        self._bus: Bus | None = None
        self._worker: Worker | None = None
        self._guardian: Guardian = no_guardian()
        self._fits: tuple[Fit, ...] = ()
        self._goals = [0] * config.joints
        self._easing = Easing((), (), 1)
        self._step = 1
        self._armed = False
        self._counted: dict[str, int] = {}

    # ---- The contract

    def configure(self, context: Context) -> None:
        """Open the port, look at every servo, and start reading. Torque is off afterwards, whatever it was before."""
        self.close()
        config = self.config
        if context.snake.joints != config.joints:
            raise DeviceError(
                f"$.joints = {config.joints}: the snake {context.snake.name} has {context.snake.joints}"
            )
        self._bus = bus = self._open_bus(config.what, config.port, config.baud)
        try:
            self._guardian = self._start_guardian(config, bus)
            self._fits = admit(bus, config)
            self.notes = remarks(config, self._fits)
            self._is_quick_enough(Rounds(bus, config.what, self._fits), context.period_s)
            # Here, not in `arm`: between the loop's look at the joints and their arming nothing may take long.
            self._guardian.wait()
        except BaseException:
            self.close()
            raise
        self._step = easing_step(context.snake, context.period_s)
        rounds = Rounds(bus, config.what, self._fits)
        self._worker = Worker(
            bus, config.servos, rounds, self.spec, context.period_s, config.silence_s, self._guardian
        )
        self._worker.start()

    def read(self, now_s: float, out: Samples) -> None:
        """The newest that the thread has. Raises `DeviceError` if something has gone wrong; the torque is off then."""
        worker = self._ready()
        worker.raise_fault()
        worker.read(now_s, out)

    @property
    def place(self) -> str:
        """The port of the servos, once it is open."""
        return self.config.port if self._bus is None else self._bus.name

    def arm(self, now_s: float) -> None:
        """Goals to where the servos stand, then torque, little by little. Takes a quarter of a second."""
        worker = self._ready()
        worker.raise_fault()
        self._guardian.wait()
        arming = Arming(worker.bus, self.config.what, self._fits, self.config.silence_s, worker.lock)
        try:
            worker.arming()
            self._goals[:] = arming.run(worker.raise_or_beat)
            self._easing = Easing(self._fits, self._goals, self._step)
            worker.drive(arming.marks())
            worker.tell(self._goals)
        except BusError as error:
            worker.stop()
            raise worker.blame(error) from error
        except BaseException:
            worker.stop()
            raise
        self._armed = True

    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        """Have the setpoints sent, within each servo's limits; the first ones are approached gently.

        Raises `DeviceError` for what is no angle, and for first ones that are far from the pose that was armed.
        """
        if not self._armed:
            raise DeviceError("bus-servo: not armed, so it does not move")
        if len(setpoint_rad) != len(self._fits):
            raise DeviceError(f"bus-servo: {len(setpoint_rad)} setpoints for {len(self._fits)} joints")
        for joint, fit in enumerate(self._fits):
            try:
                self._goals[joint] = fit.map.ticks(float(setpoint_rad[joint]))
            except ValueError as error:
                raise DeviceError(f"bus-servo: the setpoint of joint {joint}: {error}") from None
        self._easing.ease(self._goals)
        self._ready().tell(self._goals)

    def stop(self, reason: str) -> None:
        """Torque off for all, by broadcast and twice. Never raises."""
        self._armed = False
        if self._worker is not None:
            self._worker.stop()

    def close(self) -> None:
        """Torque off, and give the port back. Never raises."""
        self._armed = False
        worker, self._worker = self._worker, None
        bus, self._bus = self._bus, None
        ended = limp = True
        if worker is not None:
            ended = worker.close()
            limp = ended and not worker.owes
            self._counted = _counts(worker)
        if bus is not None and ended:
            if worker is not None and limp:
                limp = at_rest(bus, self.config.what, self.config.servos)
            bus.close()
        guardian, self._guardian = self._guardian, no_guardian()
        guardian.dismiss(limp)

    def counted(self) -> dict[str, int]:
        """What the bus has carried and lost since the body was configured."""
        return dict(self._counted) if self._worker is None else _counts(self._worker)

    # ----

    def _ready(self) -> Worker:
        if self._worker is None:
            raise DeviceError("bus-servo: the bus is not open")
        return self._worker

    def _is_quick_enough(self, rounds: Rounds, period_s: float) -> None:
        """Try a few rounds. Raises `DeviceError` if the quickest takes longer than a tick."""
        out = Samples(self.spec.channels)
        took_s = math.inf
        for _ in range(_TRIED):
            began_s = time.monotonic()
            rounds.run(began_s, None, None, out)
            took_s = min(took_s, time.monotonic() - began_s)
        if took_s > SLOW * period_s:
            text = (
                f"a round of the bus takes {took_s * 1e3:.0f} ms of the {period_s * 1e3:.0f} ms of a tick: a higher "
                "baud rate, no USB hub, and for an FTDI adapter latency_timer = 1 (README) make it quicker"
            )
            if took_s > period_s:
                raise DeviceError(f"$.baud = {self.config.baud}: {text}")
            self.notes.append(text)


def _counts(worker: Worker) -> dict[str, int]:
    return {
        "rounds of the bus": worker.rounds.rounds,
        "rounds without all answers": worker.rounds.bad,
        "us in the longest round": round(worker.longest_s * 1e6),
    }
