"""Times the ncps library; run by path in an interpreter that has it, which need not have wormctl.

    python ncps_worker.py WIRING.npz TICKS

One JSON line with versions at the start; then, for every line read, the microseconds of a tick on a line.
"""

from __future__ import annotations

import json
import sys
import time

import ncps
import numpy as np
import torch
from ncps.torch import LTC, LTCCell
from ncps.wirings import Wiring


def main(path: str, ticks: int) -> None:
    """Answer requests until the input ends."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with np.load(path, allow_pickle=False) as arrays:
        adjacency, sensory = arrays["adjacency"], arrays["sensory"]
        motors, unfolds, elapsed = int(arrays["motors"]), int(arrays["unfolds"]), float(arrays["elapsed"])
    wiring = Wiring(len(adjacency))
    wiring.set_output_dim(motors)
    wiring.build(len(sensory))
    wiring.adjacency_matrix[:] = adjacency
    wiring.sensory_adjacency_matrix[:] = sensory
    cell = LTCCell(wiring, ode_unfolds=unfolds)
    module = LTC(len(sensory), wiring, ode_unfolds=unfolds, implicit_param_constraints=False)
    x, state = torch.zeros(1, len(sensory)), torch.rand(1, len(adjacency))
    sequence = x[None]
    print(json.dumps({"torch": torch.__version__, "ncps": getattr(ncps, "__version__", "")}), flush=True)
    with torch.inference_mode():
        for name in sys.stdin:
            h = state
            start = time.perf_counter()
            for _ in range(ticks):
                if name.strip() == "cell":
                    _, h = cell(x, h, elapsed)
                else:
                    _, h = module(sequence, h)
            print((time.perf_counter() - start) / ticks * 1e6, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
