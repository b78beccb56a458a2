"""The hierarchical relief model: the named parts put together.

Here: preparing the reports and building the PyMC model, equations (1)-(6) of docs/models.md. Not
here: sampling (`fit.py`), what is reported (`quantities.py`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.curves import saturating
from bayes.heaping import GRIDS, Cells, cells, log_probability
from bayes.priors import Priors

if TYPE_CHECKING:
    import pymc as pm

COLUMNS = ("patient_id", "session_no", "pain_relief_pct")

# Sessions that inform the curve. The plateau is defined within 30 sessions; later reports would
# sharpen it only if relief stayed constant for years, and courses are known to fade.
LAST_SESSION = 30


@dataclass(frozen=True)
class Reports:
    """Reports as the model takes them; arrays have shape (n,) unless said otherwise.

    Attributes
    ----------
    patients
        Patient ids in order of first appearance, shape (patients,).
    patient
        Position of each report's patient.
    session
        Session number, from 1.
    relief
        Reported relief, percent.
    n_missing
        Rows dropped because nothing was reported.
    n_later
        Rows dropped because they lie after `LAST_SESSION`.
    """

    patients: NDArray[np.str_]
    patient: NDArray[np.intp]
    session: NDArray[np.float64]
    relief: NDArray[np.float64]
    n_missing: int
    n_later: int


def prepare(data: pd.DataFrame) -> Reports:
    """Check the reports and drop, counting them, missing values and late sessions.

    Parameters
    ----------
    data
        Columns patient_id, session_no (1, 2, ...) and pain_relief_pct (0-100, NaN if missing).
        A patient without a single report is no part of the model.

    Raises
    ------
    ValueError
        If a column is absent, a relief lies outside 0-100, a session number is no whole number
        from 1, a session appears twice, or nothing is left to fit.
    """
    absent = [name for name in COLUMNS if name not in data]
    if absent:
        raise ValueError(f"Column {', '.join(absent)} is absent: pass the mart `sessions`.")
    known = data.loc[data["pain_relief_pct"].notna(), list(COLUMNS)]
    relief = known["pain_relief_pct"].to_numpy(dtype=float)
    session = known["session_no"].to_numpy(dtype=float)
    if not ((relief >= 0) & (relief <= 100)).all():
        raise ValueError("Column pain_relief_pct has values outside 0-100: quarantine those rows.")
    if not ((session >= 1) & (session == np.floor(session))).all():
        raise ValueError("Column session_no must hold whole numbers from 1: number the sessions.")
    if known.duplicated(["patient_id", "session_no"]).any():
        raise ValueError("Columns patient_id, session_no have duplicates: keep one row a session.")
    early = session <= LAST_SESSION
    if not early.any():
        raise ValueError("Column pain_relief_pct has no report to fit: wait for a first session.")
    patient, ids = pd.factorize(known["patient_id"][early])
    return Reports(
        patients=np.asarray(ids, dtype=str),
        patient=patient,
        session=session[early],
        relief=relief[early],
        n_missing=len(data) - len(known),
        n_later=int((~early).sum()),
    )


def build(data: pd.DataFrame | Reports, priors: Priors | None = None) -> "pm.Model":
    """Build the relief model.

    Two courses are weighed for each patient: one that rises from b to its own plateau, and one
    that stays at b. The choice is summed out of the likelihood, equation (5): the sampler sees
    nothing discrete, and patients without relief do not pass for slow ones.

    Parameters
    ----------
    data
        See `prepare`.
    priors
        Default `Priors()`.

    Returns
    -------
    pymc.Model
        Dimensions `patient` (real ids) and `grid` (10, 5, 1). Population: start, plateau_mean,
        plateau_sd, log_rate_mean, log_rate_sd, rising_share, noise, heaping. Patients: plateau
        and log_rate if the course rises (`draws.probability_rising` gives the chance of that).
    """
    import pymc as pm
    import pytensor.tensor as pt

    reports = data if isinstance(data, Reports) else prepare(data)
    coords = {"patient": reports.patients, "grid": [str(width) for width in GRIDS]}
    with pm.Model(coords=coords) as model:
        population = _population(pm, priors or Priors())
        # Centred: with tens of patients its spread is well known, and non-centred variants moved
        # the mean and the plateaus of all silent patients in lockstep.
        plateau = pm.Normal(
            "plateau", population["plateau_mean"], population["plateau_sd"], dims="patient"
        )
        # The rate is not: most patients say little about theirs.
        z_rate = pm.Normal("z_rate", 0, 1, dims="patient")
        log_rate = pm.Deterministic(
            "log_rate",
            population["log_rate_mean"] + population["log_rate_sd"] * z_rate,
            dims="patient",
        )
        log_rising = pt.log(population["rising_share"]) + _rising(
            pm, pt, reports, population, plateau, pt.exp(log_rate)
        )
        log_flat = pt.log1p(-population["rising_share"]) + _flat(pm, pt, reports, population)
        pm.Potential("reports", pt.logaddexp(log_rising, log_flat).sum())
    return model


def _population(pm: Any, priors: Priors) -> dict[str, Any]:
    return {
        "start": pm.Normal("start", priors.start.mean, priors.start.sd),
        "plateau_mean": pm.Normal("plateau_mean", priors.plateau_mean.mean, priors.plateau_mean.sd),
        "plateau_sd": pm.HalfNormal("plateau_sd", priors.plateau_sd),
        "log_rate_mean": pm.Normal(
            "log_rate_mean", priors.log_rate_mean.mean, priors.log_rate_mean.sd
        ),
        "log_rate_sd": pm.HalfNormal("log_rate_sd", priors.log_rate_sd),
        "rising_share": pm.Beta("rising_share", *priors.rising),
        "noise": pm.HalfNormal("noise", priors.noise),
        "heaping": pm.Dirichlet("heaping", np.array(priors.heaping), dims="grid"),
    }


def _rising(
    pm: Any, pt: Any, reports: Reports, population: dict[str, Any], plateau: Any, rate: Any
) -> Any:
    """Sum the log probabilities of each patient's reports along its curve, shape (patients,)."""
    cell = cells(reports.relief)
    of = pm.Data("patient_of_report", reports.patient)
    session = pm.Data("session", reports.session)
    latent = saturating(session, population["start"], plateau[of], rate[of], exp=pt.exp)
    logs = log_probability(
        _as_data(pm, "rising", cell), latent, population["noise"], _share(population), pt
    )
    of_listed = pm.Data("patient_of_listed_report", reports.patient[cell.order])
    return pt.zeros(len(reports.patients))[of_listed].inc(logs)


def _flat(pm: Any, pt: Any, reports: Reports, population: dict[str, Any]) -> Any:
    """Do the same at the common start, where each distinct value needs computing only once."""
    values, position = np.unique(reports.relief, return_inverse=True)
    cell = cells(values)
    counts = np.zeros((len(reports.patients), len(values)))
    np.add.at(counts, (reports.patient, position), 1)
    latent = population["start"] * pm.Data("one_a_value", np.ones(len(values)))
    logs = log_probability(
        _as_data(pm, "flat", cell), latent, population["noise"], _share(population), pt
    )
    return pt.dot(pm.Data("counts", counts[:, cell.order]), logs)


def _as_data(pm: Any, prefix: str, cell: Cells) -> dict[str, Any]:
    """Register the cells as data, so that new reports do not mean new machine code."""
    arrays = cell.as_dict()
    if len(cell.fine) == 0:
        arrays |= dict.fromkeys(("fine", "fine_value", "fine_width"))
    return {
        name: None if array is None else pm.Data(f"{prefix}_{name}", array)
        for name, array in arrays.items()
    }


def _share(population: dict[str, Any]) -> list[Any]:
    return [population["heaping"][j] for j in range(len(GRIDS))]
