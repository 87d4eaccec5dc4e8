"""A new plugin of every kind: whole, typed, and failing until its one method is filled in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wormctl.cli import main
from wormctl.commands.plugin import NEW_KINDS
from wormctl.scaffold import KINDS

ROOT = Path(__file__).parents[1]
FILLED = {
    "sensor": ("sensor.py", 'out.put("KIND_x.value", 0.5, now_s)'),
    "body": ("body.py", "pass"),
    "actuator": ("actuator.py", "pass"),
    "policy": ("policy.py", "outputs[:] = 0.0"),
    "world": (
        "world.py",
        "return float(np.hypot(x_m - self.food_m[0], y_m - self.food_m[1]))",
    ),
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of every kind, `wormctl-KIND-x`."""
    folder = tmp_path_factory.mktemp("new")
    for kind in KINDS:
        assert main(["plugin", "new", f"{kind}-x", "--kind", kind, "--folder", str(folder)]) == 0
    return folder


def test_there_is_a_start_for_every_kind() -> None:
    assert set(NEW_KINDS) == set(KINDS) == set(FILLED)


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(root / "src"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", *words]
    env = {**os.environ, "PYTHONPATH": path, "MYPYPATH": str(ROOT)}
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env=env)


@pytest.mark.parametrize("kind", sorted(FILLED))
def test_its_tests_fail_until_it_is_filled_in(kind: str, packages: Path) -> None:
    root = packages / f"wormctl-{kind}-x"
    done = run(root, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 1
    assert "fill in" in done.stdout
    name, line = FILLED[kind]
    module = root / "src" / f"wormctl_{kind}_x" / name
    before, after = module.read_text().split("        raise NotImplementedError", 1)
    rest = after.split("\n", 1)[1]
    module.write_text(f"{before}        {line.replace('KIND', kind)}\n{rest}")
    done = run(root, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout


def test_they_are_typed_and_tidy(packages: Path) -> None:
    sources = [str(path) for path in sorted(packages.glob("*/src"))]
    done = run(packages, "ruff", "check", "--isolated", "--select", "E,F,W", "--line-length", "120", *sources)
    assert done.returncode == 0, done.stdout
    done = run(packages, "mypy", "--strict", "--namespace-packages", "--cache-dir", str(packages), *sources)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", sorted(FILLED))
def test_the_robot_file_of_its_readme_is_one(kind: str, packages: Path, tmp_path: Path) -> None:
    root = packages / f"wormctl-{kind}-x"
    text = (root / "README.md").read_text().split("```toml\n", 1)[1].split("```", 1)[0]
    single = tmp_path / "mine.py"
    single.write_text(
        f"import sys\nsys.path.insert(0, {str(root / 'src')!r})\nfrom wormctl_{kind}_x.plugin import *\n"
    )
    robot = tmp_path / "robot.toml"
    robot.write_text(f'plugins = ["sim", {str(single)!r}]\n' + text)
    assert main(["robot", "check", str(robot)]) == 0


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "new", "my-lidar", "--folder", str(tmp_path / ("x" * 300))]) == 2
    assert capsys.readouterr().err.endswith("wormctl-my-lidar: cannot be written: File name too long\n")
