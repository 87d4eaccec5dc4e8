"""Putting things into a PyBullet simulation: the snake in its two forms, and obstacles."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wormctl.snake import Snake
from wormctl_sim.bullet_client import p
from wormctl_sim.planar_contact import CONTACT_FRICTION
from wormctl_sim.planar_layout import INERTIA_KGM2, planar_params

FloatArray = NDArray[np.float64]

GAP_M = 0.005
"""Between the shapes of neighbouring links."""
OBSTACLE_HEIGHT_M = 0.2
SURFACE_FRICTION = math.sqrt(CONTACT_FRICTION)
"""Of links and obstacles; PyBullet multiplies the two."""
_UPRIGHT = (0.0, 0.0, 0.0, 1.0)
_PART = 15
"""Obstacles in one compound shape: far fewer bodies, and still cheap to cull."""

HEAD_COLOUR = (0.90, 0.35, 0.20, 1.0)
BODY_COLOUR = (0.95, 0.78, 0.45, 1.0)
OBSTACLE_COLOUR = (0.45, 0.47, 0.50, 1.0)


def add_planar_snake(client: int, snake: Snake, start: FloatArray, *, solid: bool) -> int:
    """A snake whose head hangs on a slide in x, one in y and a pivot; capsule links, no weight.

    Joints 0 to 2 are x, y and yaw of the head link's centre, then come the snake's own. Only a `solid` one
    can touch anything. Returns its number.
    """
    link = snake.link
    shape = {
        "shapeType": p.GEOM_CAPSULE,
        "radius": link.radius_m,
        "collisionFrameOrientation": p.getQuaternionFromEuler((0, math.pi / 2, 0)),
        "height": link.length_m - GAP_M - 2 * link.radius_m,
    }
    head, rest = _shapes(client, snake, shape, solid)
    tiny_kg = 1e-4
    joints = snake.joints
    body = int(
        p.createMultiBody(
            baseMass=0,
            basePosition=(0, 0, link.radius_m),
            linkMasses=[tiny_kg, tiny_kg] + [link.mass_kg] * snake.links,
            linkCollisionShapeIndices=[-1, -1, head[0]] + [rest[0]] * joints,
            linkVisualShapeIndices=[-1, -1, head[1]] + [rest[1]] * joints,
            linkPositions=[[0, 0, 0]] * 3 + _joint_positions(snake),
            linkOrientations=[_UPRIGHT] * (snake.links + 2),
            linkInertialFramePositions=[[0, 0, 0]] * 3 + [[-link.length_m / 2, 0, 0]] * joints,
            linkInertialFrameOrientations=[_UPRIGHT] * (snake.links + 2),
            linkParentIndices=list(range(snake.links + 2)),
            linkJointTypes=[p.JOINT_PRISMATIC] * 2 + [p.JOINT_REVOLUTE] * snake.links,
            linkJointAxis=[[1, 0, 0], [0, 1, 0]] + [[0, 0, 1]] * snake.links,
            physicsClientId=client,
        )
    )
    _set_dynamics(client, body, snake, head=2)
    for i in range(2):
        p.changeDynamics(body, i, localInertiaDiagonal=[1e-6] * 3, physicsClientId=client)
    for i in range(3):
        p.resetJointState(body, i, float(start[i]), 0.0, physicsClientId=client)
    return body


def add_free_snake(client: int, snake: Snake, start: FloatArray, height_m: float, *, solid: bool) -> int:
    """A snake free in space with box links, its head link the base, `height_m` up.

    Only a `solid` one can touch anything. Returns its number.
    """
    link = snake.link
    half = [(link.length_m - GAP_M) / 2, link.radius_m, link.radius_m]
    head, rest = _shapes(client, snake, {"shapeType": p.GEOM_BOX, "halfExtents": half}, solid)
    joints = snake.joints
    body = int(
        p.createMultiBody(
            baseMass=link.mass_kg,
            baseCollisionShapeIndex=head[0],
            baseVisualShapeIndex=head[1],
            basePosition=(float(start[0]), float(start[1]), height_m),
            baseOrientation=p.getQuaternionFromEuler((0, 0, float(start[2]))),
            linkMasses=[link.mass_kg] * joints,
            linkCollisionShapeIndices=[rest[0]] * joints,
            linkVisualShapeIndices=[rest[1]] * joints,
            linkPositions=_joint_positions(snake),
            linkOrientations=[_UPRIGHT] * joints,
            linkInertialFramePositions=[[-link.length_m / 2, 0, 0]] * joints,
            linkInertialFrameOrientations=[_UPRIGHT] * joints,
            linkParentIndices=list(range(joints)),
            linkJointTypes=[p.JOINT_REVOLUTE] * joints,
            linkJointAxis=[[0, 0, 1]] * joints,
            physicsClientId=client,
        )
    )
    _set_dynamics(client, body, snake, head=-1)
    return body


def add_obstacles(client: int, obstacles: FloatArray) -> list[int]:
    """Static round-ended rods, (n, 5) as `planar_params` takes them, set upright. Returns their bodies."""
    bodies = []
    parts: list[tuple[int, list[float], float, list[float], Sequence[float]]] = []
    for x1, y1, x2, y2, radius in obstacles.tolist():
        length = math.hypot(x2 - x1, y2 - y1)
        for x, y in {(x1, y1), (x2, y2)}:
            parts.append((p.GEOM_CYLINDER, [0.0, 0.0, 0.0], radius, [x, y, 0.0], _UPRIGHT))
        if length > 0:
            turn = p.getQuaternionFromEuler((0, 0, math.atan2(y2 - y1, x2 - x1)))
            middle = [(x1 + x2) / 2, (y1 + y2) / 2, 0.0]
            parts.append((p.GEOM_BOX, [length / 2, radius, OBSTACLE_HEIGHT_M / 2], 0.0, middle, turn))
    for first in range(0, len(parts), _PART):
        types, extents, radii, places, turns = (
            list(v) for v in zip(*parts[first : first + _PART], strict=True)
        )
        shape = p.createCollisionShapeArray(
            shapeTypes=types,
            halfExtents=extents,
            radii=radii,
            lengths=[OBSTACLE_HEIGHT_M] * len(types),
            collisionFramePositions=places,
            collisionFrameOrientations=turns,
            physicsClientId=client,
        )
        body = int(p.createMultiBody(0, shape, -1, (0, 0, OBSTACLE_HEIGHT_M / 2), physicsClientId=client))
        p.changeDynamics(body, -1, lateralFriction=SURFACE_FRICTION, physicsClientId=client)
        p.changeVisualShape(body, -1, rgbaColor=OBSTACLE_COLOUR, physicsClientId=client)
        bodies.append(body)
    return bodies


def _joint_positions(snake: Snake) -> list[list[float]]:
    """Each joint seen from the frame of the link before it: the head's centre, and then the joint before."""
    length = snake.link.length_m
    return [[-length / 2, 0.0, 0.0]] + [[-length, 0.0, 0.0]] * (snake.joints - 1)


def _shapes(
    client: int, snake: Snake, shape: dict[str, object], solid: bool
) -> tuple[tuple[int, int], tuple[int, int]]:
    """(collision, visual) of the head, whose frame is its centre, and of the rest, whose frame is a joint."""
    made = []
    for offset, colour in ((0.0, HEAD_COLOUR), (-snake.link.length_m / 2, BODY_COLOUR)):
        place = (offset, 0.0, 0.0)
        # Shapes cost time in every step, and there may be nothing to touch.
        body = (
            p.createCollisionShape(**shape, collisionFramePosition=place, physicsClientId=client)
            if solid
            else -1
        )
        look = {k.replace("collision", "visual").replace("height", "length"): v for k, v in shape.items()}
        seen = p.createVisualShape(
            **look, visualFramePosition=place, rgbaColor=colour, physicsClientId=client
        )
        made.append((int(body), int(seen)))
    return made[0], made[1]


def _set_dynamics(client: int, body: int, snake: Snake, head: int) -> None:
    """Masses' inertia, friction, no hidden damping, motors off. `head` is the head link's number.

    Damping and link properties go in separate calls: PyBullet sends a mixed call to the base.
    """
    p.changeDynamics(body, -1, linearDamping=0, angularDamping=0, physicsClientId=client)
    about_z = float(planar_params(snake)[INERTIA_KGM2])
    about_x = snake.link.mass_kg * 8 * snake.link.radius_m**2 / 12
    for i in range(head, head + snake.links):
        p.changeDynamics(body, i, localInertiaDiagonal=[about_x, about_z, about_z], physicsClientId=client)
        p.changeDynamics(body, i, lateralFriction=SURFACE_FRICTION, physicsClientId=client)
    first = p.getNumJoints(body, physicsClientId=client) - snake.joints
    for i in range(first, first + snake.joints):
        p.changeDynamics(
            body,
            i,
            jointLowerLimit=-snake.limit_rad,
            jointUpperLimit=snake.limit_rad,
            physicsClientId=client,
        )
    for i in range(p.getNumJoints(body, physicsClientId=client)):
        p.changeDynamics(body, i, jointDamping=0, physicsClientId=client)
        p.setJointMotorControl2(body, i, p.VELOCITY_CONTROL, force=0, physicsClientId=client)
