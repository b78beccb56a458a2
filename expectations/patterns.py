"""Patterns over many sessions that no single row shows, one row a pattern's bearer.

Belongs here: reports copied from session to session, nurses who always write one value, dates that
an input mask filled in. Does not: limits (`profile_suites`); a nurse or a patient is named by the
key of the first row, never by initials or pseudonym.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FEWEST_REPORTS = 10  # of a patient, before a run of equal ones says anything
FEWEST_BY_NURSE = 20
FEWEST_IN_BULK = 10  # rows typed on one day
BULK_FACTOR = 3  # times the usual number of rows typed a day
CONSTANTS_PCT = (0, 50)
ENDS_PCT = (0, 100)

COLUMNS = ("row_key", "patient_id", "session_date", "nurse", "pain_relief_pct", "recorded_at")
"""What the patterns read of the current sessions."""


def relief_runs(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return the longest run of equal reported relief, between 0 and 100, of each patient.

    Runs at the ends of the scale say nothing of a form that carries values over: patients without
    relief go on saying 0, and some settle at 100.

    Parameters
    ----------
    sessions
        Current rows of `raw_sessions`, with `COLUMNS`.

    Returns
    -------
    DataFrame
        row_key (of the run's first session), longest_run (sessions, 0 where all reports are at an
        end of the scale), n_known; one row a patient with at least ten known reports. A missing
        report neither ends nor lengthens a run.
    """
    known = sessions[sessions["pain_relief_pct"].notna()]
    patient = pd.factorize(known["patient_id"])[0]
    order = np.lexsort((known["session_date"].to_numpy(), patient))
    patient, relief = patient[order], known["pain_relief_pct"].to_numpy()[order]
    begins = _begins(patient) | _begins(relief)
    run_starts = np.flatnonzero(begins)
    lengths = np.diff(np.r_[run_starts, len(patient)])
    of_patient = np.flatnonzero(_begins(patient[run_starts]))
    n_known = np.add.reduceat(lengths, of_patient) if len(lengths) else lengths
    lengths = np.where(np.isin(relief[run_starts], ENDS_PCT), 0, lengths)
    longest = np.maximum.reduceat(lengths, of_patient) if len(lengths) else lengths
    is_longest = np.flatnonzero(
        lengths == np.repeat(longest, np.diff(np.r_[of_patient, len(lengths)]))
    )
    firsts = is_longest[_begins(patient[run_starts][is_longest])]
    keys = known["row_key"].take(order[run_starts[firsts]])
    found = pd.DataFrame({"row_key": keys.to_numpy(), "longest_run": longest, "n_known": n_known})
    return found[found["n_known"] >= FEWEST_REPORTS].reset_index(drop=True)


def _begins(values: NDArray) -> NDArray[np.bool_]:
    """Whether each value differs from the one before; the first does."""
    return np.r_[True, values[1:] != values[:-1]] if len(values) else np.zeros(0, dtype=bool)


def nurses(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return how often each nurse wrote 0, or 50, whichever is more.

    Returns
    -------
    DataFrame
        row_key (the nurse's first session), constant_share (of known reports), n_known; one row a
        nurse with at least twenty known reports.
    """
    known = sessions[sessions["pain_relief_pct"].notna() & sessions["nurse"].notna()]
    known = known.sort_values(["session_date", "row_key"])
    by_nurse = known.groupby("nurse", sort=False)["pain_relief_pct"]
    shares = [
        (known["pain_relief_pct"] == one).groupby(known["nurse"], sort=False).mean()
        for one in CONSTANTS_PCT
    ]
    first = known.drop_duplicates("nurse").set_index("nurse")["row_key"]
    found = pd.DataFrame(
        {
            "row_key": first,
            "constant_share": pd.concat(shares, axis=1).max(axis=1).astype("float64"),
            "n_known": by_nurse.size(),
        }
    )
    return found[found["n_known"] >= FEWEST_BY_NURSE].reset_index(drop=True)


def typing_days(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return, for each day on which rows were typed in bulk, the share dated that very day.

    In bulk: at least ten rows and three times the median of typing days, or two sessions of one
    patient dated that day, which no clinic gives.

    Returns
    -------
    DataFrame
        row_key (first row dated the day of typing, or where there is none, the first typed),
        default_date_share, n_typed.
    """
    typed = sessions[sessions["recorded_at"].notna()].sort_values(["session_date", "row_key"])
    day = typed["recorded_at"].dt.normalize()
    is_default = (typed["session_date"] == day).rename("default_date_share")
    by_day = is_default.groupby(day, sort=True)
    to_name = typed["row_key"][is_default.sort_values(ascending=False, kind="stable").index]
    days = pd.DataFrame(
        {
            "row_key": to_name.groupby(day, sort=True).first(),
            "default_date_share": by_day.mean().astype("float64"),
            "n_typed": by_day.size(),
        }
    )
    usual = days["n_typed"].median() if len(days) else 0
    twice = typed[is_default & typed.duplicated(["patient_id", "session_date"], keep=False)]
    is_bulk = (days["n_typed"] >= max(FEWEST_IN_BULK, BULK_FACTOR * usual)) | days.index.isin(
        twice["session_date"].unique()
    )
    return days[is_bulk].reset_index(drop=True)
