"""Checks of the relief model's tables: intervals in order, scales, no number without its reason.

Belongs here: what the columns of these tables mean, once, and what is asserted of them. Does not:
the model (docs/models.md), its convergence (`bayes/diagnostics.py`). A failure is told and never
holds back the marts.
"""

from collections.abc import Callable, Mapping

import pandas as pd

from expectations.checks import Check, between, has_columns, holds_in_rows, is_unique, one_where

LOW, MIDDLE, HIGH = "5 % quantile of it", "median of it", "95 % quantile of it"
_FIT = {
    "run_id": ("varchar", "run whose fit the row is of: the last that converged"),
    "fitted_at": ("timestamp", "when it was fitted, UTC"),
}
# table -> column -> (SQL type, meaning)
MODEL_COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
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
"""Column that names a row in results: never a patient."""


def columns_of_model(name: str) -> Mapping[str, tuple[str, str]]:
    """Return name -> (SQL type, meaning) of the columns of a table, those of the fit included."""
    return MODEL_COLUMNS[name] | _FIT


def checks_of_model(name: str) -> list[Check]:
    """Return the checks of a table of the relief model.

    Raises
    ------
    KeyError
        If there is none of the name.
    """
    return [has_columns(list(columns_of_model(name))), *_SUITES[name]()]


def _known(holds: pd.Series) -> pd.Series:
    """Return where something is known to hold: a comparison with what is missing is not."""
    return holds.fillna(False).astype(bool)


def _in_order(*columns: str) -> Check:
    """Quantiles rise, and either all or none are there."""

    def derive(frame: pd.DataFrame) -> pd.Series:
        known = frame[list(columns)].notna()
        rises = pd.Series(True, index=frame.index)
        for low, high in zip(columns, columns[1:], strict=False):
            rises &= ~_known(frame[low] > frame[high])
        return one_where(rises & (known.all(axis=1) | ~known.any(axis=1)))

    return holds_in_rows("model_interval_in_order", columns, derive)


def has_session_or_reason(frame: pd.DataFrame) -> pd.Series:
    """NULL where a session is told with a reason not to, or neither stands."""
    return one_where(frame["saturation_session"].notna() != frame["saturation_reason"].notna())


def _falls(*columns: str) -> Check:
    """Probabilities of reaching more are no larger."""

    def derive(frame: pd.DataFrame) -> pd.Series:
        falls = pd.Series(True, index=frame.index)
        for easy, hard in zip(columns, columns[1:], strict=False):
            falls &= ~_known(frame[easy] < frame[hard] - 1e-12)
        return one_where(falls)

    return holds_in_rows("model_probabilities_in_order", columns, derive)


def _curve() -> list[Check]:
    relief = ("q05_relief_pct", "q50_relief_pct", "q95_relief_pct")
    return [
        is_unique("model_row_once", ["patient_id", "session_no"], required=False),
        _in_order(*relief),
        between("model_scale", "session_no", 1, 15),
        *(between("model_scale", name, 0, 100) for name in ("mean_relief_pct", *relief)),
    ]


def _plateau() -> list[Check]:
    chances = ("p_plateau_ge_10", "p_plateau_ge_30", "p_plateau_ge_50")
    return [
        is_unique("model_row_once", ["patient_id"], required=False),
        _in_order("plateau_q05_pct", "plateau_q95_pct"),
        _in_order("saturation_q05", "saturation_session", "saturation_q95"),
        holds_in_rows(
            "model_session_or_reason", ("saturation_session", "saturation_reason"),
            has_session_or_reason,
        ),
        _falls(*chances),
        *(between("model_scale", name, 0, 1) for name in chances),
        between("model_scale", "plateau_mean_pct", 0, 100),
        between("model_scale", "saturation_session", 1, 30),
        between("model_scale", "saturation_weeks", 0, None),
        between("model_scale", "n_observed", 1, None),
    ]  # fmt: skip


def _population() -> list[Check]:
    return [
        is_unique("model_row_once", ["term"], required=False),
        _in_order("q05", "q50", "q95"),
        between("model_scale", "sd", 0, None),
        between("model_scale", "ess_bulk", 0, None),
    ]


def _decomposition() -> list[Check]:
    counts = ("n_responders", "n_observed_4", "n_observed_15")
    return [
        is_unique("model_row_once", ["status_definition", "delta_pct", "term"], required=False),
        _in_order("q05_pct", "q50_pct", "q95_pct"),
        between("model_scale", "p_above_0", 0, 1),
        between("model_scale", "delta_pct", 0, 100),
        *(between("model_scale", name, 0, None) for name in counts),
    ]


_SUITES: dict[str, Callable[[], list[Check]]] = {
    "patient_curve": _curve,
    "patient_plateau": _plateau,
    "population_estimate": _population,
    "decomposition": _decomposition,
}
