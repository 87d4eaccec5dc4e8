"""The bus: what the rest needs of it, and the one that is made of a serial port by rustypot.

rustypot speaks both makers' protocols. It waits without holding up other threads; nothing here may be called in a tick.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

from wormctl.device import DeviceError
from wormctl_bus_servo.kinds import Kind
from wormctl_bus_servo.port import Watch, open_failed, resolve

TIMEOUT_S = 0.04
"""For one answer. An FTDI adapter left as it comes keeps bytes for 16 ms."""
PATIENT_S = 0.1
"""The same for those who have time."""

TRIES = 3
BROADCAST_ID = 254

_MOTOR = re.compile(r"^motor (\d+): ")

Values = dict[str, int]
"""Registers of one servo, by name."""


class BusError(DeviceError):
    """No good answer. `servo` is whose, if that is known."""

    def __init__(self, text: str, servo: int | None = None) -> None:
        super().__init__(text)
        self.servo = servo
        self.silent = "timed out" in text
        """Whether nothing came at all."""


class PortGoneError(DeviceError):
    """The port has gone: unplugged."""


class Bus(Protocol):
    """What a snake needs of a bus. All of it may raise `BusError` or `PortGoneError`."""

    name: str

    @property
    def hold(self) -> int:
        """The file descriptor of a second hold on the port, for another process to inherit."""

    def read(self, servo: int, registers: tuple[str, ...]) -> tuple[Values, int]:
        """Registers of one servo, in one go, and the error byte of its answer."""

    def read_all(self, servos: Sequence[int], registers: tuple[str, ...]) -> list[tuple[Values, int]]:
        """The same of several, with one Sync Read."""

    def write(self, servo: int, register: str, value: int) -> int:
        """Write, and wait for the answer; its error byte."""

    def write_all(self, servos: Sequence[int], register: str, values: Sequence[int]) -> None:
        """One Sync Write, which nobody answers."""

    def close(self) -> None:
        """Give the port back. Never raises."""


class Block:
    """Registers that are read in one go: from the first of them to the last."""

    def __init__(self, definition: Any, registers: Sequence[str]) -> None:
        infos = [definition.register(name) for name in registers]
        missing = [name for name, info in zip(registers, infos, strict=True) if info is None]
        if missing:
            raise DeviceError(
                f"this rustypot has no register {missing[0]} for {definition.name}: pip install -U rustypot"
            )
        self.address: int = min(info.addr for info in infos)
        self.count: int = max(info.addr + info.size for info in infos) - self.address
        self._fields = [
            (info.name, info.addr - self.address, info.size, info.encoding, info.sign_bit) for info in infos
        ]

    def decode(self, raw: Sequence[int]) -> Values:
        """The registers' values. Raises `BusError` if bytes are missing."""
        if len(raw) != self.count:
            raise BusError(f"{len(raw)} bytes instead of {self.count}")
        out: Values = {}
        for name, start, size, encoding, sign_bit in self._fields:
            value = int.from_bytes(bytes(raw[start : start + size]), "little")
            if encoding == "twos_complement" and value >> (8 * size - 1):
                value -= 1 << (8 * size)
            elif encoding == "sign_magnitude" and sign_bit is not None and value >> sign_bit & 1:
                value = -(value & ((1 << sign_bit) - 1))
            out[name] = value
        return out


class RustypotBus:
    """A serial port with servos of one kind on it."""

    def __init__(self, kind: Kind, port: str, baud: int, timeout_s: float = TIMEOUT_S) -> None:
        make = controller(kind)
        self.name = resolve(port)
        self._watch = Watch(self.name)
        try:
            self._motors = make(self.name, baud, timeout_s)
        except (OSError, RuntimeError, ValueError) as error:
            self._watch.close()
            raise open_failed(self.name, error) from None
        self._definition = make.definition()
        self._blocks: dict[tuple[str, ...], Block] = {}

    @property
    def hold(self) -> int:
        """See `Bus.hold`."""
        return self._watch.fileno()

    def read(self, servo: int, registers: tuple[str, ...]) -> tuple[Values, int]:
        """See `Bus.read`."""
        block = self._block(registers)
        try:
            raw, error = self._motors.read_raw_data_with_error(servo, block.address, block.count)
            return block.decode(raw), int(error)
        except (RuntimeError, OSError, BusError) as error:
            raise self._failed(error, servo) from error

    def read_all(self, servos: Sequence[int], registers: tuple[str, ...]) -> list[tuple[Values, int]]:
        """See `Bus.read_all`."""
        block = self._block(registers)
        try:
            found = self._motors.sync_read_raw_data_with_error(list(servos), block.address, block.count)
            return [(block.decode(raw), int(error)) for raw, error in found]
        except (RuntimeError, OSError, BusError) as error:
            raise self._failed(error) from error

    def write(self, servo: int, register: str, value: int) -> int:
        """See `Bus.write`."""
        try:
            return int(self._motors.write_register_with_error(servo, register, value))
        except (RuntimeError, OSError) as error:
            raise self._failed(error, servo) from error

    def write_all(self, servos: Sequence[int], register: str, values: Sequence[int]) -> None:
        """See `Bus.write_all`."""
        try:
            self._motors.sync_write_register(list(servos), register, list(values))
        except (RuntimeError, OSError) as error:
            raise self._failed(error) from error

    def scan(self) -> dict[int, int]:
        """The model number of every servo that answers, by its id. Takes about a second."""
        try:
            return dict(self._motors.broadcast_scan())
        except (RuntimeError, OSError) as error:
            raise self._failed(error) from error

    def ask(self, servo: int, registers: tuple[str, ...]) -> Values | None:
        """As `read`, tried some times; None if no good answer comes."""
        for _ in range(TRIES):
            try:
                return self.read(servo, registers)[0]
            except BusError:
                continue
        return None

    def empty(self, servo: int) -> bool:
        """Whether nobody says anything to that id, asked some times. Damaged bytes are somebody's."""
        for _ in range(TRIES):
            try:
                self.read(servo, ("model_number",))
            except BusError as error:
                if error.silent:
                    continue
            return False
        return True

    def broadcast(self, register: str, value: int) -> None:
        """Write to every servo there is, twice. Nobody answers, so this waits for nobody, twice."""
        info = self._definition.register(register)
        for _ in range(2):
            try:
                self._motors.write_raw_data(
                    BROADCAST_ID, info.addr, list(value.to_bytes(info.size, "little"))
                )
            except (RuntimeError, OSError) as error:
                if self._watch.gone():
                    raise self._failed(error) from error

    def baud_number(self, baud: int) -> int:
        """What stands for a baud rate in the servo's register."""
        return int(self._definition.baudrates[baud])

    def close(self) -> None:
        """See `Bus.close`."""
        self._motors.close()
        self._watch.close()

    def _block(self, registers: tuple[str, ...]) -> Block:
        block = self._blocks.get(registers)
        if block is None:
            block = self._blocks[registers] = Block(self._definition, registers)
        return block

    def _failed(self, error: Exception, servo: int | None = None) -> DeviceError:
        if self._watch.gone():
            return PortGoneError(f"{self.name} has gone: unplugged?")
        text = str(error)
        named = _MOTOR.match(text)
        if named is not None:
            servo, text = int(named[1]), text[named.end() :]
        return BusError(text, servo)


def controller(kind: Kind) -> Any:
    """rustypot's class for the kind. Raises `DeviceError` where rustypot is missing or too old."""
    try:
        import rustypot
    except ImportError as error:
        raise DeviceError(
            f"bus-servo: needs rustypot 1.13 or newer: pip install rustypot ({error})"
        ) from None
    made = getattr(rustypot, kind.controller, None)
    if made is None or not hasattr(made, "definition"):
        raise DeviceError("bus-servo: this rustypot is too old: pip install -U 'rustypot>=1.13'")
    return made


def open_bus(kind: Kind, port: str, baud: int) -> Bus:
    """The bus on `port`. Raises `DeviceError` with a remedy."""
    return RustypotBus(kind, port, baud)
