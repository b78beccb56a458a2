"""Checks of the surgery model's tables: intervals, correlations, what is told or why it is not.

Belongs here: what the columns of these tables mean, once, and what is asserted of them. Does not:
how they are made (`bayes/surgery`), what was observed of the operated (mart `emcs`).
"""

import pandas as pd

from expectations.checks import Check, holds_in_rows, in_codes, one_where
from expectations.model_shapes import (
    HIGH,
    LOW,
    MIDDLE,
    QUANTILES,
    Columns,
    Suite,
    falls,
    in_order,
    known,
    number_where,
    once,
    part_of,
    scale,
)

_RELIEF = ("q05_relief_pct", "q50_relief_pct", "q95_relief_pct")
_CHANCES = ("p_reported_ge_10", "p_reported_ge_30", "p_reported_ge_50")
COLUMNS: dict[str, Columns] = {
    "surgery_estimate": {
        "population": ("varchar", "operated, or candidates: all patients with a curve"),
        "term": (
            "varchar", "correlation of relief under rTMS and after surgery, its variants, and "
            "parameters of the line",
        ),
        "surgeon_knew": (
            "double", "correlation of the choice with what rTMS does not tell; set, not learnt; "
            "with the two before the row's key",
        ),
        "mean": ("double", "posterior mean; NULL: not estimated"),
        "q05": ("double", LOW),
        "q50": ("double", MIDDLE),
        "q95": ("double", HIGH),
        "n_operated": ("bigint", "operated patients; NULL: nothing could be asked yet"),
        "n_evaluated": ("bigint", "of them those with a first evaluation that enters the model"),
        "n_candidates": ("bigint", "patients with a curve"),
        "effective_size": ("double", "equal draws that the importance weights are worth"),
        "status": ("varchar", "estimated or not_estimated"),
        "reason": ("varchar", "why not; or which operated patients are not used"),
    },
    "patient_surgery_outlook": {
        "patient_id": ("varchar", "pseudonym, the row's key; operated or not"),
        "is_operated": ("boolean", "operated, evaluated or not"),
        "is_evaluated": ("boolean", "with a first evaluation that enters the model"),
        "rtms_relief_pct": ("double", "expected report at the last rTMS session, percent"),
        "last_report_pct": ("double", "last report under rTMS; NULL: none was given"),
        "mean_relief_pct": (
            "double", "mean first evaluation that operated patients with such an rTMS result "
            "reported, percent; the patient's own is never used",
        ),
        "q05_relief_pct": ("double", LOW + ", predictive"),
        "q50_relief_pct": ("double", MIDDLE + ", predictive"),
        "q95_relief_pct": ("double", HIGH + ", predictive"),
        "p_reported_ge_10": ("double", "probability of a first evaluation of 10 % or more"),
        "p_reported_ge_30": ("double", "probability of a first evaluation of 30 % or more"),
        "p_reported_ge_50": ("double", "probability of a first evaluation of 50 % or more"),
        "mean_surgeon_knew_pct": ("double", "the mean had the choice known what rTMS hides"),
        "n_similar": ("bigint", "evaluated patients, others than this one, in the same band"),
        "is_extrapolated": ("boolean", "they are fewer than 5, or no report says which band"),
        "extrapolated_reason": ("varchar", "why; NULL where it is not"),
    },
    "surgery_agreement": {
        "figure": ("varchar", "figure of the evaluated, the row's key; `.n` counts patients"),
        "observed": ("double", "as observed; NULL: not defined for them"),
        "mean": ("double", "mean in replicate evaluations of the same patients"),
        "q05": ("double", "5 % quantile of the same"),
        "q50": ("double", "median of the same"),
        "q95": ("double", "95 % quantile of the same"),
        "n": ("bigint", "evaluated patients"),
    },
}  # fmt: skip
KEYS = {
    "surgery_estimate": "term",
    "patient_surgery_outlook": "n_similar",
    "surgery_agreement": "figure",
}


def _correlation_on_scale(frame: pd.DataFrame) -> pd.Series:
    """NULL where a correlation is beyond -1 or 1."""
    is_one = frame["term"].str.contains("correlation")
    beyond = (frame[list(QUANTILES)].abs() > 1 + 1e-9).any(axis=1)
    return one_where(~(is_one & beyond))


def _told_or_why_not(frame: pd.DataFrame) -> pd.Series:
    """NULL where nothing is estimated and no reason says why."""
    return one_where((frame["status"] == "estimated") | known(frame["reason"].str.len() > 0))


def _extrapolated_with_reason(frame: pd.DataFrame) -> pd.Series:
    """NULL where a basis is thin without its reason, or a reason stands without need."""
    return one_where(frame["is_extrapolated"] == frame["extrapolated_reason"].notna())


def _evaluated_were_operated(frame: pd.DataFrame) -> pd.Series:
    """NULL where a patient was evaluated who was not operated."""
    return one_where(frame["is_operated"] | ~frame["is_evaluated"])


def _figure_on_scale(frame: pd.DataFrame) -> pd.Series:
    """NULL where a number of patients exceeds them, a rank correlation 1 or a mean 100 %."""
    top = pd.Series(100.0, index=frame.index).where(frame["figure"] != "rho", 1.0)
    top = top.where(~frame["figure"].str.endswith(".n"), frame["n"])
    low = -(frame["figure"] == "rho").astype(float)
    bad = pd.Series(False, index=frame.index)
    for name in ("observed", "q05", "q95"):
        bad |= known(frame[name] > top + 1e-9) | known(frame[name] < low - 1e-9)
    return one_where(~bad)


def _estimate() -> list[Check]:
    term, said = ("term", *QUANTILES), ("status", "reason")
    return [
        once("population", "term", "surgeon_knew"),
        in_order(*QUANTILES),
        number_where("status", "mean", "estimated", always=False),
        holds_in_rows("model_number_or_status", said, _told_or_why_not),
        holds_in_rows("model_figure_on_scale", term, _correlation_on_scale),
        part_of("n_evaluated", "n_operated"),
        part_of("n_evaluated", "n_candidates"),
        in_codes("model_codes", "population", ["operated", "candidates"]),
        in_codes("model_codes", "status", ["estimated", "not_estimated"]),
        *scale(0, 1, "surgeon_knew"),
        *scale(0, None, "effective_size", "n_evaluated"),
    ]


def _outlook() -> list[Check]:
    basis = ("is_extrapolated", "extrapolated_reason")
    who = ("is_operated", "is_evaluated")
    means = ("rtms_relief_pct", "last_report_pct", "mean_relief_pct", "mean_surgeon_knew_pct")
    return [
        once("patient_id"),
        in_order(*_RELIEF),
        falls(*_CHANCES),
        holds_in_rows("model_basis_or_reason", basis, _extrapolated_with_reason),
        holds_in_rows("model_counts_nested", who, _evaluated_were_operated),
        *scale(0, 100, *means, *_RELIEF),
        *scale(0, 1, *_CHANCES),
        *scale(0, None, "n_similar"),
    ]


def _agreement() -> list[Check]:
    figure = ("figure", "observed", "q05", "q95", "n")
    return [
        once("figure"),
        in_order(*QUANTILES),
        holds_in_rows("model_figure_on_scale", figure, _figure_on_scale),
        *scale(1, None, "n"),
    ]


SUITES: dict[str, Suite] = {
    "surgery_estimate": _estimate,
    "patient_surgery_outlook": _outlook,
    "surgery_agreement": _agreement,
}
