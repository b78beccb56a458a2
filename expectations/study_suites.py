"""Checks of the study tables: counts add up, no replicate twice, figures within their scales.

Belongs here: what is asserted of `study_*`. Does not: what the columns mean (docs/studies.md).
"""

import pandas as pd

from expectations.checks import Check, between, has_columns, is_present, is_unique, not_empty

COUNTS = ("tp", "fp", "fn", "tn")
KEYS = {
    "study_cell": "cell_id",
    "study_performance": "cell_id",
    "study_choice": "cell_id",
    "study_shard": "shard",
}
_PARTITION = ["study", "design_id", "code_id", "scenario_id"]


def checks_of_study(name: str) -> list[Check]:
    """Return the checks of a study table.

    Raises
    ------
    KeyError
        If there is none of the name.
    """
    return _SUITES[name]()


def _where(frame: pd.DataFrame, good: pd.Series) -> pd.Series:
    """1 where a row is as it should be, else NULL."""
    return pd.Series(1, index=frame.index, dtype="Int64").where(good.astype(bool))


def adds_up(frame: pd.DataFrame) -> pd.Series:
    """NULL where decisions and truths of a cell are not those of its patients.

    The truth among survivors leaves patients out, every other one judges all who start.
    """
    counted = frame[list(COUNTS)].sum(axis=1)
    exact = counted == frame["n_patients"]
    survivors = (frame["estimand"] == "observable_survivors") & (counted <= frame["n_patients"])
    return _where(frame, exact | survivors)


def stands_alone(frame: pd.DataFrame) -> pd.Series:
    """NULL where a shard begins before the one before it ends, in the same partition."""
    ordered = frame.sort_values([*_PARTITION, "first_replicate"])
    ends = ordered["first_replicate"] + ordered["n_replicates"]
    before = ends.groupby([ordered[c] for c in _PARTITION]).shift().fillna(0)
    return _where(ordered, ordered["first_replicate"] >= before).reindex(frame.index)


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
    key = ["cell_id", "measure"]
    return [
        has_columns([*key, "estimate", "mcse", "n", "scenario_id"]),
        not_empty(),
        is_unique("study_cell_once", key, required=True),
        between("study_scale", "mcse", 0, None),
        between("study_scale", "n", 0, None),
    ]


def _choice() -> list[Check]:
    return [
        has_columns(["cell_id", "missed_per_100", "sessions_per_100", "is_on_frontier"]),
        is_unique("study_cell_once", ["cell_id"], required=False),
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


_SUITES = {
    "study_cell": _cell,
    "study_performance": _performance,
    "study_choice": _choice,
    "study_shard": _shard,
}
