"""The benchmark measures what it says: the same network in C, and allocations that are really counted."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from wormctl.bench.allocation import allocations
from wormctl.bench.allocation_cases import cases
from wormctl.bench.circuits import circuits
from wormctl.jit import njit


@njit()
def makes_an_array(times: int) -> float:
    total = 0.0
    for k in range(times):
        total += np.full(100, k).sum()
    return total


def wasteful(times: int) -> None:
    makes_an_array(times)


def test_what_compiled_code_allocates_is_counted() -> None:
    made = allocations(lambda: None, wasteful, ticks=50)
    assert made.compiled >= 50
    quiet = allocations(lambda: None, lambda times: None, ticks=50)
    assert (quiet.compiled, quiet.per_call, quiet.python_bytes_kept) == (0, 0, 0)


def test_what_python_keeps_is_counted() -> None:
    kept: list[bytes] = []
    made = allocations(lambda: kept.append(bytes(1000)), lambda times: None, ticks=50)
    assert made.python_bytes_kept >= 50 * 1000


def test_the_worm_is_measured_whole() -> None:
    worm = circuits()[-1].wiring
    assert (worm.units, worm.pre.size, worm.gap_a.size) == (302, 3709, 1091)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    command = [sys.executable, "-m", "wormctl", "bench", "neural", "--rounds", "1", "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(printed)
    return found


TICKS = ("presynaptic_tick", "ltc_step", "cfc_step", "worm_tick")


def test_what_every_tick_allocates_is_reported(report: dict[str, Any]) -> None:
    assert len(report["rows"]) == 4
    assert set(report["allocations"]) == set(TICKS)
    for made in report["allocations"].values():
        assert (made["ticks"], made["compiled"], made["python_bytes_kept"]) == (1000, 0, 0)


@pytest.mark.parametrize("name", TICKS)
def test_a_tick_allocates_nothing_in_compiled_code_and_keeps_nothing(name: str) -> None:
    case = cases()[name]
    made = allocations(case.tick, case.compiled, ticks=100)
    assert (made.compiled, made.python_bytes_kept) == (0, 0)
    assert made.per_call > 0, "arrays are described to compiled code, so a count of 0 would mean nothing ran"


def test_c_computes_the_same_network(report: dict[str, Any]) -> None:
    if report["compiler"] is None:
        pytest.skip("no C compiler here")
    for row in report["rows"]:
        assert row["differs_from_c"] < 1e-5
        assert row["c_us"] > 0
