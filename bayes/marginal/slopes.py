"""What one set of nodes adds to the slopes of a patient's log marginal, as kernels.

Here: the chain rule from the slopes of the laws to the population parameters. Not here: the weights
of the nodes (`evaluate.py`). Positions are those of `parameters.KERNEL_NAMES`.
"""

import numpy as np

from bayes.cohort import MISSING
from bayes.marginal.compiled import compiled, inlined
from bayes.marginal.lines import line_of
from bayes.marginal.pieces import IS_LATER, KIND, LAST, N_SLOPES, REACH, STAGE, STEP, piece_at
from bayes.scatter import LEAST_NOISE

LIGHT = -18.4
"""Log of the share of a patient's marginal below which a node adds no slopes."""
ORIGIN = 1 + REACH / STEP
"""Place of v = 0."""


@inlined
def law_slopes(log, mass, place, along, across, heavy):
    """Return the slope of one law, summed over the heavy nodes with their weights.

    Parameters
    ----------
    log
        Pieces of the law.
    mass
        Weights times 1, t, t^2, t^3 by piece: added to, for `add_law_slopes`.
    place
        Of the law at the centre of the nodes; `along`, `across` is its change along them.
    heavy
        Number of nodes, and their x[k], x[q], start and plateau scores and weights.

    Returns
    -------
    tuple of float
        d log P / d place; the same times the scores of start and of plateau.
    """
    n, x0, x1, z0, z1, weights = heavy
    total, by_z0, by_z1 = 0.0, 0.0, 0.0
    for q in range(n):
        k, t = piece_at(place + along * x0[q] + across * x1[q])
        weight = weights[q]
        slope = weight * (log[k, 1] + t * (2 * log[k, 2] + t * 3 * log[k, 3]))
        total += slope
        by_z0 += slope * z0[q]
        by_z1 += slope * z1[q]
        once, twice = weight * t, weight * t * t
        mass[k, 0] += weight
        mass[k, 1] += once
        mass[k, 2] += twice
        mass[k, 3] += twice * t
    return total, by_z0, by_z1


@inlined
def row_slopes(laws, report, fate, unit, offset, fate_offset, latent, along, across, heavy, mass):
    """Return d log P / d eta of one session, and times the scores of start and plateau.

    Latent relief at the centre of the nodes, and its change along and across them, in points.
    """
    total, by_z0, by_z1 = 0.0, 0.0, 0.0
    place, along, across = latent * unit, along * unit, across * unit
    if report >= 0:
        total, by_z0, by_z1 = law_slopes(
            laws[report], mass[report], place + offset, along, across, heavy
        )
    if fate >= 0:
        more = law_slopes(laws[fate], mass[fate], place + fate_offset, along, across, heavy)
        total, by_z0, by_z1 = total + more[0], by_z0 + more[1], by_z1 + more[2]
    return total * unit, by_z0 * unit, by_z1 * unit


@compiled
def add_law_slopes(p, nodes, pieces, laws, scatter, mass, slopes):
    """Add the slopes in noise, heaping, hazards and missing shares, and empty `mass`.

    `mass` is that of all sessions at this scatter.
    """
    found, log, by_law = np.empty(N_SLOPES), pieces.log[scatter], pieces.by[scatter]
    for law in range(len(laws)):
        by_v, found[:] = 0.0, 0.0
        for k in range(LAST + 1):
            m0, m1, m2, m3 = mass[law, k, 0], mass[law, k, 1], mass[law, k, 2], mass[law, k, 3]
            if m0 == 0:
                continue
            v = k - ORIGIN
            c1, c2, c3 = log[law, k, 1], log[law, k, 2], log[law, k, 3]
            by_v += c1 * (v * m0 + m1) + 2 * c2 * (v * m1 + m2) + 3 * c3 * (v * m2 + m3)
            for q in range(N_SLOPES):
                by = by_law[law, q, k]
                found[q] += by[0] * m0 + by[1] * m1 + by[2] * m2 + by[3] * m3
        mass[law] = 0.0
        stage, is_fate = laws[law, STAGE], laws[law, KIND] == MISSING
        by_noise = -by_v * STEP * pieces.unit[scatter, stage]
        if not is_fate:
            by_noise += found[0]
            slopes[8:10] += found[1:3]
        noise = pieces.noise[scatter, stage]
        by_log = by_noise * noise if noise > LEAST_NOISE else 0.0
        extra = nodes.extra_left[stage]
        slopes[7] += by_log / p[7]
        slopes[21] += by_log * nodes.scatter[scatter]
        slopes[22] += by_log * extra / (1 + (p[22] - 1) * extra)
        if is_fate:
            at = 14 if laws[law, IS_LATER] else 12
            slopes[at : at + 2] += found[:2]
            slopes[16:18] += found[2:4]
            slopes[23:25] += found[4:]


@compiled
def add_rising_slopes(
    p, tables, laws, seen, rate_score, pairs, place, onset, j, c, logs, total, room, mass, slopes
):
    """Add the slopes of course c at rate j, over its nodes of start and plateau.

    `place` is centre and scale of the nodes, `logs` holds their part of the marginal, whose log is
    `total`; `room` holds five numbers a node. Slopes in
    noise, heaping and hazards are left in `mass`.
    """
    session, report, fate, unit, offset, fate_offset = seen
    left, kept, steep = tables.left, tables.kept, tables.steep
    log_rate = np.log(tables.rate[j])
    correlation = p[4]
    rest = np.sqrt(1 - correlation * correlation)
    line = line_of(p, place)
    heavy = heavy_nodes(pairs, place, logs, total, room)
    for row in range(len(session)):
        s = session[row]
        done = (1 - left[j, s]) * kept[c, s]
        latent = line[0] + done * line[1]
        along, across = line[2] + done * line[3], done * line[4]
        slope, by_z0, by_z1 = row_slopes(
            laws, report[row], fate[row], unit[row], offset[row], fate_offset[row],
            latent, along, across, heavy, mass,
        )  # fmt: skip
        by_score = correlation * by_z0 + rest * by_z1
        slopes[0] += slope * (1 - done)
        slopes[1] += by_z0 * (1 - done)
        slopes[2] += slope * done
        slopes[3] += by_score * done
        slopes[4] += p[3] * (by_z0 - correlation / rest * by_z1) * done
        by_gain = (p[2] - p[0]) * slope + p[3] * by_score - p[1] * by_z0
        by_power = by_gain * kept[c, s] * steep[j, s]
        slopes[5] += by_power * tables.shape
        slopes[6] += by_power * tables.shape * rate_score
        slopes[18] += by_power * (log_rate + np.log(s))
        if s > onset:
            slopes[11] -= by_gain * done * (s - onset)


@compiled
def heavy_nodes(pairs, place, logs, total, room):
    """Return the nodes that carry weight, see `law_slopes`."""
    x0, x1, z0, z1, kept = room[0], room[1], room[2], room[3], room[4]
    n = 0
    first, second, _ = pairs
    for q in range(len(first)):
        log = logs[q] - total
        if log < LIGHT:
            continue
        x0[n], x1[n], kept[n] = first[q], second[q], np.exp(log)
        z0[n] = place[0] + place[2] * x0[n]
        z1[n] = place[1] + place[3] * x0[n] + place[4] * x1[n]
        n += 1
    return n, x0, x1, z0, z1, kept


@compiled
def add_flat_slopes(p, laws, seen, nodes, centre, scale, weights, room, mass, slopes):
    """Add the slopes of a flat course over its nodes."""
    _, report, fate, unit, offset, fate_offset = seen
    n = len(nodes.flat)
    room[0, :n] = nodes.flat
    room[2, :n] = centre + scale * nodes.flat
    room[1:4:2, :n] = 0.0
    heavy = n, room[0], room[1], room[2], room[3], weights
    sd = p[1] * p[20]
    latent, along = p[0] + p[19] + sd * centre, sd * scale
    for row in range(len(report)):
        total, by_z, _ = row_slopes(
            laws, report[row], fate[row], unit[row], offset[row], fate_offset[row],
            latent, along, 0.0, heavy, mass,
        )  # fmt: skip
        slopes[0] += total
        slopes[19] += total
        slopes[1] += by_z * p[20]
        slopes[20] += by_z * p[1]
