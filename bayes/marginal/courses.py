"""Kernels on drawn courses: what they would report, and which kind a patient's is.

Here: m_i(s) of equation (8) of docs/models.md, and draws of the kind of course and of scatter given
start, plateau and rate, which the sampler sums out. Columns of effects: position in
`curves.COURSES`, start, plateau, log rate, position in `scatter.SCORES`.
"""

import numpy as np

from bayes.marginal.compiled import compiled
from bayes.marginal.effects import FLAT, KEPT, log_likelihood
from bayes.marginal.evaluate import log_sum
from bayes.marginal.tables import rows_seen, tables_of


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
def mean_reports(p, effects, noise, sessions, onsets, out):
    """Fill m_i(s) in percent, shape (draws, patients, sessions).

    Parameters
    ----------
    p
        Natural parameters, shape (draws, parameters).
    effects
        Shape (draws, patients, 5).
    noise
        Logistic scale of the reports, shape (draws, scatters, sessions).
    sessions, onsets
        Session numbers, `curves.ONSETS`.
    """
    for d in range(effects.shape[0]):
        tens = p[d, 8]
        fives = (1 - tens) * p[d, 9]
        ones = 1 - tens - fives
        second = (100 * tens + 25 * fives + ones) / 24
        fourth = 7 * (1e4 * tens + 625 * fives + ones) / 5760
        power = sessions ** p[d, 18]
        for i in range(effects.shape[1]):
            course, start = int(effects[d, i, 0]), effects[d, i, 1]
            gain, scale = effects[d, i, 2] - start, np.exp(p[d, 18] * effects[d, i, 3])
            own = noise[d, int(effects[d, i, 4])]
            for k in range(len(sessions)):
                if course == FLAT and k > 0 and own[k] == own[k - 1]:
                    out[d, i, k] = out[d, i, k - 1]
                    continue
                done = 1 - np.exp(-scale * power[k]) if course != FLAT else 0.0
                if course > KEPT:
                    done *= np.exp(-p[d, 11] * max(sessions[k] - onsets[course - KEPT - 1], 0.0))
                out[d, i, k] = mean_report(start + gain * done, own[k], second, fourth)


@compiled
def draw_kinds(p, rising, rows, nodes, levels, flat_odds, effects, rng):
    """Draw each patient's kind of course and scatter given the other effects; change in place.

    Parameters
    ----------
    p, rising, rows, nodes
        See `evaluate`.
    levels, flat_odds
        Level of each patient's course if it is flat, and what is added to the log odds of flat,
        shape (patients,) (see `relief.build`).
    effects
        Shape (patients, 5): start, plateau and log rate of the course if it rises; columns 0 and 4
        are filled. A flat course gets its level as start and plateau, and a log rate from the
        population.
    """
    tables = tables_of(p, rows, nodes, False)
    n_onsets = len(nodes.onsets)
    logs = np.empty((len(nodes.scatter), 2 + n_onsets))
    for i in range(effects.shape[0]):
        start, plateau, rate = effects[i, 1], effects[i, 2], np.exp(effects[i, 3])
        level = levels[i]
        for k in range(len(logs)):
            seen = rows_seen(rows, tables, i, k)
            logs[k, FLAT] = log_likelihood(tables, k, seen, level, level, rate, 0)
            logs[k, FLAT] += flat_odds[i] - np.logaddexp(0.0, rising[i])
            for c in range(1 + n_onsets):
                logs[k, KEPT + c] = log_likelihood(tables, k, seen, start, plateau, rate, c)
                share = p[10] / n_onsets if c > 0 else 1 - p[10]
                logs[k, KEPT + c] += np.log(share) - np.logaddexp(0.0, -rising[i])
            logs[k] += nodes.scatter_log_share[k]
        flat = logs.ravel()
        share = np.cumsum(np.exp(flat - log_sum(flat)))
        found = min(np.searchsorted(share, rng.random()), len(flat) - 1)
        kind = found % logs.shape[1]
        effects[i, 0], effects[i, 4] = kind, found // logs.shape[1]
        if kind == FLAT:
            effects[i, 1:3] = level
            effects[i, 3] = p[5] + p[6] * rng.standard_normal()
