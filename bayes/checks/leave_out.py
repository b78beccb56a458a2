"""Models against each other on what they were not shown: a patient, or a patient's future.

What is scored is the log probability of reports, one number a patient: the honest unit, since a
patient's sessions lean on each other. Left out is the patient with all that is known of him, or
what came after session 4; then the population is that of all others (and of his first four
sessions), by importance weights from the draws of the whole fit, Pareto-smoothed (Vehtari et al.
2017). Stops are left out with the patient but not scored: not every model has them. Here: the
scores, their differences. Not here: the variants' fits (`variant.py`, `gaussian.py`).
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.checks import gaussian
from bayes.checks.gaussian import GaussianFit
from bayes.checks.near import patient_logs
from bayes.cohort import MISSING, NOTHING, TEST_SESSIONS, Cohort
from bayes.marginal.grid import Places
from bayes.marginal.importance import smoothed
from bayes.marginal.proposals import log_densities
from bayes.marginal.target import Target

FloatArray = NDArray[np.float64]

UNRELIABLE_K = 0.7


@dataclass(frozen=True)
class Logs:
    """Log probabilities by draw of the population and patient, shape (draws, patients).

    Attributes
    ----------
    known
        Of all that the fit took from the patient.
    reports, first
        Of the reports, and of those of sessions 1-4.
    """

    known: FloatArray
    reports: FloatArray
    first: FloatArray


def relief_logs(target: Target, points: FloatArray, known: FloatArray | None = None) -> Logs:
    """Return the log probabilities of the relief model at draws of its population.

    `known` where the fit has computed it.
    """
    silent = without_stops(target.cohort)
    return Logs(
        log_marginals(target, points) if known is None else known,
        log_marginals(replace(target, cohort=silent), points),
        log_marginals(replace(target, cohort=first_sessions(silent)), points),
    )


def without_stops(cohort: Cohort) -> Cohort:
    """Return the same reports, with nothing known of stops and of why reports are missing."""
    nothing = np.zeros_like(cohort.fate)
    silent = np.full_like(cohort.fate, NOTHING)
    return replace(cohort, fate=silent, asked=nothing, unreported=nothing)


def first_sessions(cohort: Cohort) -> Cohort:
    """Return the same patients with sessions 1-4 only.

    Who has none keeps the first one, without its report: the kernels want a row a patient.
    """
    early = cohort.session <= TEST_SESSIONS
    kept = early.copy()
    kept[cohort.offsets[:-1]] = True
    silent = replace(cohort, kind=np.where(early, cohort.kind, MISSING))
    rows = {
        name: getattr(silent, name)[kept]
        for name in ("session", "kind", "relief", "width", "fate", "asked", "unreported")
    }
    n = np.bincount(cohort.patient[kept], minlength=len(cohort.patients))
    return replace(cohort, offsets=np.concatenate([[0], np.cumsum(n)]), **rows)


def log_marginals(target: Target, points: FloatArray) -> FloatArray:
    """Return every patient's log marginal at points, shape (points, patients)."""
    once, same = np.unique(points, axis=0, return_inverse=True)
    result = np.empty((len(once), len(target.cohort.patients)))
    places = target.new_places()
    target.adapt(points.mean(axis=0), places, 8)
    target.choose_efforts(points.mean(axis=0), places)

    def note(k: int, _: Places, component: FloatArray) -> None:
        result[k] = patient_logs(component)

    log_densities(target, once, places, None, note)
    return np.asarray(result[same.ravel()])


def gaussian_logs(fit: GaussianFit, cohort: Cohort) -> Logs:
    """Return the log probabilities of the Gaussian curve, a report a cell of width 1."""
    early = gaussian.sums_of(cohort, TEST_SESSIONS)
    reports = np.stack([gaussian.patient_logs(score, fit.sums) for score in fit.scores])
    first = np.stack([gaussian.patient_logs(score, early) for score in fit.scores])
    return Logs(reports, reports, first)


def left_out(
    logs: Logs, scored: NDArray[np.bool_], *, future_only: bool
) -> tuple[FloatArray, FloatArray]:
    """Return log predictive probability and Pareto k of the weights of the patients scored."""
    shown = logs.first if future_only else np.zeros_like(logs.known)
    told = logs.reports - shown
    found, ks = [], []
    for i in np.flatnonzero(scored):
        weight, k = smoothed(shown[:, i] - logs.known[:, i])
        top = told[:, i].max()
        found.append(top + np.log((weight * np.exp(told[:, i] - top)).sum()))
        ks.append(k)
    return np.array(found), np.array(ks)


def has_future(cohort: Cohort) -> NDArray[np.bool_]:
    """Return which patients report after session 4."""
    later = (cohort.session > TEST_SESSIONS) & (cohort.kind != MISSING)
    return np.bincount(cohort.patient[later], minlength=len(cohort.patients)) > 0


def model_comparison(
    by_variant: dict[str, tuple[str, Logs]], cohort: Cohort, reference: str
) -> pd.DataFrame:
    """Compare variants with one of them.

    Parameters
    ----------
    by_variant
        Status of its fit ('converged' or not) and log probabilities, by variant.
    reference
        The variant that the others are compared with.

    Returns
    -------
    pandas.DataFrame
        One row a task (patient_left_out, future_left_out) and variant: task, variant, elpd (sum
        over patients of log predictive probability), elpd_se, difference (from the reference,
        above 0 is better), difference_se, n_scored (patients), n_reports, pareto_k_max,
        n_unreliable (patients whose Pareto k is 0.7 or more), status. Numbers of a fit that did
        not converge are missing.
    """
    told = cohort.kind != MISSING
    later = told & (cohort.session > TEST_SESSIONS)
    tasks: dict[str, tuple[bool, NDArray[np.bool_], int]] = {
        "patient_left_out": (False, np.ones(len(cohort.patients), bool), int(told.sum())),
        "future_left_out": (True, has_future(cohort), int(later.sum())),
    }
    rows = []
    for task, (future_only, scored, n_reports) in tasks.items():
        if not scored.any():
            continue
        found = {
            name: left_out(logs, scored, future_only=future_only)
            for name, (_, logs) in by_variant.items()
        }
        best = found[reference][0]
        for name, (own, k) in found.items():
            row = {"task": task, "variant": name, **_sum(own, "elpd")}
            row |= _sum(own - best, "difference")
            row |= {"n_scored": int(scored.sum()), "n_reports": n_reports}
            row |= {"pareto_k_max": float(k.max())}
            row |= {"n_unreliable": int((k >= UNRELIABLE_K).sum())}
            rows.append(row | {"status": by_variant[name][0]})
    numbers = ["elpd", "elpd_se", "difference", "difference_se"]
    rest = ["n_scored", "n_reports", "pareto_k_max", "n_unreliable", "status"]
    table = pd.DataFrame(rows, columns=["task", "variant", *numbers, *rest])
    table.loc[table["status"] != "converged", numbers] = np.nan
    return table


def _sum(each: FloatArray, name: str) -> dict[str, float]:
    """Return a sum over patients with its standard error."""
    error = np.sqrt(len(each)) * each.std(ddof=1) if len(each) > 1 else np.nan
    return {name: float(each.sum()), f"{name}_se": float(error)}
