"""No plugin from elsewhere is loaded by these tests without anybody's knowing."""

from __future__ import annotations

from tests.conftest import strangers


def test_what_is_of_this_repository_and_what_is_not() -> None:
    assert strangers(["wormctl-sim", "wormctl-serial", "wormctl-i2c"]) == []
    assert strangers(["wormctl-sim", "wormctl-my-lidar"]) == ["wormctl-my-lidar"]
