"""`wormctl policy`: what is in a policy file, which ones there are, and importing trained networks."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wormctl.config import ConfigError, convert

if TYPE_CHECKING:
    from wormctl.neural.tensors import Tensors
    from wormctl.policy import Cell, Policy, PolicyMeta

SUMMARY = "Show, list and import policy files"

EPILOG = """\
examples:
  wormctl policy list
  wormctl policy show worm302                what it is, who made it, how, from what, and its inputs
  wormctl policy show my.safetensors --json
  wormctl policy import-ncps net.safetensors my.safetensors --dt 0.02 --elapsed 1.0 --unfolds 6 \\
      --implicit-constraints yes --inputs smell_left,smell_right --joints 12 --gain 0.5
  wormctl policy import-ncps net.npz my.safetensors --dt 0.02 --elapsed 1.0 --mode default \\
      --activation lecun_tanh --inputs smell_left,smell_right --joints 12

A torch model is exported where torch is, with one line:
  safetensors.torch.save_file(model.state_dict(), "net.safetensors")
or
  numpy.savez("net.npz", **{k: v.numpy() for k, v in model.state_dict().items()})
"""


_OPTIONS = {
    "$.dt_s": "--dt",
    "$.unfolds": "--unfolds",
    "$.joints": "--joints",
    "$.outputs.gain_rad": "--gain",
    "$.cell.elapsed": "--elapsed",
    "$.cell.epsilon": "--epsilon",
}
"""The option that gives a field of the policy when a network is imported."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommands to `parser`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = SUMMARY + ".", EPILOG
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    show = what.add_parser("show", help="what a policy is, who made it and how")
    show.add_argument("policy", help="the name of a shipped policy, or a file")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    names = what.add_parser("list", help="the policies that come with wormctl")
    names.add_argument("--json", action="store_true", help="print one JSON object")
    _add_import_arguments(what.add_parser("import-ncps", help="make a policy of a network trained with ncps"))


def _add_import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Make a policy file of the state dict of an ncps LTC or CfC, plain or wired."
    add = parser.add_argument
    add("state", type=Path, help="the state dict, as safetensors or npz")
    add("out", type=Path, help="the policy file to write")
    add("--dt", type=float, required=True, metavar="S", help="seconds between two ticks of the robot")
    add(
        "--elapsed",
        type=float,
        required=True,
        help="the time that the model was told a tick takes; ncps says 1.0 where nothing is given",
    )
    add("--inputs", required=True, metavar="NAME,...", help="a name for each input, in order")
    add("--joints", type=int, required=True, help="joints of the robot")
    add("--moves", metavar="JOINT,...", help="the joint that each output moves (default 0,1,2...)")
    add("--gain", type=float, default=1.0, metavar="RAD", help="setpoint for an output of 1, in rad (1.0)")
    add(
        "--unfolds",
        type=int,
        metavar="N",
        help="LTC, must be given: solver steps in a tick (ode_unfolds; ncps: 6)",
    )
    add(
        "--implicit-constraints",
        choices=("yes", "no"),
        help="LTC, must be given: implicit_param_constraints of the model; ncps: yes in LTC, no in LTCCell",
    )
    add("--epsilon", type=float, help="LTC: epsilon of the model (1e-8)")
    add(
        "--mode",
        help="CfC, must be given: mode of the model, default (which is what ncps calls it) or no_gate",
    )
    add(
        "--activation",
        metavar="NAME",
        help="CfC with a backbone, must be given: its activation, lecun_tanh (as in ncps) or tanh",
    )
    add("--by", default="", help="who trained it")
    add("--notes", default="", help="anything a reader should know")


def run(args: argparse.Namespace) -> int:
    """Answers, and returns 0."""
    if args.what == "show":
        return _show(args)
    if args.what == "list":
        return _list(args)
    return _import_ncps(args)


def _show(args: argparse.Namespace) -> int:
    from wormctl.policy import find_policy, load_policy

    policy = load_policy(find_policy(args.policy))
    # A file whose parts do not fit is no policy, however well it describes itself.
    policy.controller()
    if args.json:
        import msgspec

        print(msgspec.json.encode(_described(policy)).decode())
    else:
        _print(policy)
    return 0


def _list(args: argparse.Namespace) -> int:
    from wormctl.policy import load_policy, shipped_policies
    from wormctl.printable import one_line

    policies = [load_policy(path) for path in shipped_policies().values()]
    if args.json:
        import msgspec

        print(msgspec.json.encode({"policies": [_described(policy) for policy in policies]}).decode())
        return 0
    for policy in policies:
        meta = policy.meta
        notes = one_line(meta.made.notes)
        print(f"{policy.name:20} {meta.kind.value:5} {len(meta.neurons):4} neurons  {notes}".rstrip())
    if not policies:
        print("no policies come with this wormctl")
    return 0


def _described(policy: Policy) -> dict[str, Any]:
    return {
        "name": policy.name,
        "path": str(policy.path),
        "sha256": policy.sha256,
        "meta": policy.meta,
        "tensors": {
            name: {"dtype": str(array.dtype), "shape": list(array.shape)}
            for name, array in sorted(policy.tensors.items())
        },
    }


def _print(policy: Policy) -> None:
    """What the file says about itself, as text only: a stranger wrote it."""
    from rich.table import Table
    from rich.text import Text

    from wormctl.console import make_console
    from wormctl.printable import one_line, printable

    console = make_console()
    console.print(Text.assemble((one_line(policy.name), "bold"), "  ", one_line(str(policy.path))))
    facts = Table.grid(padding=(0, 2))
    for name, value in _facts(policy):
        if value:
            facts.add_row(name, Text(printable(value)))
    console.print(facts)
    tensors = Table("origin", "tensor", "shape", "type", box=None, pad_edge=False)
    for group in policy.meta.parameters:
        for name in group.tensors:
            array = policy.tensors[name]
            shape = " x ".join(map(str, array.shape)) or "1"
            tensors.add_row(group.origin.value, Text(printable(name)), shape, str(array.dtype))
        if group.doc:
            tensors.add_row("", Text(printable(group.doc), style="dim"))
    console.print(tensors)
    # Last, where they are still on the screen: who binds a channel needs them.
    console.print(Text.assemble((f"\ninputs ({len(policy.meta.inputs)})", "bold")))
    console.print(Text(printable(", ".join(_inputs(policy)))))


def _facts(policy: Policy) -> Iterator[tuple[str, str]]:
    meta, made = policy.meta, policy.meta.made
    solver = "" if meta.kind == "cfc" else f", {meta.unfolds} solver steps a tick"
    yield "kind", f"{meta.kind.value}, {len(meta.neurons)} neurons, {meta.joints} joints"
    yield "tick", f"{meta.dt_s * 1e3:g} ms{solver}"
    yield "cell", _cell(policy)
    yield "inputs", f"{len(meta.inputs)}, listed at the end"
    for i, output in enumerate(meta.outputs):
        bias = f", and by {output.bias_rad:g} rad always" if output.bias_rad else ""
        yield f"output {i}", f"moves joint {output.joint} by {output.gain_rad:g} rad times its value{bias}"
    yield "made by", made.by or "not said"
    yield "command", made.command or "not said"
    yield "seed", "none" if made.seed is None else str(made.seed)
    yield "evaluations", f"{made.evaluations:,}"
    yield "wormctl", made.wormctl
    for name, score in made.scores.items():
        yield "score", f"{name} = {score:g}"
    for source in made.data:
        yield "data", source
    yield "notes", made.notes
    yield "sha256", policy.sha256


def _inputs(policy: Policy) -> Iterator[str]:
    for port in policy.meta.inputs:
        yield port.name + (f"[{port.size}]" if port.size > 1 else "")


def _cell(policy: Policy) -> str:
    """What the cells of a network are told besides their tensors; empty for a worm."""
    kind, cell = policy.meta.kind, policy.meta.cell
    told = f"elapsed {cell.elapsed:g} a tick"
    if kind == "ltc":
        return f"{told}, epsilon {cell.epsilon:g}"
    if kind == "cfc":
        backbone = any(".backbone" in name for name in policy.tensors)
        activation = f", {cell.activation} backbone" if backbone else ""
        return f"{told}, {'gated' if cell.gate else 'no gate'}{activation}"
    return ""


def _import_ncps(args: argparse.Namespace) -> int:
    from wormctl.neural.ncps_import import NcpsImportError
    from wormctl.neural.tensors import TensorFileError, read_tensors
    from wormctl.policy import Policy, save_policy

    try:
        meta, tensors = _imported(read_tensors(args.state), args)
    except (TensorFileError, NcpsImportError) as error:
        raise ConfigError(f"{args.state}: {error}") from None
    # What does not run is not written.
    Policy(path=args.out, sha256="", meta=meta, tensors=tensors).controller()
    if args.out.exists():
        raise ConfigError(f"{args.out}: is already there; remove it or choose another name")
    save_policy(args.out, meta, tensors)
    print(f"{args.out}: {len(meta.neurons)} neurons, {len(meta.inputs)} inputs, {len(meta.outputs)} outputs")
    return 0


def _imported(state: Tensors, args: argparse.Namespace) -> tuple[PolicyMeta, Tensors]:
    """The network in `state` with what the options say about it. Raises `ConfigError` naming an option."""
    from wormctl.neural import ncps_import
    from wormctl.neural.store import cfc_tensors, ltc_tensors
    from wormctl.policy import PolicyMeta

    kind = ncps_import.kind_of(state)
    _ask(kind, args, backbone=ncps_import.has_backbone(state))
    cell = _cell_options(kind, args)
    if kind == "ltc":
        wiring, ltc = ncps_import.import_ltc(
            state, implicit_constraints=args.implicit_constraints == "yes", epsilon=cell.epsilon
        )
        neurons, inputs, outputs = wiring.names, wiring.inputs, wiring.motors
        tensors = ltc_tensors(wiring, ltc)
    else:
        cfc = ncps_import.import_cfc(state, mode=args.mode, activation=cell.activation)
        neurons, inputs, outputs = tuple(f"neuron{i}" for i in range(cfc.units)), cfc.inputs, cfc.outputs
        tensors = cfc_tensors(cfc)
    raw = {
        "kind": kind,
        "dt_s": args.dt,
        "unfolds": 1 if args.unfolds is None else args.unfolds,
        "neurons": neurons,
        "inputs": [{"name": name} for name in _input_names(args.inputs, inputs)],
        "joints": args.joints,
        "outputs": [
            {"joint": joint, "gain_rad": args.gain} for joint in _moves(args.moves, outputs, args.joints)
        ],
        "cell": cell,
        "parameters": [{"tensors": sorted(tensors), "origin": "trained", "doc": f"from {args.state.name}"}],
        "made": {"command": shlex.join(["wormctl", *sys.argv[1:]]), "by": args.by, "notes": args.notes},
    }
    return convert(raw, PolicyMeta, where="the options", options=_OPTIONS), tensors


def _ask(kind: str, args: argparse.Namespace, *, backbone: bool) -> None:
    """Raise `ConfigError` unless the options tell what the arrays do not, and nothing about the other kind."""
    ltc = {"--unfolds": args.unfolds, "--implicit-constraints": args.implicit_constraints}
    cfc = {"--mode": args.mode, "--activation": args.activation}
    needed, foreign = (ltc, cfc) if kind == "ltc" else (cfc, {**ltc, "--epsilon": args.epsilon})
    what = {"ltc": "an LTC", "cfc": "a CfC"}[kind]
    for option, value in foreign.items():
        if value is not None:
            raise ConfigError(f"{option} = {value}: {args.state} holds {what}, which has no such option")
    missing = [name for name, value in needed.items() if value is None]
    if not backbone and "--activation" in missing:
        missing.remove("--activation")
    if missing:
        verb = "are" if len(missing) > 1 else "is"
        raise ConfigError(f"{what} does not say how it was made: {' and '.join(missing)} {verb} needed")


def _cell_options(kind: str, args: argparse.Namespace) -> Cell:
    from wormctl.neural.cfc import ACTIVATIONS
    from wormctl.neural.ncps_import import MODES
    from wormctl.policy import Cell

    for option, value, allowed in (
        ("--mode", args.mode, MODES),
        ("--activation", args.activation, tuple(ACTIVATIONS)),
    ):
        if value is not None and value not in allowed:
            raise ConfigError(f"{option} = {value}: must be one of {', '.join(allowed)}")
    given = {"epsilon": args.epsilon, "elapsed": args.elapsed, "activation": args.activation}
    raw = {name: value for name, value in given.items() if value is not None}
    if kind == "cfc":
        raw["gate"] = args.mode != "no_gate"
    return convert(raw, Cell, where="the options", under="$.cell", options=_OPTIONS)


def _input_names(text: str, inputs: int) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if len(names) != inputs:
        raise ConfigError(f"--inputs = {text}: names {len(names)} inputs, the network has {inputs}")
    for i, name in enumerate(names):
        if not name or name in names[:i]:
            wrong = f"names {name} twice" if name else f"input {i} has no name"
            raise ConfigError(f"--inputs = {text}: {wrong}; every input needs a name of its own")
    return names


def _moves(text: str | None, outputs: int, joints: int) -> list[int]:
    try:
        moved = list(range(outputs)) if text is None else [int(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"--moves = {text}: must be joint numbers separated by commas") from None
    if len(moved) != outputs:
        raise ConfigError(f"--moves = {text}: names {len(moved)} joints, the network has {outputs} outputs")
    # No joints at all is told with the other ranges.
    strays = [i for i, joint in enumerate(moved) if joints > 0 and not 0 <= joint < joints]
    if strays:
        option = f"--joints = {joints}" if text is None else f"--moves = {text}"
        raise ConfigError(
            f"{option}: output {strays[0]} moves joint {moved[strays[0]]}, must be 0..{joints - 1}"
        )
    return moved
