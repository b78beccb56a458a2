"""The tables of a fit: each patient's curve and plateau, and the population.

Here: summaries of draws as frames of fixed columns. Not here: the definitions summarised
(`draws.py`), sampling (`fit.py`), convergence (`diagnostics.py`).
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from bayes.diagnostics import diagnostic_table
from bayes.draws import (
    CURVE_DRAWS,
    HORIZON,
    MEANINGFUL_PCT,
    FloatArray,
    PatientDraws,
    mean_reports,
    new_patient_quantities,
    plateau_pct,
    reported,
    saturation_session,
)

if TYPE_CHECKING:
    from bayes.fit import Fit

CURVE_SESSIONS = 15
THRESHOLDS_PCT = (10, 30, 50)
# S90 is shown where a meaningful plateau is likely and the patient's own reports say more than
# being a patient does.
MEANINGFUL_PROBABILITY = 0.8
NARROWER_BY = 0.25
INTERVAL = (0.05, 0.5, 0.95)


def population_estimate(fit: "Fit") -> pd.DataFrame:
    """Return the population: parameters, and what to expect of a new patient.

    Returns
    -------
    pandas.DataFrame
        term, mean, sd, q05, q50, q95, r_hat, ess_bulk, ess_tail. Terms `new_patient_*` are
        predictive: their spread is that between patients; `new_patient_saturation_session` is
        conditional on a plateau of at least 10 %. Their diagnostics are those of the mean new
        patient.
    """
    posterior = fit.posterior["posterior"].to_dataset()
    parameters = reported(posterior, fit.patients).drop_vars(["plateau_pct"])
    new = new_patient_quantities(posterior, fit.seed)
    with_new = {name: (("chain", "draw"), _mean(draws)) for name, draws in new.items()}
    table = pd.concat(
        [diagnostic_table(parameters), diagnostic_table(xr.Dataset(with_new))], ignore_index=True
    )
    draws = {name: parameters[name].to_numpy() for name in parameters.data_vars} | new
    rows = [{"term": term, **_summary(draws[term])} for term in table["term"]]
    return pd.DataFrame(rows).merge(table, on="term")


def patient_curve(fit: "Fit") -> pd.DataFrame:
    """Return each patient's mean report at sessions 1-15, percent, with 90 % interval.

    Returns
    -------
    pandas.DataFrame
        patient_id, session_no, mean_relief_pct, q05_relief_pct, q50_relief_pct, q95_relief_pct.
    """
    sessions = np.arange(1, CURVE_SESSIONS + 1)
    course = mean_reports(fit.patients.thinned(CURVE_DRAWS), sessions.astype(float))
    low, middle, high = np.quantile(course, INTERVAL, axis=(0, 1))
    return pd.DataFrame(
        {
            "patient_id": np.repeat(fit.patients.patients, len(sessions)),
            "session_no": np.tile(sessions, len(fit.patients.patients)),
            "mean_relief_pct": course.mean(axis=(0, 1)).ravel(),
            "q05_relief_pct": low.ravel(),
            "q50_relief_pct": middle.ravel(),
            "q95_relief_pct": high.ravel(),
        }
    )


def patient_plateau(fit: "Fit") -> pd.DataFrame:
    """Return each patient's plateau, and its saturation session where the reports carry one.

    Returns
    -------
    pandas.DataFrame
        One row a patient. `saturation_session` (median, whole sessions) is NULL with a
        `saturation_reason` unless a plateau of at least 10 % has probability 0.8 or more and the
        90 % interval is at least 25 % narrower than that of a new patient.
    """
    posterior = fit.posterior["posterior"].to_dataset()
    plateau = plateau_pct(fit.patients)
    low, high = np.quantile(plateau, (0.05, 0.95), axis=(0, 1))
    counts = np.bincount(fit.reports.patient, minlength=plateau.shape[-1])
    result = pd.DataFrame(
        {
            "patient_id": fit.patients.patients,
            "n_observed": counts,
            "plateau_mean_pct": plateau.mean(axis=(0, 1)),
            "plateau_q05_pct": low,
            "plateau_q95_pct": high,
        }
    )
    limits = np.nanquantile(
        new_patient_quantities(posterior, fit.seed)["new_patient_saturation_session"], (0.05, 0.95)
    )
    thin = fit.patients.thinned(CURVE_DRAWS)
    result = pd.concat([result, _saturation(thin, float(limits[1] - limits[0]))], axis=1)
    for threshold in THRESHOLDS_PCT:
        result[f"p_plateau_ge_{threshold}"] = (plateau >= threshold).mean(axis=(0, 1))
    return result


def _saturation(draws: PatientDraws, population_width: float) -> pd.DataFrame:
    """Return S90 of each patient among its draws with a meaningful plateau, or why it is NULL."""
    sessions = np.arange(1.0, HORIZON + 1)
    rows = []
    for k in range(len(draws.patients)):
        course = mean_reports(draws.only(k), sessions)[:, :, 0]
        meaningful = course.max(axis=-1) >= MEANINGFUL_PCT
        rows.append(_saturation_row(course[meaningful], meaningful.mean(), population_width))
    columns = ["saturation_session", "saturation_q05", "saturation_q95"]
    frame = pd.DataFrame(rows, columns=[*columns, "saturation_reason"])
    return frame.astype(dict.fromkeys(columns, "Int64") | {"saturation_reason": "object"})


def _saturation_row(
    course: FloatArray, probability: float, population_width: float
) -> tuple[int | None, int | None, int | None, str | None]:
    if probability < MEANINGFUL_PROBABILITY:
        reason = f"a plateau of {MEANINGFUL_PCT:.0f} % or more is not likely enough yet"
        return None, None, None, f"too early to tell: {reason}"
    low, middle, high = np.quantile(saturation_session(course), INTERVAL, method="inverted_cdf")
    if high - low > (1 - NARROWER_BY) * population_width:
        reason = "the reports say little more about the speed than those of other patients"
        return None, None, None, f"too early to tell: {reason}"
    return int(middle), int(low), int(high), None


def _mean(draws: FloatArray) -> FloatArray:
    """Mean over new patients, NaN-aware; a draw without any counts as the overall mean."""
    known = np.isfinite(draws)
    total = np.where(known, draws, 0).sum(axis=-1)
    count = known.sum(axis=-1)
    overall = total.sum() / max(1, count.sum())
    return np.where(count > 0, total / np.maximum(1, count), overall)


def _summary(draws: FloatArray) -> dict[str, float]:
    known = draws[np.isfinite(draws)]
    low, middle, high = np.quantile(known, INTERVAL) if known.size else (np.nan,) * 3
    mean, sd = (known.mean(), known.std(ddof=1)) if known.size > 1 else (np.nan, np.nan)
    return {"mean": mean, "sd": sd, "q05": low, "q50": middle, "q95": high}
