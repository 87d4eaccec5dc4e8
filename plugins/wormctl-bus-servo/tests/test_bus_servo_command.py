"""`wormctl servo`, as a person types it: it looks, numbers, prints, switches off, and moves nothing."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from wormctl_bus_servo.fake import FakeServo
from wormctl_bus_servo.for_tests import Rig, rig
from wormctl_bus_servo.plugin import wormctl_register_bodies

from wormctl.cli import main


def servo(snake: Rig, *words: str, kind: str = "sts3215") -> int:
    return main(["servo", *words, "--port", snake.port.path, "--kind", kind])


@pytest.mark.parametrize(
    ("kind", "model", "volt"), [("sts3215", "STS3215", "7.4"), ("xl330", "XL330-M288", "5.0")]
)
def test_scan_lists_everybody(kind: str, model: str, volt: str, capsys: pytest.CaptureFixture[str]) -> None:
    with rig(kind, joints=3) as snake:
        snake.bus[2]["present_position"], snake.bus[2]["present_temperature"] = 1234, 41
        snake.bus[3]["status"] = 0x20
        assert servo(snake, "scan", kind=kind) == 0
        first, *lines = capsys.readouterr().out.splitlines()
        assert first == f"{snake.port.path} at 1000000 baud:"
        assert [line.split()[:3] for line in lines] == [["id", str(i), model] for i in (1, 2, 3)]
        assert re.search(rf"tick 1234 +41 degC +{volt} V  torque off$", lines[1])
        assert lines[2].endswith("it is overloaded")
        assert snake.unmoved()


def test_scan_asks_for_those_whose_answers_collide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Shy(FakeServo):
        """Is never heard when everybody speaks at once."""

        shy = True

        def heard(self, now_s: float) -> None:
            self.silent = Shy.shy
            Shy.shy = False
            super().heard(now_s)

    robot = tmp_path / "snake.toml"
    with rig(ids=[4, 9], joints=2) as snake:
        robot.write_text('[body]\nuse = "bus-servo"\nids = [4, 9]\n')
        snake.bus[9].__class__ = Shy
        assert servo(snake, "scan", "--robot", str(robot)) == 0
        assert "id   9  STS3215" in capsys.readouterr().out


def test_scan_shows_a_servo_of_another_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with rig(joints=2) as snake:
        snake.bus[2]["model_number"] = 2825
        assert servo(snake, "scan") == 0
        assert "id   2  model 2825, no sts3215" in capsys.readouterr().out


def test_scan_of_an_empty_bus_says_what_to_look_at(capsys: pytest.CaptureFixture[str]) -> None:
    with rig(joints=2) as snake:
        snake.bus.powered = False
        assert servo(snake, "scan", "--baud", "1000000") == 1
        assert "no sts3215 answers at 1000000 baud: is their supply on?" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["sts3215", "xl330"])
def test_set_id_changes_one_servo_for_good(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    with rig(kind, ids=[1, 2], joints=2) as snake:
        snake.bus[1]["torque_enable"] = 1
        snake.bus[1]["goal_position"] = snake.bus[1]["present_position"]
        assert servo(snake, "set-id", "1", "9", kind=kind) == 0
        assert capsys.readouterr().out == "servo 1 is servo 9 now\n"
        assert set(snake.bus.servos) == {9, 2}
        snake.bus[9].reboot()
        assert set(snake.bus.servos) == {9, 2}
        assert kind != "sts3215" or snake.bus[9]["lock"] == 1
        assert snake.unmoved()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set-id", "1", "2"), "servo 2 is there already: .*nothing changed"),
        (("set-id", "5", "6"), "servo 5 does not answer at 1000000 baud"),
        (("set-id", "1", "1"), "1 is its id already"),
        (("set-baud", "5", "500000"), "servo 5 does not answer"),
        (("set-baud", "1", "57600"), "a sts3215 takes 115200, 500000, 1000000, not 57600"),
    ],
)
def test_numbering_refuses_what_would_go_wrong(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with rig(ids=[1, 2], joints=2) as snake:
        assert servo(snake, *words) == 2
        assert re.search(said, capsys.readouterr().err)
        assert set(snake.bus.servos) == {1, 2}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set-id", "1", "2"), "servo 2 is there already: .*nothing changed"),
        (("set-id", "2", "7"), "servo 2 gives damaged answers: a bad cable, or two servos with that id"),
    ],
)
def test_an_id_with_damaged_answers_is_not_free(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with rig(ids=[1, 2], joints=2) as snake:
        snake.bus[2].garbled = True
        assert servo(snake, *words) == 2
        assert re.search(said, capsys.readouterr().err)
        assert set(snake.bus.servos) == {1, 2}


def test_an_id_that_no_servo_may_have(capsys: pytest.CaptureFixture[str]) -> None:
    with rig(ids=[1, 2], joints=2) as snake, pytest.raises(SystemExit):
        servo(snake, "set-id", "1", "254")
    assert "254: must be 0 to 252" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "number"), [("sts3215", 1), ("xl330", 3)])
def test_set_baud_writes_the_makers_number(kind: str, number: int) -> None:
    with rig(kind, ids=[1, 2], joints=2) as snake:
        baud = "500000" if kind == "sts3215" else "1000000"
        assert servo(snake, "set-baud", "2", baud, kind=kind) == 0
        assert snake.bus[2]["baud_rate"] == number
        snake.bus[2].reboot()
        assert snake.bus[2]["baud_rate"] == number


def test_a_fake_bus_can_be_tried_without_a_servo(capsys: pytest.CaptureFixture[str]) -> None:
    words = [sys.executable, "-m", "wormctl", "servo", "fake", "--servos", "3", "--trouble", "hot:2"]
    fake = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert fake.stdout is not None
    said = fake.stdout.readline()
    found = re.fullmatch(r"3 fake sts3215 on (\S+); Ctrl-C ends them\n", said)
    assert found
    try:
        assert main(["servo", "scan", "--port", found[1]]) == 0
        assert re.search(r"id +2 .* 80 degC", capsys.readouterr().out)
    finally:
        fake.send_signal(signal.SIGINT)
        assert fake.wait(10.0) == 0
        fake.stdout.close()


def test_a_trouble_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["servo", "fake", "--trouble", "bored:2"]) == 2
    assert "--trouble = bored:2: must be hot|" in capsys.readouterr().err


def test_its_hook_is_the_one_that_registers_the_body() -> None:
    found: list[str] = []
    wormctl_register_bodies(lambda offer: found.append(offer.name))
    assert found == ["bus-servo"]
