"""What the kernels look up instead of computing it for every patient.

Here: what depends on the population and on a session, a node of the rate or a report alone. Not
here: anything of a patient's effects.
"""

from collections import namedtuple

import numpy as np

from bayes.marginal.compiled import compiled
from bayes.marginal.pieces import RELIEF_PCT, pieces_of, report_offset

Tables = namedtuple("Tables", "pieces unit offset fate_offset rate shape power left steep kept")
"""pieces: see `pieces.py`; unit, offset, fate_offset (scatters, rows): of each report's and each
fate's place; rate (rates,): k of each node;
shape: g; power (sessions,): s^g; left (rates, sessions): exp(-(k s)^g); steep (rates, sessions):
(k s)^g left, how fast that falls; kept (courses, sessions): share left by a relapse."""


@compiled
def tables_of(p, rows, nodes, with_slopes):
    """Return the tables of all rows at one population."""
    sessions = rows.session.max() + 1
    rate = np.exp(p[5] + p[6] * nodes.rate)
    power = np.arange(sessions) ** p[18]
    left, steep = np.empty((len(rate), sessions)), np.empty((len(rate), sessions))
    kept = np.ones((1 + len(nodes.onsets), sessions))
    for j in range(len(rate)):
        scale = rate[j] ** p[18]
        for s in range(sessions):
            left[j, s] = np.exp(-scale * power[s])
            steep[j, s] = scale * power[s] * left[j, s]
    once = np.exp(-p[11])
    for c in range(len(nodes.onsets)):
        for s in range(1, sessions):
            kept[1 + c, s] = kept[1 + c, s - 1] * (once if s > nodes.onsets[c] else 1.0)
    pieces = pieces_of(p, rows.laws, nodes.scatter, nodes.extra_left, with_slopes)
    unit = np.empty((len(nodes.scatter), len(rows.session)))
    offset, fate_offset = np.empty_like(unit), np.empty_like(unit)
    for k in range(len(unit)):
        for row in range(unit.shape[1]):
            noise = pieces.noise[k, rows.stage[row]]
            unit[k, row] = pieces.unit[k, rows.stage[row]]
            offset[k, row] = report_offset(rows.relief[row], noise)
            fate_offset[k, row] = report_offset(RELIEF_PCT, noise)
    return Tables(pieces, unit, offset, fate_offset, rate, p[18], power, left, steep, kept)


@compiled
def rows_seen(rows, tables, i, k):
    """Return patient i's rows at scatter k: session, report, fate, unit and offsets of places."""
    a, b = rows.offsets[i], rows.offsets[i + 1]
    return (
        rows.session[a:b], rows.report[a:b], rows.fate[a:b],
        tables.unit[k, a:b], tables.offset[k, a:b], tables.fate_offset[k, a:b],
    )  # fmt: skip
