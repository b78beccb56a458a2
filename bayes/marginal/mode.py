"""The mode of the population and the curvature there.

Here: quasi-Newton steps (BFGS), the nodes placed again at each; near the mode the curvature, from
differences of exact slopes, and Newton steps with it.
Not here: the density (`target.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes.marginal.grid import LIGHT, Places
from bayes.marginal.target import Target
from bayes.parameters import KERNEL_NAMES

FloatArray = NDArray[np.float64]

MOST_STEPS = 80
NEAR, SETTLED = 0.2, 0.2
"""Distance to the mode at which climbing gives way to Newton steps, and these end, in posterior
standard deviations (for climbing as it is estimated on the way)."""
NO_HELP = 0.6
"""The same, where a Newton step does not climb: the point is between ripples of the density."""
MOST_CURVATURES = 4
FARTHEST = 3.0
"""Longest step, in the same unit."""
MOST_HALVINGS = 6
DIFFERENCE = 0.6
"""Half of the distance over which slopes are compared for the curvature, in conditional standard
deviations: the density has ripples of a few hundredths, from the grid of rates."""


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
    target.choose_efforts(point, places)
    point = _climb(target, point, places, progress)
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
        value, slope = target.density_and_slope(point, places)
        move = root.T @ slope
        left = float(np.linalg.norm(move))
        if not SETTLED <= left <= last / 2:  # near, no longer helping, or no number
            return point, left < SETTLED
        last, before = left, point
        point = point + root @ move / max(1.0, left / FARTHEST)
        _place_again(target, point, places)
        if not target.density(point, places) > value:
            _place_again(target, before, places)
            return before, left < NO_HELP


def _place_again(target: Target, point: FloatArray, places: Places) -> None:
    """Move the nodes to a new point, and leave out what carries nothing there."""
    places.effort[:] = LIGHT
    target.adapt(point, places, 2)
    target.choose_efforts(point, places)


def _climb(
    target: Target, point: FloatArray, places: Places, progress: Callable[[float], None] | None
) -> FloatArray:
    """Return a point near the mode, by BFGS from the information in the patients' scores."""
    value, slope, inverse = _start(target, point, places)
    for number in range(MOST_STEPS):
        move = inverse @ slope
        left = float(np.sqrt(slope @ move))
        if left < NEAR:
            break
        move /= max(1.0, left / FARTHEST)
        for _ in range(MOST_HALVINGS):
            _place_again(target, point + move, places)
            new_value, new_slope = target.density_and_slope(point + move, places)
            if new_value > value:
                break
            move /= 2
        if not np.isfinite([new_value, *new_slope]).all():
            _place_again(target, point, places)
            break
        inverse = _updated(inverse, move, slope - new_slope)
        point, value, slope = point + move, new_value, new_slope
        if progress:
            progress(0.6 * (number + 1) / (number + 10))
    return point


def _start(
    target: Target, point: FloatArray, places: Places
) -> tuple[float, FloatArray, FloatArray]:
    """Return density and slope, and the inverse of the information in the patients' scores."""
    logs, _, by = target.log_marginals(point, places, with_slopes=True)
    each = target.patient_slopes(point, by)
    information = each.T @ each + np.eye(len(point))
    value = float(logs.sum() - point @ point / 2)
    return value, each.sum(axis=0) - point, np.linalg.inv(information)


def _updated(inverse: FloatArray, move: FloatArray, fall: FloatArray) -> FloatArray:
    """Return the BFGS update of an inverse curvature; `fall` is how much the slope fell."""
    along = move @ fall
    if not along > 1e-8 * np.linalg.norm(move) * np.linalg.norm(fall):
        return inverse
    rest = np.eye(len(move)) - np.outer(move, fall) / along
    return np.asarray(rest @ inverse @ rest.T + np.outer(move, move) / along)


def _curvature_root(target: Target, point: FloatArray, places: Places) -> tuple[FloatArray, bool]:
    """Return the root of the inverse curvature, and whether the curvature is a maximum's."""
    curvature = _curvature(target, point, places)
    if not np.isfinite(curvature).all():  # at the edge of what can be computed: noise next to none
        return np.eye(len(point)), False
    value, axis = np.linalg.eigh(-curvature)
    # The prior alone has curvature 1; what lies far below is no maximum, but still a proposal.
    kept = np.maximum(value, 0.25)
    return (axis / np.sqrt(kept)) @ axis.T, bool(value.min() > 0.05)


def _curvature(target: Target, point: FloatArray, places: Places) -> FloatArray:
    """Return the second derivatives of the density, the nodes held.

    Those within the logit of rising are known; the others are differences of slopes.
    """
    curvature = target.rising_curvature(point, places)
    n = len(KERNEL_NAMES)
    by = target.log_marginals(point, places, with_slopes=True)[2]
    information = (target.patient_slopes(point, by) ** 2).sum(axis=0) + 1
    half = DIFFERENCE / np.sqrt(information[:n])
    steps = np.eye(len(point))[:n] * half[:, None]
    slopes = [
        [target.density_and_slope(point + sign * step, places)[1] for step in steps]
        for sign in (1, -1)
    ]
    rows = (np.array(slopes[0]) - np.array(slopes[1])) / (2 * half[:, None])
    curvature[:n, :n] = (rows[:, :n] + rows[:, :n].T) / 2
    curvature[:n, n:], curvature[n:, :n] = rows[:, n:], rows[:, n:].T
    return curvature
