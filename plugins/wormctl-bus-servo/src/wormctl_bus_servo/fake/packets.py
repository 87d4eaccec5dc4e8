"""Both protocols as a servo sees them: instructions out of a stream of bytes, answers into bytes. Pure."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import NamedTuple

PING, READ, WRITE, REBOOT, SYNC_READ, SYNC_WRITE = 0x01, 0x02, 0x03, 0x08, 0x82, 0x83
BROADCAST = 0xFE
_STATUS = 0x55


class Instruction(NamedTuple):
    """What the host wants, and of whom."""

    servo: int
    code: int
    params: bytes


class Protocol(abc.ABC):
    """One protocol, with the bytes that have not made a packet yet."""

    address_bytes: int
    """So many bytes make an address, and a count."""
    alert: int
    """What an alarm adds to the error byte; 0 if the alarms themselves are there."""

    def __init__(self) -> None:
        self.damaged = 0
        """Packets with a wrong checksum."""
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Instruction, bytes]]:
        """The instructions that end in `data`, each with its packet. Noise and damaged packets are dropped."""
        self._rest += data
        while (found := self._take()) is not None:
            yield found

    @abc.abstractmethod
    def status(self, servo: int, error: int, params: bytes) -> bytes:
        """The answer of a servo."""

    @abc.abstractmethod
    def _take(self) -> tuple[Instruction, bytes] | None: ...

    def _find(self, head: bytes) -> bool:
        at = self._rest.find(head)
        if at < 0:
            del self._rest[: max(0, len(self._rest) - len(head) + 1)]
            return False
        del self._rest[:at]
        return True


class Feetech(Protocol):
    """SCS/STS: FF FF, id, length, instruction, parameters, the inverted sum of all from the id on."""

    address_bytes = 1
    alert = 0

    def status(self, servo: int, error: int, params: bytes) -> bytes:
        """FF FF, id, length, error, parameters, checksum."""
        body = bytes([servo, len(params) + 2, error]) + params
        return b"\xff\xff" + body + bytes([inverted_sum(body)])

    def _take(self) -> tuple[Instruction, bytes] | None:
        while self._find(b"\xff\xff"):
            if len(self._rest) < 6:
                return None
            size = self._rest[3] + 4
            if self._rest[2] == 0xFF or size < 6:
                del self._rest[0]
                continue
            if len(self._rest) < size:
                return None
            packet = bytes(self._rest[:size])
            if packet[-1] != inverted_sum(packet[2:-1]):
                self.damaged += 1
                del self._rest[0]
                continue
            del self._rest[:size]
            return Instruction(packet[2], packet[4], packet[5:-1]), packet
        return None


class Dynamixel2(Protocol):
    """Dynamixel 2.0: FF FF FD 00, id, length, instruction, parameters, CRC-16. FD is stuffed after FF FF FD."""

    address_bytes = 2
    alert = 0x80

    def status(self, servo: int, error: int, params: bytes) -> bytes:
        """FF FF FD 00, id, length, 55, error, parameters, CRC."""
        body = (bytes([_STATUS, error]) + params).replace(b"\xff\xff\xfd", b"\xff\xff\xfd\xfd")
        packet = b"\xff\xff\xfd\x00" + bytes([servo]) + (len(body) + 2).to_bytes(2, "little") + body
        return packet + crc16(packet).to_bytes(2, "little")

    def _take(self) -> tuple[Instruction, bytes] | None:
        while self._find(b"\xff\xff\xfd\x00"):
            if len(self._rest) < 10:
                return None
            size = int.from_bytes(self._rest[5:7], "little") + 7
            if not 10 <= size <= 1024:
                del self._rest[0]
                continue
            if len(self._rest) < size:
                return None
            packet = bytes(self._rest[:size])
            if crc16(packet[:-2]) != int.from_bytes(packet[-2:], "little"):
                self.damaged += 1
                del self._rest[0]
                continue
            del self._rest[:size]
            body = packet[7:-2].replace(b"\xff\xff\xfd\xfd", b"\xff\xff\xfd")
            return Instruction(packet[4], body[0], body[1:]), packet
        return None


def inverted_sum(data: bytes) -> int:
    """Feetech's checksum."""
    return ~sum(data) & 0xFF


def crc16(data: bytes) -> int:
    """CRC-16 with the polynomial 8005, as Dynamixel 2.0 has it."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc
