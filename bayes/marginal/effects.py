"""Draws of each patient's course given the population, as a kernel.

Here: sampling importance resampling. A candidate takes a component (a node of the rate and a
course) in proportion to its part of the marginal likelihood, a rate within the node's cell, start
and plateau from the component's normal; one of the candidates is kept in proportion to target
over proposal. Not here: the parts (`evaluate.py`), draws of the population (`importance.py`).
"""

import numpy as np

from bayes.marginal.adapt import active_onsets
from bayes.marginal.compiled import compiled
from bayes.marginal.evaluate import course_share, log_at, log_sum

FLAT, KEPT = 0, 1


@compiled
def draw_effects(
    p, tables, rising, rows, nodes, places, component, rng, candidates, first, last, out
):
    """Fill one draw of the course of patients first..last - 1.

    Parameters
    ----------
    p, tables, rising, rows, nodes, places, component
        See `evaluate`, which fills `component`.
    rng
        numpy.random.Generator of this call.
    candidates
        Candidates a draw.
    out
        Filled, shape (patients, 4): position in `curves.COURSES`, start and plateau in points,
        log rate. A flat course has its start as plateau, and a log rate from the population.
    """
    drawn = np.empty((candidates, 4))
    weight = np.empty(candidates)
    n_onsets = len(nodes.onsets)
    for i in range(first, last):
        a, b = rows.offsets[i], rows.offsets[i + 1]
        seen = rows.session[a:b], rows.report[a:b], rows.fate[a:b], tables.offset[a:b]
        n_active = active_onsets(rows.session[b - 1], nodes.onsets)
        share = np.cumsum(np.exp(component[i] - log_sum(component[i])))
        for r in range(candidates):
            at = min(np.searchsorted(share, rng.random()), len(share) - 1)
            if at == len(share) - 1:
                weight[r] = _flat_candidate(p, tables, seen, places, i, rng, drawn[r])
                weight[r] -= np.logaddexp(0.0, rising[i])
            else:
                c = at % places.centre.shape[2]
                j = at // places.centre.shape[2]
                weight[r] = _rising_candidate(
                    p, tables, seen, nodes, places, i, j, c, rng, drawn[r]
                )
                weight[r] -= np.logaddexp(0.0, -rising[i])
                weight[r] += np.log(course_share(p[10], c, n_active, n_onsets))
            weight[r] -= component[i, at]
        kept = np.cumsum(np.exp(weight - weight.max()))
        r = min(np.searchsorted(kept, rng.random() * kept[-1]), candidates - 1)
        out[i] = drawn[r]
        if drawn[r, 0] == KEPT and n_active < n_onsets:
            out[i, 0] = _later_course(p[10], n_active, n_onsets, rng)


@compiled
def _later_course(relapse_share, n_active, n_onsets, rng):
    """Return a course among those that are alike until the last session."""
    later = relapse_share * (n_onsets - n_active) / n_onsets
    if rng.random() * course_share(relapse_share, 0, n_active, n_onsets) >= later:
        return KEPT
    return KEPT + 1 + n_active + rng.integers(0, n_onsets - n_active)


@compiled
def _flat_candidate(p, tables, seen, places, i, rng, drawn):
    x = rng.standard_normal()
    z = places.flat_centre[i] + places.flat_scale[i] * x
    level = p[0] + p[19] + p[1] * p[20] * z
    drawn[0], drawn[1], drawn[2] = FLAT, level, level
    drawn[3] = p[5] + p[6] * rng.standard_normal()
    log = log_likelihood(tables, seen, level, level, 1.0, 0)
    return log - (z * z - x * x) / 2 + np.log(places.flat_scale[i])


@compiled
def _rising_candidate(p, tables, seen, nodes, places, i, j, c, rng, drawn):
    """Fill a rising course; return log of target over normal proposal."""
    move = rng.random() - 0.5
    step = nodes.rate[1] - nodes.rate[0]
    z = nodes.rate[j] + move * step
    beside = j + 1 if move > 0 else j - 1
    centre, scale = places.centre[i, j, c], places.scale[i, j, c]
    c0, c1 = centre[0], centre[1]
    if 0 <= beside < len(nodes.rate) and not places.skipped[i, beside, c]:
        c0 += abs(move) * (places.centre[i, beside, c, 0] - c0)
        c1 += abs(move) * (places.centre[i, beside, c, 1] - c1)
    x0, x1 = rng.standard_normal(), rng.standard_normal()
    z0 = c0 + scale[0] * x0
    z1 = c1 + scale[1] * x0 + scale[2] * x1
    start = p[0] + p[1] * z0
    plateau = p[2] + p[3] * (p[4] * z0 + np.sqrt(1 - p[4] * p[4]) * z1)
    drawn[0], drawn[1], drawn[2], drawn[3] = KEPT + c, start, plateau, p[5] + p[6] * z
    log = log_likelihood(tables, seen, start, plateau, np.exp(drawn[3]), c)
    log += np.log(scale[0] * scale[2]) - (z0 * z0 + z1 * z1 - x0 * x0 - x1 * x1) / 2
    return log + nodes.rate_log_weight[j] + (nodes.rate[j] * nodes.rate[j] - z * z) / 2


@compiled
def log_likelihood(tables, seen, start, plateau, rate, c):
    """Return log P(reports and fates) of one course; c is 0 where no relapse comes."""
    session, report, fate, offset = seen
    pieces, kept = tables.pieces, tables.kept
    scale, log = rate**tables.shape, 0.0
    for row in range(len(session)):
        s = session[row]
        done = (1 - np.exp(-scale * tables.power[s])) * kept[c, s]
        place = (start + (plateau - start) * done) * pieces.unit
        log += log_at(report[row], fate[row], offset[row], pieces, place)
    return log
