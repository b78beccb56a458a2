"""E = exp(eta / sigma) of one session at all nodes of start and plateau, as kernels.

Here: eta is linear in the two scores, so E at m x m nodes is a product of 2 m powers, and nodes
come in pairs of opposite sign, so m exponentials do. Not here: what is done with E.
"""

import numpy as np

from bayes.marginal.compiled import compiled

FARTHEST = 60.0
"""Most that E may change along one direction of the nodes, as a logarithm: squares stay finite."""


@compiled
def line_of(p, centre, scale):
    """Return how latent relief and its change along the nodes depend on the share done.

    Returns
    -------
    tuple of float
        eta = t[0] + done t[1] at the centre, and its change t[2] + done t[3] along the first and
        done t[4] along the second direction of the nodes; `done` is the share of the way from
        start to plateau that is done, and kept, at a session.
    """
    correlation = p[4]
    rest = np.sqrt(1 - correlation * correlation)
    start = p[0] + p[1] * centre[0]
    plateau = p[2] + p[3] * (correlation * centre[0] + rest * centre[1])
    by_start = p[1] * scale[0]
    by_plateau = p[3] * (correlation * scale[0] + rest * scale[1])
    return start, plateau - start, by_start, by_plateau - by_start, p[3] * rest * scale[2]


@compiled
def fill_powers(middle, along, across, x, ones, twos, power):
    """Fill E at nodes (k, q) = k * m + q; `ones` and `twos` are room for m numbers each.

    `middle`, `along` and `across` are eta / sigma at the centre and its change per unit of x.
    """
    m = len(x)
    centre = np.exp(middle)
    for k in range(m // 2):
        one = np.exp(min(max(along * x[k], -FARTHEST), FARTHEST))
        two = np.exp(min(max(across * x[k], -FARTHEST), FARTHEST))
        ones[k], ones[m - 1 - k] = centre * one, centre / one
        twos[k], twos[m - 1 - k] = two, 1 / two
    if m % 2 == 1:
        ones[m // 2], twos[m // 2] = centre, 1.0
    for k in range(m):
        for q in range(m):
            power[k * m + q] = ones[k] * twos[q]
