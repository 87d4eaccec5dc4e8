"""`wormctl policy`: what a file says about itself, and what an importer must be told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import safetensors.numpy

from wormctl import policy as policy_module
from wormctl.cli import main
from wormctl.controller import Port
from wormctl.neural.ltc import initial_params
from wormctl.neural.store import ltc_tensors
from wormctl.neural.wiring import auto_ncp
from wormctl.policy import Cell, Kind, Made, Origin, Output, Parameters, PolicyMeta, load_policy, save_policy

GOLDEN = Path(__file__).parents[1] / "neural" / "golden"
WIRING = auto_ncp(12, 3, inputs=4, seed=1)
TENSORS = ltc_tensors(WIRING, initial_params(WIRING, 0))
META = PolicyMeta(
    kind=Kind.LTC,
    dt_s=0.02,
    unfolds=6,
    neurons=WIRING.names,
    inputs=(Port(name="smell", size=2), Port(name="touch"), Port(name="light")),
    joints=5,
    outputs=(Output(joint=4, gain_rad=0.5, bias_rad=0.1), Output(joint=1), Output(joint=1, gain_rad=-2.0)),
    parameters=(Parameters(tensors=tuple(TENSORS), origin=Origin.ASSUMED, doc="as a network starts"),),
    made=Made(command="a test", seed=1, scores={"speed": 0.25}, by="nobody", notes="only a test"),
    cell=Cell(elapsed=0.5, epsilon=1e-6),
)
LTC = ("--unfolds", 6, "--implicit-constraints", "yes")
COMMON = ("--dt", 0.02, "--elapsed", 1.0, "--joints", 12, "--inputs", "a,b,c,d,e")


def save(path: Path, **changes: Any) -> Path:
    save_policy(path, msgspec.structs.replace(META, **changes), TENSORS)
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save(tmp_path / "small.safetensors")


def run(capsys: pytest.CaptureFixture[str], arguments: Sequence[object]) -> tuple[int, str, str]:
    status = main([str(a) for a in arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_show_tells_who_made_it_and_of_what(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, ["policy", "show", saved])
    assert status == 0
    for text in (
        "ltc, 12 neurons, 5 joints",
        "20 ms, 6 solver steps a tick",
        "elapsed 0.5 a tick, epsilon 1e-06",
        "moves joint 4 by 0.5 rad times its value, and by 0.1 rad always",
        "moves joint 1 by -2 rad times its value\n",
        "nobody",
        "a test",
        "speed = 0.25",
        "smell[2]",
        "assumed",
    ):
        assert text in "\n".join(line.rstrip() for line in out.splitlines()) + "\n"
    assert [line.rstrip() for line in out.splitlines()[-2:]] == ["inputs (3)", "smell[2], touch, light"]
    status, out, _ = run(capsys, ["policy", "show", saved, "--json"])
    shown = json.loads(out)
    assert shown["meta"]["made"]["seed"] == 1
    assert shown["tensors"]["cm"] == {"dtype": "float32", "shape": [12]}


HOSTILE = "train [/x] [head] \x1b[2J\x9b31m done"


def test_show_prints_text_of_the_file_as_it_is_but_for_control_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(
        tmp_path / "[b]odd.safetensors",
        inputs=(Port(name=HOSTILE, size=2), Port(name="touch"), Port(name="light")),
        made=Made(
            command=HOSTILE, by=HOSTILE, notes=HOSTILE, wormctl=HOSTILE, data=(HOSTILE,), scores={HOSTILE: 1}
        ),
        parameters=(Parameters(tensors=tuple(TENSORS), origin=Origin.ASSUMED, doc=HOSTILE),),
    )
    status, out, err = run(capsys, ["policy", "show", path])
    assert (status, err) == (0, "")
    assert out.count(r"train [/x] [head] \x1b[2J\x9b31m done") == 8
    assert "[b]odd  " in out
    assert "\x1b" not in out
    assert "\x9b" not in out


def test_list_names_the_shipped_ones(
    saved: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_module, "SHIPPED", saved.parent)
    status, out, _ = run(capsys, ["policy", "list"])
    assert (status, out.split()[0]) == (0, "small")
    status, out, _ = run(capsys, ["policy", "list", "--json"])
    assert [p["name"] for p in json.loads(out)["policies"]] == ["small"]


def exported(tmp_path: Path, name: str, suffix: str = ".npz") -> Path:
    """The state dict of a golden model, as a person would have exported it."""
    with np.load(GOLDEN / f"{name}.npz", allow_pickle=False) as file:
        state = {k.removeprefix("state_dict/"): file[k] for k in file.files if k.startswith("state_dict/")}
    path = tmp_path / f"state{suffix}"
    if suffix == ".npz":
        np.savez(path, **state)
    else:
        safetensors.numpy.save_file({k: np.ascontiguousarray(v) for k, v in state.items()}, path)
    return path


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize(
    ("name", "more", "cell"),
    [
        ("ltc_autoncp_6_implicit", LTC, "elapsed 1 a tick, epsilon 1e-08\n"),
        ("cfc_wired", ("--mode", "default"), "elapsed 1 a tick, gated\n"),
        (
            "cfc_tanh_no_gate",
            ("--mode", "no_gate", "--activation", "tanh"),
            "elapsed 1 a tick, no gate, tanh backbone\n",
        ),
    ],
)
def test_a_trained_network_is_imported_and_runs(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    more: tuple[object, ...],
    cell: str,
    suffix: str,
) -> None:
    state, out = exported(tmp_path, name, suffix), tmp_path / "imported.safetensors"
    with np.load(GOLDEN / f"{name}.npz", allow_pickle=False) as golden:
        x, h, expected = golden["x"][0], golden["h"][0], golden["y_float32"]
        y = expected[list(golden["elapsed"]).index(1.0), 0]
    named = ("--inputs", ",".join(f"x{i}" for i in range(x.size)))
    status, printed, _ = run(capsys, ["policy", "import-ncps", state, out, *COMMON, *named, *more])
    assert (status, printed) == (0, f"{out}: {h.size} neurons, {x.size} inputs, {y.size} outputs\n")
    loaded = load_policy(out)
    assert {group.origin for group in loaded.meta.parameters} == {Origin.TRAINED}
    controller, setpoint = loaded.controller(), np.zeros(12)
    controller.state[:] = h
    controller.step(x.astype(np.float64), np.ones(x.size, dtype=np.bool_), setpoint)
    np.testing.assert_allclose(setpoint[: y.size], y, rtol=0, atol=5e-6)
    assert not setpoint[y.size :].any()
    shown = run(capsys, ["policy", "show", out])[1]
    assert cell in "\n".join(line.rstrip() for line in shown.splitlines()) + "\n"


LTC_STATE, CFC_STATE, PLAIN_CFC_STATE = "ltc_autoncp_6_implicit", "cfc_backbone", "cfc_wired"


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (LTC_STATE, COMMON, "--unfolds and --implicit-constraints are needed"),
        (LTC_STATE, (*COMMON, "--unfolds", 6), "made: --implicit-constraints is needed"),
        (LTC_STATE, (*COMMON, *LTC, "--unfolds", 0), "--unfolds = 0: Expected `int` >= 1"),
        (LTC_STATE, (*COMMON, *LTC, "--inputs", "a"), "--inputs = a: names 1 inputs, the network has 5"),
        (LTC_STATE, (*COMMON, *LTC, "--inputs", "a,,c,d,e"), "--inputs = a,,c,d,e: input 1 has no name"),
        (LTC_STATE, (*COMMON, *LTC, "--inputs", "a,b,c,b,e"), "--inputs = a,b,c,b,e: names b twice"),
        (LTC_STATE, (*COMMON, *LTC, "--moves", "a"), "--moves = a: must be joint numbers"),
        (LTC_STATE, (*COMMON, *LTC, "--moves", "1,2"), "--moves = 1,2: names 2 joints, the network has 4"),
        (
            LTC_STATE,
            (*COMMON, *LTC, "--moves", "1,2,3,12"),
            "--moves = 1,2,3,12: output 3 moves joint 12, must be 0..11",
        ),
        (LTC_STATE, (*COMMON, *LTC, "--joints", 2), "--joints = 2: output 2 moves joint 2, must be 0..1"),
        (LTC_STATE, (*COMMON, *LTC, "--joints", 0), "--joints = 0: Expected `int` >= 1"),
        (LTC_STATE, (*COMMON, *LTC, "--gain", "nan"), "--gain = nan: Expected a finite number"),
        (LTC_STATE, (*COMMON, *LTC, "--dt", 0), "--dt = 0.0: Expected `float` >= 0.0001"),
        (LTC_STATE, (*COMMON, *LTC, "--elapsed", "nan"), "--elapsed = nan: Expected a finite number"),
        (LTC_STATE, (*COMMON, *LTC, "--elapsed", 1e-5), "--elapsed = 1e-05: Expected `float` >= 0.0001"),
        (LTC_STATE, (*COMMON, *LTC, "--epsilon", -1), "--epsilon = -1.0: Expected `float` >= 0.0"),
        (LTC_STATE, (*COMMON, *LTC, "--mode", "default"), "holds an LTC, which has no such option"),
        (CFC_STATE, COMMON, "a CfC does not say how it was made: --mode and --activation are needed"),
        (PLAIN_CFC_STATE, COMMON, "a CfC does not say how it was made: --mode is needed"),
        (CFC_STATE, (*COMMON, "--mode", "default"), "--activation is needed"),
        (
            CFC_STATE,
            (*COMMON, "--mode", "pure", "--activation", "tanh"),
            "--mode = pure: must be one of default, no_gate",
        ),
        (
            CFC_STATE,
            (*COMMON, "--mode", "default", "--activation", "relu"),
            "--activation = relu: must be one of lecun_tanh, tanh",
        ),
        (
            CFC_STATE,
            (*COMMON, "--mode", "default", "--epsilon", 1),
            "holds a CfC, which has no such option",
        ),
    ],
)
def test_an_import_that_cannot_be_is_one_line_and_writes_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    arguments: tuple[object, ...],
    message: str,
) -> None:
    state, out = exported(tmp_path, name), tmp_path / "imported.safetensors"
    out.write_bytes(b"a good policy")
    status, printed, complaint = run(capsys, ["policy", "import-ncps", state, out, *arguments])
    assert (status, printed) == (2, "")
    assert message in complaint
    assert complaint.count("\n") == 1
    assert out.read_bytes() == b"a good policy"


def test_a_network_that_does_not_run_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(policy: policy_module.Policy) -> None:
        raise policy_module.PolicyError(f"{policy.path}: does not fit")

    state, out = exported(tmp_path, LTC_STATE), tmp_path / "imported.safetensors"
    out.write_bytes(b"a good policy")
    monkeypatch.setattr(policy_module.Policy, "controller", refuse)
    status, _, complaint = run(capsys, ["policy", "import-ncps", state, out, *COMMON, *LTC])
    assert (status, complaint) == (2, f"wormctl: {out}: does not fit\n")
    assert out.read_bytes() == b"a good policy"


def test_an_import_writes_over_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = exported(tmp_path, LTC_STATE)
    before = Path(state).read_bytes()
    status, _, complaint = run(capsys, ["policy", "import-ncps", state, state, *COMMON, *LTC])
    assert status == 2
    assert complaint == f"wormctl: {state}: is already there; remove it or choose another name\n"
    assert Path(state).read_bytes() == before
