"""From latent relief to a reported percentage, and the mean of such reports (equations 5-8)."""

# mypy: disable-error-code="no-untyped-def"

import numpy as np

from simulate.engine.compiled import compiled, inlined
from simulate.engine.normal import cdf, density, score
from simulate.engine.philox import LOW, high
from simulate.parameter_table import Noise

BY_SESSION, BY_PATIENT = int(Noise.BY_SESSION), int(Noise.BY_PATIENT)
SHORT = 16
SHORT_MASK = 0xFFFF
SHORT_SCALE = 2.0**-16


@compiled
def fill_session_sd(row, sd):
    """Fill the noise SD of every session; by session it fades to `noise_sd` by halves (5b)."""
    extra = row.noise_first_factor - 1.0 if row.noise == BY_SESSION else 0.0
    for s in range(len(sd)):
        sd[s] = row.noise_sd * (1.0 + extra)
        extra *= 0.5


@inlined
def noise(row, word):
    """Noise of one report in units of its SD: contaminated normal from one word (5)."""
    z = score(high(word))
    if row.outlier_share > 0.0:
        wide = (float((word & LOW) >> SHORT) + 0.5) * SHORT_SCALE < row.outlier_share
        z = z * row.outlier_factor if wide else z
    return z


@compiled
def says_none(row, word):
    """Whether the patient reports no relief whatever was felt."""
    return (float(word & SHORT_MASK) + 0.5) * SHORT_SCALE < row.zero_share


@inlined
def heaped(value, grid):
    """Nearest multiple of the grid within 0 to 100; halves go up (6)."""
    inside = min(max(value, 0.0), 100.0)
    return np.floor(inside / grid + 0.5) * grid


@compiled
def expected_report(row, latent, sd, grid):
    """Mean report at a latent relief, given the patient's noise SD and grid (8)."""
    mean = _mean(latent, sd, grid)
    if row.outlier_share > 0.0:
        wide = _mean(latent, sd * row.outlier_factor, grid)
        mean += row.outlier_share * (wide - mean)
    return (1.0 - row.zero_share) * mean


@compiled
def _mean(latent, sd, grid):
    """Sum over j of grid * P(latent + sd Z >= (j - 1/2) grid), j = 1 to 100 / grid.

    Where the grid is fine beside the noise the sum is its integral with the first two terms of
    the midpoint rule's Euler-Maclaurin expansion; the error is below 0.005 points (tested).
    """
    if sd < 0.8 * grid:
        total = 0.0
        for j in range(1, int(100.0 / grid + 0.5) + 1):
            total += cdf((latent - (j - 0.5) * grid) / sd)
        return grid * total
    a, b = latent / sd, (latent - 100.0) / sd
    density_a, density_b = density(a), density(b)
    area = sd * (a * cdf(a) + density_a - b * cdf(b) - density_b)
    step = grid / sd
    slope = grid * step * (density_b - density_a) / 24.0
    bend = grid * step**3 * ((b * b - 1.0) * density_b - (a * a - 1.0) * density_a)
    return area + slope - 7.0 * bend / 5760.0
