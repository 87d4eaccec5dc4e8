"""wormctl's snake as a Gymnasium environment: importing this registers `wormctl/Snake-v0`, and does no more."""

from __future__ import annotations

import gymnasium

ID = "wormctl/Snake-v0"
"""What `gymnasium.make` is given."""

# By name: whoever only lists environments need not wait for numba.
gymnasium.register(id=ID, entry_point="wormctl_gym.env:SnakeEnv")
