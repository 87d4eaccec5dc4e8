"""The colours that pictures and videos share, and the ground as they show it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PAPER = "#fbfaf6"
INK = "#22303c"
MUTED = "#6b7885"
BODY = "#e08a3c"
FOOD = "#b3261e"
OBSTACLE = "#8a9299"
ACTIVE = "#0f6b73"
TIME_COLOURS = ("#2b3a67", "#5d4a8a", "#b04a7c", "#e0673f", "#f2b134")
LEFT_BEND, RIGHT_BEND = "#2f6fb0", "#d1602f"

_GROUND = np.array([251, 250, 246], dtype=np.float64)
_ODOUR = np.array([126, 190, 150], dtype=np.float64)
_POISON = np.array([170, 110, 180], dtype=np.float64)


def ground_image(odour: NDArray[np.float64], poison: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Concentrations (n, n) as colours (n, n, 3): greener where it smells, violet where there is poison."""
    colour = np.broadcast_to(_GROUND, (*odour.shape, 3))
    for field, tint in ((odour, _ODOUR), (poison, _POISON)):
        share = (field / max(float(field.max()), 1e-12))[..., None]
        colour = colour + share * (tint - colour)
    return colour.round().astype(np.uint8)


def rgb(colour: str) -> tuple[int, int, int]:
    """A `#rrggbb` colour as three numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
