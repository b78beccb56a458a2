"""Checks of the marts, by mart.

Belongs here: that a mart holds something, its key, its scales and code lists, and warnings that
only a distribution shows. Does not: rules on joined or derived data, which are dbt tests.
"""

from expectations.checks import (
    Check,
    between,
    has_columns,
    in_codes,
    is_key,
    is_pseudonym,
    not_empty,
    unique_together,
)
from expectations.rules import rule

FLOW_STATES = (
    "excluded_unassessable",
    "protocol_violation",
    "test_period_censored",
    "analysed",
)
FLOW_STEPS = ("treated", *FLOW_STATES, "responder", "non_responder", "status_unknown")
RESPONDER_STATUSES = ("responder", "non_responder", "unknown")
RELIEF_CATEGORIES = ("failure", "poor", "good", "excellent")
RELIEF_MEAN_LOWEST_PCT = 5
USUAL_INTERVAL_DAYS = (5, 400)

KEY_OF = {
    "patients": "row_key",
    "sessions": "row_key",
    "status": "patient_id",
    "flow": "step_no",
    "test_period_long": "row_key",
}


def _patients() -> list[Check]:
    return [
        has_columns(["row_key", "patient_id", "n_sessions", "flow_state"]),
        not_empty(),
        *is_key("row_key", required=True),
        *is_key("patient_id", required=True),
        is_pseudonym(required=True),
        in_codes("mart_codes", "flow_state", FLOW_STATES),
        between("mart_range", "n_sessions", 1, None),
    ]


def _sessions() -> list[Check]:
    missing, mean = rule("pain_relief_missing_share"), rule("relief_mean_band")
    assert missing.threshold is not None
    return [
        has_columns(["row_key", "patient_id", "session_no", "session_date", "pain_relief_pct"]),
        not_empty(),
        *is_key("row_key", required=True),
        unique_together("row_key_unique", ["patient_id", "session_no"], required=True),
        is_pseudonym(required=True),
        between("mart_range", "session_no", 1, None),
        between("mart_range", "pain_relief_pct", 0, 100),
        between("value_implausible", "days_since_previous", *USUAL_INTERVAL_DAYS),
        Check(
            missing.id,
            "ExpectColumnValuesToNotBeNull",
            "pain_relief_pct",
            {"mostly": 1 - missing.threshold},
        ),
        Check(
            mean.id,
            "ExpectColumnMeanToBeBetween",
            "pain_relief_pct",
            {"min_value": RELIEF_MEAN_LOWEST_PCT, "max_value": mean.threshold},
        ),
    ]


def _status() -> list[Check]:
    return [
        has_columns(["patient_id", "status_relief_pct", "responder_status", "relief_category"]),
        not_empty(),
        *is_key("patient_id", required=True),
        is_pseudonym(required=True),
        in_codes("mart_codes", "responder_status", RESPONDER_STATUSES),
        in_codes("mart_codes", "relief_category", RELIEF_CATEGORIES),
        between("mart_range", "status_relief_pct", 0, 100),
    ]


def _flow() -> list[Check]:
    return [
        has_columns(["step_no", "step", "n_patients", "n_sessions"]),
        not_empty(),
        *is_key("step_no", required=True),
        in_codes("mart_codes", "step", FLOW_STEPS),
        between("mart_range", "n_patients", 0, None),
    ]


def _test_period_long() -> list[Check]:
    return [
        has_columns(["row_key", "patient_id", "session_no", "pain_relief_pct", "responder_status"]),
        not_empty(),
        *is_key("row_key", required=True),
        unique_together("row_key_unique", ["patient_id", "session_no"], required=True),
        is_pseudonym(required=True),
        between("mart_range", "session_no", 0, 4),
        between("mart_range", "pain_relief_pct", 0, 100),
        in_codes("mart_codes", "responder_status", RESPONDER_STATUSES),
    ]


CHECKS_OF = {
    "patients": _patients,
    "sessions": _sessions,
    "status": _status,
    "flow": _flow,
    "test_period_long": _test_period_long,
}
