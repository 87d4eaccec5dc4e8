"""What a simulated skin feels: contact force by region of the body, and pokes; and where the nose is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Channel, Samples
from wormctl.device import Config, Context, DeviceError, DeviceSpec, Simulated
from wormctl.jit import njit
from wormctl_sim.arena import POKED, Arena

FloatArray = NDArray[np.float64]

REGIONS = tuple(f"touch.{region}" for region in POKED)
STRONGEST_N = 1000.0
FARTHEST_M = 1000.0


class TouchConfig(Config, frozen=True, kw_only=True):
    """Settings of the touch sensor: none."""


class NoseConfig(Config, frozen=True, kw_only=True):
    """Settings of the nose's position: none."""


class TouchSensor:
    """Force on the first link, the front half and the back half of the rest, and the last link.

    That of contact, and of the world's pokes while they last.
    """

    def __init__(self, config: TouchConfig | None = None) -> None:
        self.spec = DeviceSpec(
            name="touch",
            channels=tuple(Channel(name=name, unit="N", low=0.0, high=STRONGEST_N) for name in REGIONS),
            simulated=True,
        )
        self._body: Simulated | None = None
        self._force_n: FloatArray = np.zeros(len(REGIONS))
        self._pokes: FloatArray = np.zeros((0, 4))

    def configure(self, context: Context) -> None:
        """Find the body and the world's pokes. Raises `DeviceError` where the body is not simulated."""
        self._body = _simulated("touch", context)
        self._pokes = context.world.pokes if isinstance(context.world, Arena) else np.zeros((0, 4))
        feel(self._body.truth.contact_n, self._pokes, 0.0, self._force_n)

    def read(self, now_s: float, out: Samples) -> None:
        """Fill the force on each region, in newtons."""
        assert self._body is not None
        feel(self._body.truth.contact_n, self._pokes, now_s, self._force_n)
        for i, name in enumerate(REGIONS):
            out.put(name, self._force_n[i], now_s)

    def close(self) -> None:
        """Nothing to give back."""


class NoseSensor:
    """The position of the nose in the world, as an overhead camera would give it."""

    def __init__(self, config: NoseConfig | None = None) -> None:
        channel = Channel(name="nose.position", unit="m", low=-FARTHEST_M, high=FARTHEST_M, size=2)
        self.spec = DeviceSpec(name="nose", channels=(channel,), simulated=True)
        self._body: Simulated | None = None

    def configure(self, context: Context) -> None:
        """Find the body. Raises `DeviceError` where it is not simulated."""
        self._body = _simulated("nose", context)

    def read(self, now_s: float, out: Samples) -> None:
        """Fill x_m, y_m."""
        assert self._body is not None
        out.vector("nose.position")[:] = self._body.truth.nose
        out.stamp("nose.position", now_s)

    def close(self) -> None:
        """Nothing to give back."""


def _simulated(name: str, context: Context) -> Simulated:
    if not isinstance(context.body, Simulated):
        raise DeviceError(f"{name}: can be had with a simulated body only")
    return context.body


@njit(cache=True)
def feel(contact_n: FloatArray, pokes: FloatArray, now_s: float, out: FloatArray) -> None:
    """Sum `contact_n`, (links,), and the `pokes`, (n, 4), that last at `now_s` into `out`, (4,): head, front half, back
    half, tail; cut to the range.
    """
    out[:] = 0.0
    links = contact_n.size
    for i in range(links):
        if i == 0:
            region = 0
        elif i == links - 1:
            region = 3
        elif 2 * i < links:
            region = 1
        else:
            region = 2
        out[region] = min(out[region] + contact_n[i], STRONGEST_N)
    for k in range(pokes.shape[0]):
        if pokes[k, 1] <= now_s < pokes[k, 2]:
            region = int(pokes[k, 0])
            out[region] = min(out[region] + pokes[k, 3], STRONGEST_N)
