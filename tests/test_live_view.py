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
from wormctl.recorder import record_dtype
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


NAMES = ("ASEL", "AVAL", "AVAR", "DB3")


class World:
    """What the live view may see of one."""

    def __init__(self, food_m: tuple[float, float] | None) -> None:
        self.food_m, self.poison_m = food_m, (9.0, 9.0)
        self.obstacles = np.zeros((0, 5))

    def goal_distance_m(self, x: float, y: float) -> float:
        return math.inf if self.food_m is None else math.dist((x, y), self.food_m)

    def poison_at(self, x: float, y: float) -> float:
        return math.exp(-(math.dist((x, y), self.poison_m) ** 2) / 0.1)


def _stage(
    truth: bool = True, food_m: tuple[float, float] | None = (0.5, 0.3), ticks: int = 10
) -> tuple[Any, Any]:
    """An episode that has recorded some ticks, and a view, as far as the live view looks at them."""
    controller = SimpleNamespace(neurons=NAMES, activity=np.array([0.1, 0.9, 0.9, 0.5], np.float32))
    world = World(food_m)
    start = world.goal_distance_m(0.0, 0.0) if truth else math.inf
    rows = np.zeros(ticks, record_dtype((), LINKS, LINKS - 1, len(NAMES)))
    rows["goal_distance_m"] = start
    body = Truth(LINKS) if truth else None
    if body is not None:
        body.pose[:, 0] = -0.075 * np.arange(LINKS)
    view = SimpleNamespace(
        tick=7, time_s=25.0, duration_s=84e-6, overruns=0, degraded=False, controller=controller, truth=body,
        setpoint_rad=np.zeros(LINKS - 1),
    )  # fmt: skip
    episode = SimpleNamespace(
        seconds=100.0,
        period_s=0.02,
        goal=SimpleNamespace(distance_m=start, start_m=start, radius_m=0.3),
        recorder=SimpleNamespace(rows=lambda: rows),
        loop=SimpleNamespace(view=view),
        assembly=SimpleNamespace(controller=controller, snake=load_snake(), world=world),
    )
    return episode, view


def _live(episode: Any, width: int = 110, realtime: bool = False) -> LiveView:
    console = Console(file=io.StringIO(), width=width)
    return LiveView(episode, "worm302 in body planar", console, realtime=realtime)


def _shown(episode: Any, view: Any, width: int = 110, realtime: bool = False) -> str:
    return _live(episode, width, realtime).picture(view).plain


def _rows(text: str) -> list[str]:
    """The map."""
    return [line[:54] for line in text.splitlines()[1:]]


@pytest.mark.parametrize("width", [20, 80, 110, 300])
def test_everything_a_person_wants_is_on_one_screen(width: int) -> None:
    text = _shown(*_stage(), width=width)
    for word in (
        "worm302",
        "25.0 s",
        "0.58 m",
        "84 us",
        "ASEL",
        "AVA",
        "DB3",
        "sensory",
    ):
        assert word in text
    assert len(text.splitlines()) <= 24


def test_only_a_run_at_life_speed_has_deadlines() -> None:
    episode, view = _stage()
    assert "deadline" not in _shown(episode, view)
    assert "no deadlines missed" in _shown(episode, view, realtime=True)
    view.overruns = 1
    assert "1 deadline missed" in _shown(episode, view, realtime=True)


def test_the_food_is_shown_where_it_is() -> None:
    rows = _rows(_shown(*_stage(food_m=(0.5, 0.3))))
    food = [(r, line.index("●")) for r, line in enumerate(rows) if "●" in line]
    body = [(r, c) for r, line in enumerate(rows) for c, char in enumerate(line) if "⠀" < char <= "⣿"]
    assert len(food) == 1
    head_row, head_column = max(body, key=lambda at: at[1])
    assert food[0][0] < head_row, "it lies to the left of a snake heading right: above"
    assert food[0][1] > head_column


def test_food_that_moves_away_stays_in_the_window() -> None:
    episode, view = _stage(food_m=(0.5, 0.3))
    live = _live(episode)
    assert "●" in live.picture(view).plain
    episode.assembly.world.food_m = (0.5, -2.0)
    episode.goal.distance_m = episode.assembly.world.goal_distance_m(0.0, 0.0)
    live.picture(view)
    assert "●" in live.picture(view).plain


def test_what_stands_in_the_way_and_what_is_poisoned_is_shown() -> None:
    episode, view = _stage()
    before = _rows(_shown(episode, view))
    world = episode.assembly.world
    world.obstacles = np.array([[0.3, -0.5, 0.3, 0.5, 0.02], [-0.5, 0.4, -0.5, 0.4, 0.03]])
    walled = _rows(_shown(episode, view))
    changed = [(r, c) for r, row in enumerate(walled) for c, char in enumerate(row) if char != before[r][c]]
    columns = [c for _, c in changed]
    assert len({r for r, c in changed if c > 30}) > 4, "a wall runs over several rows"
    assert min(columns) < 27 < max(columns), "a peg stands to its left"
    assert "░" not in "".join(before)
    world.poison_m = (-0.5, -0.4)
    assert "".join(_rows(_shown(episode, view))).count("░") > 10


def test_the_trail_follows_the_simulated_time_however_seldom_it_is_drawn() -> None:
    episode, view = _stage(food_m=None, ticks=2000)
    before = "".join(_rows(_shown(episode, view)))
    angle = np.linspace(0.0, 2 * math.pi, 2000)
    episode.recorder.rows()["nose"] = np.stack([0.6 * np.sin(angle), 0.6 - 0.6 * np.cos(angle)], axis=1)
    view.truth.pose[:, 1] += 1e-9
    live = _live(episode)
    live._low, live._high = np.full(2, -0.2), np.full(2, 1.4)
    circle = "".join(_rows(live.picture(view).plain))
    assert sum("⠀" < char <= "⣿" for char in circle) > sum("⠀" < char <= "⣿" for char in before) + 25


def test_the_neurons_are_those_that_changed_of_late_and_rows_stand_still() -> None:
    episode, view = _stage(ticks=1000)
    live = _live(episode)
    activity = episode.recorder.rows()["activity"]
    activity[::7, 0] = 1.0  # ASEL was busy all the time
    activity[:500:7, 3] = 1.0  # DB3 long ago

    def rows() -> list[str]:
        lines = live.picture(view).plain.splitlines()
        return [name for line in lines for name in NAMES if f" {name} " in line]

    first = rows()
    assert first[0] == "ASEL"
    activity[500::7, 1] = 1.0
    activity[500::3, 3] = 1.0
    assert rows() == first, "the same classes keep their rows"


def test_the_last_picture_is_that_of_the_end() -> None:
    episode, view = _stage()
    file = io.StringIO()
    with LiveView(episode, "", Console(file=file, width=110, force_terminal=True)) as live:
        live(view)
        view.time_s = 99.98
    assert " 100.0 s" in file.getvalue()


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


def test_a_sense_that_fails_is_shown() -> None:
    episode, view = _stage()
    senses: Any = SimpleNamespace(look=list, failed=lambda: ["gas.level"])
    live = LiveView(episode, "", Console(file=io.StringIO(), width=110), senses=senses)
    assert "no sample of gas.level" in live.picture(view).plain
