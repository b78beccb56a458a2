"""Rows of text, as a clerk or nurse would have typed them.

Here: a simulated clinic turned into text by warehouse column, as known on a given day. Not here:
headers and words (`french.py`), which rows a delivery carries and files (`extracts.py`).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate import french, questionnaire
from simulate.batch import TEST_SESSIONS
from simulate.cohort import Cohort
from simulate.dates import DAYS_PER_MONTH, NO_DAY, DayArray, days_between, in_days
from simulate.writing import TextArray, Writing

LOST_AFTER_DAYS = 180


def patient_rows(cohort: Cohort, writing: Writing, known_on: np.datetime64) -> pd.DataFrame:
    """Return the master list on a day: patients with a session by then, columns as text.

    Stops and assessments written down later are not known yet.
    """
    known = _as_known(cohort, known_on)
    words = {
        column: [french.code(column, value) for value in known[column]]
        for column in french.CODES
        if column in known
    }
    numbers = {
        column: [french.number(value) for value in known[column].astype(float)]
        for column, *_ in french.PATIENT_HEADERS
        if column.startswith(("npsi_baseline", "pain_duration", "nrs_initial", "test_period"))
    }
    dates = {
        column: [french.date(value) for value in known[column].to_numpy()]
        for column, *_ in french.PATIENT_HEADERS
        if column.endswith("_date")
    }
    rows = pd.DataFrame({"ipp": writing.ipp, "last_name": "SYNTHETIQUE"} | words | numbers | dates)
    rows["first_name"] = [f"PATIENT{number:04d}" for number in range(1, len(rows) + 1)]
    assessed = known["is_assessment_due"] & (rows["test_period_relief_pct"] == "")
    rows.loc[assessed, "test_period_relief_pct"] = writing.status_token[assessed]
    return rows[cohort.session_day[:, 0] <= known_on].reset_index(drop=True)


def _as_known(cohort: Cohort, known_on: np.datetime64) -> pd.DataFrame:
    known = cohort.patients.copy()
    test_known = cohort.recorded_day[:, TEST_SESSIONS - 1] <= known_on
    known["is_assessment_due"] = test_known & known["exclusion_reason"].isna()
    known.loc[~test_known, "test_period_relief_pct"] = np.nan
    rows = np.arange(len(known))
    last_day = cohort.session_day[rows, cohort.n_sessions - 1]
    lost = (known["stop_reason"] == "lost_to_follow_up").to_numpy()
    stop_day = known["stop_date"].to_numpy().astype("datetime64[D]")
    settled = np.where(lost, last_day + in_days(LOST_AFTER_DAYS), stop_day)
    open_course = ~(settled <= known_on)
    known.loc[open_course, "stop_reason"] = "ongoing"
    known.loc[open_course, "stop_date"] = NO_DAY
    known.loc[open_course, "exclusion_reason"] = None
    return known


def session_rows(
    cohort: Cohort, writing: Writing, after: np.datetime64, until: np.datetime64
) -> pd.DataFrame:
    """Return sessions written down after one day and until another, columns as text."""
    written = (cohort.recorded_day > after) & (cohort.recorded_day <= until)
    patient, k = np.nonzero(written & ~np.isnat(cohort.session_day))
    pain_side = cohort.patients["laterality"].to_numpy()[patient]
    relief, duration = cohort.pain_relief_pct[patient, k], cohort.relief_duration_days[patient, k]
    effect = cohort.side_effect[patient, k]
    rows = pd.DataFrame(
        {
            "ipp": writing.ipp[patient],
            "session_no_recorded": [str(number) for number in k + 1],
            "session_date": _dates(cohort.session_day[patient, k]),
            "session_time": [_clock(minute) for minute in writing.minute[patient, k]],
            "nurse": writing.nurse[patient, k],
            "protocol": [french.code("protocol", p or None) for p in writing.protocol[patient, k]],
            "target": np.where(pain_side == "left", "M1 D", "M1 G"),
            "intensity_pct_mt": "80",
            "n_pulses": "1600",
            "pain_relief_pct": _numbers(relief, writing.relief_token[patient, k]),
            "relief_duration_days": _numbers(duration, writing.duration_token[patient, k]),
            "evaluation_date": _dates(cohort.evaluation_day[patient, k]),
            "side_effect": [french.code("side_effect", value) for value in effect],
            "side_effect_detail": np.where(effect == "none", "", "régressif en 24 h"),
            "comment": writing.comment[patient, k],
            "recorded_at": [
                f"{french.date(written_on)} 17:{minute % 60:02d}"
                for written_on, minute in zip(
                    cohort.recorded_day[patient, k], writing.minute[patient, k], strict=True
                )
            ],
        }
    )
    return pd.concat([rows, _answers(cohort, patient, k)], axis=1)


def _answers(cohort: Cohort, patient: NDArray[np.int64], k: NDArray[np.int64]) -> pd.DataFrame:
    """Questionnaire text of sessions 1-4, empty for later ones; ssNPSI follows the baseline."""
    due = k < TEST_SESSIONS
    visit = np.where(due, k + 1, 0)
    items = np.where(due[:, None], cohort.npsi[patient, visit], np.nan)
    component = questionnaire.most_painful(cohort.npsi)[patient]
    scores = questionnaire.dimension_scores(items)[np.arange(len(k)), component]
    specific = np.where(component >= 0, np.round(scores, 1), np.nan)
    columns = {f"npsi_{item}": items[:, item - 1] for item in range(1, questionnaire.N_ITEMS + 1)}
    columns |= {"npsi_total": questionnaire.total(items), "ssnpsi": specific}
    return pd.DataFrame({name: _numbers(values) for name, values in columns.items()})


def visit_rows(cohort: Cohort, writing: Writing) -> pd.DataFrame:
    """Return eMCS visits with spreadsheet values (days, numbers, words), one row a visit."""
    visits = cohort.emcs
    patient = visits["patient"].to_numpy()
    months = days_between(_days(visits["surgery_day"]), _days(visits["visit_day"])) / DAYS_PER_MONTH
    return pd.DataFrame(
        {
            "ipp": writing.ipp[patient],
            "surgery_date": _days(visits["surgery_day"]),
            "n_electrodes": visits["n_electrodes"],
            "visit_date": _days(visits["visit_day"]),
            "months_post_op": np.round(months, 1),
            "stimulation": [french.code("stimulation", value) for value in visits["stimulation"]],
            **{
                column: visits[column]
                for column, _ in french.EMCS_HEADERS
                if column in visits and column not in ("n_electrodes", "stimulation")
            },
        }
    )


def _numbers(values: NDArray[np.float64], missing: TextArray | None = None) -> list[str]:
    words = [""] * len(values) if missing is None else list(missing)
    return [french.number(v) or word for v, word in zip(values, words, strict=True)]


def _dates(days: DayArray) -> list[str]:
    return [french.date(value) for value in days]


def _days(column: pd.Series) -> DayArray:
    return column.to_numpy().astype("datetime64[D]")


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
