"""The relief model with a parameter held, or with another clock than the session number.

Here: a target of the marginal engine that is told otherwise, and its fit. A parameter that is held
stays in the points, where nothing depends on it and it keeps its prior; draws of the fit hold the
value it was held at. Not here: which variants are compared (`leave_out.py`, `sensitivity.py`).
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes.checks.near import NearFit, Shapes, fit_near
from bayes.cohort import Cohort
from bayes.covariates import covariates_of
from bayes.marginal.grid import Rows, rows_of
from bayes.marginal.target import Target
from bayes.parameters import NAMES, PARAMETERS, scores_of, values

FloatArray = NDArray[np.float64]

NONE, ALL = 1e-9, 1 - 1e-9
"""Shares that stand for 0 and 1, whose logits are numbers."""


@dataclass
class VariantTarget(Target):
    """Log posterior of a variant.

    Attributes
    ----------
    held
        Natural values of parameters that are held, by name.
    clock
        What stands for the session number, whole and from 1, by row of the cohort; the law of
        stopping keeps the session number.
    """

    held: dict[str, float] = field(default_factory=dict)
    clock: NDArray[np.int64] | None = None

    @cached_property
    def rows(self) -> Rows:
        """Sessions for the kernels."""
        rows = rows_of(self.cohort)
        return rows if self.clock is None else rows._replace(session=self.clock)

    @cached_property
    def positions(self) -> list[int]:
        """Positions of the parameters held."""
        return [NAMES.index(name) for name in self.held]

    @cached_property
    def scores_held(self) -> FloatArray:
        """Prior standard scores of the values they are held at."""
        natural = values(np.zeros(len(NAMES)))
        natural[self.positions] = list(self.held.values())
        return scores_of(natural)[self.positions]

    def placed(self, points: FloatArray) -> FloatArray:
        """Return points with the held parameters at their values, shape (..., size)."""
        result = points.copy()
        result[..., self.positions] = self.scores_held
        return result

    def tables(self, point: FloatArray, *, with_slopes: bool = False) -> tuple[FloatArray, Any]:
        """Return the kernels' natural parameters and tables."""
        return super().tables(self.placed(point), with_slopes=with_slopes)

    def rising(self, point: FloatArray) -> FloatArray:
        """Return the logit of each patient's chance to rise."""
        return super().rising(self.placed(point))

    def patient_slopes(self, point: FloatArray, by: FloatArray) -> FloatArray:
        """Return d log marginal / d point by patient; 0 for what is held."""
        found = super().patient_slopes(self.placed(point), by)
        found[:, self.positions] = 0.0
        return found


def fit_variant(
    cohort: Cohort,
    shapes: Shapes,
    *,
    held: dict[str, float] | None = None,
    clock: NDArray[np.int64] | None = None,
    n_draws: int = 300,
    seed: int = 0,
    cores: int = 2,
) -> NearFit:
    """Fit a variant with the marginal engine, near the shipped fit.

    Parameters
    ----------
    cohort
        Patients, all or some of the shipped fit's.
    shapes
        Of the shipped fit.
    held, clock
        See `VariantTarget`.
    n_draws, seed, cores
        Draws kept; seed of the random numbers; kernels that run at the same time.

    Raises
    ------
    ValueError
        If a name is no parameter.
    """
    unknown = set(held or {}) - {parameter.name for parameter in PARAMETERS}
    if unknown:
        raise ValueError(f"No parameter {', '.join(sorted(unknown))}: see bayes/parameters.py.")
    target = variant_target(cohort, held or {}, clock, cores)
    found = fit_near(target, shapes, n_draws, seed)
    posterior = found.fit.posterior
    placed = replace(posterior, scores=target.placed(posterior.scores))
    return replace(found, fit=replace(found.fit, posterior=placed))


def variant_target(
    cohort: Cohort,
    held: dict[str, float],
    clock: NDArray[np.int64] | None = None,
    cores: int = 2,
) -> VariantTarget:
    """Return the log posterior of a variant, with the nodes that it needs."""
    return VariantTarget(cohort, covariates_of(cohort), threads=cores, held=held, clock=clock)
