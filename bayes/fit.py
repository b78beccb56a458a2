"""Fitting the relief model with the engine that is asked for.

Here: the choice of engine, its gate, and what a fit consists of. Not here: the engines
(`marginal/`, `nuts.py`), the model (`relief.py`), the tables (`tables.py`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.cohort import Cohort, prepare
from bayes.covariates import Covariates, covariates_of
from bayes.diagnostics import (
    EFFECTIVE_AT_LEAST,
    Diagnosis,
    diagnose_chains,
    diagnose_importance,
    diagnose_marginal_chains,
)
from bayes.parameters import NAMES
from bayes.posterior import EFFECTS, Posterior

CHAIN_DRAWS = (250, 750)
"""Draws of each chain on the marginal density at least, and again where they do not do."""

ENOUGH_FOR_POPULATION = 20.0
"""Effective draws of a population that nobody is told about: a mean over n of them spreads from
cohort to cohort by a share of 1 / n more, in variance, than the cohorts themselves make it."""

if TYPE_CHECKING:
    from bayes.marginal.mode import Mode
    from bayes.marginal.target import Target

FloatArray = NDArray[np.float64]
Engine = Literal["auto", "marginal", "nuts"]


@dataclass(frozen=True)
class FitConfig:
    """Settings of a fit.

    Attributes
    ----------
    engine
        'marginal', 'nuts', or 'auto': marginal, and NUTS where its gate fails.
    marginal_draws
        Draws of population and patients of the marginal engine: proposals that are weighed, or,
        where the weights are not reliable, draws of chains on the same density.
    draws, tune, chains, target_accept
        Of NUTS: kept and tuning draws of each chain, mean acceptance.
    cores
        Kernels or chains that run at the same time.
    seed
        Of every random number of the fit.
    """

    engine: Engine = "auto"
    marginal_draws: int = 1000
    draws: int = 3500
    tune: int = 700
    chains: int = 4
    target_accept: float = 0.7
    cores: int = 2
    seed: int = 20261122


@dataclass(frozen=True)
class Fit:
    """A fitted relief model.

    Attributes
    ----------
    posterior
        Draws.
    diagnosis
        Verdict of the gate.
    mode
        Prior standard scores of the marginal engine's mode by name, to begin the next fit from;
        empty where NUTS was asked for.
    seconds
        Wall time of each step.
    """

    posterior: Posterior
    diagnosis: Diagnosis
    mode: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def engine(self) -> str:
        """The engine that made the draws."""
        return self.posterior.engine


def fit(
    sessions: pd.DataFrame,
    config: FitConfig | None = None,
    *,
    patients: pd.DataFrame | None = None,
    warm: dict[str, float] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Fit:
    """Fit the relief model.

    Parameters
    ----------
    sessions, patients
        See `cohort.prepare`.
    config
        Default `FitConfig()`.
    warm
        `Fit.mode` of an earlier fit of nearly the same patients.
    progress
        Called, maybe from another thread, with the share of the work done (0-1).

    Returns
    -------
    Fit
        Also when the gate fails: read `diagnosis.status` before using any number.

    Raises
    ------
    ValueError
        If the data cannot enter the model (see `cohort.prepare`).
    """
    config = config or FitConfig()
    cohort = prepare(sessions, patients)
    covariates = covariates_of(cohort)
    if config.engine == "nuts":
        return _fit_nuts(cohort, covariates, config, progress)
    found = _fit_marginal(cohort, covariates, config, warm, progress)
    if config.engine == "marginal" or found.diagnosis.status == "converged":
        return found
    audit = _fit_nuts(cohort, covariates, config, progress)
    return Fit(audit.posterior, audit.diagnosis, found.mode, found.seconds | audit.seconds)


def fit_population(
    sessions: pd.DataFrame, patients: pd.DataFrame, n_draws: int, seed: int
) -> Posterior:
    """Fit the population alone, which is all that new patients are drawn from.

    As many proposals of Laplace's approximation as draws are weighed, and rounds of a fifth follow
    the heaviest, six at most, until they are worth `ENOUGH_FOR_POPULATION` draws. There is no gate
    and no second engine.

    Parameters
    ----------
    sessions, patients
        See `cohort.prepare`.
    n_draws
        Draws kept, with repetition.
    seed
        Of every random number.

    Returns
    -------
    Posterior
        Its `effects` hold no patient.
    """
    from bayes.marginal.importance import draw_population
    from bayes.marginal.mode import find_mode
    from bayes.marginal.proposals import laplace
    from bayes.marginal.target import Target

    cohort = prepare(sessions, patients)
    target = Target(cohort, covariates_of(cohort), threads=1)
    proposals = laplace(find_mode(target, np.zeros(target.size)))
    drawn = draw_population(target, proposals, n_draws, seed, least=0, enough=ENOUGH_FOR_POPULATION)
    scores, nobody = proposals.points(drawn.scores)[None], np.empty((1, n_draws, 0, len(EFFECTS)))
    return Posterior(cohort, target.covariates, "marginal", scores, nobody, seed)


def _fit_marginal(
    cohort: Cohort,
    covariates: Covariates,
    config: FitConfig,
    warm: dict[str, float] | None,
    progress: Callable[[float], None] | None,
) -> Fit:
    from bayes.marginal.target import Target

    return fit_target(Target(cohort, covariates, threads=config.cores), config, warm, progress)


def fit_target(
    target: "Target",
    config: FitConfig,
    warm: dict[str, float] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Fit:
    """Fit what the marginal engine can evaluate; parameters as in `fit`."""
    from bayes.marginal.importance import draw_courses
    from bayes.marginal.mode import find_mode

    began = time.monotonic()
    cohort, covariates = target.cohort, target.covariates
    names = [*NAMES, *covariates.labels]
    start = np.array([(warm or {}).get(name, 0.0) for name in names])
    mode = find_mode(target, start, _part(progress, 0.0, 0.3))
    at_mode = time.monotonic()
    points, verdict = _draw_population(target, mode, config, _part(progress, 0.3, 0.7))
    effects = draw_courses(target, mode, points, config.seed, _part(progress, 0.7, 1.0))
    posterior = Posterior(cohort, covariates, "marginal", points[None], effects[None], config.seed)
    seconds = {"mode": at_mode - began, "draw": time.monotonic() - at_mode}
    return Fit(posterior, verdict, dict(zip(names, mode.point.tolist(), strict=True)), seconds)


def _draw_population(
    target: "Target",
    mode: "Mode",
    config: FitConfig,
    progress: Callable[[float], None] | None,
) -> tuple[FloatArray, Diagnosis]:
    """Draw by importance sampling, and by chains where its weights are not reliable."""
    from bayes.marginal.chains import N_CHAINS, begin, go_on
    from bayes.marginal.importance import draw_population
    from bayes.marginal.proposals import measure

    n, seed = config.marginal_draws, config.seed
    proposals = measure(target, mode)
    drawn = draw_population(target, proposals, n, seed, _part(progress, 0.0, 0.3))
    verdict = diagnose_importance(
        drawn.pareto_k, min(drawn.effective_size, n), drawn.n_proposals, mode.is_settled
    )
    # Chains would not make more of fewer draws than anything is reported from.
    if verdict.status == "converged" or not mode.is_settled or n < EFFECTIVE_AT_LEAST:
        return proposals.points(drawn.scores), verdict
    chains = begin(target, proposals, drawn.scores[:N_CHAINS], seed, _part(progress, 0.3, 0.4))
    names = [*NAMES, *target.covariates.labels]
    for number, least in enumerate(CHAIN_DRAWS):
        each = max(least, -(-n // N_CHAINS))
        part = _part(progress, 0.4 + 0.2 * number, 0.6 + 0.4 * number)
        chains = go_on(target, proposals, chains, each, seed + number, part)
        verdict = diagnose_marginal_chains(chains.points, names, drawn.pareto_k)
        if verdict.status == "converged":
            break
    flat = chains.points.swapaxes(0, 1).reshape(-1, target.size)
    return flat[np.linspace(0, len(flat) - 1, n).astype(int)], verdict


def _fit_nuts(
    cohort: Cohort,
    covariates: Covariates,
    config: FitConfig,
    progress: Callable[[float], None] | None,
) -> Fit:
    from bayes.nuts import sample

    began = time.monotonic()
    posterior = sample(
        cohort, covariates, draws=config.draws, tune=config.tune, chains=config.chains,
        cores=config.cores, target_accept=config.target_accept, seed=config.seed,
        progress=progress,
    )  # fmt: skip
    sampled = time.monotonic()
    diagnosis = diagnose_chains(posterior)
    seconds = {"sample": sampled - began, "judge": time.monotonic() - sampled}
    return Fit(posterior, diagnosis, {}, seconds)


def _part(
    progress: Callable[[float], None] | None, first: float, last: float
) -> Callable[[float], None] | None:
    if progress is None:
        return None
    return lambda share: progress(first + (last - first) * share)
