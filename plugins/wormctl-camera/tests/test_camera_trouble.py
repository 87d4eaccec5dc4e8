"""Whatever a library says becomes one line that is not empty."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from wormctl_camera.trouble import first_line


@given(text=st.text(alphabet="ab \n\t", max_size=12))
def test_one_line_is_left(text: str) -> None:
    said = first_line(OSError(text))
    assert said
    assert "\n" not in said


def test_an_error_without_words_is_called_by_its_kind() -> None:
    assert first_line(EOFError()) == "EOFError"
    assert first_line(RuntimeError("no memory\nfor buffers")) == "no memory"
