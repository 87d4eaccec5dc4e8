"""The ground under a snake: how it resists each link's sliding. Values only; bodies turn them into forces."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from wormctl.device import Config
from wormctl.variation import Variation

Drag = Annotated[float, msgspec.Meta(gt=0.0, le=100.0)]


class Ground(Config, frozen=True, kw_only=True):
    """Anisotropic drag at the centre of every link, along and across its axis.

    `viscous`: force = -(along * v_along, across * v_across), both coefficients in N*s/m a link.
    `coulomb`: force on the ellipse with half axes along and across (in N a link) that opposes the slip most,
    smoothed below `creep_speed_m_s` so that rest is smooth too.
    """

    law: Literal["viscous", "coulomb"] = "viscous"
    along: Drag = 0.3
    across: Drag = 6.0
    creep_speed_m_s: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 0.01

    def varied(self, variation: Variation) -> Ground:
        """As it is in a trial of which this was drawn."""
        return msgspec.structs.replace(
            self,
            along=self.along * variation.drag,
            across=self.across * variation.drag * variation.anisotropy,
        )
