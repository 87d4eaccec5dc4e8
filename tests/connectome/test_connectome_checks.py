"""The checks pass on the committed connectome and see what is broken on purpose."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from wormctl.connectome import Connectome, load_connectome
from wormctl.connectome.checks import check


def test_the_committed_connectome_passes_every_check() -> None:
    assert [result for result in check(load_connectome()) if not result.ok] == []


def gap_listed_both_ways(c: Connectome) -> Connectome:
    return replace(
        c,
        gap_a=np.append(c.gap_a, c.gap_b[0]),
        gap_b=np.append(c.gap_b, c.gap_a[0]),
        gap_count=np.append(c.gap_count, c.gap_count[0]),
    )


def gap_with_itself(c: Connectome) -> Connectome:
    return replace(c, gap_b=np.where(np.arange(c.gap_b.size) == 7, c.gap_a, c.gap_b))


def outliers_clipped(c: Connectome) -> Connectome:
    return replace(c, gap_count=np.minimum(c.gap_count, 20))


def signs_turned(c: Connectome) -> Connectome:
    return replace(c, chem_sign=-c.chem_sign)


def synapse_dropped(c: Connectome) -> Connectome:
    return replace(c, chem_count=c.chem_count * (np.arange(c.chem_count.size) != 3))


def padded_name(c: Connectome) -> Connectome:
    return replace(c, names=tuple("VB05" if name == "VB5" else name for name in c.names))


def canal_cell_speaks(c: Connectome) -> Connectome:
    pre = c.chem_pre.copy()
    pre[0] = c.index("CANL")
    return replace(c, chem_pre=pre)


def pharynx_wired_to_the_body(c: Connectome) -> Connectome:
    post = c.chem_post.copy()
    post[0] = c.index("M4")
    return replace(c, chem_post=post)


def gaba_excites_muscle(c: Connectome) -> Connectome:
    return replace(c, nmj_sign=np.abs(c.nmj_sign))


def doubt_forgotten(c: Connectome) -> Connectome:
    return replace(c, chem_evidence=np.minimum(c.chem_evidence, 2))


@pytest.mark.parametrize(
    ("break_it", "seen"),
    [
        (gap_listed_both_ways, "gap junctions listed twice"),
        (gap_with_itself, "gap junctions of a cell with itself"),
        (outliers_clipped, "gap junctions of 100 sections or more"),
        (signs_turned, "sign of AWC -> AIB"),
        (synapse_dropped, "smallest section count"),
        (padded_name, "names with a padded number (VB05)"),
        (canal_cell_speaks, "chemical output of CANL, CANR"),
        (pharynx_wired_to_the_body, "contacts between pharynx and body"),
        (gaba_excites_muscle, "sign of GABA neurons onto muscle"),
        (doubt_forgotten, "evidence for the sign of AVM -> AVB"),
    ],
)
def test_what_is_broken_is_seen(break_it: Callable[[Connectome], Connectome], seen: str) -> None:
    failed = {result.name for result in check(break_it(load_connectome())) if not result.ok}
    assert seen in failed
