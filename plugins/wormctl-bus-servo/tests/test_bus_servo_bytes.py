"""Byte for byte: what goes out on the wire through rustypot, and what is made of the bytes that come back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wormctl_bus_servo.bus import Block, BusError, PortGoneError, RustypotBus, controller
from wormctl_bus_servo.fake import FakeServoBus, fake_bus
from wormctl_bus_servo.kinds import KINDS

from wormctl.testing import FakePort


@pytest.fixture(params=["sts3215", "xl330"])
def wire(request: pytest.FixtureRequest) -> Iterator[tuple[FakePort, FakeServoBus, RustypotBus]]:
    """A port, the two servos behind it, and our side of it."""
    fake = fake_bus(request.param, [1, 2])
    with FakePort(fake.answer) as port:
        bus = RustypotBus(KINDS[request.param], port.path, 1_000_000)
        yield port, fake, bus
        bus.close()


def sent(port: FakePort, kind: str, sts: str, dynamixel: str) -> bool:
    """Whether exactly these bytes came."""
    wanted = bytes.fromhex(sts if kind == "sts3215" else dynamixel)
    return port.wait_for(wanted) and bytes(port.heard) == wanted


def kind_of(bus: RustypotBus) -> str:
    return "sts3215" if "Sts" in type(bus._motors).__name__ else "xl330"


Wire = tuple[FakePort, FakeServoBus, RustypotBus]


def test_reading_one_servo(wire: Wire) -> None:
    port, fake, bus = wire
    fake[2]["present_position"] = 0x0456
    values, error = bus.read(2, ("present_position",))
    assert (values, error) == ({"present_position": 0x0456}, 0)
    assert sent(port, kind_of(bus), "FF FF 02 04 02 38 02 BD", "FF FF FD 00 02 07 00 02 84 00 04 00 17 25")


def test_sync_read(wire: Wire) -> None:
    port, fake, bus = wire
    fake[1]["present_position"], fake[2]["present_position"] = 1, 4095
    kind = KINDS[kind_of(bus)]
    fake[2]["present_load"] = 0x400 | 250 if kind.name == "sts3215" else 0xFFFF
    first, second = bus.read_all([1, 2], kind.motion)
    assert first[0] == {"present_position": 1, kind.load: 0}
    assert second[0] == {"present_position": 4095, kind.load: -250 if kind.name == "sts3215" else -1}
    assert sent(
        port, kind.name, "FF FF FE 06 82 38 06 01 02 38", "FF FF FD 00 FE 09 00 82 7E 00 0A 00 01 02 38 92"
    )


def test_sync_write_of_goals(wire: Wire) -> None:
    port, fake, bus = wire
    bus.write_all([1, 2], "goal_position", [2048, 1000])
    assert sent(
        port,
        kind_of(bus),
        "FF FF FE 0A 83 2A 02 01 00 08 02 E8 03 52",
        "FF FF FD 00 FE 11 00 83 74 00 04 00 01 00 08 00 00 02 E8 03 00 00 DA 6C",
    )
    assert [fake[i]["goal_position"] for i in (1, 2)] == [2048, 1000]


def test_torque_on_and_off(wire: Wire) -> None:
    port, fake, bus = wire
    bus.write_all([1, 2], "torque_enable", [1, 1])
    assert sent(
        port,
        kind_of(bus),
        "FF FF FE 08 83 28 01 01 01 02 01 48",
        "FF FF FD 00 FE 0B 00 83 40 00 01 00 01 01 02 01 C7 64",
    )
    assert fake[1]["torque_enable"] == fake[2]["torque_enable"] == 1


def test_a_write_that_is_answered(wire: Wire) -> None:
    port, fake, bus = wire
    assert bus.write(1, "torque_enable", 1) == 0
    assert sent(port, kind_of(bus), "FF FF 01 04 03 28 01 CE", "FF FF FD 00 01 06 00 03 40 00 01 DB 66")
    assert fake[1]["torque_enable"] == 1


def test_ping_finds_everybody(wire: Wire) -> None:
    port, fake, bus = wire
    found = bus.scan()
    ping = "FF FF FE 02 01 FE" if kind_of(bus) == "sts3215" else "FF FF FD 00 FE 03 00 01 31 42"
    assert bytes(port.heard).startswith(bytes.fromhex(ping))
    assert found == {i: fake[i]["model_number"] for i in (1, 2)}


def test_a_broadcast_reaches_ids_that_nobody_expects(wire: Wire) -> None:
    port, fake, bus = wire
    fake[2]["id"] = 77
    fake[77]["torque_enable"] = 1
    bus.broadcast("torque_enable", 0)
    assert fake.limp()
    packet = (
        "FF FF FE 04 03 28 00 D2" if kind_of(bus) == "sts3215" else "FF FF FD 00 FE 06 00 03 40 00 00 2E 16"
    )
    assert bytes(port.heard) == 2 * bytes.fromhex(packet)


def test_alarms_come_with_the_answers(wire: Wire) -> None:
    _, fake, bus = wire
    fake[2]["status"] = 0x20
    (_, well), (_, alarmed) = bus.read_all([1, 2], ("present_position",))
    assert well == 0
    assert alarmed & KINDS[kind_of(bus)].alarm_bits


def test_a_bad_checksum_is_not_believed_and_names_the_servo(wire: Wire) -> None:
    _, fake, bus = wire
    fake[2].garbled = True
    with pytest.raises(BusError, match=r"hecksum|CRC") as caught:
        bus.read_all([1, 2], ("present_position",))
    assert caught.value.servo == 2
    fake[2].garbled = False
    assert bus.read(2, ("present_position",))[0] == {"present_position": 2048}


def test_a_silent_servo_costs_one_timeout(wire: Wire) -> None:
    _, fake, bus = wire
    fake[2].silent = True
    with pytest.raises(BusError, match="timed out") as caught:
        bus.read_all([1, 2], ("present_position",))
    assert caught.value.servo == 2


def test_a_late_answer_is_not_taken_for_the_next(wire: Wire) -> None:
    _, fake, bus = wire
    fake[2].late_s = 0.08
    fake[2]["present_position"] = 77
    with pytest.raises(BusError):
        bus.read(2, ("present_position",))
    fake[2].late_s = 0.0
    found = [bus.ask(1, ("present_position",)) for _ in range(3)]
    assert found[-1] == {"present_position": 2048}
    assert {"present_position": 77} not in found


def test_an_unplugged_port_is_called_so(wire: Wire) -> None:
    port, _, bus = wire
    port.unplug()
    with pytest.raises(PortGoneError, match="has gone: unplugged"):
        bus.read(1, ("present_position",))
    with pytest.raises(PortGoneError, match="has gone: unplugged"):
        bus.write_all([1, 2], "torque_enable", [0, 0])


@given(kind=st.sampled_from(sorted(KINDS)), raw=st.binary(min_size=90, max_size=90))
def test_blocks_are_read_as_the_single_registers_are(kind: str, raw: bytes) -> None:
    definition = controller(KINDS[kind]).definition()
    names = KINDS[kind].state
    block = Block(definition, names)
    values = block.decode(list(raw[: block.count]))
    for name in names:
        one = Block(definition, (name,))
        start = one.address - block.address
        assert one.decode(list(raw[start : start + one.count])) == {name: values[name]}


@pytest.mark.parametrize("count", [0, 1, 89])
def test_an_answer_that_is_too_short_is_none(count: int) -> None:
    block = Block(controller(KINDS["xl330"]).definition(), KINDS["xl330"].state)
    assert block.count == 83
    with pytest.raises(BusError, match=f"{count} bytes instead of 83"):
        block.decode([0] * count)
