"""The planar snake as a body: the kernels of `planar_kernel` behind the loop's contract."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormctl.device import Context
from wormctl.jit import njit
from wormctl_sim.arena_config import Terrain
from wormctl_sim.planar_kernel import link_poses, nose, planar_advance
from wormctl_sim.planar_layout import LINKS, contact_forces, joint_angles, planar_params, planar_state
from wormctl_sim.simulated import BodyConfig, SimulatedBody

FloatArray = NDArray[np.float64]


class PlanarConfig(BodyConfig, frozen=True, kw_only=True):
    """Settings of the planar body."""


class PlanarBody(SimulatedBody):
    """A fast snake on flat ground: servos as strong as the robot file's, drag taken implicitly."""

    def __init__(self, config: PlanarConfig | None = None) -> None:
        super().__init__("planar", config or PlanarConfig())
        self._params: FloatArray = np.zeros(0)
        self._state: FloatArray = np.zeros(0)

    def _build(
        self, context: Context, start: FloatArray, obstacles: FloatArray, terrain: Terrain | None
    ) -> None:
        self._params = planar_params(context.snake, self.ground, obstacles)
        self._state = planar_state(context.snake, start[0], start[1], start[2])
        # No steps: looks without moving, and compiles before the loop's clock starts.
        self._move(self._angles, 0)

    def _advance(self, setpoint_rad: FloatArray) -> None:
        self._move(setpoint_rad, self._steps)

    def _destroy(self) -> None:
        pass

    def _move(self, setpoint_rad: FloatArray, steps: int) -> None:
        truth = self.truth
        _tick(
            self._params,
            self._state,
            setpoint_rad,
            self._dt_s,
            steps,
            truth.pose,
            truth.nose,
            truth.contact_n,
            self._angles,
        )


@njit(cache=True)
def _tick(
    params: FloatArray,
    state: FloatArray,
    setpoint_rad: FloatArray,
    dt_s: float,
    steps: int,
    pose: FloatArray,
    nose_m: FloatArray,
    contact_n: FloatArray,
    angles_rad: FloatArray,
) -> None:
    """One period in one call, and what there is to see at its end."""
    planar_advance(params, state, setpoint_rad, dt_s, steps)
    link_poses(params, state, pose)
    nose(params, state, nose_m)
    links = int(params[LINKS])
    contact_n[:] = contact_forces(links, state)
    angles_rad[:] = joint_angles(links, state)
