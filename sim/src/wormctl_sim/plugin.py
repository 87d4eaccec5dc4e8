"""What wormctl-sim registers: bodies, sensors and worlds, by the door every plugin uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from wormctl.config import read_toml
from wormctl.device import Body, Config, Sensor, World
from wormctl.hookspecs import Artist, Offer, hookimpl
from wormctl_sim.arena import Arena
from wormctl_sim.arena_config import ArenaConfig
from wormctl_sim.bullet_config import BulletConfig, GravityConfig, make_bullet_body
from wormctl_sim.planar_body import PlanarBody, PlanarConfig
from wormctl_sim.smell import OdourConfig, OdourSensor, PoisonConfig, PoisonSensor
from wormctl_sim.touch import NoseConfig, NoseSensor, TouchConfig, TouchSensor
from wormctl_sim.world_files import KIND, load_world, shipped_worlds


class Shipped(Config, frozen=True, kw_only=True):
    """A shipped world is taken as it is: no settings."""


@hookimpl
def wormctl_register_bodies(register: Callable[[Offer[Body]], None]) -> None:
    """The planar body, and the two forms of the PyBullet body."""
    register(
        Offer(
            name="planar",
            summary="a planar snake in numba: fast, runs everywhere",
            config=PlanarConfig,
            make=PlanarBody,
        )
    )
    register(
        Offer(
            name="pybullet",
            summary='a PyBullet snake that slides in the plane, or lies on the ground (form = "gravity")',
            config=BulletConfig,
            make=make_bullet_body,
        )
    )
    register(
        Offer(
            name="pybullet_gravity",
            summary="the PyBullet snake lying on flat or rough ground",
            config=GravityConfig,
            make=make_bullet_body,
        )
    )


@hookimpl
def wormctl_register_sensors(register: Callable[[Offer[Sensor]], None]) -> None:
    """What a simulated snake can smell and feel."""
    register(
        Offer(
            name="odour",
            summary="concentration of named odours at one nose, or at a left and a right one",
            config=OdourConfig,
            make=OdourSensor,
        )
    )
    register(
        Offer(
            name="poison",
            summary="concentration of named poisons at one nose, or at a left and a right one",
            config=PoisonConfig,
            make=PoisonSensor,
        )
    )
    register(
        Offer(
            name="touch",
            summary="contact force on the head, the front half, the back half and the tail",
            config=TouchConfig,
            make=TouchSensor,
        )
    )
    register(
        Offer(
            name="nose",
            summary="where the nose is",
            config=NoseConfig,
            make=NoseSensor,
        )
    )


@hookimpl
def wormctl_register_worlds(register: Callable[[Offer[World]], None]) -> None:
    """The arena, for world files with `kind = "arena"`, and every shipped world under its own name."""
    register(
        Offer(
            name=KIND,
            summary="a place with odours, poisons, pegs, walls and terrain, described in the world file",
            config=ArenaConfig,
            make=Arena,
        )
    )
    for name, path in shipped_worlds().items():
        summary = str(read_toml(path).get("summary", ""))
        register(Offer(name=name, summary=summary, config=Shipped, make=partial(_make_shipped, name)))


def _make_shipped(name: str, config: Shipped) -> Arena:
    return load_world(name)


@hookimpl
def wormctl_register_artists(register: Callable[[Artist], None]) -> None:
    """The picture and the video of a run, and the pictures of assays, ablations and shuffled wirings."""
    register(
        Artist(
            name="picture",
            summary="trajectory.png: the path of a simulated run over what it smelt",
            draw=_draw_picture,
            quick=True,
            simulated=True,
        )
    )
    register(
        Artist(
            name="traces",
            summary="traces.png: joints, neurons and channels of any run over time",
            draw=_draw_traces,
            quick=True,
        )
    )
    register(
        Artist(
            name="video",
            summary="video.mp4: a simulated run in at most 15 s, with its neurons beside it",
            draw=_draw_video,
            simulated=True,
        )
    )
    register(
        Artist(
            name="assays",
            summary="a picture of each assay: every way, how soon food was reached, how turns follow smell",
            draw=_draw_assays,
            kind="assays",
        )
    )
    register(
        Artist(
            name="ablations",
            summary="ablations.png: what is left of each behaviour, beside what was expected",
            draw=_draw_ablations,
            kind="ablations",
        )
    )
    register(
        Artist(
            name="controls",
            summary="controls.png: shuffled wirings after the same training, beside the true one",
            draw=_draw_controls,
            kind="controls",
        )
    )


def _draw_picture(folder: Path, progress: Callable[[float], None]) -> Sequence[Path]:
    from wormctl_sim.media import draw_picture_of

    return [draw_picture_of(folder)]


def _draw_traces(folder: Path, progress: Callable[[float], None]) -> Sequence[Path]:
    from wormctl_sim.media_traces import draw_traces

    return [draw_traces(folder)]


def _draw_video(folder: Path, progress: Callable[[float], None]) -> Sequence[Path]:
    from wormctl_sim.media import draw_video_of

    return [draw_video_of(folder, progress)]


def _draw_assays(folder: Path, progress: Callable[[float], None]) -> Sequence[Path]:
    from wormctl_sim.media_assay import draw_assays

    return draw_assays(folder, progress)


def _draw_ablations(folder: Path, progress: Callable[[float], None]) -> Sequence[Path]:
    from wormctl_sim.media_ablations import draw_ablations

    return draw_ablations(folder, progress)


def _draw_controls(folder: Path, progress: Callable[[float], None]) -> Sequence[Path]:
    from wormctl_sim.media_controls import draw_controls

    return draw_controls(folder, progress)
