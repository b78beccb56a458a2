"""Power and type I error of simulated trials against theory, and where the assumptions fail.

A rate is compared within four Monte Carlo errors. Each comparison is shown to be able to fail.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from classical.batched.trials import DropOut, Trial, analyse, seeded, without_effect
from classical.power import Power, closed_form, rejections, simulated

N = 6000
AT = (1.0, 2.0, 3.0, 4.0)
ONE = Trial(40, AT, slope=1.6, tau=20, sigma=12)
TWO = Trial(80, AT, slope=2, slope_difference=4, in_group=30, tau=20, sigma=18)
MAR = DropOut(-1.0, -0.02)


DATA = Path(__file__).parent / "data"
BY_R = pd.concat(
    {by: pd.read_csv(DATA / f"{by}.csv", index_col="case") for by in ("power", "simr")}
)
LIKE_R = {
    "one_slope": ONE,
    "two_slopes": TWO,
    "drop_out": replace(TWO, drop_out=DropOut(-1.5)),
    "nothing_differs": replace(TWO, slope_difference=0, drop_out=DropOut(-1.5)),
}


def near(found: Power, expected, errors=4):
    mcse = np.sqrt(expected * (1 - expected) / found.n)
    return abs(found.estimate - expected) < errors * mcse


def noncentral_t(effect, error, df):
    limit, shift = stats.t.ppf(0.975, df), effect / error
    return stats.nct.sf(limit, df, shift) + stats.nct.cdf(-limit, df, shift)


def test_closed_form_of_one_slope_is_the_noncentral_t_by_hand():
    error = 12 / np.sqrt(40 * 5)  # sigma over the root of patients times sum of (k - 2.5)^2
    assert closed_form(ONE) == pytest.approx(noncentral_t(1.6, error, 40 * 3 - 1), rel=1e-10)


def test_closed_form_of_two_slopes_is_that_of_diggle_by_hand():
    error = 18 * np.sqrt(1 / (30 * 5) + 1 / (50 * 5))
    assert closed_form(TWO) == pytest.approx(noncentral_t(4, error, 80 * 3 - 2), rel=1e-10)


@pytest.mark.parametrize("trial", [ONE, TWO])
def test_simulated_power_is_the_closed_form(trial):
    expected = closed_form(trial)
    assert 0.3 < expected < 0.9
    assert near(simulated(trial, seeded(1), N), expected)


def away_from_r(found, by, case):
    """Distance in errors of both simulations together."""
    n, rejected = BY_R.loc[(by, case)]
    share = rejected / n
    both = share * (1 - share) * (1 / n + 1 / found.n)
    return abs(found.estimate - share) / np.sqrt(both)


@pytest.mark.parametrize(("by", "case"), BY_R.index)
def test_power_is_that_of_r(by, case):
    """R draws, fits with lmerTest and counts: by a loop (data/power.R), by simr (data/simr.R)."""
    assert away_from_r(simulated(LIKE_R[case], seeded(7), N), by, case) < 4


def test_the_comparison_with_r_sees_a_fifth_more_effect():
    larger = replace(TWO, slope_difference=4.8)
    assert away_from_r(simulated(larger, seeded(7), N), "power", "two_slopes") > 4


def test_the_comparison_sees_an_effect_that_is_a_tenth_larger():
    larger = replace(ONE, slope=1.76)
    assert not near(simulated(larger, seeded(1), N), closed_form(ONE))


def test_drop_out_at_random_costs_the_power_that_the_expected_information_says():
    trial = replace(TWO, drop_out=DropOut(-1.5))
    found = simulated(trial, seeded(2), N)
    assert found.estimate == pytest.approx(closed_form(trial), abs=0.03)
    assert found.estimate < closed_form(TWO) - 0.05


@pytest.mark.parametrize("drop_out", [None, DropOut(-1.5), MAR])
@pytest.mark.parametrize("trial", [ONE, TWO])
def test_type_1_error_is_five_percent_where_the_model_holds(trial, drop_out):
    null = without_effect(replace(trial, drop_out=drop_out))
    found = simulated(null, seeded(3), N)
    assert found.n_failed == 0
    assert near(found, 0.05)


def test_p_values_under_the_null_are_uniform():
    fits = analyse(without_effect(replace(TWO, drop_out=MAR)), seeded(4), N)
    assert stats.kstest(fits.p[:, 3], "uniform").pvalue > 1e-3
    assert stats.kstest(fits.p[:, 3] ** 1.1, "uniform").pvalue < 1e-3  # the same errors a tenth off


def test_slopes_that_vary_break_a_random_intercept_and_both_remedies_mend_it():
    null = without_effect(replace(TWO, slope_sd=8))
    assert simulated(null, seeded(5), N).estimate > 0.08
    for remedy in ("robust", "random_slope"):
        mended = simulated(null, seeded(5), N, remedy=remedy)
        assert mended.n_failed == 0
        assert near(mended, 0.05)


def test_a_fit_that_failed_is_no_fit_that_does_not_reject():
    constant = Trial(6, AT, slope=0, tau=0, sigma=1, heap=100)
    fits = analyse(constant, seeded(6), 50)
    found = rejections(fits, 1)
    assert (found.n, found.n_failed) == (0, 50)
    assert np.isnan(found.estimate)
