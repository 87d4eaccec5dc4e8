"""Policy files: what is saved comes back, runs, and describes itself; anything else is one clear line."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wormctl import policy as policy_module
from wormctl.config import ConfigError
from wormctl.controller import Port
from wormctl.neural.cfc import CfCLayer, CfCParams, Dense
from wormctl.neural.controller import NetworkController
from wormctl.neural.ltc import initial_params
from wormctl.neural.network import LTCNetwork
from wormctl.neural.store import cfc_tensors, ltc_tensors
from wormctl.neural.tensors import TensorFileError, parse_npz, parse_safetensors
from wormctl.neural.wiring import auto_ncp, make_wiring
from wormctl.policy import (
    Kind,
    Made,
    Origin,
    Output,
    Parameters,
    PolicyError,
    PolicyMeta,
    find_policy,
    load_policy,
    save_policy,
)

WIRING = auto_ncp(12, 3, inputs=4, seed=1)
PARAMS = initial_params(WIRING, 0)
GOLDEN = Path(__file__).parent / "neural" / "golden"


def meta(**changes: Any) -> PolicyMeta:
    plain = PolicyMeta(
        kind=Kind.LTC,
        dt_s=0.02,
        unfolds=6,
        neurons=WIRING.names,
        inputs=(Port(name="smell", size=2, unit="1"), Port(name="touch"), Port(name="light")),
        joints=5,
        outputs=tuple(Output(joint=joint, gain_rad=0.5, bias_rad=0.1) for joint in (4, 1, 1)),
        parameters=(
            Parameters(
                tensors=("pre", "post", "gap_a", "gap_b", "sensory_pre", "sensory_post"), origin=Origin.RANDOM
            ),
            Parameters(
                tensors=tuple(
                    sorted(set(tensors()) - {"pre", "post", "gap_a", "gap_b", "sensory_pre", "sensory_post"})
                ),
                origin=Origin.ASSUMED,
                doc="as a network starts",
            ),
        ),
        made=Made(
            command="a test", seed=1, scores={"speed": 0.25}, by="nobody", data=("none",), notes="only a test"
        ),
    )
    return msgspec.structs.replace(plain, **changes)


def tensors() -> dict[str, Any]:
    return ltc_tensors(WIRING, PARAMS)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "small.safetensors"
    save_policy(path, meta(), tensors())
    return path


def test_what_is_saved_comes_back(saved: Path) -> None:
    loaded = load_policy(saved)
    assert loaded.meta == meta()
    assert loaded.name == "small"
    for name, array in tensors().items():
        np.testing.assert_array_equal(loaded.tensors[name], array)
        assert loaded.tensors[name].dtype == array.dtype


def test_the_same_policy_is_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    save_policy(again, meta(), dict(reversed(tensors().items())))
    assert again.read_bytes() == saved.read_bytes()
    assert not list(tmp_path.glob(".*")), "nothing half-written is left behind"


def test_an_ltc_policy_runs_as_the_network_it_was_made_of(saved: Path) -> None:
    controller = load_policy(saved).controller()
    network = LTCNetwork(WIRING, PARAMS, dt_s=0.02, elapsed=1.0)
    x, good, setpoint = np.array([0.1, -0.2, 0.3, 0.4]), np.ones(4, dtype=np.bool_), np.full(5, 9.0)
    for _ in range(3):
        controller.step(x, good, setpoint)
        y = network.step(x)
    np.testing.assert_allclose(controller.state, network.state, rtol=0, atol=1e-6)
    expected = [0.0, 0.5 * (y[1] + y[2]) + 0.2, 0.0, 0.0, 0.5 * y[0] + 0.1]
    np.testing.assert_allclose(setpoint, expected, rtol=0, atol=1e-6)
    assert [port.name for port in controller.inputs] == ["smell", "touch", "light"]
    assert (controller.dt_s, controller.joints, controller.neurons) == (0.02, 5, WIRING.names)


def test_a_controller_survives_bad_samples_and_starts_anew(saved: Path) -> None:
    controller, other = load_policy(saved).controller(), load_policy(saved).controller()
    setpoint, again = np.zeros(5), np.zeros(5)
    good = np.ones(4, dtype=np.bool_)
    controller.step(np.full(4, np.nan), good, setpoint)
    assert np.isfinite(setpoint).all()
    controller.reset()
    controller.step(np.zeros(4), good, setpoint)
    other.step(np.zeros(4), good, again)
    np.testing.assert_array_equal(setpoint, again)


def test_cells_are_cut_by_name_and_by_class(saved: Path) -> None:
    one, all_of_them = load_policy(saved).controller(), load_policy(saved).controller()
    one.ablate(["inter0"])
    all_of_them.ablate(["command", "inter"])
    good = np.ones(4, dtype=np.bool_)
    answers = []
    for x in (np.zeros(4), np.full(4, 5.0)):
        all_of_them.reset()
        setpoint = np.zeros(5)
        for _ in range(5):
            all_of_them.step(x, good, setpoint)
        answers.append(setpoint)
    np.testing.assert_array_equal(answers[0], answers[1])
    with pytest.raises(KeyError, match="did you mean 'inter0'"):
        one.ablate(["intr0"])


def cut_from(names: Sequence[str], cell: str) -> list[str]:
    """The neurons called `names` that ablating `cell` takes out of a network without synapses."""
    wiring = make_wiring(
        len(names), 1, 1, ([], [], []), ([0] * len(names), range(len(names)), [1] * len(names))
    )
    network = LTCNetwork(wiring, initial_params(wiring, 0), dt_s=0.02)
    NetworkController(network, names, [Port(name="x")], [Output(joint=0)], 1).ablate([cell])
    return [name for name, w in zip(names, network.params.sensory_w, strict=True) if w == 0.0]


RMD = ("RMDL", "RMDR", "RMDDL", "RMDDR", "RMDVL", "RMDVR")


@pytest.mark.parametrize(
    ("names", "cell", "expected"),
    [
        ((*RMD, "SMDDL", "AVAL"), "RMD", RMD),
        ((*RMD, "SMDDL", "AVAL"), "RMDD", ("RMDDL", "RMDDR")),
        (("SMDDL", "SMDVR", "CEPDL", "AVAL"), "SMD", ("SMDDL", "SMDVR")),
        (("SMDDL", "SMDVR", "CEPDL", "AVAL"), "CEP", ("CEPDL",)),
        (("VB2", "VB10", "VD1", "motor0"), "VB", ("VB2", "VB10")),
        (("VB2", "VB10", "VD1", "motor0"), "motor", ("motor0",)),
        (("SMD1", "SMD2", "other"), "SMD", ("SMD1", "SMD2")),
        (("SMD", "SMDDL", "SMDVL"), "SMD", ("SMD",)),
    ],
)
def test_a_class_of_the_connectome_is_cut_whole(
    names: Sequence[str], cell: str, expected: Sequence[str]
) -> None:
    assert cut_from(names, cell) == list(expected)


def test_a_class_that_the_network_has_not_is_no_class() -> None:
    with pytest.raises(KeyError, match="'AVB' is no neuron and no class of neurons, did you mean 'AVA"):
        cut_from(("AVAL", "AVAR"), "AVB")


def test_a_setpoint_of_the_wrong_size_is_refused_and_not_written_past(saved: Path) -> None:
    controller, x, good = load_policy(saved).controller(), np.zeros(4), np.ones(4, dtype=np.bool_)
    for wrong in (np.zeros(3), np.zeros(5, np.float32), np.zeros(10)[::2]):
        with pytest.raises(ValueError, match="setpoint_rad is "):
            controller.step(x, good, wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"x is float64 of shape \(3,\)"):
        controller.step(np.zeros(3), good, np.zeros(5))


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (Output(joint=7), r"joint\[0\] = 7, must be 0\.\.4"),
        (Output(joint=0, gain_rad=1e300), r"gain_rad\[0\] = 1e\+300"),
        (Output(joint=0, bias_rad=float("nan")), r"bias_rad\[0\] = nan"),
    ],
)
def test_an_output_that_could_do_harm_is_refused(output: Output, message: str) -> None:
    network = LTCNetwork(WIRING, PARAMS, dt_s=0.02)
    with pytest.raises(ValueError, match=message):
        NetworkController(network, WIRING.names, [Port(name="x", size=4)], [output] * 3, 5)


def test_a_cfc_policy_runs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    ff1, ff2, a, b = (Dense(rng.normal(size=(3, 5)), rng.normal(size=3)) for _ in range(4))
    arrays = cfc_tensors(CfCParams(layers=(CfCLayer(ff1, ff2, a, b),)))
    path = tmp_path / "cfc.safetensors"
    about = meta(
        kind=Kind.CFC,
        unfolds=1,
        neurons=("a", "b", "c"),
        inputs=(Port(name="x", size=2),),
        parameters=(Parameters(tensors=tuple(arrays), origin=Origin.TRAINED),),
    )
    save_policy(path, about, arrays)
    controller, setpoint = load_policy(path).controller(), np.zeros(5)
    controller.step(np.array([0.5, -0.5]), np.ones(2, dtype=np.bool_), setpoint)
    assert setpoint[4] != 0.1
    assert np.isfinite(setpoint).all()


def rewritten(path: Path, change: Any) -> bytes:
    """The file at `path` with `change` applied to its description; its checksum no longer fits."""
    arrays, metadata = parse_safetensors(path.read_bytes())
    entry = json.loads(metadata["wormctl"])
    change(entry)
    return bytes(safetensors.numpy.save(dict(arrays), {"wormctl": json.dumps(entry)}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda entry: entry["policy"].update(version=2), "is of policy format 2, this wormctl reads 1"),
        (lambda entry: entry["policy"].update(dt_s=0.5), "checksum"),
        (lambda entry: entry.pop("sha256"), "its description cannot be read"),
        (lambda entry: entry.update(policy=3), "its description cannot be read"),
    ],
)
def test_a_description_that_was_tampered_with_is_refused(saved: Path, change: Any, message: str) -> None:
    saved.write_bytes(rewritten(saved, change))
    with pytest.raises(PolicyError, match=message):
        load_policy(saved)


def test_unknown_keys_are_refused_with_their_path(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_module, "_digest", lambda text, arrays: "same")
    save_policy(saved, meta(), tensors())
    saved.write_bytes(rewritten(saved, lambda entry: entry["policy"]["made"].update(color="red")))
    with pytest.raises(PolicyError, match=r"\$\.made: Object contains unknown field `color`"):
        load_policy(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters": ()}, "stands 0 times in parameters, must be once"),
        (
            {"parameters": (*meta().parameters, Parameters(tensors=("w",), origin=Origin.ASSUMED))},
            "tensor w stands 2 times",
        ),
        (
            {"parameters": (*meta().parameters, Parameters(tensors=("z",), origin=Origin.ASSUMED))},
            "parameters names z, which is not in the file",
        ),
        ({"neurons": ("a",) * 12}, "two neurons have one name"),
        ({"inputs": (Port(name="a"), Port(name="a"))}, "two inputs have one name"),
        ({"inputs": (Port(name="a", size=0),)}, r"input a has size 0, must be 1\.\."),
        ({"outputs": (Output(joint=5),)}, r"an output moves joint 5, must be 0\.\.4"),
        (
            {"made": Made(command="", scores={"speed": float("nan")})},
            "score speed has a value that is not finite",
        ),
    ],
)
def test_an_inconsistent_policy_is_not_written(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "never.safetensors"
    with pytest.raises(PolicyError, match=message):
        save_policy(path, meta(**changes), tensors())
    assert not path.exists()


def test_values_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="w has a value that is not finite"):
        save_policy(tmp_path / "x.safetensors", meta(), tensors() | {"w": np.array([np.nan], np.float32)})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"neurons": WIRING.names[:-1]}, r"pre\[\d+\] = 11, must be 0\.\.10"),
        ({"inputs": (Port(name="a"),)}, "the inputs hold 1 values, the network takes 4"),
        ({"outputs": ()}, "0 outputs are bound to joints, the network has 3"),
        ({"kind": Kind.CFC}, r"there is no layer0\.ff1\.weight"),
        ({"kind": Kind.WORM}, "the worm lacks "),
    ],
)
def test_parts_that_do_not_fit_are_named_when_it_is_to_run(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = tmp_path / "odd.safetensors"
    save_policy(path, meta(**changes), tensors())
    with pytest.raises(PolicyError, match=message) as caught:
        load_policy(path).controller()
    assert str(caught.value).startswith(str(path))


def test_files_that_are_no_policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.safetensors"
    for content, message in (
        (b"", "truncated"),
        (b"\xff" * 100, "truncated"),
        (b"\x02" + bytes(7) + b"[]", "no safetensors file"),
        (b"\x04" + bytes(7) + b'{"a"', "no safetensors file"),
        (safetensors.numpy.save({"a": np.zeros(1)}), "no wormctl policy"),
    ):
        path.write_bytes(content)
        with pytest.raises(PolicyError, match=message):
            load_policy(path)
    with pytest.raises(PolicyError, match="no such file"):
        load_policy(tmp_path / "none.safetensors")
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path)
    monkeypatch.setattr("wormctl.neural.tensors.LARGEST_BYTES", 10)
    with pytest.raises(PolicyError, match="is larger than"):
        load_policy(path)


fuzz = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fuzz
@given(data=st.data())
def test_any_damage_is_a_policy_error(saved: Path, data: st.DataObject) -> None:
    whole = saved.read_bytes()
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)), label="length")])
    for place, bit in data.draw(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 7)), max_size=3)
    ):
        if place < len(damaged):
            damaged[place] ^= 1 << bit
    # Flips in the first bytes are the most telling: the length and the description.
    if damaged and data.draw(st.booleans(), label="in the header"):
        damaged[data.draw(st.integers(0, min(len(damaged), 400) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path = saved.with_name("damaged.safetensors")
    path.write_bytes(bytes(damaged))
    if bytes(damaged) == whole:
        load_policy(path)
        return
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@fuzz
@given(data=st.data())
def test_any_damage_to_an_npz_is_a_tensor_file_error(saved: Path, data: st.DataObject) -> None:
    whole = (GOLDEN / "ltc_all_motors_1_implicit.npz").read_bytes()
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for place, bit in data.draw(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 7)), max_size=3)
    ):
        if place < len(damaged):
            damaged[place] ^= 1 << bit
    # Much of a zip archive may change without meaning, so it need not fail; but only in this way.
    with contextlib.suppress(TensorFileError):
        parse_npz(bytes(damaged))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_tensor_file_error(content: bytes) -> None:
    for parse in (parse_safetensors, parse_npz):
        with pytest.raises(TensorFileError):
            parse(content)


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "object.npz"
    np.savez(path, a=np.array([{"anything": 1}], dtype=object))
    with pytest.raises(TensorFileError, match="without pickles"):
        parse_npz(path.read_bytes())


def test_policies_are_found_by_name_or_as_a_file(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_module, "SHIPPED", tmp_path)
    assert find_policy("small") == saved
    assert find_policy("elsewhere/other.safetensors") == Path("elsewhere/other.safetensors")
    with pytest.raises(PolicyError, match="smal: no such policy, did you mean 'small'"):
        find_policy("smal")


def test_errors_of_policies_are_errors_of_configuration() -> None:
    assert issubclass(PolicyError, ConfigError)
