"""The example trains a tiny population in seconds, and what it writes runs in the real loop as it lived in training."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from wormctl.cli import main
from wormctl.policy import load_policy
from wormctl.runs import read_run

EXAMPLE = Path(__file__).parent.parent / "examples" / "train_autoncp.py"


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("train_autoncp", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.WIRINGS = module.DRAWS = 2  # type: ignore[attr-defined]
    yield module
    del sys.modules[spec.name]


def tiny(out: Path, generations: int = 2, seed: int = 1) -> list[str]:
    words = f"--out {out} --seed {seed} --seconds 2 --generations {generations} --population 4 --workers 1"
    return words.split()


def test_what_it_trains_runs_in_the_real_loop(
    example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "crawler"
    assert example.main(tiny(out)) == 0
    assert "body lengths towards the food" in capsys.readouterr().err
    policy = load_policy(out / "crawler.safetensors")
    assert len(policy.meta.neurons) == 20
    assert policy.meta.made.evaluations == 2 * 2 + 2 * 4

    words = ["run", "--policy", str(out / "crawler.safetensors"), "--robot", str(out / "crawler.toml")]
    words += ["--body", "planar", "--seconds", "2", "--quiet", "--no-media", "--out", str(tmp_path / "run")]
    assert main(words) == 0
    # The same network in the same world: the way it went in training, to the last bit.
    distance_m = read_run(tmp_path / "run").record["goal_distance_m"]
    gone_m = policy.meta.made.scores["planar.body_lengths"] * 0.975
    assert float(distance_m[0] - distance_m[-1]) == pytest.approx(gone_m, abs=1e-3)

    first = policy.sha256
    assert example.main(tiny(out)) == 0
    assert load_policy(out / "crawler.safetensors").sha256 == first, "the same seed trains the same network"


def test_interrupted_it_saves_what_it_has(
    example: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived = example.Trainer.score
    lives = 0

    def until_ctrl_c(self: object, genome: np.ndarray) -> float:
        nonlocal lives
        lives += 1
        if lives > 2 * 2 + 4 + 1:
            raise KeyboardInterrupt
        score: float = lived(self, genome)
        return score

    monkeypatch.setattr(example.Trainer, "score", until_ctrl_c)
    assert example.main(tiny(tmp_path, generations=3)) == 130
    assert load_policy(tmp_path / "crawler.safetensors").meta.made.evaluations == 2 * 2 + 4
    assert 'policy = "crawler.safetensors"' in (tmp_path / "crawler.toml").read_text()


def test_a_folder_that_cannot_be_made_is_an_error_in_a_line(
    example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert example.main(tiny(tmp_path / "file")) == 2
    assert "cannot be written" in capsys.readouterr().err
