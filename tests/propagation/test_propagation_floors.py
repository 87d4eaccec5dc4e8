"""What anatomy alone says, against the connectome's own answers and against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest

from wormctl.connectome import load_connectome
from wormctl.connectome.paths import shortest, wiring
from wormctl.connectome.queries import Cells, describe
from wormctl.propagation.floors import diffusion, floors, nearness

C = load_connectome()


@pytest.mark.parametrize("name", ["AVAL", "ASEL", "PLML", "VB5"])
def test_direct_contact_is_what_the_connectome_says_of_a_cell(name: str) -> None:
    cell = describe(C, name)
    assert isinstance(cell, Cells)
    expected: dict[str, int] = {}
    for partner in (*cell.outputs, *cell.gap_junctions):
        if partner.name != name:
            expected[partner.name] = expected.get(partner.name, 0) + partner.sections
    column = floors(C)["direct"][:, C.index(name)]
    assert {C.names[i]: int(column[i]) for i in np.flatnonzero(column)} == expected


@pytest.mark.parametrize(
    ("start", "end"), [("ASEL", "SMBVL"), ("SMBVL", "ASEL"), ("PLML", "VB5"), ("I1L", "DA9")]
)
def test_path_length_is_that_of_the_shortest_way(start: str, end: str) -> None:
    pre, post = C.index(start), C.index(end)
    way = shortest(wiring(C, gap_junctions=True), [pre], [post], 1)[0]
    assert floors(C)["path"][post, pre] == -len(way.steps)


def test_where_no_way_leads_is_further_than_any_way() -> None:
    # 0 -> 1 -> 2, and 3 alone; columns are where it starts.
    chain = np.zeros((4, 4))
    chain[1, 0], chain[2, 1] = 5.0, 1.0
    np.testing.assert_array_equal(
        nearness(chain), [[0, -4, -4, -4], [-1, 0, -4, -4], [-2, -1, 0, -4], [-4, -4, -4, 0]]
    )


def test_diffusion_by_hand() -> None:
    # 0 gives 1/4 of what it passes on to 1 and 3/4 to 2, which is half of what it got; 1 gives all to 2.
    direct = np.zeros((3, 3))
    direct[1, 0], direct[2, 0], direct[2, 1] = 1.0, 3.0, 7.0
    expected = np.array([[1.0, 0.0, 0.0], [1 / 8, 1.0, 0.0], [3 / 8 + 1 / 16, 1 / 2, 1.0]])
    np.testing.assert_allclose(diffusion(direct), expected, atol=1e-15)


def test_diffusion_is_the_sum_over_walks() -> None:
    found = floors(C)
    direct = found["direct"]
    share = direct / direct.sum(axis=0)
    walk = np.eye(len(direct))
    expected = walk.copy()
    for _ in range(60):
        walk = share @ walk / 2.0
        expected += walk
    np.testing.assert_allclose(found["diffusion"], expected, atol=1e-12)
