"""The shape of the ground: flat, or smooth random bumps; its height and slope at a point, in numba."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl_sim.arena_config import Terrain

FloatArray = NDArray[np.float64]

CELLS = 256
CELLS_PER_GRAIN = 4


class Relief(NamedTuple):
    """Heights in metres on a square grid that repeats in all directions, so that the ground has no edge.

    `heights[i, j]` is the height at x = j * cell_m, y = i * cell_m.
    """

    heights: FloatArray
    cell_m: float


def make_relief(terrain: Terrain | None, seed: int) -> Relief:
    """Flat ground at height 0, or bumps from 0 to `terrain.height_m` drawn from `seed`.

    White noise smoothed to the grain in the frequency domain, which makes it repeat without a seam.
    """
    if terrain is None:
        return Relief(np.zeros((1, 1)), 1.0)
    cell_m = terrain.grain_m / CELLS_PER_GRAIN
    noise = np.random.default_rng([0x6E0, seed]).standard_normal((CELLS, CELLS))
    wave = 2 * math.pi * np.fft.fftfreq(CELLS, cell_m)
    smooth = np.exp(-0.5 * (wave[:, None] ** 2 + wave[None, :] ** 2) * (terrain.grain_m / 2) ** 2)
    field = np.fft.ifft2(np.fft.fft2(noise) * smooth).real
    field -= field.min()
    return Relief(np.ascontiguousarray(field * (terrain.height_m / field.max())), cell_m)


@njit(cache=True)
def height_and_slope(relief: Relief, x_m: float, y_m: float) -> tuple[float, float, float]:
    """Height in metres and its slopes in x and in y, interpolated linearly between the four nearest."""
    heights = relief.heights
    rows, columns = heights.shape
    u = x_m / relief.cell_m
    v = y_m / relief.cell_m
    left = math.floor(u)
    low = math.floor(v)
    u -= left
    v -= low
    j0 = int(left) % columns
    i0 = int(low) % rows
    j1 = (j0 + 1) % columns
    i1 = (i0 + 1) % rows
    h00 = heights[i0, j0]
    h01 = heights[i0, j1]
    h10 = heights[i1, j0]
    h11 = heights[i1, j1]
    height = (h00 * (1 - u) + h01 * u) * (1 - v) + (h10 * (1 - u) + h11 * u) * v
    slope_x = ((h01 - h00) * (1 - v) + (h11 - h10) * v) / relief.cell_m
    slope_y = ((h10 - h00) * (1 - u) + (h11 - h01) * u) / relief.cell_m
    return height, slope_x, slope_y
