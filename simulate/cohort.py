"""A whole simulated clinic: who came, what was felt, what was written down, and when.

Here: the parts put together into one frozen record. Not here: the parts themselves, or files
(`extracts.py`). Everything is simulated; nothing here was observed in anyone.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate import margins, questionnaire
from simulate.batch import WHAT, Batch, draw
from simulate.dates import DAYS_PER_YEAR, NO_DAY, DayArray, in_days, weekday
from simulate.engine.records import Flow, Stop
from simulate.members import parameters_for
from simulate.population import SEXES
from simulate.scenario import Scenario
from simulate.streams import FloatArray, Stream, uniforms

TEST_SESSIONS = 4


@dataclass(frozen=True)
class Cohort:
    """One simulated clinic. Arrays are (patients, sessions), session k at index k - 1.

    Attributes
    ----------
    scenario, seed, replicate
        What made it.
    batch
        The cohort as the engine drew it (one replicate), truth included.
    patients
        One row a patient, codes and column names of the warehouse, plus birth_date.
    n_sessions
        Sessions delivered, shape (patients,).
    session_day, evaluation_day, recorded_day
        Day of the session, of the question about it, of writing it down; NaT where none.
    pain_relief_pct, relief_duration_days
        What was written down; NaN where missing or not delivered.
    npsi
        Item answers, shape (patients, 5, 12); visit 0 is the baseline.
    side_effect
        Code of the warehouse, shape (patients, sessions).
    emcs
        One row a visit of `surgery.draw_visits`.
    """

    scenario: Scenario
    seed: int
    replicate: int
    batch: Batch
    patients: pd.DataFrame
    n_sessions: NDArray[np.int64]
    session_day: DayArray
    evaluation_day: DayArray
    recorded_day: DayArray
    pain_relief_pct: FloatArray
    relief_duration_days: FloatArray
    npsi: FloatArray
    side_effect: NDArray[np.object_]
    emcs: pd.DataFrame


def generate(
    scenario: Scenario, seed: int, *, n_patients: int | None = None, replicate: int = 0
) -> Cohort:
    """Make one synthetic clinic: one cohort of the engine, with the detail that files need.

    Parameters
    ----------
    scenario
        The world, from `scenario.load`.
    seed, replicate
        Address of the random numbers: the same pair gives the same clinic.
    n_patients
        Instead of the scenario's number; the first patients stay the same.

    Raises
    ------
    ValueError
        If `n_patients` is below 2.
    """
    from simulate.surgery import draw_visits

    n = scenario.clinic.n_patients if n_patients is None else n_patients
    if n < 2:
        raise ValueError(f"n_patients must be 2 or more, got {n}")
    horizon = scenario.clinic.horizon
    parameters = parameters_for(scenario, seed, [replicate])
    batch = draw(parameters, seed, [replicate], n, horizon, WHAT, with_flow=True)
    n_sessions = batch.n_sessions[0].astype(np.int64)
    session_day, evaluation = (_days(a[0]) for a in (batch.session_day, batch.evaluation_day))
    relief = batch.recorded[0].astype(float)
    npsi = batch.npsi[0].astype(float)
    npsi[:, 1:][np.isnat(session_day[:, :TEST_SESSIONS])] = np.nan
    emcs = draw_visits(batch, session_day)
    u = uniforms(scenario, seed, Stream.FILES, [replicate], (0, n), 8)[0]
    return Cohort(
        scenario=scenario,
        seed=seed,
        replicate=replicate,
        batch=batch,
        patients=_patient_rows(batch, session_day, npsi, emcs, u),
        n_sessions=n_sessions,
        session_day=session_day,
        evaluation_day=np.where(np.isnan(relief), NO_DAY, evaluation),
        recorded_day=evaluation,
        pain_relief_pct=relief,
        relief_duration_days=batch.duration_days[0].astype(float),
        npsi=npsi,
        side_effect=_side_effects(batch, n_sessions, u),
        emcs=emcs,
    )


def _days(numbers: NDArray[np.int32]) -> DayArray:
    return np.where(numbers < 0, NO_DAY, numbers.astype("datetime64[D]"))


def _side_effects(
    batch: Batch, n_sessions: NDArray[np.int64], u: FloatArray
) -> NDArray[np.object_]:
    """One mild, reversible effect at one session of those who have any."""
    effect = np.full(batch.recorded.shape[1:], "none", dtype=object)
    affected = np.flatnonzero(u[:, 0] < batch.parameters["adverse_event_share"][0])
    at = np.minimum(np.floor(4 * u[affected, 1]).astype(int), n_sessions[affected] - 1)
    effect[affected, at] = np.where(u[affected, 2] < 0.6, "headache", "pain_increase")
    return effect


def _patient_rows(
    batch: Batch, session_day: DayArray, npsi: FloatArray, emcs: pd.DataFrame, u: FloatArray
) -> pd.DataFrame:
    """Patients as the clinic's master list knows them when everything is over."""
    law = batch.parameters.scenario.population
    first = session_day[:, 0]
    age = batch.age_years[0].astype(float)
    flow = batch.flow[0]
    site = np.array([*margins.SITES[:-1], None], dtype=object)[batch.site[0]]
    components = np.array([*questionnaire.DIMENSION_ITEMS, None], dtype=object)
    exclusion = np.where(u[:, 3] < 0.5, "language_barrier", "psychiatric_disorder").astype(object)
    exclusion[flow != Flow.EXCLUDED] = None
    rows = pd.DataFrame(
        {
            "age_years": age,
            "sex": np.array(SEXES, dtype=object)[batch.sex[0]],
            "pain_duration_years": batch.pain_duration_years[0].astype(float).round(1),
            "nrs_initial": batch.nrs_initial[0].astype(float),
            "laterality": np.array(list(law.laterality), dtype=object)[batch.laterality[0]],
            "topography": np.array(list(law.topography), dtype=object)[batch.topography[0]],
            "lesion_level": np.array(margins.LEVELS, dtype=object)[batch.level[0]],
            "lesion_site": pd.Series(site, dtype="str"),
            "aetiology": np.array(margins.AETIOLOGIES, dtype=object)[batch.aetiology[0]],
            "exclusion_reason": pd.Series(exclusion, dtype="str"),
            "is_analysed": flow == Flow.ANALYSED,
            "birth_date": first - in_days(age * DAYS_PER_YEAR + 2 + np.floor(360 * u[:, 4])),
            "first_consultation_date": weekday(first - in_days(30 + np.floor(150 * u[:, 5]))),
            "most_painful_component": pd.Series(
                components[questionnaire.most_painful(npsi)], dtype="str"
            ),
            "npsi_baseline_total": questionnaire.total(npsi[:, 0]),
            "test_period_relief_pct": batch.assessment[0].astype(float),
            "stop_reason": _stop_reasons(batch),
            "stop_date": _stop_days(batch, session_day, emcs),
        }
    )
    items = pd.DataFrame(
        npsi[:, 0], columns=[f"npsi_baseline_{k}" for k in range(1, questionnaire.N_ITEMS + 1)]
    )
    return pd.concat([rows, items], axis=1)


def _stop_reasons(batch: Batch) -> NDArray[np.object_]:
    """Codes of the warehouse; whoever reaches the horizon has left the clinic's view."""
    names = np.array([stop.name.lower() for stop in Stop], dtype=object)
    names[Stop.STILL_TREATED] = "lost_to_follow_up"
    return np.asarray(names[batch.stop_reason[0]])


def _stop_days(batch: Batch, session_day: DayArray, emcs: pd.DataFrame) -> DayArray:
    """Day the stop was written down; none for those ongoing or lost to follow-up (rule R7)."""
    last = session_day[np.arange(len(session_day)), batch.n_sessions[0] - 1]
    stop = weekday(last + in_days(28))
    stop[np.isin(_stop_reasons(batch).astype(str), ["ongoing", "lost_to_follow_up"])] = NO_DAY
    operated = emcs.drop_duplicates("patient")
    surgery_day = operated["surgery_day"].to_numpy().astype("datetime64[D]")
    stop[operated["patient"].to_numpy()] = surgery_day
    return stop
