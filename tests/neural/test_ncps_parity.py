"""Imported ncps models do what ncps does: one tick from random states, within rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wormctl.neural.ncps_import import import_cfc, import_ltc, kind_of
from wormctl.neural.network import CfCNetwork, LTCNetwork, Network, Precision

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.npz"))
TOLERANCE: dict[Precision, float] = {np.float32: 5e-6, np.float64: 1e-12}


def load(path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    parts: dict[str, dict[str, Any]] = {"state_dict": {}, "made": {}, "": {}}
    for name, array in arrays.items():
        group, _, key = name.rpartition("/")
        parts[group][key] = array
    return parts["state_dict"], {k: v.item() for k, v in parts["made"].items()}, parts[""]


def imported(state: dict[str, Any], made: dict[str, Any], elapsed: float, dtype: Precision) -> Network:
    if kind_of(state) == "cfc":
        params = import_cfc(state, mode=made["mode"], activation=made["activation"])
        return CfCNetwork(params, dt_s=0.02, elapsed=elapsed, dtype=dtype)
    wiring, ltc = import_ltc(state, implicit_constraints=made["implicit"])
    return LTCNetwork(wiring, ltc, dt_s=0.02, unfolds=made["unfolds"], elapsed=elapsed, dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_one_tick_is_that_of_ncps(path: Path, dtype: Precision) -> None:
    state, made, golden = load(path)
    for e, elapsed in enumerate(golden["elapsed"]):
        network = imported(state, made, float(elapsed), dtype)
        for trial, (x, h) in enumerate(zip(golden["x"], golden["h"], strict=True)):
            network.set_state(h)
            y = network.step(x)
            for ours, theirs in ((y, "y"), (network.state, "h")):
                expected = golden[f"{theirs}_{np.dtype(dtype).name}"][e, trial]
                np.testing.assert_allclose(ours, expected, rtol=0, atol=TOLERANCE[dtype])


def test_the_golden_cases_cover_what_they_are_named_for() -> None:
    cases = {path.stem: load(path) for path in GOLDEN}
    assert {made["implicit"] for _, made, _ in cases.values() if "implicit" in made} == {True, False}
    assert {made["unfolds"] for _, made, _ in cases.values() if "unfolds" in made} == {1, 6}
    empty = cases["ltc_empty_rows_6_implicit"][0]
    reached = (empty["rnn_cell.sparsity_mask"].sum(0) + empty["rnn_cell.sensory_sparsity_mask"].sum(0)) > 0
    assert not reached.all()
    whole = cases["ltc_all_motors_6_explicit"][0]
    assert whole["rnn_cell.output_w"].size == whole["rnn_cell.gleak"].size


def test_a_free_run_from_rest_stays_with_float64() -> None:
    state, made, golden = load(next(p for p in GOLDEN if p.stem == "ltc_autoncp_6_implicit"))
    single, double = (imported(state, made, 1.0, d) for d in (np.float32, np.float64))
    for x in np.tile(golden["x"], (10, 1)):
        np.testing.assert_allclose(single.step(x), double.step(x), rtol=0, atol=1e-4)
