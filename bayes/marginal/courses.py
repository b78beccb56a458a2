"""Kernels on drawn courses: what they would report, and which kind a patient's is.

Here: m_i(s) of equation (8) of docs/models.md, and draws of the kind of course given start,
plateau and rate, which the sampler sums out. Columns of effects: position in `curves.COURSES`,
start, plateau, log rate.
"""

import numpy as np

from bayes.marginal.compiled import compiled
from bayes.marginal.effects import FLAT, KEPT, log_likelihood
from bayes.marginal.evaluate import log_sum
from bayes.marginal.tables import tables_of


@compiled
def mean_report(latent, noise, second, fourth):
    """Return E[PR], equation (5), given the Euler-Maclaurin weights of the heaping."""
    low, high = latent / noise, (latent - 100) / noise
    clipped = noise * (np.logaddexp(0.0, low) - np.logaddexp(0.0, high))
    a, b = np.exp(-abs(low)), np.exp(-abs(high))
    at_low, at_high = a / (1 + a) ** 2, b / (1 + b) ** 2
    slope = at_low - at_high
    third = at_low * (1 - 6 * at_low) - at_high * (1 - 6 * at_high)
    value = clipped - second * slope / noise + fourth * third / noise**3
    return min(max(value, 0.0), 100.0)


@compiled
def mean_reports(p, effects, sessions, onsets, out):
    """Fill m_i(s) in percent, shape (draws, patients, sessions).

    Parameters
    ----------
    p
        Natural parameters, shape (draws, parameters).
    effects
        Shape (draws, patients, 4).
    sessions, onsets
        Session numbers, `curves.ONSETS`.
    """
    for d in range(effects.shape[0]):
        noise, tens = p[d, 7], p[d, 8]
        fives = (1 - tens) * p[d, 9]
        ones = 1 - tens - fives
        second = (100 * tens + 25 * fives + ones) / 24
        fourth = 7 * (1e4 * tens + 625 * fives + ones) / 5760
        power = sessions ** p[d, 18]
        for i in range(effects.shape[1]):
            course, start = int(effects[d, i, 0]), effects[d, i, 1]
            gain, scale = effects[d, i, 2] - start, np.exp(p[d, 18] * effects[d, i, 3])
            if course == FLAT:
                out[d, i, :] = mean_report(start, noise, second, fourth)
                continue
            for k in range(len(sessions)):
                done = 1 - np.exp(-scale * power[k])
                if course > KEPT:
                    done *= np.exp(-p[d, 11] * max(sessions[k] - onsets[course - KEPT - 1], 0.0))
                out[d, i, k] = mean_report(start + gain * done, noise, second, fourth)


@compiled
def draw_kinds(p, rising, rows, nodes, effects, rng):
    """Draw each patient's kind of course given start, plateau and log rate; change in place.

    Parameters
    ----------
    p, rising, rows, nodes
        See `evaluate`.
    effects
        Shape (patients, 4): column 0 is filled; a flat course has its level as start and plateau,
        whose standard score is that of the start (see `relief.py`).
    """
    n = effects.shape[0]
    tables = tables_of(p, rows, nodes, False)
    n_onsets = len(nodes.onsets)
    logs = np.empty(2 + n_onsets)
    for i in range(n):
        a, b = rows.offsets[i], rows.offsets[i + 1]
        seen = rows.session[a:b], rows.report[a:b], rows.fate[a:b], tables.offset[a:b]
        start, plateau, rate = effects[i, 1], effects[i, 2], np.exp(effects[i, 3])
        level = p[0] + p[19] + p[20] * (start - p[0])
        logs[FLAT] = log_likelihood(tables, seen, level, level, rate, 0)
        logs[FLAT] -= np.logaddexp(0.0, rising[i])
        for c in range(1 + n_onsets):
            logs[KEPT + c] = log_likelihood(tables, seen, start, plateau, rate, c)
            share = p[10] / n_onsets if c > 0 else 1 - p[10]
            logs[KEPT + c] += np.log(share) - np.logaddexp(0.0, -rising[i])
        total = log_sum(logs)
        u, kind = rng.random(), 0
        while kind < len(logs) - 1 and u > np.exp(logs[kind] - total):
            u -= np.exp(logs[kind] - total)
            kind += 1
        effects[i, 0] = kind
        if kind == FLAT:
            effects[i, 1:3] = level
