"""The naive comparator: a hierarchical exponential on the reported scale with Gaussian noise.

    y_is = b_i + (A_i - b_i)(1 - exp(-k_i s)) + e_is,   e ~ Normal(0, SD)

with b_i, A_i bivariate normal and log k_i normal, as in equation (1) of docs/models.md with a
shape of 1, and the same priors; the SD's prior is that of the relief model's noise as an SD. No
bounds at 0 and 100, no heaping, no flat kind, no relapse, no stopping: this is what the relief
model is more than. Given a rate the model is linear, so that a patient's effects are summed out
in closed form at each of some nodes of the rate. Here: fit, draws of courses and reports, scores.
Not here: what is compared (`leave_out.py`, `replicates.py`, `tables.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bayes.cohort import MISSING, Cohort
from bayes.parameters import PARAMETERS, natural

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

OWN = (
    "start_mean", "start_sd", "plateau_mean", "plateau_sd", "start_plateau_correlation",
    "log_rate_mean", "log_rate_sd", "noise",
)  # fmt: skip
LOGISTIC_SD = np.pi / np.sqrt(3)
RATE_NODES = np.linspace(-3, 3, 15)
FREEDOM = 8
PROPOSALS = 1000
ROUNDS = 3


@dataclass(frozen=True)
class Sums:
    """Number, sum and sum of squares of reports by patient and session, shape (patients, 30)."""

    number: FloatArray
    total: FloatArray
    squares: FloatArray

    @cached_property
    def sessions(self) -> FloatArray:
        """Session numbers of the columns."""
        return np.arange(1.0, self.number.shape[1] + 1)


@dataclass(frozen=True)
class GaussianFit:
    """Draws of the population.

    Attributes
    ----------
    scores
        Prior standard scores of `OWN`, equally weighted, shape (draws, 8).
    pareto_k
        Of the importance weights.
    sums, seed
        Data, and the seed of every random number.
    """

    scores: FloatArray
    pareto_k: float
    sums: Sums
    seed: int


def sums_of(cohort: Cohort, last_session: int | None = None) -> Sums:
    """Return the sums of a cohort's reports, up to a session if one is given."""
    kept = cohort.kind != MISSING
    if last_session is not None:
        kept &= cohort.session <= last_session
    shape = (len(cohort.patients), int(cohort.session.max()))
    where, y = (cohort.patient[kept], cohort.session[kept] - 1), cohort.relief[kept]
    number, total, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for array, value in ((number, 1.0), (total, y), (squares, y**2)):
        np.add.at(array, where, value)
    return Sums(number, total, squares)


def fit_gaussian(cohort: Cohort, n_draws: int, seed: int) -> GaussianFit:
    """Fit by the mode, Laplace's approximation and importance sampling with t proposals."""
    from scipy.optimize import minimize
    from scipy.stats import multivariate_t

    from bayes.marginal.importance import smoothed, systematic

    sums = sums_of(cohort)

    def fall(score: FloatArray) -> float:
        return float(score @ score / 2 - patient_logs(score, sums).sum())

    mode = minimize(fall, np.zeros(len(OWN)), method="BFGS").x
    rng = np.random.default_rng([seed, 23])
    centre, spread = mode, np.linalg.inv(_curvature(fall, mode))
    for _ in range(ROUNDS):
        proposal = multivariate_t(centre, spread, df=FREEDOM, seed=rng)
        drawn = proposal.rvs(PROPOSALS)
        weight, pareto_k = smoothed(-np.array([fall(s) for s in drawn]) - proposal.logpdf(drawn))
        # The next round proposes where these draws say that the posterior is.
        centre = weight @ drawn
        spread = (drawn - centre).T * weight @ (drawn - centre)
    kept = systematic(weight, n_draws, rng)
    return GaussianFit(drawn[kept], pareto_k, sums, seed)


def patient_logs(score: FloatArray, sums: Sums) -> FloatArray:
    """Return each patient's log marginal density of the reports, one point a cell of width 1."""
    logs, _ = _by_node(score, sums)
    top = logs.max(axis=1)
    return np.asarray(top + np.log(np.exp(logs - top[:, None]).sum(axis=1)))


def draw_effects(fit: GaussianFit) -> FloatArray:
    """Return a draw of every patient's start, plateau and rate, shape (draws, patients, 3)."""
    rng = np.random.default_rng([fit.seed, 29])
    n = len(fit.sums.number)
    result = np.empty((len(fit.scores), n, 3))
    for d, score in enumerate(fit.scores):
        logs, (mean, covariance) = _by_node(score, fit.sums)
        chance = np.exp(logs - logs.max(axis=1, keepdims=True))
        below = np.cumsum(chance / chance.sum(axis=1, keepdims=True), axis=1)
        node = np.minimum((below < rng.random((n, 1))).sum(axis=1), len(RATE_NODES) - 1)
        at = np.arange(n), node
        root = np.linalg.cholesky(covariance[at])
        z = rng.standard_normal((n, 2, 1))
        result[d, :, :2] = mean[at] + (root @ z)[..., 0]
        value = _natural(score)
        result[d, :, 2] = np.exp(value["log_rate_mean"] + value["log_rate_sd"] * RATE_NODES[node])
    return result


def courses(effects: FloatArray, sessions: FloatArray) -> FloatArray:
    """Return the mean at sessions, points, shape (draws, patients, sessions); not within 0-100."""
    start, plateau, rate = np.moveaxis(effects, -1, 0)[..., None]
    return np.asarray(start + (plateau - start) * (1 - np.exp(-rate * sessions)))


def replicates(fit: GaussianFit, effects: FloatArray, cohort: Cohort, rows: IntArray) -> FloatArray:
    """Return drawn reports at rows of the cohort, shape (draws, rows); beyond 0-100 where so."""
    rng = np.random.default_rng([fit.seed, 31])
    session = cohort.session[rows]
    mean = courses(effects, fit.sums.sessions)[:, cohort.patient[rows], session - 1]
    sd = np.array([_natural(score)["sd"] for score in fit.scores])
    return np.asarray(mean + sd[:, None] * rng.standard_normal(mean.shape))


def _natural(score: FloatArray) -> dict[str, float]:
    by_name = {p.name: p for p in PARAMETERS if p.name in OWN}
    value = {
        name: float(natural(by_name[name].link, by_name[name].centre + by_name[name].spread * z))
        for name, z in zip(OWN, score, strict=True)
    }
    return value | {"sd": value["noise"] * LOGISTIC_SD}


def _by_node(score: FloatArray, sums: Sums) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
    """Return log parts by patient and node of the rate, and mean and covariance of the effects.

    With X the rows (1 - g, g), S = X'X and t = X'(y - X mu): the reports have covariance
    sd^2 I + X L X', and start and plateau given them have precision L^-1 + S / sd^2.
    """
    value = _natural(score)
    variance = value["sd"] ** 2
    mu = np.array([value["start_mean"], value["plateau_mean"]])
    off = value["start_plateau_correlation"] * value["start_sd"] * value["plateau_sd"]
    spread = np.array([[value["start_sd"] ** 2, off], [off, value["plateau_sd"] ** 2]])
    rate = np.exp(value["log_rate_mean"] + value["log_rate_sd"] * RATE_NODES)
    left = np.exp(-rate * sums.sessions[:, None])  # (sessions, nodes)
    x = np.stack([left, 1 - left], axis=-1)
    mean = x @ mu
    cross = np.einsum("is,sja,sjb->ijab", sums.number, x, x, optimize=True)
    residual = np.einsum("is,sja->ija", sums.total, x) - cross @ mu
    squares = sums.squares.sum(axis=1)[:, None] - 2 * sums.total @ mean + sums.number @ mean**2
    precision = np.linalg.inv(spread) + cross / variance
    covariance = np.linalg.inv(precision)
    shift = np.einsum("ijab,ijb->ija", covariance, residual) / variance
    number = sums.number.sum(axis=1)[:, None]
    log_determinant = np.linalg.slogdet(spread)[1] + np.linalg.slogdet(precision)[1]
    quadratic = squares / variance - np.einsum("ija,ija->ij", shift, residual) / variance
    weight = -(RATE_NODES**2) / 2
    weight -= np.log(np.exp(weight).sum())
    logs = weight - (number * np.log(2 * np.pi * variance) + log_determinant + quadratic) / 2
    return logs, (mu + shift, covariance)


def _curvature(
    fall: Callable[[FloatArray], float], mode: FloatArray, step: float = 0.02
) -> FloatArray:
    """Return the second differences of a function at its minimum, at least 0.25 each way."""
    n = len(mode)
    basis = step * np.eye(n)
    matrix = np.empty((n, n))
    for a in range(n):
        for b in range(a + 1):
            corners = [
                sign_a * sign_b * fall(mode + sign_a * basis[a] + sign_b * basis[b])
                for sign_a in (1, -1)
                for sign_b in (1, -1)
            ]
            matrix[a, b] = matrix[b, a] = sum(corners) / (4 * step**2)
    value, axis = np.linalg.eigh(matrix)
    return np.asarray((axis * np.maximum(value, 0.25)) @ axis.T)
