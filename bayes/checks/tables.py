"""The tables of what stands beside the relief model, for one fit.

Here: how they are made from a fit. Not here: their columns (`columns.py`), the figures in them (the
other files of this folder).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.checks import gaussian
from bayes.checks.columns import COLUMNS, TOLD_AT
from bayes.checks.gaussian import GaussianFit
from bayes.checks.leave_out import (
    UNRELIABLE_K,
    Logs,
    gaussian_logs,
    model_comparison,
    relief_logs,
)
from bayes.checks.near import NearFit, shapes_of
from bayes.checks.power_scaling import power_scaling, prior_and_posterior
from bayes.checks.replicates import (
    DRAWS,
    checked_rows,
    figures,
    missing_check,
    posterior_check,
    replicates,
)
from bayes.checks.sensitivity import (
    ANALYSES,
    FAMILIES,
    SHIPPED,
    answers,
    families_differ,
    not_made,
    rows_of,
    run,
    why_not,
)
from bayes.checks.variant import ALL, NONE, fit_variant, variant_target
from bayes.cohort import MISSING, Cohort
from bayes.fit import Fit
from bayes.posterior import Posterior
from bayes.quantities import SESSIONS, plateau_pct, saturation_session

FloatArray = NDArray[np.float64]

VARIANTS = {"no_relapse": {"relapse_share": NONE}, "no_flat_course": {"rising_share": ALL}}
INTERVAL = (0.05, 0.5, 0.95)


def check_tables(
    fit: Fit,
    sessions: pd.DataFrame,
    patients: pd.DataFrame,
    *,
    cores: int = 2,
    progress: Callable[[float], None] | None = None,
) -> dict[str, pd.DataFrame]:
    """Return the tables of a fit.

    Parameters
    ----------
    fit
        Of the relief model, by either engine.
    sessions, patients
        What was fitted, see `cohort.prepare`; sessions with the columns that the sensitivities
        read, as far as they were delivered (`sensitivity.ANALYSES`).
    cores
        Kernels that run at the same time.
    progress
        Called with the share of the work done (0-1).
    """
    say = progress or (lambda share: None)
    fit = replace(fit, posterior=fit.posterior.thinned(DRAWS))
    fit_one = partial(
        fit_variant, shapes=shapes_of(fit, cores), n_draws=DRAWS, seed=fit.posterior.seed,
        cores=cores,
    )  # fmt: skip
    naive = gaussian.fit_gaussian(fit.posterior.cohort, DRAWS, fit.posterior.seed)
    result = predictive_tables(fit.posterior, naive)
    course = fit.posterior.mean_reports(SESSIONS)
    own = answers(fit, course, course)
    logs = {SHIPPED: (fit.diagnosis.status, _logs(fit, {}, cores))}
    result["power_scaling"] = power_scaling(own, _flat_scores(fit), logs[SHIPPED][1].known)
    result["prior_posterior"] = prior_and_posterior(fit.posterior)
    rows = list(rows_of(SHIPPED, fit, own))
    for number, (name, analysis) in enumerate(ANALYSES.items()):
        say(number / (len(ANALYSES) + len(VARIANTS)))
        reason = why_not(analysis, sessions)
        if reason:
            rows.append(not_made(name, reason))
            continue
        near, said = run(analysis, sessions, patients, fit_one)
        rows += rows_of(name, near.fit, said)
        if name in FAMILIES:
            logs[name] = _scored(near, analysis.held, cores)
    for number, (name, held) in enumerate(VARIANTS.items()):
        say((len(ANALYSES) + number) / (len(ANALYSES) + len(VARIANTS)))
        logs[name] = _scored(fit_one(fit.posterior.cohort, held=held), held, cores)
    judged = "converged" if naive.pareto_k < UNRELIABLE_K else "not_converged"
    logs["gaussian_curve"] = judged, gaussian_logs(naive, fit.posterior.cohort)
    result["model_comparison"] = model_comparison(logs, fit.posterior.cohort, SHIPPED)
    result["sensitivity"] = families_differ(pd.DataFrame(rows))
    return {name: result[name][list(COLUMNS[name])].astype(COLUMNS[name]) for name in COLUMNS}


def _flat_scores(fit: Fit) -> FloatArray:
    """Return the scores of all chains, shape (draws, size)."""
    scores = fit.posterior.scores
    return scores.reshape(-1, scores.shape[-1])


def _logs(fit: Fit, held: dict[str, float], cores: int, known: FloatArray | None = None) -> Logs:
    """Return the log probabilities that a fit of the relief model or a variant gives."""
    target = variant_target(fit.posterior.cohort, held, cores=cores)
    return relief_logs(target, _flat_scores(fit), known)


def _scored(near: NearFit, held: dict[str, float], cores: int) -> tuple[str, Logs]:
    """Return the status of a variant's fit and its log probabilities."""
    return near.fit.diagnosis.status, _logs(near.fit, held, cores, near.known)


def predictive_tables(posterior: Posterior, naive: GaussianFit) -> dict[str, pd.DataFrame]:
    """Return posterior_check and comparator of the relief model and the Gaussian curve."""
    cohort, rows = posterior.cohort, checked_rows(posterior.cohort)
    effects = gaussian.draw_effects(naive)
    drawn = {
        "relief": replicates(posterior, rows),
        "gaussian_curve": gaussian.replicates(naive, effects, cohort, rows),
    }
    means = {
        "relief": posterior.mean_reports(SESSIONS),
        "gaussian_curve": gaussian.courses(effects, SESSIONS),
    }
    checks = [posterior_check(model, cohort, rows, made) for model, made in drawn.items()]
    first = cohort.session[rows] == 1
    told = [
        comparator(model, cohort, means[model].mean(axis=1), figures(made[:, first]))
        for model, made in drawn.items()
    ]
    return {
        "posterior_check": pd.concat([*checks, missing_check(posterior)], ignore_index=True),
        "comparator": pd.concat(told, ignore_index=True),
    }


def comparator(
    model: str, cohort: Cohort, mean_curve: FloatArray, at_first: dict[str, FloatArray]
) -> pd.DataFrame:
    """Return what one model says of all patients.

    Parameters
    ----------
    mean_curve
        Mean over the patients, sessions 1-30, had none stopped, percent, shape (draws, sessions).
    at_first
        Figures of replicates of the reports of session 1, by draw, see `replicates.figures`.

    Returns
    -------
    pandas.DataFrame
        model, term (mean_<session>, plateau, saturation_session of the mean curve, zeros_1_pct,
        outside_1_pct), mean, q05, q50, q95, observed (of those who report), n_observed.
    """
    draws = {f"mean_{session}": mean_curve[:, session - 1] for session in TOLD_AT}
    draws |= {
        "plateau": plateau_pct(mean_curve),
        "saturation_session": saturation_session(mean_curve),
        "zeros_1_pct": at_first["zeros_pct"],
        "outside_1_pct": at_first["outside_pct"],
    }
    seen = observed(cohort)
    rows = []
    for term, values in draws.items():
        known = values[np.isfinite(values)]
        low, middle, high = np.quantile(known, INTERVAL) if known.size else (np.nan,) * 3
        mean = known.mean() if known.size else np.nan
        value, n = seen.get(term, (np.nan, 0))
        row = {"model": model, "term": term, "mean": mean, "q05": low, "q50": middle}
        rows.append(row | {"q95": high, "observed": value, "n_observed": n})
    return pd.DataFrame(rows, columns=list(COLUMNS["comparator"]))


def observed(cohort: Cohort) -> dict[str, tuple[float, int]]:
    """Return what those who report did report, and how many they are, by term of `comparator`."""
    result: dict[str, tuple[float, int]] = {}
    for session in TOLD_AT:
        given = cohort.relief[(cohort.session == session) & (cohort.kind != MISSING)]
        if not len(given):
            continue
        result[f"mean_{session}"] = float(given.mean()), len(given)
        if session == 1:
            found = figures(given)
            result["zeros_1_pct"] = float(found["zeros_pct"]), len(given)
            result["outside_1_pct"] = float(found["outside_pct"]), len(given)
    return result
