"""Both laws of a session as cubic pieces: no exponential, logarithm or division at a node.

log P of a report depends on latent relief through v = (eta - y) / sigma alone, that of a fate
through v = (eta - 10) / sigma, and there are few kinds of either, few scatters and few stages whose
noise differs (`bayes/scatter.py`). So at each population every law is computed at knots a quarter
apart (`report_law.py`, `stop_law.py`) and read between them by the cubic with the same values and
slopes: within 4e-6 of the law; beyond the knots both laws are straight lines. Here: the pieces, as
kernels. Not here: who reads them.

A place x is v in units of pieces; piece int(x) holds x. A row's place is eta * unit + offset,
with the unit of its stage. Law number stage * N_LAWS + kind.
"""

from collections import namedtuple

import numpy as np
from numpy.typing import NDArray

from bayes.cohort import FINE, LOST_EFFICACY, MISSING, NOTHING, SURGERY, TEST_SESSIONS, WENT_ON
from bayes.marginal.compiled import compiled
from bayes.marginal.report_law import edges_of, report_at, shares_of
from bayes.marginal.stop_law import fate_at
from bayes.scatter import stage_of

IntArray = NDArray[np.int64]

STEP = 0.25
REACH = 20.0
LAST = int(2 * REACH / STEP) + 1
"""Last piece; it and the first are the straight lines."""
RELIEF_PCT = 10.0
N_KINDS, N_DECIMALS, N_FATES = 5, 3, 5
N_LAWS = N_KINDS + N_DECIMALS + N_FATES
NO_LAW = -1
N_SLOPES = 4
"""Most slopes in parameters that a law has: three of a report, four of a fate."""

Pieces = namedtuple("Pieces", "noise unit log by")
"""noise, and unit (pieces a point of latent relief), by scatter and stage; log (scatters, laws,
pieces, 4): coefficients of log P; by (scatters, laws, slopes, pieces, 4): of its slopes in noise
(through the widths), tens_share, fives_share, or in the hazards low, high, surgery low, high;
without laws if not asked for."""


def report_laws(kind: IntArray, width: NDArray[np.float64], session: IntArray) -> IntArray:
    """Return the law of every report, `NO_LAW` where it is missing."""
    decimals = np.clip(np.round(-np.log10(width)), 1, N_DECIMALS).astype(np.int64)
    law = np.where(kind == FINE, N_KINDS + decimals - 1, kind - 1)
    return np.where(kind == MISSING, NO_LAW, law + N_LAWS * stage_of(session))


def fate_laws(fate: IntArray, session: IntArray) -> IntArray:
    """Return the law of every fate, `NO_LAW` where nothing is known."""
    later = 2 * (session > TEST_SESSIONS)
    first = N_KINDS + N_DECIMALS
    law = first + np.where(fate == SURGERY, 4, later + (fate == LOST_EFFICACY))
    return np.where(fate == NOTHING, NO_LAW, law + N_LAWS * stage_of(session))


@compiled
def report_offset(relief, noise):
    """Return the offset of a report's place."""
    return 1 + (REACH - relief / noise) / STEP


@compiled
def pieces_of(p, used, scores, extra_left, with_slopes):
    """Return the pieces of all scatters, of the laws that `used` names, at one population.

    Parameters
    ----------
    p
        Natural parameters in the order of `parameters.KERNEL_NAMES`.
    used
        By law.
    scores, extra_left
        Of the scatters and of the stages, see `bayes/scatter.py`.
    """
    n, stages = len(scores), len(extra_left)
    noise = np.empty((n, stages))
    log = np.zeros((n, len(used), LAST + 1, 4))
    by = np.zeros((n, len(used) if with_slopes else 0, N_SLOPES, LAST + 1, 4))
    for k in range(n):
        for stage in range(stages):
            noise[k, stage] = p[7] * np.exp(p[21] * scores[k])
            noise[k, stage] *= 1 + (p[22] - 1) * extra_left[stage]
            here = slice(stage * N_LAWS, (stage + 1) * N_LAWS)
            _fill_laws(p, noise[k, stage], used[here], log[k, here], by[k, here])
    return Pieces(noise, 1 / (noise * STEP), log, by)


@compiled
def _fill_laws(p, noise, used, log, by):
    """Fill the pieces of the laws of one noise."""
    hazards, with_slopes = p[12:18], len(by) > 0
    shares, edges = shares_of(p[8], p[9]), edges_of(noise)
    knots = np.empty((2 + N_SLOPES, LAST))
    for law in range(N_LAWS):
        if not used[law]:
            continue
        knots[:] = 0.0
        for k in range(LAST):
            t = np.exp(k * STEP - REACH)
            if law < N_KINDS + N_DECIMALS:
                kind = min(law + 1, FINE)
                width = 10.0 ** (N_KINDS - 1 - law) if kind == FINE else 1.0
                found = report_at(kind, t, width, noise, shares, edges)
                knots[0, k], knots[1, k] = found[0], found[1] * STEP
                knots[2, k], knots[3, k], knots[4, k] = found[2] / noise**2, found[3], found[4]
            else:
                what = law - N_KINDS - N_DECIMALS
                fate = SURGERY if what == 4 else (LOST_EFFICACY if what % 2 == 1 else WENT_ON)
                found_fate = fate_at(fate, what >= 2, t, hazards)
                knots[0, k], knots[1, k] = found_fate[0], found_fate[1] * STEP
                for q in range(4):
                    knots[2 + q, k] = found_fate[2 + q]
        _fill(knots[0], knots[1], log[law])
        if with_slopes:
            rise = np.zeros(LAST)
            for q in range(N_SLOPES):
                value = knots[2 + q]
                for k in range(2, LAST - 2):
                    near, far = value[k + 1] - value[k - 1], value[k + 2] - value[k - 2]
                    rise[k] = (8 * near - far) / 12
                _fill(value, rise, by[law, q])


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
