"""Checks of the relief model's curves: intervals in order, scales, no number without its reason.

Belongs here: what the columns of these tables mean, once, and what is asserted of them. Does not:
what stands beside the model (`model_check_suites`), the model itself (docs/models.md).
"""

import pandas as pd

from expectations.checks import Check, holds_in_rows, one_where
from expectations.model_shapes import (
    HIGH,
    LOW,
    MIDDLE,
    QUANTILES,
    Columns,
    Suite,
    falls,
    in_order,
    once,
    part_of,
    scale,
)

COLUMNS: dict[str, Columns] = {
    "patient_curve": {
        "patient_id": ("varchar", "pseudonym; with session_no the row's key"),
        "session_no": ("bigint", "session, 1 to 15, had or not"),
        "mean_relief_pct": ("double", "expected reported relief had treatment gone on, percent"),
        "q05_relief_pct": ("double", LOW),
        "q50_relief_pct": ("double", MIDDLE),
        "q95_relief_pct": ("double", HIGH),
    },
    "patient_plateau": {
        "patient_id": ("varchar", "pseudonym, the row's key"),
        "n_observed": ("bigint", "reports in sessions 1 to 30"),
        "plateau_mean_pct": ("double", "largest expected report of sessions 1 to 30, percent"),
        "plateau_q05_pct": ("double", LOW),
        "plateau_q95_pct": ("double", HIGH),
        "saturation_session": (
            "bigint", "session at which 90 % of the plateau is reached; NULL where the reason "
            "says why it is not told",
        ),
        "saturation_q05": ("bigint", LOW),
        "saturation_q95": ("bigint", HIGH),
        "saturation_95_session": ("bigint", "the same for 95 % of the plateau"),
        "saturation_weeks": ("double", "weeks since the first session at that session"),
        "saturation_reason": ("varchar", "why no session is told; NULL where one is"),
        "p_plateau_ge_10": ("double", "probability of a plateau of 10 % or more"),
        "p_plateau_ge_30": ("double", "probability of a plateau of 30 % or more"),
        "p_plateau_ge_50": ("double", "probability of a plateau of 50 % or more"),
    },
    "population_estimate": {
        "term": ("varchar", "parameter or quantity, the row's key"),
        "mean": ("double", "posterior mean"),
        "sd": ("double", "posterior standard deviation"),
        "q05": ("double", LOW),
        "q50": ("double", MIDDLE),
        "q95": ("double", HIGH),
        "r_hat": ("double", "split R-hat of chains; NULL: importance weights, no chains"),
        "ess_bulk": ("double", "effective draws of the bulk"),
        "ess_tail": ("double", "effective draws of the tails"),
    },
    "decomposition": {
        "status_definition": ("varchar", "who a responder is: recorded, or the fourth report"),
        "delta_pct": ("bigint", "points that the unseen lies lower after a stop; set, not learnt"),
        "term": ("varchar", "mean or part of the rise; the row's key with the two before"),
        "mean_pct": ("double", "posterior mean, points; NULL: a session without any report"),
        "q05_pct": ("double", LOW),
        "q50_pct": ("double", MIDDLE),
        "q95_pct": ("double", HIGH),
        "p_above_0": ("double", "probability that a part is above 0; NULL for means"),
        "n_responders": ("bigint", "responders of the definition"),
        "n_observed_4": ("bigint", "of them those who report at session 4"),
        "n_observed_15": ("bigint", "of them those who report at session 15"),
    },
}  # fmt: skip
KEYS = {
    "patient_curve": "session_no",
    "patient_plateau": "n_observed",
    "population_estimate": "term",
    "decomposition": "term",
}


def has_session_or_reason(frame: pd.DataFrame) -> pd.Series:
    """NULL where a session is told with a reason not to, or neither stands."""
    return one_where(frame["saturation_session"].notna() != frame["saturation_reason"].notna())


def _curve() -> list[Check]:
    relief = ("q05_relief_pct", "q50_relief_pct", "q95_relief_pct")
    return [
        once("patient_id", "session_no"),
        in_order(*relief),
        *scale(1, 15, "session_no"),
        *scale(0, 100, "mean_relief_pct", *relief),
    ]


def _plateau() -> list[Check]:
    chances = ("p_plateau_ge_10", "p_plateau_ge_30", "p_plateau_ge_50")
    plateau = ("plateau_mean_pct", "plateau_q05_pct", "plateau_q95_pct")
    saturation = ("saturation_q05", "saturation_session", "saturation_q95")
    return [
        once("patient_id"),
        in_order("plateau_q05_pct", "plateau_q95_pct"),
        in_order(*saturation),
        in_order("saturation_session", "saturation_95_session"),
        holds_in_rows(
            "model_session_or_reason", ("saturation_session", "saturation_reason"),
            has_session_or_reason,
        ),
        falls(*chances),
        *scale(0, 1, *chances),
        *scale(0, 100, *plateau),
        *scale(1, 30, *saturation, "saturation_95_session"),
        *scale(0, None, "saturation_weeks"),
        *scale(1, None, "n_observed"),
    ]  # fmt: skip


def _population() -> list[Check]:
    return [
        once("term"),
        in_order(*QUANTILES),
        *scale(0, None, "sd", "ess_bulk"),
    ]


def _decomposition() -> list[Check]:
    return [
        once("status_definition", "delta_pct", "term"),
        in_order("q05_pct", "q50_pct", "q95_pct"),
        part_of("n_observed_4", "n_responders"),
        part_of("n_observed_15", "n_responders"),
        *scale(0, 1, "p_above_0"),
        *scale(0, 100, "delta_pct"),
        *scale(0, None, "n_responders", "n_observed_4", "n_observed_15"),
    ]


SUITES: dict[str, Suite] = {
    "patient_curve": _curve,
    "patient_plateau": _plateau,
    "population_estimate": _population,
    "decomposition": _decomposition,
}
