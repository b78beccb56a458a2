"""Modes and scales of the patient effects, as a kernel.

Here: damped Newton steps for start and plateau at every node of the log rate and every course,
and for the level of a flat course. Not here: the sums over nodes (`evaluate.py`).
"""

import numpy as np

from bayes.cohort import MISSING, NOTHING
from bayes.marginal.compiled import compiled
from bayes.marginal.report_law import latent_power, slopes_of_mass
from bayes.marginal.stop_law import slopes_of_fate
from bayes.marginal.tables import tables_of

LONGEST_STEP = 1.5


@compiled
def adapt(p, rows, nodes, places, steps, first, last):
    """Move the places of patients first..last - 1 towards their modes, in place.

    Parameters
    ----------
    p
        Natural parameters in the order of `parameters.KERNEL_NAMES`.
    rows, nodes, places
        See `grid.py`.
    steps
        Newton steps: about eight from the prior, one or two after a small change.
    """
    tables = tables_of(p, rows, nodes, first, last)
    for i in range(first, last):
        a, b = rows.offsets[i], rows.offsets[i + 1]
        seen = (
            rows.session[a:b], rows.kind[a:b], tables.decay[a:b], tables.fine[a:b],
            rows.width[a:b], rows.fate[a:b],
        )  # fmt: skip
        _adapt_flat(p, tables.law, tables.hazards, seen, places, steps, i)
        courses = 1 + active_onsets(rows.session[b - 1], nodes.onsets)
        for j in range(len(nodes.rate)):
            for c in range(courses):
                if places.skipped[i, j, c]:
                    continue
                _adapt_rising(
                    p, tables.law, tables.hazards, seen, places.centre[i, j, c],
                    places.scale[i, j, c], steps, tables.left[j], tables.kept[c],
                )  # fmt: skip


@compiled
def active_onsets(last_session, onsets):
    """Return how many onsets lie before the patient's last session."""
    n = 0
    while n < len(onsets) and onsets[n] < last_session:
        n += 1
    return n


@compiled
def row_slopes(session, kind, decay, fine, width, fate, law, hazards, latent):
    """Return d log P / d eta of one session's report and fate, and minus its derivative."""
    noise = law[0]
    power = np.exp(latent_power(latent, noise))
    slope, bend = 0.0, 0.0
    if kind != MISSING:
        slope, bend, _, _, _ = slopes_of_mass(kind, decay, fine, width, law, power)
    if fate != NOTHING:
        more, bends, _, _, _, _ = slopes_of_fate(fate, session, hazards, law[7], power)
        slope += more
        bend += max(bends, 0.0)
    return slope / noise, bend / noise**2


@compiled
def _adapt_rising(p, law, hazards, seen, centre, scale, steps, left, kept):
    session, kind, decay, fine, width, fate = seen
    correlation = p[4]
    rest = np.sqrt(1 - correlation**2)
    for step in range(steps + 1):
        g0, g1 = -centre[0], -centre[1]
        h00, h01, h11 = 1.0, 0.0, 1.0
        start = p[0] + p[1] * centre[0]
        plateau = p[2] + p[3] * (correlation * centre[0] + rest * centre[1])
        for row in range(len(session)):
            s = session[row]
            done = (1 - left[s]) * kept[s]
            slope, bend = row_slopes(
                s, kind[row], decay[row], fine[row], width[row], fate[row], law, hazards,
                start + (plateau - start) * done,
            )  # fmt: skip
            d0 = (1 - done) * p[1] + done * p[3] * correlation
            d1 = done * p[3] * rest
            g0 += slope * d0
            g1 += slope * d1
            h00 += bend * d0 * d0
            h01 += bend * d0 * d1
            h11 += bend * d1 * d1
        if step == steps:
            _invert_root(h00, h01, h11, scale)
            return
        determinant = h00 * h11 - h01 * h01
        m0 = (h11 * g0 - h01 * g1) / determinant
        m1 = (h00 * g1 - h01 * g0) / determinant
        length = np.sqrt(m0 * m0 + m1 * m1)
        damp = min(1.0, LONGEST_STEP / max(length, 1e-12))
        centre[0] += damp * m0
        centre[1] += damp * m1


@compiled
def _invert_root(h00, h01, h11, scale):
    """Write the Cholesky factor of the inverse of a 2 x 2 precision."""
    determinant = h00 * h11 - h01 * h01
    v00, v01, v11 = h11 / determinant, -h01 / determinant, h00 / determinant
    scale[0] = np.sqrt(v00)
    scale[1] = v01 / scale[0]
    scale[2] = np.sqrt(max(v11 - scale[1] * scale[1], 1e-12))


@compiled
def _adapt_flat(p, law, hazards, seen, places, steps, i):
    session, kind, decay, fine, width, fate = seen
    for step in range(steps + 1):
        z = places.flat_centre[i]
        g, h = -z, 1.0
        for row in range(len(session)):
            slope, bend = row_slopes(
                session[row], kind[row], decay[row], fine[row], width[row], fate[row], law,
                hazards, p[0] + p[1] * z,
            )  # fmt: skip
            g += slope * p[1]
            h += bend * p[1] * p[1]
        if step == steps:
            places.flat_scale[i] = 1 / np.sqrt(h)
            return
        places.flat_centre[i] = z + min(max(g / h, -LONGEST_STEP), LONGEST_STEP)
