"""LTC and CfC networks as named arrays, the form in which a policy file holds them, and back."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wormctl.neural.cfc import CfCLayer, CfCParams, Dense, check_cfc
from wormctl.neural.checks import InputError, integers, reals, refuse_others
from wormctl.neural.ltc import LTCParams, check_params
from wormctl.neural.tensors import Tensors
from wormctl.neural.wiring import Wiring, make_wiring

_WIRES = ("pre", "post", "sensory_pre", "sensory_post", "gap_a", "gap_b")
_PARAMS = tuple(field.name for field in dataclasses.fields(LTCParams) if field.name != "epsilon")
_HEADS = ("ff1", "ff2", "time_a", "time_b")
_BACKBONE = re.compile(r"layer(\d+)\.backbone(\d+)\.weight")


def ltc_tensors(wiring: Wiring, params: LTCParams) -> Tensors:
    """The arrays of an LTC network; indices int32, parameters float32. `epsilon` is not among them."""
    tensors: Tensors = {name: np.asarray(getattr(wiring, name), dtype=np.int32) for name in _WIRES}
    return tensors | {name: np.asarray(getattr(params, name), dtype=np.float32) for name in _PARAMS}


def ltc_from_tensors(
    tensors: Mapping[str, NDArray[np.generic]], names: Sequence[str], epsilon: float
) -> tuple[Wiring, LTCParams]:
    """The LTC network saved as `tensors`, its neurons called `names`. An `InputError` names what is wrong."""
    refuse_others(tensors, {*_WIRES, *_PARAMS})
    values = {name: reals(tensors, name, 1) for name in _PARAMS}
    wires = {name: integers(tensors, name) for name in _WIRES}
    wiring = make_wiring(
        units=len(names),
        inputs=values["input_w"].size,
        motors=values["output_w"].size,
        synapses=(wires["pre"], wires["post"], np.where(values["erev"] < 0.0, -1, 1)),
        sensory=(
            wires["sensory_pre"],
            wires["sensory_post"],
            np.where(values["sensory_erev"] < 0.0, -1, 1),
        ),
        gaps=(wires["gap_a"], wires["gap_b"]),
        names=names,
    )
    params = LTCParams(**values, epsilon=epsilon)
    check_params(wiring, params)
    return wiring, params


def cfc_tensors(params: CfCParams) -> Tensors:
    """The arrays of a CfC network, float32. `gate` and `activation` are not among them."""
    stages = [
        (f"layer{i}.{name}", dense) for i, layer in enumerate(params.layers) for name, dense in layer.stages()
    ]
    if params.projection:
        stages.append(("projection", params.projection))
    return {
        f"{name}.{part}": np.asarray(getattr(dense, part), dtype=np.float32)
        for name, dense in stages
        for part in ("weight", "bias")
    }


def cfc_from_tensors(tensors: Mapping[str, NDArray[np.generic]], gate: bool, activation: str) -> CfCParams:
    """The CfC network saved as `tensors`. An `InputError` names what is missing or of the wrong shape."""
    found = sorted((int(i), int(k)) for i, k in _BACKBONE.findall(" ".join(tensors)))
    layers: list[CfCLayer] = []
    while f"layer{len(layers)}.ff1.weight" in tensors:
        i = len(layers)
        backbone = tuple(_dense(tensors, f"layer{i}.backbone{k}") for layer, k in found if layer == i)
        heads = {name: _dense(tensors, f"layer{i}.{name}") for name in _HEADS}
        layers.append(CfCLayer(**heads, backbone=backbone))
    if not layers:
        raise InputError("there is no layer0.ff1.weight")
    projection = _dense(tensors, "projection") if "projection.weight" in tensors else None
    params = CfCParams(layers=tuple(layers), projection=projection, gate=gate, activation=activation)
    check_cfc(params)
    refuse_others(tensors, set(cfc_tensors(params)))
    return params


def _dense(tensors: Mapping[str, NDArray[np.generic]], name: str) -> Dense:
    return Dense(reals(tensors, f"{name}.weight", 2), reals(tensors, f"{name}.bias", 1))
