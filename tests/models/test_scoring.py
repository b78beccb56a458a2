"""Scores of predictions: what holds scores well, what is planted wrong is seen."""

import numpy as np
import pytest

from bayes.heaping import probability_table
from bayes.scoring import (
    auc,
    brier,
    calibration_bands,
    calibration_curve,
    ici,
    ici_if_true,
    logistic_brier,
    pit,
)


@pytest.fixture
def told():
    rng = np.random.default_rng(5)
    chance = rng.beta(1.2, 1.5, 8000)
    return chance, rng.random(8000) < chance, rng


def test_true_chances_have_the_index_that_noise_leaves(told):
    chance, happened, rng = told
    assert ici(chance, happened) < 0.02
    assert ici(chance, happened) < 2.5 * ici_if_true(chance, rng)


def test_chances_ten_points_too_high_have_an_index_of_ten_points(told):
    chance, happened, _ = told
    high = np.minimum(chance + 0.1, 1.0)
    assert ici(high, happened) == pytest.approx((high - chance).mean(), abs=0.015)


def test_the_curve_is_not_fooled_by_rare_outcomes(told):
    rng = told[2]
    chance = np.full(4000, 0.03) + rng.uniform(0, 0.02, 4000)
    happened = rng.random(4000) < chance
    assert calibration_curve(chance, happened)[1].mean() == pytest.approx(
        happened.mean(), abs=0.005
    )


def test_discrimination_counts_pairs():
    score = np.array([1.0, 2.0, 2.0, 3.0])
    happened = np.array([False, False, True, True])
    assert auc(score, happened) == pytest.approx((0.5 + 1 + 1 + 1) / 4)
    assert np.isnan(auc(score, np.ones(4, dtype=bool)))


def test_a_logistic_regression_scores_at_least_as_well_as_the_share(told):
    chance, happened, _ = told
    share = np.full(len(chance), happened.mean())
    assert brier(chance, happened) < logistic_brier(chance, happened) + 0.005
    assert logistic_brier(chance, happened) < brier(share, happened)


def test_the_transform_is_uniform_for_the_law_that_made_the_reports(told):
    rng = told[2]
    table = np.repeat(probability_table(35.0, 12.0, (0.6, 0.3, 0.1))[:, None], 4000, axis=1)
    report = rng.choice(101, size=4000, p=table[:, 0] / table[:, 0].sum()).astype(float)
    inside = np.abs(pit(table, report, rng) - 0.5) < 0.45
    assert inside.mean() == pytest.approx(0.9, abs=0.02)
    narrow = np.repeat(probability_table(35.0, 7.0, (0.6, 0.3, 0.1))[:, None], 4000, axis=1)
    assert (np.abs(pit(narrow, report, rng) - 0.5) < 0.45).mean() < 0.86


def test_bands_hold_the_diagonal_where_chances_are_true_and_not_where_they_are_not():
    rng = np.random.default_rng(4)
    chance, clinic = rng.random(4000), np.arange(4000) % 8
    true = calibration_bands(chance, rng.random(4000) < chance, clinic, rng, times=20)
    inside = (true["true_low"] <= true["share"]) & (true["share"] <= true["true_high"])
    assert inside.mean() > 0.7
    assert (true["low"] <= true["high"]).all() and true["chance"][0] >= 0
    shy = calibration_bands(chance, rng.random(4000) < chance**2, clinic, rng, times=20)
    middle = (shy["chance"] > 0.3) & (shy["chance"] < 0.7)
    assert (shy["high"] < shy["true_low"])[middle].all()
