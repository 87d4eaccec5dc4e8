"""Who connects to whom, and with which sign: fully connected, random, NCP, AutoNCP, or the worm's connectome.

Structure only; parameters belong to the cells. The random recipes follow the published ones (Lechner et al.
2020, Neural circuit policies enabling auditable autonomy) with a generator of our own: the same seed does not
give the same graph as another library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wormctl.neural.checks import InputError, check_indices, check_size

Index = NDArray[np.int32]
Sign = NDArray[np.int8]

_EMPTY: tuple[int, ...] = ()


@dataclass(frozen=True)
class Wiring:
    """A directed signed graph over `units` neurons and `inputs` inputs; neurons 0 to `motors` - 1 are motors.

    E synapses pre -> post, S sensory synapses from input `sensory_pre` to neuron `sensory_post`, G undirected
    gap junctions. `layers` names the neurons of each layer from the inputs to the motors, for the cells that
    are layered (wired CfC).
    """

    units: int
    inputs: int
    motors: int
    pre: Index
    post: Index
    sign: Sign
    sensory_pre: Index
    sensory_post: Index
    sensory_sign: Sign
    gap_a: Index
    gap_b: Index
    names: tuple[str, ...]
    layers: tuple[tuple[int, ...], ...]

    def adjacency(self) -> NDArray[np.int8]:
        """(units, units) signs, [source, destination]."""
        out = np.zeros((self.units, self.units), dtype=np.int8)
        out[self.pre, self.post] = self.sign
        return out

    def sensory_adjacency(self) -> NDArray[np.int8]:
        """(inputs, units) signs, [input, destination]."""
        out = np.zeros((self.inputs, self.units), dtype=np.int8)
        out[self.sensory_pre, self.sensory_post] = self.sensory_sign
        return out


def make_wiring(
    units: int,
    inputs: int,
    motors: int,
    synapses: tuple[ArrayLike, ArrayLike, ArrayLike],
    sensory: tuple[ArrayLike, ArrayLike, ArrayLike],
    gaps: tuple[ArrayLike, ArrayLike] = (_EMPTY, _EMPTY),
    names: Sequence[str] | None = None,
    layers: Sequence[Sequence[int]] | None = None,
) -> Wiring:
    """A checked `Wiring` from triples (source, destination, sign) and pairs (a, b).

    Raises `InputError` when a count is impossible, an index is out of range, or lengths differ.
    """
    if units < 1 or inputs < 1 or not 1 <= motors <= units:
        raise InputError(
            f"{units} units, {inputs} inputs, {motors} motors: there must be at least one input, "
            "and 1..units motors"
        )
    pre, post, sign = _ends(("pre", "post", "sign"), synapses, units, units)
    s_pre, s_post, s_sign = _ends(("sensory_pre", "sensory_post", "sensory_sign"), sensory, inputs, units)
    gap_a, gap_b, _ = _ends(("gap_a", "gap_b", ""), (*gaps, np.ones_like(gaps[0])), units, units)
    names = tuple(names) if names is not None else _names(units, motors)
    if len(names) != units or len(set(names)) != units:
        raise InputError(f"{len(names)} names ({len(set(names))} different) for {units} neurons")
    return Wiring(
        units=units,
        inputs=inputs,
        motors=motors,
        pre=pre,
        post=post,
        sign=sign,
        sensory_pre=s_pre,
        sensory_post=s_post,
        sensory_sign=s_sign,
        gap_a=gap_a,
        gap_b=gap_b,
        names=names,
        layers=tuple(map(tuple, layers)) if layers is not None else (tuple(range(units)),),
    )


def fully_connected(
    units: int, inputs: int, motors: int | None = None, seed: int = 0, self_connections: bool = True
) -> Wiring:
    """Every input to every neuron, every neuron to every other and itself; one synapse in three inhibits."""
    rng = np.random.default_rng(seed)
    mask = np.ones((units, units), dtype=bool)
    if not self_connections:
        np.fill_diagonal(mask, False)
    sensory = np.ones((inputs, units), dtype=bool)
    return make_wiring(
        units,
        inputs,
        units if motors is None else motors,
        _signed(mask, rng, (-1, 1, 1)),
        _signed(sensory, rng, (-1, 1, 1)),
    )


def random_wiring(
    units: int, inputs: int, motors: int | None = None, sparsity: float = 0.5, seed: int = 0
) -> Wiring:
    """A share of 1 - `sparsity` of all possible synapses, without replacement; one in three inhibits."""
    if not 0.0 <= sparsity < 1.0:
        raise ValueError(f"sparsity = {sparsity}, must be in 0 <= sparsity < 1")
    rng = np.random.default_rng(seed)
    return make_wiring(
        units,
        inputs,
        units if motors is None else motors,
        _signed(_drawn(units, units, 1.0 - sparsity, rng), rng, (-1, 1, 1)),
        _signed(_drawn(inputs, units, 1.0 - sparsity, rng), rng, (-1, 1, 1)),
    )


def ncp(
    *,
    inputs: int,
    inter: int,
    command: int,
    motors: int,
    sensory_fanout: int,
    inter_fanout: int,
    recurrent_command: int,
    motor_fanin: int,
    seed: int = 0,
) -> Wiring:
    """Inputs -> inter -> command (recurrent) -> motor neurons, numbered motor, command, inter.

    Every input reaches `sensory_fanout` inter neurons, every inter `inter_fanout` commands, every motor
    listens to `motor_fanin` commands; `recurrent_command` pairs are drawn among commands. A neuron left
    without input (or a command without output) gets as many synapses as its layer has on average.
    """
    for name, value, most in (
        ("sensory_fanout", sensory_fanout, inter),
        ("inter_fanout", inter_fanout, command),
        ("motor_fanin", motor_fanin, command),
    ):
        if not 1 <= value <= most:
            raise ValueError(f"{name} = {value}, must be 1..{most}, the size of the layer it draws from")
    rng = np.random.default_rng(seed)
    to_inter = _bipartite(inputs, inter, sensory_fanout, rng)
    to_command = _bipartite(inter, command, inter_fanout, rng)
    to_motor = _bipartite(motors, command, motor_fanin, rng).T
    recurrent = np.zeros((command, command), dtype=bool)
    for _ in range(recurrent_command):
        recurrent[rng.integers(command), rng.integers(command)] = True
    units = motors + command + inter
    commands, inters = slice(motors, motors + command), slice(motors + command, units)
    mask = np.zeros((units, units), dtype=bool)
    mask[inters, commands] = to_command
    mask[commands, commands] = recurrent
    mask[commands, :motors] = to_motor
    sensory = np.zeros((inputs, units), dtype=bool)
    sensory[:, inters] = to_inter
    return make_wiring(
        units,
        inputs,
        motors,
        _signed(mask, rng, (-1, 1)),
        _signed(sensory, rng, (-1, 1)),
        names=[
            *(f"motor{i}" for i in range(motors)),
            *(f"command{i}" for i in range(command)),
            *(f"inter{i}" for i in range(inter)),
        ],
        layers=[range(motors + command, units), range(motors, motors + command), range(motors)],
    )


def auto_ncp(units: int, motors: int, inputs: int, sparsity: float = 0.5, seed: int = 0) -> Wiring:
    """An `ncp` of `units` neurons whose layer sizes and fan-outs follow from `sparsity` (0.1..0.9)."""
    if not 1 <= motors < units - 2:
        raise ValueError(f"motors = {motors}, must be 1..{units - 3} with {units} units")
    if not 0.1 <= sparsity <= 0.9:
        raise ValueError(f"sparsity = {sparsity}, must be 0.1..0.9")
    density = 1.0 - sparsity
    command = max(int(0.4 * (units - motors)), 1)
    inter = units - motors - command
    return ncp(
        inputs=inputs,
        inter=inter,
        command=command,
        motors=motors,
        sensory_fanout=max(int(inter * density), 1),
        inter_fanout=max(int(command * density), 1),
        recurrent_command=max(int(2 * command * density), 1),
        motor_fanin=max(int(command * density), 1),
        seed=seed,
    )


def connectome_wiring(sensors: Sequence[str], motors: Sequence[str]) -> Wiring:
    """The 302 neurons of the worm with every chemical synapse and gap junction.

    One input for each cell named in `sensors`, entering that cell. The cells named in `motors` come first,
    the others follow in the order of the table. A synapse of unknown sign is taken to excite. Raises
    `ValueError` for a name that is not a neuron.
    """
    # The table is only needed here, and half of this module's users have no worm.
    from wormctl.connectome import load_connectome

    table = load_connectome()
    names = list(table.names)
    known = {name: i for i, name in enumerate(names)}
    for name in [*sensors, *motors]:
        if name not in known:
            raise ValueError(f"{name} is not a neuron of the connectome")
    if len(set(motors)) != len(motors):
        raise ValueError("a motor neuron is named twice")
    first = [known[name] for name in motors]
    order = first + [i for i in range(len(names)) if i not in set(first)]
    place = np.empty(len(names), dtype=np.int32)
    place[order] = np.arange(len(names))
    sign = np.where(np.asarray(table.chem_sign) < 0, -1, 1)
    return make_wiring(
        len(names),
        len(sensors),
        len(motors),
        (place[table.chem_pre], place[table.chem_post], sign),
        (np.arange(len(sensors)), place[[known[name] for name in sensors]], np.ones(len(sensors))),
        (place[table.gap_a], place[table.gap_b]),
        names=[names[i] for i in order],
    )


def _ends(
    names: tuple[str, str, str], triple: tuple[ArrayLike, ArrayLike, ArrayLike], sources: int, targets: int
) -> tuple[Index, Index, Sign]:
    source = check_indices(names[0], triple[0], sources)
    target = check_indices(names[1], triple[1], targets)
    sign = np.asarray(triple[2], dtype=np.int8).ravel()
    check_size(names[1], target, source.size)
    check_size(names[2], sign, source.size)
    return source, target, sign


def _names(units: int, motors: int) -> tuple[str, ...]:
    return tuple(f"motor{i}" if i < motors else f"neuron{i}" for i in range(units))


def _signed(
    mask: NDArray[np.bool_], rng: np.random.Generator, signs: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]:
    source, destination = np.nonzero(mask)
    return source, destination, rng.choice(signs, size=source.size)


def _drawn(rows: int, columns: int, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    mask = np.zeros(rows * columns, dtype=bool)
    mask[rng.choice(mask.size, size=round(mask.size * share), replace=False)] = True
    return mask.reshape(rows, columns)


def _bipartite(sources: int, targets: int, fanout: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Each source to `fanout` targets; a target left out gets the mean fan-in, at least one."""
    mask = np.zeros((sources, targets), dtype=bool)
    for source in range(sources):
        mask[source, rng.choice(targets, size=fanout, replace=False)] = True
    mean = int(np.clip(sources * fanout // targets, 1, sources))
    for target in np.flatnonzero(~mask.any(axis=0)):
        mask[rng.choice(sources, size=mean, replace=False), target] = True
    return mask
