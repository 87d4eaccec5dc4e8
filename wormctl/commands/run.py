"""`wormctl run`: one life of the worm, watched, recorded and summed up."""

from __future__ import annotations

import argparse
import datetime
import platform
import sys
from contextlib import ExitStack, nullcontext
from pathlib import Path

import msgspec
import numba
import numpy as np
import tomli_w

from wormctl import __version__
from wormctl.ablation import parse_ablation
from wormctl.announce import Senses, announcing
from wormctl.assembly import Assembly, assemble
from wormctl.clock import SimulatedClock
from wormctl.config import ConfigError
from wormctl.console import make_console
from wormctl.drawing import Drawn, draw_run
from wormctl.episode import Episode
from wormctl.jit import say_if_cold
from wormctl.live import LiveView
from wormctl.loop import Observer, Result
from wormctl.options import (
    SECONDS,
    add_robot_arguments,
    chosen_plugins,
    chosen_robot,
    command_words,
    same_robot,
    seconds,
    seed,
    typed,
)
from wormctl.plugins import Plugins
from wormctl.report import Hint, report
from wormctl.robot import Robot
from wormctl.runs import INFO, PolicyUsed, RunFolder, RunInfo, State, WorldUsed, new_folder
from wormctl.signals import EXIT_INTERRUPTED, stop_on_signals
from wormctl.stdout import stdout_to_stderr
from wormctl.summary import Summary

LINGER_S = 2.0
"""How long a run goes on after the food was reached."""
WATCHED_S = 15.0
"""How long the longest run lasts where somebody watches it in a terminal."""

EXIT_FAULT = 1

EPILOG = """\
examples:
  wormctl run                          food ahead, in PyBullet: watch it, then look into the folder
  wormctl run --realtime               the same at life speed
  wormctl run --ablate ASE             without the cells that smell the food
  wormctl run --world poison --seed 7  another place (`wormctl plugin list` lists worlds and bodies)
  wormctl run --robot my_robot.toml    your own robot, simulated or real
  wormctl run --json --no-media        numbers only, for a script

Every run leaves a folder: traces.png and, of a simulated run, trajectory.png and video.mp4 to look at, summary.txt,
record.npy with every tick (numpy.load reads it), and run.json with all that is needed to repeat it. Ctrl-C ends a run,
or its drawing, in order. In a terminal a run is shown as it goes, slowed down so that the longest takes 15 s; with
--quiet or --json, or into a pipe, it goes as fast as it can. With any real device, a body, a sensor or an actuator, it
goes at life speed; a physical body is never shown.
Exit status: 0, 1 if the robot had to be stopped by a fault, 130 if you stopped it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    add_robot_arguments(parser)
    parser.add_argument(
        "--seed", type=seed, default=0, help="what the random part of the world is drawn from"
    )
    parser.add_argument("--seconds", type=seconds, default=SECONDS, help="longest run (default: %(default)g)")
    parser.add_argument("--realtime", action="store_true", help="at life speed; otherwise as fast as it can")
    parser.add_argument("--gui", action="store_true", help="open PyBullet's window; needs a screen")
    parser.add_argument("--out", metavar="FOLDER", help="where to keep it (default: runs/...)")
    parser.add_argument("--no-media", action="store_true", help="make no picture and no video")
    parser.add_argument("--quiet", action="store_true", help="no live view, so as fast as it can")
    parser.add_argument("--json", action="store_true", help="the summary as one JSON object on stdout")


def run(args: argparse.Namespace) -> int:
    """Run, draw, tell; the exit status."""
    with stdout_to_stderr() if args.json else nullcontext():
        status, text = _run(args)
    print(text, end="")
    return status


def _run(args: argparse.Namespace) -> tuple[int, str]:
    """The exit status, and what stdout is for."""
    say_if_cold()
    ablated = parse_ablation(args.ablate)
    choice = chosen_plugins(args)
    plugins = choice.load()
    robot = chosen_robot(args, choice, plugins)
    if args.gui:
        robot = _with_window(robot)
    if args.seconds < 1.0 / robot.rate_hz:
        raise ConfigError(
            f"--seconds = {args.seconds:g}: must be at least one tick, {1.0 / robot.rate_hz:g} s"
        )
    with assemble(robot, plugins, seed=args.seed, ablate=ablated) as assembly:
        for note in assembly.notes:
            _say(note)
        simulated = assembly.body.spec.simulated
        realtime = args.realtime or args.gui or bool(assembly.real)
        # A physical body must not wait for a picture.
        watched = simulated and sys.stdout.isatty() and not (args.json or args.quiet)
        info = _info(args, assembly, plugins, ablated, realtime=realtime)
        folder = RunFolder(_path(args, robot), info)
        speed = 1.0 if realtime else max(1.0, args.seconds / WATCHED_S) if watched else None
        episode = Episode(
            assembly,
            seconds=args.seconds,
            linger_s=LINGER_S,
            record=folder.record,
            clock=SimulatedClock(speed=speed) if simulated else None,
        )
        if simulated and assembly.real and not (args.realtime or args.gui):
            _say(f"at life speed: {', '.join(assembly.real)} is real")
        if not simulated:
            stop = f"Ctrl-C, or {typed(['wormctl', 'stop'])} in another shell, ends it"
            print(f"wormctl: driving {assembly.body_name} for {args.seconds:g} s: {stop}", file=sys.stderr)
        result = _live(episode, info, watched=watched)
        summary = episode.summary(result, ablated, info.policy.name)
        episode.recorder.close()
        # Before the devices are closed: one of them may hang, and somebody may kill the run for it.
        state = _state(result)
        hints = _hints(args, info, summary, robot, alone=bool(assembly.real))
        folder.finish(state, summary, report(info, summary, folder.path, hints))
    drawn = Drawn(files=[], interrupted=False)
    if not args.no_media:
        drawn = draw_run(folder.path, plugins, quick=state == "interrupted", simulated=info.simulated)
    text = report(info, summary, folder.path, hints, drawn.files)
    folder.finish(state, summary, text)
    if args.json:
        text = _as_json(summary, folder.path)
        if state == "fault":
            print(f"wormctl: {result.reason.removeprefix('fault: ')}", file=sys.stderr)
    if state == "fault":
        return EXIT_FAULT, text
    return EXIT_INTERRUPTED if state == "interrupted" or drawn.interrupted else 0, text


def _with_window(robot: Robot) -> Robot:
    if not robot.body.use.startswith("pybullet"):
        raise ConfigError(
            f"--gui: opens PyBullet's window, but the body is {robot.body.use}: add --body pybullet"
        )
    settings = {**robot.body.settings, "gui": True}
    body = msgspec.structs.replace(robot.body, settings=settings, fallback=None, where="--gui")
    return msgspec.structs.replace(robot, body=body)


def _path(args: argparse.Namespace, robot: Robot) -> Path:
    if args.out is None:
        return new_folder(Path("runs"), Path(robot.file).stem, args.seed, datetime.datetime.now())
    if not args.out:
        raise ConfigError("--out is empty: name a folder, or leave it out")
    path = Path(args.out)
    if (path / INFO).exists():
        raise ConfigError(f"--out = {path}: already holds a run; name another folder")
    return path


def _info(
    args: argparse.Namespace, assembly: Assembly, plugins: Plugins, ablated: list[str], *, realtime: bool
) -> RunInfo:
    world, policy, robot = assembly.world, assembly.policy, assembly.robot
    config = getattr(world, "config", None)
    versions = {"wormctl": __version__, "python": platform.python_version()}
    versions |= {"numpy": np.__version__, "numba": numba.__version__, "platform": platform.platform()}
    versions |= {origin.distribution: origin.version for origin in plugins.loaded}
    return RunInfo(
        started=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        command=command_words("run", {k: v for k, v in vars(args).items() if k != "out"}),
        versions=versions,
        seed=args.seed,
        seconds=args.seconds,
        period_s=1.0 / robot.rate_hz,
        body=assembly.body_name,
        simulated=assembly.body.spec.simulated,
        realtime=realtime,
        snake=assembly.snake,
        world=None
        if world is None
        else WorldUsed(
            name=assembly.world_name or world.name,
            kind=f"{type(world).__module__}.{type(world).__qualname__}",
            seed=args.seed,
            config=msgspec.to_builtins(config) if isinstance(config, msgspec.Struct) else {},
        ),
        policy=PolicyUsed(name=assembly.policy_name, sha256=policy.sha256 if policy else ""),
        ablated=ablated,
        robot=tomli_w.dumps(robot.raw),
        neurons=list(assembly.controller.neurons),
        channels=[channel.name for channel in assembly.binding.channels],
        told=[channel.name for channel in assembly.actuation.channels for _ in range(channel.size)],
    )


def _title(info: RunInfo) -> str:
    place = f", world {info.world.name}" if info.world else ""
    cut = f", without {', '.join(info.ablated)}" if info.ablated else ""
    return f"{info.policy.name} in body {info.body}{place}, seed {info.seed}{cut}"


def _live(episode: Episode, info: RunInfo, *, watched: bool) -> Result:
    observers: list[Observer] = []
    with ExitStack() as stack:
        if watched:
            senses = Senses(episode.assembly)
            view = LiveView(episode, _title(info), make_console(), realtime=info.realtime, senses=senses)
            observers.append(stack.enter_context(view))
        elif info.realtime:
            stack.enter_context(announcing(episode.assembly, episode.loop.view, _say))
        stack.enter_context(stop_on_signals(episode.loop.request_stop))
        return episode.live(observers)


def _say(line: str) -> None:
    print(f"wormctl: {line}", file=sys.stderr)


def _state(result: Result) -> State:
    if result.faulted:
        return "fault"
    return "interrupted" if result.reason == "interrupted" else "complete"


def _hints(
    args: argparse.Namespace, info: RunInfo, summary: Summary, robot: Robot, *, alone: bool
) -> list[Hint]:
    """Commands worth trying after this run, with its own options. `alone`: real devices take part."""
    if not info.simulated:
        return []
    same = same_robot(args)
    again = {**same, "seed": args.seed or None, "realtime": args.realtime or None}
    sought = summary.distance_min_m is not None
    hints = []
    if info.ablated:
        hints.append(Hint(command_words("run", {**again, "ablate": None}), "the same with the whole worm"))
    elif sought and any("ASEL" in bind.to for bind in robot.binds):
        hints.append(
            Hint(command_words("run", {**again, "ablate": "ASE"}), "without the cells that smell food")
        )
    if not info.realtime:
        hints.append(Hint(command_words("run", {**again, "realtime": True}), "watch it at life speed"))
    if sought and not alone:
        often = (
            "how often does it get there?" if args.world else "how often does it find food at any bearing?"
        )
        hints.append(Hint(command_words("evaluate", {**same, "trials": 20}), often))
    return hints


def _as_json(summary: Summary, folder: Path) -> str:
    return msgspec.json.encode({**msgspec.to_builtins(summary), "folder": str(folder)}).decode() + "\n"
