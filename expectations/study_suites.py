"""Checks of the study tables: counts add up, no replicate twice, figures within their scales.

Belongs here: what is asserted of `study_*`. Does not: what the columns mean (docs/studies.md).
"""

import pandas as pd

from expectations.checks import (
    Check,
    between,
    has_columns,
    is_present,
    is_unique,
    not_empty,
    one_where,
)

COUNTS = ("tp", "fp", "fn", "tn")
NIGHTLY = ("study_cell", "study_performance", "study_choice", "study_shard")
"""Tables of the small study of every night; the others are marts of the warehouse of studies."""
KEYS = {
    "study_cell": "cell_id",
    "study_performance": "cell_id",
    "study_choice": "cell_id",
    "study_shard": "shard",
    "study_test_period_counts": "cell_id",
    "study_trial_counts": "cell_id",
    "study_estimate_counts": "cell_id",
    "study_net_benefit": "cell_id",
    "study_over_worlds": "study",
    "study_best_lengths": "study",
    "study_near_least": "study",
    "study_steps": "study",
    "study_knowing": "study",
    "study_assurance": "study",
    "study_whatif_grid": "scenario_id",
    "study_coverage": "cell_id",
    "study_calibration": "rule",
    "study_variance": "rule",
    "study_left_out": "study",
}
_TRUTH = ["estimand", "horizon_session", "cut_pct"]
_OF_A_RULE = [*("study", *_TRUTH, "rule", "parameters", "threshold_pct", "decision_n_lag_visits")]
_PARTITION = ["study", "design_id", "code_id", "scenario_id"]


def checks_of_study(name: str) -> list[Check]:
    """Return the checks of a study table.

    Raises
    ------
    KeyError
        If there is none of the name.
    """
    return _SUITES[name]()


def adds_up(frame: pd.DataFrame) -> pd.Series:
    """NULL where decisions and truths of a cell are not those of its patients.

    The truth among survivors leaves patients out, every other one judges all who start.
    """
    counted = frame[list(COUNTS)].sum(axis=1)
    exact = counted == frame["n_patients"]
    survivors = (frame["estimand"] == "observable_survivors") & (counted <= frame["n_patients"])
    return one_where(exact | survivors)


def stands_alone(frame: pd.DataFrame) -> pd.Series:
    """NULL where a shard begins before the one before it ends, in the same partition."""
    ordered = frame.sort_values([*_PARTITION, "first_replicate"])
    ends = ordered["first_replicate"] + ordered["n_replicates"]
    before = ends.groupby([ordered[c] for c in _PARTITION]).shift().fillna(0)
    return one_where(ordered["first_replicate"] >= before).reindex(frame.index)


def _cell() -> list[Check]:
    n = "study_counts_add_up"
    reads = (*COUNTS, "n_patients", "estimand")
    whole = " + ".join(COUNTS)
    return [
        has_columns(["cell_id", "scenario_id", "rule", "n_replicates", *reads, "cut_pct"]),
        not_empty(),
        is_unique("study_cell_once", ["cell_id"], required=True),
        Check(n, "ExpectColumnValuesToNotBeNull", whole, reads=reads, derive=adds_up),
        *(between("study_scale", column, 0, None) for column in (*COUNTS, "n_test_sessions")),
        between("study_scale", "n_replicates", 1, None),
    ]


def _performance() -> list[Check]:
    key = ["study", "cell_id", "measure"]
    return [
        has_columns([*key, "estimate", "mcse", "n", "scenario_id"]),
        not_empty(),
        is_unique("study_cell_once", key, required=True),
        between("study_scale", "mcse", 0, None),
        between("study_scale", "n", 0, None),
    ]


def _choice() -> list[Check]:
    return [
        has_columns(["study", "cell_id", "missed_per_100", "sessions_per_100", "is_on_frontier"]),
        is_unique("study_cell_once", ["study", "cell_id"], required=False),
        between("study_scale", "missed_per_100", 0, 100),
        between("study_scale", "sessions_per_100", 0, None),
    ]


def _shard() -> list[Check]:
    reads = (*_PARTITION, "first_replicate", "n_replicates")
    return [
        has_columns([*reads, "shard", "sha256"]),
        not_empty(),
        Check(
            "study_replicate_once",
            "ExpectColumnValuesToNotBeNull",
            "first_replicate",
            reads=reads,
            derive=stands_alone,
        ),
        is_present("mart_present", "sha256", required=True),
    ]


def _counts_of_test_periods() -> list[Check]:
    # A cell of one study may be one of another, too.
    once = is_unique("study_cell_once", ["study", "cell_id"], required=False)
    own = [c for c in _cell() if c.rule_id not in ("study_cell_once", not_empty().rule_id)]
    return [*own, once]


def _shares_of(counts: tuple[str, ...], parts: dict[str, str]) -> list[Check]:
    """Checks of counts, and of those that are a part of another."""
    checks = [
        has_columns(["study", "cell_id", "n_replicates", *counts]),
        is_unique("study_cell_once", ["study", "cell_id"], required=False),
        between("study_scale", "n_replicates", 1, None),
        *(between("study_scale", name, 0, None) for name in counts),
    ]
    for part, whole in parts.items():

        def within(frame: pd.DataFrame, part: str = part, whole: str = whole) -> pd.Series:
            return one_where(frame[part] <= frame[whole])

        checks.append(
            Check(
                "study_counts_add_up",
                "ExpectColumnValuesToNotBeNull",
                f"{part} <= {whole}",
                reads=(part, whole),
                derive=within,
            )  # fmt: skip
        )
    return checks


def _trial_counts() -> list[Check]:
    parts = {
        "n_rejected": "n_tested", "n_tested": "n_replicates", "n_failed": "n_replicates",
        "n_covering": "n_intervals", "n_wrong_sign": "n_signed",
    }  # fmt: skip
    return _shares_of(tuple(parts), parts)


def _estimate_counts() -> list[Check]:
    parts = {"n_estimated": "n_replicates", "n_covering": "n_intervals"}
    return _shares_of((*parts, "n_failed"), parts)


def _net_benefit() -> list[Check]:
    key = ["study", "cell_id", "decision_threshold_pct"]
    return [
        has_columns([*key, "net_benefit", "treat_all", "mcse"]),
        is_unique("study_cell_once", key, required=False),
        between("study_scale", "net_benefit", None, 1),
        between("study_scale", "mcse", 0, None),
    ]


def _with_errors(columns: list[str], figures: tuple[str, ...]) -> list[Check]:
    """Columns there must be, among them figures over worlds with both errors, none below 0."""
    errors = [f"{name}_{kind}" for name in figures for kind in ("mcse", "error")]
    return [
        has_columns([*columns, *figures, *errors]),
        *(between("study_scale", error, 0, None) for error in errors),
    ]


def _over_worlds() -> list[Check]:
    key = [*_OF_A_RULE, "test_sessions", "measure"]
    return [
        *_with_errors([*key, "mean", "mcse", "error", "n_worlds"], ("lo", "hi")),
        is_unique("study_cell_once", key, required=False),
        *(between("study_scale", name, 0, None) for name in ("mcse", "error")),
        between("study_scale", "n_worlds", 1, None),
    ]


def _best_lengths() -> list[Check]:
    key = ["study", "test_sessions", "sessions_per_responder", "largest_regret_mcse"]
    return [
        *_with_errors(key, ("share_best", "mean_regret")),
        between("study_scale", "share_best", 0, 1),
        between("study_scale", "n_worlds", 1, None),
    ]


def _near_least() -> list[Check]:
    key = ["study", "test_sessions", "n_shortest", "n_worlds"]
    return [
        *_with_errors(key, ("share_of_worlds",)),
        between("study_scale", "share_of_worlds", 0, 1),
        between("study_scale", "n_worlds", 1, None),
    ]


def _steps() -> list[Check]:
    key = [*_OF_A_RULE, "before", "after"]
    figures = (
        *("fewer_missed", "fewer_missed_low", "fewer_missed_high", "more_test_sessions"),
        *("sessions_per_found", "share_of_worlds"),
    )
    return [
        *_with_errors([*key, "n_worlds"], figures),
        is_unique("study_cell_once", key, required=False),
        between("study_scale", "share_of_worlds", 0, 1),
        between("study_scale", "n_worlds", 1, None),
    ]


def _knowing() -> list[Check]:
    key = ["study", *_TRUTH, "sessions_per_responder", "question"]
    return [
        *_with_errors(
            [*key, "value_held_out", "value_held_out_error", "n_worlds"],
            ("value", "share_of_everything"),
        ),
        is_unique("study_cell_once", key, required=False),
        between("study_scale", "value_held_out_error", 0, None),
        between("study_scale", "n_worlds", 2, None),
    ]


def _assurance() -> list[Check]:
    return [
        has_columns(["study", "trial", "n_patients", "assurance", "least", "most", "mcse"]),
        *(between("study_scale", name, 0, 1) for name in ("assurance", "least", "most")),
        between("study_scale", "mcse", 0, None),
    ]


def _whatif_grid() -> list[Check]:
    return [
        has_columns(["study", "scenario_id", "assumptions", "missed_per_100"]),
        between("study_scale", "missed_per_100", 0, 100),
        between("study_scale", "sessions_per_100", 0, None),
    ]


def _coverage() -> list[Check]:
    key = ["study", "cell_id", "is_truth_below", "half_widths_from"]
    return [
        has_columns([*key, "half_widths_to", "is_held", "n"]),
        is_unique("study_cell_once", key, required=False),
        between("study_scale", "n", 1, None),
    ]


def _calibration() -> list[Check]:
    return [
        has_columns(["study", "rule", "bin", "n", "n_with_relief", "predicted_pct"]),
        between("study_scale", "predicted_pct", 0, 100),
        between("study_scale", "observed_pct", 0, 100),
    ]


def _variance() -> list[Check]:
    return [
        has_columns(["study", "rule", "part", "sd", "share_pct", "n"]),
        between("study_scale", "sd", 0, None),
    ]


def _left_out() -> list[Check]:
    return [
        has_columns(["study", "reason", "next_step"]),
        is_unique("study_cell_once", ["study"], required=False),
    ]


_SUITES = {
    "study_cell": _cell,
    "study_performance": _performance,
    "study_choice": _choice,
    "study_shard": _shard,
    "study_test_period_counts": _counts_of_test_periods,
    "study_trial_counts": _trial_counts,
    "study_estimate_counts": _estimate_counts,
    "study_net_benefit": _net_benefit,
    "study_over_worlds": _over_worlds,
    "study_best_lengths": _best_lengths,
    "study_near_least": _near_least,
    "study_steps": _steps,
    "study_knowing": _knowing,
    "study_assurance": _assurance,
    "study_whatif_grid": _whatif_grid,
    "study_coverage": _coverage,
    "study_calibration": _calibration,
    "study_variance": _variance,
    "study_left_out": _left_out,
}
