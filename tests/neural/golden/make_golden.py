"""Makes the `*.npz` beside it from ncps 1.0.1 itself; run only when a case is added.

    python -m venv ncps && ncps/bin/pip install torch==2.13.0 ncps==1.0.1 numpy packaging future
    ncps/bin/python tests/neural/golden/make_golden.py

Each file holds the state dict of one model (keys `state_dict/...`), random states and inputs, and what one
tick from each of them gives in float32 and float64, for several elapsed times: a teacher-forced comparison.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from ncps.torch import LTC, CfC
from ncps.wirings import AutoNCP, FullyConnected, Random

HERE = Path(__file__).parent
ELAPSED = (0.001, 0.02, 0.1, 1.0, 10.0)
TRIALS = 4


def randomised(model: torch.nn.Module, spread: float) -> torch.nn.Module:
    """Move every trainable number off its start, so that no parameter is a neutral 0 or 1."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(spread * torch.randn_like(parameter))
    return model


def ltc(wiring: object, inputs: int, unfolds: int, implicit: bool) -> torch.nn.Module:
    model = LTC(inputs, wiring, ode_unfolds=unfolds, implicit_param_constraints=implicit)
    model = randomised(model, 0.1)
    if not implicit:
        model.rnn_cell.apply_weight_constraints()
        for name in ("gleak", "cm"):
            getattr(model.rnn_cell, name).data.clamp_(min=0.05)
    return model


def tick(
    model: torch.nn.Module, x: np.ndarray, h: np.ndarray, elapsed: float, dtype: torch.dtype
) -> list[np.ndarray]:
    model = model.to(dtype)
    with torch.inference_mode():
        y, hn = model.rnn_cell(torch.tensor(x, dtype=dtype), torch.tensor(h, dtype=dtype), elapsed)
        if hasattr(model, "fc"):
            y = model.fc(y)
    return [y.numpy(), hn.numpy()]


def write(
    name: str, model: torch.nn.Module, inputs: int, units: int, rng: np.random.Generator, **made: object
) -> None:
    arrays = {f"state_dict/{k}": v.detach().numpy().copy() for k, v in model.state_dict().items()}
    x = rng.uniform(-1.0, 1.5, (TRIALS, inputs)).astype(np.float32)
    h = rng.uniform(-1.0, 1.5, (TRIALS, units)).astype(np.float32)
    for kind, dtype in (("float32", torch.float32), ("float64", torch.float64)):
        results = [tick(model, x, h, elapsed, dtype) for elapsed in ELAPSED]
        arrays[f"y_{kind}"] = np.stack([y for y, _ in results])
        arrays[f"h_{kind}"] = np.stack([h for _, h in results])
    settings = {f"made/{k}": np.array(v) for k, v in made.items()}
    arrays |= settings | {"x": x, "h": h, "elapsed": np.array(ELAPSED)}
    np.savez_compressed(HERE / f"{name}.npz", **arrays)


def main() -> None:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    sparse = Random(12, 3, sparsity_level=0.9, random_seed=5)
    for name, wiring, units, inputs, unfolds, implicit in (
        ("ltc_autoncp_6_implicit", AutoNCP(19, 4), 19, 5, 6, True),
        ("ltc_autoncp_6_explicit", AutoNCP(19, 4), 19, 5, 6, False),
        ("ltc_autoncp_1_explicit", AutoNCP(16, 3), 16, 4, 1, False),
        ("ltc_all_motors_1_implicit", FullyConnected(8), 8, 3, 1, True),
        ("ltc_all_motors_6_explicit", FullyConnected(8), 8, 3, 6, False),
        ("ltc_empty_rows_6_implicit", sparse, 12, 2, 6, True),
    ):
        model = ltc(wiring, inputs, unfolds, implicit)
        write(name, model, inputs, units, rng, unfolds=unfolds, implicit=implicit)
    for name, model, units, inputs, mode, activation in (
        (
            "cfc_backbone",
            CfC(5, 12, backbone_units=16, backbone_layers=2),
            12,
            5,
            "default",
            "lecun_tanh",
        ),
        (
            "cfc_bare_projected",
            CfC(5, 12, proj_size=3, backbone_layers=0),
            12,
            5,
            "default",
            "lecun_tanh",
        ),
        (
            "cfc_tanh_no_gate",
            CfC(4, 9, mode="no_gate", activation="tanh", backbone_units=8),
            9,
            4,
            "no_gate",
            "tanh",
        ),
        ("cfc_wired", CfC(5, AutoNCP(19, 4)), 19, 5, "default", "lecun_tanh"),
    ):
        write(name, randomised(model, 0.1), inputs, units, rng, mode=mode, activation=activation)


if __name__ == "__main__":
    main()
