"""The latent curves of patients over sessions, in five families (equations 2-4).

Every family is given by the same three numbers of a patient (start, gain, sessions to half of the
gain), so that a family can be exchanged for another without a change of meaning.
"""

# mypy: disable-error-code="no-untyped-def"

import math

import numpy as np

from simulate.engine.compiled import compiled
from simulate.parameter_table import Curve

EXPONENTIAL, EMAX = int(Curve.EXPONENTIAL), int(Curve.EMAX)
DELAYED, EARLY_STEP = int(Curve.DELAYED), int(Curve.EARLY_STEP)
LN_2 = math.log(2.0)
SUDDEN = 0.002  # sessions to half of the gain, below which all is a step: a power would overflow


@compiled
def fill_powers(row, powers):
    """Fill session ** hill for sessions 1, 2, ..., which the Emax curves of a cohort share."""
    if row.curve == EMAX:
        for s in range(len(powers)):
            powers[s] = (s + 1.0) ** row.hill


@compiled
def fill_curves(row, powers, n, start, asymptote, half, relapse, latent):
    """Fill latent relief of n patients at sessions 1, 2, ..., shape (sessions, patients).

    latent(s) = start + gain * progress(min(s, last gain session)) * kept(s), in points.
    """
    fill_progress(row, powers, n, half, latent)
    kept, share = np.ones(n), 1.0 - row.relapse_loss
    for s in range(len(latent)):
        for i in range(n):
            kept[i] = kept[i] * (share if s + 1.0 > relapse[i] else 1.0)
            latent[s, i] = start[i] + (asymptote[i] - start[i]) * latent[s, i] * kept[i]


@compiled
def fill_progress(row, powers, n, half, progress):
    """Fill the share of the gain that is reached at sessions 1, 2, ... (3)."""
    gaining = min(len(progress), int(row.last_gain_session))
    if row.curve == EMAX:
        _emax(row, powers, gaining, n, half, progress)
    elif row.curve == EXPONENTIAL:
        _by_halves(0.0, gaining, n, half, progress)
    elif row.curve == DELAYED:
        _by_halves(row.delay_share, gaining, n, half, progress)
    else:
        _at_once(row.curve == EARLY_STEP, gaining, n, half, progress)
    for s in range(gaining, len(progress)):
        for i in range(n):
            progress[s, i] = progress[gaining - 1, i]


@compiled
def _by_halves(delay_share, gaining, n, half, progress):
    """What is left to gain is halved again and again, after a delay (3a, 3c)."""
    lag, decay, left = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        lag[i] = delay_share * half[i]
        decay[i] = math.exp(-LN_2 / max(half[i] - lag[i], SUDDEN))
        left[i] = decay[i] ** (math.floor(lag[i]) - lag[i]) if delay_share > 0.0 else 1.0
    for s in range(gaining):
        for i in range(n):
            begins = s + 1.0 > lag[i]
            left[i] = left[i] * (decay[i] if begins else 1.0)
            progress[s, i] = 1.0 - left[i] if begins else 0.0


@compiled
def _emax(row, powers, gaining, n, half, progress):
    half_power = np.empty(n)
    for i in range(n):
        half_power[i] = half[i] ** row.hill
    for s in range(gaining):
        for i in range(n):
            progress[s, i] = powers[s] / (powers[s] + half_power[i])


@compiled
def _at_once(is_step, gaining, n, half, progress):
    """All of the gain at the session nearest to T, or at once (3d, 3e)."""
    for s in range(gaining):
        for i in range(n):
            is_before = is_step & (s + 1.0 < math.floor(half[i] + 0.5))
            progress[s, i] = 0.0 if is_before else 1.0
