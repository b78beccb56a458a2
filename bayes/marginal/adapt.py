"""Modes and scales of the patient effects, as a kernel.

Here: damped Newton steps for start and plateau at every node of the log rate and every course,
and for the level of a flat course. Not here: the sums over nodes (`evaluate.py`).
"""

import numpy as np

from bayes.marginal.compiled import compiled, inlined
from bayes.marginal.grid import NONE
from bayes.marginal.pieces import cubic_bend, cubic_slope, piece_at
from bayes.marginal.tables import rows_seen

LONGEST_STEP = 1.5


@compiled
def adapt(p, tables, rows, nodes, places, steps, first, last):
    """Move the places of patients first..last - 1 towards their modes, in place.

    Parameters
    ----------
    p
        Natural parameters in the order of `parameters.KERNEL_NAMES`.
    tables, rows, nodes, places
        See `tables.py`, `grid.py`.
    steps
        Newton steps, at least one: about eight from the prior, one or two after a small change.
    """
    for i in range(first, last):
        for k in range(len(nodes.scatter)):
            _adapt_patient(p, tables, rows, nodes, places, steps, i, k)


@compiled
def _adapt_patient(p, tables, rows, nodes, places, steps, i, k):
    """Move the places of patient i at scatter k."""
    laws, seen = tables.pieces.log[k], rows_seen(rows, tables, i, k)
    _adapt_flat(p, laws, seen, places, steps, i, k)
    courses = 1 + active_onsets(seen[0][-1], nodes.onsets)
    centre, scale = places.centre[i, k], places.scale[i, k]
    for j in range(len(nodes.rate)):
        for c in range(courses):
            if places.effort[i, k, j, c] == NONE:
                continue
            z = centre[j, c, 0], centre[j, c, 1]
            found = _adapt_rising(p, tables, laws, seen, z, steps, j, c)
            centre[j, c, 0], centre[j, c, 1] = found[0], found[1]
            scale[j, c, 0], scale[j, c, 1], scale[j, c, 2] = found[2], found[3], found[4]


@compiled
def active_onsets(last_session, onsets):
    """Return how many onsets lie before the patient's last session."""
    n = 0
    while n < len(onsets) and onsets[n] < last_session:
        n += 1
    return n


@inlined
def row_bends(laws, report, fate, unit, offset, fate_offset, latent):
    """Return d log P / d eta of one session's report and fate, and minus its derivative."""
    slope, bend, place = 0.0, 0.0, latent * unit
    if report >= 0:
        k, t = piece_at(place + offset)
        slope += cubic_slope(laws[report], k, t)
        bend += cubic_bend(laws[report], k, t)
    if fate >= 0:
        k, t = piece_at(place + fate_offset)
        slope += cubic_slope(laws[fate], k, t)
        bend += cubic_bend(laws[fate], k, t)
    return slope * unit, bend * unit * unit


@compiled
def _adapt_rising(p, tables, laws, seen, z, steps, j, c):
    """Return the centre after Newton steps from z, and the scale where the last one began.

    The scale where it ended would cost another pass over the sessions and is no better known: near
    the mode the curvature changes little in a step.
    """
    session, report, fate, unit, offset, fate_offset = seen
    left, kept = tables.left, tables.kept
    correlation = p[4]
    rest = np.sqrt(1 - correlation**2)
    z0, z1 = z
    for _ in range(steps):
        g0, g1 = -z0, -z1
        h00, h01, h11 = 1.0, 0.0, 1.0
        start = p[0] + p[1] * z0
        plateau = p[2] + p[3] * (correlation * z0 + rest * z1)
        for row in range(len(session)):
            done = (1 - left[j, session[row]]) * kept[c, session[row]]
            slope, bend = row_bends(
                laws, report[row], fate[row], unit[row], offset[row], fate_offset[row],
                start + (plateau - start) * done,
            )  # fmt: skip
            d0 = (1 - done) * p[1] + done * p[3] * correlation
            d1 = done * p[3] * rest
            g0 += slope * d0
            g1 += slope * d1
            h00 += bend * d0 * d0
            h01 += bend * d0 * d1
            h11 += bend * d1 * d1
        determinant = h00 * h11 - h01 * h01
        m0 = (h11 * g0 - h01 * g1) / determinant
        m1 = (h00 * g1 - h01 * g0) / determinant
        length = np.sqrt(m0 * m0 + m1 * m1)
        damp = min(1.0, LONGEST_STEP / max(length, 1e-12))
        z0 += damp * m0
        z1 += damp * m1
    # Cholesky factor of the inverse of the precision.
    s0 = np.sqrt(h11 / determinant)
    s1 = -h01 / determinant / s0
    return z0, z1, s0, s1, np.sqrt(max(h00 / determinant - s1 * s1, 1e-12))


@compiled
def _adapt_flat(p, laws, seen, places, steps, i, k):
    _, report, fate, unit, offset, fate_offset = seen
    mean, sd = p[0] + p[19], p[1] * p[20]
    for _ in range(steps):
        z = places.flat_centre[i, k]
        g, h = -z, 1.0
        for row in range(len(report)):
            slope, bend = row_bends(
                laws, report[row], fate[row], unit[row], offset[row], fate_offset[row],
                mean + sd * z,
            )  # fmt: skip
            g += slope * sd
            h += bend * sd * sd
        places.flat_scale[i, k] = 1 / np.sqrt(h)
        places.flat_centre[i, k] = z + min(max(g / h, -LONGEST_STEP), LONGEST_STEP)
