"""The bus: what Linux is asked for, what its errors become, and that each bus is open once."""

from __future__ import annotations

import errno
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from smbus2 import i2c_msg
from wormctl_i2c.bus import LinuxBus, library
from wormctl_i2c.buses import LINUX, Buses
from wormctl_i2c.models import Bme68xModel
from wormctl_i2c.models.bench import Bench
from wormctl_i2c.trouble import ShortReadError, cannot_open, explain

from wormctl.device import DeviceError

READS = 1  # I2C_M_RD
HERE = Path(__file__)


class Kernel:
    """As `smbus2.SMBus`: takes the messages of a transfer and fills those that read with 0xA5."""

    def __init__(self) -> None:
        self.transfers: list[list[tuple[int, int, bytes]]] = []
        self.closed = False
        self.fault: OSError | None = None
        self.inside = self.most_inside = 0

    def i2c_rdwr(self, *messages: Any) -> None:
        if self.fault is not None:
            raise self.fault
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        time.sleep(0.0005)
        self.transfers.append([(m.addr, m.flags, b"" if m.flags & READS else bytes(m)) for m in messages])
        for message in messages:
            assert isinstance(message, i2c_msg)
            if message.flags & READS:
                for i in range(message.len):
                    message.buf[i] = 0xA5
        self.inside -= 1

    def close(self) -> None:
        self.closed = True


def test_a_transfer_is_one_call_of_the_kernel() -> None:
    kernel = Kernel()
    bus = LinuxBus(lambda: kernel, HERE)
    assert bus.transfer(0x29, b"\x01\x0f", 2) == b"\xa5\xa5"
    assert bus.transfer(0x29, b"\x87\x40", 0) == b""
    assert bus.transfer(0x59, b"", 3) == b"\xa5" * 3
    assert bus.transfer(0x59, b"", 0) == b""
    assert kernel.transfers == [
        [(0x29, 0, b"\x01\x0f"), (0x29, READS, b"")],
        [(0x29, 0, b"\x87\x40")],
        [(0x59, READS, b"")],
        [(0x59, 0, b"")],
    ]
    bus.close()
    assert kernel.closed


def test_threads_take_turns() -> None:
    kernel = Kernel()
    bus = LinuxBus(lambda: kernel, HERE)
    threads = [
        threading.Thread(target=lambda: [bus.transfer(0x29, b"\x00", 1) for _ in range(20)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10.0)
    assert kernel.most_inside == 1
    assert len(kernel.transfers) == 80


@pytest.mark.parametrize("said", [errno.ENODEV, errno.EIO, errno.EPIPE])
def test_an_adapter_that_is_plugged_in_again_is_opened_anew(said: int, tmp_path: Path) -> None:
    """Some adapters' drivers do not say that they are gone: the device file does."""
    file, opened = tmp_path / "i2c-7", [Kernel()]

    def plug() -> Kernel:
        if not file.exists():
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        opened.append(Kernel())
        return opened[-1]

    file.touch()
    bus = LinuxBus(plug, file)
    opened[-1].fault = OSError(said, "what the adapter's driver says")
    file.unlink()
    for _ in range(2):
        with pytest.raises(OSError, match=r"gone|No such file") as caught:
            bus.transfer(0x29, b"\xc0", 1)
        assert explain(caught.value, 7) == "I2C bus 7 has gone: was its adapter unplugged?"
        assert opened[-1].closed, "a device file that is kept open keeps its number from the adapter"
    file.touch()
    assert bus.transfer(0x29, b"\xc0", 1) == b"\xa5"
    bus.close()
    assert opened[-1].closed
    with pytest.raises(OSError, match="closed"):
        bus.transfer(0x29, b"\xc0", 1)


@pytest.mark.parametrize(
    ("said", "lets_go"), [(errno.EIO, False), (errno.EREMOTEIO, False), (errno.ENODEV, True)]
)
def test_a_disturbed_transfer_leaves_a_bus_open_that_is_there(said: int, lets_go: bool) -> None:
    kernel = Kernel()
    bus = LinuxBus(lambda: kernel, HERE)
    kernel.fault = OSError(said, "what the adapter's driver says")
    with pytest.raises(OSError, match=r"driver says|gone"):
        bus.transfer(0x29, b"\xc0", 1)
    assert kernel.closed == lets_go


def test_a_bus_is_opened_once_and_closed_with_the_last_who_uses_it() -> None:
    bench = Bench({0x76: Bme68xModel()})
    first, second, other = bench.buses.take(1), bench.buses.take(1), bench.buses.take(2)
    assert len(bench.opened) == 2
    first.close()
    first.close()
    assert second.transfer(0x76, b"\xd0", 1) == b"\x61"
    second.close()
    assert [bus.closed for bus in bench.opened] == [True, False]
    other.close()
    bench.buses.take(1).close()
    assert [bus.closed for bus in bench.opened] == [True, True, True]


def test_a_bus_that_is_not_there_says_which_setting_and_what_to_do() -> None:
    with pytest.raises(
        DeviceError, match=r"^\$\.bus = 250: there is no /dev/i2c-250.*raspi-config"
    ) as caught:
        LINUX.take(250)
    assert "\n" not in str(caught.value)


def refused(number: int) -> Any:
    raise PermissionError(errno.EACCES, "Permission denied")


def test_a_bus_that_one_may_not_use() -> None:
    with pytest.raises(
        DeviceError, match=r"you may not use /dev/i2c-1: `sudo usermod -aG i2c \$USER`, then log in"
    ):
        Buses(refused).take(1)


def test_the_buses_that_there_are_get_named() -> None:
    missing = FileNotFoundError(errno.ENOENT, "No such file or directory")
    assert "there are: /dev/i2c-0, /dev/i2c-10;" in cannot_open(1, missing, ["/dev/i2c-0", "/dev/i2c-10"])
    assert "cannot open /dev/i2c-1: " in cannot_open(1, OSError(errno.ENOTTY, "not a bus"), [])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EREMOTEIO, "Remote I/O error"), "does not answer"),
        (OSError(errno.ENXIO, "No such device or address"), "does not answer"),
        (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), "bus 3 is stuck"),
        (OSError(errno.EBUSY, "Device or resource busy"), "bus 3 is stuck"),
        (OSError(errno.EIO, "Input/output error"), "disturbed: shorten the wires"),
        (OSError(errno.EAGAIN, "Resource temporarily unavailable"), "disturbed"),
        (OSError(errno.ENODEV, "No such device"), "has gone: was its adapter unplugged"),
        (ShortReadError(1, 2), "only 1 of 2 bytes came: a loose wire"),
        (OSError(errno.EINVAL, "Invalid argument"), "Invalid argument"),
    ],
)
def test_what_the_kernel_says_becomes_a_sentence(error: OSError, said: str) -> None:
    assert said in explain(error, 3)


def test_a_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bme680", None)
    with pytest.raises(DeviceError, match=r"^needs bme680, which is not installed: `uv pip install bme680`$"):
        library("bme680", "bme680")
