"""What the kernels look up instead of computing it for every patient.

Here: what depends on the population and on a session, a node of the rate or a report alone. Not
here: anything of a patient's effects.
"""

from collections import namedtuple

import numpy as np

from bayes.marginal.compiled import compiled
from bayes.marginal.pieces import pieces_of, report_offset

Tables = namedtuple("Tables", "pieces offset rate shape power left steep kept")
"""pieces: see `pieces.py`; offset (rows,): of each report's place; rate (rates,): k of each node;
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
    offset = np.empty(len(rows.session))
    for row in range(len(offset)):
        offset[row] = report_offset(rows.relief[row], p[7])
    pieces = pieces_of(p, rows.used, with_slopes)
    return Tables(pieces, offset, rate, p[18], power, left, steep, kept)
