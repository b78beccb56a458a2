"""The marginal likelihood of each patient and its slopes, as kernels.

Here: sums over nodes, equation (10) of docs/models.md. The nodes stand still in standard scores
while the parameters move, so the slopes are exact derivatives of the sum (Fisher's identity holds
node by node). Not here: where the nodes stand (`adapt.py`).
"""

import numpy as np

from bayes.cohort import MISSING, NOTHING
from bayes.marginal.adapt import active_onsets
from bayes.marginal.compiled import compiled
from bayes.marginal.powers import fill_powers, line_of
from bayes.marginal.report_law import FLOOR, latent_power, multiply_mass
from bayes.marginal.slopes import add_flat_slopes, add_rising_slopes
from bayes.marginal.stop_law import multiply_fate
from bayes.marginal.tables import tables_of

NEGLIGIBLE = 1e-5
SMALL = 1e-120


@compiled
def evaluate(p, rising, rows, nodes, places, first, last, log_marginal, component, slopes):
    """Fill the log marginals of patients first..last - 1, and their slopes where asked.

    Parameters
    ----------
    p
        Natural parameters in the order of `parameters.KERNEL_NAMES`.
    rising
        Logit of the chance to rise, by patient.
    rows, nodes, places
        See `grid.py`.
    log_marginal, component
        Filled: log P(data of patient i), and its log parts by node of the rate and course, shape
        (patients, rates * courses + 1), the flat course last.
    slopes
        Filled unless its first dimension is 0: d log_marginal / d p, then / d rising, shape
        (patients, parameters + 1).
    """
    tables = tables_of(p, rows, nodes, first, last)
    m, courses = len(nodes.inner), places.centre.shape[2]
    logs = np.empty((len(nodes.rate) * courses, m * m))
    flat = np.empty(len(nodes.flat))
    room = np.empty(m * m), np.empty(m * m), np.empty(m), np.empty(m)
    for i in range(first, last):
        a, b = rows.offsets[i], rows.offsets[i + 1]
        n_active = active_onsets(rows.session[b - 1], nodes.onsets)
        log_rises = -np.logaddexp(0.0, -rising[i])
        component[i] = -np.inf
        seen = (
            rows.session[a:b], rows.kind[a:b], tables.decay[a:b], tables.fine[a:b], rows.fate[a:b],
        )  # fmt: skip
        for c in range(1 + n_active):
            log_prior = log_rises + np.log(course_share(p[10], c, n_active, len(nodes.onsets)))
            for j in range(len(nodes.rate)):
                if places.skipped[i, j, c]:
                    continue
                at = j * courses + c
                _rising_logs(
                    p, tables.law, tables.hazards, seen, nodes, places.centre[i, j, c],
                    places.scale[i, j, c], tables.left[j], tables.kept[c], room, logs[at],
                )  # fmt: skip
                logs[at] += log_prior + nodes.rate_log_weight[j]
                component[i, at] = log_sum(logs[at])
        _flat_logs(
            p, tables.law, tables.hazards, seen, nodes, places.flat_centre[i],
            places.flat_scale[i], flat,
        )  # fmt: skip
        flat -= np.logaddexp(0.0, rising[i])
        component[i, -1] = log_sum(flat)
        log_marginal[i] = log_sum(component[i])
        if len(slopes) > 0:
            slopes[i] = 0.0
            _patient_slopes(
                p, tables, rising[i], rows, seen, nodes, places, i, logs, flat, component[i],
                log_marginal[i], slopes[i], room,
            )  # fmt: skip


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
    p, tables, rising, rows, seen, nodes, places, i, logs, flat, component, total, slopes, room
):
    a, b = rows.offsets[i], rows.offsets[i + 1]
    relief, width = rows.relief[a:b], rows.width[a:b]
    courses, n_onsets = places.centre.shape[2], len(nodes.onsets)
    n_active = active_onsets(rows.session[b - 1], nodes.onsets)
    share_flat = np.exp(component[-1] - total)
    slopes[18] = (1 - share_flat) - 1 / (1 + np.exp(-rising))
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
                p, tables.law, tables.hazards, seen, relief, width, nodes, places.centre[i, j, c],
                places.scale[i, j, c], tables.rate[j], nodes.rate[j], onset, tables.left[j],
                tables.kept[c], np.exp(logs[at] - total), slopes, room,
            )  # fmt: skip
    if share_flat > NEGLIGIBLE:
        add_flat_slopes(
            p, tables.law, tables.hazards, seen, relief, width, nodes, places.flat_centre[i],
            places.flat_scale[i], np.exp(flat - total), slopes,
        )  # fmt: skip


@compiled
def _rising_logs(p, law, hazards, seen, nodes, centre, scale, left, kept, room, logs):
    """Fill the log of likelihood, prior of start and plateau and weight at every node."""
    session, kind, decay, fine, fate = seen
    x, weights, noise = nodes.inner, nodes.inner_log_weight, p[7]
    m = len(x)
    power, product, ones, twos = room
    product[:] = 1.0
    size = np.log(scale[0] * scale[2])
    for k in range(m):
        z0 = centre[0] + scale[0] * x[k]
        for q in range(m):
            z1 = centre[1] + scale[1] * x[k] + scale[2] * x[q]
            logs[k * m + q] = size + weights[k] + weights[q] - (z0 * z0 + z1 * z1) / 2
    line = line_of(p, centre, scale)
    for row in range(len(session)):
        done = (1 - left[session[row]]) * kept[session[row]]
        latent = line[0] + done * line[1]
        along, across = (line[2] + done * line[3]) / noise, done * line[4] / noise
        fill_powers(latent_power(latent, noise), along, across, x, ones, twos, power)
        if kind[row] != MISSING:
            multiply_mass(kind[row], decay[row], fine[row], law, power, product)
        if fate[row] != NOTHING:
            multiply_fate(fate[row], session[row], hazards, law[7], power, product)
        low = 1.0
        for q in range(m * m):
            low = min(low, product[q])
        if low < SMALL:
            bank(product, logs)
    bank(product, logs)


@compiled
def _flat_logs(p, law, hazards, seen, nodes, centre, scale, logs):
    session, kind, decay, fine, fate = seen
    n = len(nodes.flat)
    z = centre + scale * nodes.flat
    power, product = np.empty(n), np.ones(n)
    for q in range(n):
        power[q] = np.exp(latent_power(p[0] + p[1] * z[q], p[7]))
    logs[:] = nodes.flat_log_weight - z * z / 2 + np.log(scale)
    for row in range(len(session)):
        if kind[row] != MISSING:
            multiply_mass(kind[row], decay[row], fine[row], law, power, product)
        if fate[row] != NOTHING:
            multiply_fate(fate[row], session[row], hazards, law[7], power, product)
        if product.min() < SMALL:
            bank(product, logs)
    bank(product, logs)


@compiled
def bank(product, logs):
    """Move the logs of the products to the sums, before they underflow."""
    for q in range(len(product)):
        logs[q] += np.log(max(product[q], FLOOR))
        product[q] = 1.0


@compiled
def log_sum(logs):
    """Return log(sum(exp(logs)))."""
    top = logs.max()
    total = 0.0
    for value in logs:
        total += np.exp(value - top)
    return top + np.log(total)
