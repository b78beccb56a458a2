"""Checks of what stands beside the relief model: predictive checks, comparators, sensitivities.

Belongs here: what the columns of these tables mean, once, and what is asserted of them. Does not:
how they are made (`bayes/checks`), the curves (`curve_suites`).
"""

import pandas as pd

from expectations.checks import Check, holds_in_rows, in_codes, is_unique, one_where
from expectations.keys import fingerprint
from expectations.model_shapes import (
    HIGH,
    LOW,
    MIDDLE,
    QUANTILES,
    Columns,
    Suite,
    in_order,
    known,
    number_where,
    once,
    part_of,
    scale,
)

_STATUS = (
    "varchar", "converged or not_converged: without convergence its numbers are withheld",
)  # fmt: skip
COLUMNS: dict[str, Columns] = {
    "posterior_check": {
        "model": ("varchar", "whose replicates: relief, or gaussian_curve for comparison"),
        "status": ("varchar", "patients: all, responders, non_responders; status of rule R4"),
        "session_no": ("bigint", "session"),
        "statistic": (
            "varchar", "zeros_pct, tens_pct (of reports between 0 and 100), mean_pct, sd_pct, "
            "outside_pct; missing_pct (of the reports due); with the three before the row's key",
        ),
        "observed": ("double", "the figure of the reports, percent"),
        "q05": ("double", "5 % quantile of the figure in replicates of the same patients"),
        "q50": ("double", "median of the same"),
        "q95": ("double", "95 % quantile of the same"),
        "p_above": ("double", "share of replicates above the observed, ties half"),
        "n_patients": ("bigint", "patients who report at the session, or whose report was due"),
    },
    "comparator": {
        "model": ("varchar", "relief, gaussian_curve, or linear_mixed: the study's own"),
        "term": (
            "varchar", "mean_<session>, plateau, saturation_session of the mean curve, "
            "zeros_1_pct, outside_1_pct; with model the row's key",
        ),
        "mean": ("double", "what the model says, had all gone on; NULL: it has no such quantity"),
        "q05": ("double", LOW + "; NULL for a model of one best line"),
        "q50": ("double", MIDDLE + "; NULL likewise"),
        "q95": ("double", HIGH + "; NULL likewise"),
        "observed": ("double", "the same of those who report; NULL: nothing observed answers it"),
        "n_observed": ("bigint", "who they are that report; 0 where nothing is observed"),
    },
    "model_comparison": {
        "task": ("varchar", "what was left out: patient_left_out, future_left_out"),
        "variant": ("varchar", "shipped or what was changed; with task the row's key"),
        "elpd": ("double", "log predictive probability of what was left out, over patients"),
        "elpd_se": ("double", "its standard error; NULL with one patient"),
        "difference": ("double", "from the shipped model, above 0 is better"),
        "difference_se": ("double", "its standard error; NULL with one patient"),
        "n_scored": ("bigint", "patients scored"),
        "n_reports": ("bigint", "reports of theirs that are predicted"),
        "pareto_k_max": ("double", "largest Pareto k of their importance weights"),
        "n_unreliable": ("bigint", "of them those whose k is 0.7 or more"),
        "status": _STATUS,
    },
    "sensitivity": {
        "analysis": ("varchar", "shipped, or what was changed: a family of curves, years, a clock"),
        "term": ("varchar", "S90 of a mean curve or part of the rise; NULL where not made"),
        "mean": ("double", "posterior mean; NULL: not converged, or no draw knows it"),
        "q05": ("double", LOW),
        "q50": ("double", MIDDLE),
        "q95": ("double", HIGH),
        "n_patients": ("bigint", "patients of the analysis; NULL where not made"),
        "n_reports": ("bigint", "their reports"),
        "status": ("varchar", "converged, not_converged, or not_made for want of a column"),
        "reason": ("varchar", "why not, empty where converged"),
        "families_differ": (
            "boolean", "families of curves differ by more than 2 sessions in this S90; NULL "
            "where it is no S90 or fewer than two families have one",
        ),
    },
    "power_scaling": {
        "term": ("varchar", "S90 of a mean curve or part of the rise, the row's key"),
        "prior_sensitivity": ("double", "how far the prior moves the answer; above 0.05 it does"),
        "likelihood_sensitivity": ("double", "the same with the reports"),
        "diagnosis": ("varchar", "what both mean together, in words"),
    },
    "prior_posterior": {
        "quantity": ("varchar", "S90 of mean_curve (100 patients alike) or of new_patient (one)"),
        "session_no": ("bigint", "session 1 to 30; with quantity the row's key"),
        "prior_pct": ("double", "share of prior draws that saturate there, percent"),
        "posterior_pct": ("double", "the same after the reports; 0 throughout: none saturates"),
    },
}  # fmt: skip
KEYS = {
    "posterior_check": "statistic",
    "comparator": "term",
    "model_comparison": "variant",
    "sensitivity": "analysis",
    "power_scaling": "term",
    "prior_posterior": "session_no",
}
_SURPRISING = 0.1


def _agrees_with_its_tail(frame: pd.DataFrame) -> pd.Series:
    """NULL where a figure outside of its interval is said to be an ordinary one.

    A figure below the 5 % quantile lies below some 95 % of replicates; ends of intervals are
    interpolated, so twice the tail is asked.
    """
    below = known(frame["observed"] < frame["q05"]) & known(frame["p_above"] < 1 - _SURPRISING)
    above = known(frame["observed"] > frame["q95"]) & known(frame["p_above"] > _SURPRISING)
    return one_where(~below & ~above)


def _observed_is_counted(frame: pd.DataFrame) -> pd.Series:
    """NULL where something observed has no patients, or patients report nothing."""
    return one_where(frame["observed"].notna() == (frame["n_observed"] > 0))


def _made_or_why_not(frame: pd.DataFrame) -> pd.Series:
    """NULL where an analysis not made has a term or lacks its reason, or one made has none."""
    not_made, has_term = frame["status"] == "not_made", frame["term"].notna()
    has_reason = known(frame["reason"].str.len() > 0)
    return one_where((not_made & ~has_term & has_reason) | (~not_made & has_term))


def _shares_add_up(frame: pd.DataFrame) -> pd.Series:
    """NULL where the shares of a quantity are not 100 % together; all 0 is no draw that counts."""
    good = pd.Series(True, index=frame.index)
    for name in ("prior_pct", "posterior_pct"):
        total = frame.groupby("quantity")[name].transform("sum")
        good &= known((total - 100).abs() < 1e-6) | known(total == 0)
    return one_where(good)


def _key_with_the_unmade(frame: pd.DataFrame) -> pd.Series:
    """Fingerprint of analysis and term, that of an analysis not made among them."""
    return fingerprint(frame.assign(term=frame["term"].fillna("")), ["analysis", "term"])


def _posterior_check() -> list[Check]:
    key = ["model", "status", "session_no", "statistic"]
    tail = ("observed", "q05", "q95", "p_above")
    figures = ["zeros_pct", "tens_pct", "mean_pct", "sd_pct", "outside_pct", "missing_pct"]
    return [
        once(*key),
        in_order(*QUANTILES),
        holds_in_rows("model_tail_agrees", tail, _agrees_with_its_tail),
        in_codes("model_codes", "model", ["relief", "gaussian_curve"]),
        in_codes("model_codes", "status", ["all", "responders", "non_responders"]),
        in_codes("model_codes", "statistic", figures),
        *scale(0, 100, "observed"),
        *scale(0, 1, "p_above"),
        *scale(1, None, "session_no", "n_patients"),
    ]


def _comparator() -> list[Check]:
    counted = ("observed", "n_observed")
    return [
        once("model", "term"),
        in_order(*QUANTILES),
        holds_in_rows("model_observed_counted", counted, _observed_is_counted),
        in_codes("model_codes", "model", ["relief", "gaussian_curve", "linear_mixed"]),
        *scale(0, 100, "observed"),
        *scale(0, None, "n_observed"),
    ]


def _model_comparison() -> list[Check]:
    return [
        once("task", "variant"),
        number_where("status", "elpd", "converged", always=True),
        number_where("status", "difference", "converged", always=False),
        part_of("n_unreliable", "n_scored", "n_reports"),
        in_codes("model_codes", "task", ["patient_left_out", "future_left_out"]),
        in_codes("model_codes", "status", ["converged", "not_converged"]),
        *scale(None, 0, "elpd"),
        *scale(0, None, "elpd_se", "difference_se", "n_unreliable"),
        *scale(1, None, "n_scored"),
    ]


def _sensitivity() -> list[Check]:
    made = ("status", "term", "reason")
    key = ["analysis", "term"]
    return [
        is_unique("model_row_once", key, required=False, derive=_key_with_the_unmade),
        in_order("q05", "q50", "q95"),
        number_where("status", "mean", "converged", always=False),
        holds_in_rows("model_number_or_status", made, _made_or_why_not),
        part_of("n_patients", "n_reports"),
        in_codes("model_codes", "status", ["converged", "not_converged", "not_made"]),
        *scale(1, None, "n_patients"),
    ]


def _power_scaling() -> list[Check]:
    return [
        once("term"),
        *scale(0, None, "prior_sensitivity", "likelihood_sensitivity"),
    ]


def _prior_posterior() -> list[Check]:
    shares = ("quantity", "prior_pct", "posterior_pct")
    return [
        once("quantity", "session_no"),
        holds_in_rows("model_shares_add_up", shares, _shares_add_up),
        in_codes("model_codes", "quantity", ["mean_curve", "new_patient"]),
        *scale(1, 30, "session_no"),
        *scale(0, 100, "prior_pct", "posterior_pct"),
    ]


SUITES: dict[str, Suite] = {
    "posterior_check": _posterior_check,
    "comparator": _comparator,
    "model_comparison": _model_comparison,
    "sensitivity": _sensitivity,
    "power_scaling": _power_scaling,
    "prior_posterior": _prior_posterior,
}
