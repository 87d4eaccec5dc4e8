"""Running candidate worms: one compiled closed loop on the planar body per trial.

The kernels are those of the real loop; `wormctl_sim.rollout` strings them together.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wormctl_sim.rollout import Setting, closed_loop, make_setting

from wormctl.neural.presynaptic import PresynapticStructure
from wormctl.snake import Snake, load_snake
from wormctl.worm.model import WormModel
from wormctl.worm.parts import CHEMICAL, Packed, State, new_state
from wormctl_train.anatomy import Anatomy, anatomy

DT_S = 0.02
UNFOLDS = 2

SMELL_CELLS = ("ASEL", "ASER")


@dataclass(frozen=True)
class Trial:
    """One life: how long, where the food lies from the start, which way the worm lies."""

    seconds: float
    heading_rad: float = 0.0
    bearing_rad: float = 0.0
    distance_m: float = 1000.0
    smell: bool = False


class Bench:
    """Everything that stays the same from trial to trial. One for each process."""

    def __init__(self, snake: Snake | None = None) -> None:
        self.snake = snake or load_snake()
        self.anatomy: Anatomy = anatomy(self.snake.joints)
        self.dt_s = DT_S
        self.length_m = self.snake.length_m
        self.limit_rad = self.snake.limit_rad
        self._structure: PresynapticStructure | None = None
        self._dorsal = self.anatomy.mask("SMDD", "SMBD").astype(float)
        self._ventral = self.anatomy.mask("SMDV", "SMBV").astype(float)
        cells = self.anatomy.connectome.names
        self._smell = np.array([cells[i] in SMELL_CELLS for i in self.anatomy.receptor_neuron])
        self._rest = np.zeros(len(cells), np.float32)
        self._silent = np.zeros_like(self._smell)
        self._setting: Setting = make_setting(self.snake, self.dt_s)

    def ticks(self, seconds: float) -> int:
        """Ticks in `seconds`."""
        return round(seconds / self.dt_s)

    def pushed(self, model: WormModel, push: float) -> WormModel:
        """`model` with a steady current: +push into SMDD and SMBD, -push into SMDV and SMBV."""
        return dataclasses.replace(
            model, neuron_bias=model.neuron_bias + push * (self._dorsal - self._ventral)
        )

    def excited(self, model: WormModel, cell: str, current: float) -> WormModel:
        """`model` with a steady `current` into the cells of that name."""
        return dataclasses.replace(model, neuron_bias=model.neuron_bias + current * self.anatomy.mask(cell))

    def blind(self, model: WormModel) -> WormModel:
        """`model` with every cell cut that has a receptor for chemicals."""
        return model.without(self.anatomy.receptor_neuron[self.anatomy.receptor_kind == CHEMICAL].tolist())

    def pack(self, model: WormModel) -> Packed:
        """`model` ready to run; the circuit's layout is made once and shared."""
        if self._structure is None:
            self._structure = model.structure()
        return model.pack(DT_S, UNFOLDS, self._structure)

    def run(self, model: WormModel, trial: Trial) -> NDArray[np.float64]:
        """The path of `model` in `trial`; see `wormctl_train.measure` for its columns."""
        return self.run_packed(self.pack(model), trial)

    def run_packed(self, worm: Packed, trial: Trial) -> NDArray[np.float64]:
        """The path of a packed worm."""
        path = np.empty((self.ticks(trial.seconds), 4 + self.snake.joints))
        food = np.array(
            [trial.distance_m * math.cos(trial.bearing_rad), trial.distance_m * math.sin(trial.bearing_rad)]
        )
        closed_loop(*self.life(worm), trial.heading_rad, food, self.smelling(trial.smell), path)
        return path

    def life(self, worm: Packed) -> tuple[Packed, State, Setting]:
        """The worm, a fresh state and the body it lives in: the first arguments of a closed loop."""
        return worm, new_state(worm, self._rest), self._setting

    def smelling(self, exposed: bool) -> NDArray[np.bool_]:
        """Which receptors the food reaches: those of `SMELL_CELLS`, or none."""
        return self._smell if exposed else self._silent
