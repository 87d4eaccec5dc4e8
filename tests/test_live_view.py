import io
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from wormctl.braille import Canvas, bar, sparkline
from wormctl.device import Truth
from wormctl.live import LARGEST_SHARE, REDRAW_S, LiveView
from wormctl.snake import load_snake

LINKS = 13


def _text(canvas: Canvas) -> list[str]:
    return ["".join(map(chr, row)) for row in canvas.codes()]


def test_a_canvas_puts_y_upwards() -> None:
    canvas = Canvas(columns=2, rows=1)
    canvas.look_at(0.0, 0.0, 4.0, 4.0)
    canvas.points(np.array([[-1.5, 1.5], [1.5, -1.5]]))  # upper left, lower right
    assert _text(canvas) == ["⠁⢀"]


def test_points_outside_the_window_are_left_out() -> None:
    canvas = Canvas(columns=3, rows=2)
    canvas.look_at(0.0, 0.0, 1.0, 1.0)
    canvas.points(np.array([[50.0, 0.0], [-50.0, 0.0], [0.0, 50.0], [0.0, -50.0]]))
    assert set("".join(_text(canvas))) == {"⠀"}


def test_a_line_has_no_gaps() -> None:
    canvas = Canvas(columns=10, rows=3)
    canvas.look_at(0.0, 0.0, 20.0, 12.0)
    canvas.line(np.array([[-9.9, 0.5], [9.9, 0.5]]))
    assert "⠀" not in _text(canvas)[1]


def test_the_plane_under_a_character_is_where_its_dots_are() -> None:
    canvas = Canvas(columns=5, rows=4)
    canvas.look_at(3.0, -2.0, 2.0, 2.0)
    canvas.points(canvas.cell_centres()[2, 3][None])
    lit = np.argwhere(canvas.codes() != 0x2800)
    assert lit.tolist() == [[2, 3]]


@given(share=st.floats(-1.0, 2.0), width=st.integers(1, 30))
def test_a_bar_is_as_long_as_its_share(share: float, width: int) -> None:
    text = bar(share, width)
    assert len(text) == width
    assert text.count("█") == math.floor(round(min(max(share, 0.0), 1.0) * width * 8) / 8)


def test_sparkline() -> None:
    assert sparkline([0.0, 1.0, 2.0], 5) == "▁▅█"
    assert sparkline([0.0, 1.0, 2.0], 2) == "▅█"
    assert sparkline([0.0, 0.0], 5) == "▁▁"
    assert sparkline([], 5) == ""


def _stage(truth: bool = True, food_m: tuple[float, float] | None = (0.5, 0.3)) -> tuple[Any, Any]:
    """An episode and a view, as far as the live view looks at them."""
    names = ("ASEL", "AVAL", "AVAR", "DB3")
    controller = SimpleNamespace(neurons=names, activity=np.array([0.1, 0.9, 0.9, 0.5], np.float32))

    def goal_distance_m(x: float, y: float) -> float:
        return math.inf if food_m is None else math.dist((x, y), food_m)

    start = goal_distance_m(0.0, 0.0) if truth else math.inf
    episode = SimpleNamespace(
        seconds=100.0,
        goal=SimpleNamespace(distance_m=start, start_m=start, radius_m=0.3),
        assembly=SimpleNamespace(
            controller=controller, snake=load_snake(), world=SimpleNamespace(goal_distance_m=goal_distance_m)
        ),
    )
    body = Truth(LINKS) if truth else None
    if body is not None:
        body.pose[:, 0] = -0.075 * np.arange(LINKS)
    view = SimpleNamespace(
        tick=7, time_s=25.0, duration_s=84e-6, overruns=0, degraded=False, controller=controller, truth=body,
        setpoint_rad=np.zeros(LINKS - 1),
    )  # fmt: skip
    return episode, view


def _shown(episode: Any, view: Any, width: int = 110) -> str:
    console = Console(file=io.StringIO(), width=width)
    live = LiveView(episode, "worm302 in body planar", console)
    live._note(view)
    return live.picture(view).plain


@pytest.mark.parametrize("width", [20, 80, 110, 300])
def test_everything_a_person_wants_is_on_one_screen(width: int) -> None:
    text = _shown(*_stage(), width=width)
    for word in (
        "worm302",
        "25.0 s",
        "0.58 m",
        "84 us",
        "no deadline missed",
        "ASEL",
        "AVA",
        "DB3",
        "sensory",
    ):
        assert word in text
    assert len(text.splitlines()) <= 24


def test_the_food_is_shown_where_it_is() -> None:
    rows = [line[:54] for line in _shown(*_stage(food_m=(0.5, 0.3))).splitlines()[1:]]
    food = [(r, line.index("●")) for r, line in enumerate(rows) if "●" in line]
    body = [(r, c) for r, line in enumerate(rows) for c, char in enumerate(line) if "⠀" < char <= "⣿"]
    assert len(food) == 1
    head_row, head_column = max(body, key=lambda at: at[1])
    assert food[0][0] < head_row, "it lies to the left of a snake heading right: above"
    assert food[0][1] > head_column


def test_one_row_for_each_class_of_neurons() -> None:
    text = _shown(*_stage())
    assert ("AVAL" in text) != ("AVAR" in text)


def test_a_body_without_a_place_and_a_world_without_food() -> None:
    text = _shown(*_stage(truth=False, food_m=None))
    assert "to food" not in text
    assert "nose" not in text
    assert any("⠀" < char <= "⣿" for char in text), "the shape is shown all the same"


def test_it_draws_seldom_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    episode, view = _stage()
    now_s = 0.0
    monkeypatch.setattr("wormctl.live.time.monotonic", lambda: now_s)
    live = LiveView(episode, "", Console(file=io.StringIO(), width=110))
    drawn: list[float] = []

    def picture(view: Any) -> str:
        nonlocal now_s
        drawn.append(now_s)
        now_s += 0.02  # a slow terminal
        return ""

    monkeypatch.setattr(live, "picture", picture)
    with live:
        while now_s < 20.0:
            live(view)
            now_s += 0.001
    assert len(drawn) * 0.02 / 20.0 <= LARGEST_SHARE * 1.1
    assert min(np.diff(drawn)) >= REDRAW_S
