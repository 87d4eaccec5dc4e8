"""The compiled worm tick against a slow reading of its equations, and against inputs that should not harm it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from wormctl.worm.kernel import worm_tick
from wormctl.worm.model import WormModel
from wormctl.worm.parts import CHEMICAL, TOUCH, Life, Packed, State, Worm, life_parts, new_state, worm_parts

N, JOINTS, DT_S, UNFOLDS = 9, 3, 0.02, 3


def small_worm(seed: int = 0) -> WormModel:
    rng = np.random.default_rng(seed)
    return WormModel(
        neuron_gleak=rng.uniform(0.5, 1.5, N),
        neuron_vleak=rng.uniform(-0.2, 0.2, N),
        neuron_cm=rng.uniform(0.05, 0.5, N),
        neuron_mu=rng.uniform(0.2, 0.6, N),
        neuron_sigma=rng.uniform(3.0, 12.0, N),
        neuron_gself=rng.uniform(0.0, 1.0, N),
        neuron_bias=rng.uniform(-0.5, 1.0, N),
        chem_pre=rng.integers(0, N, 20).astype(np.int32),
        chem_post=rng.integers(0, N, 20).astype(np.int32),
        chem_w=rng.uniform(0.0, 1.0, 20),
        chem_erev=rng.choice([-1.0, 1.0], 20),
        gap_a=np.array([0, 2, 4], np.int32),
        gap_b=np.array([1, 3, 8], np.int32),
        gap_g=rng.uniform(0.0, 0.5, 3),
        receptor_neuron=np.array([0, 1, 2], np.int32),
        receptor_kind=np.array([CHEMICAL, CHEMICAL, TOUCH], np.int32),
        receptor_tau_fast_s=np.array([0.1, 0.2, 0.3]),
        receptor_tau_slow_s=np.array([1.0, 2.0, 3.0]),
        receptor_gain=np.array([8.0, -8.0, 0.7]),
        receptor_floor=np.full(3, 1e-3),
        receptor_top=np.full(3, 2.0),
        stretch_neuron=np.array([3, 4, 5], np.int32),
        stretch_joint=np.array([0, 1, 2], np.int32),
        stretch_gain=np.array([-0.8, 0.8, 0.5]),
        nmj_neuron=np.array([3, 4, 5, 6], np.int32),
        nmj_muscle=np.array([0, 1, 2, 3], np.int32),
        nmj_weight=np.array([1.0, 1.2, 0.8, -0.5]),
        muscle_joint=np.array([0, 1, 2, 0], np.int32),
        muscle_side=np.array([1.0, -1.0, 1.0, -1.0]),
        muscle_tau_s=np.array([0.3]),
        joint_amplitude_rad=np.array([0.9, 0.7, 0.5]),
    )


def sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


class SlowWorm:
    """The same worm, one neuron at a time, in plain Python floats."""

    def __init__(self, m: WormModel) -> None:
        self.m = m
        self.v = m.neuron_vleak.tolist()
        self.means: list[list[float] | None] = [None] * m.receptor_neuron.size
        self.muscle = [0.0] * m.muscle_joint.size
        self.bend = [0.0] * m.joint_amplitude_rad.size

    def step(self, x: NDArray[np.float64], good: NDArray[np.bool_]) -> list[float]:
        m = self.m
        current = m.neuron_bias.tolist()
        receptors = m.receptor_neuron.size
        for r in range(receptors):
            if not good[r]:
                continue
            level = math.log(max(x[r], 0.0) + m.receptor_floor[r])
            fast, slow = self.means[r] or [level, level]
            fast += (1 - math.exp(-DT_S / m.receptor_tau_fast_s[r])) * (level - fast)
            slow += (1 - math.exp(-DT_S / m.receptor_tau_slow_s[r])) * (level - slow)
            self.means[r] = [fast, slow]
            change = fast - slow
            stimulus = m.receptor_gain[r] * (abs(change) if m.receptor_kind[r] == TOUCH else change)
            top = m.receptor_top[r]
            current[m.receptor_neuron[r]] += top * math.tanh(stimulus / top)
        for j in range(len(self.bend)):
            if good[receptors + j]:
                self.bend[j] = x[receptors + j]
        for i, j, gain in zip(m.stretch_neuron, m.stretch_joint, m.stretch_gain, strict=True):
            current[i] += gain * self.bend[j]
        for _ in range(UNFOLDS):
            self.v = [self._relax(i, current[i]) for i in range(N)]
        activity = [self._activity(i) for i in range(N)]
        drive = [0.0] * len(self.muscle)
        for i, k, w in zip(m.nmj_neuron, m.nmj_muscle, m.nmj_weight, strict=True):
            drive[k] += w * activity[i]
        share = 1 - math.exp(-DT_S / m.muscle_tau_s[0])
        self.muscle = [a + share * (d - a) for a, d in zip(self.muscle, drive, strict=True)]
        balance = [0.0] * len(self.bend)
        for k, a in enumerate(self.muscle):
            balance[m.muscle_joint[k]] += m.muscle_side[k] * max(a, 0.0)
        return [float(m.joint_amplitude_rad[j] * math.tanh(b)) for j, b in enumerate(balance)]

    def _activity(self, i: int) -> float:
        return sigmoid(self.m.neuron_sigma[i] * (self.v[i] - self.m.neuron_mu[i]))

    def _relax(self, i: int, current: float) -> float:
        m = self.m
        over = m.neuron_cm[i] / (DT_S / UNFOLDS)
        own = m.neuron_gself[i] * self._activity(i)
        top = over * self.v[i] + m.neuron_gleak[i] * m.neuron_vleak[i] + current + own
        bottom = over + m.neuron_gleak[i] + own + 1e-8
        for a, b, w, erev in zip(m.chem_pre, m.chem_post, m.chem_w, m.chem_erev, strict=True):
            if b == i:
                top += w * erev * self._activity(a)
                bottom += w * self._activity(a)
        for a, b, g in zip(m.gap_a, m.gap_b, m.gap_g, strict=True):
            if i in (a, b):
                top += g * self.v[b if a == i else a]
                bottom += g
        return float(top / bottom)


class Alive:
    """A packed worm with its state, and their named parts."""

    packed: Packed
    state: State
    worm: Worm
    life: Life

    def __init__(self, m: WormModel, dtype: type[np.float32] | type[np.float64] = np.float64) -> None:
        self.packed = m.pack(DT_S, UNFOLDS, dtype=dtype)
        self.state = new_state(self.packed, m.neuron_vleak.astype(dtype))
        self.worm = worm_parts.py_func(self.packed.ints, self.packed.floats)
        self.life = life_parts.py_func(self.packed.ints, self.state.floats)
        self.setpoint = np.zeros(JOINTS)

    def tick(self, x: NDArray[np.float64], good: NDArray[np.bool_] | None = None) -> int:
        good = np.ones(x.size, bool) if good is None else good
        return int(worm_tick(*self.packed, *self.state, x, good, self.setpoint))


@pytest.mark.parametrize("seed", range(4))
def test_worm_tick_agrees_with_the_slow_worm(seed: int) -> None:
    m = small_worm(seed)
    rng = np.random.default_rng(seed + 100)
    fast, slow = Alive(m), SlowWorm(m)
    for _ in range(200):
        x = np.concatenate([rng.uniform(0.0, 2.0, 3), rng.uniform(-1.0, 1.0, JOINTS)])
        good = rng.random(3 + JOINTS) > 0.2
        fast.tick(x, good)
        np.testing.assert_allclose(fast.setpoint, slow.step(x, good), rtol=0, atol=1e-6)
        np.testing.assert_allclose(fast.state.v, slow.v, rtol=0, atol=1e-6)


nasty = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(-5, 5))


@given(st.lists(st.lists(nasty, min_size=3 + JOINTS, max_size=3 + JOINTS), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_no_input_can_harm_the_worm(ticks: list[list[float]]) -> None:
    m = small_worm()
    it = Alive(m, np.float32)
    for values in ticks:
        it.tick(np.array(values))
        for array in (it.state.v, it.state.activity, it.life.muscle, it.setpoint):
            assert np.isfinite(array).all()
        assert (np.abs(it.setpoint) <= m.joint_amplitude_rad).all()


def test_a_receptor_without_a_good_sample_is_silent_and_remembers() -> None:
    m = small_worm()
    it = Alive(m)
    good = np.ones(3 + JOINTS, bool)
    x = np.zeros(3 + JOINTS)
    for k in range(50):
        x[:3] = 0.1 + 0.02 * k
        it.tick(x)
    assert it.life.current[0] > m.neuron_bias[0]
    fast, slow = it.life.fast.copy(), it.life.slow.copy()
    x[:3] = 1e9
    good[:3] = False
    it.tick(x, good)
    np.testing.assert_array_equal(it.life.fast, fast)
    np.testing.assert_array_equal(it.life.slow, slow)
    np.testing.assert_array_equal(it.life.current[:3], m.neuron_bias[:3])


def test_on_cell_is_excited_by_a_rise_and_off_cell_by_a_fall_and_both_by_the_opposite_held_down() -> None:
    m = small_worm()
    for change in (+1, -1):
        it = Alive(m)
        for k in range(50):
            x = np.zeros(3 + JOINTS)
            x[:2] = math.exp(change * 0.01 * k)
            it.tick(x)
        assert np.sign(it.life.current[0] - m.neuron_bias[0]) == change
        assert np.sign(it.life.current[1] - m.neuron_bias[1]) == -change


def test_a_touch_is_felt_as_it_begins_and_fades_while_it_lasts() -> None:
    m = small_worm()
    it, x, felt = Alive(m), np.zeros(3 + JOINTS), []
    it.tick(x)
    x[2] = 1.0
    for _ in range(800):
        it.tick(x)
        felt.append(float(it.life.current[2] - m.neuron_bias[2]))
    assert max(felt) > 0.5
    assert int(np.argmax(felt)) < 100
    assert felt[-1] < 0.1 * max(felt)


def test_the_end_of_a_touch_excites_as_its_beginning_does() -> None:
    m = small_worm()
    it, x, felt = Alive(m), np.zeros(3 + JOINTS), []
    for tick in range(1200):
        x[2] = 1.0 if 100 <= tick < 700 else 0.0
        it.tick(x)
        felt.append(float(it.life.current[2] - m.neuron_bias[2]))
    assert max(felt[700:]) > 0.5
    assert min(felt) >= 0.0


def test_a_cut_neuron_moves_no_muscle_and_no_neighbour() -> None:
    cut = small_worm().without([3])
    others = []
    for bias in (-1.0, 5.0):
        it = Alive(cut)
        it.worm.bias[3] = bias
        for _ in range(100):
            it.tick(np.zeros(3 + JOINTS))
        others.append(np.delete(it.state.v, 3))
        assert it.life.muscle[0] == 0.0
    np.testing.assert_array_equal(others[0], others[1])


def test_a_tick_that_had_to_be_guarded_says_so() -> None:
    it = Alive(small_worm())
    x, good = np.zeros(3 + JOINTS), np.ones(3 + JOINTS, bool)
    never = np.zeros(3 + JOINTS, bool)
    assert it.tick(x, never) == 0, "what was never good is not missing"
    assert it.tick(x, good) == 0
    x[0], x[3] = np.nan, np.inf
    assert it.tick(x, good) == 2
    assert it.tick(np.zeros(3 + JOINTS), ~good) == 3 + JOINTS
    x[:] = 0.0
    x[4] = 1e300
    assert it.tick(x, good) == 1, "a current that is absurd"
