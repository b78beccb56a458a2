"""The normal law by tables, where many numbers are worked out at once, and by the error function.

A score is a straight line between 64 points in each octave of the nearer tail's probability: from
1/2 to 1/4, to 1/8, ... to 2**-34. So the tails are as near as the centre, and no number takes
another way than the rest. The largest error, below 2e-5 in the score, is tested.
"""

# mypy: disable-error-code="no-untyped-def"

import math

import numpy as np

from simulate.engine.compiled import compiled, inlined

OCTAVES = 33
STEP_BITS = 6  # 64 steps an octave
BELOW = 52 - STEP_BITS  # bits of a double's fraction that lie within a step
FIRST = (1023 - 1 - OCTAVES) << STEP_BITS  # step of 2**-34, by exponent and leading fraction
LEAST = 2.0 ** -(1 + OCTAVES)
ROOT_2 = math.sqrt(2.0)


def _lines() -> np.ndarray:
    """Score at the beginning of each step, and its slope over the step."""
    from statistics import NormalDist

    steps = np.arange(FIRST, FIRST + (OCTAVES << STEP_BITS) + 1)
    u = (steps << BELOW).view(np.float64)
    z = np.array([NormalDist().inv_cdf(x) for x in u])
    slopes = np.append(np.diff(z) / np.diff(u), 0.0)
    return np.column_stack([z, slopes])


def _nodes() -> np.ndarray:
    """Distribution and density at every 32nd from -8 to 8."""
    from statistics import NormalDist

    law = NormalDist()
    return np.array([(law.cdf(k / NODES), law.pdf(k / NODES)) for k in range(-END, END + 1)])


LINES = _lines()
NODES = 32  # a unit
END = 8 * NODES
LAW = _nodes()


@compiled
def cdf(z):
    """P(Z <= z)."""
    return 0.5 * math.erfc(-z / ROOT_2)


@inlined
def score(u):
    """Return the standard normal quantile of u in (0, 1); 2**-34 stands for less."""
    nearer = max(min(u, 1.0 - u), LEAST)
    step = np.float64(nearer).view(np.int64) >> BELOW
    beyond = nearer - np.int64(step << BELOW).view(np.float64)
    z = LINES[step - FIRST, 0] + beyond * LINES[step - FIRST, 1]
    return z if u < 0.5 else -z


@inlined
def area_and_density(z):
    """Return the integral of P(Z <= x) over x to z, and the density at z; errors below 1e-8.

    Taylor polynomials about the nearest of nodes 1/32 apart; from 8 on the integral is z.
    """
    inside = min(max(z, -8.0), 8.0)
    k = min(max(np.int32(inside * NODES + (END + 0.5)), 0), 2 * END)  # also where z is no number
    node = (k - END) / NODES
    h, law, density = inside - node, LAW[k, 0], LAW[k, 1]
    curve = 0.5 - h * (node / 6.0 - h * (node * node - 1.0) / 24.0)
    area = node * law + density + h * (law + h * density * curve)
    t = h * (node + 0.5 * h)
    near = density * (1.0 - t * (1.0 - t * (0.5 - t * (1.0 / 6.0 - t / 24.0))))
    return area + (z - inside if z > inside else 0.0), near
