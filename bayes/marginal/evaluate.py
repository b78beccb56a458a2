"""The marginal likelihood of each patient and its slopes, as kernels.

Here: sums over nodes, equation (10) of docs/models.md. The nodes stand still in standard scores
while the parameters move, so the slopes are exact derivatives of the sum (Fisher's identity holds
node by node). Not here: where the nodes stand (`adapt.py`).
"""

import numpy as np

from bayes.marginal.adapt import active_onsets
from bayes.marginal.compiled import compiled, inlined
from bayes.marginal.lines import line_of, place_of
from bayes.marginal.pieces import LAST, N_LAWS, cubic, piece_at
from bayes.marginal.slopes import add_flat_slopes, add_law_slopes, add_rising_slopes

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
        Filled: log P(data of patient i), and its log parts by node of the rate and course, shape
        (patients, rates * courses + 1), the flat course last.
    slopes
        Filled unless its first dimension is 0: d log_marginal / d p, then / d rising, shape
        (patients, parameters + 1).
    """
    m, courses = len(nodes.first), places.centre.shape[2]
    logs = np.empty((len(nodes.rate) * courses, m))
    flat = np.empty(len(nodes.flat))
    room = np.empty((5, max(m, len(flat))))
    with_slopes = len(slopes) > 0
    mass = np.zeros((N_LAWS if with_slopes else 0, LAST + 1, 4))
    for i in range(first, last):
        a, b = rows.offsets[i], rows.offsets[i + 1]
        n_active = active_onsets(rows.session[b - 1], nodes.onsets)
        log_rises = -np.logaddexp(0.0, -rising[i])
        component[i] = -np.inf
        seen = rows.session[a:b], rows.report[a:b], rows.fate[a:b], tables.offset[a:b]
        for c in range(1 + n_active):
            log_prior = log_rises + np.log(course_share(p[10], c, n_active, len(nodes.onsets)))
            for j in range(len(nodes.rate)):
                if places.skipped[i, j, c]:
                    continue
                at = j * courses + c
                prior = log_prior + nodes.rate_log_weight[j]
                own = logs[at]
                _rising_logs(p, tables, seen, nodes, place_of(places, i, j, c), prior, j, c, own)
                component[i, at] = log_sum(own)
        _flat_logs(p, tables.pieces, seen, nodes, places.flat_centre[i], places.flat_scale[i], flat)
        flat -= np.logaddexp(0.0, rising[i])
        component[i, -1] = log_sum(flat)
        log_marginal[i] = log_sum(component[i])
        if with_slopes:
            slopes[i] = 0.0
            _patient_slopes(
                p, tables, rising[i], rows, seen, nodes, places, i, logs, flat, component[i],
                log_marginal[i], room, mass, slopes[i],
            )  # fmt: skip
            if each or i == last - 1:
                add_law_slopes(tables.pieces, rows.used, mass, slopes[i])


@compiled
def course_share(relapse_share, course, n_active, n_onsets):
    """Return the prior share of a course among rising ones, seen until the last session.

    A relapse that would begin later looks like none.
    """
    if course > 0:
        return relapse_share / n_onsets
    return 1 - relapse_share * n_active / n_onsets


@compiled
def _patient_slopes(
    p,
    tables,
    rising,
    rows,
    seen,
    nodes,
    places,
    i,
    logs,
    flat,
    component,
    total,
    room,
    mass,
    slopes,
):
    courses, n_onsets = places.centre.shape[2], len(nodes.onsets)
    n_active = active_onsets(seen[0][-1], nodes.onsets)
    share_flat = np.exp(component[-1] - total)
    slopes[-1] = (1 - share_flat) - 1 / (1 + np.exp(-rising))
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
                p, tables, seen, nodes, place_of(places, i, j, c), onset, j, c, logs[at], total,
                room, mass, slopes,
            )  # fmt: skip
    if share_flat > NEGLIGIBLE:
        add_flat_slopes(
            p, tables.pieces, seen, nodes, places.flat_centre[i], places.flat_scale[i],
            np.exp(flat - total), room, mass, slopes,
        )  # fmt: skip


@compiled
def _rising_logs(p, tables, seen, nodes, place, prior, j, c, logs):
    """Fill the log of likelihood, prior and weight at every node of course c at rate j."""
    session, report, fate, offset = seen
    pieces, left, kept = tables.pieces, tables.left, tables.kept
    first, second, unit = nodes.first, nodes.second, pieces.unit
    m = len(first)
    size = prior + np.log(place[2] * place[4])
    for q in range(m):
        z0 = place[0] + place[2] * first[q]
        z1 = place[1] + place[3] * first[q] + place[4] * second[q]
        logs[q] = size + nodes.pair_log_weight[q] - (z0 * z0 + z1 * z1) / 2
    line = line_of(p, place)
    for row in range(len(session)):
        done = (1 - left[j, session[row]]) * kept[c, session[row]]
        latent = (line[0] + done * line[1]) * unit
        along, across = (line[2] + done * line[3]) * unit, done * line[4] * unit
        if report[row] >= 0:
            law, here = pieces.log[report[row]], latent + offset[row]
            for q in range(m):
                at, t = piece_at(here + along * first[q] + across * second[q])
                logs[q] += cubic(law, at, t)
        if fate[row] >= 0:
            law, here = pieces.log[fate[row]], latent + pieces.fate_offset
            for q in range(m):
                at, t = piece_at(here + along * first[q] + across * second[q])
                logs[q] += cubic(law, at, t)


@compiled
def _flat_logs(p, pieces, seen, nodes, centre, scale, logs):
    session, report, fate, offset = seen
    for q in range(len(nodes.flat)):
        z = centre + scale * nodes.flat[q]
        place = (p[0] + p[19] + p[1] * p[20] * z) * pieces.unit
        logs[q] = nodes.flat_log_weight[q] - z * z / 2 + np.log(scale)
        for row in range(len(session)):
            logs[q] += log_at(report[row], fate[row], offset[row], pieces, place)


@inlined
def log_at(report, fate, offset, pieces, place):
    """Return log P of one session's report and fate, at latent relief in pieces."""
    log = 0.0
    if report >= 0:
        k, t = piece_at(place + offset)
        log += cubic(pieces.log[report], k, t)
    if fate >= 0:
        k, t = piece_at(place + pieces.fate_offset)
        log += cubic(pieces.log[fate], k, t)
    return log


@compiled
def log_sum(logs):
    """Return log(sum(exp(logs)))."""
    top = logs.max()
    total = 0.0
    for value in logs:
        total += np.exp(value - top)
    return top + np.log(total)
