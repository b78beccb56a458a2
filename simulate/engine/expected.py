"""The mean report at a latent relief, of which every truth is made (equation 8)."""

# mypy: disable-error-code="no-untyped-def"

from simulate.engine.compiled import compiled, inlined
from simulate.engine.normal import area_and_density, cdf
from simulate.engine.records import Fact

NOISE_FACTOR, GRID = int(Fact.NOISE_FACTOR), int(Fact.GRID)
SMOOTH = 0.8  # least noise SD over grid at which the sum over the grid is as good as its integral


@compiled
def fill_expected(row, sd, n, horizon, facts, latent, expected):
    """Fill the mean reports of n patients up to the horizon."""
    factor, grid = facts[NOISE_FACTOR], facts[GRID]
    for s in range(horizon):
        _fill_smooth(row, sd[s], n, factor, grid, latent[s], expected[s])
        for i in range(n):
            if sd[s] * factor[i] < SMOOTH * grid[i]:
                expected[s, i] = expected_report(row, latent[s, i], sd[s] * factor[i], grid[i])


@compiled
def _fill_smooth(row, sd, n, factor, grid, latent, expected):
    share, wider, kept = row.outlier_share, row.outlier_factor, 1.0 - row.zero_share
    for i in range(n):
        own = sd * factor[i]
        expected[i] = kept * (1.0 - share) * _smooth_mean(latent[i], own, grid[i])
    if share > 0.0:
        for i in range(n):
            own = sd * factor[i] * wider
            expected[i] += kept * share * _smooth_mean(latent[i], own, grid[i])


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
    """Sum over j of grid * P(latent + sd Z >= (j - 1/2) grid), j = 1 to 100 / grid."""
    if sd >= SMOOTH * grid:
        return _smooth_mean(latent, sd, grid)
    total = 0.0
    for j in range(1, int(100.0 / grid + 0.5) + 1):
        total += cdf((latent - (j - 0.5) * grid) / sd)
    return grid * total


@inlined
def _smooth_mean(latent, sd, grid):
    """The same where the grid is fine beside the noise.

    The sum is its integral with the first two terms of the midpoint rule's Euler-Maclaurin
    expansion; the error is below 0.005 points (tested).
    """
    square = (grid / sd) * (grid / sd)
    return sd * (_primitive(latent / sd, square) - _primitive((latent - 100.0) / sd, square))


@inlined
def _primitive(z, square):
    """Integral of P(Z <= z) to z, less the expansion's terms; `square` is (grid / SD) ** 2."""
    area, density = area_and_density(z)
    bend = 7.0 * square * square * (z * z - 1.0) / 5760.0
    return area + (bend - square / 24.0) * density
