"""Fits near one that is known, for figures that are only compared: several times cheaper.

The mode is climbed to from the shipped one. The proposals about it have the shapes measured about
the shipped mode: any shape is right, since weights say what it is off by; where Pareto k says that
it is too far off, shapes are measured about the variant's own mode. Each proposal is evaluated
once: its density, every patient's log marginal and a course of every patient come from the same
nodes. Rounds are added until the weights are worth enough. Here: the shapes, the draws, their gate.
Not here: the variants (`variant.py`).
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes.diagnostics import Diagnosis, diagnose_importance
from bayes.fit import Fit
from bayes.marginal.grid import Places
from bayes.marginal.importance import smoothed, systematic
from bayes.marginal.mode import Mode, find_mode
from bayes.marginal.proposals import Proposals, log_densities, measure
from bayes.marginal.target import Target
from bayes.parameters import NAMES
from bayes.posterior import Posterior

FloatArray = NDArray[np.float64]

ROUND, MOST_ROUNDS = 300, 4
"""Proposals of a round, and rounds at most."""


@dataclass(frozen=True)
class Shapes:
    """How the shipped model's density falls along the ridges about its mode.

    Attributes
    ----------
    names
        Of the parameter or effect that each direction of the root is closest to.
    shipped
        Proposals about the shipped mode.
    """

    names: list[str]
    shipped: Proposals

    def start(self, names: list[str]) -> FloatArray:
        """Return the shipped mode in the parameters and effects of a variant."""
        return self.shipped.mode.point[self._places(names)]

    def about(self, mode: Mode, names: list[str]) -> Proposals:
        """Return proposals about another mode, whose names are among these."""
        kept, of = self._places(names), self.shipped
        return Proposals(mode, of.ridges.among(kept), of.log[kept], of.below[kept])

    def _places(self, names: list[str]) -> NDArray[np.int64]:
        return np.array([self.names.index(name) for name in names])


@dataclass(frozen=True)
class NearFit:
    """A fit, and what its variant makes of every patient.

    Attributes
    ----------
    fit
        As of the marginal engine.
    known
        Log marginal of all that the fit took from a patient, shape (draws, patients).
    """

    fit: Fit
    known: FloatArray


def patient_logs(component: FloatArray) -> FloatArray:
    """Return every patient's log marginal from its parts, shape (patients, ...)."""
    return np.asarray(np.logaddexp.reduce(component.reshape(len(component), -1), axis=1))


def names_of(target: Target) -> list[str]:
    """Return the names of a point's parameters and effects."""
    return [*NAMES, *target.covariates.labels]


def shapes_of(fit: Fit, cores: int) -> Shapes:
    """Measure the shapes about the mode of a fit of the relief model."""
    cohort, covariates = fit.posterior.cohort, fit.posterior.covariates
    target = Target(cohort, covariates, threads=cores)
    names = names_of(target)
    mode = find_mode(target, np.array([fit.mode.get(name, 0.0) for name in names]))
    return Shapes(names, measure(target, mode))


def fit_near(target: Target, shapes: Shapes, n_draws: int, seed: int) -> NearFit:
    """Fit a variant of the shipped model, or the shipped model to some of its patients.

    Parameters
    ----------
    target
        The variant's density; its effects are among those of the shipped fit.
    n_draws
        Draws kept, with repetition where weights differ.
    """
    began = time.monotonic()
    names = names_of(target)
    mode = find_mode(target, shapes.start(names))
    at_mode = time.monotonic()
    found = _weighed(target, shapes.about(mode, names), seed)
    if found.verdict.status != "converged" and mode.is_settled:
        found = _weighed(target, measure(target, mode), seed)
    kept = systematic(found.weight, n_draws, np.random.default_rng([seed, 47]))
    posterior = Posterior(
        target.cohort, target.covariates, "marginal", found.points[kept][None],
        found.effects[kept][None], seed,
    )  # fmt: skip
    seconds = {"mode": at_mode - began, "draw": time.monotonic() - at_mode}
    at = dict(zip(names, mode.point.tolist(), strict=True))
    return NearFit(Fit(posterior, found.verdict, at, seconds), found.known[kept])


@dataclass(frozen=True)
class _Weighed:
    """Proposals with a course and the log marginal of every patient, their weights, the verdict."""

    points: FloatArray
    effects: FloatArray
    known: FloatArray
    weight: FloatArray
    verdict: Diagnosis


def _weighed(target: Target, proposals: Proposals, seed: int) -> _Weighed:
    """Add rounds of proposals until the weights are worth enough."""
    n_patients, rng = len(target.cohort.patients), np.random.default_rng([seed, 41])
    points, log = np.empty((0, target.size)), np.empty(0)
    effects, known = np.empty((0, n_patients, 5)), np.empty((0, n_patients))
    for number in range(MOST_ROUNDS):
        half = rng.random((ROUND // 2, target.size))  # and its opposite: what is odd cancels
        scores = proposals.scores_below(np.concatenate([half, 1 - half]))
        new = proposals.points(scores)
        logs, *drawn = _evaluated(target, new, proposals.mode.places, [seed, 43, number])
        points = np.concatenate([points, new])
        log = np.concatenate([log, logs - proposals.log_density(scores)])
        effects, known = (
            np.concatenate([a, b]) for a, b in zip((effects, known), drawn, strict=True)
        )
        weight, pareto_k = smoothed(log)
        size = float(1 / (weight**2).sum())
        verdict = diagnose_importance(pareto_k, size, len(points), proposals.mode.is_settled)
        if verdict.status == "converged" or not proposals.mode.is_settled:
            break
    return _Weighed(points, effects, known, weight, verdict)


def _evaluated(
    target: Target, points: FloatArray, places: Places, seed: list[int]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log densities, and a course and the log marginal of every patient at each point."""
    effects = np.empty((len(points), len(target.cohort.patients), 5))
    known = np.empty(effects.shape[:2])

    def note(k: int, own: Places, component: FloatArray) -> None:
        known[k] = patient_logs(component)
        target.draw_effects(points[k], own, component, [*seed, k], effects[k : k + 1])

    return log_densities(target, points, places, None, note), effects, known
