"""Both laws of a session as cubic pieces: no exponential, logarithm or division at a node.

log P of a report depends on latent relief through v = (eta - y) / sigma alone, that of what
followed and of missing reports through v = (eta - 10) / sigma, and there are few kinds of either,
few scatters and few stages whose noise differs (`bayes/scatter.py`). So at each population every
law is computed at knots a quarter apart (`report_law.py`, `stop_law.py`) and read between them by
the cubic with the same values and
slopes: within 4e-6 of the law; beyond the knots both laws are straight lines. Here: the pieces, as
kernels. Not here: who reads them.

A place x is v in units of pieces; piece int(x) holds x. A row's place is eta * unit + offset,
with the unit of its stage. What followed session 4 and which reports before are missing are one
law: both depend on relief after session 4.
"""

from collections import namedtuple

import numpy as np
from numpy.typing import NDArray

from bayes.cohort import FINE, MISSING, NOTHING, TEST_SESSIONS, Cohort
from bayes.marginal.compiled import compiled
from bayes.marginal.report_law import edges_of, report_at, shares_of
from bayes.marginal.stop_law import fate_at, missing_at
from bayes.scatter import LEAST_NOISE, stage_of

IntArray = NDArray[np.int64]

STEP = 0.25
REACH = 20.0
LAST = int(2 * REACH / STEP) + 1
"""Last piece; it and the first are the straight lines."""
RELIEF_PCT = 10.0
N_DECIMALS = 3
NO_LAW = -1
N_SLOPES = 6
"""Most slopes in parameters that a law has: three of a report, six of a fate."""
STAGE, KIND, DECIMALS, FATE, IS_LATER, ASKED, UNREPORTED = range(7)
"""What tells a law: the stage of its noise, kind and decimals of a report (kind `MISSING` in the
law of a fate); the fate, whether after session 4, reports due until then and those missing."""

Pieces = namedtuple("Pieces", "noise unit log by")
"""noise, and unit (pieces a point of latent relief), by scatter and stage; log (scatters, laws,
pieces, 4): coefficients of log P; by (scatters, laws, slopes, pieces, 4): of its slopes in noise
(through the widths), tens_share, fives_share, or in the hazards low, high, surgery low, high and in
the shares missing low, high; without laws if not asked for."""


def laws_of(cohort: Cohort) -> tuple[IntArray, IntArray, IntArray]:
    """Return the laws that occur, shape (laws, 7), and those of each row's report and fate.

    `NO_LAW` where nothing is known.
    """
    stage, none = stage_of(cohort.session), np.zeros_like(cohort.session)
    decimals = np.clip(np.round(-np.log10(cohort.width)), 1, N_DECIMALS).astype(np.int64)
    decimals = np.where(cohort.kind == FINE, decimals, 0)
    reports = [stage, cohort.kind, decimals, none, none, none, none]
    is_later = (cohort.session > TEST_SESSIONS).astype(np.int64)
    fates = [stage, none + MISSING, none, cohort.fate, is_later, cohort.asked, cohort.unreported]
    every = np.concatenate([np.stack(reports, axis=1), np.stack(fates, axis=1)])
    is_known = np.concatenate([
        cohort.kind != MISSING, (cohort.fate != NOTHING) | (cohort.asked > 0)
    ])  # fmt: skip
    laws, at = np.unique(every[is_known], axis=0, return_inverse=True)
    of = np.full(len(every), NO_LAW)
    of[is_known] = at.ravel()
    report, fate = np.split(of, 2)
    return laws, report, fate


@compiled
def report_offset(relief, noise):
    """Return the offset of a report's place."""
    return 1 + (REACH - relief / noise) / STEP


@compiled
def pieces_of(p, laws, scores, extra_left, with_slopes):
    """Return the pieces of all scatters and laws at one population.

    Parameters
    ----------
    p
        Natural parameters in the order of `parameters.KERNEL_NAMES`.
    laws
        See `laws_of`.
    scores, extra_left
        Of the scatters and of the stages, see `bayes/scatter.py`.
    """
    n, stages = len(scores), len(extra_left)
    noise = np.empty((n, stages))
    log = np.zeros((n, len(laws), LAST + 1, 4))
    by = np.zeros((n, len(laws) if with_slopes else 0, N_SLOPES, LAST + 1, 4))
    knots = np.empty((2 + N_SLOPES, LAST))
    rise = np.zeros(LAST)
    for k in range(n):
        for stage in range(stages):
            noise[k, stage] = p[7] * np.exp(p[21] * scores[k])
            noise[k, stage] *= 1 + (p[22] - 1) * extra_left[stage]
            noise[k, stage] = max(noise[k, stage], LEAST_NOISE)
        for at in range(len(laws)):
            law = laws[at]
            if law[KIND] == MISSING:
                _fate_knots(p, law, knots)
            else:
                _report_knots(p, law, noise[k, law[STAGE]], knots)
            _fill(knots[0], knots[1], log[k, at])
            if with_slopes:
                for q in range(N_SLOPES):
                    _rise(knots[2 + q], rise)
                    _fill(knots[2 + q], rise, by[k, at, q])
    return Pieces(noise, 1 / (noise * STEP), log, by)


@compiled
def _report_knots(p, law, noise, knots):
    """Fill log P of a report at the knots, its slope a piece, and its slopes in parameters."""
    shares, edges = shares_of(p[8], p[9]), edges_of(noise)
    width = 10.0 ** -law[DECIMALS]
    knots[:] = 0.0
    for k in range(LAST):
        found = report_at(law[KIND], np.exp(k * STEP - REACH), width, noise, shares, edges)
        knots[0, k], knots[1, k] = found[0], found[1] * STEP
        knots[2, k], knots[3, k], knots[4, k] = found[2] / noise**2, found[3], found[4]


@compiled
def _fate_knots(p, law, knots):
    """Fill the same of what followed a session, and of the reports missing until then."""
    knots[:] = 0.0
    for k in range(LAST):
        t = np.exp(k * STEP - REACH)
        found = fate_at(law[FATE], law[IS_LATER] > 0, t, p[12:18])
        missing = missing_at(law[ASKED], law[UNREPORTED], t, p[23], p[24])
        knots[0, k], knots[1, k] = found[0] + missing[0], (found[1] + missing[1]) * STEP
        for q in range(4):
            knots[2 + q, k] = found[2 + q]
        knots[6, k], knots[7, k] = missing[2], missing[3]


@compiled
def _rise(value, rise):
    """Fill the slopes of a value at the knots, a piece, by differences."""
    rise[:] = 0.0
    for k in range(2, LAST - 2):
        near, far = value[k + 1] - value[k - 1], value[k + 2] - value[k - 2]
        rise[k] = (8 * near - far) / 12


@compiled
def _fill(value, rise, piece):
    """Fill the coefficients of all pieces from values and slopes (a piece's length is 1)."""
    for k in range(1, LAST):
        low, high = value[k - 1], value[k]
        piece[k, 0], piece[k, 1] = low, rise[k - 1]
        piece[k, 2] = 3 * (high - low) - 2 * rise[k - 1] - rise[k]
        piece[k, 3] = 2 * (low - high) + rise[k - 1] + rise[k]
    piece[0, 0], piece[0, 1] = value[0] - rise[0], rise[0]
    piece[LAST, 0], piece[LAST, 1] = value[LAST - 1], rise[LAST - 1]


@compiled
def piece_at(x):
    """Return the piece of a place (unsigned: signed indices are checked) and where in it."""
    k = int(min(max(x, 0.0), LAST + 0.5))
    return np.uintp(k), x - k


@compiled
def cubic(law, k, t):
    """Return log P of a law, or a slope of it, at piece k."""
    return law[k, 0] + t * (law[k, 1] + t * (law[k, 2] + t * law[k, 3]))


@compiled
def cubic_slope(law, k, t):
    """Return the slope of log P, per piece."""
    return law[k, 1] + t * (2 * law[k, 2] + t * 3 * law[k, 3])


@compiled
def cubic_bend(law, k, t):
    """Return minus the second derivative of log P, not below 0."""
    return max(-2 * law[k, 2] - 6 * law[k, 3] * t, 0.0)
