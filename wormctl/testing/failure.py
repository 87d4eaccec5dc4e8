"""How the kit fails: the error that names a line of the contract, and the watch over a plugin's own code."""

from __future__ import annotations

import functools
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, ParamSpec, TypeVar

from wormctl.printable import one_line
from wormctl.testing.contract import Rule

P = ParamSpec("P")
T = TypeVar("T")

Observer = Callable[[Rule, str], None]
"""Is told what is about to be called, and which line it breaks should it never return."""

_NOT_THE_AUTHORS = {"wormctl", "pluggy", "importlib", "_frozen_importlib", "contextlib", "threading"}
"""Packages through which a plugin is called: the first frame outside of them is its own."""

_observer: Observer | None = None
_depth = 0


class ConformanceError(AssertionError):
    """A device breaks a line of the contract, `rule`; the message says which, and how."""

    def __init__(self, name: str, rule: Rule, how: str) -> None:
        super().__init__(f"{name}: {how} (line {rule.number} of the contract: {rule.value})")
        self.rule = rule
        self.how = how


class UncheckedError(ConformanceError):
    """Nothing is known to be broken: it cannot be checked without something that the caller has to give.

    `why` says so to whoever has `wormctl plugin check` only.
    """

    def __init__(self, name: str, rule: Rule, how: str, why: str) -> None:
        super().__init__(name, rule, how)
        self.why = why


def require(fine: object, name: str, rule: Rule, how: str) -> None:
    """Raise `ConformanceError` unless `fine`."""
    __tracebackhide__ = True
    if not fine:
        raise ConformanceError(name, rule, how)


def observe(observer: Observer | None) -> None:
    """From now on `observer` hears of every call into a plugin; None for nobody."""
    global _observer
    _observer = observer


class calling:  # noqa: N801 (reads like a statement)
    """Around what calls a plugin's own code: whatever comes out of it, even `sys.exit`, breaks `rule`.

    `let`: these errors pass, being allowed there.
    """

    def __init__(self, name: str, rule: Rule, what: str, *, let: tuple[type[Exception], ...] = ()) -> None:
        self.name, self.rule, self.what, self.let = name, rule, what, let

    def __enter__(self) -> None:
        global _depth
        if _observer is not None and not _depth:  # within a call that is timed nothing else is done
            _observer(self.rule, self.what)
        _depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        __tracebackhide__ = True
        global _depth
        _depth -= 1
        if isinstance(error, ConformanceError) or (self.let and isinstance(error, self.let)):
            return False
        if isinstance(error, Exception | SystemExit):
            raise ConformanceError(self.name, self.rule, f"{self.what} {came_of(error)}") from error
        return False


def came_of(error: BaseException) -> str:
    """`raises ValueError: no such thing (sensor.py, line 12)`."""
    if isinstance(error, SystemExit):
        return f"calls sys.exit({error.code!r}){place(error)}"
    return f"raises {told(error)}"


def told(error: BaseException) -> str:
    """An error in a line: its type, its text, and where in the plugin's own code it came from."""
    try:
        text = one_line(str(error))
    except Exception:  # its __str__ is the plugin's code too
        text = "its text cannot be had"
    where = "" if isinstance(error, SyntaxError) else place(error)  # which names the place itself
    return f"{type(error).__name__}{': ' if text else ''}{text}{where}"


def place(error: BaseException) -> str:
    """` (sensor.py, line 12)`: the innermost line of the plugin's own code; nothing if it has no part in it."""
    own, found = "", ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if not own and package not in _NOT_THE_AUTHORS:
            own = package
        if own and package == own:
            found = f" ({Path(frame.f_code.co_filename).name}, line {line})"
    return found


def never_raises(name: str, rule: Rule, what: str, call: Callable[[], object]) -> None:
    """`stop` and `close` are called when things have gone wrong already."""
    __tracebackhide__ = True
    with calling(name, rule, what):
        call()


def brief(check: Callable[P, T]) -> Callable[P, T]:
    """What fails in `check` is shown without the kit's own frames: the message says it all.

    `WORMCTL_DEBUG=1` shows them, and what the plugin itself raised.
    """

    @functools.wraps(check)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        __tracebackhide__ = True
        try:
            return check(*args, **kwargs)
        except ConformanceError as error:
            if os.environ.get("WORMCTL_DEBUG"):
                raise
            raise error.with_traceback(None) from None

    return checked
