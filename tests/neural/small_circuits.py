"""Random small networks for hypothesis: any degree from none to a hub, loops, repeated synapses, gaps."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from wormctl.neural.presynaptic import PresynapticParams
from wormctl.neural.wiring import Wiring, make_wiring


@st.composite
def wirings(draw: st.DrawFn) -> Wiring:
    n = draw(st.integers(1, 40))
    inputs = draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    synapses, sensory, gaps = (draw(st.integers(0, most)) for most in (200, 20, 40))
    # A skewed draw makes hubs with more synapses than one piece of the layout holds.
    post = (n * rng.random(synapses) ** draw(st.sampled_from([1, 6]))).astype(int)
    return make_wiring(
        n,
        inputs,
        draw(st.integers(1, n)),
        (rng.integers(n, size=synapses), post, rng.choice([-1, 1], synapses)),
        (rng.integers(inputs, size=sensory), rng.integers(n, size=sensory), rng.choice([-1, 1], sensory)),
        (rng.integers(n, size=gaps), rng.integers(n, size=gaps)),
    )


def presynaptic_params(wiring: Wiring, seed: int) -> PresynapticParams:
    uniform, n = np.random.default_rng(seed).uniform, wiring.units
    return PresynapticParams(
        gleak=uniform(0.001, 1.0, n),
        vleak=uniform(-0.2, 0.2, n),
        cm=uniform(0.02, 0.6, n),
        mu=uniform(-0.3, 0.8, n),
        sigma=uniform(1.0, 12.0, n),
        gself=uniform(0.0, 1.0, n),
        w=uniform(0.0, 1.0, wiring.pre.size),
        erev=uniform(-1.0, 1.0, wiring.pre.size),
        g=uniform(0.0, 1.0, wiring.gap_a.size),
    )
