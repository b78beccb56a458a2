"""What the kernels look up instead of computing it for every patient.

Here: what depends on the population and on a session, a node of the rate or a report alone. Not
here: anything of a patient's effects.
"""

from collections import namedtuple

import numpy as np

from bayes.marginal.compiled import compiled
from bayes.marginal.pieces import pieces_of, report_offset

Tables = namedtuple("Tables", "pieces offset rate left kept")
"""pieces: see `pieces.py`; offset (rows,): of each report's place; rate (rates,): k of each node;
left (rates, sessions): exp(-k s); kept (courses, sessions): share left by a relapse."""


@compiled
def tables_of(p, rows, nodes, with_slopes):
    """Return the tables of all rows at one population."""
    sessions = rows.session.max() + 1
    rate = np.exp(p[5] + p[6] * nodes.rate)
    left = np.empty((len(rate), sessions))
    kept = np.ones((1 + len(nodes.onsets), sessions))
    for j in range(len(rate)):
        once = np.exp(-rate[j])
        left[j, 0] = 1.0
        for s in range(1, sessions):
            left[j, s] = left[j, s - 1] * once
    once = np.exp(-p[11])
    for c in range(len(nodes.onsets)):
        for s in range(1, sessions):
            kept[1 + c, s] = kept[1 + c, s - 1] * (once if s > nodes.onsets[c] else 1.0)
    offset = np.empty(len(rows.session))
    for row in range(len(offset)):
        offset[row] = report_offset(rows.relief[row], p[7])
    return Tables(pieces_of(p, rows.used, with_slopes), offset, rate, left, kept)
