"""The tables of a fit: each patient's curve and plateau, and the population.

Here: summaries of draws as frames of fixed columns, and what of them is shown. Not here: the
definitions summarised (`quantities.py`, `population.py`), convergence (`diagnostics.py`).
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.curves import COURSES
from bayes.decomposition import decomposition
from bayes.parameters import EFFECT_SD, NAMES
from bayes.population import new_patients, saturation_of_groups
from bayes.quantities import MEANINGFUL_PCT, NEARLY_ALL, SESSIONS, plateau_pct, saturation_session

if TYPE_CHECKING:
    from bayes.fit import Fit

FloatArray = NDArray[np.float64]

CURVE_SESSIONS = 15
CURVE_DRAWS = 2000
THRESHOLDS_PCT = (10, 30, 50)
# S90 is shown where a meaningful plateau is likely and the patient's own reports say more than
# being a patient does.
MEANINGFUL_PROBABILITY = 0.8
NARROWER_BY = 0.25
INTERVAL = (0.05, 0.5, 0.95)
TOO_EARLY = "too early to tell"
_SATURATION = [
    "saturation_session", "saturation_q05", "saturation_q95", "saturation_95_session",
]  # fmt: skip


def fit_tables(fit: "Fit") -> dict[str, pd.DataFrame]:
    """Return patient_curve, patient_plateau, population_estimate, decomposition of a fit."""
    thin = fit.posterior.thinned(CURVE_DRAWS)
    course = thin.mean_reports(SESSIONS)
    new = new_patients(thin)
    return {
        "patient_curve": patient_curve(thin.cohort.patients, course),
        "patient_plateau": patient_plateau(
            thin.cohort.patients, thin.cohort.n_reports, course, new
        ),
        "population_estimate": population_estimate(fit, course, new),
        "decomposition": decomposition(fit, course),
    }


def patient_curve(patients: NDArray[np.str_], course: FloatArray) -> pd.DataFrame:
    """Return each patient's mean report at sessions 1-15, percent, with 90 % interval.

    Parameters
    ----------
    course
        m_i(s), shape (draws, patients, sessions).
    """
    seen = course[..., :CURVE_SESSIONS]
    low, middle, high = np.quantile(seen, INTERVAL, axis=0)
    return pd.DataFrame(
        {
            "patient_id": np.repeat(patients, CURVE_SESSIONS),
            "session_no": np.tile(np.arange(1, CURVE_SESSIONS + 1), len(patients)),
            "mean_relief_pct": seen.mean(axis=0).ravel(),
            "q05_relief_pct": low.ravel(),
            "q50_relief_pct": middle.ravel(),
            "q95_relief_pct": high.ravel(),
        }
    )


def patient_plateau(
    patients: NDArray[np.str_], n_observed: NDArray[np.int64], course: FloatArray, new: FloatArray
) -> pd.DataFrame:
    """Return each patient's plateau, and its saturation session where the reports carry one.

    Parameters
    ----------
    course, new
        m(s) of the patients and of patients without sessions, sessions 1-30 on the last axis.

    Returns
    -------
    pandas.DataFrame
        One row a patient. `saturation_session` (posterior median, whole sessions) is NULL with a
        `saturation_reason` unless a plateau of at least 10 % has probability 0.8 or more and the
        90 % interval is at least 25 % narrower than that of a patient without sessions.
    """
    plateau = plateau_pct(course)
    low, high = np.quantile(plateau, (0.05, 0.95), axis=0)
    result = pd.DataFrame(
        {
            "patient_id": patients,
            "n_observed": n_observed,
            "plateau_mean_pct": plateau.mean(axis=0),
            "plateau_q05_pct": low,
            "plateau_q95_pct": high,
        }
    )
    result = pd.concat([result, shown_saturation(course, new)], axis=1)
    for threshold in THRESHOLDS_PCT:
        result[f"p_plateau_ge_{threshold}"] = (plateau >= threshold).mean(axis=0)
    return result


def shown_saturation(course: FloatArray, new: FloatArray) -> pd.DataFrame:
    """Return saturation_session, _q05, _q95, S95 and _reason of each patient, by the rule above."""
    without = saturation_session(new)
    without = without[np.isfinite(without)]
    wide = np.quantile(without, (0.05, 0.95)) if without.size else (0.0, 0.0)
    session, nearly_all = saturation_session(course), saturation_session(course, NEARLY_ALL)
    rows = [
        _saturation_row(session[:, i], nearly_all[:, i], float(wide[1] - wide[0]))
        for i in range(course.shape[1])
    ]
    frame = pd.DataFrame(rows, columns=[*_SATURATION, "saturation_reason"])
    return frame.astype(dict.fromkeys(_SATURATION, "Int64") | {"saturation_reason": "object"})


def _saturation_row(
    session: FloatArray, nearly_all: FloatArray, width_without: float
) -> tuple[int | None, int | None, int | None, int | None, str | None]:
    known = session[np.isfinite(session)]
    if known.size < MEANINGFUL_PROBABILITY * session.size:
        reason = f"a plateau of {MEANINGFUL_PCT:.0f} % or more is not likely enough yet"
        return None, None, None, None, f"{TOO_EARLY}: {reason}"
    low, middle, high = np.quantile(known, INTERVAL)
    if not high - low <= (1 - NARROWER_BY) * width_without:
        reason = "the reports say little more about the speed than those of other patients"
        return None, None, None, None, f"{TOO_EARLY}: {reason}"
    later = np.median(nearly_all[np.isfinite(nearly_all)])
    whole = [int(np.ceil(value)) for value in (middle, low, high, later)]
    return whole[0], whole[1], whole[2], whole[3], None


def with_weeks(plateau: pd.DataFrame, interval_days: pd.Series) -> pd.DataFrame:
    """Return patient_plateau with S90 in weeks since the first session, `saturation_weeks`.

    Parameters
    ----------
    plateau
        See `patient_plateau`.
    interval_days
        Each patient's median interval between sessions by patient_id; missing gives missing.
    """
    own = plateau["patient_id"].map(interval_days).astype(float)
    after_first = plateau["saturation_session"].astype("Float64").astype(float) - 1
    return plateau.assign(saturation_weeks=after_first * own / 7)


def population_estimate(fit: "Fit", course: FloatArray, new: FloatArray) -> pd.DataFrame:
    """Return the population: parameters, effects, saturation by group, a patient yet unseen.

    Returns
    -------
    pandas.DataFrame
        term, mean, sd, q05, q50, q95, r_hat, ess_bulk, ess_tail (NaN where the engine has none).
        Terms `new_patient_*` are predictive, their spread is that between patients;
        saturation terms are conditional on a plateau of at least 10 %.
    """
    natural, _ = fit.posterior.flat
    draws = {name: natural[:, k] for k, name in enumerate(NAMES)}
    scores = fit.posterior.scores.reshape(len(natural), -1)[:, len(NAMES) :]
    for k, label in enumerate(fit.posterior.covariates.labels):
        draws[f"effect_{label}"] = EFFECT_SD[label.split("[")[0]] * scores[:, k]
    kinds = fit.posterior.flat[1][..., 0]
    for k, name in enumerate(COURSES):
        draws[f"share_{name}"] = (kinds == k).mean(axis=1)
    draws |= saturation_of_groups(fit.posterior, course)
    draws["new_patient_plateau_pct"] = plateau_pct(new).ravel()
    draws["new_patient_saturation_session"] = saturation_session(new).ravel()
    draws["new_patient_saturation_95_session"] = saturation_session(new, NEARLY_ALL).ravel()
    rows = [{"term": term, **_summary(values)} for term, values in draws.items()]
    table = fit.diagnosis.table.replace({"term": {r"^effect\[(.*)\]$": r"effect_\1"}}, regex=True)
    return pd.DataFrame(rows).merge(table, on="term", how="left")


def _summary(draws: FloatArray) -> dict[str, float]:
    known = draws[np.isfinite(draws)]
    low, middle, high = np.quantile(known, INTERVAL) if known.size else (np.nan,) * 3
    mean, sd = (known.mean(), known.std(ddof=1)) if known.size > 1 else (np.nan, np.nan)
    return {"mean": mean, "sd": sd, "q05": low, "q50": middle, "q95": high}
