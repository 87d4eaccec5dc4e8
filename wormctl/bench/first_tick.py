"""From a new process to the first tick of the worm: `python -m wormctl.bench.first_tick` prints the seconds.

The shipped worm where there is one, else the connectome with parameters per synapse.
"""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np

POLICY = "worm302"


def first_tick() -> None:
    """Load, make ready, and tick once."""
    from wormctl.policy import load_policy, shipped_policies

    shipped = shipped_policies()
    if POLICY in shipped:
        controller = load_policy(shipped[POLICY]).controller()
        size = sum(port.size for port in controller.inputs)
        controller.step(np.zeros(size), np.ones(size, dtype=np.bool_), np.zeros(controller.joints))
        return
    from wormctl.bench.circuits import DT_S, UNFOLDS, circuits
    from wormctl.neural.network import LTCNetwork

    circuit = circuits()[-1]
    network = LTCNetwork(circuit.wiring, circuit.ltc, DT_S, UNFOLDS)
    network.step(np.zeros(network.inputs))


def start_to_first_tick_s(runs: int = 3) -> float:
    """Median seconds from starting a process to the end of its first tick, with a warm kernel cache."""
    times = []
    for _ in range(runs + 1):
        start = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-m", "wormctl.bench.first_tick"], check=True, capture_output=True, text=True
        )
        # The clock is one for all processes, so the child says when it got there.
        times.append(float(ended.stdout) - start)
    # The first may have had to compile.
    return float(np.median(times[1:]))


if __name__ == "__main__":
    first_tick()
    print(time.monotonic())
