"""`wormctl run`: one life of the worm, watched, recorded and summed up."""

from __future__ import annotations

import argparse
import datetime
import platform
import sys
from contextlib import ExitStack
from pathlib import Path

import msgspec
import numba
import numpy as np

from wormctl import __version__
from wormctl.ablation import HELP as ABLATE_HELP
from wormctl.ablation import parse_ablation
from wormctl.assembly import Assembly, assemble
from wormctl.clock import SimulatedClock
from wormctl.config import ConfigError
from wormctl.console import make_console
from wormctl.drawing import Drawn, draw_run
from wormctl.episode import Episode
from wormctl.live import LiveView
from wormctl.loop import Observer, Result
from wormctl.plugins import Plugins, load_plugins
from wormctl.report import report
from wormctl.robot import DEFAULT, Robot, load_robot
from wormctl.runs import INFO, PolicyUsed, RunFolder, RunInfo, State, WorldUsed, new_folder
from wormctl.signals import stop_on_signals
from wormctl.summary import Summary

SECONDS, LONGEST_S = 120.0, 3600.0
LINGER_S = 2.0
"""How long a run goes on after the food was reached."""
LARGEST_SEED = 2**32 - 1

EXIT_FAULT = 1
EXIT_INTERRUPTED = 130

EPILOG = """\
examples:
  wormctl run                          food ahead, in PyBullet: watch it, then look into the folder
  wormctl run --realtime               the same at life speed
  wormctl run --ablate ASE             without the cells that smell the food
  wormctl run --world poison --seed 7  another place (`wormctl plugins` lists worlds and bodies)
  wormctl run --robot my_robot.toml    your own robot, simulated or real
  wormctl run --json --no-media        numbers only, for a script

Every run leaves a folder: trajectory.png and video.mp4 to look at, summary.txt, record.npy with every tick
(numpy.load reads it), and run.json with all that is needed to repeat it. Ctrl-C ends a run, or its drawing, in
order. Exit status: 0, 1 if the robot had to be stopped by a fault, 130 if you stopped it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    add_robot_arguments(parser)
    parser.add_argument(
        "--seed", type=seed, default=0, help="what the random part of the world is drawn from"
    )
    parser.add_argument("--seconds", type=seconds, default=SECONDS, help="longest run (default: %(default)g)")
    parser.add_argument("--realtime", action="store_true", help="at life speed, not as fast as it can")
    parser.add_argument("--gui", action="store_true", help="open PyBullet's window; needs a screen")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to keep it (default: runs/...)")
    parser.add_argument("--no-media", action="store_true", help="make no picture and no video")
    parser.add_argument("--quiet", action="store_true", help="no live view (a physical body never has one)")
    parser.add_argument("--json", action="store_true", help="the summary as one JSON object on stdout")


def add_robot_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say which robot, for every command that runs one."""
    parser.add_argument(
        "--robot", metavar="FILE", default=DEFAULT, help="robot file (default: the shipped worm)"
    )
    parser.add_argument("--policy", metavar="NAME|FILE", help="instead of the robot file's policy")
    parser.add_argument("--body", metavar="NAME", help="instead of its body: pybullet, planar, ...")
    parser.add_argument("--world", metavar="NAME|FILE", help="instead of its world: food_ahead, pegs, ...")
    parser.add_argument("--ablate", metavar="CELLS", help=ABLATE_HELP)


def seconds(text: str) -> float:
    """A duration in s, as an option's type."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value <= LONGEST_S:
        raise argparse.ArgumentTypeError(
            f"{text}: must be a number of seconds, more than 0, at most {LONGEST_S:g}"
        )
    return value


def seed(text: str) -> int:
    """A seed, as an option's type."""
    if not (text.isascii() and text.isdecimal() and int(text) <= LARGEST_SEED):
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number from 0 to {LARGEST_SEED}")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Run, draw, tell; the exit status."""
    ablated = parse_ablation(args.ablate)
    robot = _with_window(chosen_robot(args)) if args.gui else chosen_robot(args)
    plugins = load_plugins()
    with assemble(robot, plugins, seed=args.seed, ablate=ablated) as assembly:
        for note in assembly.notes:
            print(f"wormctl: {note}", file=sys.stderr)
        info = _info(args, assembly, plugins, ablated)
        folder = RunFolder(_path(args, robot), info)
        paced = assembly.body.spec.simulated and (args.realtime or args.gui)
        episode = Episode(
            assembly,
            seconds=args.seconds,
            linger_s=LINGER_S,
            record=folder.record,
            clock=SimulatedClock(paced=True) if paced else None,
        )
        # A physical body must not wait for a picture.
        watched = sys.stdout.isatty() and info.simulated and not (args.json or args.quiet)
        result = _live(episode, _title(info), watched=watched)
        summary = episode.summary(result, ablated, info.policy.name)
        episode.recorder.close()
    state = _state(result)
    folder.finish(state, summary, report(info, summary, folder.path))
    drawn = Drawn(files=[], interrupted=False)
    if not args.no_media:
        drawn = draw_run(folder.path, plugins, quick=state == "interrupted")
    text = report(info, summary, folder.path, drawn.files)
    folder.finish(state, summary, text)
    if not args.json:
        print(text, end="")
    else:
        print(_as_json(summary, folder.path))
        if state == "fault":
            print(f"wormctl: {result.reason.removeprefix('fault: ')}", file=sys.stderr)
    if state == "fault":
        return EXIT_FAULT
    return EXIT_INTERRUPTED if state == "interrupted" or drawn.interrupted else 0


def chosen_robot(args: argparse.Namespace) -> Robot:
    """The robot file with the options' replacements."""
    return load_robot(args.robot).replace(body=args.body, world=args.world, policy=args.policy)


def _with_window(robot: Robot) -> Robot:
    if not robot.body.use.startswith("pybullet"):
        raise ConfigError(
            f"--gui: opens PyBullet's window, but the body is {robot.body.use}: add --body pybullet"
        )
    body = msgspec.structs.replace(robot.body, settings={**robot.body.settings, "gui": True}, fallback=None)
    return msgspec.structs.replace(robot, body=body)


def _path(args: argparse.Namespace, robot: Robot) -> Path:
    if args.out is None:
        return new_folder(Path("runs"), Path(robot.file).stem, args.seed, datetime.datetime.now())
    path: Path = args.out
    if (path / INFO).exists():
        raise ConfigError(f"--out = {path}: already holds a run; name another folder")
    return path


def _info(args: argparse.Namespace, assembly: Assembly, plugins: Plugins, ablated: list[str]) -> RunInfo:
    world, policy, robot = assembly.world, assembly.policy, assembly.robot
    config = getattr(world, "config", None)
    versions = {"wormctl": __version__, "python": platform.python_version()}
    versions |= {"numpy": np.__version__, "numba": numba.__version__, "platform": platform.platform()}
    versions |= {origin.distribution: origin.version for origin in plugins.loaded}
    return RunInfo(
        started=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        command=_command(args),
        versions=versions,
        seed=args.seed,
        seconds=args.seconds,
        period_s=1.0 / robot.rate_hz,
        body=assembly.body.spec.name,
        simulated=assembly.body.spec.simulated,
        snake=assembly.snake,
        world=None
        if world is None
        else WorldUsed(
            name=world.name,
            kind=f"{type(world).__module__}.{type(world).__qualname__}",
            seed=args.seed,
            config=msgspec.to_builtins(config) if isinstance(config, msgspec.Struct) else {},
        ),
        policy=PolicyUsed(name=policy.name, sha256=policy.sha256)
        if policy
        else PolicyUsed(name="", sha256=""),
        ablated=ablated,
        robot=Path(robot.file).read_text(encoding="utf-8"),
        neurons=list(assembly.controller.neurons),
        channels=[channel.name for channel in assembly.binding.channels],
    )


def _command(args: argparse.Namespace) -> list[str]:
    """The command line that repeats this run."""
    words = ["wormctl", "run"]
    for name, value in vars(args).items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value is not None and value is not False and name != "out":
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    return words


def _title(info: RunInfo) -> str:
    place = f", world {info.world.name}" if info.world else ""
    cut = f", without {', '.join(info.ablated)}" if info.ablated else ""
    return f"{info.policy.name} in body {info.body}{place}, seed {info.seed}{cut}"


def _live(episode: Episode, title: str, *, watched: bool) -> Result:
    observers: list[Observer] = []
    with ExitStack() as stack:
        if watched:
            observers.append(stack.enter_context(LiveView(episode, title, make_console())))
        stack.enter_context(stop_on_signals(episode.loop.request_stop))
        return episode.live(observers)


def _state(result: Result) -> State:
    if result.faulted:
        return "fault"
    return "interrupted" if result.reason == "interrupted" else "complete"


def _as_json(summary: Summary, folder: Path) -> str:
    return msgspec.json.encode({**msgspec.to_builtins(summary), "folder": str(folder)}).decode()
