"""Rows of text, as a clerk or nurse would have typed them.

Here: a simulated clinic turned into text by warehouse column, as known on a given day. Not here:
headers and words (`french.py`), which rows a delivery carries and files (`extracts.py`).
"""

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from simulate import french, questionnaire, text
from simulate.batch import TEST_SESSIONS
from simulate.cohort import Cohort
from simulate.dates import DAYS_PER_MONTH, NO_DAY, DayArray, days_between, in_days
from simulate.writing import COMMENTS, MISSING_TOKENS, NURSES, PROTOCOLS, Writing

LOST_AFTER_DAYS = 180
TYPING_HOUR = 17
_PROTOCOL_WORDS = [french.code("protocol", name or None) for name in PROTOCOLS]


def patient_rows(cohort: Cohort, writing: Writing, known_on: np.datetime64) -> pa.Table:
    """Return the master list on a day: patients with a session by then, columns as text.

    Stops and assessments written down later are not known yet.
    """
    known = _as_known(cohort, known_on)
    n = len(known)
    columns = {"ipp": text.each(writing.ipp, str), "last_name": text.constant("SYNTHETIQUE", n)}
    columns["first_name"] = text.each(np.arange(1, n + 1), lambda one: f"PATIENT{one:04d}")
    for column, *_ in french.PATIENT_HEADERS[3:]:
        values = known[column].to_numpy()
        if column in french.CODES:
            columns[column] = text.codes(column, values)
        elif column.endswith("_date"):
            columns[column] = text.dates(values)
        else:
            columns[column] = text.numbers(values)
    due = known["is_assessment_due"].to_numpy()
    columns["test_period_relief_pct"] = text.numbers(
        known["test_period_relief_pct"].to_numpy(dtype=float),
        list(MISSING_TOKENS),
        np.where(due, writing.status_token, 0),
    )
    return pa.table(columns).filter(pa.array(cohort.session_day[:, 0] <= known_on))


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


def session_rows(cohort: Cohort, writing: Writing) -> pa.Table:
    """Return every session of the clinic in the order of patients, columns as text.

    What a session says does not change with the day on which it is delivered; `recorded_days`
    tells when each was written down.
    """
    patient, k = delivered(cohort)
    at = (patient, k)
    left_pain = (cohort.patients["laterality"] == "left").to_numpy()[patient]
    effect = cohort.side_effect[at]
    n = len(patient)
    minute = writing.minute[at]
    columns = {
        "ipp": text.of_words(writing.ipp.tolist(), patient),
        "session_no_recorded": text.each(k + 1, str),
        "session_date": text.dates(cohort.session_day[at]),
        "session_time": text.each(minute, _clock),
        "nurse": text.of_words(list(NURSES), writing.nurse[at]),
        "protocol": text.of_words(_PROTOCOL_WORDS, writing.protocol[at]),
        "target": text.of_words(["M1 G", "M1 D"], left_pain.astype(np.int8)),
        "intensity_pct_mt": text.constant("80", n),
        "n_pulses": text.constant("1600", n),
        "pain_relief_pct": text.numbers(
            cohort.pain_relief_pct[at], list(MISSING_TOKENS), writing.relief_token[at]
        ),
        "relief_duration_days": text.numbers(
            cohort.relief_duration_days[at], list(MISSING_TOKENS), writing.duration_token[at]
        ),
        "evaluation_date": text.dates(cohort.evaluation_day[at]),
        "side_effect": text.codes("side_effect", effect),
        "side_effect_detail": text.of_words(
            ["régressif en 24 h", ""], (effect == "none").astype(np.int8)
        ),
        "comment": text.of_words(list(COMMENTS), writing.comment[at]),
        "recorded_at": text.days_and_minutes(cohort.recorded_day[at], TYPING_HOUR, minute % 60),
    }
    columns |= _answers(cohort, patient, k)
    return pa.table({name: columns[name] for name, *_ in french.SESSION_HEADERS})


def delivered(cohort: Cohort) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return patient and place of every session, both of shape (rows of `session_rows`,)."""
    is_there = ~np.isnat(cohort.session_day) & ~np.isnat(cohort.recorded_day)
    patient, k = np.nonzero(is_there)
    return patient, k


def recorded_days(cohort: Cohort) -> DayArray:
    """Return the day on which each row of `session_rows` was written down."""
    return cohort.recorded_day[delivered(cohort)]


def _answers(
    cohort: Cohort, patient: NDArray[np.int64], k: NDArray[np.int64]
) -> dict[str, pa.DictionaryArray]:
    """Questionnaire text of sessions 1-4, empty for later ones; ssNPSI follows the baseline."""
    due = k < TEST_SESSIONS
    patient, visit = patient[due], k[due] + 1
    items = cohort.npsi[patient, visit]
    component = questionnaire.most_painful(cohort.npsi)[patient]
    scores = questionnaire.dimension_scores(items)[np.arange(len(visit)), component]
    specific = np.where(component >= 0, np.round(scores, 1), np.nan)
    values = {f"npsi_{item}": items[:, item - 1] for item in range(1, questionnaire.N_ITEMS + 1)}
    values |= {"npsi_total": questionnaire.total(items), "ssnpsi": specific}
    return {name: text.only_where(due, text.numbers(one)) for name, one in values.items()}


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


def _days(column: pd.Series) -> DayArray:
    return column.to_numpy().astype("datetime64[D]")


def _clock(minute: object) -> str:
    hours, minutes = divmod(int(minute), 60)  # type: ignore[call-overload]
    return f"{hours:02d}:{minutes:02d}"
