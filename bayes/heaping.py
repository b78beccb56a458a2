"""Probability of a report on 0-100 that is rounded to tens, fives or ones.

Here: the exact coarsened-data likelihood, equations (2) and (3) of docs/models.md, for NumPy and
PyTensor. Not here: what the latent relief is (`curves.py`).

A latent y* ~ Logistic(eta, sigma) is reported on a grid of width w with chance pi_w, clipped to
0-100. The cell of an interior report has, with x = |y - eta| / sigma and h = w / (2 sigma),

    F(x + h) - F(x - h) = sinh(h) / (cosh(x) + cosh(h)) = t (1 - r^2) / ((t + r)(1 + t r))

with t = exp(-x) and r = exp(-h): one exponential a report whatever the number of grids, no
cancellation, no overflow.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

GRIDS = (10, 5, 1)


@dataclass(frozen=True)
class Cell:
    """Reports that share their grids: where they are and which widths could have made them.

    Attributes
    ----------
    index
        Positions in the reports.
    kind
        'zero' (open below), 'hundred' (open above) or 'inside'.
    widths
        (grid of `GRIDS` whose chance applies, width in points) for every possible rounding.
    """

    index: NDArray[np.intp]
    kind: str
    widths: tuple[tuple[int, float], ...]


def cells(reports: FloatArray) -> list[Cell]:
    """Group reports by the roundings that can have produced them.

    Parameters
    ----------
    reports
        Percent, 0-100. A value with decimals was reported on a finer grid than whole points: it
        counts as a report in ones whose cell has the width of its last printed decimal
        (33.5: 33.45 to 33.55), at most three decimals.
    """
    keys = [_key(float(value)) for value in reports]
    result = []
    for key in sorted(set(keys)):
        kind, widths = key
        index = np.flatnonzero([other == key for other in keys])
        result.append(Cell(index, kind, widths))
    return result


def log_probability(
    reports: FloatArray, grouped: list[Cell], latent: Any, noise: Any, share: Any, xp: Any = np
) -> list[Any]:
    """Return log P(report) for each cell group, in the order of `grouped`, equation (3).

    Parameters
    ----------
    reports
        Percent, shape (n,).
    grouped
        `cells(reports)`.
    latent
        Latent relief eta of each report, shape (n,), NumPy or PyTensor.
    noise
        Logistic scale sigma, points.
    share
        Chances of reporting on each of `GRIDS`, summing to 1.
    xp
        `numpy` or `pytensor.tensor`.
    """
    return [_group(reports[cell.index], cell, latent[cell.index], noise, share, xp)
            for cell in grouped]  # fmt: skip


def probability_table(latent: float, noise: float, share: tuple[float, ...]) -> FloatArray:
    """Return P(report = 0, 1, ..., 100) at one latent value; sums to 1."""
    reports = np.arange(101.0)
    grouped = cells(reports)
    logs = log_probability(reports, grouped, np.full(101, latent), noise, share)
    table = np.empty(101)
    for cell, log in zip(grouped, logs, strict=True):
        table[cell.index] = np.exp(log)
    return table


def _key(value: float) -> tuple[str, tuple[tuple[int, float], ...]]:
    kind = {0.0: "zero", 100.0: "hundred"}.get(value, "inside")
    if value == round(value):
        return kind, tuple((j, float(w)) for j, w in enumerate(GRIDS) if value % w == 0)
    exponent = Decimal(str(round(value, 3))).normalize().as_tuple().exponent
    return kind, ((len(GRIDS) - 1, 10.0 ** int(exponent)),)


def _group(y: FloatArray, cell: Cell, latent: Any, noise: Any, share: Any, xp: Any) -> Any:
    """Log probability of reports with the same grids."""
    if cell.kind == "inside":
        distance = xp.abs(y - latent) / noise
        near = xp.exp(-distance)
        total = sum(share[j] * _inside(near, w / (2 * noise), xp) for j, w in cell.widths)
        return xp.log(total) - distance
    # An open end cell: the chance of lying beyond its one edge, which is w / 2 from the end.
    beyond = (latent if cell.kind == "zero" else 100 - latent) / noise
    excess = xp.maximum(beyond, 0.0)
    low, high = xp.exp(-excess), xp.exp(beyond - excess)
    total = sum(share[j] / (low + xp.exp(-w / (2 * noise)) * high) for j, w in cell.widths)
    return xp.log(total) - excess


def _inside(near: Any, half_width: Any, xp: Any) -> Any:
    edge = xp.exp(-half_width)
    return -xp.expm1(-2 * half_width) / ((near + edge) * (1 + near * edge))
