"""Shares of adverse events: exact limits, zero events, nobody asked."""

import pandas as pd
import pytest
from scipy.stats import binom

from classical.describe import ESTIMATE_COLUMNS
from classical.safety import clopper_pearson, safety_table


def counts(**given):
    zero = dict.fromkeys(("n_events", "n_asked", "n_units", "n_serious", "n_seriousness_known"), 0)
    return pd.DataFrame([{"event_type": "headache", "unit": "patient"} | zero | given])


def pick(frame, term, population="patients"):
    found = frame[(frame["term"] == term) & (frame["population"] == population)]
    assert len(found) == 1, f"{term} of {population}: {len(found)} rows"
    return found.iloc[0]


@pytest.mark.parametrize(("events", "n"), [(5, 213), (1, 2), (211, 213), (1, 4228)])
def test_each_limit_leaves_half_of_the_error_in_its_tail(events, n):
    lo, hi = clopper_pearson(events, n, level=0.9)
    assert binom.sf(events - 1, n, lo) == pytest.approx(0.05)
    assert binom.cdf(events, n, hi) == pytest.approx(0.05)


@pytest.mark.parametrize("n", [1, 10, 213, 4228])
def test_none_or_all_have_one_limit_in_closed_form(n):
    assert clopper_pearson(0, n) == pytest.approx((0, 1 - 0.025 ** (1 / n)))
    assert clopper_pearson(n, n) == pytest.approx((0.025 ** (1 / n), 1))


@pytest.mark.parametrize(("events", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_counts_that_cannot_be_are_refused(events, n):
    with pytest.raises(ValueError, match="counts must|events must|total must"):
        clopper_pearson(events, n)


def test_who_was_not_asked_leaves_one_share_and_counts_as_none_in_the_other():
    frame = safety_table(counts(n_events=5, n_asked=200, n_units=213))
    assert tuple(frame.columns) == ESTIMATE_COLUMNS
    asked, of_all = pick(frame, "headache.share_of_asked"), pick(frame, "headache.share_of_all")
    assert (asked["estimate"], asked["n"], asked["n_missing"]) == (2.5, 200, 13)
    assert (round(of_all["estimate"], 1), of_all["n"], of_all["n_missing"]) == (2.3, 213, 0)
    assert "lower bound" in of_all["method"]


def test_no_event_has_an_upper_limit():
    share = pick(safety_table(counts(n_asked=100, n_units=100)), "headache.share_of_asked")
    assert (share["status"], share["estimate"], share["lo"]) == ("ok", 0.0, 0.0)
    assert share["hi"] == pytest.approx(3.6217, abs=1e-4)


def test_nobody_asked_is_not_estimable():
    frame = safety_table(counts(n_units=4))
    asked = pick(frame, "headache.share_of_asked")
    assert asked["status"] == "not_estimable: nobody asked"
    assert pd.isna(asked["estimate"])
    assert (asked["n"], asked["n_missing"]) == (0, 4)
    assert pick(frame, "headache.share_of_all")["status"] == "ok"
    serious = pick(frame, "headache.share_serious")
    assert serious["status"] == "not_estimable: no event of known seriousness"


def test_seriousness_is_a_share_of_the_known():
    frame = safety_table(
        counts(n_events=4, n_asked=9, n_units=9, n_serious=1, n_seriousness_known=2)
    )
    serious = pick(frame, "headache.share_serious")
    assert (serious["estimate"], serious["n"], serious["n_missing"]) == (50.0, 2, 2)


def test_each_unit_is_a_population():
    both = pd.concat(
        [
            counts(n_asked=1, n_units=1),
            counts(unit="session", n_asked=2, n_units=2),
            counts(unit="surgery", event_type="surgery_complication"),
        ]
    )
    frame = safety_table(both)
    assert not frame.duplicated(["analysis", "population", "term"]).any()
    assert set(frame["population"]) == {"patients", "sessions", "surgeries"}
