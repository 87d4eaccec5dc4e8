"""A run in words: the one screen that a person reads at its end, and finds again in `summary.txt`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wormctl.connectome import load_connectome
from wormctl.runs import INFO, RECORD, RunInfo
from wormctl.summary import Loud, Summary

_WIDTH = 12
_CLASSES = 5


def report(info: RunInfo, summary: Summary, folder: Path, drawn: Sequence[Path] = ()) -> str:
    """What happened, how far, how fast, who was loud, where it is kept, what to try next."""
    lines = [_headline(summary), ""]
    lines += [f"  {key:{_WIDTH}}{text}" for key, text in _facts(info, summary)]
    files = [*(path.name for path in drawn), RECORD, INFO]
    lines += ["", f"  {'folder':{_WIDTH}}{folder}", f"  {'':{_WIDTH}}{', '.join(files)}", ""]
    lines += [f"  {'try' if i == 0 else '':{_WIDTH}}{hint}" for i, hint in enumerate(_hints(info, summary))]
    return "\n".join(lines) + "\n"


def _headline(s: Summary) -> str:
    if s.reason.startswith("fault: "):
        return f"The run stopped after {s.seconds:.1f} s: {s.reason.removeprefix('fault: ')}."
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
    cut = f", cut out: {', '.join(s.ablated)}" if s.ablated else ""
    place = f", world {s.world}" if s.world else ""
    facts.append(("worm", f"{s.policy} in body {s.body}{place}, seed {s.seed}{cut}"))
    late = "no deadline missed" if not s.overruns else f"{s.overruns} deadlines missed"
    facts.append(("pace", f"{s.rtf:.1f}x real time, {s.tick_us_median:.0f} us a tick, {late}"))
    if s.bad_samples:
        bad = ", ".join(f"{name} in {n} ticks" for name, n in s.bad_samples.items())
        facts.append(("bad samples", bad))
    if s.guarded_ticks:
        facts.append(("guarded", f"{s.guarded_ticks} ticks in which the worm did without an input or a step"))
    return facts


def _by_class(neurons: Sequence[Loud]) -> str:
    """The classes that the loudest neurons belong to, and what kind of cells they are."""
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


def _hints(info: RunInfo, s: Summary) -> list[str]:
    """Commands worth trying after this run."""
    hints = []
    if s.ablated:
        hints.append("wormctl run                    the same with the whole worm")
    elif info.world is not None:
        hints.append("wormctl run --ablate ASE       without the cells that smell the food")
    if info.simulated:
        hints.append("wormctl run --realtime         watch it at life speed")
        hints.append("wormctl evaluate --trials 20   how often does it get there?")
    return hints
