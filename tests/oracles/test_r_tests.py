"""Rank tests, correlations, t tests and exact tables against R, and survival curves."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classical.association import line, spearman, within_patients
from classical.contingency import chi_square
from classical.exact import exact_odds_ratio
from classical.means import compare_means, compare_pairs
from classical.ranks import midranks, rank_sum, signed_rank, subset_sums
from classical.shifts import group_shift, pseudomedian
from classical.survival import aalen_johansen, kaplan_meier, median_time

R = Path(__file__).parent / "data" / "r"
TESTS = json.loads((R / "tests.json").read_text())
CURVES = json.loads((R / "survival.json").read_text())
UNIROOT = np.finfo(float).eps ** 0.25  # where R's root finder stops


def frame(name):
    return pd.read_csv(R / f"{name}.csv")


def neuropathy():
    data = frame("neuropathy")
    return [data.loc[data["group"] == g, "pain"] for g in ("control", "treat")]


def exactly(value, rel=1e-9):
    return pytest.approx(value, rel=rel)


def test_rank_sum_equals_r():
    a, b = neuropathy()
    expected = TESTS["neuropathy_wilcox"]
    found = rank_sum(a, b)
    assert found.statistic == expected["statistic"]
    assert found.p == exactly(expected["p"])
    assert rank_sum(a, b, correct=False).p == exactly(TESTS["neuropathy_wilcox_nocc"]["p"])
    shift, lo, hi = group_shift(a, b)
    assert (lo, hi) == pytest.approx(tuple(expected["ci"]), abs=1e-4)
    # both of R's estimates are zeros of the same flat statistic, whose middle is ours
    flat = np.sort(np.subtract.outer(a.to_numpy(), b.to_numpy()).ravel())
    middle = len(flat) // 2
    for printed in (expected["estimate"], TESTS["neuropathy_wilcox_exact"]["estimate"]):
        assert flat[middle - 2] - 1e-9 <= printed <= flat[middle + 1] + 1e-9
    assert flat[middle - 1] <= shift <= flat[middle]


def test_exact_rank_sum_with_ties_has_the_distribution_of_r():
    """exactRankTests leaves the mirrored value itself out of the far tail; we count it."""
    a, b = neuropathy()
    ranks = midranks(np.concatenate([a, b]))
    sums, weights = subset_sums(ranks, len(a))
    observed, centre = ranks[: len(a)].sum(), sums @ weights
    theirs = weights[sums <= observed].sum() + weights[sums > 2 * centre - observed + 1e-6].sum()
    assert theirs == exactly(TESTS["neuropathy_wilcox_exact"]["p"])
    mirrored = weights[np.isclose(sums, 2 * centre - observed)].sum()
    assert rank_sum(a, b).p_exact == exactly(theirs + mirrored)


def test_t_tests_equal_r():
    a, b = neuropathy()
    for name, equal in (("neuropathy_welch", False), ("neuropathy_student", True)):
        expected, found = TESTS[name], compare_means(a, b, equal_variance=equal)
        assert (found.t, found.df, found.p) == exactly(
            (expected["statistic"], expected["parameter"], expected["p"])
        )
        assert (found.lo, found.hi) == exactly(tuple(expected["ci"]))
    sleep, expected = frame("sleep"), TESTS["sleep_paired_t"]
    found = compare_pairs(sleep["extra.1"] - sleep["extra.2"])
    assert (found.t, found.p, found.lo) == exactly(
        (expected["statistic"], expected["p"], expected["ci"][0])
    )


def test_signed_rank_equals_r():
    sleep = frame("sleep")
    expected = TESTS["sleep_paired_wilcox_zero_ties"]
    found = signed_rank(sleep["extra.1"] - sleep["extra.2"])
    assert (found.statistic, found.p) == exactly((expected["statistic"], expected["p"]))
    tied = frame("synthetic25")
    difference = tied["rtms_last"] - tied["emcs5"]
    expected, found = TESTS["synthetic25_wilcox"], signed_rank(difference)
    assert (found.statistic, found.n_zero) == (expected["statistic"], expected["n_zero"])
    assert found.p == exactly(expected["p"])
    assert found.p_exact == exactly(TESTS["synthetic25_wilcox_exactperm"]["p"])
    assert pseudomedian(difference)[1:] == pytest.approx(tuple(expected["ci"]), abs=1e-4)
    plain = frame("synthetic20_noties")
    expected = TESTS["synthetic20_paired_wilcox_exact"]
    found = signed_rank(plain["x"] - plain["y"])
    assert (found.statistic, found.p) == exactly((expected["statistic"], expected["p"]))
    assert pseudomedian(plain["x"] - plain["y"]) == exactly((expected["estimate"], *expected["ci"]))


@pytest.mark.parametrize(
    ("data", "columns", "name", "field"),
    [
        ("sleep", ("extra.1", "extra.2"), "sleep_spearman", "p_exact"),
        ("synthetic25", ("rtms_last", "emcs5"), "synthetic25_spearman", "p"),
        ("synthetic20_noties", ("x", "y"), "synthetic20_spearman_exact", "p_exact"),
        ("synthetic20_noties", ("x", "y"), "synthetic20_spearman_asym", "p"),
    ],
)
def test_spearman_equals_r(data, columns, name, field):
    found, expected = spearman(*(frame(data)[c] for c in columns)), TESTS[name]
    assert found.estimate == exactly(expected["estimate"])
    assert getattr(found, field) == exactly(expected["p"])


def test_spearman_counts_all_orders_of_a_short_list():
    found = spearman([1, 2, 3, 4], [1, 2, 3, 4])
    assert found.p_exact == pytest.approx(2 / 24)


@pytest.mark.parametrize("name", TESTS["fisher"])
def test_exact_tables_equal_r(name):
    expected = TESTS["fisher"][name]
    a, b, c, d = expected["table"]
    found = exact_odds_ratio(a, a + b, c, c + d)
    assert (found.p, found.p_greater, found.p_less) == exactly(
        (expected["p"], expected["p_greater"], expected["p_less"])
    )
    pairs = [(found.lo, expected["ci"][0]), (found.hi, expected["ci"][1])]
    for ours, theirs in [*pairs, (found.estimate, expected["or_cmle"])]:
        if theirs is None:
            assert np.isinf(ours)
        elif theirs > 1:  # R searches the reciprocal
            assert 1 / ours == pytest.approx(1 / theirs, abs=UNIROOT)
        else:
            assert ours == pytest.approx(theirs, abs=UNIROOT)
    for correct, field in ((False, "chisq"), (True, "chisq_yates")):
        statistic, _, status = chi_square(a, a + b, c, c + d, correct=correct)
        assert status == "ok"
        assert statistic == pytest.approx(expected[field], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("interval", ["plain", "log", "log-log"])
def test_kaplan_meier_equals_survfit(interval):
    lung, expected = frame("lung"), CURVES[f"lung_km_{interval}"]
    curve = kaplan_meier(lung["time"], lung["status"] == 2, interval=interval)
    fields = ("surv", "se", "lower", "upper")
    for k, time in enumerate(expected["times"]):
        assert curve.at(time, 1.0) == exactly(tuple(expected[f][k] for f in fields))
    medians = tuple(expected[f"median{end}"] for end in ("", "_lo", "_hi"))
    assert median_time(curve) == medians


def test_aalen_johansen_of_one_cause_is_kaplan_meier():
    lung = frame("lung")
    died = lung["status"] == 2
    alone = aalen_johansen(lung["time"], np.where(died, "death", None), "death")
    curve = kaplan_meier(lung["time"], died)
    np.testing.assert_allclose(alone.estimate, 1 - curve.estimate, atol=1e-12)
    np.testing.assert_allclose(alone.se, curve.se, atol=1e-12)


def test_aalen_johansen_causes_add_up_and_its_error_is_that_of_resampling():
    rng = np.random.default_rng(5)
    time = rng.integers(1, 30, 200).astype(float)
    cause = rng.choice(np.array(["a", "b", None], dtype=object), 200)
    parts = [aalen_johansen(time, cause, one) for one in ("a", "b")]
    curve = kaplan_meier(time, [one is not None for one in cause])
    np.testing.assert_allclose(parts[0].estimate + parts[1].estimate, 1 - curve.estimate)
    draws = [
        aalen_johansen(time[rows], cause[rows], "a").at(15, 0.0)[0]
        for rows in rng.integers(0, 200, (400, 200))
    ]
    assert parts[0].at(15, 0.0)[1] == pytest.approx(np.std(draws), rel=0.12)


def test_line_and_its_band_equal_statsmodels():
    import statsmodels.api as sm

    data = frame("synthetic25")
    x, y = data["rtms_last"].to_numpy(float), data["emcs5"].to_numpy(float)
    found = line(x, y, [0.0, 50.0])
    peer = sm.OLS(y, sm.add_constant(x)).fit()
    assert found.estimate == exactly(peer.params)
    assert found.se == exactly(peer.bse)
    assert found.r_squared == exactly(peer.rsquared)
    band = peer.get_prediction(np.array([[1, 0.0], [1, 50.0]])).summary_frame()
    expected = band[["mean", "mean_ci_lower", "mean_ci_upper"]].to_numpy()
    np.testing.assert_allclose(found.band, expected, rtol=1e-9)


def test_correlation_within_patients_is_the_analysis_of_covariance():
    import statsmodels.formula.api as smf

    rng = np.random.default_rng(2)
    data = pd.DataFrame({"patient": np.repeat(range(12), 4), "a": rng.normal(size=48)})
    data["b"] = 0.5 * data["a"] + np.repeat(rng.normal(0, 9, 12), 4) + rng.normal(size=48)
    found = within_patients(data["a"], data["b"], data["patient"])
    peer = smf.ols("b ~ a + C(patient)", data).fit()
    assert found.p == exactly(peer.pvalues["a"], rel=1e-7)
    assert found.df == peer.df_resid
