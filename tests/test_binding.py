"""Judging samples and binding them to inputs: against a slow oracle, and each rule of the error policies."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wormctl.binding import Bind, Binding
from wormctl.binding_kernel import ALL_SERVED, DEGRADED
from wormctl.channel import Channel, OnError, Quality
from wormctl.config import ConfigError
from wormctl.controller import Port
from wormctl.device import DeviceSpec

INPUTS = (Port(name="ASEL"), Port(name="ASER"), Port(name="stretch", size=3))


def scalar(name: str = "odour.food", on_error: OnError = OnError.HOLD, max_age_s: float = 0.1) -> Channel:
    return Channel(name=name, unit="1", low=0.0, high=2.0, max_age_s=max_age_s, on_error=on_error)


def vector(name: str = "joint.angle", on_error: OnError = OnError.HOLD) -> Channel:
    return Channel(name=name, unit="rad", low=-1.0, high=1.0, size=3, on_error=on_error)


def device(*channels: Channel, name: str = "dev") -> DeviceSpec:
    return DeviceSpec(name=name, channels=channels, simulated=True)


def one(on_error: OnError) -> Binding:
    return Binding([device(scalar(on_error=on_error))], INPUTS, [Bind(channel="odour.food", to=["ASEL"])])


def put(binding: Binding, value: float, time_s: float, quality: Quality = Quality.GOOD) -> None:
    binding.samples[0].put("odour.food", value, time_s, quality)


def test_values_reach_the_inputs_they_are_bound_to_and_no_others() -> None:
    binding = Binding(
        [device(scalar()), device(vector(), name="body")],
        INPUTS,
        [
            Bind(channel="odour.food", to=["ASEL"], gain=2.0, offset=0.5),
            Bind(channel="joint.angle", to=["stretch"]),
        ],
    )
    put(binding, 0.25, 0.0)
    binding.samples[1].vector("joint.angle")[:] = [0.1, -0.2, 0.3]
    binding.samples[1].stamp("joint.angle", 0.0)
    assert binding.run(0.0) == ALL_SERVED
    np.testing.assert_array_equal(binding.x, [1.0, 0.0, 0.1, -0.2, 0.3])
    np.testing.assert_array_equal(binding.good, [True, False, True, True, True])


def test_one_value_of_a_vector_can_be_picked() -> None:
    binding = Binding([device(vector())], INPUTS, [Bind(channel="joint.angle", to=["ASER"], element=1)])
    binding.samples[0].vector("joint.angle")[:] = [0.1, -0.2, 0.3]
    binding.samples[0].stamp("joint.angle", 0.0)
    binding.run(0.0)
    np.testing.assert_array_equal(binding.x, [0.0, -0.2, 0.0, 0.0, 0.0])


def test_an_input_of_several_channels_gets_the_sum_only_while_all_serve() -> None:
    left, right = scalar("odour.left"), scalar("odour.right", on_error=OnError.IGNORE)
    binds = [Bind(channel=c.name, to=["ASEL"], gain=0.5) for c in (left, right)]
    binding = Binding([device(left, right)], INPUTS, binds)
    samples = binding.samples[0]
    samples.put("odour.left", 1.0, 0.0)
    samples.put("odour.right", 0.5, 0.0)
    binding.run(0.0)
    assert (binding.x[0], binding.good[0]) == (0.75, True)
    samples.fail("odour.right")
    binding.run(0.02)
    assert (binding.x[0], binding.good[0]) == (0.0, False), "half a sum is a made-up number"


@pytest.mark.parametrize("optional", [("right",), ("left", "right")])
def test_an_optional_channel_takes_nothing_away_from_the_others(optional: tuple[str, ...]) -> None:
    channels = [scalar(f"odour.{side}", on_error=OnError.IGNORE) for side in ("left", "right")]
    binds = [Bind(channel=c.name, to=["ASEL"], optional=c.name[6:] in optional) for c in channels]
    binding = Binding([device(*channels)], INPUTS, binds)
    samples = binding.samples[0]
    for left, right, expected in ((1.0, 0.5, 1.5), (1.0, None, 1.0), (None, 0.5, 0.5), (None, None, None)):
        for name, value in (("odour.left", left), ("odour.right", right)):
            if value is None:
                samples.fail(name)
            else:
                samples.put(name, value, 0.0)
        binding.run(0.0)
        if left is None and "left" not in optional:
            expected = None
        assert (binding.x[0], binding.good[0]) == (expected or 0.0, expected is not None)


@pytest.mark.parametrize(
    ("value", "time_s", "said", "found"),
    [
        pytest.param(1.0, 1.0, Quality.GOOD, Quality.GOOD, id="good"),
        pytest.param(0.0, 1.0, Quality.GOOD, Quality.GOOD, id="on its lower edge"),
        pytest.param(2.0, 1.0, Quality.GOOD, Quality.GOOD, id="on its upper edge"),
        pytest.param(1.0, 0.95, Quality.GOOD, Quality.GOOD, id="old but not too old"),
        pytest.param(math.nan, 1.0, Quality.GOOD, Quality.INVALID, id="nan"),
        pytest.param(math.inf, 1.0, Quality.GOOD, Quality.INVALID, id="inf"),
        pytest.param(2.1, 1.0, Quality.GOOD, Quality.INVALID, id="above its range"),
        pytest.param(-0.1, 1.0, Quality.GOOD, Quality.INVALID, id="below its range"),
        pytest.param(1.0, 0.8, Quality.GOOD, Quality.STALE, id="too old"),
        pytest.param(1.0, math.nan, Quality.GOOD, Quality.STALE, id="measured who knows when"),
        pytest.param(1.0, -math.inf, Quality.GOOD, Quality.STALE, id="never measured"),
        pytest.param(1.0, 99.0, Quality.GOOD, Quality.INVALID, id="from the future"),
        pytest.param(1.0, 1.0, Quality.FAILED, Quality.FAILED, id="the device says failed"),
        pytest.param(1.0, 1.0, Quality.STALE, Quality.STALE, id="the device says stale"),
    ],
)
def test_what_a_sample_is_worth(value: float, time_s: float, said: Quality, found: Quality) -> None:
    binding = one(OnError.IGNORE)
    put(binding, value, time_s, said)
    binding.run(1.0)
    assert binding.judged[0] == found
    assert binding.good[0] == (found == Quality.GOOD)
    assert binding.bad_samples() == {"odour.food": int(found != Quality.GOOD)}


def test_a_quality_that_is_none_counts_as_failed() -> None:
    binding = one(OnError.IGNORE)
    put(binding, 1.0, 0.0)
    binding.samples[0].quality[0] = 200
    binding.run(0.0)
    assert binding.judged[0] == Quality.FAILED


def test_ignore_drops_the_input_at_once() -> None:
    binding = one(OnError.IGNORE)
    put(binding, 1.0, 0.0)
    binding.run(0.0)
    binding.samples[0].fail("odour.food")
    assert binding.run(0.02) == ALL_SERVED
    assert not binding.good[0]


@pytest.mark.parametrize(("policy", "outcome"), [(OnError.HOLD, ALL_SERVED), (OnError.DEGRADE, DEGRADED)])
def test_hold_and_degrade_serve_the_last_good_value_until_its_age(policy: OnError, outcome: int) -> None:
    binding = one(policy)
    put(binding, 1.5, 0.0)
    binding.run(0.0)
    assert not binding.degraded()
    put(binding, math.nan, 0.05)
    assert binding.run(0.05) == outcome
    assert (binding.x[0], binding.good[0]) == (1.5, True)
    assert binding.run(0.11) == outcome
    assert (binding.x[0], binding.good[0]) == (0.0, False)
    assert binding.degraded() == (policy is OnError.DEGRADE)


@pytest.mark.parametrize(("value", "quality"), [(math.nan, Quality.GOOD), (1.0, Quality.FAILED)])
def test_fault_does_not_wait_for_a_bad_sample_to_grow_old(value: float, quality: Quality) -> None:
    binding = one(OnError.FAULT)
    put(binding, 1.0, 0.0)
    assert binding.run(0.0) == ALL_SERVED
    put(binding, value, 0.02, quality)
    assert binding.run(0.02) == 0
    assert "odour.food" in binding.complaint(0)


def test_fault_gives_a_device_its_maximum_age_for_the_first_sample() -> None:
    binding = one(OnError.FAULT)
    binding.reset(10.0)
    assert binding.run(10.05) == ALL_SERVED
    assert not binding.good[0]
    assert binding.run(10.11) == 0
    assert binding.complaint(0) == "dev: channel odour.food: no sample for 0.1 s"


def test_a_vital_channel_faults_whatever_it_declares() -> None:
    binding = Binding([device(scalar(on_error=OnError.IGNORE))], INPUTS, [], vital=["odour.food"])
    put(binding, math.nan, 0.0)
    assert binding.run(0.0) == 0


def test_a_channel_that_is_bound_to_nothing_is_judged_all_the_same() -> None:
    binding = Binding([device(scalar("battery.voltage", on_error=OnError.FAULT))], INPUTS, [])
    binding.samples[0].put("battery.voltage", 5.0, 0.0)
    assert binding.run(0.0) == 0
    assert binding.complaint(0) == "dev: channel battery.voltage: reads 5; allowed 0..2 1"


def test_a_gain_that_leaves_the_numbers_is_no_good_value() -> None:
    huge = Channel(name="odour.food", unit="1", low=0.0, high=math.inf)
    binding = Binding([device(huge)], INPUTS, [Bind(channel="odour.food", to=["ASEL"], gain=1e6)])
    put(binding, 1e308, 0.0)
    binding.run(0.0)
    assert (binding.x[0], binding.good[0]) == (0.0, False)


@settings(deadline=None)
@given(
    script=st.lists(
        st.tuples(
            st.floats(width=64),
            st.floats(-1.0, 0.3),
            st.sampled_from([0, 0, 0, 1, 2, 3, 77]),
            st.sampled_from([0.02, 0.07]),
        ),
        max_size=30,
    ),
    policy=st.sampled_from(list(OnError)),
)
def test_any_history_is_judged_as_the_oracle_judges_it(
    script: list[tuple[float, float, int, float]], policy: OnError
) -> None:
    binding = one(policy)
    now_s, good_s, held, bad = 0.0, 0.0, None, 0
    for value, age_s, said, later_s in script:
        now_s += later_s
        put(binding, value, now_s - age_s)
        binding.samples[0].quality[0] = said
        outcome = binding.run(now_s)
        measured_s = now_s - age_s
        if said != Quality.GOOD:
            found = min(said, int(Quality.FAILED))
        elif now_s - measured_s > 0.1:
            found = int(Quality.STALE)
        elif now_s - measured_s < -0.1 or not (math.isfinite(value) and 0.0 <= value <= 2.0):
            found = int(Quality.INVALID)
        else:
            found = int(Quality.GOOD)
        if found == Quality.GOOD:
            held, good_s = value, measured_s
        else:
            bad += 1
        fresh = now_s - good_s <= 0.1
        serves = found == Quality.GOOD or (held is not None and fresh and policy is not OnError.IGNORE)
        expected = ALL_SERVED
        if found != Quality.GOOD and policy is OnError.DEGRADE:
            expected = DEGRADED
        if policy is OnError.FAULT and found != Quality.GOOD and (found != Quality.STALE or not fresh):
            expected = 0
        assert outcome == expected
        assert binding.judged[0] == found
        assert binding.good[0] == serves
        assert binding.x[0] == (held if serves else 0.0)
        assert binding.bad_samples()["odour.food"] == bad


@pytest.mark.parametrize(
    ("bind", "says"),
    [
        (
            Bind(channel="odour.fod", to=["ASEL"]),
            "$.bind[0].channel = 'odour.fod': no such channel, did you mean",
        ),
        (
            Bind(channel="odour.food", to=["ASEM"]),
            "$.bind[0].to[0] = 'ASEM': no such input, did you mean 'ASE",
        ),
        (Bind(channel="odour.food", to=["stretch"]), "$.bind[0].to[0] = 'stretch': takes 3 values"),
        (Bind(channel="joint.angle", to=["ASEL"]), "pick one with element"),
        (
            Bind(channel="joint.angle", to=["ASEL"], element=3),
            "$.bind[0].element = 3: joint.angle has values 0..2",
        ),
        (
            Bind(channel="odour.food", to=["ASEL", "ASEL"]),
            "$.bind[0].to[1] = 'ASEL': odour.food is already bound",
        ),
    ],
)
def test_a_bind_that_cannot_be_is_an_error_with_its_path(bind: Bind, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Binding([device(scalar(), vector())], INPUTS, [bind], where="robot.toml")
    assert str(caught.value).startswith("robot.toml: $.bind[0]")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_devices_must_not_offer_the_same_channel() -> None:
    with pytest.raises(ConfigError, match=r"\$\.sensor\[0\]: b offers the channel 'odour\.food', as a does"):
        Binding([device(scalar(), name="a"), device(scalar(), name="b")], INPUTS, [])


def test_a_stamp_in_the_future_is_told_as_such() -> None:
    binding = one(OnError.HOLD)
    put(binding, 0.5, 1.7e9)
    binding.run(1.0)
    assert "is stamped in the future: stamp it with now_s" in binding.complaint(0)
