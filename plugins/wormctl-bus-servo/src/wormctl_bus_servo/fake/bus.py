"""The bus of fake servos: answers packets as a chain of servos does, and keeps what it was sent."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from wormctl_bus_servo.fake.packets import (
    BROADCAST,
    PING,
    READ,
    REBOOT,
    SYNC_READ,
    SYNC_WRITE,
    WRITE,
    Dynamixel2,
    Feetech,
    Instruction,
    Protocol,
)
from wormctl_bus_servo.fake.servo import FakeDynamixel, FakeServo, FakeSts

KEPT = 4096


class FakeServoBus:
    """Servos that speak `protocol`; give `answer` to a fake port. `packets`: what they were sent, the newest `KEPT`."""

    def __init__(
        self, servos: Sequence[FakeServo], protocol: Protocol, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._servos = list(servos)
        self.protocol = protocol
        self.packets: list[bytes] = []
        self.powered = True
        self.latency_s = 0.0
        """Of the adapter: so long it keeps every answer back."""
        self.send: Callable[[bytes], None] | None = None
        """Carries what servos say late; without it, they say nothing then."""
        self._clock = clock

    def __getitem__(self, servo: int) -> FakeServo:
        return self.servos[servo]

    @property
    def servos(self) -> Mapping[int, FakeServo]:
        """All of them, by their present ids."""
        return {servo["id"]: servo for servo in self._servos}

    def limp(self) -> bool:
        """Whether no servo has its torque on."""
        return not any(servo["torque_enable"] for servo in self._servos)

    def advance(self) -> None:
        """Let the servos move on without a packet."""
        now_s = self._clock()
        for servo in self._servos:
            servo.advance(now_s)

    def answer(self, data: bytes) -> bytes:
        """What the bus says to the bytes that have just come in."""
        out = b""
        for instruction, packet in self.protocol.feed(data):
            self.packets.append(packet)
            del self.packets[:-KEPT]
            if not self.powered:
                continue
            now_s = self._clock()
            for servo in self._servos:
                servo.heard(now_s)
            out += self._obey(instruction)
        if out and self.latency_s:
            time.sleep(self.latency_s)
        return out

    def _obey(self, one: Instruction) -> bytes:
        width = self.protocol.address_bytes
        if one.code == SYNC_WRITE:
            self._sync_write(one.params, width)
            return b""
        if one.code == SYNC_READ:
            address, count = _number(one.params, 0, width), _number(one.params, width, width)
            asked = [self.servos[i] for i in one.params[2 * width :] if i in self.servos]
            return b"".join(self._say(servo, servo.read(address, count)) for servo in asked)
        everyone = one.servo == BROADCAST
        return b"".join(
            self._obey_alone(servo, one, everyone)
            for servo in self._servos
            if everyone or servo["id"] == one.servo
        )

    def _obey_alone(self, servo: FakeServo, one: Instruction, everyone: bool) -> bytes:
        width = self.protocol.address_bytes
        if servo.silent:
            return b""
        if one.code == PING:
            # Dynamixels tell what they are, Feetech's servos only that they are there.
            model = servo.read(0, 2) + b"\x2e" if isinstance(servo, FakeDynamixel) else b""
            return self._say(servo, model)
        if one.code == READ and not everyone:
            return self._say(
                servo, servo.read(_number(one.params, 0, width), _number(one.params, width, width))
            )
        if one.code == WRITE:
            # Feetech's servos answer to the id they had.
            had = servo["id"]
            error = servo.write(_number(one.params, 0, width), one.params[width:])
            return b"" if everyone else self._say(servo, b"", error, had)
        if one.code == REBOOT:
            servo.reboot()
        return b""

    def _sync_write(self, params: bytes, width: int) -> None:
        address, count = _number(params, 0, width), _number(params, width, width)
        rest = params[2 * width :]
        for start in range(0, len(rest), 1 + count):
            servo = self.servos.get(rest[start])
            if servo is not None and not servo.silent:
                servo.write(address, rest[start + 1 : start + 1 + count])

    def _say(self, servo: FakeServo, params: bytes, error: int = 0, name: int | None = None) -> bytes:
        if servo.silent:
            return b""
        alarm = (self.protocol.alert or servo.error) if servo.error else 0
        packet = self.protocol.status(servo["id"] if name is None else name, error | alarm, params)
        if servo.garbled:
            packet = packet[:-1] + bytes([packet[-1] ^ 1])
        if not servo.late_s:
            return packet
        if self.send is not None:
            late = threading.Timer(servo.late_s, self._say_late, [packet])
            late.daemon = True
            late.start()
        return b""

    def _say_late(self, packet: bytes) -> None:
        if self.send is not None:
            with contextlib.suppress(OSError):  # the port may have gone meanwhile
                self.send(packet)


def fake_bus(kind: str, ids: Sequence[int]) -> FakeServoBus:
    """A bus of servos of that kind, all of them at tick 2048."""
    if kind == "sts3215":
        return FakeServoBus([FakeSts(i) for i in ids], Feetech())
    model = 1200 if kind == "xl330" else 1060
    return FakeServoBus([FakeDynamixel(i, model=model) for i in ids], Dynamixel2())


def _number(data: bytes, start: int, size: int) -> int:
    return int.from_bytes(data[start : start + size], "little")
