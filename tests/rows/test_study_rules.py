"""Decision rules on sessions a clinician can read; no rule looks ahead."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simulate.studies import files, grid
from simulate.studies.methods import (
    BAYES_FIXED,
    BAYES_SEQUENTIAL,
    NO_REPORT,
    RULES,
    Columns,
    decided_early,
    score_cohort,
    see,
)

NR = np.nan


@pytest.mark.parametrize(
    ("reports", "last", "maximum", "mean_of_two"),
    [
        ([0, 0, 0, 10], 10, 10, 5),
        ([0, 40, 0, 0], 0, 40, 0),
        ([0, 30, NR, NR], 30, 30, 15),  # the last recorded one stands in
        ([30, NR, NR, 20], 20, 30, 25),
        ([60, NR, NR, NR], 60, 60, 60),  # one report is its own mean
    ],
)
def test_a_rule_scores_what_was_recorded(reports, last, maximum, mean_of_two):
    seen = see(np.array(reports, dtype=float))
    assert RULES["last"](seen) == last
    assert RULES["maximum"](seen) == maximum
    assert RULES["mean_of_two"](seen) == mean_of_two


def test_the_slope_is_shrunk_the_more_the_fewer_the_sessions():
    rising = np.array([10.0, 20.0, 30.0, 40.0])
    seen = see(rising)
    assert RULES["slope"](seen, 15, 0.0) == pytest.approx(40 + 11 * 10)
    assert RULES["slope"](seen, 15, 5.0) == pytest.approx(40 + 11 * 5)  # Sxx is 5
    assert RULES["slope"](see(rising[:1]), 15, 20.0) == 10
    assert RULES["slope"](see(rising[:1]), 15, 0.0) == 10


def test_the_assessment_counts_before_the_last_report():
    seen = see(np.array([0.0, 50.0]))
    assert RULES["practice"](seen, 5.0) == 5
    assert RULES["practice"](seen, math.nan) == 50


def test_a_prefix_holds_sessions_and_nothing_of_the_future():
    seen = see(np.array([10.0, NR]))
    assert (seen.n_sessions, seen.n_reports, seen.is_missing) == (2, 1, True)
    assert set(seen._fields) == {
        "n_sessions", "n_reports", "is_missing", "last", "before_last", "maximum",
        "sum_session", "sum_report", "sum_session2", "sum_product",
    }  # fmt: skip


@pytest.fixture(scope="module")
def columns():
    return grid.lay_out(files.load("test_period_length")).columns


def scored(recorded, assessment, columns, forecast=None):
    shape = (len(columns.rule), len(recorded))
    score, at, basis = np.empty(shape), np.empty(shape, np.int64), np.empty(shape, np.int64)
    none = np.empty((len(recorded), 0, 0))
    score_cohort(
        recorded, assessment, none if forecast is None else forecast, columns, score, at, basis
    )
    return score, at, basis


REPORTS = st.sampled_from([0.0, 5.0, 10.0, 30.0, 90.0, NR])


@settings(deadline=None, max_examples=60)
@given(
    recorded=arrays(float, (4, 30), elements=REPORTS),
    future=arrays(float, (4, 30), elements=REPORTS),
    assessment=arrays(float, (4,), elements=REPORTS),
    length=st.integers(1, 15),
)
def test_no_rule_looks_ahead(columns, recorded, future, assessment, length):
    """Whatever comes after a session, no decision up to it changes (nor does the assessment's)."""
    changed = np.where(np.arange(30) < length, recorded, future)
    other = assessment if length >= 4 else np.full(4, 77.0)
    upto = columns.sessions <= length
    for ours, theirs in zip(
        scored(recorded, assessment, columns), scored(changed, other, columns), strict=True
    ):
        np.testing.assert_array_equal(ours[upto], theirs[upto])


def test_who_has_no_report_goes_on_and_is_counted(columns):
    score, _, basis = scored(np.full((1, 30), NR), np.array([NR]), columns)
    assert np.isinf(score[columns.rule < 6]).all()
    assert (basis[columns.rule < 6] == NO_REPORT).all()


def test_the_first_look_declines_at_its_own_session(columns):
    recorded = np.zeros((2, 30))
    recorded[1] = 40
    score, at, _ = scored(recorded, np.array([NR, NR]), columns)
    confirm = columns.rule == 4
    assert (at[confirm, 0] == 4).all()
    assert np.isneginf(score[confirm, 0]).all()
    assert (at[confirm, 1] == columns.sessions[confirm]).all()


CHANCES = np.array([40.0, 30.0, 8.0, 60.0, 95.0])


@pytest.mark.parametrize(
    ("first", "last", "low", "high", "score", "at"),
    [
        (2, 5, 5, 90, 95, 5),  # nothing decides before the last session, whose chance it is
        (2, 5, 10, 90, -math.inf, 3),
        (2, 5, 5, 55, math.inf, 4),
        (4, 5, 10, 90, 95, 5),  # the low chance at session 3 was not looked at
        (2, 2, 50, 90, 30, 2),  # at the last session the threshold decides, not the two bounds
    ],
)
def test_a_sequential_rule_stops_at_the_first_chance_that_is_clear(
    first, last, low, high, score, at
):
    assert decided_early(CHANCES, first, last, low, high) == (score, at)


def test_bayesian_columns_take_their_own_prediction():
    columns = Columns(
        rule=np.array([BAYES_FIXED, BAYES_SEQUENTIAL]),
        sessions=np.array([2, 5]),
        numbers=np.array([[0.0, 0, 0, 1], [2, 10, 90, 0]]),
    )
    forecast = np.stack([CHANCES, CHANCES / 2], axis=-1)[None]
    score, at, basis = scored(np.full((1, 5), NR), np.array([NR]), columns, forecast)
    assert score[0, 0] == 15
    assert (score[1, 0], at[1, 0]) == (-math.inf, 3)
    assert (basis == NO_REPORT).all()
