"""Which port the robot is on: whoever answers as our firmware does, as names of ports change. Opens lines."""

from __future__ import annotations

from collections.abc import Callable

from wormctl.device import DeviceError
from wormctl_serial.config import AUTO
from wormctl_serial.line import BAUDS, Line, SerialLine, ports
from wormctl_serial.talk import Talk

Opener = Callable[[str, int], Line]


def connect(
    port: str, baud: int, opener: Opener = SerialLine, found: Callable[[], list[str]] = ports
) -> Talk:
    """A conversation that has said hello, on `port` or on the one that answers. Raises `DeviceError` with a remedy."""
    if port != AUTO:
        return _greet(opener(port, baud))
    candidates = found()
    if not candidates:
        raise DeviceError(
            '$.port = "auto": no USB serial port is plugged in; for another kind of port, or an emulator, name it: '
            "--port /dev/..."
        )
    why: list[str] = []
    for candidate in candidates:
        try:
            return _greet(opener(candidate, baud))
        except DeviceError as error:
            why.append(str(error).removeprefix("$.port = "))
    raise DeviceError(f'$.port = "auto": no robot answers: {"; ".join(why)}')


def connection_options(port: str, baud: int) -> list[str]:
    """The options of a command line that say which port, where it is not the usual one."""
    return [*(["--port", port] if port != AUTO else []), *(["--baud", str(baud)] if baud != BAUDS[0] else [])]


def _greet(line: Line) -> Talk:
    talk = Talk(line)
    try:
        talk.hello()
    except BaseException:
        line.close()
        raise
    return talk
