"""Robot files that extend others: what wins, and where each value is said to stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wormctl.config import ConfigError
from wormctl.layers import Settings, Sources, read_layers
from wormctl.robot import find_robot, load_robot

BASE = """
policy = "worm302"
rate_hz = 50
[body]
use = "serial"
port = "auto"
[body.nose]
scale = "log"
zero_v = 4.5
[world]
use = "food"
[[sensor]]
use = "gas"
name = "left"
[[sensor]]
use = "gas"
name = "right"
[[bind]]
channel = "nose"
to = ["ASEL"]
[[bind]]
channel = "contact.head"
to = ["FLPL", "FLPR"]
gain = 2.0
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.toml"
    path.write_text(BASE)
    return path


def layered(base: Path, text: str) -> tuple[Settings, Sources]:
    path = base.with_name("mine.toml")
    path.write_text('extends = "base.toml"\n' + text)
    return read_layers(path, find_robot)


def test_fields_win_one_by_one(base: Path) -> None:
    raw, sources = layered(base, "rate_hz = 100\n[body]\nport = 'COM'\n[body.nose]\nzero_v = 4.0\n")
    assert raw["policy"] == "worm302"
    assert raw["rate_hz"] == 100
    assert raw["body"] == {"use": "serial", "port": "COM", "nose": {"scale": "log", "zero_v": 4.0}}
    mine = base.with_name("mine.toml")
    assert sources("$.rate_hz") == f"{mine}: $.rate_hz"
    assert sources("$.body.nose.zero_v") == f"{mine}: $.body.nose.zero_v"
    assert sources("$.body.nose.scale") == f"{base}: $.body.nose.scale"
    assert sources("$.body.baud") == f"{mine}: $.body.baud", "where one would add it"


def test_another_body_comes_without_the_settings_of_the_last(base: Path) -> None:
    raw, _ = layered(base, "[body]\nuse = 'planar'\n[world]\nfile = 'w.toml'\n")
    assert raw["body"] == {"use": "planar"}
    assert raw["world"] == {"file": "w.toml"}
    raw, _ = layered(base, "[body]\nuse = 'serial'\nport = 'x'\n")
    assert raw["body"]["nose"]["scale"] == "log", "the same one keeps them"


def test_sensors_and_binds_are_found_by_name(base: Path) -> None:
    raw, sources = layered(
        base,
        "[[sensor]]\nuse = 'gas'\nname = 'right'\naddress = 7\n[[sensor]]\nuse = 'imu'\n"
        "[[bind]]\nchannel = 'contact.head'\ngain = 3.0\n[[bind]]\nchannel = 'tilt'\nto = ['PVDL']\n",
    )
    names = [(s["use"], s.get("name"), s.get("address")) for s in raw["sensor"]]
    assert names == [("gas", "left", None), ("gas", "right", 7), ("imu", None, None)]
    assert [b["channel"] for b in raw["bind"]] == ["nose", "contact.head", "tilt"]
    assert raw["bind"][1] == {"channel": "contact.head", "to": ["FLPL", "FLPR"], "gain": 3.0}
    mine = base.with_name("mine.toml")
    assert sources("$.sensor[1].address") == f"{mine}: $.sensor[0].address"
    assert sources("$.sensor[2]") == f"{mine}: $.sensor[1]"
    assert sources("$.bind[1].to[1]") == f"{base}: $.bind[1].to[1]"


def test_several_binds_of_a_channel_take_the_place_of_the_one_below(base: Path) -> None:
    more = (
        "[[bind]]\nchannel = 'nose'\nto = ['AWCL']\n[[bind]]\nchannel = 'nose'\nto = ['AWCR']\ngain = -1.0\n"
    )
    raw, _ = layered(base, more)
    assert [(b["channel"], b["to"]) for b in raw["bind"]] == [
        ("contact.head", ["FLPL", "FLPR"]),
        ("nose", ["AWCL"]),
        ("nose", ["AWCR"]),
    ]


def test_what_is_below_can_be_taken_out(base: Path) -> None:
    raw, _ = layered(
        base,
        "[world]\nremove = true\n[body.nose]\nremove = true\n[[sensor]]\nuse = 'gas'\nname = 'left'\nremove = true\n"
        "[[bind]]\nchannel = 'nose'\nremove = true\n",
    )
    assert "world" not in raw
    assert raw["body"] == {"use": "serial", "port": "auto"}
    assert [s["name"] for s in raw["sensor"]] == ["right"]
    assert [b["channel"] for b in raw["bind"]] == ["contact.head"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[[bind]]\nchannel = 'tilt'\nremove = true\n",
            r"mine.toml: \$\.bind\[0\]\.remove: there is no such bind",
        ),
        ("[randomise]\nremove = true\n", r"mine.toml: \$\.randomise\.remove: there is no randomise below"),
    ],
)
def test_nothing_can_be_taken_out_that_is_not_there(base: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        layered(base, text)


def test_a_file_is_looked_for_beside_the_one_that_names_it(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (below / "parts.toml").write_text("x = 1")
    (below / "base.toml").write_text(
        "policy = 'worm302'\ndescription = 'parts.toml'\n[body]\nuse = 'planar'\n"
    )
    mine = tmp_path / "mine.toml"
    mine.write_text("extends = 'below/base.toml'\n")
    raw, _ = read_layers(mine, find_robot)
    assert raw["description"] == str((below / "parts.toml").resolve())


def test_a_robot_extends_a_shipped_one(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("extends = 'worm'\n[body]\nuse = 'planar'\n")
    robot, worm = load_robot(mine), load_robot("worm")
    assert (robot.body.use, robot.body.fallback) == ("planar", None)
    assert robot.binds == worm.binds
    assert [s.use for s in robot.sensors] == [s.use for s in worm.sensors]
    assert robot.sensors[0].at(".names").endswith("worm.toml: $.sensor[0].names")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extends = 'mine.toml'", r"mine.toml: \$\.extends = 'mine.toml': extends itself"),
        ("extends = 'wurm'", r"mine.toml: \$\.extends = 'wurm': .*worm"),
        ("extends = 'none.toml'", r"mine.toml: \$\.extends = 'none.toml': no such file"),
        ("extends = 3", r"mine.toml: \$\.extends = 3: must name"),
        ("extends = 'base.toml'\nrate_hz = 'x'", r"mine.toml: \$\.rate_hz = 'x'"),
        ("extends = 'base.toml'\n[body]\nports = 1\nuse = 3", r"mine.toml: \$\.body\.use = 3"),
        ("extends = 'base.toml'\n[body]\nfallback = ''", r"mine.toml: \$\.body\.fallback = ''"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(base: Path, text: str, said: str) -> None:
    mine = base.with_name("mine.toml")
    mine.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_robot(mine)


def test_a_mistake_below_is_said_to_be_below(base: Path) -> None:
    base.write_text(BASE.replace("rate_hz = 50", "rate_hz = 0"))
    mine = base.with_name("mine.toml")
    mine.write_text("extends = 'base.toml'\npolicy = 'none'\n")
    with pytest.raises(ConfigError, match=r"base.toml: \$\.rate_hz = 0"):
        load_robot(mine)


tables = st.recursive(
    st.integers(),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=8,
).filter(lambda value: isinstance(value, dict))


def write(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {write(inner)}" for key, inner in value.items()) + "}"
    return str(value)


def expected(low: object, high: object) -> object:
    if isinstance(low, dict) and isinstance(high, dict):
        return low | {key: expected(low.get(key), value) for key, value in high.items()}
    return high


@given(low=tables, high=tables)
def test_tables_are_merged_whatever_they_hold(
    tmp_path_factory: pytest.TempPathFactory, low: Settings, high: Settings
) -> None:
    folder = tmp_path_factory.mktemp("layers")
    (folder / "low.toml").write_text(f"t = {write(low)}")
    (folder / "high.toml").write_text(f"extends = 'low.toml'\nt = {write(high)}")
    raw, sources = read_layers(folder / "high.toml", find_robot)
    assert raw == {"t": expected(low, high)}
    for key in low:
        wins = "high" if key in high else "low"
        assert sources(f"$.t.{key}") == f"{folder / wins}.toml: $.t.{key}"
