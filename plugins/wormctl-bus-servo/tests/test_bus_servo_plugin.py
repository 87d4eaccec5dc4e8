"""The package as the host sees it: what it offers, the kit, its robot file, and a run through the real loop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import wormctl_bus_servo.plugin
from wormctl_bus_servo.body import BusServoBody
from wormctl_bus_servo.config import BusServoConfig
from wormctl_bus_servo.for_tests import Rig, make_config, patient_bus, rig
from wormctl_bus_servo.guardian import no_guardian

from wormctl.assembly import assemble
from wormctl.device import Body
from wormctl.hookspecs import Offer
from wormctl.loop import TickView
from wormctl.plugins import Origin, Plugins, collect, load_plugins
from wormctl.robot import load_robot
from wormctl.testing import StillController, check_body
from wormctl.testing.kit import check_command

ROBOT = Path(wormctl_bus_servo.plugin.__file__).parent / "bus-servo-snake.toml"


def offer() -> Offer[Body]:
    """What a robot file asks for by `bus-servo`, with time for a busy machine and nobody on guard."""
    return Offer(
        name="bus-servo",
        summary="of the tests",
        config=BusServoConfig,
        make=lambda config: BusServoBody(config, patient_bus, lambda _, __: no_guardian()),
        robot=ROBOT,
    )


@pytest.mark.parametrize("kind", ["sts3215", "xl330"])
def test_it_passes_the_kit(kind: str) -> None:
    with rig(kind) as snake:
        check_body(offer(), config=make_config(snake.port.path, kind))
        assert snake.limp()
        assert snake.bus.protocol.damaged == 0
        assert not any(servo.forbidden for servo in snake.bus.servos.values())


def test_it_offers_a_body_and_a_command() -> None:
    offered = collect(wormctl_bus_servo.plugin)
    assert [one.name for one in offered["body"]] == ["bus-servo"]
    assert [one.name for one in offered["command"]] == ["servo"]
    check_command(offered["command"][0])


def test_the_host_lists_it_without_the_library() -> None:
    program = (
        "import sys; sys.modules['rustypot'] = None\n"
        "from wormctl.plugins import load_plugins\n"
        "p = load_plugins(); assert 'bus-servo' in p.bodies and 'servo' in p.commands, p.broken"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_robot_file_is_found_by_its_name_and_binds_the_stretch() -> None:
    robot = load_robot("bus-servo-snake")
    assert robot.body.use == "bus-servo"
    assert [bind.channel for bind in robot.binds] == ["joint.position"]
    load_plugins().body(robot.body.use, "body")


def loop_result(snake: Rig, at_tick: int, do: object, duration_s: float = 1.0) -> str:
    """Why a run of the real loop ended, something being done at a tick of it."""
    plugins = Plugins()
    from wormctl.plugins import Registered

    origin = Origin(plugin="bus_servo", distribution="test", version="0")
    plugins.bodies["bus-servo"] = Registered(thing=offer(), origin=origin)
    robot = load_robot(ROBOT).replace(body=None, world=None, policy=None, port=snake.port.path)
    with assemble(robot, plugins, seed=1, controller=StillController()) as assembly:

        def observe(view: TickView) -> None:
            if view.tick == at_tick and callable(do):
                do()

        result = assembly.loop(observers=[observe]).run(duration_s)
    return result.reason


def test_a_run_ends_when_its_time_is_up_and_leaves_the_snake_limp() -> None:
    with rig() as snake:
        assert loop_result(snake, 10, lambda: None) == "time"
        assert snake.limp()


def test_a_servo_that_dies_ends_a_run_by_its_name() -> None:
    with rig() as snake:

        def die() -> None:
            snake.bus[5].silent = True

        reason = loop_result(snake, 20, die, 20.0)
        assert reason.startswith("fault: bus-servo: ")
        assert "servo 5 (joint 4) does not answer" in reason or "joint.position" in reason
        snake.bus[5].silent = False
