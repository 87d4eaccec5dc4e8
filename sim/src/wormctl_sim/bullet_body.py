"""The PyBullet snake as a body, in its two forms: servo aims and ground forces computed before every step."""

from __future__ import annotations

import math
import struct
from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from wormctl.device import Context, World
from wormctl_sim import bullet_scene as scene
from wormctl_sim.arena import Arena
from wormctl_sim.arena_config import Terrain
from wormctl_sim.bullet_client import connect, disconnect, p
from wormctl_sim.bullet_config import BulletConfig
from wormctl_sim.bullet_servos import drive
from wormctl_sim.bullet_window import (
    ANGLES,
    FOOD_COLOUR,
    MIDDLE,
    ODOUR_COLOUR,
    PLACE,
    POISON_COLOUR,
    TURN,
    Colour,
    Stage,
    Window,
)
from wormctl_sim.drag_kernel import look, planar_drag
from wormctl_sim.field_kernel import X_M, Y_M
from wormctl_sim.planar_layout import RADIUS_M, planar_params, planar_state
from wormctl_sim.simulated import SimulatedBody
from wormctl_sim.terrain import make_relief
from wormctl_sim.weight_kernel import GRAVITY_M_S2, ground_reaction

FloatArray = NDArray[np.float64]

SETTLE_S = 0.5
"""How long the gravity form lies still before the run, to come to rest on its ground."""


class BulletBody(SimulatedBody):
    """What both forms share. `client` and `snake_id` are PyBullet's numbers, for whoever wants to draw it."""

    _head = -1
    """PyBullet's number of the head link."""
    _first_joint = 0
    """PyBullet's number of the snake's first joint."""
    _on_head = 3
    """Forces in `_force` that act on the head link; those in the joints follow."""

    def __init__(self, config: BulletConfig) -> None:
        super().__init__("pybullet", config)
        self._gui = config.gui
        self._window: Window | None = None
        self._picture: FloatArray = np.zeros(0)
        self._smells: list[FloatArray] = []
        self.client = self.snake_id = -1
        joints = config.joints
        self._params: FloatArray = np.zeros(0)
        self._state: FloatArray = np.zeros(0)
        self._guess: FloatArray = np.zeros((2, joints + 3))
        self._dof: FloatArray = np.zeros((2, joints + 3))
        # Far quicker than assigning a sequence to the array.
        self._dof_bytes = self._dof.data
        self._pack_dof = struct.Struct(f"{self._dof.size}d").pack_into
        self._joint_ids = list(range(self._first_joint, self._first_joint + joints))
        self._driven_ids = list(range(self._first_joint + joints))
        self._force: FloatArray = np.zeros(self._on_head + joints)
        self._work: FloatArray = np.zeros((6, joints + 1))
        self._obstacles: list[int] = []
        self._relief = make_relief(None, 0)

    def _build(
        self, context: Context, start: FloatArray, obstacles: FloatArray, terrain: Terrain | None
    ) -> None:
        snake = context.snake
        self._params = planar_params(snake, self.ground)
        self._state = planar_state(snake)
        self._dof[:] = self._guess[:] = 0.0
        self.client = connect(dt_s=self._dt_s)
        try:
            self._obstacles = scene.add_obstacles(self.client, obstacles)
            self._add_snake(context, start, terrain)
            self._sense()
            self._see()
            if self._gui:
                self._open_window(context, obstacles)
        except BaseException:
            self._destroy()
            raise

    def _advance(self, setpoint_rad: FloatArray) -> None:
        for left in range(self._steps, 0, -1):
            self._drive(setpoint_rad, left)
            self._push(self._force.tolist())
            p.stepSimulation(physicsClientId=self.client)
            self._sense()
        self._see()
        if self._window is not None:
            self._draw()
            self._window.show(self._picture)

    def _drive(self, setpoint_rad: FloatArray, left: int) -> None:
        """Fill `_force` for the coming step, with `left` steps to go to the setpoint."""
        self._resist()
        drive(self._params, self._state, self._dof, self._guess, setpoint_rad, left, self._dt_s, self._force)

    def _destroy(self) -> None:
        if self._window is not None:
            self._window.close()
            self._window = None
        disconnect(self.client)
        self.client = self.snake_id = -1

    def _open_window(self, context: Context, obstacles: FloatArray) -> None:
        """Show the simulation, which does not know of it, in a window. Raises `DeviceError`."""
        smells = _smells(context.world)
        self._smells = [sources for sources, _ in smells]
        markers = [colour for sources, colour in smells for _ in sources]
        self._picture = np.zeros(ANGLES + self.config.joints + 2 * len(markers))
        self._draw()
        self._window = Window(Stage(context.snake, obstacles, self._relief, markers, self._picture))

    def _draw(self) -> None:
        """Refresh `_picture`."""
        picture, markers = self._picture, ANGLES + self.config.joints
        self.truth.pose[:, :2].mean(axis=0, out=picture[MIDDLE])
        self._draw_head(picture[PLACE], picture[TURN])
        picture[ANGLES:markers] = self._angles
        if self._smells:
            picture[markers:] = np.concatenate([s[:, X_M : Y_M + 1].ravel() for s in self._smells])

    def _see(self) -> None:
        """Refresh what the rest of the program may see; once a period."""
        look(self._params, self._dof, self.truth.pose, self.truth.nose, self._angles)
        if self._obstacles:
            contact = self.truth.contact_n
            contact[:] = 0.0
            for body in self._obstacles:
                for touch in p.getContactPoints(self.snake_id, body, physicsClientId=self.client):
                    contact[touch[3] - self._head] += touch[9]

    @abstractmethod
    def _add_snake(self, context: Context, start: FloatArray, terrain: Terrain | None) -> None:
        """Put the snake, and what it lies on, into the simulation."""

    @abstractmethod
    def _sense(self) -> None:
        """Refresh `_dof` from the simulation."""

    @abstractmethod
    def _resist(self) -> None:
        """Fill `_force` with what the ground does to the snake in the coming step."""

    @abstractmethod
    def _push(self, force: list[float]) -> None:
        """Apply `force`, as `_force` has it, for the coming step."""

    @abstractmethod
    def _draw_head(self, place_m: FloatArray, turn: FloatArray) -> None:
        """Fill in x, y and z of the head link's centre, and its orientation, (x, y, z, w)."""


class PlanarRootBody(BulletBody):
    """The head slides on two prismatic joints and a pivot: fast, in the plane, no weight."""

    _head = 2
    _first_joint = 3

    def _add_snake(self, context: Context, start: FloatArray, terrain: Terrain | None) -> None:
        self.snake_id = scene.add_planar_snake(self.client, context.snake, start, solid=bool(self._obstacles))
        self._drive(np.zeros(context.snake.joints), 1)  # compiled now, not in the first tick

    def _sense(self) -> None:
        states = p.getJointStates(self.snake_id, self._driven_ids, physicsClientId=self.client)
        self._pack_dof(self._dof_bytes, 0, *[state[0] for state in states], *[state[1] for state in states])

    def _resist(self) -> None:
        planar_drag(self._params, self._dof, self._dt_s, self._force, self._work)

    def _push(self, force: list[float]) -> None:
        p.setJointMotorControlArray(
            self.snake_id, self._driven_ids, p.TORQUE_CONTROL, forces=force, physicsClientId=self.client
        )

    def _draw_head(self, place_m: FloatArray, turn: FloatArray) -> None:
        x_m, y_m, heading_rad = self._dof[0, :3].tolist()
        place_m[:] = x_m, y_m, self._params[RADIUS_M]
        turn[:] = 0.0, 0.0, math.sin(heading_rad / 2), math.cos(heading_rad / 2)


class GravityBody(BulletBody):
    """A free snake lying on flat or rough ground."""

    _on_head = 6

    def __init__(self, config: BulletConfig) -> None:
        super().__init__(config)
        self._base: FloatArray = np.zeros(13)
        self._base_bytes = self._base.data
        self._pack_base = struct.Struct("13d").pack_into

    def _add_snake(self, context: Context, start: FloatArray, terrain: Terrain | None) -> None:
        snake = context.snake
        p.setGravity(0, 0, -GRAVITY_M_S2, physicsClientId=self.client)
        self._relief = make_relief(terrain, int(getattr(context.world, "seed", context.seed)))
        height_m = float(self._relief.heights.max()) + snake.link.radius_m
        self.snake_id = scene.add_free_snake(self.client, snake, start, height_m, solid=bool(self._obstacles))
        self._dof[0, 2] = start[2]
        self._sense()
        steps, self._steps = self._steps, round(SETTLE_S / self._dt_s)
        self._advance(np.zeros(snake.joints))
        self._steps = steps

    def _sense(self) -> None:
        place, turn = p.getBasePositionAndOrientation(self.snake_id, physicsClientId=self.client)
        speed, spin = p.getBaseVelocity(self.snake_id, physicsClientId=self.client)
        states = p.getJointStates(self.snake_id, self._joint_ids, physicsClientId=self.client)
        self._pack_base(self._base_bytes, 0, *place, *turn, *speed, *spin)
        x, y, z, w = turn
        yaw = math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
        # Headings are not wrapped: the nearest turn to the last one.
        yaw += 2 * math.pi * round((self._dof[0, 2] - yaw) / (2 * math.pi))
        angles = [state[0] for state in states]
        rates = [state[1] for state in states]
        self._pack_dof(
            self._dof_bytes, 0, place[0], place[1], yaw, *angles, speed[0], speed[1], spin[2], *rates
        )

    def _resist(self) -> None:
        ground_reaction(
            self._params, self._base, self._dof, self._relief, self._dt_s, self._force, self._work
        )

    def _push(self, force: list[float]) -> None:
        at = self._base[:3].tolist()
        p.applyExternalForce(self.snake_id, -1, force[:3], at, p.WORLD_FRAME, physicsClientId=self.client)
        p.applyExternalTorque(self.snake_id, -1, force[3:6], p.WORLD_FRAME, physicsClientId=self.client)
        p.setJointMotorControlArray(
            self.snake_id, self._joint_ids, p.TORQUE_CONTROL, forces=force[6:], physicsClientId=self.client
        )

    def _draw_head(self, place_m: FloatArray, turn: FloatArray) -> None:
        place_m[:] = self._base[:3]
        turn[:] = self._base[3:7]


def _smells(world: World | None) -> list[tuple[FloatArray, Colour]]:
    """The sources of every smell there is, as `field_kernel` has them, and the colour to mark them with."""
    if not isinstance(world, Arena):
        return []
    foods = {odour.name for odour in world.config.odour if odour.food}
    return [
        (world.field("odour", name), FOOD_COLOUR if name in foods else ODOUR_COLOUR)
        for name in world.names("odour")
    ] + [(world.field("poison", name), POISON_COLOUR) for name in world.names("poison")]
