"""The surgery model: latent relief after surgery on a line in the rTMS relief of the curve.

    y*_i ~ Logistic(z_i, omega)
    z_i = level + slope (x_i - centre) + carry (r_i - x_i)                    (15)
    L_i  = mean over the draws of x_i of P(y_i | x_i)                         (16)

y* is rounded as every report, equation (8). r_i is the last relief reported under rTMS: carry is 0
where the curve is all that counts, and equals the slope where the last report is. The patient's
curve is not plugged in: the draws of x_i are summed over, each weighed by what it makes of the
patient's own evaluation, so that error in x attenuates nothing. What the evaluations would say
back to the population of curves is cut. Four parameters, so importance sampling from the prior,
refined by t proposals, is exact up to its stated effective size.

Here: prior, likelihood, posterior. Not here: who enters (`records.py`), correlations.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr

from bayes.heaping import cells, log_probability

FloatArray = NDArray[np.float64]

LEVEL_PRIOR_PCT = (35.0, 30.0)
"""Normal prior of the level at the mean rTMS relief: centred as the plateaus of rTMS, wide."""
SPREAD_PRIOR_LOG = (float(np.log(25.0)), 0.5)
"""Log-normal prior of the SD of y* among the operated: by 11 to 57 points."""
CARRY_SD = 0.7
"""Normal prior about 0 of what a point of the last report counts beyond the curve."""
LEAST_SPREAD_PCT = 10.0
"""Spread of x that the prior of the slope is stated for where the operated hardly differ."""
TO_SD = float(np.pi / np.sqrt(3))
"""SD of a logistic with scale 1."""

SIZE = 4
NODES = 25
POINTS = 4096
ROUNDS = 6
DRAWS = 2000
ENOUGH = 1200.0
FREEDOM = 5


@dataclass(frozen=True)
class Line:
    """Draws of the line and of the spread about it.

    Attributes
    ----------
    level, slope, carry, scale
        z at `centre` (points), its change a point of x and of the last report, omega; (draws,).
    centre
        Mean rTMS relief of the operated, percent.
    relief
        x of the operated used given their evaluations, percent, shape (draws, operated).
    log_likelihood
        log L_i, shape (draws, operated used).
    effective_size
        Equal draws that the weighted points were worth.
    """

    level: FloatArray
    slope: FloatArray
    carry: FloatArray
    scale: FloatArray
    centre: float
    relief: FloatArray
    log_likelihood: FloatArray
    effective_size: float

    def of(self, draws: NDArray[np.int64]) -> "Line":
        """Return the line with these draws, in this order, of its four parameters."""
        names = ("level", "slope", "carry", "scale")
        return replace(self, **{name: getattr(self, name)[draws] for name in names})

    def latent(self, relief: FloatArray, last: FloatArray) -> FloatArray:
        """Return z (15), shape (draws, patients).

        Parameters
        ----------
        relief
            x by draw, percent, shape (draws, patients).
        last
            Last report, percent, shape (patients,); where NaN the curve alone counts.
        """
        beyond = np.where(np.isfinite(last), last - relief, 0.0)
        on_line = self.level[:, None] + self.slope[:, None] * (relief - self.centre)
        return np.asarray(on_line + self.carry[:, None] * beyond)

    def without(self, position: int) -> FloatArray:
        """Return weights of the draws had one operated patient not been evaluated."""
        log_weight = -self.log_likelihood[:, position]
        return np.asarray(np.exp(log_weight - logsumexp(log_weight)))


def fit_line(
    first: FloatArray,
    relief: FloatArray,
    last: FloatArray,
    tens_share: float,
    fives_share: float,
    seed: int,
) -> Line:
    """Draw from the posterior of the line.

    Parameters
    ----------
    first
        First evaluations, percent 0-100, shape (operated,).
    relief
        Draws of x of the same patients, percent, shape (draws, operated).
    last
        Their last reports under rTMS, percent.
    tens_share, fives_share
        Chances of rounding to tens, and to fives where not to tens.
    seed
        Of every random number.
    """
    nodes = np.quantile(relief, (np.arange(NODES) + 0.5) / NODES, axis=0)
    centre, spread = float(relief.mean()), max(float(relief.std()), LEAST_SPREAD_PCT)
    share = [
        tens_share,
        (1 - tens_share) * fives_share,
        (1 - tens_share) * (1 - fives_share),
    ]

    def by_node(scores: FloatArray) -> list[FloatArray]:
        """Return log P(report | x) at the nodes of each patient's x, shape (points, nodes)."""
        level, slope, carry, scale = (v[:, None] for v in natural(scores, spread))
        noise = np.repeat(scale[:, 0], NODES)
        found = []
        # One patient at a time: a clinic with many operated needs no more memory.
        for report, x, r in zip(first, nodes.T, last, strict=True):
            latent = level + slope * (x - centre) + carry * (r - x)
            cell = cells(np.array([report])).over_draws()
            logs = log_probability(cell, latent.reshape(1, -1), noise, share)
            found.append(logs.reshape(latent.shape))
        return found

    def log_likelihood(scores: FloatArray) -> FloatArray:
        """Return log L_i, equation (16), shape (points, operated)."""
        return np.stack([logsumexp(logs, axis=1) for logs in by_node(scores)], 1) - np.log(NODES)

    rng = np.random.default_rng([seed, 14])
    scores, logs, log_weight = _weighted_points(log_likelihood, rng)
    weight = np.exp(log_weight - logsumexp(log_weight))
    chosen = np.searchsorted(np.cumsum(weight), (np.arange(DRAWS) + rng.random()) / DRAWS)
    chosen = rng.permutation(np.minimum(chosen, len(weight) - 1))
    # Gumbel's trick draws one node a draw in proportion to what it makes of the evaluation.
    node = [(p + rng.gumbel(size=p.shape)).argmax(axis=1) for p in by_node(scores[chosen])]
    updated = np.stack([x[k] for x, k in zip(nodes.T, node, strict=True)], axis=1)
    size = float(1 / (weight**2).sum())
    level, slope, carry, scale = natural(scores[chosen], spread)
    return Line(level, slope, carry, scale, centre, updated, logs[chosen], size)


def natural(scores: FloatArray, spread: float) -> tuple[FloatArray, ...]:
    """Return level, slope, carry and scale from prior standard scores, shape (..., 4).

    The second score is that of the SD of y* about the level, the third that of a correlation
    between x and y* that is uniform on (-1, 1), stated for the spread (SD) of x among the operated.
    """
    level = LEVEL_PRIOR_PCT[0] + LEVEL_PRIOR_PCT[1] * scores[..., 0]
    total = np.exp(SPREAD_PRIOR_LOG[0] + SPREAD_PRIOR_LOG[1] * scores[..., 1])
    correlation = np.clip(2 * ndtr(scores[..., 2]) - 1, -1 + 1e-9, 1 - 1e-9)
    scale = total * np.sqrt(1 - correlation**2) / TO_SD
    slope, carry = correlation * total / spread, CARRY_SD * scores[..., 3]
    return level, slope, carry, np.maximum(scale, 0.05)


def _weighted_points(
    log_likelihood: Callable[[FloatArray], FloatArray], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points from the prior, then from t proposals fitted to them, until enough are alike."""
    scores = rng.standard_normal((POINTS, SIZE))
    logs = log_likelihood(scores)
    log_weight = logs.sum(axis=1)
    for _ in range(ROUNDS):
        weight = np.exp(log_weight - logsumexp(log_weight))
        if 1 / (weight**2).sum() >= ENOUGH:
            break
        mean = weight @ scores
        spread = np.cov(scores.T, aweights=weight) + 1e-4 * np.eye(SIZE)
        scores, log_proposal = _proposals(mean, spread, rng)
        logs = log_likelihood(scores)
        log_weight = logs.sum(axis=1) + _log_normal(scores) - log_proposal
    return scores, logs, log_weight


def _proposals(
    mean: FloatArray, covariance: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw points, a tenth from the prior and the rest from a t; and their log density."""
    from scipy.stats import multivariate_t

    found = multivariate_t(mean, covariance, df=FREEDOM)
    scores = found.rvs(POINTS, random_state=rng)
    is_prior = rng.random(POINTS) < 0.1
    scores[is_prior] = rng.standard_normal((int(is_prior.sum()), SIZE))
    both = [np.log(0.9) + found.logpdf(scores), np.log(0.1) + _log_normal(scores)]
    return scores, np.logaddexp(*both)


def _log_normal(scores: FloatArray) -> FloatArray:
    return np.asarray(-0.5 * (scores**2).sum(axis=1) - SIZE / 2 * np.log(2 * np.pi))
