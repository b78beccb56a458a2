"""The report law at one latent value, and its slopes, as kernels.

Here: equation (8) of docs/models.md with T = exp((eta - y) / sigma) and r = exp(-w / 2 sigma): a
cell of the inside is T (1 - r^2) / ((T + r)(1 + T r)), the open cell of 0 is 1 / (1 + T r), that of
100 T / (T + r). Not here: its pieces, which the sums over nodes read (`pieces.py`); the same law
for NumPy and PyTensor (`bayes/heaping.py`), which the tests hold against this one.

`shares` is [pi_10, pi_5, pi_1], `edges` is [r_10, r_5, r_1].
"""

import numpy as np

from bayes.cohort import FIVES, HUNDRED, ONES, TENS, ZERO
from bayes.marginal.compiled import compiled

FLOOR = 1e-300
HALF_WIDTHS = (5.0, 2.5, 0.5)


@compiled
def edges_of(noise):
    """Return r of the three grids."""
    return np.exp(-5.0 / noise), np.exp(-2.5 / noise), np.exp(-0.5 / noise)


@compiled
def shares_of(tens_share, fives_share):
    """Return the chances to report on the three grids."""
    rest = 1 - tens_share
    return tens_share, rest * fives_share, rest * (1 - fives_share)


@compiled
def _cell(kind, t, r, half_width):
    """Return mass of one cell, its log slope in log T, and sigma^2 times that in sigma."""
    if kind == ZERO:
        b = t * r / (1 + t * r)
        return 1 / (1 + t * r), -b, -b * half_width
    if kind == HUNDRED:
        a = r / (t + r)
        return t / (t + r), a, -a * half_width
    a, b = r / (t + r), t * r / (1 + t * r)
    mass = t * (1 - r * r) / ((t + r) * (1 + t * r))
    return mass, a - b, (-2 * r * r / (1 - r * r) - a - b) * half_width


@compiled
def report_at(kind, t, width, noise, shares, edges):
    """Return log P(report) and its slopes.

    Parameters
    ----------
    kind, t, width
        Kind of report, T, width of its last printed decimal.
    noise, shares, edges
        Constants of the law.

    Returns
    -------
    tuple of float
        log P, its slope in (eta - y) / sigma, the part of sigma^2 d log P / d sigma that comes
        through the widths, d log P / d tens_share, d log P / d fives_share.
    """
    m10, m5 = 0.0, 0.0
    d10, d5, h10, h5 = 0.0, 0.0, 0.0, 0.0
    if kind in (ZERO, HUNDRED, TENS):
        m10, d10, h10 = _cell(kind, t, edges[0], HALF_WIDTHS[0])
    if kind in (ZERO, HUNDRED, TENS, FIVES):
        m5, d5, h5 = _cell(kind, t, edges[1], HALF_WIDTHS[1])
    if kind in (ZERO, HUNDRED, TENS, FIVES, ONES):
        m1, d1, h1 = _cell(kind, t, edges[2], HALF_WIDTHS[2])
    else:
        m1, d1, h1 = _cell(kind, t, np.exp(-width / (2 * noise)), width / 2)
    rest = max(1 - shares[0], 1e-12)
    fives_share = shares[1] / rest
    mass = max(shares[0] * m10 + shares[1] * m5 + shares[2] * m1, FLOOR)
    w10, w5, w1 = shares[0] * m10 / mass, shares[1] * m5 / mass, shares[2] * m1 / mass
    return (
        np.log(mass),
        w10 * d10 + w5 * d5 + w1 * d1,
        w10 * h10 + w5 * h5 + w1 * h1,
        (m10 - fives_share * m5 - (1 - fives_share) * m1) / mass,
        rest * (m5 - m1) / mass,
    )
