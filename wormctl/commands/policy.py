"""`wormctl policy`: what is in a policy file, which ones there are, and importing trained networks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wormctl.config import ConfigError

if TYPE_CHECKING:
    from wormctl.policy import Policy

SUMMARY = "Show, list and import policy files"

EPILOG = """\
examples:
  wormctl policy list
  wormctl policy show worm302                what it is, who made it, how, from what
  wormctl policy show my.safetensors --json
  wormctl policy import-ncps net.safetensors my.safetensors --dt 0.02 --elapsed 1.0 --unfolds 6 \\
      --implicit-constraints yes --inputs smell_left,smell_right --joints 12 --gain 0.5

A torch model is exported where torch is, with one line:
  safetensors.torch.save_file(model.state_dict(), "net.safetensors")
or
  numpy.savez("net.npz", **{k: v.numpy() for k, v in model.state_dict().items()})
"""


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
        help="the time a tick took in training; 1.0 unless you gave one",
    )
    add("--inputs", required=True, metavar="NAME,...", help="a name for each input, in order")
    add("--joints", type=int, required=True, help="joints of the robot")
    add("--moves", metavar="JOINT,...", help="the joint that each output moves (default 0,1,2...)")
    add("--gain", type=float, default=1.0, metavar="RAD", help="setpoint for an output of 1, in rad (1.0)")
    add("--unfolds", type=int, help="LTC: solver steps in a tick (ode_unfolds)")
    add(
        "--implicit-constraints",
        choices=("yes", "no"),
        help="LTC: implicit_param_constraints of the model; yes by default in LTC, no in LTCCell",
    )
    add("--epsilon", type=float, default=1e-8, help="LTC: epsilon of the model (1e-8)")
    add("--mode", default="default", help="CfC: mode of the model (default)")
    add("--activation", default="lecun_tanh", help="CfC: activation of the backbone (lecun_tanh)")
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

    policies = [load_policy(path) for path in shipped_policies().values()]
    if args.json:
        import msgspec

        print(msgspec.json.encode({"policies": [_described(policy) for policy in policies]}).decode())
        return 0
    for policy in policies:
        meta = policy.meta
        print(
            f"{policy.name:20} {meta.kind.value:5} {len(meta.neurons):4} neurons  {meta.made.notes}".rstrip()
        )
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
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    meta, made = policy.meta, policy.meta.made
    facts = Table.grid(padding=(0, 2))
    solver = "" if meta.kind == "cfc" else f", {meta.unfolds} solver steps a tick"
    rows = [
        ("kind", f"{meta.kind.value}, {len(meta.neurons)} neurons, {meta.joints} joints"),
        ("tick", f"{meta.dt_s * 1e3:g} ms{solver}"),
        (
            "inputs",
            ", ".join(port.name + (f"[{port.size}]" if port.size > 1 else "") for port in meta.inputs),
        ),
        ("made by", made.by or "not said"),
        ("command", made.command or "not said"),
        ("seed", "none" if made.seed is None else str(made.seed)),
        ("evaluations", f"{made.evaluations:,}"),
        ("wormctl", made.wormctl),
        *(("score", f"{name} = {score:g}") for name, score in made.scores.items()),
        *(("data", source) for source in made.data),
        ("notes", made.notes),
        ("sha256", policy.sha256),
    ]
    for name, value in rows:
        if value:
            facts.add_row(name, value)
    console.print(f"[bold]{policy.name}[/bold]  {policy.path}")
    console.print(facts)
    tensors = Table("origin", "tensor", "shape", "type", box=None, pad_edge=False)
    for group in meta.parameters:
        for name in group.tensors:
            array = policy.tensors[name]
            shape = " x ".join(map(str, array.shape)) or "1"
            tensors.add_row(group.origin.value, name, shape, str(array.dtype))
        if group.doc:
            tensors.add_row("", f"[dim]{group.doc}[/dim]")
    console.print(tensors)


def _import_ncps(args: argparse.Namespace) -> int:
    from wormctl.neural.ncps_import import NcpsImportError, kind_of
    from wormctl.neural.tensors import TensorFileError, read_tensors
    from wormctl.policy import load_policy, save_policy

    try:
        state = read_tensors(args.state)
        kind = kind_of(state)
        if kind == "ltc" and (args.unfolds is None or args.implicit_constraints is None):
            raise ConfigError(
                "an LTC does not say how it was made: --unfolds and --implicit-constraints are needed"
            )
        meta, tensors = _policy_of(kind, state, args)
    except (TensorFileError, NcpsImportError) as error:
        raise ConfigError(f"{args.state}: {error}") from None
    save_policy(args.out, meta, tensors)
    # Read back, so that what is written is known to run.
    load_policy(args.out).controller()
    print(f"{args.out}: {len(meta.neurons)} neurons, {len(meta.inputs)} inputs, {len(meta.outputs)} outputs")
    return 0


def _policy_of(kind: str, state: Any, args: argparse.Namespace) -> Any:
    from wormctl.config import convert
    from wormctl.neural import ncps_import
    from wormctl.neural.store import cfc_tensors, ltc_tensors
    from wormctl.policy import PolicyMeta

    if kind == "ltc":
        wiring, ltc = ncps_import.import_ltc(
            state, implicit_constraints=args.implicit_constraints == "yes", epsilon=args.epsilon
        )
        neurons, outputs, inputs, tensors = (
            wiring.names,
            wiring.motors,
            wiring.inputs,
            ltc_tensors(wiring, ltc),
        )
    else:
        cfc = ncps_import.import_cfc(state, mode=args.mode, activation=args.activation)
        neurons = tuple(f"neuron{i}" for i in range(cfc.units))
        outputs, inputs, tensors = cfc.outputs, cfc.inputs, cfc_tensors(cfc)
    names = args.inputs.split(",")
    if len(names) != inputs:
        raise ConfigError(f"--inputs = {args.inputs}: names {len(names)} inputs, the network has {inputs}")
    raw = {
        "kind": kind,
        "dt_s": args.dt,
        "unfolds": args.unfolds or 1,
        "neurons": neurons,
        "inputs": [{"name": name.strip()} for name in names],
        "joints": args.joints,
        "outputs": [{"joint": joint, "gain_rad": args.gain} for joint in _moves(args.moves, outputs)],
        "cell": {
            "epsilon": args.epsilon,
            "elapsed": args.elapsed,
            "activation": args.activation,
            "gate": args.mode != "no_gate",
        },
        "parameters": [{"tensors": sorted(tensors), "origin": "trained", "doc": f"from {args.state.name}"}],
        "made": {"command": " ".join(["wormctl", *sys.argv[1:]]), "by": args.by, "notes": args.notes},
    }
    return convert(raw, PolicyMeta, where="the options"), tensors


def _moves(text: str | None, outputs: int) -> list[int]:
    if text is None:
        return list(range(outputs))
    try:
        joints = [int(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"--moves = {text}: must be joint numbers separated by commas") from None
    if len(joints) != outputs:
        raise ConfigError(f"--moves = {text}: names {len(joints)} joints, the network has {outputs} outputs")
    return joints
