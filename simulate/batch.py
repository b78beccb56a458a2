"""Many cohorts at once: R cohorts of N patients over S sessions, each with its own parameters.

Here: what is asked, the arrays of the answer, threads. Not here: the laws (`simulate/engine`), a
whole clinic with files (`cohort.py`, which is one such cohort with detail added).

Everything is simulated. A cohort is a pure function of (scenario, parameters, seed, replicate,
patient): neither the other cohorts of the batch, nor their order, nor the number of threads, nor
what else is asked change a number of it. Only `calendar` does: with dates, courses also meet pauses
and the end of the study.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate.engine.cohorts import fill_cohorts
from simulate.engine.records import ROUND, Dates, Fact, Line, space
from simulate.margins import SHIFTED, margins_of
from simulate.parameters import Parameters
from simulate.population import draw_demography
from simulate.questionnaire import draw_answers
from simulate.scenario import Scenario
from simulate.streams import checked_replicates, key, pair

TEST_SESSIONS = 4
COURSE = 16  # sessions of one course, where a patient has several
PIECE = 16  # cohorts a thread takes at once
BY_SESSION = {
    **{name: name for name in ("latent", "expected", "reported", "uninterrupted", "recorded")},
    **dict.fromkeys(["duration_days", "session_day", "evaluation_day"], "calendar"),
}
BY_PATIENT = {
    **dict.fromkeys(["assessment", "is_responder", "n_sessions", "stop_reason"], "recorded"),
    **dict.fromkeys(["asymptote", "half_gain_sessions", "relapse_session", "rises"], "truth"),
    "grid": "truth",
    **dict.fromkeys(["level", "site", "aetiology", "flow", "is_sham"], "covariates"),
    **dict.fromkeys(["last_relief", "emcs_first", "emcs_last", "is_theta_burst"], "surgery"),
    **dict.fromkeys(["last_day", "interval_14_15_days"], "calendar"),
}
KINDS: dict[str, Any] = {
    **dict.fromkeys(["session_day", "evaluation_day"], np.int32),
    "last_day": np.int32,
    "n_sessions": np.int16,
    **dict.fromkeys(["stop_reason", "level", "site", "aetiology", "flow", "grid"], np.int8),
    **dict.fromkeys(["is_responder", "rises", "is_sham", "is_theta_burst"], np.bool_),
}
BY_DETAIL = {
    **dict.fromkeys(["age_years", "sex", "pain_duration_years", "nrs_initial"], "demography"),
    **dict.fromkeys(["topography", "laterality"], "demography"),
    "npsi": "npsi",
}
WHAT = (
    *("recorded", "latent", "expected", "reported", "truth", "covariates", "calendar", "surgery"),
    *("demography", "npsi", "uninterrupted"),
)
NEEDS = {"demography": "covariates", "npsi": "expected"}


@dataclass(frozen=True)
class Batch:
    """Simulated cohorts. Arrays are attributes; session k stands at index k - 1.

    Attributes
    ----------
    parameters, seed, replicates, first_patient
        What made them; `replicates` has shape (R,).
    recorded
        Relief written down, 0-100, NaN where missing or not delivered, (R, N, H) like all that
        follow until the next entry: `latent` relief in points, unbounded; `expected`, the mean
        report E[reported | patient, still treated], 0-100; `reported`, what the patient would say
        had the course gone on; `uninterrupted`, what of that would be written down;
        `duration_days` of relief, as written down; `session_day` and `evaluation_day`, days since
        1970-01-01, -1 where not delivered.
    assessment
        The recorded test-period assessment, NaN where missing; (R, N) like all that follow:
        `is_responder`, status (rule R4); `n_sessions` delivered; `stop_reason`, codes of
        `engine.records.Stop`; the latent constants `asymptote`, `half_gain_sessions`,
        `relapse_session`, `rises` and the answering `grid`; `level`, `site`, `aetiology`, codes of
        `simulate.margins`; `flow`, codes of `engine.records.Flow`; `is_sham`; `last_relief` of
        rTMS on record; `emcs_first`, `emcs_last` relief, NaN where not operated or not visited;
        `is_theta_burst`, stimulation changed after the first visit; `last_day` delivered;
        `interval_14_15_days`, NaN below 15 sessions;
        demography, see `population.draw_demography`. `npsi` has shape (R, N, 5, 12), see
        `questionnaire.draw_answers`.
    """

    parameters: Parameters
    seed: int
    replicates: NDArray[np.int64]
    first_patient: int
    arrays: Mapping[str, NDArray[Any]]

    def __getattr__(self, name: str) -> NDArray[Any]:
        arrays = self.__dict__.get("arrays", {})
        if name in arrays:
            return arrays[name]
        part = (BY_SESSION | BY_PATIENT | BY_DETAIL).get(name)
        hint = f": ask for it with what=({part!r},)" if part else ""
        raise AttributeError(f"this batch has no {name}{hint}")


def draw(
    parameters: Parameters,
    seed: int,
    replicates: int | ArrayLike,
    n_patients: int = 193,
    horizon: int = 15,
    what: Iterable[str] = ("recorded", "latent"),
    *,
    first_patient: int = 0,
    follow_to: int | None = None,
    with_flow: bool = False,
    course: int = 0,
    jobs: int = 1,
) -> Batch:
    """Draw cohorts.

    Parameters
    ----------
    parameters
        One row a cohort, or one row for all.
    seed
        Any integer.
    replicates
        Number of each cohort, shape (R,); an integer R stands for 0 to R - 1. Cohorts of one
        number share their random numbers whatever their parameters.
    n_patients, first_patient
        Patients of a cohort; the first 20 of 213 are the patients of a cohort of 20.
    horizon
        Sessions in the arrays; a shorter horizon gives the first columns of a longer one.
    what
        Of `WHAT`; `recorded` is always drawn. With `calendar` sessions have dates, pauses and the
        end of the study's window, without it a course ends by its own reasons only.
    follow_to
        Sessions to which courses are followed for `n_sessions` and `stop_reason` (default: the
        horizon).
    with_flow
        Some patients are excluded or stop early; without it all are analysed.
    course
        Number of a patient's course: another one has the same patients, the same latent relief
        and new noise, as the next period of a crossover trial. Courses of up to `COURSE` sessions.
    jobs
        Threads; they change no number.

    Raises
    ------
    ValueError
        For sizes that cannot be, an unknown `what`, or numbers of rows that do not fit.
    """
    asked = _asked(what)
    rows, numbers = _rows(parameters, replicates)
    followed = horizon if follow_to is None else follow_to
    _check_sizes(n_patients, horizon, followed, first_patient, jobs)
    if course and (course < 0 or followed > COURSE):
        raise ValueError(f"a course of several has at most {COURSE} sessions, and none is below 0")
    scenario = parameters.scenario
    lines = [Line[name.upper()] for name, part in BY_SESSION.items() if part in asked]
    facts = [Fact[name.upper()] for name, part in BY_PATIENT.items() if part in asked]
    by_session = np.empty((len(lines), len(rows), n_patients, horizon), dtype=np.float32)
    by_patient = np.empty((len(facts), len(rows), n_patients), dtype=np.float32)
    lesions = margins_of(scenario.population).lesions
    wanted = np.array(lines), np.array(facts)
    said_to = horizon if asked & {"reported", "uninterrupted"} else 0
    flags = with_flow, "expected" in asked, "surgery" in asked
    passed = course * (COURSE // ROUND)
    sizes = followed, said_to, passed, *(int(flag) for flag in flags)
    dates = dates_of(scenario, is_followed="calendar" in asked)
    world = pair(key(scenario, seed))

    def fill(start: int) -> None:
        part = start, min(start + PIECE, len(rows))
        room = space(followed, len(lesions.edges))
        what_for = (rows, numbers), first_patient, lesions, SHIFTED, dates
        fill_cohorts(world, part, *what_for, room, wanted, (by_session, by_patient), sizes)

    starts = range(0, len(rows), PIECE)
    if jobs == 1:
        for start in starts:
            fill(start)
    else:
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(fill, starts))
    kept = {line.name.lower(): by_session[k] for k, line in enumerate(lines)}
    kept |= {fact.name.lower(): by_patient[k] for k, fact in enumerate(facts)}
    kept |= {name: kept[name].astype(kind) for name, kind in KINDS.items() if name in kept}
    block = first_patient, n_patients
    if "demography" in asked:
        kept |= draw_demography(scenario, seed, numbers, block, kept["site"])
    if "npsi" in asked:
        whole = replace(parameters, rows=rows)
        kept["npsi"] = draw_answers(whole, seed, numbers, block, kept["expected"])
    return Batch(parameters, seed, numbers, first_patient, kept)


def dates_of(scenario: Scenario, *, is_followed: bool) -> Dates:
    """Return the scenario's calendar in days since 1970-01-01."""
    clinic = scenario.clinic
    never = date(1970, 1, 2), date(1970, 1, 1)
    return Dates(
        is_followed=int(is_followed),
        first_from=_number(clinic.first_session_from),
        first_to=_number(clinic.first_session_to),
        accrual_power=clinic.accrual_power,
        rtms_end=_number(clinic.rtms_end),
        closed_from=_number(clinic.closed_from or never[0]),
        closed_to=_number(clinic.closed_to or never[1]),
    )


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def check_request(n_patients: int, horizon: int, what: Iterable[str]) -> None:
    """Refuse a cohort that cannot be, before any work.

    Raises
    ------
    ValueError
        Saying which value is wrong and what is allowed.
    """
    if n_patients < 2:
        raise ValueError(f"n_patients must be 2 or more, got {n_patients}")
    _check_sizes(n_patients, horizon, horizon, 0, 1)
    _asked(what)


def _asked(what: Iterable[str]) -> set[str]:
    asked = {what} if isinstance(what, str) else set(what)
    unknown = sorted(asked - set(WHAT))
    if unknown:
        raise ValueError(f"what: no {unknown[0]!r}; there are: {', '.join(WHAT)}")
    return asked | {"recorded"} | {NEEDS[name] for name in asked & set(NEEDS)}


def _rows(
    parameters: Parameters, replicates: int | ArrayLike
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    many = np.arange(replicates) if isinstance(replicates, int) else replicates
    numbers = checked_replicates(many)
    rows = parameters.rows
    if len(rows) == 1:
        rows = np.repeat(rows, len(numbers))
    if len(rows) != len(numbers):
        raise ValueError(f"{len(rows)} rows of parameters do not fit {len(numbers)} replicates")
    # one layout: every other would have the whole engine compiled again
    return np.ascontiguousarray(rows), np.ascontiguousarray(numbers)


def _check_sizes(n_patients: int, horizon: int, followed: int, first: int, jobs: int) -> None:
    if n_patients < 1:
        raise ValueError(f"n_patients must be 1 or more, got {n_patients}")
    if horizon < TEST_SESSIONS:
        raise ValueError(
            f"horizon must reach session {TEST_SESSIONS}, the end of the test period; got {horizon}"
        )
    if followed < horizon:
        raise ValueError(f"follow_to must be {horizon} (the horizon) or more, got {followed}")
    if first < 0 or jobs < 1:
        raise ValueError(f"first_patient 0 or more, jobs 1 or more; got {first} and {jobs}")
