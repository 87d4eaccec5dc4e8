"""Teach 20 liquid neurons, wired as an AutoNCP, to crawl in `wormctl/Snake-v0`; an example to copy. Nothing imports it.

    uv run python plugins/wormctl-gym/examples/train_autoncp.py --out crawler
    uv run wormctl run --robot crawler/crawler.toml

The network feels nothing but the twelve joint angles and sets the twelve joints, 50 times a second. No clock and no
pattern generator tells it to move: it crawls once its feeling of its own bend, through its delays, makes a wave.

First 16 wirings with 8 random networks each are tried, and the liveliest is taken: most lie still, and evolution has
little to go by until something moves. CMA-ES does the rest. A life is worth the environment's return, plus what its
movement is worth on a logarithmic scale, so that a bend that dies away slowly counts for more than one that dies at
once. What is kept is the mean of the search, also after Ctrl-C: the best candidate is the luckiest one.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import shlex
import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

import gymnasium
import numpy as np
import wormctl_gym
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from wormctl_gym.env import SnakeEnv

from wormctl.config import ConfigError
from wormctl.console import make_console
from wormctl.controller import Port
from wormctl.device import JOINT_POSITION, DeviceError
from wormctl.neural.ltc import LTCParams, initial_params
from wormctl.neural.network import LTCNetwork
from wormctl.neural.store import ltc_from_tensors, ltc_tensors
from wormctl.neural.wiring import Wiring, auto_ncp
from wormctl.options import seconds, typed, whole, workers
from wormctl.policy import Cell, Kind, Made, Origin, Output, Parameters, PolicyMeta, save_policy
from wormctl.signals import EXIT_INTERRUPTED
from wormctl.snake import load_snake
from wormctl.workers import process_pool

NEURONS, SPARSITY = 20, 0.3
"""12 motor neurons, 3 command and 5 inter neurons."""
DT_S, UNFOLDS = 0.02, 2
WIRINGS, DRAWS = 16, 8
DRAW_SPREAD, SIGMA = 0.7, 0.4
"""Spread of the random networks, and first step of the search, in genome units."""
STILLEST_RAD_S, LIVELY_RAD_S = 1e-5, 0.5
"""Mean joint speeds: all the same below the one, enough from the other on."""
LOG_EVERY = 10
"""Generations between two lines where there is no terminal to show a bar on."""

FloatArray = NDArray[np.float64]

ROBOT = """\
# The snake, moved by the network beside this file, which feels nothing but the bend of its own joints.
policy = "crawler.safetensors"
rate_hz = 50

[body]
use = "pybullet"
fallback = "planar"

[world]
use = "arena"

[[world.odour]]
name = "food"

[[world.odour.source]]
distance_m = 4.0  # straight ahead

[[bind]]
channel = "joint.position"
to = ["joints"]
"""


class Genome:
    """A flat vector of numbers around 0 for all that may change in a network over one wiring.

    Who is connected to whom stays. A synapse may change sign, as it may under gradient descent.
    """

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        n, motors = wiring.units, wiring.motors
        self._sizes = (wiring.sensory_pre.size, wiring.pre.size, n, n, n, motors, motors)
        self.size = sum(self._sizes)

    def params(self, genome: FloatArray) -> LTCParams:
        """The network that `genome`, (size,), stands for, as a policy file will hold it: in float32."""
        wiring = self.wiring
        feel, synapse, rest, slowness, centre, gain, bias = np.split(genome, np.cumsum(self._sizes)[:-1])
        felt, sent = 2.0 * (wiring.sensory_sign + feel), 2.0 * (wiring.sign + synapse)
        params = replace(
            initial_params(wiring, 0),
            gleak=np.ones(wiring.units),
            vleak=0.3 * rest,
            cm=0.2 * np.exp(np.clip(0.5 * slowness, -3.0, 3.0)),  # with gleak: some 0.1 s
            sensory_w=np.abs(felt),
            sensory_erev=np.where(felt < 0.0, -1.0, 1.0),
            w=np.abs(sent),
            erev=np.where(sent < 0.0, -1.0, 1.0),
            # Steep, and centred on a straight body: in flatter networks next to nothing ever swings.
            sensory_sigma=np.full(felt.size, 6.0),
            sensory_mu=np.zeros(felt.size),
            sigma=np.full(sent.size, 6.0),
            mu=0.3 * centre[wiring.pre],
            input_w=np.full(wiring.inputs, 3.0),
            output_w=1.0 + 0.5 * gain,
            output_b=0.3 * bias,
        )
        return ltc_from_tensors(ltc_tensors(wiring, params), wiring.names, params.epsilon)[1]


@functools.cache
def environment(robot: Path, lasts_s: float) -> SnakeEnv:
    """One a process: its devices are made once."""
    made = gymnasium.make(
        wormctl_gym.ID, robot=robot, channels=[JOINT_POSITION], seconds=lasts_s, disable_env_checker=True
    )
    assert isinstance(made.unwrapped, SnakeEnv)
    return made.unwrapped


@dataclass(frozen=True)
class Trainer:
    """Lives of networks over the wiring of one seed. Picklable, so that other processes can run them."""

    robot: Path
    lasts_s: float
    wiring_seed: int

    @property
    def genome(self) -> Genome:
        """What may change."""
        joints = load_snake().joints
        return Genome(auto_ncp(NEURONS, joints, joints, SPARSITY, self.wiring_seed))

    def live(self, genome: FloatArray) -> tuple[float, FloatArray]:
        """One episode: the return, and the mean joint speed in rad/s after every step."""
        env, genes = environment(self.robot, self.lasts_s), self.genome
        network = LTCNetwork(genes.wiring, genes.params(genome), DT_S, UNFOLDS)
        seen, _ = env.reset(seed=0)
        total, angles_rad, over = 0.0, [seen], False
        while not over:
            seen, reward, terminated, truncated, _ = env.step(network.step(seen))
            over = terminated or truncated
            total += reward
            angles_rad.append(seen)
        return total, np.abs(np.diff(np.array(angles_rad, dtype=np.float64), axis=0)).mean(axis=1) / DT_S

    def score(self, genome: FloatArray) -> float:
        """What a life is worth; higher is better."""
        return worth(*self.live(genome))

    def random(self) -> list[FloatArray]:
        """Networks to begin with."""
        rng = np.random.default_rng(self.wiring_seed)
        return [rng.normal(0.0, DRAW_SPREAD, self.genome.size) for _ in range(DRAWS)]


def worth(total: float, speed_rad_s: FloatArray) -> float:
    """The return and 0.3 for every power of ten in movement, by quarters of the life but the first."""
    quarters = [part.mean() for part in np.array_split(speed_rad_s, 4)[1:]]
    lively = np.log10(np.minimum(quarters, LIVELY_RAD_S) + STILLEST_RAD_S) - np.log10(STILLEST_RAD_S)
    return total + 0.3 * float(lively.mean())


def draw(robot: Path, lasts_s: float, seed: int, executor: Executor | None) -> tuple[Trainer, FloatArray]:
    """The liveliest of `WIRINGS` times `DRAWS` random networks, and the trainer of its wiring."""
    trainers = [Trainer(robot, lasts_s, seed * 1000 + k) for k in range(WIRINGS)]
    scores = list(map(_tried, trainers) if executor is None else executor.map(_tried, trainers))
    k, i = divmod(int(np.argmax(scores)), DRAWS)
    return trainers[k], trainers[k].random()[i]


def _tried(trainer: Trainer) -> list[float]:
    return [trainer.score(genome) for genome in trainer.random()]


def evolve(
    trainer: Trainer, first: FloatArray, args: argparse.Namespace, executor: Executor | None
) -> Iterator[tuple[FloatArray, list[float]]]:
    """CMA-ES from `first`: after every generation the mean of the search, and what its candidates were worth."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cma wants matplotlib for plots that nobody asked for
        import cma

    options = {"popsize": args.population, "seed": args.seed, "verbose": -9, "CMA_diagonal": True}
    strategy = cma.CMAEvolutionStrategy(first, SIGMA, options | {"maxiter": np.inf})
    for _ in range(args.generations):
        genomes = strategy.ask()
        run = map if executor is None else executor.map
        scores = list(run(trainer.score, genomes))
        strategy.tell(genomes, [-score for score in scores])
        yield np.array(strategy.result.xfavorite, dtype=np.float64), scores


def save(path: Path, trainer: Trainer, genome: FloatArray, made: Made) -> None:
    """Write the network as a policy file whose input is `joints`, all joint angles."""
    wiring, snake = trainer.genome.wiring, load_snake()
    tensors = ltc_tensors(wiring, trainer.genome.params(genome))
    meta = PolicyMeta(
        kind=Kind.LTC,
        dt_s=DT_S,
        unfolds=UNFOLDS,
        neurons=wiring.names,
        inputs=(Port(name="joints", size=snake.joints, unit="rad", doc="joint angles, head first"),),
        joints=snake.joints,
        outputs=tuple(Output(joint=j, gain_rad=snake.limit_rad) for j in range(snake.joints)),
        # The solver advances by the time that really passes.
        cell=Cell(elapsed=DT_S),
        parameters=(Parameters(tensors=tuple(sorted(tensors)), origin=Origin.EVOLVED),),
        made=made,
    )
    save_policy(path, meta, tensors)


def main(argv: Sequence[str] | None = None) -> int:
    """Train, save, tell; 130 if interrupted, after saving."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    add = parser.add_argument
    add("--out", type=Path, default=Path("crawler"), help="folder for policy and robot file (crawler)")
    add("--seed", type=whole(1, 4_000_000), default=1, help="of the wirings and of the search (1)")
    add("--seconds", type=seconds, default=10.0, help="how long a life lasts (10)")
    add("--generations", type=whole(1, 100_000), default=80, help="(80)")
    add("--population", type=whole(4, 10_000), default=20, help="lives a generation (20)")
    add("--workers", type=workers, default=os.cpu_count() or 1, help="processes (every core)")
    words = sys.argv[1:] if argv is None else list(argv)
    args = parser.parse_args(words)
    try:
        return _train(args, shlex.join(["train_autoncp.py", *words]))
    except (ConfigError, DeviceError) as error:
        print(f"train_autoncp: {error}", file=sys.stderr)
        return 2


def _train(args: argparse.Namespace, command: str) -> int:
    """The work of `main`. Raises `ConfigError` or `DeviceError`."""
    console = make_console(stderr=True)
    path, robot = args.out / "crawler.safetensors", args.out / "crawler.toml"
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        robot.write_text(ROBOT, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--out = {args.out}: cannot be written: {error.strerror}") from None
    columns = (
        TextColumn("crawl"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[scores]}"),
    )  # fmt: skip
    status, evaluations = 0, WIRINGS * DRAWS
    mean: FloatArray | None = None
    try:
        with (
            _pool(args.workers) as executor,
            Progress(*columns, console=console, disable=not console.is_terminal) as bars,
        ):
            bar = bars.add_task("crawl", total=args.generations, scores="looking for one that moves")
            trainer, first = draw(robot, args.seconds, args.seed, executor)
            mean = first
            for generation, (latest, found) in enumerate(evolve(trainer, first, args, executor), 1):
                mean, evaluations = latest, evaluations + len(found)
                scores = f"best {max(found):.2f}  mean {np.mean(found):.2f}"
                bars.update(bar, advance=1, scores=scores)
                if not console.is_terminal and generation % LOG_EVERY == 0:
                    console.print(f"{generation}/{args.generations}  {scores}")
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
        console.print("stopped")
        if mean is None:
            return status
    before, after = (trainer.live(genome)[0] for genome in (first, mean))
    lives = {"planar.body_lengths_untrained": before, "planar.body_lengths": after}
    made = Made(
        command=command,
        seed=args.seed,
        evaluations=evaluations,
        scores=lives | {"seconds": args.seconds},
        notes="an AutoNCP that crawls by feeling its own bend",
    )
    save(path, trainer, mean, made)
    console.print(f"{path}: {evaluations} lives of {args.seconds:g} s")
    console.print(f"body lengths towards the food: {before:.2f} untrained, {after:.2f} trained")
    console.print(f"next: {typed(['wormctl', 'run', '--robot', str(robot)])}")
    return status


@contextlib.contextmanager
def _pool(count: int) -> Iterator[Executor | None]:
    """Processes to live in, or None for this one."""
    if count <= 1:
        yield None
        return
    with process_pool(count) as executor:
        try:
            yield executor
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


if __name__ == "__main__":
    sys.exit(main())
