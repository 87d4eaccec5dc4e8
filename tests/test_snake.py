"""The mechanical description: what no body could be made of is refused."""

from pathlib import Path

import pytest

from wormctl.config import ConfigError
from wormctl.snake import REFERENCE, load_snake


@pytest.mark.parametrize("radius_m", ["0.04", "0.036", "0.035"])
def test_a_link_that_is_rounder_than_long_is_refused(radius_m: str, tmp_path: Path) -> None:
    path = tmp_path / "fat.toml"
    path.write_text(REFERENCE.read_text().replace("radius_m = 0.025", f"radius_m = {radius_m}"))
    with pytest.raises(ConfigError) as caught:
        load_snake(path)
    assert str(caught.value).startswith(f"{path}: $.link: radius_m = {radius_m}: must be less than 0.035")


def test_a_link_that_just_fits_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "round.toml"
    path.write_text(REFERENCE.read_text().replace("radius_m = 0.025", "radius_m = 0.0349"))
    assert load_snake(path).link.radius_m == 0.0349


@pytest.mark.parametrize("stiffness", ["0.4", "20000.0", "nan", "-3.0"])
def test_a_servo_that_no_body_could_be_made_of_is_refused(stiffness: str, tmp_path: Path) -> None:
    path = tmp_path / "limp.toml"
    path.write_text(
        REFERENCE.read_text().replace("stiffness_nm_rad = 7.5", f"stiffness_nm_rad = {stiffness}")
    )
    with pytest.raises(ConfigError) as caught:
        load_snake(path)
    assert str(caught.value).startswith(f"{path}: $.servo.stiffness_nm_rad = {stiffness}: Expected")
