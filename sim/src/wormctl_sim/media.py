"""Drawing a run into its folder, or again later: `python -m wormctl_sim.media FOLDER [--gif OUT]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from wormctl.config import ConfigError
from wormctl.files import whole_file
from wormctl.runs import read_run
from wormctl_sim.media_scene import Scene

PICTURE = "trajectory.png"
VIDEO = "video.mp4"


def draw_picture_of(folder: Path) -> Path:
    """Draw the picture of the run in `folder`; the file made. Raises `ConfigError`."""
    from wormctl_sim.media_picture import draw_picture

    path = folder / PICTURE
    scene = Scene(read_run(folder))
    with whole_file(path) as partial:
        draw_picture(scene, partial)
    return path


def draw_video_of(folder: Path, progress: Callable[[float], None] = lambda share: None) -> Path:
    """Make the video of the run in `folder`; the file made. Raises `ConfigError`."""
    from wormctl_sim.media_video import draw_video

    path = folder / VIDEO
    scene = Scene(read_run(folder))
    with whole_file(path) as partial:
        draw_video(scene, partial, progress)
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m wormctl_sim.media", description="Draw a recorded run.")
    parser.add_argument("folder", type=Path, help="the folder of a run, finished or not")
    parser.add_argument("--gif", type=Path, metavar="OUT", help="make only an animation, OUT.gif or OUT.webp")
    args = parser.parse_args(argv)
    try:
        if args.gif is None:
            made = [draw_picture_of(args.folder), draw_video_of(args.folder)]
        else:
            from wormctl_sim.media_video import draw_animation

            draw_animation(Scene(read_run(args.folder)), args.gif)
            made = [args.gif]
    except ConfigError as error:
        print(f"wormctl: {error}", file=sys.stderr)
        return 2
    for path in made:
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
