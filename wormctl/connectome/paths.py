"""Routes through the wiring from one group of cells to another: the shortest and the strongest.

Strength follows resistors: a contact of n sections resists by 1/n, a route by the sum of its contacts, so its
strength is the single contact that would conduct as well. Signs do not enter the choice.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import count

from wormctl.connectome.table import Connectome

HOP = 1000.0
"""Cost of a step when the fewest steps are asked for: more than the resistance of any route."""


@dataclass(frozen=True)
class Step:
    """One contact on a route."""

    pre: int
    post: int
    sections: int
    sign: int | None
    """+1, -1, 0 for complex or unknown; None for a gap junction, which has no sign."""
    synapse: int | None
    """Index of the chemical synapse; None for a gap junction."""


@dataclass(frozen=True)
class Route:
    """A way from a source to a target that visits no cell twice."""

    steps: tuple[Step, ...]

    @property
    def cells(self) -> tuple[int, ...]:
        """Indices of the cells passed, ends included."""
        return (self.steps[0].pre, *(step.post for step in self.steps))

    @property
    def strength(self) -> float:
        """Sections of the single contact that would conduct as well as the whole route."""
        return 1.0 / sum(1.0 / step.sections for step in self.steps)

    @property
    def sign(self) -> int:
        """Product of the signs of its chemical synapses; 0 if any is not known."""
        product = 1
        for step in self.steps:
            product *= 1 if step.sign is None else step.sign
        return product


Wiring = dict[int, list[Step]]


def wiring(connectome: Connectome, *, gap_junctions: bool = False) -> Wiring:
    """Contacts by the cell they leave; of two contacts of the same pair the larger. Autapses are left out."""
    c = connectome
    contacts: dict[tuple[int, int], Step] = {}
    rows = zip(
        c.chem_pre.tolist(), c.chem_post.tolist(), c.chem_count.tolist(), c.chem_sign.tolist(), strict=True
    )
    for i, (pre, post, sections, sign) in enumerate(rows):
        contacts[pre, post] = Step(pre, post, sections, sign, i)
    if gap_junctions:
        for a, b, sections in zip(c.gap_a.tolist(), c.gap_b.tolist(), c.gap_count.tolist(), strict=True):
            for pre, post in ((a, b), (b, a)):
                known = contacts.get((pre, post))
                if known is None or known.sections < sections:
                    contacts[pre, post] = Step(pre, post, sections, None, None)
    leaving: Wiring = {}
    for (pre, post), step in contacts.items():
        if pre != post:
            leaving.setdefault(pre, []).append(step)
    return leaving


def shortest(edges: Wiring, sources: Collection[int], targets: Collection[int], limit: int) -> list[Route]:
    """Up to `limit` routes, fewest steps first, the stronger first among equals."""
    return _best(edges, sources, targets, limit, HOP)


def strongest(edges: Wiring, sources: Collection[int], targets: Collection[int], limit: int) -> list[Route]:
    """Up to `limit` routes, the strongest first, however many steps they take."""
    return _best(edges, sources, targets, limit, 0.0)


def _best(
    edges: Wiring, sources: Collection[int], targets: Collection[int], limit: int, hop: float
) -> list[Route]:
    """The `limit` cheapest loop-free routes (Yen 1971): every found route is left at each cell in turn.

    A route leaves a source, ends at the first target it meets, and passes no other source: one that is also a
    target may be its end.
    """
    closed_to = frozenset(sources) - frozenset(targets)
    edges = {pre: [step for step in steps if step.post not in closed_to] for pre, steps in edges.items()}
    found: list[Route] = []
    waiting: list[tuple[float, tuple[int, ...], tuple[Step, ...]]] = []
    seen: set[tuple[int, ...]] = set()

    def offer(root: tuple[Step, ...], start: int, closed: set[int], cut: set[Step]) -> None:
        tail = _cheapest(edges, start, targets, closed, cut, hop)
        if tail is not None:
            route = Route(root + tail)
            if route.cells not in seen:
                seen.add(route.cells)
                heapq.heappush(waiting, (_cost(route.steps, hop), route.cells, route.steps))

    for source in sorted(sources):
        offer((), source, set(), set())
    while waiting and len(found) < limit:
        route = Route(heapq.heappop(waiting)[2])
        found.append(route)
        for i in range(len(route.steps)):
            root, spur = route.steps[:i], route.steps[i].pre
            cut = {known.steps[i] for known in found if known.cells[: i + 1] == route.cells[: i + 1]}
            offer(root, spur, set(route.cells[:i]), cut)
    return found


def _cheapest(
    edges: Wiring,
    start: int,
    goal: Collection[int],
    closed: set[int],
    cut: set[Step],
    hop: float,
) -> tuple[Step, ...] | None:
    """Dijkstra from `start` to another cell in `goal`, not through `closed` cells nor over `cut` steps."""
    order = count()
    queue: list[tuple[float, int, int, tuple[Step, ...]]] = [(0.0, next(order), start, ())]
    done = set(closed)
    while queue:
        cost, _, cell, steps = heapq.heappop(queue)
        if cell in done:
            continue
        if steps and cell in goal:
            return steps
        done.add(cell)
        for step in _leaving(edges, cell, done, cut):
            heapq.heappush(queue, (cost + _cost((step,), hop), next(order), step.post, (*steps, step)))
    return None


def _leaving(edges: Wiring, cell: int, done: set[int], cut: set[Step]) -> Iterator[Step]:
    return (step for step in edges.get(cell, ()) if step.post not in done and step not in cut)


def _cost(steps: tuple[Step, ...], hop: float) -> float:
    return sum(hop + 1.0 / step.sections for step in steps)
