"""`wormctl servo off`: whoever is on the bus lets go, whatever they are called and whatever they speak."""

from __future__ import annotations

from pathlib import Path

import pytest
from wormctl_bus_servo import relief
from wormctl_bus_servo.bus import RustypotBus
from wormctl_bus_servo.config import BusServoConfig, bauds_of
from wormctl_bus_servo.for_tests import Rig, rig
from wormctl_bus_servo.kinds import KINDS, Kind

from wormctl.cli import main


def off(snake: Rig, *words: str) -> int:
    return main(["servo", "off", "--port", snake.port.path, *words])


def stiffen(snake: Rig) -> None:
    for servo in snake.bus.servos.values():
        servo["torque_enable"], servo["goal_position"] = 1, servo["present_position"]


@pytest.mark.parametrize(("kind", "ids"), [("sts3215", range(21, 27)), ("xl330", range(1, 13))])
def test_off_reaches_everybody_whatever_they_are(
    kind: str, ids: range, capsys: pytest.CaptureFixture[str]
) -> None:
    with rig(kind, joints=len(ids), ids=list(ids)) as snake:
        stiffen(snake)
        assert off(snake) == 0
        assert (
            capsys.readouterr().out
            == f"torque off sent to all; {len(ids)} of {len(ids)} servos say that it is off\n"
        )
        assert snake.limp()


def test_off_misses_who_should_be_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    robot = tmp_path / "snake.toml"
    robot.write_text('[body]\nuse = "bus-servo"\nids = [1, 2, 12]\n')
    with rig(joints=3, ids=[1, 2, 12]) as snake:
        stiffen(snake)
        snake.bus[12]["id"] = 99
        assert off(snake, "--robot", str(robot)) == 1
        out, err = capsys.readouterr()
        assert out == "torque off sent to all; 3 of 4 servos say that it is off\n"
        assert err == "no answer of servo 12: CUT THEIR SUPPLY if they are stiff\n"
        assert snake.limp()


def test_off_says_who_is_still_on(capsys: pytest.CaptureFixture[str]) -> None:
    with rig(joints=12) as snake:
        stiffen(snake)
        snake.bus[2].deaf_to = frozenset({40})
        assert off(snake) == 1
        assert capsys.readouterr().err == "still on: 2: CUT THEIR SUPPLY\n"


def test_off_that_nobody_hears_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with rig(joints=2) as snake:
        snake.bus.powered = False
        assert off(snake, "--baud", "1000000") == 1
        out, err = capsys.readouterr()
        assert out == "torque off sent to all; 0 of 0 servos say that it is off\n"
        assert err.startswith(
            "no servo answers: is their supply on? other --kind, --baud or --robot? CUT THEIR SUPPLY"
        )


def test_off_is_sent_in_every_way_before_anybody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[tuple[str, int, str]] = []

    class Logging(RustypotBus):
        def __init__(self, kind: Kind, port: str, baud: int, timeout_s: float) -> None:
            super().__init__(kind, port, baud, timeout_s)
            self.way = kind.name, baud

        def broadcast(self, register: str, value: int) -> None:
            log.append((*self.way, f"{register} = {value}"))

        def scan(self) -> dict[int, int]:
            log.append((*self.way, "scan"))
            return {}

    monkeypatch.setattr(relief, "RustypotBus", Logging)
    with rig(joints=2) as snake:
        config = BusServoConfig(port=snake.port.path)
        assert relief.off(config, expected=(), any_kind=True, any_baud=True) == 1
    told = [way[:2] for way in log if way[2] == "torque_enable = 0"]
    assert told[:2] == [("sts3215", 1_000_000), ("xl330", 1_000_000)]
    assert sorted(told) == sorted(
        (name, baud) for name in ("sts3215", "xl330") for baud in bauds_of(KINDS[name].name)
    )
    assert [way[:2] for way in log[len(told) :]] == told
    assert all(way[2] == "scan" for way in log[len(told) :])
