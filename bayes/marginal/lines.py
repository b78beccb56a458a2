"""How latent relief depends on the nodes of start and plateau, as a kernel.

Here: eta is linear in the two standard effects, and in the share of the way that is done at a
session. Not here: what is done with it.
"""

import numpy as np

from bayes.marginal.compiled import compiled


@compiled
def line_of(p, place):
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
    start = p[0] + p[1] * place[0]
    plateau = p[2] + p[3] * (correlation * place[0] + rest * place[1])
    by_start = p[1] * place[2]
    by_plateau = p[3] * (correlation * place[2] + rest * place[3])
    return start, plateau - start, by_start, by_plateau - by_start, p[3] * rest * place[4]


@compiled
def place_of(places, i, k, j, c):
    """Return centre (2) and scale (3) of a component's nodes as numbers: views would cost more."""
    centre, scale = places.centre, places.scale
    return (
        centre[i, k, j, c, 0], centre[i, k, j, c, 1],
        scale[i, k, j, c, 0], scale[i, k, j, c, 1], scale[i, k, j, c, 2],
    )  # fmt: skip
