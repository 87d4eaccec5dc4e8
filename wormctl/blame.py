"""Where in a device's own code something went wrong: not in the loop that called it, nor in a library it called."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

_OURS = Path(__file__).parent


def line_of(error: BaseException) -> str:
    """` (gas.py, line 34)`, or nothing if no device's code took part."""
    tb = error.__traceback__
    return _line([(frame.f_code.co_filename, number) for frame, number in traceback.walk_tb(tb)])


def line_in(frame: FrameType | None) -> str:
    """The same of code that is running, from its innermost `frame`."""
    stack = [] if frame is None else list(traceback.walk_stack(frame))
    return _line([(frame.f_code.co_filename, number) for frame, number in reversed(stack)])


def _line(calls: Sequence[tuple[str, int]]) -> str:
    """Of `calls`, the outermost first: those of the device, which lie between ours; the deepest beside the first."""
    ours = [Path(file).parent == _OURS for file, _ in calls]
    if all(ours):
        return ""
    end = len(ours) - ours[::-1].index(False)  # what it calls of ours is not to blame
    start = end - next((k for k, our in enumerate(reversed(ours[:end])) if our), end)
    beyond = calls[start:end]
    home = Path(beyond[0][0]).parent
    file, number = [call for call in beyond if Path(call[0]).parent == home][-1]
    return f" ({Path(file).name}, line {number})"
