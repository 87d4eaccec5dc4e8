"""Ports as files: drivers are asked for their bytes at once, and a hold on a port can be inherited."""

from __future__ import annotations

import array
import fcntl
import os
import termios

import pytest
from wormctl_bus_servo.for_tests import rig
from wormctl_bus_servo.port import Watch

LOW_LATENCY = 1 << 13
"""As the kernel's headers have it (ASYNC_LOW_LATENCY, in the fifth int of struct serial_struct)."""


def test_a_driver_is_asked_to_keep_no_bytes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = [0x10]

    def ioctl(fd: int, request: int, settings: array.array[int]) -> int:
        if request == termios.TIOCGSERIAL:
            settings[4] = flags[0]
        else:
            assert request == termios.TIOCSSERIAL
            flags[0] = settings[4]
        return 0

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    with rig(joints=2) as snake:
        Watch(snake.port.path).close()
    assert flags == [0x10 | LOW_LATENCY]


def test_a_hold_is_open_until_it_is_closed() -> None:
    with rig(joints=2) as snake:
        watch = Watch(snake.port.path)
        assert os.isatty(watch.fileno())
        assert not os.get_inheritable(watch.fileno())  # only by whom it is given to
        watch.close()
        assert watch.fileno() == -1
        assert watch.gone()
