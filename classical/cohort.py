"""Who was treated, who responded, who changed: counts and shares of the cohort's flow.

Here: the rows of `estimate_cohort` (sections 3.1 to 3.3 and Figure 1 of the study). Not here: the
rules that put a patient in a state (marts `patients`, `status`, `transitions`).
"""

import pandas as pd

from classical.describe import (
    Row,
    count_and_share,
    counts_and_shares,
    estimate_frame,
    flag,
    known_values,
    mean_and_sd,
    row,
)

FLAGS = ("is_ge10", "is_ge30", "is_gt30", "is_ge50")
# The lack-of-efficacy stops of responders are either early or late.
EPHEMERAL, LATE = "is_ephemeral", "is_late_loss"


def cohort_table(
    patients: pd.DataFrame, status: pd.DataFrame, transitions: pd.DataFrame
) -> pd.DataFrame:
    """Count the flow, the status and its categories, and the transitions.

    Parameters
    ----------
    patients, status, transitions
        The marts of these names: one row a patient of the source, and twice one an analysed one.

    Returns
    -------
    pandas.DataFrame
        Tidy estimates. analysis 'flow' (populations source, analysed), 'status' (analysed, and
        responders for their relief), 'transitions' (responders, non_responders, late_responders).
        Status unknown leaves the denominators and is in n_missing (R4).
    """
    return estimate_frame([*_flow(patients), *_status(status), *_transitions(transitions)])


def _flow(patients: pd.DataFrame) -> list[Row]:
    n = len(patients)
    analysed = patients[patients["flow_state"] == "analysed"]
    rows = [row("flow", "source", "patients", estimate=n, method="count", n=n, n_missing=0)]
    rows += [_total(patients["n_sessions"])]
    for state in ("excluded_unassessable", "protocol_violation", "test_period_censored"):
        held = int((patients["flow_state"] == state).sum())
        rows += count_and_share("flow", "source", state, held, n=n)
    rows += count_and_share("flow", "source", "analysed", len(analysed), n=n)
    violations = patients[patients["flow_state"] == "protocol_violation"]
    tolerance = int((violations["stop_reason"] == "tolerance").sum())
    missing = int(violations["stop_reason"].isna().sum())
    known = len(violations) - missing
    rows += count_and_share(
        "flow", "protocol_violation", "stopped_for_tolerance", tolerance, n=known, n_missing=missing
    )
    rows += flag("flow", "source", "is_operated", patients["is_operated"])
    rows += flag("flow", "analysed", "is_ongoing", analysed["is_ongoing"])
    ongoing = analysed[analysed["is_ongoing"].fillna(False).astype(bool)]
    few = int((ongoing["n_sessions"] < 15).sum())
    rows += count_and_share("flow", "ongoing", "fewer_than_15_sessions", few, n=len(ongoing))
    rows += flag("flow", "ongoing", "is_operated", ongoing["is_operated"])
    return [*rows, _years(patients)]


def _total(sessions: pd.Series) -> Row:
    known = known_values(sessions)
    error = known.std(ddof=1) * len(known) ** 0.5 if len(known) > 1 else float("nan")
    return row(
        "flow", "source", "sessions", estimate=known.sum(), se=error,
        method="total; error of a sum over patients", n=len(known),
        n_missing=len(sessions) - len(known),
    )  # fmt: skip


def _years(patients: pd.DataFrame) -> Row:
    """Years from the first patient's first session to the last session of all."""
    first, last = patients["first_session_date"], patients["last_session_date"]
    named = {"method": "first to last session, years of 365.25 days", "n": int(first.count())}
    named["n_missing"] = len(patients) - int(first.count())
    if not first.count():
        cause = "not_estimable: no dates"
        return row("flow", "source", "study_years", status=cause, **named)
    days = (pd.to_datetime(last).max() - pd.to_datetime(first).min()).days
    return row("flow", "source", "study_years", estimate=days / 365.25, **named)


def _status(status: pd.DataFrame) -> list[Row]:
    decided = status["responder_status"].isin(["responder", "non_responder"])
    unknown = int((~decided).sum())
    rows: list[Row] = []
    for name in ("responder", "non_responder"):
        held = int((status["responder_status"] == name).sum())
        rows += count_and_share(
            "status", "analysed", name, held, n=int(decided.sum()), n_missing=unknown
        )
    for name in ("relief_category", "relief_band"):
        rows += counts_and_shares("status", "analysed", name, status[name])
    for name in FLAGS:
        rows += flag("status", "analysed", name, status[name])
    members = status[status["responder_status"] == "responder"]
    return rows + mean_and_sd(
        "status", "responders", "status_relief_pct", members["status_relief_pct"]
    )


def _transitions(transitions: pd.DataFrame) -> list[Row]:
    responders = transitions[transitions["responder_status"] == "responder"]
    others = transitions[transitions["responder_status"] == "non_responder"]
    lost = responders[responders[EPHEMERAL] | responders[LATE]]
    early = responders[responders[EPHEMERAL].astype(bool)]
    late = others[others["is_late_responder"].astype(bool)]
    extra = int((others["n_extra_sessions"] > 0).sum())
    where = "transitions"
    return [
        *count_and_share(where, "responders", "stopped_for_inefficacy", len(lost),
                         n=len(responders)),
        *count_and_share(where, "stopped_for_inefficacy", "ephemeral", len(early), n=len(lost)),
        *mean_and_sd(where, "ephemeral", "session_at_stop", early["session_at_stop"]),
        *count_and_share(where, "non_responders", "late_responder", len(late), n=len(others)),
        *count_and_share(where, "non_responders", "with_extra_session", extra, n=len(others)),
        *mean_and_sd(where, "late_responders", "conversion_session_no",
                     late["conversion_session_no"]),
    ]  # fmt: skip
