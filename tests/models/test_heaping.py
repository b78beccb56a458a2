"""The report law: probabilities, rounding, extremes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes.curves import expected_report, saturating
from bayes.heaping import cells, log_probability, probability_table

LATENT = st.floats(-300, 400)
NOISE = st.floats(0.5, 60)
SHARE = st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(
    lambda parts: tuple(np.array(parts) / sum(parts))
)


def logistic(z):
    return 1 / (1 + np.exp(-z))


@settings(deadline=None)
@given(LATENT, NOISE, SHARE)
def test_probabilities_of_0_to_100_sum_to_one(latent, noise, share):
    table = probability_table(latent, noise, share)
    assert (table >= 0).all()
    assert table.sum() == pytest.approx(1, abs=1e-12)


@settings(deadline=None)
@given(st.floats(-20, 120), st.floats(4, 40), SHARE, st.integers(0, 100))
def test_a_cell_is_a_difference_of_distribution_functions(latent, noise, share, report):
    expected = 0.0
    for pi, width in zip(share, (10, 5, 1), strict=True):
        if report % width == 0:
            upper = 1 if report == 100 else logistic((report + width / 2 - latent) / noise)
            lower = 0 if report == 0 else logistic((report - width / 2 - latent) / noise)
            expected += pi * (upper - lower)
    assert probability_table(latent, noise, share)[report] == pytest.approx(expected, rel=1e-9)


def test_only_tens_leave_only_tens():
    with np.errstate(divide="ignore"):
        table = probability_table(40, 12, (1.0, 0.0, 0.0))
    assert set(np.flatnonzero(table)) == set(range(0, 101, 10))


def test_far_from_the_report_the_log_stays_finite():
    cell = cells(np.array([0.0, 100.0, 35.0, 33.5]))
    for latent in (-1e5, 1e5):
        logs = log_probability(cell.as_dict(), np.full(4, latent), 1.0, (0.6, 0.3, 0.1))
        assert np.isfinite(logs).all()


def test_a_decimal_is_a_report_in_ones_with_the_width_it_was_printed_with():
    cell = cells(np.array([33.5]))
    log = log_probability(cell.as_dict(), np.array([40.0]), 10.0, (0.6, 0.3, 0.1))[0]
    mass = logistic((33.55 - 40) / 10) - logistic((33.45 - 40) / 10)
    assert np.exp(log) == pytest.approx(0.1 * mass, rel=1e-9)


@pytest.mark.parametrize("latent", [-40.0, 5.0, 52.0, 130.0])
def test_expected_report_is_the_mean_of_the_table(latent):
    for noise in (5.0, 12.0, 25.0):
        table = probability_table(latent, noise, (0.6, 0.3, 0.1))
        mean = expected_report(np.array(latent), np.array(noise), np.array(0.6), np.array(0.75))
        assert mean == pytest.approx(table @ np.arange(101), abs=0.02)


def test_curve_starts_rises_and_saturates():
    session = np.array([0.0, np.log(10) / 0.5, 1e6])
    assert saturating(session, -20.0, 80.0, 0.5, 1.0) == pytest.approx([-20, 70, 80])


def test_a_curve_of_shape_two_begins_late_and_ends_early():
    session = np.array([0.0, 0.1, 2.0, np.sqrt(np.log(10)) / 0.5, 8.0])
    expected = [-20, -20 + 100 * (1 - np.exp(-0.0025)), 80 - 100 / np.e, 70, 80]
    assert saturating(session, -20.0, 80.0, 0.5, 2.0) == pytest.approx(expected, abs=1e-4)
