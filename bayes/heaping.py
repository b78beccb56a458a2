"""Probability of a report on 0-100 that is rounded to tens, fives or ones.

Here: the exact coarsened-data likelihood, equations (2) and (3) of docs/models.md, for NumPy and
PyTensor. Not here: what the latent relief is (`curves.py`).

A latent y* ~ Logistic(eta, sigma) is reported on a grid of width w with chance pi_w, clipped to
0-100. The cell of an interior report has, with x = |y - eta| / sigma and h = w / (2 sigma),

    F(x + h) - F(x - h) = sinh(h) / (cosh(x) + cosh(h)) = t (1 - r^2) / ((t + r)(1 + t r))

with t = exp(-x) and r = exp(-h): one exponential a report whatever the number of grids, no
cancellation, no overflow.
"""

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]

GRIDS = (10, 5, 1)


@dataclass(frozen=True)
class Cells:
    """Reports sorted by the shape of their cell; every array may be empty.

    Attributes
    ----------
    end, is_zero
        Positions of the reports 0 and 100, whose cells are open, and 1.0 for a zero.
    inside, value, on_grid
        Positions and values of the other whole numbers, and 1.0 for each of `GRIDS` that
        contains the value, shape (3, inside).
    fine, fine_value, fine_width
        The same for values with decimals, and the width of their last printed decimal.
    """

    end: IndexArray
    is_zero: FloatArray
    inside: IndexArray
    value: FloatArray
    on_grid: FloatArray
    fine: IndexArray
    fine_value: FloatArray
    fine_width: FloatArray

    def as_dict(self) -> dict[str, Any]:
        """Return the arrays by name."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def over_draws(self) -> dict[str, Any]:
        """Return the arrays shaped to meet latent relief of shape (n, draws)."""
        positions = ("end", "inside", "fine")
        return {
            name: array if name in positions else array[..., None]
            for name, array in self.as_dict().items()
        }

    @property
    def order(self) -> IndexArray:
        """Positions in the order in which `log_probability` lists them."""
        return np.concatenate([self.end, self.inside, self.fine])


def cells(reports: FloatArray) -> Cells:
    """Sort reports by the shape of their cell.

    Parameters
    ----------
    reports
        Percent, 0-100. A value with decimals was reported on a finer grid than whole points: it
        counts as a report in ones whose cell has the width of its last printed decimal
        (33.5: 33.45 to 33.55), at most three decimals.
    """
    y = np.asarray(reports, dtype=float)
    is_end = (y == 0) | (y == 100)
    is_fine = y != np.round(y)
    end, fine = np.flatnonzero(is_end), np.flatnonzero(is_fine)
    inside = np.flatnonzero(~is_end & ~is_fine)
    return Cells(
        end=end,
        is_zero=(y[end] == 0).astype(float),
        inside=inside,
        value=y[inside],
        on_grid=(y[inside] % np.array(GRIDS)[:, None] == 0).astype(float),
        fine=fine,
        fine_value=y[fine],
        fine_width=np.array([_printed_width(value) for value in y[fine]], dtype=float),
    )


def log_probability(cell: dict[str, Any], latent: Any, noise: Any, share: Any, xp: Any = np) -> Any:
    """Return log P(report) of every report, in the order `Cells.order`, equation (3).

    Parameters
    ----------
    cell
        `Cells.as_dict()`, NumPy or PyTensor.
    latent
        Latent relief eta of each report, shape (n,); (n, draws) with `Cells.over_draws()`.
    noise
        Logistic scale sigma, points: one number, one a report, or one a draw.
    share
        Chances of reporting on each of `GRIDS`, summing to 1.
    xp
        `numpy` or `pytensor.tensor`.
    """

    def own(name: str) -> Any:
        return noise[cell[name]] if getattr(noise, "ndim", 0) == latent.ndim else noise

    parts = [
        _ends(cell["is_zero"], latent[cell["end"]], own("end"), share, xp),
        _whole(cell["value"] - latent[cell["inside"]], cell["on_grid"], own("inside"), share, xp),
    ]
    if cell["fine"] is not None:
        distance = xp.abs(cell["fine_value"] - latent[cell["fine"]]) / own("fine")
        narrow = xp.exp(-cell["fine_width"] / (2 * own("fine")))
        mass = share[-1] * _inside(xp.exp(-distance), narrow)
        parts.append(xp.log(mass) - distance)
    return xp.concatenate(parts)


def probability_table(latent: float, noise: float, share: tuple[float, ...]) -> FloatArray:
    """Return P(report = 0, 1, ..., 100) at one latent value; sums to 1."""
    cell = cells(np.arange(101.0))
    table = np.empty(101)
    logs = log_probability(cell.as_dict(), np.full(101, latent), noise, share)
    table[cell.order] = np.exp(logs)
    return table


def _edges(noise: Any, xp: Any) -> list[Any]:
    return [xp.exp(-width / (2 * noise)) for width in GRIDS]


def _ends(is_zero: Any, latent: Any, noise: Any, share: Any, xp: Any) -> Any:
    """Open cells: the chance of lying beyond the one edge, w / 2 from the end of the scale."""
    beyond = (is_zero * latent + (1 - is_zero) * (100 - latent)) / noise
    excess = xp.maximum(beyond, 0.0)
    low, high = xp.exp(-excess), xp.exp(beyond - excess)
    total = sum(pi / (low + e * high) for pi, e in zip(share, _edges(noise, xp), strict=True))
    return xp.log(total) - excess


def _whole(gap: Any, on_grid: Any, noise: Any, share: Any, xp: Any) -> Any:
    """Cells of whole numbers, mixed over the grids that contain them."""
    distance, edges = xp.abs(gap) / noise, _edges(noise, xp)
    near = xp.exp(-distance)
    total = sum(share[j] * on_grid[j] * _inside(near, edges[j]) for j in range(len(GRIDS)))
    return xp.log(total) - distance


def _inside(near: Any, edge: Any) -> Any:
    """Mass of an interior cell divided by exp(-x)."""
    return (1 - edge) * (1 + edge) / ((near + edge) * (1 + near * edge))


def _printed_width(value: float) -> float:
    exponent = Decimal(str(round(value, 3))).normalize().as_tuple().exponent
    return float(10.0 ** int(exponent))
