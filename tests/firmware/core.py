"""The firmware's core, built for this machine: the very sources that are flashed, on a board that the tests play."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_int16, c_uint8, c_uint16, c_uint32, c_void_p
from functools import cache
from pathlib import Path

import pytest
from wormctl_serial import messages as m

FIRMWARE = Path(__file__).parents[2] / "firmware"
TRAPS = ("-fsanitize=bounds", "-fsanitize-undefined-trap-on-error")
"""Whoever reads past an array is stopped."""
CORE = ("frame", "table", "command", "firmware")
TAKEN, OLD, REFUSED = 0, 1, 2
"""What the safety room says to a setpoint."""
OK = m.Result.OK
S = {name: value for name, (value, _) in m.SAFETY.items()}
Angles = c_int16 * m.JOINTS
Pulses = c_uint16 * m.JOINTS


class Joint(Structure):
    """`struct joint`."""

    _fields_ = (
        ("configured", c_bool),
        ("centre_us", c_uint16),
        ("us_per_rad", c_int16),
        ("low", c_int16),
        ("high", c_int16),
    )


class SafetyInputs(Structure):
    """`struct safety_inputs`."""

    _fields_ = (("estop_open", c_bool), ("logic_mv", c_uint16), ("servo_mv", c_uint16))


class Safety(Structure):
    """`struct safety`."""

    _fields_ = (
        ("joint", Joint * m.JOINTS),
        ("wanted", Angles),
        ("angle", Angles),
        ("last_us", Pulses),
        ("inputs", SafetyInputs),
        ("boot_id", c_uint32),
        ("session", c_uint16),
        ("sequence", c_uint16),
        ("enabled", c_uint16),
        ("live", c_uint16),
        ("ticks", c_uint16),
        ("age", c_uint8),
        ("ready", c_uint8),
        ("logic_low", c_uint8),
        ("servo_low", c_uint8),
        ("heard", c_bool),
        ("state", c_uint8),
        ("fault", c_uint8),
    )


class BoardInputs(Structure):
    """`struct board_inputs`."""

    _fields_ = (
        ("digital", c_uint8),
        ("nose", c_uint16 * 2),
        ("servo_mv", c_uint16),
        ("logic_mv", c_uint16),
    )


@cache
def build() -> ctypes.CDLL:
    """The core as a shared library. With WORMCTL_CORE_FLAGS, as those say: see firmware/host/coverage.py."""
    if shutil.which("cc") is None and "WORMCTL_NEEDS_FIRMWARE" not in os.environ:
        pytest.skip("no C compiler (cc) here")
    flags = os.environ.get("WORMCTL_CORE_FLAGS", "").split()
    folder = os.environ.get("WORMCTL_CORE_FOLDER") or tempfile.mkdtemp(prefix="wormctl-core-")
    out = Path(folder) / "core.so"
    # A mutant of the safety room may take its place: see firmware/host/mutate.py.
    room = Path(os.environ.get("WORMCTL_SAFETY_C", FIRMWARE / "src" / "safety.c"))
    chosen = (room, *(FIRMWARE / "src" / f"{name}.c" for name in CORE))
    subprocess.run(
        [
            *("cc", "-O1", "-g", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror", *TRAPS, *flags),
            *("-I", str(FIRMWARE / "include"), "-I", str(FIRMWARE / "src"), "-o", str(out)),
            *(str(FIRMWARE / "host" / "board_host.c"), *map(str, chosen)),
        ],
        check=True,
    )
    return declare(ctypes.CDLL(str(out)))


def declare(library: ctypes.CDLL) -> ctypes.CDLL:
    """Give the functions their types."""
    room, u8, u16, u32 = POINTER(Safety), c_uint8, c_uint16, c_uint32
    for name, result, arguments in (
        ("safety_init", None, (room, u32)),
        ("safety_tick", None, (room, POINTER(SafetyInputs))),
        ("safety_pulse_us", u16, (room, u8)),
        ("safety_hello", u8, (room, u16, u32)),
        ("safety_setpoint", u8, (room, u16, u16, POINTER(c_int16))),
        ("safety_arm", u8, (room, c_char_p, u16)),
        ("safety_clear", u8, (room, c_char_p)),
        ("safety_set_joint", u8, (room, u16, u8, POINTER(Joint))),
        ("safety_stop", None, (room,)),
        ("safety_joint_valid", c_bool, (POINTER(Joint),)),
        ("frame_write", u8, (c_char_p, u8, u16, c_char_p, u8)),
        ("crc16", u16, (u16, c_char_p, u8)),
        ("host_start", None, (u32,)),
        ("host_erase", None, ()),
        ("host_spoil", None, (u8,)),
        ("host_break_storage", None, (ctypes.c_int,)),
        ("host_inputs", None, (POINTER(BoardInputs),)),
        ("host_tick", None, (POINTER(c_uint16),)),
        ("host_bytes", u32, (c_char_p, u32, c_void_p)),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Room:
    """One safety room; its state is `s`. Angles in 0.1 mrad, as the firmware has them."""

    def __init__(self, library: ctypes.CDLL | None = None, boot_id: int = 7) -> None:
        self.c = library or build()
        self.s = Safety()
        self.boot_id = boot_id
        self.c.safety_init(byref(self.s), boot_id)

    def tick(
        self, *, estop: bool = False, logic_mv: int = 7600, servo_mv: int = 5500, count: int = 1
    ) -> None:
        """Let time pass."""
        inputs = SafetyInputs(estop, logic_mv, servo_mv)
        for _ in range(count):
            self.c.safety_tick(byref(self.s), byref(inputs))

    def pulses(self) -> list[int]:
        """Every joint's pulse in us, 0 for none."""
        return [self.c.safety_pulse_us(byref(self.s), j) for j in range(m.JOINTS)]

    def hello(self, session: int = 5, schema: int = m.SCHEMA) -> m.Result:
        """Open a session."""
        return m.Result(self.c.safety_hello(byref(self.s), session, schema))

    def setpoint(self, angle: int | list[int], sequence: int, session: int = 5) -> int:
        """Ask for one angle of all joints, or one of each: TAKEN, OLD or REFUSED."""
        angles = Angles(*([angle] * m.JOINTS if isinstance(angle, int) else angle))
        return int(self.c.safety_setpoint(byref(self.s), session, sequence & 0xFFFF, angles))

    def stream(self, angle: int | list[int], first: int, ticks: int) -> int:
        """A setpoint before every tick; the number after the last."""
        for k in range(first, first + ticks):
            assert self.setpoint(angle, k) == TAKEN
            self.tick()
        return first + ticks

    def arm(
        self,
        *,
        session: int = 5,
        boot_id: int | None = None,
        table: int = 9,
        known: int = 9,
        joints: int = 0xFFF,
    ) -> m.Result:
        """Ask to be armed; the table's CRC is `known`, the host says `table`."""
        boot = self.boot_id if boot_id is None else boot_id
        request = m.BY_NAME["ARM"].layout.pack(session, boot, table, joints)
        return m.Result(self.c.safety_arm(byref(self.s), request, known))

    def clear(self, fault: m.Fault, *, session: int = 5, boot_id: int | None = None) -> m.Result:
        """Ask to forget a fault."""
        boot = self.boot_id if boot_id is None else boot_id
        return m.Result(
            self.c.safety_clear(byref(self.s), m.BY_NAME["CLEAR"].layout.pack(session, boot, fault))
        )

    def set_joint(self, index: int, joint: Joint, session: int = 5) -> m.Result:
        """Change a line of the joint table."""
        return m.Result(self.c.safety_set_joint(byref(self.s), session, index, byref(joint)))

    def stop(self) -> None:
        """End all pulses."""
        self.c.safety_stop(byref(self.s))


def plain_joint(
    low: int = -10_000, high: int = 10_000, centre_us: int = 1500, us_per_rad: int = 600
) -> Joint:
    """A joint that may move."""
    return Joint(True, centre_us, us_per_rad, low, high)


def ready_room(library: ctypes.CDLL | None = None) -> Room:
    """A room in which all joints are configured and a host holds them straight: one `arm` away from moving."""
    room = Room(library)
    room.tick()
    assert room.hello() is OK
    for j in range(m.JOINTS):
        assert room.set_joint(j, plain_joint()) is OK
    for k in range(S["READY_SETPOINTS"]):
        assert room.setpoint(0, k) == 0
        room.tick()
    return room


def armed_room(library: ctypes.CDLL | None = None) -> Room:
    """A room whose joints all have pulses, past the slow time; the newest setpoint has the number 200."""
    room = ready_room(library)
    assert room.arm() is OK
    for k in range(11, 201):
        assert room.setpoint(0, k) == 0
        room.tick()
    assert all(room.pulses())
    return room
