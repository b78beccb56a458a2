"""The report law in a form that costs one exponential for a whole grid of latent values.

Here: equation (3) of docs/models.md with E = exp(eta / sigma), T = E exp(-y / sigma) and
r = exp(-w / 2 sigma), as kernels: a product over nodes, and slopes at one node. A cell of the
inside is T (1 - r^2) / ((T + r)(1 + T r)), the open cell of 0 is 1 / (1 + E r), that of 100
T / (T + r). Not here: the same law for NumPy and PyTensor (`bayes/heaping.py`), which the tests
hold against this one.

`law` is [sigma, pi_10, pi_5, pi_1, r_10, r_5, r_1, exp(-10 / sigma)].
"""

import numpy as np

from bayes.cohort import FIVES, HUNDRED, ONES, TENS, ZERO
from bayes.marginal.compiled import compiled

RELIEF_PCT = 10.0
FLOOR = 1e-300


@compiled
def law_of(noise, tens_share, fives_share):
    """Return the constants of the law."""
    law = np.empty(8)
    law[0] = noise
    law[1] = tens_share
    law[2] = (1 - tens_share) * fives_share
    law[3] = (1 - tens_share) * (1 - fives_share)
    law[4] = np.exp(-5 / noise)
    law[5] = np.exp(-2.5 / noise)
    law[6] = np.exp(-0.5 / noise)
    law[7] = np.exp(-RELIEF_PCT / noise)
    return law


@compiled
def latent_power(latent, noise):
    """Return eta / sigma, kept where its exponential and its square are finite."""
    return min(max(latent / noise, -40.0), min(100 / noise + 40.0, 200.0))


@compiled
def inside(t, r):
    """Mass of an inner cell."""
    return t * (1 - r * r) / ((t + r) * (1 + t * r))


@compiled
def multiply_mass(kind, decay, fine, law, power, product):
    """Multiply the products at all nodes by the probability of one report.

    Parameters
    ----------
    kind, decay, fine
        Kind of report, exp(-y / sigma), r of its last printed decimal.
    law
        Constants of `law_of`.
    power, product
        E and the product so far at every node; the product is changed in place.
    """
    p10, p5, p1, r10, r5, r1 = law[1], law[2], law[3], law[4], law[5], law[6]
    n = len(power)
    if kind == ZERO:
        for q in range(n):
            e = power[q]
            product[q] *= p10 / (1 + e * r10) + p5 / (1 + e * r5) + p1 / (1 + e * r1)
    elif kind == HUNDRED:
        for q in range(n):
            t = power[q] * decay
            product[q] *= t * (p10 / (t + r10) + p5 / (t + r5) + p1 / (t + r1))
    elif kind == TENS:
        for q in range(n):
            t = power[q] * decay
            product[q] *= p10 * inside(t, r10) + p5 * inside(t, r5) + p1 * inside(t, r1)
    elif kind == FIVES:
        for q in range(n):
            t = power[q] * decay
            product[q] *= p5 * inside(t, r5) + p1 * inside(t, r1)
    else:
        r = r1 if kind == ONES else fine
        for q in range(n):
            product[q] *= p1 * inside(power[q] * decay, r)


@compiled
def _cell(kind, t, r, half_width):
    """Return mass of one cell, its log slope in log T, minus its curvature, slope in sigma's r."""
    if kind == ZERO:
        b = t * r / (1 + t * r)
        return 1 / (1 + t * r), -b, b * (1 - b), -b * half_width
    if kind == HUNDRED:
        a = r / (t + r)
        return t / (t + r), a, a * (1 - a), -a * half_width
    a, b = r / (t + r), t * r / (1 + t * r)
    by_r = -2 * r * r / (1 - r * r) - a - b
    return inside(t, r), a - b, a * (1 - a) + b * (1 - b), by_r * half_width


@compiled
def slopes_of_mass(kind, decay, fine, width, law, power):
    """Return what the gradient needs of one report at one node.

    Returns
    -------
    tuple of float
        d log P / d (eta / sigma), minus the second derivative, the part of sigma^2 d log P /
        d sigma that comes through the widths, d log P / d tens_share, d log P / d fives_share.
    """
    t = power * decay
    tens_share = law[1]
    fives_share = law[2] / max(1 - tens_share, 1e-12)
    m10, m5 = 0.0, 0.0
    d10, d5, c10, c5, h10, h5 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if kind in (ZERO, HUNDRED, TENS):
        m10, d10, c10, h10 = _cell(kind, t, law[4], 5.0)
    if kind in (ZERO, HUNDRED, TENS, FIVES):
        m5, d5, c5, h5 = _cell(kind, t, law[5], 2.5)
    if kind in (ZERO, HUNDRED, TENS, FIVES, ONES):
        m1, d1, c1, h1 = _cell(kind, t, law[6], 0.5)
    else:
        m1, d1, c1, h1 = _cell(kind, t, fine, width / 2)
    mass = max(law[1] * m10 + law[2] * m5 + law[3] * m1, FLOOR)
    w10, w5, w1 = law[1] * m10 / mass, law[2] * m5 / mass, law[3] * m1 / mass
    slope = w10 * d10 + w5 * d5 + w1 * d1
    between = w10 * d10 * d10 + w5 * d5 * d5 + w1 * d1 * d1 - slope * slope
    bend = w10 * c10 + w5 * c5 + w1 * c1
    return (
        slope,
        max(bend - between, 0.1 * bend),
        w10 * h10 + w5 * h5 + w1 * h1,
        (m10 - fives_share * m5 - (1 - fives_share) * m1) / mass,
        (1 - tens_share) * (m5 - m1) / mass,
    )
