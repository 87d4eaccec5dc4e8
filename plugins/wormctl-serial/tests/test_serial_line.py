"""A line that has no room for a whole frame loses that frame, and no other."""

from __future__ import annotations

import os
from collections.abc import Callable

from wormctl_serial.codec import Damaged, Frame, Reader, encode
from wormctl_serial.line import SerialLine

from wormctl.testing import FakePort


def test_a_frame_cut_short_takes_no_other_with_it(fake_port: Callable[..., FakePort]) -> None:
    port = fake_port()
    line = SerialLine(port.path, 115_200)
    sent = 0
    while line.write(encode(1, sent, b"\x07" * 40)):
        sent += 1
    reader = Reader()
    pieces: list[Frame | Damaged] = []
    while data := port.read(512, timeout_s=0.05):
        pieces += reader.feed(data)
    assert line.write(encode(1, 1000, b"\x08" * 40))
    pieces += reader.feed(port.read(512, timeout_s=0.2))
    line.close()
    whole = [piece.sequence for piece in pieces if isinstance(piece, Frame)]
    assert whole == [*range(sent), 1000]
    assert sum(isinstance(piece, Damaged) for piece in pieces) <= 1


def test_the_port_is_given_back(fake_port: Callable[..., FakePort]) -> None:
    port = fake_port()
    line = SerialLine(port.path, 500_000)
    line.close()
    again = SerialLine(port.path, 500_000)
    again.close()
    again.close()
    assert os.path.exists(port.path)
