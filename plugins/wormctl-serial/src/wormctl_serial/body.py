"""The physical snake as a body: the firmware's outputs and inputs behind the loop's contract.

Whatever goes wrong is a fault; nothing here arms by itself. The firmware holds to its own limits whatever is sent.
"""

from __future__ import annotations

import math
import time

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Channel, OnError, Quality, Samples
from wormctl.device import JOINT_POSITION, Capability, Context, DeviceError, DeviceSpec
from wormctl_serial.codec import number
from wormctl_serial.config import Nose, SerialConfig, table_crc, table_lines
from wormctl_serial.find import connect
from wormctl_serial.line import Line, LineLostError
from wormctl_serial.messages import ANGLE_PER_RAD, JOINTS, NOSE_FULL, SAFETY, Fault, Input, Reset, State
from wormctl_serial.talk import (
    FIRMWARE,
    Counters,
    RefusedError,
    Talk,
    Telemetry,
    explain_fault,
    schema_fits,
    to_angle,
)

FloatArray = NDArray[np.float64]

AGES_S = 0.25
"""Without telemetry for so long, the robot's sensors have gone stale and the run is degraded."""
SILENT_S = 1.0
"""And for so long, it is a fault."""
DAMAGED_SHARE = 0.1
"""More damaged frames than this, over a second, are a fault."""
_FEWEST = 20
ENDS_S = 3.0
"""So long a robot may take to fall silent by itself, after a run that did not end in order."""
_LOOK_S = 0.1
REFERENCE_V = 5.0
_RETRY_S = 1.0
_TICK_S = SAFETY["TICK_MS"][0] * 1e-3


def serial_spec(name: str, joints: int, *, simulated: bool) -> DeviceSpec:
    """What the firmware measures and can do."""

    def channel(name: str, unit: str, low: float, high: float, doc: str, size: int = 1) -> Channel:
        on_error = OnError.FAULT if name == JOINT_POSITION else OnError.DEGRADE
        age_s = SILENT_S if name == JOINT_POSITION else AGES_S
        return Channel(
            name=name, unit=unit, low=low, high=high, size=size, max_age_s=age_s, on_error=on_error, doc=doc
        )

    smell = "in the unit of [body.nose]"
    return DeviceSpec(
        name=name,
        channels=(
            channel(
                JOINT_POSITION, "rad", -math.pi, math.pi,
                "what the pulses say, after all limits: hobby servos do not tell where they are", joints,
            ),
            channel("nose", "1", 0.0, 1e30, f"mean of both noses, {smell}"),
            channel("nose.left", "1", 0.0, 1e30, smell),
            channel("nose.right", "1", 0.0, 1e30, smell),
            channel("contact.head", "N", 0.0, 100.0, "a switch: 0, or what press_n says"),
            channel("contact.tail", "N", 0.0, 100.0, "the same behind"),
            channel("voltage.servo", "V", 0.0, 15.0, "the servo rail"),
            channel("voltage.logic", "V", 0.0, 15.0, "the pack that feeds the logic"),
            channel("estop", "1", 0.0, 1.0, "1 while the emergency stop is open"),
        ),
        simulated=simulated,
        capabilities=frozenset(
            {Capability.TORQUE_OFF, Capability.VOLTAGE, Capability.ESTOP, Capability.HARDWARE_WATCHDOG}
        ),
    )  # fmt: skip


class SerialBody:
    """A snake of servos behind the firmware, on a serial line."""

    def __init__(
        self, config: SerialConfig | None = None, name: str = "serial", *, simulated: bool = False
    ) -> None:
        self.config = config or SerialConfig()
        self.spec = serial_spec(name, self.config.joints, simulated=simulated)
        self.notes: list[str] = []
        self.talk: Talk | None = None
        self._armed = False
        self._period_s = _TICK_S
        self._began_s = -math.inf
        self._tried_s = -math.inf
        self._judged = (-math.inf, 0, 0)
        self._angles: list[int] = [0] * JOINTS
        self._counters = Counters(0, 0, 0, 0, 0, 0, 0, 0)
        self._out: Samples | None = None
        self._positions: FloatArray = np.zeros(self.config.joints)

    # ---- The contract

    def configure(self, context: Context) -> None:
        """Find the robot, and see whether it fits. Nothing moves."""
        self._drop()
        if context.snake.joints != self.config.joints:
            raise DeviceError(
                f"$.joints = {self.config.joints}: the snake {context.snake.name} has {context.snake.joints}"
            )
        self._period_s = context.period_s
        self._greet(self._connect())
        self._began_s = self._line().now_s()

    def read(self, now_s: float, out: Samples) -> None:
        """Fill what the newest telemetry says. Raises `DeviceError` if an armed robot is not what it should be."""
        if self.talk is None:
            self._reconnect()
        talk = self._talk()
        try:
            talk.listen()
            if not self._armed:
                talk.poll()
        except LineLostError:
            self._lose()
            raise
        line_s = talk.line.now_s()
        if self._armed:
            self._judge(talk, line_s)
        if talk.telemetry.values:
            self._fill(talk, now_s - (line_s - self._measured_s(talk)), out)

    def arm(self, now_s: float) -> None:
        """Hold the pose until the firmware believes it, then have it armed. Takes a quarter of a second."""
        talk = self._talk()
        if not schema_fits(talk.welcome or {"schema": -1}):
            raise DeviceError(self._other_firmware())
        telemetry = self._until_silent(talk)
        self._clear_fault(talk, Fault(telemetry.number("fault")))
        self._angles = list(telemetry.numbers("angle"))
        talk.arm(tuple(self._angles), (1 << self.config.joints) - 1)
        self._armed = True
        now = talk.line.now_s()
        self._began_s, self._judged = now, (now, self._damaged(talk), talk.answered)

    def write(self, setpoint_rad: FloatArray, now_s: float) -> None:
        """Send the setpoints. Raises `DeviceError` for what is no number; nothing is sent then."""
        if not self._armed:
            raise DeviceError(f"{self.spec.name}: not armed, so it does not move")
        for joint, angle_rad in enumerate(setpoint_rad.tolist()):
            if not (isinstance(angle_rad, float) and math.isfinite(angle_rad) and abs(angle_rad) <= math.pi):
                raise DeviceError(f"{self.spec.name}: setpoint {angle_rad} of joint {joint} is not an angle")
            self._angles[joint] = to_angle(angle_rad)
        try:
            self._talk().send_setpoint(tuple(self._angles))
        except LineLostError:
            self._lose()
            raise

    def stop(self, reason: str) -> None:
        """End all pulses. If the line is dead, the firmware does so by itself within two seconds."""
        talk, self._armed = self.talk, False
        if talk is None:
            return
        try:
            talk.command("STOP", {})
        except Exception:
            return  # nothing is left to try from here; the dead-man has it

    def close(self) -> None:
        """Give the line back."""
        self._drop()

    def _drop(self) -> None:
        self._armed = False
        talk, self.talk = self.talk, None
        if talk is not None:
            self._counters = talk.counters()
            talk.line.close()

    @property
    def place(self) -> str:
        """The port of the robot, once found."""
        return self.config.port if self.talk is None else self.talk.line.name

    def counted(self) -> dict[str, int]:
        """What the line has carried and lost since the body was configured."""
        counters = self._counters if self.talk is None else self.talk.counters()
        return {
            "setpoints sent": counters.sent,
            "answered": counters.answered,
            "frames damaged": counters.damaged_here + counters.damaged_there,
            "setpoints too late": counters.old,
            "bytes lost": counters.lost,
            "frames without room": counters.unsent,
        }

    # ---- What an emulator does otherwise

    def _connect(self) -> Talk:
        """A conversation that has said hello."""
        return connect(self.config.port, self.config.baud)

    # ----

    def _greet(self, talk: Talk) -> None:
        """Learn who it is: its firmware, its joint table."""
        self.talk = talk
        welcome = talk.welcome or {}
        self.notes = []
        if not schema_fits(welcome):
            self.notes.append(f"it can be read, not moved: {self._other_firmware()}")
            return
        if number(welcome, "joints") < self.config.joints:
            self._drop()
            raise DeviceError(
                f"$.joints = {self.config.joints}: this robot has {welcome['joints']} servo outputs"
            )
        if self.config.joint and table_crc(table_lines(self.config.joint)) != welcome["table_crc"]:
            self._drop()
            raise DeviceError(
                "$.joint: the robot has another joint table than this file: `wormctl calibrate --robot FILE --send` "
                "gives it the file's, --fetch gives the file the robot's"
            )
        if Reset(number(welcome, "reset")) & (Reset.BROWNOUT | Reset.WATCHDOG):
            self.notes.append(
                "the robot last started because its supply broke down or its program hung: watch it"
            )

    def _other_firmware(self) -> str:
        version = (self.talk.welcome or {}).get("firmware", ()) if self.talk else ()
        has = ".".join(map(str, version)) if isinstance(version, tuple) else "?"
        return f"its firmware {has} speaks another language than this wormctl: flash firmware {FIRMWARE}"

    def _until_silent(self, talk: Talk) -> Telemetry:
        """The end of what another run has left moving: its dead-man takes two seconds."""
        end_s = talk.line.now_s() + ENDS_S
        while State((telemetry := talk.look()).number("state")) is not State.SILENT:
            if talk.line.now_s() > end_s:
                raise DeviceError(
                    f"{self.spec.name}: something else moves this robot: `wormctl stop` ends it"
                )
            talk.listen_for(_LOOK_S)
        return telemetry

    def _clear_fault(self, talk: Talk, fault: Fault) -> None:
        """Someone starts the robot anew, so what stopped it last time may be forgotten, if its cause has gone."""
        try:
            talk.clear(fault)
        except RefusedError as error:
            raise DeviceError(f"{error}; it was stopped because {explain_fault(fault)}") from None

    def _judge(self, talk: Talk, line_s: float) -> None:
        """Whether an armed robot does what it should."""
        if talk.restarted is not None:
            self._armed = False
            raise DeviceError(f"{self.spec.name}: the robot has started anew by itself ({talk.restarted})")
        telemetry = talk.telemetry
        silent_s = line_s - max(telemetry.came_s, self._began_s)
        if silent_s > SILENT_S:
            raise DeviceError(
                f"{self.spec.name}: nothing was heard of the robot for {silent_s:.1f} s: is the cable in? is it on?"
            )
        if telemetry.came_s > self._began_s:
            state, fault = State(telemetry.number("state")), Fault(telemetry.number("fault"))
            if fault is not Fault.NONE:
                raise DeviceError(f"{self.spec.name}: the robot has stopped itself: {explain_fault(fault)}")
            if state is State.SILENT:
                raise DeviceError(f"{self.spec.name}: the robot was stopped by another program")
        since_s, damaged, answered = self._judged
        if line_s - since_s >= 1.0:
            now_damaged, now_answered = self._damaged(talk), talk.answered
            bad, good = now_damaged - damaged, now_answered - answered
            self._judged = (line_s, now_damaged, now_answered)
            if (
                bad > max(1, DAMAGED_SHARE * (bad + good))
                and bad + good >= _FEWEST
                and math.isfinite(since_s)
            ):
                raise DeviceError(
                    f"{self.spec.name}: {bad} of {bad + good} frames in the last second were damaged: a bad cable, or "
                    "servo leads beside it?"
                )

    def _damaged(self, talk: Talk) -> int:
        counters = talk.counters()
        return counters.damaged_here + counters.damaged_there

    def _measured_s(self, talk: Talk) -> float:
        """When the newest telemetry was measured, by the line's clock: never after it came."""
        came_s = talk.telemetry.came_s
        by_clock_s = talk.clock.host_s(talk.telemetry.number("time_us"))
        return min(by_clock_s, came_s) if came_s - by_clock_s < AGES_S else came_s

    def _fill(self, talk: Talk, time_s: float, out: Samples) -> None:
        telemetry, config = talk.telemetry, self.config
        if out is not self._out:
            self._out, self._positions = out, out.vector(JOINT_POSITION)
        angles = telemetry.numbers("angle")
        for joint in range(config.joints):
            self._positions[joint] = angles[joint] / ANGLE_PER_RAD
        out.stamp(JOINT_POSITION, time_s, Quality.GOOD)
        left, right = (smell(config.nose, raw) for raw in telemetry.numbers("nose"))
        inputs = telemetry.number("inputs")
        for name, value in (
            ("nose", (left + right) / 2.0),
            ("nose.left", left),
            ("nose.right", right),
            ("contact.head", config.press_n * bool(inputs & Input.CONTACT_HEAD)),
            ("contact.tail", config.press_n * bool(inputs & Input.CONTACT_TAIL)),
            ("voltage.servo", telemetry.number("servo_mv") / 1000.0),
            ("voltage.logic", telemetry.number("logic_mv") / 1000.0),
            ("estop", float(bool(inputs & Input.ESTOP_OPEN))),
        ):
            out.put(name, value, time_s)

    def _lose(self) -> None:
        """The line has gone. What is left of it is closed; reading may find it again."""
        self._drop()
        self._tried_s = -math.inf

    def _reconnect(self) -> None:
        """Look for the robot again, at most once a second, for reading only. Raises `DeviceError` while it is gone."""
        now_s = time.monotonic()
        if now_s - self._tried_s < _RETRY_S:
            raise DeviceError(f"{self.spec.name}: the robot is not there")
        self._tried_s = now_s
        self._greet(self._connect())

    def _talk(self) -> Talk:
        if self.talk is None:
            raise DeviceError(f"{self.spec.name}: the robot is not connected")
        return self.talk

    def _line(self) -> Line:
        return self._talk().line


def smell(nose: Nose, raw: int) -> float:
    """What a nose smells, from what telemetry says."""
    return nose.concentration(raw / NOSE_FULL * REFERENCE_V)
