"""Correlation of relief under rTMS and after surgery: operated, candidates, a surgeon who knew.

With tau the SD of latent relief after surgery about the line, in a group whose x has SD s and whose
last reports lie d about x (root mean square),

    rho = slope s / sqrt(slope^2 s^2 + carry^2 d^2 + tau^2)                   (17)
    tau^2 = (pi^2 / 3) (omega^2 - f^2 sigma^2)                                (18)

is within -1 and 1 in every draw. The evaluation's own noise, f sigma, is no one's to know from one
evaluation a patient: sigma is that of a session's report and f uniform on what omega leaves room
for, from no noise to that of a session. f = 0 is the correlation with a report as it is given.

Stated selection: who was operated depends on rTMS relief (x and the last report), not on what is
left of z given both. Then line and
tau are those of every candidate (Pearson-Lawley), and (17) with the candidates' s is theirs. Where
the surgeon knew more, his choice correlates kappa with what is left of z, kappa being set:

    E[z | x, operated] = line(x) + kappa tau lambda(x),  lambda = pdf(c) / p,  c = probit(p)   (19)
    Var[z | x, operated] = tau^2 (1 - kappa^2 lambda (lambda + c))                             (20)

with p(x) the chance of being operated, a probit line (Heckman 1979). Here: these, draw by draw.
Not here: the posterior of the line (`line.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from bayes.surgery.line import TO_SD, Line
from bayes.surgery.records import Candidates

FloatArray = NDArray[np.float64]

SURGEON_KNEW = (0.0, 0.3, 0.6)
"""Correlations of the choice with what rTMS does not tell of z; set, never estimated."""
LOWEST_CHANCE = 1e-4
COEFFICIENT_SD = 3.0


@dataclass(frozen=True)
class Relation:
    """Line, spread and noise of all candidates, by draw, and the operated as they were chosen.

    Attributes
    ----------
    level, slope
        z at the line's centre and its change a point, of candidates whether chosen or not.
    residual_sd, noise_sd
        tau and the SD of one evaluation about z, points.
    operated_slope, operated_residual_sd
        The same of those who were chosen.
    """

    level: FloatArray
    slope: FloatArray
    residual_sd: FloatArray
    noise_sd: FloatArray
    operated_slope: FloatArray
    operated_residual_sd: FloatArray


def relation(line: Line, noise_sd: FloatArray, who: Candidates, knew: float) -> Relation:
    """Return the relation in all candidates, had the surgeon's choice known so much.

    Parameters
    ----------
    noise_sd
        f sigma as a SD, points, by draw: see `evaluation_noise`.
    knew
        kappa of (19), 0 where the choice depends on x alone.
    """
    chosen_sd = np.sqrt(np.maximum((TO_SD * line.scale) ** 2 - noise_sd**2, 0.0))
    if knew == 0:
        return Relation(line.level, line.slope, chosen_sd, noise_sd, line.slope, chosen_sd)
    excess, narrowing = _choice(chance_of_surgery(who)(line.relief))
    tau = chosen_sd / np.sqrt(1 - knew**2 * narrowing.mean(axis=1))
    at_centre, per_point = _straight(line.relief - line.centre, excess)
    level = line.level - knew * tau * at_centre
    slope = line.slope - knew * tau * per_point
    return Relation(level, slope, tau, noise_sd, line.slope, chosen_sd)


def correlation(
    relief: FloatArray, last: FloatArray, slope: FloatArray, carry: FloatArray, rest_sd: FloatArray
) -> FloatArray:
    """Return (17) by draw; NaN where a group's relief does not differ.

    Parameters
    ----------
    relief
        x of a group, shape (draws, patients).
    last
        Last reports of the group, percent, shape (patients,).
    slope, carry, rest_sd
        By draw; `rest_sd` is tau, with the evaluation's noise where that is to count.
    """
    beyond = np.where(np.isfinite(last), last - relief, 0.0)
    signal = slope * relief.std(axis=1)
    rest = np.hypot(carry * np.sqrt((beyond**2).mean(axis=1)), rest_sd)
    total = np.hypot(signal, rest)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, signal / total, np.nan))


def multiple_correlation(
    relief: FloatArray, last: FloatArray, slope: FloatArray, carry: FloatArray, rest_sd: FloatArray
) -> FloatArray:
    """Return the correlation of z with what curve and last report together say of it, by draw.

    Parameters as in `correlation`; never below 0.
    """
    beyond = np.where(np.isfinite(last), last - relief, 0.0)
    told = (slope[:, None] * relief + carry[:, None] * beyond).std(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(told / np.hypot(told, rest_sd))


def evaluation_noise(line: Line, who: Candidates, seed: int) -> FloatArray:
    """Return f sigma by draw of the line as a SD in points, f from its prior (18)."""
    rng = np.random.default_rng([seed, 18])
    sigma = rng.choice(who.noise, size=len(line.scale))
    share = rng.random(len(sigma)) * np.minimum(1.0, line.scale / sigma)
    return np.asarray(TO_SD * share * sigma)


def chance_of_surgery(who: Candidates) -> Callable[[FloatArray], FloatArray]:
    """Return the function p(x): a probit line through all candidates at their mean x.

    Fisher scoring with a normal prior on both coefficients, so that it exists for any clinic.
    """
    x = who.relief.mean(axis=0)
    middle, spread = x.mean(), max(x.std(), 1.0)
    design = np.stack([np.ones_like(x), (x - middle) / spread], axis=1)
    y, beta = who.is_operated.astype(float), np.zeros(2)
    for _ in range(50):
        p, density = _probit(design @ beta)
        weight = density**2 / (p * (1 - p))
        slope = design.T @ (density * (y - p) / (p * (1 - p))) - beta / COEFFICIENT_SD**2
        step = np.linalg.solve((design.T * weight) @ design + np.eye(2) / COEFFICIENT_SD**2, slope)
        beta = beta + step
        if np.abs(step).max() < 1e-8:
            break
    return lambda relief: _probit(beta[0] + beta[1] * (relief - middle) / spread)[0]


def _probit(score: FloatArray) -> tuple[FloatArray, FloatArray]:
    p = np.clip(ndtr(score), LOWEST_CHANCE, 1 - LOWEST_CHANCE)
    return p, np.exp(-0.5 * score**2) / np.sqrt(2 * np.pi)


def _choice(chance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return lambda and lambda (lambda + c) of (19) and (20)."""
    cut = ndtri(chance)
    excess = np.exp(-0.5 * cut**2) / np.sqrt(2 * np.pi) / chance
    return excess, excess * (excess + cut)


def _straight(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return intercept and slope of y on x by draw."""
    off = x - x.mean(axis=1, keepdims=True)
    variance = np.maximum((off**2).mean(axis=1), 1e-6)
    slope = (off * y).mean(axis=1) / variance
    return y.mean(axis=1) - slope * x.mean(axis=1), slope
