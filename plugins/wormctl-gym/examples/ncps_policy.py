"""A network of the ncps library (in torch) that drives the snake in the worm's place; an example to copy.

    python ncps_policy.py lessons/*        teach it: each folder is one that `wormctl run` has written
    wormctl run --robot ncps.toml          let it drive

It needs `pip install torch ncps` beside wormctl. This one file is the trainer, and the plugin that ncps.toml names.

What it learns is imitation (behaviour cloning): in every step it is given what was felt in a recorded run, and is
corrected towards what was asked of the joints there. Nothing rewards it for crawling or for reaching food, it never
meets the consequences of its own mistakes, and what is not in the recordings it cannot learn. Ctrl-C ends it after the
present epoch, and keeps what it has learnt.
"""

from __future__ import annotations

import argparse
import math
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from wormctl.config import ConfigError
from wormctl.console import make_console
from wormctl.controller import OwnPolicy, Port
from wormctl.device import JOINT_POSITION, Config, DeviceError
from wormctl.files import whole_file
from wormctl.hookspecs import Offer, hookimpl
from wormctl.signals import EXIT_INTERRUPTED, stop_on_signals

# Importing a plugin must do no I/O. What does some, as torch, is imported where it is used.
if TYPE_CHECKING:
    import torch
    from ncps.torch import CfC

JOINTS, NEURONS, DT_S = 12, 48, 0.04
"""12 motor, 14 command and 22 inter neurons; 25 steps a second, one every other tick of the loop."""
REACH_RAD = 0.8
"""What a motor neuron at 1 asks for."""
SMELL = "odour.food"
FLOOR, MEANS_S, GAIN, MOST = 0.02, np.array([1.0, 3.0]), 8.0, 3.0
"""Of what it smells; see `Senses`."""
STEPS, UNMARKED, BATCH = 125, 25, 128
"""Pieces of 5 s are taught, 128 at once or fewer; of the first second of each, in which it knows little, no error
counts."""
LEARNING_RATE = 0.01
HERE = Path(__file__).parent
FloatArray = NDArray[np.float64]
Floats = NDArray[np.float32]


def network(seed: int = 0) -> CfC:
    """Closed-form liquid neurons in an AutoNCP wiring, untaught. Raises `DeviceError` without the libraries."""
    try:
        import torch
        from ncps.torch import CfC
        from ncps.wirings import AutoNCP
    except ImportError as error:
        raise DeviceError(f"needs torch and ncps: pip install torch ncps ({error})") from None
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # so small a network gains nothing from more, and on a busy machine loses much
    return CfC(JOINTS + MEANS_S.size, AutoNCP(NEURONS, JOINTS), batch_first=True)


class Senses:
    """What the network is given, in training and in life: joint angles, and by how much food smells stronger of late.

    That is the logarithm of the smell less its running means over 1 and 3 s: much as the worm's own receptors have it.
    """

    def __init__(self) -> None:
        self._means: FloatArray | None = None

    def feel(self, joints_rad: FloatArray, food: float) -> Floats:
        """One step: (JOINTS,) in rad and a concentration to (JOINTS + 2,). What was not measured is 0."""
        felt = np.zeros(JOINTS + MEANS_S.size, dtype=np.float32)
        felt[:JOINTS] = np.clip(np.nan_to_num(joints_rad), -math.pi, math.pi)
        if math.isfinite(food):
            level = math.log(max(food, 0.0) + FLOOR)
            means = np.full(MEANS_S.size, level) if self._means is None else self._means
            self._means = level + np.exp(-DT_S / MEANS_S) * (means - level)
            felt[JOINTS:] = np.clip(GAIN * (level - self._means), -MOST, MOST)
        return felt


def taught(path: Path) -> CfC:
    """The network in the file `path`. Raises `DeviceError`."""
    net = network()
    import torch

    try:
        net.load_state_dict(torch.load(path, weights_only=True))
    except OSError as error:
        how = f"python {Path(__file__).name} RUN... --out {path}"
        raise DeviceError(f"{path}: {error.strerror}; to teach one: {how}") from None
    except Exception:  # torch has many
        raise DeviceError(f"{path}: holds no network like that in {__file__}") from None
    return net


class NcpsConfig(Config, frozen=True, kw_only=True):
    """`network`: a file that `python ncps_policy.py` wrote; looked for beside this one."""

    network: str = "net.pt"


class NcpsPolicy:
    """The network as wormctl wants it: `inputs` to bind channels to, `reset` and `step`."""

    inputs = (Port(name="joints", size=JOINTS, unit="rad"), Port(name="food"))
    dt_s = DT_S

    def __init__(self, config: NcpsConfig) -> None:
        self._path = HERE / config.network
        self._network: CfC = None  # until the first reset: making a policy must open nothing

    def reset(self) -> None:
        """Forget all that was felt. The first time, which is before anything moves, read the network."""
        self._senses, self._state = Senses(), None
        self._network = self._network or taught(self._path)

    def step(self, inputs: Mapping[str, FloatArray], dt: float, outputs: FloatArray) -> None:
        """From joint angles in rad, (JOINTS,), and the smell of food, (1,), to setpoints in rad, (JOINTS,)."""
        import torch

        felt = torch.from_numpy(self._senses.feel(inputs["joints"], float(inputs["food"][0])))
        with torch.inference_mode():
            asked, self._state = self._network(felt.view(1, 1, -1), self._state)
        outputs[:] = REACH_RAD * asked.view(-1).numpy()


@hookimpl
def wormctl_register_policies(register: Callable[[Offer[OwnPolicy]], None]) -> None:
    """Offer it to robot files."""
    about = "a CfC of the ncps library, taught by recorded runs"
    register(Offer(name="ncps", summary=about, config=NcpsConfig, make=NcpsPolicy, api_version=1))


def pieces(folder: Path) -> tuple[Floats, Floats]:
    """The run in `folder`, cut up: (n, STEPS, JOINTS + 2) felt, (n, STEPS, JOINTS) asked of the joints, in REACH_RAD.

    Raises `ConfigError` for what is no such run.
    """
    from wormctl.runs import read_run

    run = read_run(folder)
    record, period_s, senses = run.record, run.info.period_s, Senses()
    sizes = {name: record.dtype[name].shape for name in record.dtype.names or ()}
    if SMELL not in sizes or sizes.get(JOINT_POSITION) != (JOINTS,):
        raise ConfigError(f"{folder}: must be a run of {JOINTS} joints, with a sensor of {SMELL}")
    if not math.isclose(period_s * (every := round(DT_S / period_s)), DT_S):
        raise ConfigError(f"{folder}: a tick every {period_s:g} s: {DT_S:g} s is no multiple of that")
    record = record[::every]
    if len(record) < STEPS:
        raise ConfigError(f"{folder}: lasts {len(record) * DT_S:g} s: must be at least {STEPS * DT_S:g} s")
    felt = np.array([senses.feel(tick[JOINT_POSITION], float(tick[SMELL])) for tick in record])
    asked = np.array(record["wanted_rad"] / REACH_RAD, dtype=np.float32)
    starts = range(0, len(record) - STEPS + 1, UNMARKED)
    return np.stack([felt[k : k + STEPS] for k in starts]), np.stack([asked[k : k + STEPS] for k in starts])


def teach(net: CfC, felt: torch.Tensor, asked: torch.Tensor, epochs: int) -> Iterator[float]:
    """Teach `net` all pieces, in any order, again and again; each time its error in rad, root mean square."""
    import torch

    descent = torch.optim.Adam(net.parameters())
    batches = math.ceil(len(felt) / BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(descent, LEARNING_RATE, total_steps=epochs * batches)
    for _ in range(epochs):
        squares = []
        for batch in torch.randperm(len(felt)).tensor_split(batches):
            loss = (net(felt[batch])[0] - asked[batch])[:, UNMARKED:].square().mean()
            descent.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            descent.step()
            rate.step()
            squares.append(loss.item())
        yield REACH_RAD * math.sqrt(np.mean(squares))


def main(argv: Sequence[str] | None = None) -> int:
    """Teach, save, tell; 130 if interrupted, after saving."""
    from wormctl.options import whole

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    add = parser.add_argument
    add("runs", type=Path, nargs="+", metavar="RUN", help="folder of a recorded run, at least 5 s long")
    add("--out", type=Path, default=HERE / "net.pt", help="file for the network (net.pt beside this program)")
    add("--epochs", type=whole(1, 100_000), default=60, help="how often all is shown (60)")
    add("--seed", type=whole(0, 4_000_000), default=1, help="of first weights and order (1)")
    try:
        return _teach(parser.parse_args(argv))
    except (ConfigError, DeviceError) as error:
        print(f"ncps_policy: {error}", file=sys.stderr)
        return 2


def _teach(args: argparse.Namespace) -> int:
    """The work of `main`. Raises `ConfigError` or `DeviceError`."""
    net = network(args.seed)
    import torch

    from wormctl.options import typed

    if not args.out.parent.is_dir() or args.out.is_dir():
        raise ConfigError(f"--out = {args.out}: must be a file in a folder that exists")
    console, done, stopping = make_console(stderr=True), 0, threading.Event()
    columns = (TextColumn("teach"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    off = TextColumn("{task.fields[off]}")
    with (
        stop_on_signals(stopping.set),
        Progress(*columns, off, console=console, disable=not console.is_terminal) as bars,
    ):
        lessons = [pieces(folder) for folder in args.runs]
        felt, asked = (torch.from_numpy(np.concatenate(parts)) for parts in zip(*lessons, strict=True))
        bar = bars.add_task("", total=args.epochs, off="")
        for done, error_rad in enumerate(teach(net, felt, asked, args.epochs), 1):
            bars.update(bar, advance=1, off=f"off by {error_rad:.3f} rad")
            if done % 10 == 0 and not console.is_terminal:
                console.print(f"{done}/{args.epochs}  off by {error_rad:.3f} rad")
            if stopping.is_set():
                break
        try:
            with whole_file(args.out) as partial:
                torch.save(net.state_dict(), partial)
        except (OSError, RuntimeError) as error:
            raise ConfigError(f"--out = {args.out}: cannot be written: {error}") from None
    console.print(f"{args.out}: {done} epochs, {len(felt)} pieces of {len(lessons)} runs in each")
    console.print(f"next: {typed(['wormctl', 'run', '--robot', str(HERE / 'ncps.toml')])}")
    return EXIT_INTERRUPTED if stopping.is_set() else 0


if __name__ == "__main__":
    sys.exit(main())
