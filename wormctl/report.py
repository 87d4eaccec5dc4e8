"""A run in words: the one screen that a person reads at its end, and finds again in `summary.txt`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from wormctl.connectome import load_connectome
from wormctl.options import typed
from wormctl.runs import INFO, RECORD, SUMMARY, RunInfo
from wormctl.summary import Loud, Summary

_WIDTH = 12
_CLASSES = 5
_WIDEST_COMMAND = 45
"""Characters of a command that still fits on a line with its purpose."""


class Hint(NamedTuple):
    """A command worth trying."""

    words: Sequence[str]
    what: str


def report(
    info: RunInfo, summary: Summary, folder: Path, hints: Sequence[Hint] = (), drawn: Sequence[Path] = ()
) -> str:
    """What happened, how far, how fast, who was loud, where it is kept, what to try next: lines of text."""
    lines = [_headline(summary), ""]
    facts = _facts(info, summary) if summary.seconds > 0.0 else [_worm(summary)]
    lines += [f"  {key:{_WIDTH}}{text}" for key, text in facts]
    files = [*(path.name for path in drawn), SUMMARY, RECORD, INFO]
    lines += ["", f"  {'folder':{_WIDTH}}{folder}", f"  {'':{_WIDTH}}{', '.join(files)}", ""]
    lines += [f"  {'' if i else 'try':{_WIDTH}}{text}" for i, text in enumerate(_suggestions(hints))]
    return "\n".join(lines) + "\n"


def _suggestions(hints: Sequence[Hint]) -> list[str]:
    """Commands that can be copied, each beside what it does, or under it where they would need a wide screen."""
    commands = [typed(hint.words) for hint in hints]
    width = max(map(len, commands), default=0)
    if width <= _WIDEST_COMMAND:
        return [f"{command:{width}}  # {hint.what}" for command, hint in zip(commands, hints, strict=True)]
    both = zip(commands, hints, strict=True)
    return [line for command, hint in both for line in (f"# {hint.what}", command)]


def _headline(s: Summary) -> str:
    if s.reason.startswith("fault: "):
        why = s.reason.removeprefix("fault: ").rstrip(".")
        return f"The run stopped after {s.seconds:.1f} s: {why}{'' if why.endswith('?') else '.'}"
    if s.reached and s.time_to_food_s is not None:
        ended = f", interrupted after {s.seconds:.1f} s" if s.reason == "interrupted" else ""
        return f"The worm reached the food after {s.time_to_food_s:.1f} s{ended}."
    if s.reason == "interrupted":
        before = ", before the worm reached the food" if s.distance_min_m is not None else ""
        return f"Interrupted after {s.seconds:.1f} s{before}."
    if s.distance_min_m is not None:
        return f"The worm did not reach the food in {s.seconds:.0f} s."
    return f"The worm crawled for {s.seconds:.0f} s."


def _facts(info: RunInfo, s: Summary) -> list[tuple[str, str]]:
    facts = []
    if s.distance_min_m is not None:
        facts.append(
            (
                "distance",
                f"{s.distance_start_m:.2f} m at the start, {s.distance_min_m:.2f} m at the nearest, "
                f"{s.distance_end_m:.2f} m at the end",
            )
        )
    if s.speed_bl_per_s is not None:
        cm_per_s = 100 * s.speed_bl_per_s * info.snake.length_m
        facts.append(("speed", f"{s.speed_bl_per_s:.2f} body lengths/s ({cm_per_s:.0f} cm/s)"))
    facts.append(("wave", f"{s.frequency_hz:.2f} Hz" if s.frequency_hz else "none: it lay still"))
    if s.loudest:
        facts.append(("loudest", _by_class(s.loudest)))
    facts.append(_worm(s))
    if s.varied:
        drawn = ", ".join(f"{name} {value:.3g}" for name, value in s.varied.items())
        facts.append(("varied", f"{drawn}, by the seed"))
    late = f", {s.overruns or 'no'} deadline{'s'[: s.overruns != 1]} missed" if info.realtime else ""
    facts.append(("pace", f"{s.rtf:.1f}x real time, {s.tick_us_median:.0f} us a tick{late}"))
    if s.bad_samples:
        bad = ", ".join(f"{name} in {n} ticks" for name, n in s.bad_samples.items())
        facts.append(("bad samples", bad))
    for name, why in s.sensor_errors.items():
        facts.append(("sensor", f"{name}: {why}" if not why.startswith(name) else why))
    if s.counted:
        facts.append(("line", ", ".join(f"{n} {what}" for what, n in s.counted.items())))
    if s.guarded_ticks:
        facts.append(("guarded", f"{s.guarded_ticks} ticks in which the worm did without an input or a step"))
    return facts


def _worm(s: Summary) -> tuple[str, str]:
    cut = f", cut out: {', '.join(s.ablated)}" if s.ablated else ""
    place = f", world {s.world}" if s.world else ""
    return "worm", f"{s.policy} in body {s.body}{place}, seed {s.seed}{cut}"


def _by_class(neurons: Sequence[Loud]) -> str:
    """The classes of the loudest neurons, and what kind of cells they are."""
    connectome = load_connectome()
    kinds = {
        name: (kind, what)
        for name, kind, what in zip(connectome.names, connectome.classes, connectome.types, strict=True)
    }
    found: dict[str, None] = {}
    for neuron in neurons:
        kind, what = kinds.get(neuron.name, (neuron.name, ""))
        found[f"{kind} ({what})" if what else kind] = None
    return ", ".join(list(found)[:_CLASSES])
