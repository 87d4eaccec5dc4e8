"""The contract for plugins, line by line. The kit checks each line, and says which one a device breaks.

Only words here: `wormctl.testing.checks` knows how each is checked, plugins/README.md shows them to authors.
"""

from __future__ import annotations

import enum


class Rule(enum.Enum):
    """A line of the contract."""

    IMPORT = "importing it opens no device, no connection, no program, and writes nothing"
    OFFER = "it offers what the hooks ask for, made for this version of the plugin API"
    SETTINGS = "a setting that is unknown, or out of range, is refused and named"
    MAKE = "making it opens nothing, gives a new object each time, and its spec is complete"
    CHANNEL = "every channel has a proper name, an SI unit, a range, a rate and an age that fit one another"
    JOINTS = "a body measures joint.position: rad, one value a joint, up to its limits and beyond"
    OPEN = "configure opens what is needed, or says in a DeviceError what a person can do about it"
    SHAPE = "read fills the arrays it is given, in place, and all values of a channel that it stamps"
    RANGE = "a good sample is finite and within the declared range"
    TIME = "samples are stamped on the loop's clock, newer ones later, never from the future, never backwards"
    SAMPLES = "every channel gives a good sample in time, and fresh ones afterwards"
    QUICK = "read and write return at once: what waits is for a thread"
    MEMORY = "read and write allocate nothing large and leave nothing behind"
    STILL = "a body stands still until it is armed, and does not jump when it is"
    MOVES = "a joint bends as it is told, the way it is told, and no other does"
    TRUTH = "a simulated body shows what it really does"
    STOP = "stop is allowed in any state, again and again, and never raises"
    CLOSE = "close is allowed in any state, twice, and never raises"
    THREADS = "no thread is left behind"
    AGAIN = "after close, one made anew does what the first one did: nothing is kept"
    VALUES = "an actuator takes every value in its range, and leaves what it is given alone"
    POLICY = (
        "a policy has reset and step, gives finite setpoints whatever it is given, and the same after reset"
    )
    WORLD = "a world is the same for the same seed, and its distances are never negative"
    COMMAND = "a command declares its arguments, shows its help, and is described in one line"
    ARTIST = "an artist is described in one line"

    @property
    def number(self) -> int:
        """Its line."""
        return list(Rule).index(self) + 1
