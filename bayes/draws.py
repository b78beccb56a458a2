"""Draws of the quantities that are reported: curves, plateaus, saturation sessions.

Here: definitions on the scale of reports, equations (6)-(8) of docs/models.md. Not here: the
tables made of them (`quantities.py`), sampling (`fit.py`).

m_i(s) is the mean report E[PR] of patient i at session s. Plateau: its maximum over sessions
1-30. Saturation session S90: the first session with m_i(s) of at least 0.9 plateau.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayes.curves import expected_report, saturating
from bayes.heaping import GRIDS, cells, log_probability
from bayes.relief import Reports

FloatArray = NDArray[np.float64]

HORIZON = 30
SATURATION_SHARE = 0.9
MEANINGFUL_PCT = 10.0
# Curves over 30 sessions are worked out for at most this many draws, evenly thinned.
CURVE_DRAWS = 2000
NEW_PATIENTS = 200

PARAMETERS = (
    "start", "plateau_mean", "plateau_sd", "log_rate_mean", "log_rate_sd", "rising_share", "noise",
)  # fmt: skip


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


def probability_rising(posterior: xr.Dataset, reports: Reports) -> FloatArray:
    """Return P(the course rises | draw, reports), shape (chain, draw, patient), equation (5)."""
    population = {name: _flat(posterior[name]) for name in ("start", "noise", "rising_share")}
    share = np.moveaxis(posterior["heaping"].to_numpy(), -1, 0).reshape(len(GRIDS), -1)
    plateau, rate = _flat(posterior["plateau"]), np.exp(_flat(posterior["log_rate"]))
    prior = np.log(population["rising_share"]) - np.log1p(-population["rising_share"])
    result = np.empty_like(plateau)
    for k in range(plateau.shape[-1]):
        mine = reports.patient == k
        session, cell = reports.session[mine][:, None], cells(reports.relief[mine])
        rising = saturating(session, population["start"], plateau[:, k], rate[:, k])
        flat = np.broadcast_to(population["start"], rising.shape)
        odds = prior
        for sign, latent in ((1, rising), (-1, flat)):
            log = log_probability(cell.over_draws(), latent, population["noise"], share)
            odds = odds + sign * log.sum(axis=0)
        result[:, k] = np.exp(-np.logaddexp(0, -odds))
    return result.reshape(posterior["plateau"].shape)


def _flat(variable: xr.DataArray) -> FloatArray:
    """Return draws with the chains joined, shape (draws, ...)."""
    array = variable.to_numpy()
    return array.reshape(-1, *array.shape[2:])


def patient_draws(posterior: xr.Dataset, reports: Reports, seed: int) -> PatientDraws:
    """Draw for each posterior draw whether each patient's course rises, and return the curves."""
    chance = np.random.default_rng([seed, 1]).random(posterior["plateau"].shape)
    rises = chance < probability_rising(posterior, reports)
    start = posterior["start"].to_numpy()[..., None]
    return PatientDraws(
        patients=np.asarray(posterior["patient"].to_numpy(), dtype=str),
        start=start,
        plateau=np.where(rises, posterior["plateau"].to_numpy(), start),
        rate=np.exp(posterior["log_rate"].to_numpy()),
        noise=posterior["noise"].to_numpy()[..., None],
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
    value = {name: thin[name].to_numpy()[..., None] for name in PARAMETERS}
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
    return result.assign(
        plateau_pct=(("chain", "draw", "patient"), plateau_pct(patients))
    ).drop_vars("grid", errors="ignore")
