"""Lesion levels, causes and sites: the rows of `estimate_group`.

Here: section 3.6, Figures 4 and S4 of the study (central against peripheral in all and in
responders, ischaemic against haemorrhagic, shares by cause and by central site), and what the
discussion says of thalamic stroke. Not here: slopes by level (`slopes.py`).
"""

import pandas as pd

from classical.comparisons import compare_groups, compare_shares
from classical.describe import Row, count_and_share, estimate_frame, mean_and_sd
from classical.estimates import COMPARISONS, LEVELS, STROKES

DECIDED = ("responder", "non_responder")


def group_table(
    status: pd.DataFrame, baseline: pd.DataFrame, test_period: pd.DataFrame
) -> pd.DataFrame:
    """Compare reported relief and the share of responders between kinds of lesion.

    Parameters
    ----------
    status, baseline, test_period
        The marts of these names, one row an analysed patient each.

    Returns
    -------
    pandas.DataFrame
        Tidy estimates. analysis 'responder_share' (a population a level, cause or site),
        'lesion_level' (relief and its duration at session 4: central against peripheral in
        'all' and 'responders'; a population a level for the moments), 'odds' (odds ratios of the
        status by several methods; thalamic stroke against every other patient and every other
        stroke).
    """
    members = status.merge(
        baseline[["patient_id", "lesion_site", "aetiology"]], on="patient_id", how="left"
    ).merge(
        test_period[["patient_id", "pain_relief_pct_s4", "relief_duration_days_s4"]],
        on="patient_id", how="left",
    )  # fmt: skip
    return estimate_frame([*_shares(members), *_levels(members), *_odds(members)])


def _shares(members: pd.DataFrame) -> list[Row]:
    rows: list[Row] = []
    central = members[members["lesion_level"] == "central"]
    for column, frame in (
        ("lesion_level", members),
        ("stroke_type", members),
        ("aetiology", members),
        ("lesion_site", central),
    ):
        for code in sorted(frame[column].dropna().unique()):
            rows += _responders(f"{column}={code}", frame[frame[column] == code])
    return rows


def _responders(population: str, members: pd.DataFrame) -> list[Row]:
    events, n, missing = _counts(members)
    return count_and_share(
        "responder_share", population, "responder", events, n=n, n_missing=missing
    )


def _counts(members: pd.DataFrame) -> tuple[int, int, int]:
    """Return responders, patients of known status, and of unknown status."""
    n = int(members["responder_status"].isin(DECIDED).sum())
    return int((members["responder_status"] == "responder").sum()), n, len(members) - n


def _levels(members: pd.DataFrame) -> list[Row]:
    rows: list[Row] = []
    responders = members[members["responder_status"] == "responder"]
    for population, frame in (("all", members), ("responders", responders)):
        levels = [frame[frame["lesion_level"] == level] for level in LEVELS]
        for name in ("status_relief_pct", "pain_relief_pct_s4", "relief_duration_days_s4"):
            for level, group in zip(LEVELS, levels, strict=True):
                where = level if population == "all" else f"{level}_responders"
                rows += mean_and_sd("lesion_level", where, name, group[name])
            rows += compare_groups(
                "lesion_level", population, name, levels[0][name], levels[1][name]
            )
    return rows


def _odds(members: pd.DataFrame) -> list[Row]:
    site, cause = members["lesion_site"], members["aetiology"]
    strokes, in_thalamus = cause.isin(STROKES), site == "thalamus"
    thalamic, other = strokes & in_thalamus, strokes & ~in_thalamus & site.notna()
    # Not known to be one is not known to be none: an unknown site of a stroke is missing.
    rest = other | (cause.notna() & ~strokes) | (site.notna() & ~in_thalamus)
    pairs = {
        name: tuple(members[column] == group for group in groups)
        for name, (column, *groups) in COMPARISONS.items()
    } | {
        "thalamic_stroke_vs_rest": (thalamic, rest),
        "thalamic_stroke_vs_other_stroke": (thalamic, other),
    }
    unplaced = {
        "thalamic_stroke_vs_rest": int((~thalamic & ~rest).sum()),
        "thalamic_stroke_vs_other_stroke": int((strokes & site.isna()).sum()),
    }
    rows: list[Row] = []
    for name, masks in pairs.items():
        (events_a, n_a, lost_a), (events_b, n_b, lost_b) = (_counts(members[m]) for m in masks)
        rows += compare_shares(
            "odds", "all", name, (events_a, n_a), (events_b, n_b),
            n_missing=lost_a + lost_b + unplaced.get(name, 0),
        )  # fmt: skip
    return rows + _responders("thalamic_stroke", members[thalamic])
