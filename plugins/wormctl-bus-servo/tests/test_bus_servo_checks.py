"""Before a run: whatever does not fit is refused in one line that names the servo, with every torque off."""

from __future__ import annotations

import sys
from collections.abc import Callable

import msgspec
import pytest
from wormctl_bus_servo.body import BusServoBody
from wormctl_bus_servo.bus import open_bus
from wormctl_bus_servo.fake import FakeServo
from wormctl_bus_servo.for_tests import make_config, rig
from wormctl_bus_servo.kinds import KINDS

from wormctl.channel import Samples
from wormctl.device import Capability, DeviceError
from wormctl.testing import bare_context


def put(name: str, value: int) -> Callable[[FakeServo], None]:
    def change(servo: FakeServo) -> None:
        servo[name] = value

    return change


def silence(servo: FakeServo) -> None:
    servo.silent = True


def garble(servo: FakeServo) -> None:
    servo.garbled = True


def stiffen(servo: FakeServo) -> None:
    servo["torque_enable"] = 1
    servo.deaf_to = frozenset({40, 64})


TROUBLES = [
    ("sts3215", silence, r"servo 9 \(joint 8\) does not answer on \S+ at 1000000 baud: its cable"),
    ("sts3215", garble, r"servo 9 \(joint 8\) gives damaged answers .*two servos with that id"),
    (
        "sts3215",
        put("model_number", 1284),
        r"servo 9 \(joint 8\) is of model 1284, no sts3215 \(STS3215: 777\)",
    ),
    (
        "sts3215",
        put("operating_mode", 1),
        r"servo 9 .* has operating_mode = 1, must have 0 \(position mode\)",
    ),
    ("sts3215", put("angular_resolution", 2), r"servo 9 .* has angular_resolution = 2, must have 1"),
    ("sts3215", put("max_position_limit", 0), r"servo 9 .* position limits 0 and 0, .* without end"),
    (
        "sts3215",
        put("max_position_limit", 1500),
        r"^\$.joint\[8\].zero = 2048: servo 9 itself is limited to ticks 0 to 1500: find",
    ),
    (
        "sts3215",
        put("present_temperature", 66),
        r"servo 9 .* has 66 degrees, allowed are 65: let it cool down",
    ),
    ("sts3215", put("present_voltage", 59), r"servo 9 .* has 5.9 V, allowed are 6 to 14: charge the pack"),
    ("sts3215", put("present_voltage", 150), r"servo 9 .* has 15.0 V, .*is this the right supply"),
    (
        "sts3215",
        put("max_voltage_limit", 70),
        r"servo 9 .* has 7.4 V, allowed are 6 to 7: is this the right supply",
    ),
    (
        "sts3215",
        put("min_voltage_limit", 75),
        r"servo 9 .* has 7.4 V, allowed are 7.5 to 14: charge the pack",
    ),
    ("sts3215", put("temperature_limit", 25), r"servo 9 .* has 30 degrees, allowed are 25"),
    ("sts3215", put("status", 0x20), r"servo 9 .* reports an alarm: it is overloaded; cut its supply"),
    ("sts3215", put("present_position", 0), r"servo 9 .* stands at tick 0, half a turn from its zero 2048"),
    ("sts3215", stiffen, r"servo 9 .* does not switch its torque off: cut its supply"),
    ("xl330", put("model_number", 1060), r"servo 9 .* is of model 1060, no xl330 \(XL330-M077: 1190"),
    ("xl330", put("operating_mode", 5), r"servo 9 .* has operating_mode = 5, must have 3"),
    (
        "xl330",
        put("drive_mode", 0x08),
        r"servo 9 .* drive_mode = 8, must have 0 \(a goal alone must not switch",
    ),
    ("xl330", put("status", 0x04), r"servo 9 .* reports an alarm: it is too hot"),
    ("xl330", silence, r"servo 9 \(joint 8\) does not answer"),
    ("xl330", garble, r"servo 9 \(joint 8\) gives damaged answers"),
    ("xl430", put("present_voltage", 60), r"servo 9 .* has 6.0 V, allowed are 6.5 to 13"),
]


@pytest.mark.parametrize(("kind", "trouble", "said"), TROUBLES)
def test_a_servo_that_does_not_fit_is_named(
    kind: str, trouble: Callable[[FakeServo], None], said: str
) -> None:
    with rig(kind) as snake:
        trouble(snake.bus[9])
        with pytest.raises(DeviceError, match=said) as caught:
            snake.body.configure(snake.context)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 260
        assert trouble is stiffen or snake.limp()
        assert not snake.bus[9].forbidden
        # The port is free again, and the body as good as new.
        snake.body.close()
        open_bus(KINDS[kind], snake.port.path, 1_000_000).close()


def test_several_that_are_missing_are_one_line() -> None:
    with rig() as snake:
        for servo in (3, 7, 12):
            snake.bus[servo].silent = True
        with pytest.raises(DeviceError, match=r"servo 3 \(joint 2\) does not answer.*; nor do 7, 12$"):
            snake.configure()


def test_when_nobody_answers_it_is_the_supply() -> None:
    with rig(joints=4) as snake:
        snake.bus.powered = False
        with pytest.raises(DeviceError, match=r"no servo answers .* \(emergency stop, fuse\)"):
            snake.configure()


def test_a_zero_in_the_robot_file_is_named_by_its_place() -> None:
    with rig(joint=[{}] * 8 + [{"zero": 10}] + [{}] * 3) as snake:
        snake.bus[9]["min_position_limit"] = 100
        with pytest.raises(
            DeviceError, match=r"^\$.joint\[8\].zero = 10: servo 9 itself is limited to ticks 100"
        ):
            snake.configure()


def test_torque_that_was_left_on_is_switched_off_and_nobody_moves() -> None:
    with rig() as snake:
        for servo in snake.bus.servos.values():
            servo["torque_enable"], servo["goal_position"] = 1, servo["present_position"]
        snake.configure()
        assert snake.limp()
        snake.hold(0.2)
        assert snake.limp()
        assert all(servo["present_position"] == 2048 for servo in snake.bus.servos.values())


def test_a_servo_with_narrower_limits_is_remarked_on() -> None:
    with rig() as snake:
        snake.bus[2]["max_position_limit"] = 2300
        snake.configure()
        assert snake.body.notes[0] == (
            "joint 1 bends from -60 to +22 degrees only: servo 2 itself is limited to ticks 0 to 2300"
        )


def test_a_bus_that_is_slower_than_the_loop_is_refused() -> None:
    with rig(joints=2) as snake:
        snake.bus.latency_s = 0.016  # as an FTDI adapter comes
        snake.context = bare_context(snake=msgspec.structs.replace(snake.context.snake, links=3))
        with pytest.raises(
            DeviceError, match=r"^\$.baud = 1000000: a round of the bus takes \d+ ms of the 20 ms"
        ):
            snake.configure()


def test_another_number_of_joints_than_the_snake_has() -> None:
    with rig(joints=3) as snake:
        snake.context = bare_context()
        with pytest.raises(DeviceError, match=r"^\$.joints = 3: the snake reference has 12"):
            snake.configure()


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("/dev/no-such-port", r"^\$.port = '/dev/no-such-port': there is no such port: is it plugged in\?"),
        ("/tmp", r"^\$.port = '/tmp': is no serial port, but a file or folder"),
        ("/dev/null", r"^\$.port = '/dev/null': cannot be opened as a serial port"),
    ],
)
def test_a_port_that_cannot_be_opened(port: str, said: str) -> None:
    body = BusServoBody(make_config(port))
    with pytest.raises(DeviceError, match=said) as caught:
        body.configure(bare_context())
    assert "\n" not in str(caught.value)
    body.stop("test")
    body.close()


def test_a_port_that_another_program_has() -> None:
    with rig() as snake:
        other = open_bus(KINDS["sts3215"], snake.port.path, 1_000_000)
        with pytest.raises(DeviceError, match="another program has it open"):
            snake.configure()
        other.close()
        snake.configure()


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rustypot", None)
    body = BusServoBody(make_config("/dev/null"))
    with pytest.raises(DeviceError, match=r"needs rustypot 1\.13 or newer: pip install rustypot"):
        body.configure(bare_context())


def test_it_promises_a_watchdog_only_where_there_is_one() -> None:
    for kind in KINDS:
        spec = BusServoBody(make_config("auto", kind)).spec
        assert (Capability.HARDWARE_WATCHDOG in spec.capabilities) == (kind != "sts3215")
        assert Capability.FEEDBACK in spec.capabilities
        assert Capability.ESTOP not in spec.capabilities


def test_before_it_is_configured_it_gives_nothing() -> None:
    body = BusServoBody(make_config("auto"))
    with pytest.raises(DeviceError, match="the bus is not open"):
        body.read(0.0, Samples(body.spec.channels))
    with pytest.raises(DeviceError, match="the bus is not open"):
        body.arm(0.0)
