"""`wormctl emulate`: the robot's electronics without the robot, on a port that any program can open."""

from __future__ import annotations

import argparse
import contextlib
import select
import sys
from pathlib import Path
from typing import TextIO

from wormctl_serial.config import JointTable, Nose

from wormctl.config import ConfigError
from wormctl.device import Context, World
from wormctl.files import whole_file
from wormctl.options import seconds, seed, typed
from wormctl.plugins import load_plugins
from wormctl.signals import stop_on_signals
from wormctl.snake import load_snake
from wormctl_emulator.chip import EEPROM_BYTES, HZ, ChipCrashedError, shipping_elf
from wormctl_emulator.lockstep import ready_rig
from wormctl_emulator.rig import Rig, SnakeOnRig
from wormctl_emulator.terminal import Terminal

_STRIDE_S = 0.05
_SHOWN_EVERY = 4

SWITCHES = """\
  estop        open the emergency stop; `release` closes it
  reset        press the reset button
  unplug       pull the plug; `plug` puts it back
  servo 4.2    set the servo rail to 4.2 V; `pack 6.5` the pack
  head, tail   press a contact for a second
  quit"""

EPILOG = f"""\
examples:
  wormctl emulate --link robot                    then, in another terminal:
  wormctl doctor --port robot
  wormctl run --body serial --port robot
  wormctl emulate --link robot --world food       with a snake on the servos, which smells and crawls
  wormctl emulate --link robot --blank            a new chip, without a joint table: wormctl calibrate gives it one

It runs the very firmware that is flashed (`make -C firmware` builds it) in an emulated ATmega328P, at life speed, and
shows the pulses at its twelve servo pins. While it runs you may type:

{SWITCHES}

For the worm through the firmware without a second terminal: wormctl run --body emulated
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "--link", type=Path, default=Path("robot"), help="where its port appears (default: %(default)s)"
    )
    parser.add_argument("--world", metavar="NAME", help="hang a planar snake on the servos, in this world")
    parser.add_argument(
        "--seed", type=seed, default=0, help="what the random part of the world is drawn from"
    )
    parser.add_argument("--blank", action="store_true", help="a new chip: no joint is set up")
    parser.add_argument("--eeprom", type=Path, metavar="FILE", help="what outlives a power cut is kept here")
    parser.add_argument("--firmware", type=Path, metavar="ELF", help="instead of the one in firmware/build")
    parser.add_argument("--pulses", type=Path, metavar="CSV", help="write down every pulse")
    parser.add_argument("--seconds", type=seconds, default=None, help="end by itself after so long")


def run(args: argparse.Namespace) -> int:
    """Emulate until told to stop; the exit status."""
    rig, world = _rig(args)
    with contextlib.ExitStack() as closing:
        pulses = None if args.pulses is None else closing.enter_context(_opened(args.pulses))
        rig.keep = pulses is not None
        terminal = Terminal(rig, args.link)
        closing.callback(terminal.close)
        if args.eeprom is not None:
            closing.callback(lambda: _keep(args.eeprom, rig))
        stop: list[bool] = []
        print(f"port {args.link} is ready: {typed(['wormctl', 'doctor', '--port', str(args.link)])}")
        print(
            "type estop, release, reset, unplug, plug, servo 4.2, pack 6.5, head, tail or quit; Ctrl-C ends it",
            flush=True,
        )
        with stop_on_signals(lambda: stop.append(True)):
            _loop(args, terminal, world, stop, pulses)
    return 0


def _opened(path: Path) -> TextIO:
    """A file for pulses, with its heading."""
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--pulses = {path}: cannot be written: {error.strerror}") from None
    file.write("# rise_s,joint,width_us,cut_by_reset\n")
    return file


def _keep(path: Path, rig: Rig) -> None:
    """What outlives a power cut."""
    with whole_file(path) as partial:
        partial.write_bytes(rig.chip.eeprom())


def _rig(args: argparse.Namespace) -> tuple[Rig, World | None]:
    firmware = args.firmware or shipping_elf()
    if not firmware.is_file():
        raise ConfigError(f"--firmware = {firmware}: no such file")
    kept = args.eeprom.read_bytes() if args.eeprom is not None and args.eeprom.exists() else None
    if kept is not None and len(kept) != EEPROM_BYTES:
        raise ConfigError(
            f"--eeprom = {args.eeprom}: has {len(kept)} bytes, must have {EEPROM_BYTES}, as it writes them"
        )
    joints = (JointTable(),) * load_snake().joints
    known = None if kept is not None or args.blank else joints
    try:
        rig = ready_rig(known, firmware=firmware, eeprom=kept, seed=args.seed)
    except ChipCrashedError as error:
        raise ConfigError(f"{firmware}: is no firmware for this chip: {error}") from None
    if args.world is None:
        return rig, None
    offer = load_plugins().world(args.world, "--world")
    world = offer.make(offer.config())
    world.reset(args.seed)
    context = Context(snake=load_snake(), period_s=0.02, seed=args.seed, world=world)
    rig.snake = SnakeOnRig(context, joints, Nose())
    return rig, world


def _loop(
    args: argparse.Namespace, terminal: Terminal, world: World | None, stop: list[bool], pulses: TextIO | None
) -> None:
    released: dict[str, float] = {}
    strides = 0
    rig = terminal.rig
    while not stop and (args.seconds is None or rig.chip.now_s < args.seconds):
        terminal.run(_STRIDE_S)
        if pulses is not None:
            _write_pulses(pulses, rig)
        strides += 1
        if world is not None:
            world.advance(rig.chip.now_s)
        for contact, until_s in list(released.items()):
            if rig.chip.now_s > until_s:
                setattr(rig, contact, False)
                del released[contact]
        for line in _typed():
            if not _switch(line.split(), terminal, released):
                stop.append(True)
            elif line:
                print(f"{rig.chip.now_s:.1f} s: {line}", file=sys.stderr)
        if strides % _SHOWN_EVERY == 0 and sys.stderr.isatty():
            print(f"\r{_status(terminal, world)}\x1b[K", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _status(terminal: Terminal, world: World | None) -> str:
    widths = terminal.rig.width_us
    pulses = (
        "no pulses"
        if not widths.any()
        else "pulses " + " ".join(f"{us:4.0f}" if us else "   -" for us in widths)
    )
    place = "" if terminal.plugged else "  (unplugged)"
    snake = terminal.rig.snake
    if world is not None and snake is not None:
        place += f"  {world.goal_distance_m(*snake.body.truth.nose.tolist()):.2f} m to the food"
    return f"{terminal.rig.chip.now_s:7.1f} s  {pulses}{place}"


def _typed() -> list[str]:
    """Lines typed since the last look; none once stdin has ended."""
    if sys.stdin is None or sys.stdin.closed:
        return []
    lines = []
    with contextlib.suppress(OSError, ValueError):
        while select.select([sys.stdin], [], [], 0.0)[0]:
            line = sys.stdin.readline()
            if not line:
                sys.stdin.close()
                break
            lines.append(line.strip())
    return lines


def _switch(words: list[str], terminal: Terminal, released: dict[str, float]) -> bool:
    """Do what was typed; False to end."""
    rig = terminal.rig
    match words:
        case []:
            pass
        case ["quit" | "exit"]:
            return False
        case ["estop"]:
            rig.estop_open = True
        case ["release"]:
            rig.estop_open = False
        case ["reset"]:
            rig.press_reset()
        case ["unplug"]:
            terminal.unplug()
        case ["plug"]:
            terminal.plug()
        case ["head" | "tail" as end]:
            setattr(rig, f"{end}_pressed", True)
            released[f"{end}_pressed"] = rig.chip.now_s + 1.0
        case ["servo" | "pack" as which, volt] if _is_volt(volt):
            setattr(rig, "rail_v" if which == "servo" else "pack_v", float(volt))
        case _:
            print(f"is none of\n{SWITCHES}", file=sys.stderr)
    return True


def _is_volt(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 15.0
    except ValueError:
        return False


def _write_pulses(file: TextIO, rig: Rig) -> None:
    """Write down the pulses since the last call."""
    pulses = rig.pulses()
    rig.seen.clear()
    for pulse in pulses:
        rise_s, width_us = pulse["rise"] / HZ, pulse["width"] * 1e6 / HZ
        file.write(f"{rise_s:.7f},{pulse['servo']},{width_us:.4f},{pulse['cut']}\n")
