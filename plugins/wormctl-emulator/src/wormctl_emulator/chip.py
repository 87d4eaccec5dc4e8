"""The emulated microcontroller with the firmware in it: builds `chip.c`, and drives it. Simulated time only."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from ctypes import c_char_p, c_int, c_uint32, c_uint64, c_void_p
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.device import DeviceError

HZ = 16_000_000
SERVOS = 12
EEPROM_BYTES = 1024
SOURCE = Path(__file__).parent / "chip.c"
NEEDED = "sudo apt-get install gcc gcc-avr avr-libc libsimavr-dev libelf-dev"
PULSE = np.dtype([("rise", "u8"), ("width", "u4"), ("servo", "u1"), ("cut", "u1"), ("pad", "u2")])
"""A pulse as a servo saw it, in cycles; `cut` if a reset ended it."""
VECTORS = {
    11: "servo bank A",
    12: "servo bank B",
    14: "clock, every ms",
    15: "safety tick",
    18: "byte received",
    19: "byte to send",
    21: "voltage measured",
}
_CHUNK = 1 << 16
_ELF = "wormctl-atmega328p-500000.elf"


class ChipCrashedError(RuntimeError):
    """The program left its memory. It is the firmware's fault, or the emulator's."""


class Worst(NamedTuple):
    """The longest seen, in s."""

    running: float
    waiting: float


def shipping_elf() -> Path:
    """The firmware in this source tree, as `make` builds it. Raises `DeviceError` if it is not there."""
    elf = Path(__file__).parents[4] / "firmware" / "build" / _ELF
    if not elf.is_file():
        raise DeviceError(f"{elf}: is not built: `make -C firmware`, or name another with --firmware")
    return elf


@cache
def library() -> ctypes.CDLL:
    """`chip.c`, compiled once a version. Raises `DeviceError` with a remedy."""
    text = SOURCE.read_bytes()
    cache_home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    built = cache_home / "wormctl" / f"chip-{hashlib.sha256(text).hexdigest()[:16]}.so"
    if not built.is_file():
        _compile(built)
    out = ctypes.CDLL(str(built))
    for name, result, arguments in (
        ("chip_new", c_void_p, (c_char_p,)),
        ("chip_free", None, (c_void_p,)),
        ("chip_feed", c_int, (c_void_p, c_char_p, c_int)),
        ("chip_take", c_int, (c_void_p, c_char_p, c_int)),
        ("chip_take_pulses", c_int, (c_void_p, c_void_p, c_int)),
        ("chip_adc", None, (c_void_p, c_int, c_int)),
        ("chip_noise", None, (c_void_p, c_int, c_uint32)),
        ("chip_pin_c", None, (c_void_p, c_int, c_int)),
        ("chip_run", c_int, (c_void_p, c_uint64, c_int)),
        ("chip_reset", None, (c_void_p, c_int)),
        ("chip_hang", None, (c_void_p,)),
        ("chip_stop_ticks", None, (c_void_p,)),
        ("chip_cycle", c_uint64, (c_void_p,)),
        ("chip_resets", c_uint32, (c_void_p,)),
        ("chip_overruns", c_uint32, (c_void_p,)),
        ("chip_dropped_pulses", c_uint32, (c_void_p,)),
        ("chip_worst_loop", c_uint32, (c_void_p,)),
        ("chip_forget_worst", None, (c_void_p,)),
        ("chip_worst_running", c_uint32, (c_void_p, c_int)),
        ("chip_worst_waiting", c_uint32, (c_void_p, c_int)),
        ("chip_eeprom", None, (c_void_p, c_char_p, c_int)),
    ):
        function = getattr(out, name)
        function.restype, function.argtypes = result, arguments
    return out


def _compile(built: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise DeviceError(f"the emulator needs a C compiler and simavr: {NEEDED}")
    built.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=built.parent) as folder:
        partial = Path(folder) / built.name
        done = subprocess.run(
            [compiler, "-O2", "-shared", "-fPIC", "-o", str(partial), str(SOURCE), "-lsimavr", "-lelf"],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
            raise DeviceError(f"the emulator cannot be built ({first}): {NEEDED}")
        partial.replace(built)


class Chip:
    """An ATmega328P at 16 MHz with an ELF in its flash."""

    def __init__(self, elf: Path | None = None) -> None:
        self._c = library()
        elf = elf or shipping_elf()
        with _Quiet():
            self._chip = self._c.chip_new(str(elf).encode())
        if not self._chip:
            raise DeviceError(f"{elf}: is no firmware that the emulator can read")
        self._bytes = ctypes.create_string_buffer(_CHUNK)
        self._pulses: NDArray[np.void] = np.zeros(_CHUNK, dtype=PULSE)

    def run(self, seconds: float, *, until_byte: bool = False) -> None:
        """Advance; if `until_byte`, at most until the chip says something. Raises `ChipCrashedError`."""
        if self._c.chip_run(self._chip, round(seconds * HZ), until_byte):
            raise ChipCrashedError(f"the firmware crashed after {self.now_s:.3f} s")

    @property
    def now_s(self) -> float:
        """Simulated time since the power came on."""
        return float(self._c.chip_cycle(self._chip)) / HZ

    def feed(self, data: bytes) -> int:
        """Bytes onto the line; how many of them had room. They arrive one by one, at the baud rate."""
        return int(self._c.chip_feed(self._chip, data, len(data)))

    def take(self) -> bytes:
        """What the chip has sent."""
        count = self._c.chip_take(self._chip, self._bytes, _CHUNK)
        return self._bytes.raw[:count]

    def pulses(self) -> NDArray[np.void]:
        """Every pulse that has ended since the last call: an array of `PULSE`, in the order they ended."""
        count = self._c.chip_take_pulses(self._chip, self._pulses.ctypes.data, _CHUNK)
        return self._pulses[:count].copy()

    def adc(self, channel: int, volt: float) -> None:
        """The voltage at an analogue input."""
        self._c.chip_adc(self._chip, channel, round(volt * 1000.0))

    def noise(self, volt: float, seed: int) -> None:
        """How far a conversion may err, either way."""
        self._c.chip_noise(self._chip, round(volt * 1000.0), seed & 0xFFFFFFFF)

    def pin_c(self, pin: int, *, high: bool) -> None:
        """The level at a pin of port C."""
        self._c.chip_pin_c(self._chip, pin, int(high))

    def reset(self, *, brown_out: bool = False) -> None:
        """Press the reset button, or let the supply break down."""
        self._c.chip_reset(self._chip, int(brown_out))

    def hang(self) -> None:
        """Let the main loop stand still, as bad memory might; interrupts go on. A reset mends it."""
        self._c.chip_hang(self._chip)

    def stop_ticks(self) -> None:
        """Let the clock's interrupt die; the main loop goes on. A reset mends it."""
        self._c.chip_stop_ticks(self._chip)

    @property
    def resets(self) -> int:
        """How often it has started, the first time too."""
        return int(self._c.chip_resets(self._chip))

    @property
    def overruns(self) -> int:
        """Bytes that came while the receiver was full: lost."""
        return int(self._c.chip_overruns(self._chip))

    def forget_worst(self) -> None:
        """Begin anew to look for the longest."""
        self._c.chip_forget_worst(self._chip)

    def worst_s(self) -> dict[str, Worst]:
        """The longest each interrupt ran, and waited for its turn; and a round of the main loop."""
        out = {}
        for vector, name in VECTORS.items():
            running, waiting = (
                ask(self._chip, vector) / HZ
                for ask in (self._c.chip_worst_running, self._c.chip_worst_waiting)
            )
            out[name] = Worst(running, waiting)
        out["main loop"] = Worst(self._c.chip_worst_loop(self._chip) / HZ, 0.0)
        return out

    def eeprom(self) -> bytes:
        """What outlives a power cut."""
        out = ctypes.create_string_buffer(EEPROM_BYTES)
        self._c.chip_eeprom(self._chip, out, 0)
        return out.raw

    def set_eeprom(self, data: bytes) -> None:
        """Put back what outlived one."""
        self._c.chip_eeprom(self._chip, ctypes.create_string_buffer(data, EEPROM_BYTES), 1)

    def close(self) -> None:
        """Switch it off for good. May be called twice."""
        if self._chip:
            self._c.chip_free(self._chip)
            self._chip = None


class _Quiet:
    """simavr announces on stdout what it loads."""

    def __enter__(self) -> None:
        import sys

        sys.stdout.flush()
        self._kept = os.dup(1), os.dup(2)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.close(null)

    def __exit__(self, *_: object) -> None:
        ctypes.CDLL(None).fflush(None)
        for fd, kept in zip((1, 2), self._kept, strict=True):
            os.dup2(kept, fd)
            os.close(kept)
