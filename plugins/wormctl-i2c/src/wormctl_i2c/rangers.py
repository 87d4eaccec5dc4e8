"""ST's VL53L0X and VL53L1X through Adafruit's drivers, which know their undocumented start-up. No channel."""

from __future__ import annotations

import time
from typing import Any, Protocol

from wormctl.device import DeviceError
from wormctl_i2c.bus import library
from wormctl_i2c.trouble import nobody
from wormctl_i2c.wire import CircuitPythonI2C, Wire

_TIMEOUT_S = 0.5
_L0X_BUDGET_US = 33_000
_L0X_RANGE_STATUS = b"\x14"
_L0X_VALID = 11
_L0X_IDENTITY, _L0X = b"\xc0", b"\xee"
_L0X_RESET = 0xBF
_L0X_RESET_S = 0.1
"""Many times what it takes to boot: 1.2 ms."""
_POLL_S = 0.002
L0X_WAKE = (b"\xff\x00", bytes([_L0X_RESET, 1]))
"""A start that was broken off leaves it on another page than that of its identity, or in its reset."""
_L1X_BUDGET_MS = 50
_L1X_STOP = (b"\x00\x87\x00", b"\x00\x86\x01")
"""Measure no longer, forget the last distance: a program that was killed may have left it measuring."""


class Ranger(Protocol):
    """A chip that measures one distance after another by itself."""

    def ready(self) -> bool:
        """Whether there is a new one."""

    def distance_m(self) -> float | None:
        """The new one; None where no echo came, or none that can be trusted."""

    def stop(self) -> None:
        """Measure no longer."""


class Vl53l0x:
    """A VL53L0X that measures 30 times a second."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        _reset_l0x(wire)
        self._driver = _l0x_driver()(CircuitPythonI2C(wire), wire.address, _TIMEOUT_S)
        self._driver.measurement_timing_budget = _L0X_BUDGET_US
        self._driver.start_continuous()

    def ready(self) -> bool:
        """See `Ranger`."""
        return bool(self._driver.data_ready)

    def distance_m(self) -> float | None:
        """See `Ranger`. The driver does not look whether its maker calls the distance valid."""
        status = self._wire.ask(_L0X_RANGE_STATUS, 1)[0] >> 3 & 0x0F
        distance_m = float(self._driver.read_range()) / 1000.0
        return distance_m if status == _L0X_VALID else None

    def stop(self) -> None:
        """See `Ranger`."""
        self._driver.stop_continuous()


class Vl53l1x:
    """A VL53L1X that measures ten times a second, as far as it can."""

    def __init__(self, wire: Wire) -> None:
        module = library("adafruit_vl53l1x", "adafruit-circuitpython-vl53l1x")
        for stop in _L1X_STOP:
            wire.send(stop)
        self._driver = module.VL53L1X(CircuitPythonI2C(wire), wire.address)
        self._driver.distance_mode = 2
        self._driver.timing_budget = _L1X_BUDGET_MS
        self._driver.start_ranging()

    def ready(self) -> bool:
        """See `Ranger`."""
        return bool(self._driver.data_ready)

    def distance_m(self) -> float | None:
        """See `Ranger`."""
        distance_cm = self._driver.distance
        self._driver.clear_interrupt()
        return None if distance_cm is None else float(distance_cm) / 100.0

    def stop(self) -> None:
        """See `Ranger`."""
        self._driver.stop_ranging()


def _reset_l0x(wire: Wire) -> None:
    """As its maker does it: a program that was killed may have left it measuring, which no other start ends.

    A mere stop would overwrite the value of its own that the driver then reads and measures with.
    """
    wire.send(bytes([_L0X_RESET, 0]))
    _wait_for_l0x(wire, there=False)
    wire.send(bytes([_L0X_RESET, 1]))
    if not _wait_for_l0x(wire, there=True):
        raise DeviceError("does not come back from a reset: take its power off for a moment")


def _wait_for_l0x(wire: Wire, *, there: bool) -> bool:
    """Whether it shows its identity, or no longer does, in time. While it boots it does not answer."""
    until_s = time.monotonic() + _L0X_RESET_S
    while True:
        try:
            shows = wire.ask(_L0X_IDENTITY, 1) == _L0X
        except OSError as error:
            if not nobody(error):
                raise
            shows = False
        if shows == there:
            return True
        if time.monotonic() > until_s:
            return False
        time.sleep(_POLL_S)


def _l0x_driver() -> Any:
    """The driver, with a buffer for each chip: it shares one among all, and each sensor has a thread of its own."""
    base: Any = library("adafruit_vl53l0x", "adafruit-circuitpython-vl53l0x").VL53L0X

    def __init__(self: Any, *args: Any) -> None:  # noqa: N807
        self._BUFFER = bytearray(3)
        base.__init__(self, *args)

    return type("VL53L0X", (base,), {"__init__": __init__})


def probe(wire: Wire) -> str | None:
    """Which of the maker's rangers answers. The VL53L1X has registers of 16 bits, and is asked second."""
    if wire.ask(_L0X_IDENTITY, 1) == _L0X:
        return "vl53l0x"
    return {b"\xea\xcc": "vl53l1x", b"\xeb\xaa": "VL53L4CD"}.get(wire.ask(b"\x01\x0f", 2))
