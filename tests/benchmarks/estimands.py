"""What the study would conclude: the same figures from the marts, from clean and from raw files.

Here: mean relief at session 4, slope over the test period, share of responders, odds ratio of
central against peripheral lesions; and the naive reading of the files (pandas, the first number of
a cell, nothing set aside). Not here: clinics, defects.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from classical.contingency import odds_ratio
from classical.mixed import fit_random_intercept

FIGURES = ("mean_relief_4", "slope", "responder_share", "odds_ratio", "n_with_session_4")
TEST_SESSIONS = 4
CUT = 10


def figures(course: pd.DataFrame, status: pd.DataFrame) -> dict[str, float]:
    """course: patient_id, session_no, pain_relief_pct; status: responder (bool), lesion_level."""
    known = course[course["pain_relief_pct"].notna() & course["session_no"].between(1, 4)]
    fourth = known.loc[known["session_no"] == TEST_SESSIONS, "pain_relief_pct"]
    session = known["session_no"].to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(known)), session])
    fit = fit_random_intercept(
        known["pain_relief_pct"].to_numpy(dtype=float), design, known["patient_id"].to_numpy()
    )
    decided = status[status["responder"].notna()]
    two = [decided[decided["lesion_level"] == one] for one in ("central", "peripheral")]
    counts = [(int(one["responder"].astype(bool).sum()), len(one)) for one in two]
    ratio = odds_ratio(*counts[0], *counts[1])
    return {
        "mean_relief_4": float(fourth.mean()),
        "slope": float(fit.estimate[1]),
        "responder_share": float(decided["responder"].astype(bool).mean()),
        "odds_ratio": float(ratio.estimate),
        "n_with_session_4": float(fourth.size),
    }


def of_marts(connection) -> dict[str, float]:
    """From `test_period_long` and `status`."""
    course = connection.execute(
        "select patient_id, session_no, pain_relief_pct from test_period_long"
    ).df()
    status = connection.execute(
        "select lesion_level, responder_status = 'responder' as responder from status "
        "where responder_status in ('responder', 'non_responder')"
    ).df()
    return figures(course, status)


def of_files(delivery: Path) -> dict[str, float]:
    """As somebody in a hurry reads the newest full delivery: coerced, nothing set aside."""
    people = _read(next(delivery.glob("patients_*.csv")))
    rows = _read(next(delivery.glob("seances_*.csv")))
    rows = rows.assign(
        on=pd.to_datetime(rows["Date séance"], dayfirst=True, errors="coerce", format="mixed"),
        pain_relief_pct=_first_number(rows["Soulagement (%)"]),
        patient_id=rows["IPP"],
    )
    rows = rows[rows["on"].notna()].sort_values(["patient_id", "on"], kind="stable")
    rows["session_no"] = rows.groupby("patient_id").cumcount() + 1
    last = rows[rows["session_no"] == TEST_SESSIONS].set_index("patient_id")["pain_relief_pct"]
    n_sessions = rows.groupby("patient_id").size()
    people = people.drop_duplicates("IPP").set_index("IPP")
    recorded = _first_number(people["PR période test (%)"])
    decides = recorded.fillna(last.reindex(people.index))
    analysed = people["motif_exclusion"].isna() & (
        n_sessions.reindex(people.index, fill_value=0) >= TEST_SESSIONS
    )
    level = people["niveau_lesion"].map({"central": "central", "périphérique": "peripheral"})
    responder = (decides >= CUT).astype(object).where(decides.notna())
    status = pd.DataFrame({"responder": responder, "lesion_level": level})[analysed]
    return figures(rows[rows["patient_id"].isin(status.index)], status)


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep=";", dtype=str, encoding="utf-8-sig", on_bad_lines="skip")


def _first_number(column: pd.Series) -> pd.Series:
    found = column.str.extract(r"(-?[0-9]+(?:[.,][0-9]+)?)")[0]
    return pd.to_numeric(found.str.replace(",", "."), errors="coerce")
