"""`wormctl evaluate --signal-propagation`: arguments and printing. `wormctl.propagation` does the rest."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from pathlib import Path

import msgspec
import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from wormctl.ablation import parse_ablation, split_moves
from wormctl.config import ConfigError
from wormctl.connectome import load_connectome
from wormctl.console import make_console
from wormctl.jit import say_if_cold
from wormctl.options import chosen_plugins, chosen_robot
from wormctl.policy import Kind, Policy, find_policy, load_policy
from wormctl.propagation.atlas import LAYOUT, Atlas, read_atlas
from wormctl.propagation.compare import Area, Comparison, compare, stimulations
from wormctl.propagation.pairs import SIGNIFICANT
from wormctl.stdout import stdout_to_stderr
from wormctl.worm.controller import WormController
from wormctl.worm.model import WormModel

EPILOG = f"""
Of --signal-propagation (only --robot or --policy, --ablate, --seed and --json matter beside it): instead of
trials, each neuron that was stimulated in the signal-propagation atlas (Randi et al. 2023, Nature 623:406) is
stimulated in a resting worm, and the answers of the others are compared with the measured ones. No atlas comes
with wormctl. DATA is the authors' funatlas.h5, of which the wild type is taken,

  uvx pip download --no-deps wormneuroatlas      a wheel, which is a zip archive; in it, data/funatlas.h5
  uv run --with h5py wormctl evaluate --signal-propagation funatlas.h5

or an .npz file with these arrays, which numpy.savez writes:

{LAYOUT}"""

_LABELS = {
    "direct": "direct contact (EM sections)",
    "diffusion": "diffusion (half passed on)",
    "path": "path length (fewest contacts)",
}
_TRIALS_ONLY = ("body", "world", "full")
_WIDTH, _NAME = 12, 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the option, and explain it below the others."""
    parser.add_argument(
        "--signal-propagation",
        metavar="DATA",
        help="no trials: compare responses to single-neuron stimulation with this atlas (see below)",
    )
    parser.epilog = f"{parser.epilog or ''}{EPILOG}"


def run(args: argparse.Namespace) -> int:
    """Compare, and say what came out. Raises `ConfigError` for a file, worm or cell that cannot be used."""
    with stdout_to_stderr() if args.json else nullcontext():
        text = _compared(args)
    print(text, end="")
    return 0


def _compared(args: argparse.Namespace) -> str:
    for name in _TRIALS_ONLY:
        if getattr(args, name):
            raise ConfigError(f"--{name}: means nothing with --signal-propagation, which runs no trials")
    atlas = read_atlas(Path(args.signal_propagation))
    policy = _worm(args)
    terms = parse_ablation(args.ablate)
    moves, _ = split_moves(terms)
    if moves:
        raise ConfigError(
            f"{moves[0].text!r}: moves what a robot binds; with --signal-propagation nothing is bound"
        )
    worm, cut = _controller(policy), _controller(policy) if terms else None
    if cut is not None:
        cut.ablate(terms)
    connectome = load_connectome()
    total = stimulations(atlas, connectome, terms)
    say_if_cold()
    console = make_console(stderr=True)
    columns = (
        TextColumn("stimulations"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(compact=True),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task("", total=total)
        found = compare(
            atlas,
            connectome,
            worm,
            cut=cut,
            terms=terms,
            seed=args.seed,
            tell=lambda: bars.advance(bar),
        )
    if not args.json:
        return _text(policy, atlas, found)
    about = {
        "atlas": str(atlas.path),
        "atlas_sha256": atlas.sha256,
        "policy": policy.name,
        "policy_sha256": policy.sha256,
        "ablated": terms,
    }
    return msgspec.json.encode({**about, **msgspec.to_builtins(found)}).decode() + "\n"


def _worm(args: argparse.Namespace) -> Policy:
    """The policy that was asked for, of which everything has been checked."""
    choice = chosen_plugins(args)
    policy = load_policy(find_policy(chosen_robot(args, choice, choice.load()).policy))
    if policy.meta.kind is not Kind.WORM:
        raise ConfigError(f"{policy.path}: is of kind {policy.meta.kind}, must be a worm: it has the neurons")
    policy.controller()
    return policy


def _controller(policy: Policy) -> WormController:
    """The worm in float64, in which the weakest answers can be told apart."""
    model = WormModel.from_tensors(policy.tensors)
    return WormController(model, policy.meta.dt_s, policy.meta.unfolds, np.float64)


def _text(policy: Policy, atlas: Atlas, c: Comparison) -> str:
    p, s = c.pairs, c.stimulus
    rest = "it had settled" if s.settled else "it had not settled: compared with its own unrest"
    names = p.names_not_in_worm
    strangers = f", {p.not_in_worm} with a neuron that the worm lacks ({_listed(names)})" if names else ""
    unnamed = f"every pair with {_listed(p.names_not_in_atlas)}, which the atlas does not name"
    lines = [
        f"{policy.name} against {atlas.path.name}",
        "",
        _fact("pairs", f"{p.measured} measured, {p.connected} of them connected (q < {SIGNIFICANT})"),
        _fact("", f"{p.stimulated} neurons stimulated, {p.responding} watched"),
        _fact("left out", f"{p.not_measured} not measured, {p.itself} of a neuron with itself{strangers}"),
        *([_fact("", unnamed)] if p.names_not_in_atlas else []),
        _fact("stimulus", f"a current of {s.current:g} for {s.current_s:g} s into one neuron, after {s.rest_s:g} s "
                          f"of rest without senses; {rest}"),
        _fact("response", f"the peak change of potential within {s.window_s:g} s"),
        "",
        _row("area under the ROC curve", "AUC", "95 % interval", "worm better by", "shown *"),
        _scored(f"{policy.name}'s responses", c.worm, None),
        *(_scored(_LABELS.get(name, name), area, area) for name, area in c.floors.items()),
    ]  # fmt: skip
    if c.without is not None:
        w = c.without
        calm = "" if w.settled else "; it had not settled"
        lines += [
            "",
            f"  without {', '.join(w.terms)}, on the {w.measured} pairs ({w.connected} connected) "
            f"of the other cells{calm}",
            _scored("the whole worm", w.whole, None),
            _scored("with that cut", w.cut, w.cut),
        ]
    lines += ["", f"  0.5 is chance, 1 is perfect. Intervals: {c.resamples} resamples of the stimulated neurons, "
                  f"seed {c.seed}."]  # fmt: skip
    if p.shown_unconnected is not None:
        lines.append(
            f"  * against the {p.shown_unconnected} pairs shown not to be connected (q_eq < {SIGNIFICANT}) alone."
        )
    return "\n".join(lines) + "\n"


def _fact(key: str, text: str) -> str:
    return f"  {key:{_WIDTH}}{text}"


def _row(name: str, *cells: str) -> str:
    widths = (7, 18, 26, 9)
    return (
        f"  {name:{_NAME}}" + "".join(f"{cell:>{w}}" for cell, w in zip(cells, widths, strict=True)).rstrip()
    )


def _scored(name: str, area: Area, lead: Area | None) -> str:
    better = (
        "" if lead is None else f"{lead.worm_better_by:+.3f} ({_range(lead.worm_better_by_ci95, '+.3f')})"
    )
    shown = "" if area.auc_shown is None else f"{area.auc_shown:.3f}"
    return _row(name, f"{area.auc:.3f}", _range(area.ci95, ".3f"), better, shown)


def _range(ends: tuple[float, float] | None, form: str) -> str:
    return "" if ends is None else f"{ends[0]:{form}} to {ends[1]:{form}}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
