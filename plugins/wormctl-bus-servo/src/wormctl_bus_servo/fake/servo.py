"""One fake servo: a table of bytes that behaves. It moves to its goal at a finite speed, and can go wrong."""

from __future__ import annotations

from collections.abc import Mapping

Registers = Mapping[str, tuple[int, int]]
"""Address and size of each register."""

STS: Registers = {
    "model_number": (3, 2), "id": (5, 1), "baud_rate": (6, 1), "status_level": (8, 1), "min_position_limit": (9, 2),
    "max_position_limit": (11, 2), "temperature_limit": (13, 1), "max_voltage_limit": (14, 1),
    "min_voltage_limit": (15, 1), "max_torque": (16, 2), "angular_resolution": (30, 1), "operating_mode": (33, 1),
    "torque_enable": (40, 1), "acceleration": (41, 1), "goal_position": (42, 2), "goal_time": (44, 2),
    "goal_velocity": (46, 2), "torque_limit": (48, 2),
    "lock": (55, 1), "present_position": (56, 2), "present_load": (60, 2), "present_voltage": (62, 1),
    "present_temperature": (63, 1), "status": (65, 1),
}  # fmt: skip
DYNAMIXEL: Registers = {
    "model_number": (0, 2), "id": (7, 1), "baud_rate": (8, 1), "drive_mode": (10, 1), "operating_mode": (11, 1),
    "temperature_limit": (31, 1), "max_voltage_limit": (32, 2), "min_voltage_limit": (34, 2), "max_torque": (36, 2),
    "max_position_limit": (48, 4), "min_position_limit": (52, 4), "torque_enable": (64, 1), "status": (70, 1),
    "bus_watchdog": (98, 1), "torque_limit": (100, 2), "profile_acceleration": (108, 4), "profile_velocity": (112, 4),
    "goal_position": (116, 4), "present_load": (126, 2), "present_position": (132, 4), "present_voltage": (144, 2),
    "present_temperature": (146, 1),
}  # fmt: skip

RANGE_ERROR, ACCESS_ERROR = 4, 7
WATCHDOG_ERROR = 0xFF
_WATCHDOG_UNIT_S = 0.02


class FakeServo:
    """A servo with the given registers. `servo["name"]` reads and sets one as no host could."""

    def __init__(
        self, registers: Registers, ram_from: int, values: Mapping[str, int], *, speed: float
    ) -> None:
        self._registers, self._ram_from = registers, ram_from
        self._memory = bytearray(256)
        self._factory = dict(values)
        self.speed = speed
        """Ticks in a second."""
        self.silent = self.garbled = False
        self.late_s = 0.0
        self.stuck = False
        """Does not move, whatever it is told."""
        self.deaf_to: frozenset[int] = frozenset()
        """Addresses to which writes are ignored, without a word."""
        self.forbidden: list[tuple[int, bytes]] = []
        """Writes that would have made it move its zero, or move at once."""
        self._position = 0.0
        self._moved_s = self._heard_s = 0.0
        for name, value in values.items():
            self[name] = value
        self._kept = bytes(self._memory)

    def __getitem__(self, name: str) -> int:
        address, size = self._registers[name]
        return int.from_bytes(self._memory[address : address + size], "little")

    def __setitem__(self, name: str, value: int) -> None:
        self._put(name, value)
        if name == "present_position":
            self._position = float(value)

    def read(self, address: int, count: int) -> bytes:
        """What the table holds."""
        return bytes(self._memory[address : address + count])

    def write(self, address: int, data: bytes) -> int:
        """Change the table; the error number of the answer."""
        if address in self.deaf_to:
            return 0
        if (refusal := self._refuses(address, data)) != 0:
            return refusal
        self._memory[address : address + len(data)] = data
        if address < self._ram_from and self._kept_over_power():
            self._kept = bytes(self._memory)
        return 0

    def heard(self, now_s: float) -> None:
        """An instruction, for whomever, is on the bus."""
        self.advance(now_s)
        self._heard_s = now_s

    def advance(self, now_s: float) -> None:
        """Move on to `now_s`."""
        passed_s = max(0.0, min(now_s - self._moved_s, 1.0))
        self._moved_s = now_s
        if not self["torque_enable"] or self.stuck:
            return
        way = self["goal_position"] - self._position
        most = self._ticks_per_s() * passed_s
        self._position += min(max(way, -most), most)
        self._put("present_position", round(self._position))

    def reboot(self) -> None:
        """Its supply was away for a moment: what is in RAM is as the factory has it, where it stands is not."""
        here = self["present_position"]
        self._memory[:] = self._kept
        for name, value in self._factory.items():
            if self._registers[name][0] >= self._ram_from:
                self[name] = value
        self["present_position"] = here

    @property
    def error(self) -> int:
        """The alarms of its answers."""
        return self["status"]

    def _put(self, name: str, value: int) -> None:
        address, size = self._registers[name]
        self._memory[address : address + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    def _ticks_per_s(self) -> float:
        return self.speed

    def _refuses(self, address: int, data: bytes) -> int:
        return 0

    def _kept_over_power(self) -> bool:
        return True


class FakeSts(FakeServo):
    """A Feetech STS3215."""

    def __init__(self, servo: int, *, speed: float = 3000.0) -> None:
        values = {
            "model_number": 777, "id": servo, "status_level": 1, "max_position_limit": 4095, "temperature_limit": 70,
            "max_voltage_limit": 140, "min_voltage_limit": 40, "max_torque": 1000, "angular_resolution": 1,
            "torque_enable": 0, "acceleration": 0, "goal_position": 0, "torque_limit": 1000, "lock": 1,
            "present_position": 2048, "present_voltage": 74, "present_temperature": 30,
        }  # fmt: skip
        super().__init__(STS, 40, values, speed=speed)

    def _ticks_per_s(self) -> float:
        return min(self.speed, self["goal_velocity"] or self.speed)

    def _refuses(self, address: int, data: bytes) -> int:
        if address <= 40 < address + len(data) and data[40 - address] not in (0, 1):
            self.forbidden.append((address, data))  # 128 would move its zero
        return 0

    def _kept_over_power(self) -> bool:
        return not self["lock"]


class FakeDynamixel(FakeServo):
    """A Dynamixel X: an XL330 or an XL430."""

    def __init__(self, servo: int, *, model: int = 1200, speed: float = 3000.0) -> None:
        small = model in (1190, 1200)
        values = {
            "model_number": model, "id": servo, "baud_rate": 1, "operating_mode": 3, "temperature_limit": 70,
            "max_voltage_limit": 70 if small else 140, "min_voltage_limit": 35 if small else 60, "max_torque": 885,
            "max_position_limit": 4095, "torque_enable": 0, "bus_watchdog": 0, "torque_limit": 885,
            "goal_position": 0, "present_position": 2048, "present_voltage": 50 if small else 111,
            "present_temperature": 30, "profile_acceleration": 0, "profile_velocity": 0,
        }  # fmt: skip
        super().__init__(DYNAMIXEL, 64, values, speed=speed)

    def heard(self, now_s: float) -> None:
        """An instruction is on the bus; if it is the first for too long, it has stopped since."""
        units = self["bus_watchdog"]
        limit_s = units * _WATCHDOG_UNIT_S
        if self["torque_enable"] and 0 < units < 128 and now_s - self._heard_s > limit_s:
            self.advance(self._heard_s + limit_s)
            self["bus_watchdog"] = WATCHDOG_ERROR
            self["goal_position"] = self["present_position"]
        super().heard(now_s)

    def _refuses(self, address: int, data: bytes) -> int:
        if address < 64 and self["torque_enable"]:
            return ACCESS_ERROR
        if address == 116:
            wanted = int.from_bytes(data, "little", signed=True)
            inside = self["min_position_limit"] <= wanted <= self["max_position_limit"]
            if self["bus_watchdog"] == WATCHDOG_ERROR or not inside:
                return RANGE_ERROR
        if address == 100 and int.from_bytes(data, "little", signed=True) > self["max_torque"]:
            return RANGE_ERROR
        return 0
