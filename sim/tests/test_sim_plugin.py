"""What wormctl-sim offers keeps the contract, by the conformance kit that plugin authors use."""

from __future__ import annotations

import subprocess
import sys

import pytest
from wormctl_sim import bullet_config, plugin
from wormctl_sim.planar_body import PlanarBody
from wormctl_sim.world_files import load_world, shipped_worlds

from wormctl import plugins
from wormctl.device import Context, DeviceError
from wormctl.snake import load_snake
from wormctl.testing import check_body, check_sensor, check_world

OFFERED = plugins.collect(plugin)
BODIES = {offer.name: offer for offer in OFFERED["body"]}
SENSORS = {offer.name: offer for offer in OFFERED["sensor"]}
WORLDS = {offer.name: offer for offer in OFFERED["world"]}
needs_bullet = pytest.mark.skipif(not bullet_config.bullet_installed(), reason="PyBullet is not installed")


@pytest.mark.parametrize(
    "name",
    [
        "planar",
        pytest.param("pybullet", marks=needs_bullet),
        pytest.param("pybullet_gravity", marks=needs_bullet),
    ],
)
def test_bodies_conform(name: str) -> None:
    check_body(BODIES[name])


@pytest.mark.parametrize("name", sorted(SENSORS))
def test_sensors_conform(name: str) -> None:
    world = load_world("poison")
    body = PlanarBody()
    context = Context(snake=load_snake(), period_s=0.02, seed=1, world=world)
    body.configure(context)
    check_sensor(
        SENSORS[name], context=Context(snake=load_snake(), period_s=0.02, seed=1, world=world, body=body)
    )


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_worlds_conform_and_say_what_they_are(name: str) -> None:
    check_world(WORLDS[name])
    assert WORLDS[name].summary


def test_every_shipped_world_is_offered_under_its_name() -> None:
    assert set(WORLDS) == set(shipped_worlds()) | {"arena"}
    assert {"food", "food_ahead"} <= set(WORLDS)


def test_without_pybullet_the_error_says_where_it_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bullet_config, "bullet_installed", lambda: False)
    monkeypatch.setattr(bullet_config, "_loading_error", lambda: None)
    with pytest.raises(DeviceError, match=r"for Linux on x86-64 with Python 3\.11 only, is not installed"):
        BODIES["pybullet"].make(bullet_config.BulletConfig())


@pytest.mark.parametrize("name", ["planar", pytest.param("pybullet", marks=needs_bullet)])
def test_uneven_ground_says_which_body_lies_on_it(name: str) -> None:
    context = Context(snake=load_snake(), period_s=0.02, seed=1, world=load_world("rough"))
    body = BODIES[name].make(BODIES[name].config())
    with pytest.raises(
        DeviceError, match=r'add --body pybullet_gravity, or write use = "pybullet_gravity" in'
    ):
        body.configure(context)


@pytest.mark.parametrize(
    ("period_s", "said"),
    [(1 / 150, "150, the loop's rate_hz, such as 300"), (1 / 400, "400, the loop's rate_hz, such as 400")],
)
def test_physics_that_does_not_fit_the_loop_says_what_does(period_s: float, said: str) -> None:
    with pytest.raises(DeviceError) as caught:
        PlanarBody().configure(Context(snake=load_snake(), period_s=period_s, seed=1))
    assert str(caught.value) == (f"$.physics_hz = 200: must be a whole multiple of {said}")


def test_the_plugin_loads_without_pybullet() -> None:
    """A Pi has none: nothing but the body that needs it may import it."""
    code = (
        "import sys; sys.modules['pybullet'] = None\n"
        "from wormctl.plugins import load_plugins\n"
        "assert 'planar' in load_plugins().bodies"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
