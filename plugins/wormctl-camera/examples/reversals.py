"""How often, when and how far from the lamp the worm backs up, in many lives of one assay: for the README's numbers.

python reversals.py lit.toml --lives 200 --ablate AWB --lamp-x-m 2
"""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import numpy as np

from wormctl.assay.file import load_assay
from wormctl.assembly import assemble
from wormctl.motion.events import reversals
from wormctl.motion.path import advance_body_lengths
from wormctl.plugins import load_plugins
from wormctl.recorder import Recorder
from wormctl.robot import Robot

SEED = 1000


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("assay")
    parser.add_argument("--lives", type=int, default=200)
    parser.add_argument("--ablate", default="")
    parser.add_argument("--lamp-x-m", type=float, default=1.0)
    args = parser.parse_args()
    assay = load_assay(args.assay, Path(__file__).parent)
    robot = _with_lamp(assay.robot("worm"), args.lamp_x_m)
    plugins, found, lives = load_plugins(), [], 0
    for seed in range(SEED, SEED + args.lives):
        with assemble(
            robot, plugins, seed=seed, ablate=[cell for cell in args.ablate.split(",") if cell]
        ) as life:
            loop = life.loop()
            recorder = Recorder(None, loop.view, ticks=round(assay.file.seconds * robot.rate_hz))
            loop.observe(recorder)
            loop.run(assay.file.seconds)
            rows, length_m = recorder.rows(), life.snake.length_m
        away_m = np.hypot(rows["nose"][:, 0] - args.lamp_x_m, rows["nose"][:, 1])
        time_s = rows["time_s"] + 1.0 / robot.rate_hz
        events = reversals(advance_body_lengths(rows["pose"], length_m), time_s)
        lives += bool(events)
        found += [(event.onset_s, float(np.interp(event.onset_s, time_s, away_m))) for event in events]
    print(f"{len(found)} reversals, in {lives} of {args.lives} lives")
    if found:
        onset_s, away = np.array(found).T
        print(
            f"they begin after {onset_s.min():.1f} to {onset_s.max():.1f} s, {np.sum(onset_s > 4.0)} after 4 s or more"
        )
        print(f"{away.min():.2f} to {away.max():.2f} m from the lamp")


def _with_lamp(robot: Robot, x_m: float) -> Robot:
    camera = robot.sensors[0]
    moved = msgspec.structs.replace(camera, settings={**camera.settings, "lamp_x_m": x_m})
    return msgspec.structs.replace(robot, sensors=(moved, *robot.sensors[1:]))


if __name__ == "__main__":
    main()
