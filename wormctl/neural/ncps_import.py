"""Networks trained with the ncps library, from their state dict. Nothing of torch is needed here.

Export where torch is, with either of

    safetensors.torch.save_file(model.state_dict(), "net.safetensors")
    numpy.savez("net.npz", **{k: v.numpy() for k, v in model.state_dict().items()})

for a `model` that is an LTC, LTCCell, CfC or WiredCfCCell of `ncps.torch`. A state dict does not say how the
model was made, so `wormctl policy import-ncps` asks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from wormctl.neural.cfc import Array, CfCLayer, CfCParams, Dense, check_cfc
from wormctl.neural.checks import InputError, reals
from wormctl.neural.ltc import LTCParams, check_params
from wormctl.neural.tensors import Tensors
from wormctl.neural.wiring import Wiring, make_wiring

_LAYER = re.compile(r"layer_(\d+)\.ff1\.weight")
_BACKBONE = re.compile(r"backbone\.(\d+)\.weight")
MODES = ("default", "no_gate")


class NcpsImportError(ValueError):
    """The arrays are no network that can be imported. One line that says why."""


def kind_of(state: Mapping[str, NDArray[np.generic]]) -> str:
    """`ltc` or `cfc`, by the names in `state`. Raises `NcpsImportError` when it is neither."""
    if any(name.split(".")[-1] == "gleak" for name in state):
        return "ltc"
    if any(name.endswith("ff1.weight") for name in state):
        return "cfc"
    raise NcpsImportError(
        "no gleak (LTC) and no ff1.weight (CfC): this is not the state dict of an ncps cell"
    )


def has_backbone(state: Mapping[str, NDArray[np.generic]]) -> bool:
    """Whether the CfC in `state` has a backbone, which has an activation."""
    return any(_BACKBONE.search(name) for name in state)


def import_ltc(
    state: Mapping[str, NDArray[np.generic]], *, implicit_constraints: bool, epsilon: float = 1e-8
) -> tuple[Wiring, LTCParams]:
    """The network in the state dict of an `LTC` or `LTCCell`.

    `implicit_constraints` is the flag `implicit_param_constraints` that the model was made with: True is the
    default of `LTC`, False that of `LTCCell`. With it, gleak, cm, w and sensory_w pass through softplus.
    """
    cell = _cell(state, "gleak")
    units = _get(cell, "gleak", 1).size
    mask, sensory_mask = _get(cell, "sparsity_mask", 2), _get(cell, "sensory_sparsity_mask", 2)
    inputs = sensory_mask.shape[0]
    for name, matrix, shape in (
        ("sparsity_mask", mask, (units, units)),
        ("sensory_sparsity_mask", sensory_mask, (inputs, units)),
    ):
        if matrix.shape != shape:
            raise NcpsImportError(f"{name} has shape {matrix.shape}, must be {shape}")
    positive = _softplus if implicit_constraints else np.asarray
    pre, post = np.nonzero(mask)
    s_pre, s_post = np.nonzero(sensory_mask)

    def at(name: str, rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int]) -> Array:
        matrix = _get(cell, name, 2)
        if matrix.shape != shape:
            raise NcpsImportError(f"{name} has shape {matrix.shape}, must be {shape}")
        return matrix[rows, columns]

    recurrent = {name: at(name, pre, post, mask.shape) for name in ("sigma", "mu", "w", "erev")}
    sensory = {
        name: at(f"sensory_{name}", s_pre, s_post, sensory_mask.shape)
        for name in ("sigma", "mu", "w", "erev")
    }
    motors = _get(cell, "output_w", 1).size if "output_w" in cell else None
    if motors is None:
        raise NcpsImportError("there is no output_w: a model without output mapping does not tell its motors")
    params = LTCParams(
        gleak=positive(_get(cell, "gleak", 1)),
        vleak=_get(cell, "vleak", 1),
        cm=positive(_get(cell, "cm", 1)),
        sigma=recurrent["sigma"],
        mu=recurrent["mu"],
        # Multiplied, because a mask need not be 0 or 1.
        w=positive(recurrent["w"]) * mask[pre, post],
        erev=recurrent["erev"],
        sensory_sigma=sensory["sigma"],
        sensory_mu=sensory["mu"],
        sensory_w=positive(sensory["w"]) * sensory_mask[s_pre, s_post],
        sensory_erev=sensory["erev"],
        input_w=_get(cell, "input_w", 1) if "input_w" in cell else np.ones(inputs),
        input_b=_get(cell, "input_b", 1) if "input_b" in cell else np.zeros(inputs),
        output_w=_get(cell, "output_w", 1),
        output_b=_get(cell, "output_b", 1) if "output_b" in cell else np.zeros(motors),
        g=np.zeros(0),
        epsilon=epsilon,
    )
    try:
        wiring = make_wiring(
            units,
            inputs,
            motors,
            (pre, post, np.where(recurrent["erev"] < 0.0, -1, 1)),
            (s_pre, s_post, np.where(sensory["erev"] < 0.0, -1, 1)),
        )
        check_params(wiring, params)
    except InputError as error:
        raise NcpsImportError(str(error)) from None
    return wiring, params


def import_cfc(
    state: Mapping[str, NDArray[np.generic]], *, mode: str = "default", activation: str = "lecun_tanh"
) -> CfCParams:
    """The network in the state dict of a `CfC` or `CfCCell`, plain or wired.

    `mode` and `activation` (of the backbone) are what the model was made with. Mode "pure" is not supported.
    """
    if mode not in MODES:
        raise NcpsImportError(f"mode = {mode!r}, must be one of {', '.join(MODES)}")
    cell = _cell(state, "ff1.weight")
    wired = sorted(int(found[1]) for name in cell if (found := _LAYER.fullmatch(name)))
    prefixes = [f"layer_{k}." for k in wired] or [""]
    if wired != list(range(len(wired))):
        raise NcpsImportError(f"layers {wired} are not numbered from 0")
    projection = (
        Dense(_get(state, "fc.weight", 2), _get(state, "fc.bias", 1)) if "fc.weight" in state else None
    )
    params = CfCParams(
        layers=tuple(_cfc_layer(cell, prefix) for prefix in prefixes),
        projection=projection,
        gate=mode != "no_gate",
        activation=activation,
    )
    try:
        check_cfc(params)
    except InputError as error:
        raise NcpsImportError(str(error)) from None
    return params


def _cfc_layer(cell: Tensors, prefix: str) -> CfCLayer:
    if f"{prefix}w_tau" in cell:
        raise NcpsImportError(f"mode 'pure' is not supported, must be one of {', '.join(MODES)}")
    names = [name.removeprefix(prefix) for name in cell if name.startswith(prefix)]
    backbone = sorted(int(found[1]) for name in names if (found := _BACKBONE.fullmatch(name)))
    mask = _get(cell, f"{prefix}sparsity_mask", 2) if f"{prefix}sparsity_mask" in cell else None

    def dense(name: str) -> Dense:
        return Dense(_get(cell, f"{prefix}{name}.weight", 2), _get(cell, f"{prefix}{name}.bias", 1))

    def masked(name: str) -> Dense:
        whole = dense(name)
        if mask is None:
            return whole
        if mask.shape != whole.weight.shape:
            raise NcpsImportError(
                f"{prefix}sparsity_mask has shape {mask.shape}, must be {whole.weight.shape}"
            )
        return Dense(whole.weight * mask, whole.bias)

    return CfCLayer(
        ff1=masked("ff1"),
        ff2=masked("ff2"),
        time_a=dense("time_a"),
        time_b=dense("time_b"),
        backbone=tuple(dense(f"backbone.{k}") for k in backbone),
    )


def _cell(state: Mapping[str, NDArray[np.generic]], key: str) -> Tensors:
    """The arrays of the cell, without whatever the model around it puts before their names."""
    if any("lstm." in name for name in state):
        raise NcpsImportError(
            "this model has a mixed memory (an LSTM beside the cell), which is not supported"
        )
    full = next((name for name in sorted(state) if name == key or name.endswith(f".{key}")), None)
    if full is None:
        raise NcpsImportError(f"there is no {key}: this is not the state dict of the cell asked for")
    prefix = re.sub(r"layer_\d+\.$", "", full.removesuffix(key))
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}


def _get(cell: Mapping[str, NDArray[np.generic]], name: str, dimensions: int) -> Array:
    try:
        return reals(cell, name, dimensions)
    except InputError as error:
        raise NcpsImportError(str(error)) from None


def _softplus(x: Array) -> Array:
    """ln(1 + exp x), and x itself above 20, as torch does."""
    return np.where(x > 20.0, x, np.log1p(np.exp(np.minimum(x, 20.0))))
