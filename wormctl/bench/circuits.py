"""The networks that are measured, with made-up parameters: only their size matters. No timing here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wormctl.connectome import load_connectome
from wormctl.neural.ltc import LTCParams, initial_params
from wormctl.neural.presynaptic import PresynapticParams
from wormctl.neural.wiring import Wiring, auto_ncp, connectome_wiring

DT_S = 0.02
UNFOLDS = 6
SEED = 7


@dataclass(frozen=True)
class Circuit:
    """One wiring with parameters for both kinds of activation."""

    name: str
    wiring: Wiring
    ltc: LTCParams
    presynaptic: PresynapticParams


def circuits() -> tuple[Circuit, ...]:
    """A small NCP of 19 neurons, and the worm: 302 neurons, 3,709 synapses, 1,091 gap junctions."""
    table = load_connectome()
    sensors = [n for n, kind in zip(table.names, table.types, strict=True) if kind == "sensory"][:10]
    motors = [n for n, kind in zip(table.names, table.types, strict=True) if kind == "motor"][:12]
    return (
        _filled("AutoNCP", auto_ncp(19, 4, inputs=8, seed=SEED)),
        _filled("connectome", connectome_wiring(sensors, motors)),
    )


def start_of(circuit: Circuit) -> NDArray[np.float64]:
    """A state (units,) away from rest."""
    return np.random.default_rng(SEED).uniform(-0.2, 0.8, circuit.wiring.units)


def _filled(name: str, wiring: Wiring) -> Circuit:
    ltc = initial_params(wiring, SEED)
    rng = np.random.default_rng(SEED)
    n = wiring.units
    presynaptic = PresynapticParams(
        gleak=ltc.gleak,
        vleak=ltc.vleak,
        cm=ltc.cm,
        mu=rng.uniform(0.3, 0.8, n),
        sigma=rng.uniform(3.0, 8.0, n),
        gself=rng.uniform(0.0, 0.5, n),
        w=ltc.w,
        erev=ltc.erev,
        g=ltc.g,
    )
    return Circuit(name, wiring, ltc, presynaptic)
