"""`wormctl evaluate --signal-propagation` on atlases whose right answer is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from wormctl.cli import main
from wormctl.connectome import load_connectome
from wormctl.policy import find_policy, load_policy
from wormctl.propagation.stimulate import stimulate
from wormctl.worm.model import WormModel
from wormctl.worm.parts import new_state

CELLS = ("ASEL", "AIAL", "AIZL", "SMBVL", "AVAL", "AVBL", "VB5", "RIAL")


@pytest.fixture(scope="module")
def responses() -> NDArray[np.float64]:
    """What the shipped worm's `CELLS` answer to one another, [responding, stimulated]."""
    policy = load_policy(find_policy("worm302"))
    cells = [load_connectome().index(name) for name in CELLS]
    model = WormModel.from_tensors(policy.tensors)
    packed = model.pack(policy.meta.dt_s, policy.meta.unfolds, dtype=np.float64)
    strength = stimulate(packed, new_state(packed, model.neuron_vleak), cells).strength
    return strength[np.ix_(cells, cells)]


def save(path: Path, strength: NDArray[np.float64], **others: Any) -> str:
    """An atlas in which the strongest third of the pairs is connected."""
    np.fill_diagonal(strength := strength.copy(), np.nan)
    q = np.where(strength > np.nanquantile(strength, 2 / 3), 0.01, 0.5)
    q[np.isnan(strength)] = np.nan
    np.savez(path, **{"neurons": np.array([*CELLS]), "q": q, **others})
    return str(path)


def answer(capsys: pytest.CaptureFixture[str], atlas: str, *options: str) -> dict[str, Any]:
    assert main(["evaluate", "--signal-propagation", atlas, "--json", *options]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    found: dict[str, Any] = json.loads(out)
    return found


def test_an_atlas_of_its_own_responses_is_met_and_a_reversed_one_is_not(
    responses: NDArray[np.float64], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, save(tmp_path / "own.npz", responses))
    assert found["worm"]["auc"] == 1.0
    assert found["worm"]["ci95"] == [1.0, 1.0]
    assert found["worm"]["auc_shown"] is None
    assert (found["pairs"]["measured"], found["pairs"]["connected"]) == (56, 19)
    assert found["stimulus"]["settled"] is True
    assert found["policy"] == "worm302"
    assert found["without"] is None
    assert set(found["floors"]) == {"direct", "diffusion", "path"}
    for area in found["floors"].values():
        low, high = area["ci95"]
        assert low <= area["auc"] <= high
        assert area["worm_better_by"] == pytest.approx(1.0 - area["auc"], abs=2e-4)
    assert answer(capsys, save(tmp_path / "reversed.npz", responses.T))["worm"]["auc"] < 0.9


def test_the_seed_is_that_of_the_intervals(
    responses: NDArray[np.float64], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    atlas = save(tmp_path / "own.npz", responses)
    one, again = (answer(capsys, atlas, "--seed", "5") for _ in range(2))
    assert one == again
    other = answer(capsys, atlas, "--seed", "6")
    assert other["floors"]["direct"]["auc"] == one["floors"]["direct"]["auc"]
    assert other["floors"]["direct"]["ci95"] != one["floors"]["direct"]["ci95"]


def test_cut_cells_are_compared_on_the_pairs_of_the_others(
    responses: NDArray[np.float64], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, save(tmp_path / "own.npz", responses), "--ablate", "AIA,AIB,AIY,AVB")
    assert found["ablated"] == ["AIA", "AIB", "AIY", "AVB"]
    without = found["without"]
    assert without["terms"] == ["AIA", "AIB", "AIY", "AVB"]
    assert without["measured"] == 6 * 5
    assert without["whole"]["auc"] == 1.0
    assert without["cut"]["auc"] < 1.0, "ASEL speaks to AIZL by way of these"


def test_a_person_gets_a_table(
    responses: NDArray[np.float64], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unlikely = np.full((8, 8), 0.01)
    atlas = save(tmp_path / "own.npz", responses, q_eq=unlikely)
    assert main(["evaluate", "--signal-propagation", atlas, "--ablate", "AIA"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("worm302 against own.npz\n")
    rows = {line[2:34].strip(): line[34:].split() for line in text.splitlines()}
    assert rows["worm302's responses"] == ["1.000", "1.000", "to", "1.000", "1.000"]
    assert rows["path length (fewest contacts)"][4].startswith("+0.")
    assert "56 measured, 19 of them connected (q < 0.05)" in text
    assert "without AIA, on the 42 pairs" in text
    assert "against the 37 pairs shown not to be connected" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ablate", "AVQ"], "'AVQ' is no neuron"),
        (["--ablate", "ASE,AIA,AIZ,SMB,AVA,AVB,VB"], "of the cells that are left the atlas has no pairs to compare"),
        (["--ablate", "AVA=>AVD"], "'AVA=>AVD': moves what a robot binds; with --signal-propagation nothing is bound"),
        (["--world", "pegs"], "--world: means nothing with --signal-propagation"),
        (["--full"], "--full: means nothing with --signal-propagation"),
        (["--policy", "worm303"], "worm303: no such policy, did you mean 'worm302'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(
    options: list[str],
    message: str,
    responses: NDArray[np.float64],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    atlas = save(tmp_path / "own.npz", responses)
    assert main(["evaluate", "--signal-propagation", atlas, *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_a_bad_file_and_a_policy_without_neurons_are_told(
    responses: NDArray[np.float64], robot_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.npz"
    np.savez(wrong, neurons=np.array(CELLS), q=responses[:7])
    assert main(["evaluate", "--signal-propagation", str(wrong)]) == 2
    assert capsys.readouterr().err == (
        f"wormctl: {wrong}: q is float64 of shape (7, 8), must be (8, 8) reals, [responding, stimulated], "
        "for 8 neurons\n"
    )
    atlas = save(tmp_path / "own.npz", responses)
    assert main(["evaluate", "--signal-propagation", atlas, "--robot", str(robot_file)]) == 2
    assert "is of kind ltc, must be a worm" in capsys.readouterr().err


def test_help_says_what_a_file_holds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", "--help"])
    text = capsys.readouterr().out
    for word in ("funatlas.h5", "neurons  (n,)", "q[responding, stimulated]", "NaN"):
        assert word in text
