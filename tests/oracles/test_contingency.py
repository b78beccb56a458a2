"""Odds ratios and shares against R, and against what the study prints."""

import json
from pathlib import Path

import pytest

from classical.contingency import odds_ratio, wilson_interval

ORACLE = json.loads((Path(__file__).parent / "data" / "odds_ratios.json").read_text())
COMPARISONS = ["central_vs_peripheral", "ischaemic_vs_haemorrhagic"]


@pytest.mark.parametrize("name", COMPARISONS)
def test_equals_r(name):
    expected = ORACLE[name]
    found = odds_ratio(*expected["counts"])
    assert found.status == "ok"
    for field in ("estimate", "lo", "hi"):
        assert getattr(found, field) == pytest.approx(expected[field], rel=1e-9)
    assert found.p == pytest.approx(expected["fisher_p"], rel=1e-9)
    assert wilson_interval(*expected["counts"][:2]) == pytest.approx(expected["wilson"], rel=1e-9)


@pytest.mark.parametrize("name", COMPARISONS)
def test_rounds_to_what_the_study_prints(name):
    printed = ORACLE[name]["printed"]
    found = odds_ratio(*ORACLE[name]["counts"])
    for field in ("estimate", "lo", "hi", "p"):
        assert round(getattr(found, field), 2) == printed[field]


def test_groups_swapped_invert_the_ratio():
    one, other = odds_ratio(92, 146, 21, 46), odds_ratio(21, 46, 92, 146)
    assert one.estimate * other.estimate == pytest.approx(1)
    assert one.lo * other.hi == pytest.approx(1)


def test_separation_keeps_the_exact_p_and_says_so():
    expected = ORACLE["zero_cell"]
    found = odds_ratio(*expected["counts"])
    assert found.status == "not_estimable: separation, one cell is empty"
    assert found.p == pytest.approx(expected["fisher_p"], rel=1e-9)


def test_no_patients_and_impossible_counts():
    assert odds_ratio(0, 0, 1, 2).status == "not_estimable: one group has no patients"
    with pytest.raises(ValueError, match="between 0 and the total"):
        odds_ratio(3, 2, 1, 2)
