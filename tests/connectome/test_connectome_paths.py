"""Paths against a search that simply tries every one."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from wormctl.connectome import load_connectome
from wormctl.connectome.paths import Route, Step, Wiring, shortest, strongest, wiring

CELLS = range(5)


@st.composite
def small_wirings(draw: st.DrawFn) -> Wiring:
    sections = st.integers(0, 3)
    edges: Wiring = {}
    for pre, post in permutations(CELLS, 2):
        count = draw(sections)
        if count:
            edges.setdefault(pre, []).append(Step(pre, post, count, 1, 0))
    return edges


def every_route(edges: Wiring, sources: frozenset[int], targets: frozenset[int]) -> list[Route]:
    """All loop-free routes that leave the sources and stop at the first target, which may be another source."""
    found = []

    def walk(steps: tuple[Step, ...], cell: int) -> None:
        for step in edges.get(cell, []):
            if any(step.post == s.pre for s in steps):
                continue
            if step.post in sources - targets:
                continue
            if step.post in targets:
                found.append(Route((*steps, step)))
            else:
                walk((*steps, step), step.post)

    for source in sources:
        walk((), source)
    return found


groups = st.frozensets(st.sampled_from(CELLS), min_size=1, max_size=2)


@settings(max_examples=150, deadline=None)
@given(small_wirings(), groups, groups, st.integers(1, 8))
def test_the_strongest_routes_are_found_in_order(
    edges: Wiring, sources: frozenset[int], targets: frozenset[int], limit: int
) -> None:
    expected = sorted((r.strength for r in every_route(edges, sources, targets)), reverse=True)
    found = strongest(edges, sources, targets, limit)
    assert [round(r.strength, 9) for r in found] == [round(s, 9) for s in expected[:limit]]
    assert len({r.cells for r in found}) == len(found)


@settings(max_examples=150, deadline=None)
@given(small_wirings(), groups, groups, st.integers(1, 8))
def test_the_shortest_routes_are_found_the_stronger_first_among_equals(
    edges: Wiring, sources: frozenset[int], targets: frozenset[int], limit: int
) -> None:
    routes = every_route(edges, sources, targets)
    expected = sorted((len(r.steps), -round(r.strength, 9)) for r in routes)
    found = shortest(edges, sources, targets, limit)
    assert [(len(r.steps), -round(r.strength, 9)) for r in found] == expected[:limit]


def test_a_route_is_as_strong_as_its_contacts_in_series() -> None:
    route = Route((Step(0, 1, 3, 1, 0), Step(1, 2, 6, -1, 1)))
    assert route.strength == 2.0


def test_the_sign_of_a_route_is_the_product_and_unknown_if_one_is() -> None:
    inhibits, excites, unknown = Step(0, 1, 1, -1, 0), Step(1, 2, 1, 1, 0), Step(1, 2, 1, 0, 0)
    gap = Step(1, 2, 1, None, None)
    assert Route((inhibits, excites)).sign == -1
    assert Route((inhibits, unknown)).sign == 0
    assert Route((inhibits, gap)).sign == -1


def test_salt_reaches_the_head_through_the_known_interneurons() -> None:
    c = load_connectome()
    best = strongest(wiring(c), c.select(["ASEL"]), c.select(["SMBVL"]), 1)[0]
    assert [c.names[i] for i in best.cells] == ["ASEL", "AIYL", "AIZL", "SMBVL"]
    assert [step.sections for step in best.steps] == [32, 67, 21]


def test_a_class_reaches_its_own_cells() -> None:
    c = load_connectome()
    routes = shortest(wiring(c), c.select(["AVA"]), c.select(["AVAL"]), 5)
    assert [c.names[i] for i in routes[0].cells] == ["AVAR", "AVAL"]
    assert {route.cells[0] for route in routes} == {c.index("AVAR")}
    among = shortest(wiring(c), c.select(["AVA"]), c.select(["AVA"]), 2)
    assert {route.cells for route in among} == {
        (c.index("AVAL"), c.index("AVAR")),
        (c.index("AVAR"), c.index("AVAL")),
    }
    assert shortest(wiring(c), c.select(["AVAL"]), c.select(["AVAL"]), 5) == []


def test_a_shorter_way_comes_before_a_stronger_one() -> None:
    weak = [Step(0, 1, 1, 1, 0), Step(1, 4, 1, 1, 1)]
    strong = [Step(0, 2, 99, 1, 2), Step(2, 3, 99, 1, 3), Step(3, 4, 99, 1, 4)]
    edges: Wiring = {}
    for step in weak + strong:
        edges.setdefault(step.pre, []).append(step)
    assert [list(r.steps) for r in shortest(edges, {0}, {4}, 5)] == [weak, strong]
    assert [list(r.steps) for r in strongest(edges, {0}, {4}, 5)] == [strong, weak]


def test_the_larger_of_two_contacts_is_taken_and_gap_junctions_only_if_asked() -> None:
    c = load_connectome()

    def contact(edges: Wiring) -> tuple[int, int | None]:
        found = [step for step in edges[c.index("AVM")] if step.post == c.index("AVDL")]
        assert len(found) == 1
        return found[0].sections, found[0].synapse

    sections, synapse = contact(wiring(c))
    assert sections == 1
    assert synapse is not None
    assert (c.chem_pre[synapse], c.chem_post[synapse]) == (c.index("AVM"), c.index("AVDL"))
    assert contact(wiring(c, gap_junctions=True)) == (8, None)
