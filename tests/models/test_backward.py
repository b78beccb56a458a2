"""Backward induction: against an enumeration of every history; bounds stay bounds."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from bayes import backward
from bayes.backward import solve, stop_cost
from bayes.bank import Bank, weigh
from simulate.scenario import load
from simulate.studies import files, kinds
from simulate.studies.performance import MEASURES
from simulate.studies.ratios import ratio
from simulate.studies.true_bank import true_bank
from simulate.studies.worlds import draw, worlds

REPORTS = (0, 50, 100)
LAST = 3


def tiny():
    """Three kinds of courses, three possible reports: 27 histories in all."""
    law = np.array([[0.7, 0.2, 0.1], [0.35, 0.4, 0.25], [0.1, 0.3, 0.6]])
    chance = np.full((LAST, 101, 3), 0.0, dtype=np.float32)
    for k in range(LAST):
        for y, told in enumerate(REPORTS):
            chance[k, told] = law[:, y]
    return (
        Bank(chance, np.zeros((3, 30)), np.zeros((3, 3), dtype=np.float32)),
        law,
        np.array([0, 0, 1], dtype=np.float32),
    )


def exact(law, holds, rate, threshold):
    """Least expected cost by recursion over histories, of going on after session 1 included."""

    def belief(history):
        weight = np.prod([law[:, y] for y in history], axis=0) / 3
        return weight.sum(), float(weight @ holds / weight.sum())

    def value(history):
        share, p = belief(history)
        stop = float(stop_cost(np.array(p), rate, threshold))
        if len(history) == LAST:
            return stop
        onward = 1 + sum(
            belief((*history, y))[0] / share * value((*history, y)) for y in range(len(REPORTS))
        )
        return min(stop, onward)

    return sum(belief((y,))[0] * value((y,)) for y in range(3)) + 1


def cost(bank, law, holds, policy, rate, threshold):
    """Expected cost of a policy, every history weighed exactly."""
    total = 0.0
    for history in product(range(3), repeat=LAST):
        reports = np.array([[REPORTS[y] for y in history]], dtype=float)
        chance = weigh(bank, reports, holds[None])[..., 0]
        score = policy.decide(chance, 1)[0]
        k = next((k for k in range(LAST) if not 0 <= score[k] <= 100), LAST - 1)
        weight = np.prod([law[:, y] for y in history], axis=0) / 3
        p = float(weight @ holds / weight.sum())
        accepts = score[k] >= 100 * threshold
        wrong = rate * threshold / (1 - threshold) * (1 - p) if accepts else rate * p
        total += weight.sum() * (k + 1 + wrong)
    return total


@pytest.mark.parametrize(
    ("rate", "threshold"), [(5.0, 0.3), (20.0, 0.3), (20.0, 0.6), (100.0, 0.3)]
)
def test_it_costs_what_the_enumeration_says_is_least(rate, threshold):
    bank, law, holds = tiny()
    policy = solve(bank, holds, rate, threshold, LAST, seed=1)
    least = exact(law, holds, rate, threshold)
    found = cost(bank, law, holds, policy, rate, threshold)
    assert found >= least - 1e-6
    assert found <= least * 1.02


def test_a_wrong_expectation_is_caught(monkeypatch):
    """Were going on free of new cost, it would be done too often, and the enumeration says so."""
    bank, law, holds = tiny()
    honest = np.bincount

    def without_cost(x, weights=None, minlength=0):
        return honest(x, None if weights is None else weights - (weights >= 1), minlength)

    monkeypatch.setattr(backward.np, "bincount", without_cost)
    policy = solve(bank, holds, 20.0, 0.3, LAST, seed=1)
    monkeypatch.undo()
    least = exact(law, holds, 20.0, 0.3)
    assert cost(bank, law, holds, policy, 20.0, 0.3) > least * 1.02


def test_sessions_that_are_worth_much_are_given_and_others_are_not():
    bank, _, holds = tiny()
    assert not solve(bank, holds, 0.5, 0.3, LAST, seed=1).goes_on.any()
    assert solve(bank, holds, 200.0, 0.3, LAST, seed=1).goes_on[0].any()


def test_the_bank_of_the_truth_says_what_comes_true():
    world = load("replica")
    bank = true_bank(world, 3, 3000, 6)
    np.testing.assert_allclose(bank.chance.sum(axis=1), 1, atol=2e-4)
    holds = bank.reaches(15, 30)
    batch = draw(world, 4, range(6), 200, 15)
    reports = batch.recorded[..., :6].reshape(-1, 6)
    chance = weigh(bank, reports, holds[None])[:, 3, 0]
    relief = batch.expected[..., 12:15].mean(axis=-1).ravel() >= 30
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 1.01)):
        part = (chance >= low) & (chance < high)
        error = np.sqrt(relief[part].var() / part.sum())
        assert abs(relief[part].mean() - chance[part].mean()) < 4 * error + 0.02


@pytest.fixture(scope="module")
def counted():
    """The rule that knows the truth beside reports, in one world; nothing is fitted."""
    rule = {
        "rule": "backward_induction_true", "targets": "all", "test_sessions": [2, 10],
        "threshold_pct": [30], "decision_n_lag_visits": [0],
        "predicts": {"horizon_session": 15, "cut_pct": 30}, "first_look_session": 1,
        "sessions_per_responder": 20,
    }  # fmt: skip
    last = {"rule": "last", "targets": "all", "test_sessions": "1..10",
            "threshold_pct": [10, 30], "decision_n_lag_visits": [0]}  # fmt: skip
    return files.load(
        "test_period_canary",
        {
            "data.training": {"posteriors": 1, "n_patients": 20, "draws": 50, "courses": 2000,
                              "curve": "own"},
            "methods": [rule, last],
            "performance.reference_test_sessions": 4,
        },
    )  # fmt: skip


def test_a_rule_that_knows_the_truth_loses_least(counted, monkeypatch):
    from simulate.studies import learning

    def unlearnt(*_):
        return true_bank(worlds(counted)[0], 1, 200, 10)

    monkeypatch.setattr(learning, "learnt", unlearnt)  # it is not asked: only the truth is
    kind = kinds.kind("test_periods")
    world = worlds(counted)[0]
    counts = kind.count(counted, world, range(20)).to_pandas()
    rows = pd.concat([kind.cells(counted, world), counts], axis=1)
    rows = rows[rows["is_headline"]].reset_index(drop=True)
    wrong = rows["fn"] + 30 / 70 * rows["fp"]
    rows["loss"] = (rows["n_test_sessions"] + 20 * wrong) / rows["n_patients"]
    bound = rows[(rows["rule"] != "last") & (rows["test_sessions"] == 10)].iloc[0]
    others = rows[rows["rule"] == "last"]
    assert bound["loss"] < others["loss"].min()
    sessions = ratio(rows, MEASURES["expected_test_sessions"])[0]
    assert 1 <= sessions[bound.name] < 10
