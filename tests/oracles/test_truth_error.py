"""The error of a truth read from a large cohort, against brute force: read of many such cohorts."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from simulate.studies import truth_error
from simulate.studies.estimates.analyses.prediction import (
    _area_influence,
    _slope_influence,
    area,
    regression,
)
from simulate.studies.estimates.performance import performance
from simulate.studies.estimates.sums import MOMENTS, POINTS, SUMS
from simulate.studies.sums import moment
from simulate.studies.trials.analyses import truth
from simulate.studies.trials.conduct import Arms

TARGETS = ("slope", "difference_of_slopes", "difference_at_end", "log_odds_ratio",
           "common_log_odds_ratio", "superiority")  # fmt: skip
N = 1_000


def arms_of(rng, target, n=N):
    """A trial of paired patients, with some reports missing; events or whole numbers."""
    own = rng.normal(0, 10, (n, 1))
    first, second = (np.round(own + rng.normal(shift, 12, (n, 4))) for shift in (45, 40))
    first[rng.random(first.shape) < 0.1] = np.nan
    if target == "log_odds_ratio":
        first, second = (np.where(np.isnan(y), np.nan, y >= 50) for y in (first, second))
    if target == "common_log_odds_ratio":
        first, second = (np.floor(y / 15) for y in (first, second))
    return Arms(first[None], second[None, : n // 2 * 2], np.empty((1, 0, 4)))


def error(left_out):
    return float(np.sqrt((truth_error.deviations(left_out) ** 2).sum(axis=0)))


@pytest.mark.parametrize("target", TARGETS)
def test_a_truth_of_a_trial_without_a_block_is_that_of_the_others(target):
    method, arms = SimpleNamespace(targets=target), arms_of(np.random.default_rng(1), target)
    told = truth(method, arms)
    assert told.shape == (1 + truth_error.BLOCKS,)
    kept = np.arange(N) % truth_error.BLOCKS != 7
    others = Arms(arms.first[:, kept], arms.second[:, kept], arms.own_difference)
    assert truth(method, others)[0] == pytest.approx(told[8], rel=1e-6)


@pytest.mark.parametrize("target", TARGETS)
def test_its_error_is_the_spread_of_truths_of_other_patients(target):
    method, rng = SimpleNamespace(targets=target), np.random.default_rng(2)
    told = [truth(method, arms_of(rng, target)) for _ in range(80)]
    found = np.std([one[0] for one in told])
    assert np.sqrt(np.mean([error(one[1:]) ** 2 for one in told])) == pytest.approx(found, rel=0.25)


def test_arms_of_the_same_patients_leave_out_the_same_patients():
    """With an arm of another size their blocks are still those of the same patients."""
    rng, method = np.random.default_rng(3), SimpleNamespace(targets="difference_at_end")
    told = []
    for _ in range(80):
        arms = arms_of(rng, "difference_at_end")
        told.append(truth(method, Arms(arms.first, arms.second[:, : N // 2], arms.own_difference)))
    found = np.std([one[0] for one in told])
    assert np.sqrt(np.mean([error(one[1:]) ** 2 for one in told])) == pytest.approx(found, rel=0.25)


def predicted(rng, n=800):
    linear = rng.normal(0, 1.5, n)
    return linear, rng.random(n) < 1 / (1 + np.exp(-0.7 * linear))


def test_influences_are_what_leaving_out_blocks_tells():
    rng = np.random.default_rng(5)
    linear, holds = predicted(rng)
    block = truth_error.block_of(len(linear))
    line = regression(linear[:, None], holds.astype(float), ridge=0.0)
    for influence, read in (
        (_area_influence(linear, holds), area),
        (
            _slope_influence(line, linear, holds),
            lambda x, y: regression(x[:, None], y.astype(float), ridge=0.0)[1],
        ),
    ):
        left = [read(linear[block != b], holds[block != b]) for b in range(truth_error.BLOCKS)]
        by = truth_error.by_influence(influence, block)
        exact = truth_error.deviations(left)
        assert by == pytest.approx(exact, abs=0.1 * np.abs(exact).max())


def study(rng, n_replicates, members, truth_sd, bias=2.0):
    """One study: replicate r has the truth of member r modulo their number, read with an error."""
    apart = (
        truth_sd * rng.standard_normal((members, truth_error.BLOCKS)) / np.sqrt(truth_error.BLOCKS)
    )
    read = 30 + apart.sum(axis=1)  # its error is the sum of its blocks' deviations
    who = np.arange(n_replicates) % members
    estimate = 30 + bias + rng.normal(0, 3, n_replicates)
    lo, hi, known = estimate - 6, estimate + 6, np.ones(n_replicates, dtype=bool)
    step, at = POINTS, {name: k for k, name in enumerate(SUMS)}
    wrong = estimate - read[who]
    held = (lo <= read[who]) & (read[who] <= hi)
    values = {
        "n_estimated": known, "n_failed": ~known, "estimate": estimate / step[0],
        "truth": read[who] / step[0], "error": wrong / step[0], "error2": wrong**2 / step[1],
        "n_intervals": known, "n_covering": held, "width": (hi - lo) / step[0],
    }  # fmt: skip
    each = np.rint(np.stack([np.asarray(values[name], dtype=float) for name in SUMS]))
    row = dict(zip(SUMS, each.sum(axis=1), strict=True))
    row |= {moment(a, b): each[at[a]] @ each[at[b]] for a, b in MOMENTS}
    counted = truth_error.count(lo, hi, read[who], apart[who].T, known, step[0]).sum(axis=1)
    row |= dict(zip(truth_error.COLUMNS, counted, strict=True))
    frame = pd.DataFrame([row | {"cell_id": "c", "estimand": "rise", "n_replicates": n_replicates}])
    return performance(frame).set_index("measure")


@pytest.mark.parametrize("members", [1, 5])
def test_errors_are_the_spread_of_studies_with_other_cohorts_and_other_truths(members):
    rng = np.random.default_rng(6)
    told = [study(rng, 100, members, 1.0) for _ in range(120)]
    for measure in ("bias", "rmse", "coverage"):
        found = np.std([one.loc[measure, "estimate"] for one in told])
        error = np.sqrt(np.mean([one.loc[measure, "mcse"] ** 2 for one in told]))
        assert error == pytest.approx(found, rel=0.25), measure
        part = np.sqrt(np.mean([one.loc[measure, "truth_error"] ** 2 for one in told]))
        without = np.sqrt(error**2 - part**2)
        if members == 1:
            assert without < 0.8 * found, f"{measure}: forgetting the truth's error is seen"
    truths = [one.loc["truth", "truth_error"] for one in told]
    assert np.mean(truths) == pytest.approx(1 / np.sqrt(members), rel=0.1)


def test_more_replicates_of_one_truth_do_not_shrink_its_error_and_more_members_do():
    rng = np.random.default_rng(7)
    few, many = (study(rng, n, 1, 1.0).loc["bias", "truth_error"] for n in (50, 800))
    assert many == pytest.approx(few, rel=0.6)
    assert study(rng, 800, 400, 1.0).loc["bias", "truth_error"] < 0.1
    exact = study(rng, 50, 1, 0.0)
    assert (exact["truth_error"] == 0).all()
