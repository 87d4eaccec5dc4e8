"""`wormctl bench sim` runs every body, and says what it measured."""

from __future__ import annotations

import argparse
import json

import pytest
from wormctl_sim import bench

from wormctl.config import ConfigError


def arguments(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    return parser.parse_args(given)


def test_json_is_one_object_with_a_row_for_each_body(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run(arguments("--json", "--seconds", "0.2", "--rounds", "1")) == 0
    result = json.loads(capsys.readouterr().out)
    assert {("planar", "physics"), ("planar", "loop")} <= {(r["body"], r["what"]) for r in result["rows"]}
    assert all(row["rtf_best"] >= row["rtf_median"] > 0 for row in result["rows"])


def test_a_table_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    bench.print_table(
        {
            "physics_hz": 200.0,
            "rows": [{"body": "b", "ground": "g", "what": "w", "rtf_median": 1234.4, "rtf_best": 2000.0}],
        }
    )
    assert "1,234" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [("--seconds", "0"), ("--rounds", "0")])
def test_wrong_arguments_are_named(wrong: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match=wrong[0]):
        bench.run(arguments(*wrong))
