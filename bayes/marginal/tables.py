"""What the kernels look up instead of computing it for every patient.

Here: powers that depend on the population and on a session, a node of the rate or a report
alone. Not here: anything of a patient's effects.
"""

from collections import namedtuple

import numpy as np

from bayes.marginal.compiled import compiled
from bayes.marginal.report_law import law_of

Tables = namedtuple("Tables", "law hazards rate left kept decay fine")
"""law: see `report_law`; hazards: see `stop_law`; rate (rates,): k of each node; left (rates,
sessions): exp(-k s); kept (courses, sessions): share left by a relapse; decay, fine (rows,):
exp(-y / sigma) and exp(-width / 2 sigma)."""


@compiled
def tables_of(p, rows, nodes, first, last):
    """Return the tables for the rows of patients first..last - 1."""
    noise = p[7]
    a, b = rows.offsets[first], rows.offsets[last]
    sessions = rows.session[a:b].max() + 1
    rate = np.exp(p[5] + p[6] * nodes.rate)
    left = np.empty((len(rate), sessions))
    kept = np.ones((1 + len(nodes.onsets), sessions))
    for s in range(sessions):
        left[:, s] = np.exp(-rate * s)
        for c in range(len(nodes.onsets)):
            kept[1 + c, s] = np.exp(-p[11] * max(s - nodes.onsets[c], 0.0))
    decay, fine = np.empty(len(rows.session)), np.empty(len(rows.session))
    for row in range(a, b):
        decay[row] = np.exp(-rows.relief[row] / noise)
        fine[row] = np.exp(-rows.width[row] / (2 * noise))
    law = law_of(noise, p[8], p[9])
    return Tables(law, p[12:18].copy(), rate, left, kept, decay, fine)
