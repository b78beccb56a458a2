"""Proposals for the population: Laplace's approximation, corrected along each of its ridges.

Here: where the density is measured, and the coordinates that follow: a *score* is the distance
from the mode along each direction of the root, in Laplace's standard deviations; *straight* once
what the other scores displace is taken out (`ridges.py`); its proposal is standard *normal* after
the transformation by its distribution function. Not here: the mode (`mode.py`), what is drawn with
it (`importance.py`, `chains.py`).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from bayes.marginal.grid import Places, copy_places
from bayes.marginal.mode import Mode
from bayes.marginal.ridges import Ridges, measure_ridges
from bayes.marginal.target import Target

FloatArray = NDArray[np.float64]

MEASURED = np.array([-3.0, -1.5, 1.5, 3.0])
"""Where, in Laplace's standard deviations, the density is measured along each ridge."""
STIFFNESS = (0.1, 4.0)
"""Least and most that the fall there may differ from Laplace's."""
RIDGE_STEPS, LONGEST_STEP = 3, 1.5
ALONG = np.linspace(-8, 8, 801)
FREEDOM = 15.0
"""Degrees of freedom of each direction's proposal: tails that the posterior's do not outrun."""


@dataclass(frozen=True)
class Proposals:
    """A product of one distribution a ridge.

    Attributes
    ----------
    mode
        Its point and root carry scores to points.
    ridges
        How scores displace one another.
    log, below
        Log density and distribution function of each straight score at `ALONG`, shape
        (size, places).
    """

    mode: Mode
    ridges: Ridges
    log: FloatArray
    below: FloatArray

    def scores_below(self, chance: FloatArray) -> FloatArray:
        """Return the scores that have these chances below them when straight, shape (..., size)."""
        columns = [np.interp(chance[..., k], cdf, ALONG) for k, cdf in enumerate(self.below)]
        return self.ridges.bent(np.stack(columns, axis=-1))

    def scores_of(self, normal: FloatArray) -> FloatArray:
        """Return the scores of standard normal coordinates, shape (..., size)."""
        return self.scores_below(ndtr(normal))

    def normal_of(self, scores: FloatArray) -> FloatArray:
        """Return the standard normal coordinates of scores, shape (..., size)."""
        straight = self.ridges.straightened(scores)
        columns = [np.interp(straight[..., k], ALONG, cdf) for k, cdf in enumerate(self.below)]
        return np.asarray(ndtri(np.clip(np.stack(columns, axis=-1), 1e-15, 1 - 1e-15)))

    def points(self, scores: FloatArray) -> FloatArray:
        """Return prior standard scores of the population, shape (..., size)."""
        return np.asarray(self.mode.point + scores @ self.mode.root.T)

    def log_density(self, scores: FloatArray) -> FloatArray:
        """Return the log density of the proposals, none beyond `ALONG`, shape (...)."""
        straight = self.ridges.straightened(scores)
        columns = [
            np.interp(straight[..., k], ALONG, log, left=-np.inf, right=-np.inf)
            for k, log in enumerate(self.log)
        ]
        return np.asarray(np.sum(columns, axis=0))

    def log_posterior(
        self, target: Target, scores: FloatArray, progress: Callable[[float], None] | None = None
    ) -> FloatArray:
        """Return the log posterior density, up to a constant, shape (draws,)."""
        return log_densities(target, self.points(scores), self.mode.places, progress)

    def on_ridge(self, target: Target, scores: FloatArray, held: NDArray[np.bool_]) -> FloatArray:
        """Return the scores with those held and the others where the density is largest.

        By Newton steps with Laplace's curvature, which is the unit in these coordinates; they end
        where the density has no slope that is a number (noise next to nothing).
        """
        found, places = np.where(held, scores, 0.0), copy_places(self.mode.places)
        for _ in range(RIDGE_STEPS):
            point = self.points(found)
            target.adapt(point, places, 2)
            step = self.mode.root.T @ target.density_and_slope(point, places)[1]
            step[held] = 0.0
            if not np.isfinite(step).all():
                break
            found = found + step / max(1.0, float(np.linalg.norm(step)) / LONGEST_STEP)
        return found


def measure(target: Target, mode: Mode, ridges: Ridges | None = None) -> Proposals:
    """Return the proposals around a mode, along its ridges (default: measured here).

    Laplace's approximation says x^2 / 2 for the fall of the log density at x. Here the fall is
    measured at four places of the ridge of each direction and its ratio to x^2 / 2 taken as
    straight between them, which takes the skewness and the shoulders of spreads and rates that
    Laplace leaves to the weights (Geweke 1989 with two places); t distributions give the tails.
    """
    ridges = ridges or measure_ridges(target, mode)
    moves = np.concatenate([ridges.at(x) for x in MEASURED]) @ mode.root.T
    logs = log_densities(target, mode.point + moves, mode.places)
    fall = (mode.log_density - logs).reshape(len(MEASURED), target.size)
    stiff = np.clip(fall / (MEASURED[:, None] ** 2 / 2), *STIFFNESS)
    places = np.insert(MEASURED, 2, 0.0)
    stiff = np.insert(stiff, 2, 1.0, axis=0)
    ratio = np.stack([np.interp(ALONG, places, own) for own in stiff.T])
    return _with_tails(mode, ridges, ratio)


def laplace(mode: Mode) -> Proposals:
    """Return Laplace's approximation with the tails of t distributions, along straight lines.

    Nothing is evaluated: for who needs tens of effective draws, not hundreds.
    """
    n = len(mode.point)
    straight = Ridges(np.arange(n), np.zeros((n, 2, n)))
    return _with_tails(mode, straight, np.ones((n, len(ALONG))))


def _with_tails(mode: Mode, ridges: Ridges, ratio: FloatArray) -> Proposals:
    """Return proposals whose log density falls by `ratio` of Laplace's, shape (size, places)."""
    log = -(FREEDOM + 1) / 2 * np.log1p(ratio * ALONG**2 / FREEDOM)
    density = np.exp(log)
    cell = (density[:, 1:] + density[:, :-1]) / 2
    below = np.concatenate([np.zeros((len(log), 1)), np.cumsum(cell, axis=1)], axis=1)
    total = below[:, -1:].copy()
    log -= np.log(total * (ALONG[1] - ALONG[0]))
    return Proposals(mode, ridges, log, below / total)


def log_densities(
    target: Target,
    points: FloatArray,
    places: Places,
    progress: Callable[[float], None] | None = None,
    each: Callable[[int, Places, FloatArray], None] | None = None,
) -> FloatArray:
    """Return the log density at every point; nodes follow each point by one Newton step.

    A density that is no number, where spreads overflow far out, counts as 0. `each` is called with
    the position of every point, its nodes and its components.
    """
    single = replace(target, threads=1)
    done = [0]

    def one(k: int) -> float:
        own = copy_places(places)
        single.adapt(points[k], own, 1)
        logs, component, _ = single.log_marginals(points[k], own)
        if each:
            each(k, own, component)
        done[0] += 1
        if progress and done[0] % 50 == 0:
            progress(done[0] / len(points))
        log = float(logs.sum() - points[k] @ points[k] / 2)
        return log if np.isfinite(log) else -np.inf

    if len(points) == 1 or target.threads == 1:
        return np.array([one(k) for k in range(len(points))])
    with ThreadPoolExecutor(target.threads) as pool:
        return np.array(list(pool.map(one, range(len(points)))))
