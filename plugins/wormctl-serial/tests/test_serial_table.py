"""The joint table on its ways loses nothing, and a late answer is not taken for another joint's."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from wormctl_serial.codec import Damaged, Reader, encode, frame, pack, read
from wormctl_serial.config import JointTable, table_crc, table_lines
from wormctl_serial.joint_table import fetch, read_file, write_file
from wormctl_serial.messages import BY_NAME, JOINTS, SCHEMA
from wormctl_serial.talk import Talk

from wormctl.device import DeviceError

SNAKE = 'policy = "worm302"\n[body]\nuse = "serial"\n'


degrees = st.floats(0.0, 90.0)


@st.composite
def tables(draw: st.DrawFn) -> JointTable:
    scale = draw(st.integers(200, 1200)) * draw(st.sampled_from([-1, 1]))
    centre_us, low_deg, high_deg = draw(st.integers(1100, 1900)), -draw(degrees), draw(degrees)
    try:
        return JointTable(centre_us=centre_us, us_per_rad=scale, low_deg=low_deg, high_deg=high_deg)
    except ValueError:
        assume(False)
        raise


class FakeLine:
    """A line to firmware that holds a table; `late`: which answers come one question too late."""

    name, resets = "fake", False

    def __init__(self, joints: tuple[JointTable, ...], late: set[int] | None = None) -> None:
        self.lines = table_lines(joints)
        self.late = late or set()
        self.reader, self.out, self.asked, self.time_s = Reader(), [b""], 0, 0.0
        self.crc = table_crc(self.lines)

    def read(self) -> bytes:
        data, self.out = b"".join(self.out), []
        return data

    def write(self, data: bytes) -> bool:
        for piece in self.reader.feed(data):
            assert not isinstance(piece, Damaged)
            message = read(piece)
            assert message is not None
            name, values = message
            if name == "GET_JOINT":
                line = self.lines[int(str(values["joint"]))]
                answer = encode(BY_NAME["JOINT"].number, 0, pack(BY_NAME["JOINT"], line))
                self.asked += 1
                if self.asked in self.late:
                    self.held = answer
                    continue
                self.out += [getattr(self, "held", b""), answer]
                self.held = b""
            elif name == "HELLO":
                welcome: dict[str, Any] = dict.fromkeys(
                    (field.name for field in BY_NAME["WELCOME"].fields), 0
                ) | {"schema": SCHEMA, "firmware": (0, 1, 0), "table_crc": self.crc}
                self.out.append(frame("WELCOME", 0, welcome))
        return True

    def wait(self, seconds: float) -> None:
        self.time_s += max(seconds, 0.001)

    def now_s(self) -> float:
        return self.time_s

    def close(self) -> None: ...


@given(st.lists(tables(), min_size=JOINTS, max_size=JOINTS).map(tuple))
def test_what_is_fetched_is_what_was_sent(
    tmp_path_factory: pytest.TempPathFactory, joints: tuple[JointTable, ...]
) -> None:
    line = FakeLine(joints)
    fetched = fetch(Talk(line))
    there = tuple(joint for joint in fetched if joint is not None)
    assert table_crc(table_lines(there)) == line.crc
    for was, now in zip(joints, there, strict=True):
        assert math.isclose(was.low_deg, now.low_deg, abs_tol=0.01)
    file = tmp_path_factory.mktemp("table") / "snake.toml"
    file.write_text(SNAKE)
    write_file(file, there)
    assert table_crc(table_lines(read_file(file))) == line.crc, "from a file it is the same"


@pytest.mark.parametrize("late", [{1}, {3}, {2, 5, 9}])
def test_an_answer_that_comes_late_is_not_another_joints(late: set[int]) -> None:
    joints = tuple(JointTable(centre_us=1400 + 10 * j) for j in range(JOINTS))
    assert fetch(Talk(FakeLine(joints, late))) == list(joints)


def test_a_table_that_came_over_damaged_is_not_believed() -> None:
    line = FakeLine((JointTable(),) * JOINTS)
    line.crc ^= 1
    with pytest.raises(DeviceError, match="damaged"):
        fetch(Talk(line))
