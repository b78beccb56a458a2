"""Performance measures against arithmetic by hand and Monte Carlo errors by brute force."""

import math

import numpy as np
import pytest

from simulate.studies.performance import MEASURES, Counts, performance

HORIZON = 15


def figures(counts):
    return {figure.measure: figure for figure in performance(counts, HORIZON)}


def test_measures_by_hand():
    # 100 patients, 4 test sessions: 50 with long-term relief (40 found), 50 without (20 go on)
    found = figures(Counts(tp=40, fp=20, fn=10, tn=30, n_test_sessions=400))
    assert tuple(found) == MEASURES
    assert {name: round(figure.estimate, 4) for name, figure in found.items()} == {
        "sensitivity": 0.8,
        "specificity": 0.6,
        "ppv": 0.6667,
        "npv": 0.75,
        "missed_per_100": 10.0,
        "sessions_without_long_term_relief_per_100": 420.0,  # 30 x 4 and 20 x 15
        "expected_test_sessions": 4.0,
    }
    assert {name: figure.n for name, figure in found.items()} == {
        "sensitivity": 50,
        "specificity": 50,
        "ppv": 60,
        "npv": 40,
        "missed_per_100": 100,
        "sessions_without_long_term_relief_per_100": 100,
        "expected_test_sessions": 100,
    }
    assert found["sensitivity"].mcse == pytest.approx(math.sqrt(0.8 * 0.2 / 50))
    assert found["expected_test_sessions"].mcse == 0


def test_what_cannot_be_defined_is_nan_with_nobody_behind_it():
    nobody_stops = figures(Counts(tp=5, fp=5, fn=0, tn=0, n_test_sessions=40))
    assert math.isnan(nobody_stops["npv"].estimate)
    assert math.isnan(nobody_stops["npv"].mcse)
    assert nobody_stops["npv"].n == 0
    nobody = figures(Counts(0, 0, 0, 0, 0))
    assert all(math.isnan(figure.estimate) and figure.n == 0 for figure in nobody.values())


@pytest.mark.parametrize("measure", [m for m in MEASURES if m != "expected_test_sessions"])
def test_the_monte_carlo_error_is_the_spread_of_repeated_studies(measure):
    rng = np.random.default_rng(20261122)
    n, length, shares = 600, 5, [0.42, 0.18, 0.10, 0.30]
    studies = [
        figures(Counts(*map(int, counts), n_test_sessions=n * length))[measure]
        for counts in rng.multinomial(n, shares, size=3000)
    ]
    spread = np.std([figure.estimate for figure in studies])
    stated = np.mean([figure.mcse for figure in studies])
    assert stated == pytest.approx(spread, rel=0.05)
