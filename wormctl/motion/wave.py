"""The wave along a body: frequency, wavelength and amplitude of its joints' bends. No path, and no judgement of it."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from wormctl.motion.path import AnyFloats
from wormctl.summary import undulation_hz

SMALLEST_LAG_RAD = 0.05
"""Joints that follow each other by less swing together: that wave stands."""
LEAST_COHERENCE = 0.5
"""Phases that agree less than this make no wave."""


class Wave(msgspec.Struct, frozen=True, kw_only=True):
    """A wave, as seen over a stretch of time."""

    frequency_hz: float
    """See `wormctl.summary.undulation_hz`; 0 at rest."""
    lag_rad: float
    """Mean phase by which a joint leads the next one tailwards: negative where the wave runs from tail to head."""
    coherence: float
    """0..1, how alike those phases are."""
    swing_rad: float
    """Root mean square bend of the joints, each about its mean."""
    wavelength_body_lengths: float | None
    """None where nothing travels."""

    @property
    def backwards(self) -> bool:
        """Whether it runs from tail to head, as in crawling backwards."""
        return self.wavelength_body_lengths is not None and self.lag_rad < 0.0


def wave(joint_rad: AnyFloats, period_s: float) -> Wave:
    """The wave in joint angles (ticks, joints), head first, of a snake with one link more than joints.

    The lag is the phase of the sum over neighbouring joints of their cross spectrum at the frequency, under a Hann
    window; a wavelength is a full turn of phase, at one joint every 1 / links body lengths.
    """
    bend = joint_rad.astype(np.float64)
    bend -= bend.mean(axis=0)
    hz = undulation_hz(joint_rad, period_s)
    swing = math.sqrt(float((bend**2).mean())) if bend.size else 0.0
    if hz == 0.0:
        return Wave(
            frequency_hz=0.0, lag_rad=0.0, coherence=0.0, swing_rad=swing, wavelength_body_lengths=None
        )
    turn = np.exp(-2j * math.pi * hz * period_s * np.arange(len(bend)))
    phasor = (np.hanning(len(bend)) * turn) @ bend
    pairs = phasor[:-1] * np.conj(phasor[1:])
    lag = float(np.angle(pairs.sum()))
    coherence = float(np.abs(pairs.sum()) / (np.abs(pairs).sum() + 1e-300))
    links = bend.shape[1] + 1
    travels = abs(lag) >= SMALLEST_LAG_RAD and coherence >= LEAST_COHERENCE
    return Wave(
        frequency_hz=hz,
        lag_rad=lag,
        coherence=coherence,
        swing_rad=swing,
        wavelength_body_lengths=2 * math.pi / (abs(lag) * links) if travels else None,
    )
