"""The marginal likelihood of each patient and its slopes, as kernels.

Here: sums over nodes, equation (10) of docs/models.md. The nodes stand still in standard scores
while the parameters move, so the slopes are exact derivatives of the sum (Fisher's identity holds
node by node). Not here: where the nodes stand (`adapt.py`).
"""

import numpy as np

from bayes.marginal.adapt import active_onsets
from bayes.marginal.compiled import compiled, inlined
from bayes.marginal.grid import FULL, NONE
from bayes.marginal.lines import line_of, place_of
from bayes.marginal.pieces import LAST, cubic, piece_at
from bayes.marginal.slopes import add_flat_slopes, add_law_slopes, add_rising_slopes
from bayes.marginal.tables import rows_seen

NEGLIGIBLE = 1e-6


@compiled
def evaluate(
    p, tables, rising, rows, nodes, places, first, last, each, log_marginal, component, slopes
):
    """Fill the log marginals of patients first..last - 1, and their slopes where asked.

    Parameters
    ----------
    p
        Natural parameters in the order of `parameters.KERNEL_NAMES`.
    rising
        Logit of the chance to rise, by patient.
    tables, rows, nodes, places
        See `tables.py`, `grid.py`.
    each
        Whether each patient's slopes are wanted, or their sum only: then those in noise, heaping
        and hazards stand with the last patient.
    log_marginal, component
        Filled: log P(data of patient i), and its log parts by scatter, and by node of the rate and
        course, shape (patients, scatters, rates * courses + 1), the flat course last.
    slopes
        Filled unless its first dimension is 0: d log_marginal / d p, then / d rising, shape
        (patients, parameters + 1).
    """
    m, courses, scatters = len(nodes.first), places.centre.shape[3], len(nodes.scatter)
    logs = np.empty((scatters, len(nodes.rate) * courses, m))
    flat = np.empty((scatters, len(nodes.flat)))
    room = np.empty((5, max(m, len(nodes.flat))))
    with_slopes = len(slopes) > 0
    mass = np.zeros((scatters, len(rows.laws) if with_slopes else 0, LAST + 1, 4))
    for i in range(first, last):
        for k in range(scatters):
            _fill_components(
                p, tables, rising[i], rows, nodes, places, i, k, logs[k], flat[k], component[i, k]
            )
        log_marginal[i] = log_sum(component[i].ravel())
        if with_slopes:
            slopes[i] = 0.0
            flat_share = 0.0
            for k in range(scatters):
                flat_share += np.exp(component[i, k, -1] - log_marginal[i])
                _add_slopes(
                    p, tables, rows, nodes, places, i, k, logs[k], flat[k], component[i, k],
                    log_marginal[i], room, mass[k], slopes[i],
                )  # fmt: skip
            slopes[i, -1] = (1 - flat_share) - 1 / (1 + np.exp(-rising[i]))
            if each or i == last - 1:
                for k in range(scatters):
                    add_law_slopes(p, nodes, tables.pieces, rows.laws, k, mass[k], slopes[i])


@compiled
def _fill_components(p, tables, rising, rows, nodes, places, i, k, logs, flat, component):
    """Fill the log parts of patient i if his reports have scatter k, and their parts by node."""
    laws, seen = tables.pieces.log[k], rows_seen(rows, tables, i, k)
    n_active, courses = active_onsets(seen[0][-1], nodes.onsets), places.centre.shape[3]
    log_rises = nodes.scatter_log_share[k] - np.logaddexp(0.0, -rising)
    component[:] = -np.inf
    for c in range(1 + n_active):
        log_prior = log_rises + np.log(course_share(p[10], c, n_active, len(nodes.onsets)))
        for j in range(len(nodes.rate)):
            effort = places.effort[i, k, j, c]
            if effort == NONE:
                continue
            at = j * courses + c
            prior, place = log_prior + nodes.rate_log_weight[j], place_of(places, i, k, j, c)
            pairs = pairs_of(nodes, effort)
            own = logs[at, : len(pairs[0])]
            _rising_logs(p, tables, laws, seen, pairs, place, prior, j, c, own)
            component[at] = log_sum(own)
    _flat_logs(p, laws, seen, nodes, places.flat_centre[i, k], places.flat_scale[i, k], flat)
    flat += nodes.scatter_log_share[k] - np.logaddexp(0.0, rising)
    component[-1] = log_sum(flat)


@compiled
def course_share(relapse_share, course, n_active, n_onsets):
    """Return the prior share of a course among rising ones, seen until the last session.

    A relapse that would begin later looks like none.
    """
    if course > 0:
        return relapse_share / n_onsets
    return 1 - relapse_share * n_active / n_onsets


@compiled
def _add_slopes(
    p, tables, rows, nodes, places, i, k, logs, flat, component, total, room, mass, slopes
):
    """Add the slopes of patient i's marginal, whose log is `total`, that pass through scatter k."""
    courses, n_onsets = places.centre.shape[3], len(nodes.onsets)
    laws, seen = tables.pieces.log[k], rows_seen(rows, tables, i, k)
    n_active = active_onsets(seen[0][-1], nodes.onsets)
    for c in range(1 + n_active):
        by_share = 1 / p[10] if c > 0 else -n_active / (n_onsets - p[10] * n_active)
        for j in range(len(nodes.rate)):
            at = j * courses + c
            weight = np.exp(component[at] - total)
            if weight < NEGLIGIBLE:
                continue
            slopes[10] += weight * by_share
            onset = nodes.onsets[c - 1] if c > 0 else np.inf
            add_rising_slopes(
                p, tables, laws, seen, nodes.rate[j], pairs_of(nodes, places.effort[i, k, j, c]),
                place_of(places, i, k, j, c), onset, j, c, logs[at], total, room, mass, slopes,
            )  # fmt: skip
    if np.exp(component[-1] - total) > NEGLIGIBLE:
        add_flat_slopes(
            p, laws, seen, nodes, places.flat_centre[i, k], places.flat_scale[i, k],
            np.exp(flat - total), room, mass, slopes,
        )  # fmt: skip


@compiled
def pairs_of(nodes, effort):
    """Return the nodes of start and plateau for an effort: coordinates and log weights."""
    if effort == FULL:
        return nodes.first, nodes.second, nodes.pair_log_weight
    return nodes.light_first, nodes.light_second, nodes.light_log_weight


@compiled
def _rising_logs(p, tables, laws, seen, pairs, place, prior, j, c, logs):
    """Fill the log of likelihood, prior and weight at every node of course c at rate j."""
    session, report, fate, units, offset, fate_offset = seen
    left, kept = tables.left, tables.kept
    first, second, log_weight = pairs
    m = len(first)
    size = prior + np.log(place[2] * place[4])
    for q in range(m):
        z0 = place[0] + place[2] * first[q]
        z1 = place[1] + place[3] * first[q] + place[4] * second[q]
        logs[q] = size + log_weight[q] - (z0 * z0 + z1 * z1) / 2
    line = line_of(p, place)
    for row in range(len(session)):
        done = (1 - left[j, session[row]]) * kept[c, session[row]]
        unit = units[row]
        latent = (line[0] + done * line[1]) * unit
        along, across = (line[2] + done * line[3]) * unit, done * line[4] * unit
        if report[row] >= 0:
            law, here = laws[report[row]], latent + offset[row]
            for q in range(m):
                at, t = piece_at(here + along * first[q] + across * second[q])
                logs[q] += cubic(law, at, t)
        if fate[row] >= 0:
            law, here = laws[fate[row]], latent + fate_offset[row]
            for q in range(m):
                at, t = piece_at(here + along * first[q] + across * second[q])
                logs[q] += cubic(law, at, t)


@compiled
def _flat_logs(p, laws, seen, nodes, centre, scale, logs):
    _, report, fate, unit, offset, fate_offset = seen
    for q in range(len(nodes.flat)):
        z = centre + scale * nodes.flat[q]
        level = p[0] + p[19] + p[1] * p[20] * z
        logs[q] = nodes.flat_log_weight[q] - z * z / 2 + np.log(scale)
        for row in range(len(report)):
            logs[q] += log_at(
                laws, report[row], fate[row], unit[row], offset[row], fate_offset[row], level
            )


@inlined
def log_at(laws, report, fate, unit, offset, fate_offset, latent):
    """Return log P of one session's report and fate, at latent relief in points."""
    log, place = 0.0, latent * unit
    if report >= 0:
        k, t = piece_at(place + offset)
        log += cubic(laws[report], k, t)
    if fate >= 0:
        k, t = piece_at(place + fate_offset)
        log += cubic(laws[fate], k, t)
    return log


@compiled
def log_sum(logs):
    """Return log(sum(exp(logs)))."""
    top = logs.max()
    total = 0.0
    for value in logs:
        total += np.exp(value - top)
    return top + np.log(total)
