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
from bayes.marginal.grid import NONE
from bayes.marginal.tables import rows_seen

FLAT, KEPT = 0, 1


@compiled
def draw_effects(p, tables, rising, rows, nodes, places, component, rng, candidates, out):
    """Fill draws of every patient's course.

    Parameters
    ----------
    p, tables, rising, rows, nodes, places, component
        See `evaluate`, which fills `component`.
    rng
        numpy.random.Generator of this call.
    candidates
        Candidates a draw.
    out
        Filled, shape (draws, patients, 5): position in `curves.COURSES`, start and plateau in
        points, log rate, position in `scatter.SCORES`. A flat course has its start as plateau, and
        a log rate from the population.
    """
    drawn = np.empty((candidates, 5))
    weight = np.empty(candidates)
    n_onsets, courses = len(nodes.onsets), places.centre.shape[3]
    each = len(nodes.rate) * courses + 1
    for i in range(out.shape[1]):
        n_active = active_onsets(rows.session[rows.offsets[i + 1] - 1], nodes.onsets)
        parts = component[i].ravel()
        share = np.cumsum(np.exp(parts - log_sum(parts)))
        for d in range(out.shape[0]):
            for r in range(candidates):
                found = min(np.searchsorted(share, rng.random()), len(share) - 1)
                k, at = found // each, found % each
                seen = rows_seen(rows, tables, i, k)
                if at == each - 1:
                    weight[r] = _flat_candidate(p, tables, seen, places, i, k, rng, drawn[r])
                    weight[r] -= np.logaddexp(0.0, rising[i])
                else:
                    c = at % courses
                    weight[r] = _rising_candidate(
                        p, tables, seen, nodes, places, i, k, at // courses, c, rng, drawn[r]
                    )
                    weight[r] -= np.logaddexp(0.0, -rising[i])
                    weight[r] += np.log(course_share(p[10], c, n_active, n_onsets))
                drawn[r, 4] = k
                weight[r] += nodes.scatter_log_share[k] - parts[found]
            kept = np.cumsum(np.exp(weight - weight.max()))
            r = min(np.searchsorted(kept, rng.random() * kept[-1]), candidates - 1)
            out[d, i] = drawn[r]
            if drawn[r, 0] == KEPT and n_active < n_onsets:
                out[d, i, 0] = _later_course(p[10], n_active, n_onsets, rng)


@compiled
def _later_course(relapse_share, n_active, n_onsets, rng):
    """Return a course among those that are alike until the last session."""
    later = relapse_share * (n_onsets - n_active) / n_onsets
    if rng.random() * course_share(relapse_share, 0, n_active, n_onsets) >= later:
        return KEPT
    return KEPT + 1 + n_active + rng.integers(0, n_onsets - n_active)


@compiled
def _flat_candidate(p, tables, seen, places, i, k, rng, drawn):
    x = rng.standard_normal()
    z = places.flat_centre[i, k] + places.flat_scale[i, k] * x
    level = p[0] + p[19] + p[1] * p[20] * z
    drawn[0], drawn[1], drawn[2] = FLAT, level, level
    drawn[3] = p[5] + p[6] * rng.standard_normal()
    log = log_likelihood(tables, k, seen, level, level, 1.0, 0)
    return log - (z * z - x * x) / 2 + np.log(places.flat_scale[i, k])


@compiled
def _rising_candidate(p, tables, seen, nodes, places, i, k, j, c, rng, drawn):
    """Fill a rising course; return log of target over normal proposal."""
    move = rng.random() - 0.5
    step = nodes.rate[1] - nodes.rate[0]
    z = nodes.rate[j] + move * step
    beside = j + 1 if move > 0 else j - 1
    centre, scale = places.centre[i, k, j, c], places.scale[i, k, j, c]
    c0, c1 = centre[0], centre[1]
    if 0 <= beside < len(nodes.rate) and places.effort[i, k, beside, c] != NONE:
        c0 += abs(move) * (places.centre[i, k, beside, c, 0] - c0)
        c1 += abs(move) * (places.centre[i, k, beside, c, 1] - c1)
    x0, x1 = rng.standard_normal(), rng.standard_normal()
    z0 = c0 + scale[0] * x0
    z1 = c1 + scale[1] * x0 + scale[2] * x1
    start = p[0] + p[1] * z0
    plateau = p[2] + p[3] * (p[4] * z0 + np.sqrt(1 - p[4] * p[4]) * z1)
    drawn[0], drawn[1], drawn[2], drawn[3] = KEPT + c, start, plateau, p[5] + p[6] * z
    log = log_likelihood(tables, k, seen, start, plateau, np.exp(drawn[3]), c)
    log += np.log(scale[0] * scale[2]) - (z0 * z0 + z1 * z1 - x0 * x0 - x1 * x1) / 2
    return log + nodes.rate_log_weight[j] + (nodes.rate[j] * nodes.rate[j] - z * z) / 2


@compiled
def log_likelihood(tables, k, seen, start, plateau, rate, c):
    """Return log P(reports and fates) of one course at scatter k; c is 0 without relapse."""
    session, report, fate, unit, offset, fate_offset = seen
    laws, kept = tables.pieces.log[k], tables.kept
    scale, log = rate**tables.shape, 0.0
    for row in range(len(session)):
        s = session[row]
        done = (1 - np.exp(-scale * tables.power[s])) * kept[c, s]
        latent = start + (plateau - start) * done
        log += log_at(
            laws, report[row], fate[row], unit[row], offset[row], fate_offset[row], latent
        )
    return log
