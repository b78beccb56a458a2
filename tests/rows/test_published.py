"""The comparison with the published figures: places, scales, verdicts."""

import numpy as np
import pytest

from classical.describe import count_and_share, estimate_frame, row
from classical.published import (
    AS_PUBLISHED,
    CANNOT,
    DIFFERS,
    TABLES,
    WITHIN,
    published_comparison,
    published_figures,
    summary,
)


def one(frame, target):
    return frame[frame["target_id"] == target].iloc[0]


def compare(table, *rows):
    return published_comparison({table: estimate_frame(rows)})


def test_at_least_400_figures_have_a_place_or_a_reason():
    figures = published_figures()
    placed = figures[figures["reason"] == ""]
    assert len(figures) == 568
    assert figures["target_id"].is_unique
    assert len(placed) >= 400
    assert set(placed["table"]) <= set(TABLES)
    assert (placed[["analysis", "group", "term", "field"]] != "").all(axis=None)
    assert set(figures["usable_for"]) == {"calibration", "validation", "audit_only"}


def mean(value, se, n=193):
    return row("baseline", "all", "age_years.mean", estimate=value, se=se, n=n, n_missing=0,
               lo=value - 2 * se, hi=value + 2 * se, method="mean")  # fmt: skip


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(56.2, AS_PUBLISHED), (56.249, AS_PUBLISHED), (57.0, WITHIN), (63.0, DIFFERS)],
)
def test_verdicts_of_a_mean(value, verdict):
    found = one(compare("estimate_baseline", mean(value, 1.0)), "table_1.age.mean")
    assert found["verdict"] == verdict
    assert found["tolerance"] == pytest.approx(0.05 + 1.96 * np.sqrt(2), rel=1e-4)
    assert found["value"] == value


def test_a_smaller_sample_of_ours_scales_their_error():
    found = one(compare("estimate_baseline", mean(57.0, 2.0, n=48)), "table_1.age.mean")
    assert found["tolerance"] == pytest.approx(0.05 + 1.96 * 2 * np.sqrt(1 + 48 / 193), rel=1e-4)


def test_counts_are_compared_on_the_denominator_of_the_study():
    """Twice the patients and twice the men is the same clinic."""
    rows = count_and_share("baseline", "all", "sex=M", 204, n=386)
    found = one(compare("estimate_baseline", *rows), "table_1.male.n")
    assert found["verdict"] == WITHIN
    assert found["scale"] == "count of the study's n"
    equal_count = count_and_share("baseline", "all", "sex=M", 102, n=386)
    assert one(compare("estimate_baseline", *equal_count), "table_1.male.n")["verdict"] == DIFFERS


def test_p_values_are_compared_as_normal_deviates():
    for p, verdict in ((0.031, AS_PUBLISHED), (0.9, WITHIN), (1e-9, DIFFERS)):
        found = compare(
            "estimate_group",
            row("lesion_level", "all", "relief_duration_days_s4.W", estimate=1.0, p=p, n=192,
                n_missing=0, method="rank sum"),
        )  # fmt: skip
        assert one(found, "aetiology.dpr.p")["verdict"] == verdict


def test_a_code_that_nobody_has_is_a_count_of_zero():
    rows = count_and_share("baseline", "all", "topography=trunk", 5, n=100)
    found = one(compare("estimate_baseline", *rows), "table_1.topography.face_neck.n")
    assert (found["value"], found["n"]) == (0.0, 100)
    assert found["verdict"] == DIFFERS


def test_what_cannot_be_computed_says_why():
    bad = mean(1.0, 1.0) | {"estimate": np.nan, "status": "not_estimable: no known values"}
    found = compare("estimate_baseline", bad)
    assert one(found, "table_1.age.mean")["verdict"] == f"{CANNOT}: no known values"
    assert one(found, "figure_2.ssnpsi_baseline.p")["verdict"] == (
        f"{CANNOT}: estimate_slope is not there"
    )
    assert "statistic" in one(found, "methods.window.start")["verdict"]
    counts = summary(found)
    assert counts["published"] == 568
    assert counts[CANNOT] == 568 - counts["computed"]
