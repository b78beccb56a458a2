"""What one set of nodes adds to the slopes of a patient's log marginal, as kernels.

Here: the chain rule from d log P / d eta to the population parameters. Not here: the weights of
the nodes (`evaluate.py`). Positions are those of `parameters.KERNEL_NAMES`.
"""

import numpy as np

from bayes.cohort import MISSING, NOTHING, SURGERY, TEST_SESSIONS
from bayes.marginal.compiled import compiled
from bayes.marginal.powers import fill_powers, line_of
from bayes.marginal.report_law import RELIEF_PCT, latent_power, slopes_of_mass
from bayes.marginal.stop_law import slopes_of_fate

LIGHT = 1e-6


@compiled
def add_report_slopes(kind, decay, fine, y, width, law, latent, power, weight, slopes):
    """Add a report's slopes in noise and heaping; return weight * d log P / d (eta / sigma)."""
    slope, _, by_width, tens, fives = slopes_of_mass(kind, decay, fine, width, law, power)
    slopes[7] += weight * (slope * (y - latent) + by_width) / (law[0] * law[0])
    slopes[8] += weight * tens
    slopes[9] += weight * fives
    return weight * slope


@compiled
def add_fate_slopes(fate, session, law, hazards, latent, power, weight, slopes):
    """Add a fate's slopes in noise and hazards; return weight * d log P / d (eta / sigma)."""
    slope, _, low, high, cut, cut_high = slopes_of_fate(fate, session, hazards, law[7], power)
    slopes[7] += weight * slope * (RELIEF_PCT - latent) / (law[0] * law[0])
    if fate != SURGERY:
        at = 12 if session == TEST_SESSIONS else 14
        slopes[at] += weight * low
        slopes[at + 1] += weight * high
    slopes[16] += weight * cut
    slopes[17] += weight * cut_high
    return weight * slope


@compiled
def add_rising_slopes(
    p, law, hazards, seen, relief, width, nodes, centre, scale, rate, z_rate, onset, left, kept,
    weights, slopes, room,
):  # fmt: skip
    """Add the slopes of a rising course at one rate, over its nodes of start and plateau."""
    session, kind, decay, fine, fate = seen
    power, _, ones, twos = room
    x, m, noise = nodes.inner, len(nodes.inner), p[7]
    correlation = p[4]
    rest = np.sqrt(1 - correlation * correlation)
    line = line_of(p, centre, scale)
    for row in range(len(session)):
        if kind[row] == MISSING and fate[row] == NOTHING:
            continue
        s = session[row]
        done = (1 - left[s]) * kept[s]
        latent = line[0] + done * line[1]
        along, across = line[2] + done * line[3], done * line[4]
        fill_powers(
            latent_power(latent, noise), along / noise, across / noise, x, ones, twos, power
        )
        total, by_z0, by_z1 = 0.0, 0.0, 0.0
        for k in range(m):
            z0 = centre[0] + scale[0] * x[k]
            for q in range(m):
                weight = weights[k * m + q]
                if weight < LIGHT:
                    continue
                z1 = centre[1] + scale[1] * x[k] + scale[2] * x[q]
                eta = latent + along * x[k] + across * x[q]
                here, slope = power[k * m + q], 0.0
                if kind[row] != MISSING:
                    slope += add_report_slopes(
                        kind[row], decay[row], fine[row], relief[row], width[row], law, eta, here,
                        weight, slopes,
                    )  # fmt: skip
                if fate[row] != NOTHING:
                    slope += add_fate_slopes(fate[row], s, law, hazards, eta, here, weight, slopes)
                total += slope
                by_z0 += slope * z0
                by_z1 += slope * z1
        total, by_z0, by_z1 = total / noise, by_z0 / noise, by_z1 / noise
        by_score = correlation * by_z0 + rest * by_z1
        slopes[0] += total * (1 - done)
        slopes[1] += by_z0 * (1 - done)
        slopes[2] += total * done
        slopes[3] += by_score * done
        slopes[4] += p[3] * (by_z0 - correlation / rest * by_z1) * done
        by_gain = (p[2] - p[0]) * total + p[3] * by_score - p[1] * by_z0
        by_log_rate = by_gain * kept[s] * rate * s * left[s]
        slopes[5] += by_log_rate
        slopes[6] += by_log_rate * z_rate
        if s > onset:
            slopes[11] -= by_gain * done * (s - onset)


@compiled
def add_flat_slopes(p, law, hazards, seen, relief, width, nodes, centre, scale, weights, slopes):
    """Add the slopes of a flat course over its nodes."""
    session, kind, decay, fine, fate = seen
    for q in range(len(nodes.flat)):
        z = centre + scale * nodes.flat[q]
        latent = p[0] + p[1] * z
        power = np.exp(latent_power(latent, p[7]))
        total = 0.0
        for row in range(len(session)):
            if kind[row] != MISSING:
                total += add_report_slopes(
                    kind[row], decay[row], fine[row], relief[row], width[row], law, latent, power,
                    weights[q], slopes,
                )  # fmt: skip
            if fate[row] != NOTHING:
                total += add_fate_slopes(
                    fate[row], session[row], law, hazards, latent, power, weights[q], slopes
                )
        slopes[0] += total / p[7]
        slopes[1] += total / p[7] * z
