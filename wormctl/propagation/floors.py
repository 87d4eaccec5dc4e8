"""What anatomy alone says about who answers whom: measures of the wiring that any dynamics should beat.

All are (n, n), indexed [responding, stimulated], the larger the closer. Signs and dynamics do not enter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormctl.connectome import Connectome

PASSED_ON = 0.5
"""The share of what reaches a cell that it passes on, in `diffusion`."""

Matrix = NDArray[np.float64]


def sections(c: Connectome) -> Matrix:
    """Direct contact: EM sections of chemical synapses from stimulated to responding, plus those of gap junctions.

    A gap junction counts both ways. Autapses are left out.
    """
    n = len(c.names)
    direct = np.zeros((n, n))
    np.add.at(direct, (c.chem_post, c.chem_pre), c.chem_count)
    np.add.at(direct, (c.gap_a, c.gap_b), c.gap_count)
    np.add.at(direct, (c.gap_b, c.gap_a), c.gap_count)
    np.fill_diagonal(direct, 0.0)
    return direct


def diffusion(direct: Matrix) -> Matrix:
    """Everything that reaches a cell when 1 is put into another, and every cell passes half of it on.

    It passes it on to its contacts in proportion to their sections: a random walk that ends at each cell with
    probability 1/2. With P = `direct`, each column divided by its sum, this is the sum over k >= 0 of
    (P / 2)^k = (1 - P / 2)^-1.
    """
    given = direct.sum(axis=0)
    share = np.divide(direct, given, out=np.zeros_like(direct), where=given > 0.0)
    reached: Matrix = np.linalg.inv(np.eye(len(direct)) - PASSED_ON * share)
    return reached


def nearness(direct: Matrix) -> Matrix:
    """Minus the fewest contacts from stimulated to responding; -n where there is no way, further than any."""
    n = len(direct)
    contact = (direct > 0.0).astype(np.float64)  # BLAS multiplies no booleans
    steps = np.full((n, n), float(n))
    np.fill_diagonal(steps, 0.0)
    front = np.eye(n)
    step = 0
    while front.any():
        step += 1
        front = ((contact @ front > 0.0) & (steps == n)).astype(np.float64)
        steps[front > 0.0] = step
    return -steps


def floors(c: Connectome) -> dict[str, Matrix]:
    """Every measure by its name."""
    direct = sections(c)
    return {"direct": direct, "diffusion": diffusion(direct), "path": nearness(direct)}
