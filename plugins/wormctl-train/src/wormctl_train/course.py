"""Sending worms through trials: one compiled life on the planar body for each, the same for all worms of a generation.

The kernels are those of the real loop; `wormctl_sim.compiled_life` strings them together. Nothing is paid here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from wormctl_sim.arena import Arena
from wormctl_sim.compiled_life import Body, Film, Surroundings, live, make_body, make_film
from wormctl_sim.field_kernel import SOURCE_SIZE
from wormctl_sim.ground import Ground
from wormctl_sim.touch import REGIONS
from wormctl_sim.world_files import load_world

from wormctl.ablation import move_receptors, resolve, split_moves
from wormctl.binding import Bind
from wormctl.config import ConfigError
from wormctl.device import JOINT_POSITION
from wormctl.names import unknown
from wormctl.neural.presynaptic import PresynapticStructure
from wormctl.robot import Robot
from wormctl.snake import Snake, load_snake
from wormctl.summary import REACH_BODY_LENGTHS, first_within
from wormctl.worm.controller import STRETCH
from wormctl.worm.cuts import cut
from wormctl.worm.model import WormModel
from wormctl.worm.parts import new_state
from wormctl.worm.rest import resting_potential
from wormctl_train.anatomy import Anatomy
from wormctl_train.odometer import ODOMETER
from wormctl_train.payable import Shown
from wormctl_train.task import TrialSpec

DT_S = 0.02
UNFOLDS = 1
PHYSICS_HZ = 100.0
"""Half of what bodies use unless told otherwise: a trial takes two thirds of the time."""
_SMELLS: tuple[Literal["odour", "poison"], ...] = ("odour", "poison")
_SMELL = re.compile(rf"({'|'.join(_SMELLS)})\.[^.]+")
"""A channel of one nose in the middle: training has no other."""
_SEED = 0x7A1


class CheatError(Exception):
    """A life with a value that is not finite, or beyond what the body can do."""


@dataclass(frozen=True)
class Scene:
    """One life that is about to be lived, by any worm."""

    arena: Arena
    ground: Ground
    body: Body
    around: Surroundings


class Course:
    """One kind of trial, with everything that does not change from life to life. One for each process."""

    def __init__(self, spec: TrialSpec, robot: Robot, anatomy: Anatomy, world: str, where: str) -> None:
        """`world` is that of `spec`, by name or path; `where` names the trial in messages.

        Raises `ConfigError`.
        """
        self.spec, self._anatomy, self._where = spec, anatomy, where
        self.snake: Snake = load_snake(robot.description)
        self._world = world
        with self._about("world"):
            self.arena: Arena = load_world(world)
            self.arena.admit(self.snake)
            if self.arena.terrain is not None:
                raise ConfigError(f"{spec.world!r} is uneven, and training is done in a plane")
        cells = anatomy.connectome
        self._receptors = [cells.names[i] for i in anatomy.receptor_neuron]
        smells = (f"{smell}.{name}" for smell in _SMELLS for name in self.arena.names(smell))
        known = {*(bind.channel for bind in robot.binds), *smells, *REGIONS}
        for channel in spec.bind:
            if channel not in known:
                raise ConfigError(f"{where}.bind: {unknown('channel', channel, known)}")
        kept = [bind for bind in robot.binds if bind.channel not in spec.bind]
        binds = [*kept, *(Bind(channel=channel, to=to) for channel, to in spec.bind.items() if to)]
        with self._about("ablate"):
            moves, self._cuts = split_moves(resolve(spec.ablate))
            binds = list(move_receptors(binds, moves, robot.file))
        self._smells, links = self._channels(binds)
        self._links = np.array([(c, t) for c, t, _ in links], np.int64).reshape(-1, 2)
        self._gain = np.array([gain for _, _, gain in links])
        self._ticks = round(spec.seconds / DT_S)
        for name in spec.excite:
            if not anatomy.mask(name).any():
                known = {*anatomy.classes, *cells.names}
                raise ConfigError(f"{where}.excite: {unknown('cell or class', name, known)}")

    def has(self, what: str) -> bool:
        """Whether there are `pokes`, `foods` or `poisons` in its world."""
        arena = self.arena
        return len({"pokes": arena.pokes, "foods": arena.foods(), "poisons": arena.poisons()}[what]) > 0

    def worm(self, model: WormModel) -> WormModel:
        """`model` as this trial has it: parts cut, currents given.

        Raises `ConfigError` for a part that there is not: it takes a worm to find out.
        """
        with self._about("ablate"):
            model = cut(model, self._anatomy.connectome, self._cuts)
        return model.excited({i: c for n, c in self.spec.excite.items() for i in self._cells(n)})

    def scenes(self, generation: int) -> list[Scene]:
        """The lives of this trial in a generation: the same in every process."""
        rng = np.random.default_rng([_SEED, generation, *self.spec.name.encode()])
        turn = rng.uniform(-math.pi, math.pi)
        return [self._scene(rng, turn + 2 * math.pi * k / self.spec.lives) for k in range(self.spec.lives)]

    def run(self, model: WormModel, structure: PresynapticStructure, scenes: list[Scene]) -> list[Shown]:
        """What `model`, already changed by `worm`, shows in these scenes. Raises `CheatError`."""
        packed = model.pack(DT_S, UNFOLDS, structure)
        rest = resting_potential(packed, model.neuron_vleak.astype(np.float32))
        shown = []
        for scene in scenes:
            film = make_film(self._ticks, self.snake.links, len(self._smells))
            fine = live(packed, new_state(packed, rest), scene.body, scene.around, len(self._receptors), film)
            ODOMETER.add(self._ticks * DT_S)
            # Written so that what is not a number is a cheat, too.
            if not (fine and np.abs(film.joints).max() <= self.snake.limit_rad * 1.05):
                raise CheatError
            shown.append(self._developed(film, scene))
        return shown

    def _scene(self, rng: np.random.Generator, fan_rad: float) -> Scene:
        spec, arena = self.spec, load_world(self._world)
        arena.reset(int(rng.integers(1, 2**31)))
        if spec.fan:
            arena.start[2] = fan_rad
        varied = spec.vary
        snake, ground, latency, noise = varied.draw(rng, self.snake, spec.ground)
        body = make_body(
            snake,
            DT_S,
            physics_hz=PHYSICS_HZ,
            ground=ground,
            obstacles=arena.obstacles,
            start=arena.start,
            latency=round(latency / DT_S),
        )
        smells = [arena.rows(name) for name in self._smells]
        around = Surroundings(
            sources=arena.sources if len(arena.sources) else np.zeros((0, SOURCE_SIZE)),
            home=arena.home,
            circle=arena.circle,
            moves=arena.moves,
            extent=np.array(smells, np.int64).reshape(-1, 2),
            noise=noise * rng.standard_normal((self._ticks, len(smells))),
            pokes=arena.pokes,
            channel=np.ascontiguousarray(self._links[:, 0]),
            target=np.ascontiguousarray(self._links[:, 1]),
            gain=self._gain,
        )
        return Scene(arena, ground, body, around)

    def _developed(self, film: Film, scene: Scene) -> Shown:
        record = np.zeros(self._ticks, _record(self.snake))
        record["time_s"] = np.arange(self._ticks) * DT_S
        record["pose"], record["nose"], record["joint.position"] = film.pose, film.nose, film.joints
        distance = self._distance_m(film.nose, scene.arena)
        record["goal_distance_m"] = distance
        reach_m = REACH_BODY_LENGTHS * self.snake.length_m
        return Shown(
            record=record,
            period_s=DT_S,
            snake=self.snake,
            world=scene.arena,
            reach_m=reach_m,
            reached_s=first_within(distance, record["time_s"] + DT_S, reach_m),
            start_distance_m=float(distance[0]),
            ground=scene.ground,
        )

    def _distance_m(self, nose_m: NDArray[np.float64], arena: Arena) -> NDArray[np.float64]:
        nearest = np.full(len(nose_m), math.inf)
        if arena.moves:
            for i, (x, y) in enumerate(nose_m.tolist()):
                arena.advance(i * DT_S)
                nearest[i] = arena.goal_distance_m(x, y)
            return nearest
        for x, y, _ in arena.foods().tolist():
            nearest = np.minimum(nearest, np.hypot(nose_m[:, 0] - x, nose_m[:, 1] - y))
        return nearest

    def _channels(self, binds: list[Bind]) -> tuple[list[str], list[tuple[int, int, float]]]:
        """The smells that are bound, and the links from channels, numbered, to receptors."""
        smells = list(dict.fromkeys(b.channel for b in binds if _SMELL.fullmatch(b.channel)))
        numbers = {name: i for i, name in enumerate([*smells, *REGIONS])}
        links = []
        for bind in binds:
            if bind.channel == JOINT_POSITION and bind.to == [STRETCH]:
                continue
            own = "" if bind.channel in self.spec.bind else " of the robot"
            at = f"{self._where}: $.bind of {bind.channel}{own}"
            if bind.channel not in numbers:
                raise ConfigError(f"{at}: training knows smells at one nose, and touch")
            if bind.offset != 0.0:
                raise ConfigError(f"{at}.offset = {bind.offset:g}: must be 0 in training")
            for name in bind.to:
                if name not in self._receptors:
                    raise ConfigError(f"{at}: {unknown('input', name, self._receptors)}")
                links.append((numbers[bind.channel], self._receptors.index(name), bind.gain))
        return smells, links

    @contextmanager
    def _about(self, field: str) -> Iterator[None]:
        """What is wrong with a field of the trial is told with its name."""
        try:
            yield
        except ConfigError as error:
            raise ConfigError(f"{self._where}.{field}: {error}") from None

    def _cells(self, name: str) -> list[int]:
        return [int(i) for i in np.flatnonzero(self._anatomy.mask(name))]


def _record(snake: Snake) -> np.dtype[np.void]:
    return np.dtype(
        [
            ("time_s", "<f8"),
            ("pose", "<f8", (snake.links, 3)),
            ("nose", "<f8", (2,)),
            ("goal_distance_m", "<f8"),
            ("joint.position", "<f8", (snake.joints,)),
        ]
    )
