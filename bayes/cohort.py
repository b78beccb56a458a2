"""What enters the relief model: reports, how far each patient came and why not further, lesion.

Here: checks, codes and layout, one row a delivered session. Not here: the model.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

# Sessions that inform the curve. The plateau is defined within them; later reports would sharpen
# it only if relief stayed constant for years.
LAST_SESSION = 30
TEST_SESSIONS = 4

REPORT_COLUMNS = ("patient_id", "session_no", "pain_relief_pct")
MISSING, ZERO, HUNDRED, TENS, FIVES, ONES, FINE = range(7)
"""What kind of number a report is; the kind decides the shape of its cell."""
NOTHING, WENT_ON, LOST_EFFICACY, SURGERY = range(4)
"""What is known after a session: nothing, the patient went on, stopped for one of two causes."""
_FATES = {"loss_of_efficacy": LOST_EFFICACY, "emcs_surgery": SURGERY}


@dataclass(frozen=True)
class Cohort:
    """Patients as the model takes them. Rows are sessions, a patient's rows stand together.

    Attributes
    ----------
    patients
        Ids in order of first appearance, shape (patients,).
    offsets
        Rows of patient i are offsets[i] to offsets[i + 1], shape (patients + 1,).
    session
        Session number from 1, by row.
    kind, relief, width
        Kind of report, percent (NaN where missing), width of the last printed decimal; by row.
    fate
        What is known after the session, by row.
    asked, unreported
        At the row of session 4, which every patient has: reports of sessions 1-3 that were due,
        and how many of them are missing; 0 at every other row.
    level, site, stroke
        Codes by patient, empty where unknown or not applicable.
    n_sessions
        Sessions delivered, by patient.
    is_responder
        1.0 or 0.0 by status (rule R4), NaN where unknown; by patient.
    n_missing, n_later
        Sessions without report, and those after `LAST_SESSION`, which are not used.
    """

    patients: NDArray[np.str_]
    offsets: IntArray
    session: IntArray
    kind: IntArray
    relief: FloatArray
    width: FloatArray
    fate: IntArray
    asked: IntArray
    unreported: IntArray
    level: NDArray[np.str_]
    site: NDArray[np.str_]
    stroke: NDArray[np.str_]
    n_sessions: FloatArray
    is_responder: FloatArray
    n_missing: int = 0
    n_later: int = 0

    @property
    def patient(self) -> IntArray:
        """Position of each row's patient."""
        return np.repeat(np.arange(len(self.patients)), np.diff(self.offsets))

    @property
    def n_reports(self) -> IntArray:
        """Reports by patient."""
        reported = self.kind != MISSING
        return np.bincount(self.patient[reported], minlength=len(self.patients))


def prepare(sessions: pd.DataFrame, patients: pd.DataFrame | None = None) -> Cohort:
    """Check and lay out the sessions of a cohort.

    Parameters
    ----------
    sessions
        Columns patient_id, session_no (1, 2, ...) and pain_relief_pct (0-100, NaN if missing),
        in any order. A patient without a report is no part of the model.
    patients
        Optional, one row a patient: patient_id and any of lesion_level, lesion_site, stroke_type,
        n_sessions, stop_reason, is_responder. Without stop_reason nothing is said of stopping;
        missing or `ongoing` means that nobody knows what came after the last session.

    Raises
    ------
    ValueError
        If a column is absent, a relief lies outside 0-100, a session number is no whole number
        from 1, a session or a patient appears twice, or nothing is left to fit.
    """
    _check(sessions)
    known = sessions.loc[sessions["pain_relief_pct"].notna(), "patient_id"]
    early = sessions["session_no"] <= LAST_SESSION
    reported = sessions.loc[early & sessions["pain_relief_pct"].notna(), "patient_id"].unique()
    if len(reported) == 0:
        raise ValueError("Column pain_relief_pct has no report to fit: wait for a first session.")
    kept = sessions[early & sessions["patient_id"].isin(reported)]
    position = pd.Series(np.arange(len(reported)), index=reported)
    rows = kept.assign(patient=position.loc[kept["patient_id"]].to_numpy())
    who = _about(patients, reported)
    last = _last_sessions(sessions, who)
    asked, unreported = _test_reports(rows, last)
    rows = _with_fourth(rows).sort_values(["patient", "session_no"], kind="stable")
    relief = rows["pain_relief_pct"].to_numpy(dtype=float)
    patient, is_fourth = rows["patient"].to_numpy(), rows["session_no"] == TEST_SESSIONS
    return Cohort(
        patients=np.asarray(reported, dtype=str),
        offsets=np.concatenate([[0], np.cumsum(np.bincount(patient))]).astype(np.int64),
        session=rows["session_no"].to_numpy(dtype=np.int64),
        kind=kinds(relief),
        relief=relief,
        width=printed_widths(relief),
        fate=_fates(rows, who, last),
        asked=np.where(is_fourth, asked[patient], 0),
        unreported=np.where(is_fourth, unreported[patient], 0),
        level=_codes(who, "lesion_level"),
        site=_codes(who, "lesion_site"),
        stroke=_codes(who, "stroke_type"),
        n_sessions=last,
        is_responder=_numbers(who, "is_responder"),
        n_missing=len(sessions) - len(known),
        n_later=int((~early).sum()),
    )


def kinds(relief: FloatArray) -> IntArray:
    """Return the kind of every report."""
    y = np.asarray(relief, dtype=float)
    tests = [np.isnan(y), y == 0, y == 100, y % 10 == 0, y % 5 == 0, y % 1 == 0]
    return np.select(tests, [MISSING, ZERO, HUNDRED, TENS, FIVES, ONES], FINE).astype(np.int64)


def printed_widths(relief: FloatArray) -> FloatArray:
    """Return the width of the last printed decimal (at most three) of values with decimals, or 1.

    A value with decimals is the interval of its printed precision (33.5: 33.45 to 33.55), so
    nothing is rounded across 10, 30 or 50.
    """
    width = np.ones(len(relief))
    for row in np.flatnonzero(kinds(relief) == FINE):
        exponent = Decimal(str(round(relief[row], 3))).normalize().as_tuple().exponent
        width[row] = 10.0 ** int(exponent)
    return width


def _check(sessions: pd.DataFrame) -> None:
    absent = [name for name in REPORT_COLUMNS if name not in sessions]
    if absent:
        raise ValueError(f"Column {', '.join(absent)} is absent: pass the mart `sessions`.")
    relief = sessions["pain_relief_pct"].to_numpy(dtype=float)
    number = sessions["session_no"].to_numpy(dtype=float)
    if ((relief < 0) | (relief > 100)).any():
        raise ValueError("Column pain_relief_pct has values outside 0-100: quarantine those rows.")
    if not ((number >= 1) & (number == np.floor(number))).all():
        raise ValueError("Column session_no must hold whole numbers from 1: number the sessions.")
    if sessions.duplicated(["patient_id", "session_no"]).any():
        raise ValueError("Columns patient_id, session_no have duplicates: keep one row a session.")


def _about(patients: pd.DataFrame | None, ids: NDArray[np.object_]) -> pd.DataFrame:
    if patients is None:
        return pd.DataFrame(index=ids)
    if patients["patient_id"].duplicated().any():
        raise ValueError("Column patient_id of patients has duplicates: keep one row a patient.")
    return patients.set_index("patient_id").reindex(ids)


def _codes(who: pd.DataFrame, column: str) -> NDArray[np.str_]:
    if column not in who:
        return np.full(len(who), "", dtype="U1")
    return who[column].fillna("").to_numpy(dtype=str)


def _numbers(who: pd.DataFrame, column: str) -> FloatArray:
    if column not in who:
        return np.full(len(who), np.nan)
    known = who[column].astype("Float64")
    return np.asarray(known.to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)


def _last_sessions(sessions: pd.DataFrame, who: pd.DataFrame) -> FloatArray:
    """Return the sessions delivered: those listed, or more where `n_sessions` knows of more."""
    listed = sessions.groupby("patient_id")["session_no"].max().reindex(who.index)
    more = _numbers(who, "n_sessions")
    return np.asarray(np.fmax(listed.to_numpy(dtype=float), more), dtype=float)


def _test_reports(rows: pd.DataFrame, last: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the reports of sessions 1-3 that were due, and those missing, by patient.

    A report is asked for at the next visit: it is due once a later session was delivered.
    """
    patient, number = rows["patient"].to_numpy(), rows["session_no"].to_numpy()
    is_due = (number < TEST_SESSIONS) & (number < last[patient])
    is_missing = is_due & rows["pain_relief_pct"].isna().to_numpy()
    return (
        np.bincount(patient[is_due], minlength=len(last)),
        np.bincount(patient[is_missing], minlength=len(last)),
    )


def _with_fourth(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with one of session 4 for every patient, silent where there was none.

    Whether reports were given depends on relief after session 4, which has to stand somewhere.
    """
    absent = np.setdiff1d(rows["patient"], rows.loc[rows["session_no"] == TEST_SESSIONS, "patient"])
    silent = {"patient": absent, "session_no": TEST_SESSIONS, "pain_relief_pct": np.nan}
    return pd.concat([rows, pd.DataFrame(silent)]) if len(absent) else rows


def _fates(rows: pd.DataFrame, who: pd.DataFrame, last: FloatArray) -> IntArray:
    """Say after each session from the fourth on whether the patient went on, or why not."""
    number, patient = rows["session_no"].to_numpy(), rows["patient"].to_numpy()
    if "stop_reason" not in who:
        return np.zeros(len(rows), dtype=np.int64)
    at_stop = who["stop_reason"].map(_FATES).fillna(NOTHING).to_numpy(dtype=np.int64)
    fate = np.where(number < last[patient], WENT_ON, at_stop[patient])
    is_asked = (number >= TEST_SESSIONS) & (number <= last[patient])
    return np.where(is_asked, fate, NOTHING).astype(np.int64)
