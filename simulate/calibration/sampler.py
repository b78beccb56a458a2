"""Where the study may lie in one combination of structures: draws of prior times likelihood.

Here: the cloud around the most likely place, and sequential Monte Carlo from there. Not here: what
the likelihood is (`surface.py`), rounds of simulation (`calibrate.py`).

The search starts from Laplace's cloud and goes on by sequential Monte Carlo, which needs no luck
with that cloud and leaves the evidence behind. Draws move by Hamiltonian trajectories in the
cloud's own coordinates: random walks of so many dimensions hardly move, and steps that follow the
draws' own covariance collapse with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.calibration.cloud import Cloud, FloatArray, around, log_prior
from simulate.calibration.surface import Surface

WIDER = 1.1  # SDs of the first draws over Laplace's
CLIMB = 40  # steps of Gauss and Newton at most
TRAJECTORY = 1.4  # of a move, near a quarter of a turn of a normal law
SHARE_KEPT = 0.5  # of the draws' effective size, in each step towards the posterior
IntArray = np.ndarray


@dataclass(frozen=True)
class Look:
    """What was found: equally weighted draws (n, d), the cloud around them, the log evidence.

    The evidence is up to a constant that all surfaces of the same figures share.
    """

    cloud: Cloud
    place: FloatArray
    log_evidence: float


def laplace_cloud(surface: Surface, start: FloatArray) -> Cloud:
    """Return the cloud around the highest posterior density.

    Gauss and Newton from a place (d,), damped where a step does not rise (Levenberg).
    """
    place, damping = start.copy(), 1e-2
    height = _posterior(surface, place)
    for _ in range(CLIMB):
        gradient, curvature = _slopes(surface, place)
        step = np.linalg.solve(curvature + damping * np.eye(len(place)), gradient)
        there = np.clip(place + step, -6, 6)
        rise = _posterior(surface, there) - height
        if rise <= 0:
            damping *= 10
            if damping > 1e6:
                break
            continue
        place, height, damping = there, height + rise, max(damping / 5, 1e-6)
        if rise < 1e-3:
            break
    covariance = np.linalg.inv(_slopes(surface, place)[1])
    return Cloud(place, np.linalg.cholesky((covariance + covariance.T) / 2))


def look(surface: Surface, start: FloatArray, rng: np.random.Generator, *, n: int) -> Look:
    """Return n draws of prior times likelihood.

    Sequential Monte Carlo (Del Moral 2006): draws of Laplace's cloud are turned step by step into
    draws of the posterior, each step as large as keeps half of the effective size, followed by
    resampling and a Hamiltonian move of each draw (Neal 2011); at the end four. The evidence is
    the product of the steps' mean weights.

    Parameters
    ----------
    surface
        The likelihood.
    start
        Place from which the highest density is sought, (d,).
    """
    origin = laplace_cloud(surface, start).widened(WIDER)
    z = rng.standard_normal((n, len(start)))
    size = float(np.log(np.diag(origin.factor)).sum())
    power, stride, evidence = 0.0, 0.25, 0.0
    while power < 1:
        place = origin.at(z)
        # densities of places: those of z carry the factor's size
        rise = surface.log_likelihood(place) + log_prior(place) + 0.5 * (z**2).sum(axis=1) + size
        step = min(_step(rise, SHARE_KEPT * n), 1 - power)
        power += step
        weight = np.exp(step * (rise - rise.max()))
        evidence += float(np.log(weight.mean()) + step * rise.max())
        z = z[_resampled(weight, rng)]
        for _ in range(1 if power < 1 else 4):
            z, stride = _moved(surface, origin, z, power, stride, rng)
    place = origin.at(z)
    return Look(around(place), place, evidence)


def _posterior(surface: Surface, place: FloatArray) -> float:
    return float((surface.log_likelihood(place[None]) + log_prior(place[None]))[0])


def _slopes(surface: Surface, place: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return gradient (d,) and Gauss-Newton curvature (d, d) of prior times likelihood."""
    jacobian, (_, wider) = surface.jacobian(place), surface.gap(place)
    gradient = surface.climbed(place[None])[1][0] - place
    return gradient, jacobian @ jacobian.T / wider + np.eye(len(place))


def _step(rise: FloatArray, floor: float) -> float:
    """Return the largest power of the weights that keeps an effective size of `floor`."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        weight = np.exp(middle * (rise - rise.max()))
        enough = weight.sum() ** 2 / (weight**2).sum() >= floor
        low, high = (middle, high) if enough else (low, middle)
    return max(low, 1e-4)


def _resampled(weight: FloatArray, rng: np.random.Generator) -> IntArray:
    """Systematic resampling: as many numbers as weights."""
    edges = np.cumsum(weight)
    n = len(weight)
    picks = np.searchsorted(edges, (np.arange(n) + rng.random()) / n * edges[-1])
    return np.minimum(picks, n - 1)


def _moved(
    surface: Surface,
    origin: Cloud,
    z: FloatArray,
    power: float,
    stride: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, float]:
    """Move each draw along a trajectory; return the draws and the stride for the next move.

    The stride aims at four accepted moves of five.
    """

    def climbed(z: FloatArray) -> tuple[FloatArray, FloatArray]:
        place = origin.at(z)
        height, gradient = surface.climbed(place)
        height = height + log_prior(place)
        return (
            power * height - (1 - power) * 0.5 * (z**2).sum(axis=1),
            power * ((gradient - place) @ origin.factor) - (1 - power) * z,
        )

    size = stride * rng.uniform(0.85, 1.15)
    speed = rng.standard_normal(z.shape)
    height, gradient = climbed(z)
    before = height - 0.5 * (speed**2).sum(axis=1)
    there = z
    for _ in range(max(2, round(TRAJECTORY / size))):
        speed = speed + 0.5 * size * gradient
        there = there + size * speed
        height, gradient = climbed(there)
        speed = speed + 0.5 * size * gradient
    after = height - 0.5 * (speed**2).sum(axis=1)
    with np.errstate(over="ignore"):
        chance = np.exp(np.minimum(after - before, 0))
    taken = rng.random(len(z)) < np.nan_to_num(chance)
    mean = float(np.nan_to_num(chance).mean())
    stride = float(np.clip(stride * np.exp(0.6 * (mean - 0.8)), 0.03, 0.6))
    return np.where(taken[:, None], there, z), stride
