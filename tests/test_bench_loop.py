"""`wormctl bench loop` measures something and says it."""

from __future__ import annotations

import json

import pytest

from wormctl.cli import main


def test_the_measurement_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "loop", "--ticks", "200", "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["ticks"] == 200
    assert 0.0 < measured["tick_us_median"] <= measured["tick_us_p99"]


def test_people_get_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "loop", "--ticks", "50"]) == 0
    assert "median" in capsys.readouterr().out


def test_no_ticks_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "loop", "--ticks", "0"]) == 2
    assert "--ticks = 0: must be 1..10000000" in capsys.readouterr().err
