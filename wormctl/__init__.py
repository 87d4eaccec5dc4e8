"""wormctl: a worm's nervous system in a snake robot.

This package is the core. It runs on a Raspberry Pi: it imports no simulator, no plotting and no desktop library.
"""

__version__ = "0.1.0"
