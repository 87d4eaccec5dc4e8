"""Writing a file so that nobody ever finds half of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A hidden name beside `path`, with its suffix, to write to: it becomes `path` at the end.

    After an exception, Ctrl-C included, nothing is left of it, and what stood at `path` stays.
    """
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
