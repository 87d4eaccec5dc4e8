"""The tutorial of plugins/TUTORIAL.md, word by word: from `plugin new` to a snake that turns towards the new sensor."""

from __future__ import annotations

import math
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from wormctl_sim.bullet_config import why_no_bullet

from wormctl.runs import read_run

TEXT = (Path(__file__).parents[1] / "plugins" / "TUTORIAL.md").read_text(encoding="utf-8")
AWAY_M, NEAR_M = 1.3, 0.3
BEARINGS_DEG = (30.0, 90.0, 150.0, 210.0, 270.0, 330.0)
"""Where the lamp stands, seen from the start: the snake looks to 0."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def wormctl(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wormctl", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which everything up to the first run has been done."""
    folder = tmp_path_factory.mktemp("tutorial")
    commands = [shlex.split(block)[1:] for block in blocks("sh")]
    sensor, single = blocks("python")
    new, check, look, *_ = commands
    assert wormctl(new, folder).returncode == 0
    failing = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=folder / "wormctl-lamp-eye",
        capture_output=True,
        text=True,
        env={"PYTHONPATH": "src", "PATH": ""},
    )
    assert "fill in measure: out.put('lamp_eye.value', VALUE, now_s)" in failing.stdout
    (folder / "wormctl-lamp-eye" / "src" / "wormctl_lamp_eye" / "sensor.py").write_text(sensor)
    done = wormctl(check, folder)
    assert done.returncode == 0, done.stdout
    assert done.stdout.strip() in TEXT
    (folder / "lamp.toml").write_text(blocks("toml")[0])
    (folder / "lamp_eye.py").write_text(single)
    done = wormctl(look, folder)
    assert done.returncode == 0, done.stderr
    assert "lamp_eye.light" in done.stdout
    return folder


def nearest_m(shop: Path, words: list[str], bearing_deg: float) -> float:
    """How near to a lamp that stands elsewhere a run of the tutorial comes."""
    x_m, y_m = AWAY_M * math.cos(math.radians(bearing_deg)), AWAY_M * math.sin(math.radians(bearing_deg))
    text = blocks("toml")[0].replace("x_m = 1.2", f"x_m = {x_m}").replace("y_m = 0.8", f"y_m = {y_m}")
    (shop / "lamp.toml").write_text(text)
    if why_no_bullet():
        words = [*words, "--body", "planar"]
    out = f"run-{bearing_deg:g}-{len(words)}"
    done = wormctl([*words, "--quiet", "--no-media", "--out", out], shop)
    assert done.returncode == 0, done.stderr
    nose = read_run(shop / out).record["nose"]
    return float(np.hypot(nose[:, 0] - x_m, nose[:, 1] - y_m).min())


def test_the_snake_turns_towards_the_new_sensors_lamp_and_not_without_the_cells_that_feel_it(
    shop: Path,
) -> None:
    runs = [shlex.split(block)[1:] for block in blocks("sh") if block.startswith("wormctl run ")]
    whole, cut = ([nearest_m(shop, words, bearing) for bearing in BEARINGS_DEG] for words in runs)
    (measure,) = (block for block in blocks("sh") if block.startswith("python -c"))
    code = shlex.split(measure)[2].replace("FOLDER", f"run-{BEARINGS_DEG[0]:g}-{len(runs[0])}")
    told = subprocess.run([sys.executable, "-c", code], cwd=shop, capture_output=True, text=True)
    assert re.fullmatch(r"\d\.\d+ m\n", told.stdout), told.stderr
    assert sum(distance < NEAR_M for distance in whole) >= len(BEARINGS_DEG) - 1, whole
    assert sum(distance < NEAR_M for distance in cut) <= 2, cut
