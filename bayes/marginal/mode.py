"""The mode of the population and the curvature there.

Here: rounds of placing nodes and climbing with them held; near the mode the curvature, from
differences of exact slopes, and Newton steps with it.
Not here: the density (`target.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes.marginal.grid import Places
from bayes.marginal.target import Target

FloatArray = NDArray[np.float64]

MOST_ROUNDS = 15
CLIMB = 8
NEAR, SETTLED = 1.0, 0.05
"""Distance to the mode at which climbing gives way to Newton steps, and these end, in posterior
standard deviations."""
MOST_CURVATURES = 4
FARTHEST = 3.0
"""Longest move of a round in each direction, in the same unit."""
DIFFERENCE = 0.01


@dataclass(frozen=True)
class Mode:
    """Where the density is largest.

    Attributes
    ----------
    point
        Prior standard scores.
    places
        Nodes placed there.
    log_density
        Up to a constant.
    root
        Symmetric root of the inverse of minus the curvature: under Laplace's approximation scores
        are point + root @ standard normal. Symmetric, so that each of its directions stays as
        close to one parameter as it can.
    is_settled
        Whether climbing ended, at a point whose curvature is that of a maximum.
    """

    point: FloatArray
    places: Places
    log_density: float
    root: FloatArray
    is_settled: bool


def find_mode(
    target: Target, start: FloatArray | None = None, progress: Callable[[float], None] | None = None
) -> Mode:
    """Climb to the mode.

    Parameters
    ----------
    target
        The density.
    start
        Where to begin; the mode of an earlier, similar cohort saves most of the work. Default
        the centre of the prior.
    progress
        Called with the share done, from 0 to 1.
    """
    point = np.zeros(target.size) if start is None else start.copy()
    places = target.new_places()
    target.adapt(point, places, 8)
    for number in range(MOST_ROUNDS):
        slope, root = _scores(target, point, places)
        if np.linalg.norm(root.T @ slope) < NEAR:
            break
        point = _climb(target, point, root, places)
        _place_again(target, point, places)
        if progress:
            progress(0.6 * (number + 1) / (number + 2))
    for _ in range(MOST_CURVATURES):
        root, is_maximum = _curvature_root(target, point, places)
        point, settled = _newton(target, point, root, places)
        if settled:
            break
    log_density = target.density(point, places)
    return Mode(point, places, log_density, root, settled and is_maximum)


def _newton(
    target: Target, point: FloatArray, root: FloatArray, places: Places
) -> tuple[FloatArray, bool]:
    """Take steps with one curvature while they help; return the point and whether it is near."""
    last = np.inf
    while True:
        move = root.T @ target.density_and_slope(point, places)[1]
        left = float(np.linalg.norm(move))
        if not SETTLED <= left <= last / 2:  # near, no longer helping, or no number
            return point, left < SETTLED
        last = left
        point = point + root @ move / max(1.0, left / FARTHEST)
        _place_again(target, point, places)


def _place_again(target: Target, point: FloatArray, places: Places) -> None:
    """Move the nodes to a new point, and leave out what carries nothing there."""
    places.skipped[:] = False
    target.adapt(point, places, 2)
    target.skip_negligible(point, places)


def _scores(target: Target, point: FloatArray, places: Places) -> tuple[FloatArray, FloatArray]:
    """Return the slope, and a root of the inverse information in the patients' scores."""
    _, _, by = target.log_marginals(point, places, with_slopes=True)
    each = target.patient_slopes(point, by)
    information = each.T @ each + np.eye(len(point))
    return each.sum(axis=0) - point, np.linalg.inv(np.linalg.cholesky(information)).T


def _climb(target: Target, point: FloatArray, root: FloatArray, places: Places) -> FloatArray:
    """Return a higher point, the nodes held, searched in units of the information."""
    from scipy.optimize import minimize

    def fall(move: FloatArray) -> tuple[float, FloatArray]:
        value, slope = target.density_and_slope(point + root @ move, places)
        return -value, -(root.T @ slope)

    found = minimize(
        fall,
        np.zeros_like(point),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-FARTHEST, FARTHEST)] * len(point),
        options={"maxiter": CLIMB},
    )
    return np.asarray(point + root @ found.x)


def _curvature_root(target: Target, point: FloatArray, places: Places) -> tuple[FloatArray, bool]:
    """Return the root of the inverse curvature, and whether the curvature is a maximum's."""
    _, slope = target.density_and_slope(point, places)
    steps = DIFFERENCE * np.eye(len(point))
    rows = [target.density_and_slope(point + step, places)[1] - slope for step in steps]
    curvature = -np.stack(rows) / DIFFERENCE
    value, axis = np.linalg.eigh((curvature + curvature.T) / 2)
    # The prior alone has curvature 1; what lies far below is no maximum, but still a proposal.
    kept = np.maximum(value, 0.25)
    return (axis / np.sqrt(kept)) @ axis.T, bool(value.min() > 0.05)
