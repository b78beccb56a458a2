"""Curves by the relief model of `bayes/`, which knows of stopping, shared by cohort and patient."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulate.studies.estimates.analyses.curves import true_curve
from simulate.studies.estimates.analyses.found import (
    LONG_TERM,
    Found,
    asked_about,
    expected,
    found,
    found_large,
    half_rise,
    members,
    of_curve,
    saturation,
)
from simulate.studies.estimates.cohorts import Cohort, Large
from simulate.studies.learning import FOLLOWED, as_told

if TYPE_CHECKING:
    from bayes.fit import Fit

FloatArray = NDArray[np.float64]


def fitted(
    cohort: Cohort, large: Large, draws: int, early: int = FOLLOWED, *, filed_late: bool = False
) -> "Fit":
    """Fit the relief model to a cohort, some of it known up to session `early` only.

    Once for each way of seeing it; those known early only are `asked_about`.
    """
    from bayes.fit import FitConfig, fit

    def make() -> "Fit":
        seen = np.full(cohort.n_patients, FOLLOWED)
        seen[asked_about(cohort.n_patients)] = early
        told, patients = as_told(cohort.drawn, cohort.row, cohort.n_patients, seen)
        if filed_late:
            told = told.assign(session_no=told["session_no"] + 1)
            patients = patients.assign(n_sessions=patients["n_sessions"] + 1)
        number = int(cohort.drawn.replicates[cohort.row])
        seed = (large.design.seed + number) % 2**31
        config = FitConfig(engine="marginal", marginal_draws=draws, cores=1, seed=seed)
        return fit(told, config, patients=patients)

    return cohort.once(("fit", draws, early, filed_late), make)


def _courses(fit: "Fit", cohort: Cohort) -> tuple[FloatArray, NDArray[np.int64], bool]:
    """Return m_i(s) by draw, patient and session, whose they are, and whether to believe them."""
    from bayes.quantities import SESSIONS

    posterior = fit.posterior
    courses = cohort.once(("courses", id(fit)), lambda: posterior.mean_reports(SESSIONS))
    who = posterior.cohort.patients.astype(int)
    return courses, who, fit.diagnosis.status == "converged"


def _summary(drawn: FloatArray, level: float, *, usable: bool) -> tuple[FloatArray, ...]:
    """Median and central limits over draws (first axis).

    No number where the gate has failed, or where most draws have none.
    """
    drawn = np.asarray(drawn)
    is_known = np.isfinite(drawn).mean(axis=0) > 0.5 if usable else np.zeros(drawn.shape[1:], bool)
    shown = np.where(is_known, drawn, 0.0)
    parts = np.nanquantile(shown, (0.5, level / 2, 1 - level / 2), axis=0)
    return tuple(np.where(is_known, parts, np.nan))


def joint_curve(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Mean curve of patients like the cohort's had none stopped.

    Each draw weighs its patients anew (Bayesian bootstrap, Rubin 1981): the truth is not that of
    these patients alone, so that who happened to come belongs into the interval.
    """
    courses, who, usable = _courses(fitted(cohort, large, method.draws), cohort)
    truth = of_curve(true_curve(large, method.of))
    chosen = courses[:, members(cohort, method.of)[who]]
    number = int(cohort.drawn.replicates[cohort.row])
    weight = np.random.default_rng([large.design.seed, number]).exponential(size=chosen.shape[:2])
    mean = np.einsum("dp,dps->ds", weight / weight.sum(axis=1, keepdims=True), chosen)
    return {
        name: found_large(_summary(drawn, level, usable=usable), truth[name])
        for name, drawn in of_curve(mean).items()
    }


def patient_curves(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Plateau (mean of sessions 13 to 15), saturation, half of the rise, of those asked about."""
    fit = fitted(cohort, large, method.draws, method.sessions_seen, filed_late=method.filed_late)
    courses, who, usable = _courses(fit, cohort)
    is_asked = np.isin(who, asked_about(cohort.n_patients))
    courses, true = courses[:, is_asked], expected(cohort)[who[is_asked]]
    asked = {
        "patient_plateau": lambda curve: curve[..., LONG_TERM].mean(axis=-1),
        "patient_saturation": saturation,
        "patient_half_rise": half_rise,
    }
    return {
        name: found(_summary(read(courses), level, usable=usable), read(true))
        for name, read in asked.items()
        if name in method.estimands
    }
