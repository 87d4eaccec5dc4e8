"""What the importer says about state dicts that it cannot use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wormctl.neural.ncps_import import NcpsImportError, import_cfc, import_ltc, kind_of

GOLDEN = Path(__file__).parent / "golden"


def state_of(name: str) -> dict[str, Any]:
    with np.load(GOLDEN / f"{name}.npz", allow_pickle=False) as file:
        return {k.removeprefix("state_dict/"): file[k] for k in file.files if k.startswith("state_dict/")}


def ltc() -> dict[str, Any]:
    return state_of("ltc_autoncp_6_implicit")


def test_the_prefix_of_a_model_around_the_cell_does_not_matter() -> None:
    plain = {name.removeprefix("rnn_cell."): array for name, array in ltc().items()}
    wrapped = {f"model.policy.{name}": array for name, array in ltc().items()} | {
        "model.head.weight": np.ones(3)
    }
    expected = import_ltc(ltc(), implicit_constraints=True)[1]
    for state in (plain, wrapped):
        np.testing.assert_array_equal(import_ltc(state, implicit_constraints=True)[1].w, expected.w)


def test_masked_entries_are_not_imported() -> None:
    state = ltc()
    off = state["rnn_cell.sparsity_mask"] == 0
    for name in ("w", "mu", "sigma"):
        state[f"rnn_cell.{name}"][off] = 1e9
    wiring, params = import_ltc(state, implicit_constraints=True)
    assert wiring.pre.size == (~off).sum()
    assert params.w.max() < 1e3


def test_the_constraint_flag_changes_what_is_imported() -> None:
    with_flag, without = (import_ltc(ltc(), implicit_constraints=flag)[1].cm for flag in (True, False))
    np.testing.assert_allclose(with_flag, np.log1p(np.exp(without)), rtol=1e-12)


def test_a_capacitance_may_be_negative_only_before_softplus() -> None:
    state = ltc()
    state["rnn_cell.cm"][3] = -0.5
    assert (import_ltc(state, implicit_constraints=True)[1].cm > 0).all()
    with pytest.raises(NcpsImportError, match=r"cm\[3\] = -0\.5, must be > 0"):
        import_ltc(state, implicit_constraints=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rnn_cell.mu": None}, "there is no mu"),
        ({"rnn_cell.mu": np.ones((3, 3))}, r"mu has shape \(3, 3\), must be \(19, 19\)"),
        ({"rnn_cell.vleak": np.ones(3)}, r"vleak has shape \(3,\), must be \(19,\)"),
        ({"rnn_cell.gleak": np.ones(19, dtype=np.int64)}, "gleak is int64"),
        ({"rnn_cell.w": np.full((19, 19), np.nan)}, "w has a value that is not finite"),
        ({"rnn_cell.output_w": None}, "there is no output_w"),
        ({"lstm.input_map.weight": np.ones((4, 4))}, "mixed memory"),
    ],
)
def test_what_is_wrong_with_an_ltc_is_named(change: dict[str, Any], message: str) -> None:
    state = {name: array for name, array in (ltc() | change).items() if array is not None}
    with pytest.raises(NcpsImportError, match=message):
        import_ltc(state, implicit_constraints=True)


def test_a_cfc_of_an_unsupported_mode_is_refused() -> None:
    state = state_of("cfc_backbone")
    with pytest.raises(NcpsImportError, match="mode = 'pure', must be one of default, no_gate"):
        import_cfc(state, mode="pure")
    with pytest.raises(NcpsImportError, match="mode 'pure' is not supported"):
        import_cfc(state | {"rnn_cell.w_tau": np.zeros((1, 12))})


def test_kinds_are_told_apart() -> None:
    assert kind_of(ltc()) == "ltc"
    assert kind_of(state_of("cfc_wired")) == "cfc"
    with pytest.raises(NcpsImportError, match="not the state dict of an ncps cell"):
        kind_of({"weight": np.ones(3)})
