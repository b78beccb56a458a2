"""What is reported of a fit: curves, plateaus, saturation sessions, the population.

Here: definitions on the scale of reports, equations (6)-(8) of docs/models.md, and the three
tables made of them. Not here: sampling (`fit.py`), convergence (`diagnostics.py`).

m_i(s) is the mean report E[PR] of patient i at session s. Plateau: its maximum over sessions
1-30. Saturation session S90: the first session with m_i(s) of at least 0.9 plateau.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayes.curves import expected_report, saturating
from bayes.heaping import GRIDS

if TYPE_CHECKING:
    from bayes.fit import Fit

FloatArray = NDArray[np.float64]

HORIZON = 30
CURVE_SESSIONS = 15
SATURATION_SHARE = 0.9
MEANINGFUL_PCT = 10.0
THRESHOLDS_PCT = (10, 30, 50)
# S90 is shown where a meaningful plateau is likely and the patient's own reports say more than
# being a patient does.
MEANINGFUL_PROBABILITY = 0.8
NARROWER_BY = 0.25
# Curves over 30 sessions are worked out for at most this many draws, evenly thinned.
CURVE_DRAWS = 2000
NEW_PATIENTS = 200

PARAMETERS = (
    "start", "plateau_mean", "plateau_sd", "log_rate_mean", "log_rate_sd", "rising_share", "noise",
)  # fmt: skip
INTERVAL = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class PatientDraws:
    """Draws of each patient's curve, shapes (chain, draw, patient) or (chain, draw, 1).

    A draw in which the course does not rise has its start as plateau.
    """

    patients: NDArray[np.str_]
    start: FloatArray
    plateau: FloatArray
    rate: FloatArray
    noise: FloatArray

    def thinned(self, n: int) -> "PatientDraws":
        """Return every k-th draw of each chain so that about n draws are left."""
        step = max(1, self.plateau.shape[0] * self.plateau.shape[1] // n)
        arrays = (self.start, self.plateau, self.rate, self.noise)
        return PatientDraws(self.patients, *(array[:, ::step] for array in arrays))


    def only(self, k: int) -> "PatientDraws":
        """Return the draws of the patient at position k."""
        plateau, rate = self.plateau[..., k : k + 1], self.rate[..., k : k + 1]
        return PatientDraws(self.patients[k : k + 1], self.start, plateau, rate, self.noise)


def patient_draws(posterior: xr.Dataset, seed: int) -> PatientDraws:
    """Draw for each posterior draw whether each patient's course rises, and return the curves."""
    rises = np.random.default_rng([seed, 1]).random(posterior["plateau"].shape)
    rises = rises < posterior["p_rising"].values
    start = posterior["start"].values[..., None]
    return PatientDraws(
        patients=np.asarray(posterior["patient"].values, dtype=str),
        start=start,
        plateau=np.where(rises, posterior["plateau"].values, start),
        rate=np.exp(posterior["log_rate"].values),
        noise=posterior["noise"].values[..., None],
    )


def mean_reports(draws: PatientDraws, sessions: FloatArray) -> FloatArray:
    """Return m_i(s) in percent, shape (chain, draw, patient, session), equation (6)."""
    wide = (array[..., None] for array in (draws.start, draws.plateau, draws.rate))
    return expected_report(saturating(sessions, *wide), draws.noise[..., None])


def plateau_pct(draws: PatientDraws) -> FloatArray:
    """Return the plateau in percent, shape (chain, draw, patient), equation (7).

    The curve never turns, so its maximum over sessions 1-30 is at one of the ends.
    """
    return mean_reports(draws, np.array([1.0, HORIZON])).max(axis=-1)


def saturation_session(course: FloatArray) -> NDArray[np.int64]:
    """Return S90 of mean reports over sessions 1-30 on the last axis, equation (8)."""
    reached = course >= SATURATION_SHARE * course.max(axis=-1, keepdims=True)
    return np.asarray(reached.argmax(axis=-1) + 1, dtype=np.int64)


def new_patients(posterior: xr.Dataset, seed: int) -> PatientDraws:
    """Draw `NEW_PATIENTS` future patients from the population of each (thinned) posterior draw."""
    step = max(1, posterior.sizes["chain"] * posterior.sizes["draw"] // CURVE_DRAWS)
    thin = posterior.isel(draw=slice(None, None, step))
    value = {name: thin[name].values[..., None] for name in PARAMETERS}
    rng = np.random.default_rng([seed, 2])
    # The same standard patients for every draw: only the population differs between draws.
    z, z_rate = rng.standard_normal((2, NEW_PATIENTS))
    rises = rng.random(NEW_PATIENTS) < value["rising_share"]
    plateau = value["plateau_mean"] + value["plateau_sd"] * z
    return PatientDraws(
        patients=np.arange(NEW_PATIENTS).astype(str),
        start=value["start"],
        plateau=np.where(rises, plateau, value["start"]),
        rate=np.exp(value["log_rate_mean"] + value["log_rate_sd"] * z_rate),
        noise=value["noise"],
    )


def new_patient_quantities(posterior: xr.Dataset, seed: int) -> dict[str, FloatArray]:
    """Return plateau (percent) and S90 of new patients, shape (chain, draw, patient).

    S90 is NaN for plateaus below 10 %: a course without relief saturates at no session.
    """
    course = mean_reports(new_patients(posterior, seed), np.arange(1.0, HORIZON + 1))
    plateau = course.max(axis=-1)
    session = np.where(plateau >= MEANINGFUL_PCT, saturation_session(course), np.nan)
    return {"new_patient_plateau_pct": plateau, "new_patient_saturation_session": session}


def reported(posterior: xr.Dataset, patients: PatientDraws) -> xr.Dataset:
    """Return the draws of the parameters and of every patient's plateau, which the gate judges."""
    result = posterior[list(PARAMETERS)]
    for width in GRIDS:
        result[f"heaping_{width}"] = posterior["heaping"].sel(grid=str(width), drop=True)
    return result.assign(plateau_pct=(("chain", "draw", "patient"), plateau_pct(patients))).drop_vars(
        "grid", errors="ignore"
    )


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
    from bayes.diagnostics import diagnostic_table

    posterior = fit.posterior["posterior"].to_dataset()
    parameters = reported(posterior, fit.patients).drop_vars(["plateau_pct"])
    new = new_patient_quantities(posterior, fit.seed)
    with_new = {name: (("chain", "draw"), _mean(draws)) for name, draws in new.items()}
    table = pd.concat(
        [diagnostic_table(parameters), diagnostic_table(xr.Dataset(with_new))], ignore_index=True
    )
    draws = {name: parameters[name].values for name in parameters.data_vars} | new
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
