"""A whole life as one compiled call, for evolution: the kernels of the real loop, body and world, strung together.

One tick is what `wormctl.loop` does: smell and feel, bind, think, limit, move. A test holds the two together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl.limits import Limits, allowed_step, limit_setpoint, make_limits
from wormctl.snake import Snake
from wormctl.worm.kernel import worm_tick
from wormctl.worm.parts import Packed, State
from wormctl_sim.field_kernel import concentration, move_sources
from wormctl_sim.ground import Ground
from wormctl_sim.planar_kernel import link_poses, nose, planar_advance
from wormctl_sim.planar_layout import contact_forces, joint_angles, planar_params, planar_reset, planar_state
from wormctl_sim.touch import REGIONS, feel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Body(NamedTuple):
    """A planar snake on its ground, and its limits."""

    params: FloatArray
    state: FloatArray
    links: int
    start: FloatArray
    """(3,): x_m, y_m and heading_rad of the head."""
    limits: Limits
    dt_s: float
    substeps: int
    latency: int
    """Ticks that setpoints take to reach the servos."""


class Surroundings(NamedTuple):
    """What there is to smell and feel, and which input it reaches.

    Channels are numbered: the smells in the order of `extent`, then the regions of touch.
    """

    sources: FloatArray
    """(n, SOURCE_SIZE); moved in place if `moves`."""
    home: FloatArray
    circle: FloatArray
    moves: bool
    extent: IntArray
    """(smells, 2): the first row of `sources` of each smell, and the one after its last."""
    noise: FloatArray
    """(ticks, smells): added to what is smelt."""
    pokes: FloatArray
    """(p, 4): region, start_s, end_s, force_n; see `wormctl_sim.arena.Arena`."""
    channel: IntArray
    """(k,): the channel of each link from a channel to an input."""
    target: IntArray
    """(k,): its input."""
    gain: FloatArray
    """(k,)"""


class Film(NamedTuple):
    """What a life showed, tick by tick: filled by `live`, whose ticks it counts."""

    pose: FloatArray
    """(ticks, links, 3): x_m, y_m, heading_rad of every link at the end of the tick, as is `nose`."""
    nose: FloatArray
    """(ticks, 2)"""
    joints: FloatArray
    """(ticks, joints): angles as they were read at the beginning of the tick, as are `channels`."""
    channels: FloatArray
    """(ticks, channels)"""


def make_body(
    snake: Snake,
    dt_s: float,
    *,
    physics_hz: float,
    ground: Ground | None = None,
    obstacles: FloatArray | None = None,
    start: FloatArray | None = None,
    latency: int = 0,
) -> Body:
    """The planar body of `snake` for ticks of `dt_s`; see `wormctl_sim.planar_layout.planar_params`."""
    return Body(
        params=planar_params(snake, ground, obstacles),
        state=planar_state(snake),
        links=snake.links,
        start=np.zeros(3) if start is None else start,
        limits=make_limits(snake, dt_s),
        dt_s=dt_s,
        substeps=round(physics_hz * dt_s),
        latency=latency,
    )


def make_film(ticks: int, links: int, smells: int) -> Film:
    """An empty film."""
    return Film(
        pose=np.zeros((ticks, links, 3)),
        nose=np.zeros((ticks, 2)),
        joints=np.zeros((ticks, links - 1)),
        channels=np.zeros((ticks, smells + len(REGIONS))),
    )


@njit(cache=True)
def live(worm: Packed, state: State, body: Body, around: Surroundings, receptors: int, film: Film) -> bool:
    """Let a worm live for as many ticks as `film` has; False as soon as a setpoint is not finite.

    `receptors` inputs come before the joints' bends; those that no channel reaches have no sample. `state` is the
    worm's, fresh; the body is put to its start.
    """
    joints = body.links - 1
    smells = around.extent.shape[0]
    touches = film.channels.shape[1] - smells
    x = np.zeros(receptors + joints)
    good = np.ones(receptors + joints, np.bool_)
    good[:receptors] = False
    for k in range(around.target.size):
        good[around.target[k]] = True
    wanted = np.zeros(joints)
    setpoint = np.zeros(joints)
    queue = np.zeros((body.latency + 1, joints))
    touch = np.zeros(touches)
    planar_reset(body.state, body.start[0], body.start[1], body.start[2])
    angles = joint_angles(body.links, body.state)
    contact = contact_forces(body.links, body.state)
    tip = film.nose[0]
    nose(body.params, body.state, tip)
    for i in range(film.nose.shape[0]):
        now_s = i * body.dt_s
        if around.moves:
            move_sources(around.sources, around.home, around.circle, now_s)
        channels = film.channels[i]
        for c in range(smells):
            here = around.sources[around.extent[c, 0] : around.extent[c, 1]]
            channels[c] = max(concentration(here, tip[0], tip[1]) + around.noise[i, c], 0.0)
        feel(contact, around.pokes, now_s, touch)
        for r in range(touches):
            channels[smells + r] = touch[r]
        x[:receptors] = 0.0
        for k in range(around.target.size):
            x[around.target[k]] += around.gain[k] * channels[around.channel[k]]
        for j in range(joints):
            x[receptors + j] = angles[j]
            film.joints[i, j] = angles[j]
        worm_tick(
            worm.ints, worm.floats, worm.circuit_ints, worm.circuit_floats,
            state.v, state.activity, state.floats, x, good, wanted,
        )  # fmt: skip
        bad = limit_setpoint(wanted, setpoint, body.limits.limit_rad, allowed_step(body.limits, i), setpoint)
        if bad > 0:
            return False
        for k in range(body.latency):
            queue[k] = queue[k + 1]
        queue[body.latency] = setpoint
        planar_advance(body.params, body.state, queue[0], body.dt_s / body.substeps, body.substeps)
        tip = film.nose[i]
        nose(body.params, body.state, tip)
        link_poses(body.params, body.state, film.pose[i])
    return True
