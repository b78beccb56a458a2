"""Studies of estimates: sums, bits in any order, known truths found."""

import numpy as np
import pandas as pd
import pytest

from bayes.quantities import saturation_session
from simulate.studies import files, truth_error
from simulate.studies.estimates import counting
from simulate.studies.estimates.analyses.found import Found, found, half_rise, saturation
from simulate.studies.estimates.analyses.prediction import area, regression
from simulate.studies.estimates.methods import uses_model
from simulate.studies.estimates.performance import performance
from simulate.studies.estimates.sums import MOMENTS, POINTS, SUMS
from simulate.studies.store import add
from simulate.studies.sums import moment
from simulate.studies.worlds import worlds

NAMES = [
    "regression_to_mean",
    "retention_reporting",
    "surgery_referral",
    "interruption",
    "maintenance_interval",
]


def figures(name, n, *, world=0, changes=None):
    design = files.load(name, changes)
    place = worlds(design)[world]
    counts = counting.count(design, place, range(n)).to_pandas()
    rows = pd.concat([counting.cells(design, place), counts], axis=1)
    told = performance(rows).merge(rows[["cell_id", "method", "estimand"]], on="cell_id")
    return told.set_index(["method", "estimand", "measure"])[["estimate", "mcse", "n"]]


def test_performance_is_that_of_the_estimates_themselves():
    rng = np.random.default_rng(4)
    replicates = []
    for _ in range(60):
        n = int(rng.integers(1, 9))
        truth = rng.normal(30, 10, n)
        estimate = np.where(rng.random(n) < 0.1, np.nan, truth + rng.normal(2, 5, n))
        half = rng.uniform(2, 12, n)
        replicates.append(found((estimate, estimate - half, estimate + half), truth))
    whole = np.stack([counting.tally(one, POINTS) for one in replicates])
    row = dict(zip(SUMS, whole.sum(axis=0), strict=True))
    at = {name: k for k, name in enumerate(SUMS)}
    row |= {moment(a, b): whole[:, at[a]] @ whole[:, at[b]] for a, b in MOMENTS}
    row |= dict.fromkeys(truth_error.COLUMNS, 0)
    frame = pd.DataFrame([row | {"cell_id": "c", "estimand": "rise", "n_replicates": 60}])
    told = performance(frame).set_index("measure")

    every = Found(*(np.concatenate(part, axis=-1) for part in zip(*replicates, strict=True)))
    known = np.isfinite(every.estimate)
    error = (every.estimate - every.truth)[known]
    covers = ((every.lo <= every.truth) & (every.truth <= every.hi))[known]
    assert told.loc["bias", "estimate"] == pytest.approx(error.mean(), abs=0.01)
    assert told.loc["rmse", "estimate"] == pytest.approx(np.sqrt((error**2).mean()), abs=0.01)
    assert told.loc["coverage", "estimate"] == pytest.approx(covers.mean())
    assert told.loc["failed", "estimate"] == pytest.approx((~known).mean())
    jackknifed = [_bias([r for k, r in enumerate(replicates) if k != out]) for out in range(60)]
    spread = np.sqrt(59 / 60 * ((jackknifed - np.mean(jackknifed)) ** 2).sum())
    assert told.loc["bias", "mcse"] == pytest.approx(spread, rel=0.05)


def test_one_cohort_with_a_number_tells_no_error():
    one, none = (
        counting.tally(found((value, value - 1, value + 1), 3.0), POINTS) for value in (4.0, np.nan)
    )
    row = dict(zip(SUMS, one + none, strict=True)) | {"cell_id": "c", "estimand": "rise"}
    at = {name: k for k, name in enumerate(SUMS)}
    row |= {moment(a, b): one[at[a]] * one[at[b]] + none[at[a]] * none[at[b]] for a, b in MOMENTS}
    row |= dict.fromkeys(truth_error.COLUMNS, 0) | {"n_replicates": 2}
    told = performance(pd.DataFrame([row])).set_index("measure")
    assert told.loc["bias", "estimate"] == 1
    assert np.isnan(told.loc["bias", "mcse"])
    assert np.isfinite(told.loc["failed", "mcse"])


def _bias(some):
    error = np.concatenate([one.estimate - one.truth for one in some])
    return np.nanmean(error)


@pytest.mark.parametrize("name", NAMES)
def test_shards_add_up_to_the_same_bits(name):
    small = {"data.n_patients": [400 if name == "surgery_referral" else 60]}
    small["headline.n_patients"] = small["data.n_patients"][0]
    design = files.load(name, small)
    world = worlds(design)[0]
    whole = counting.count(design, world, range(5))
    shards = range(3, 5), range(1), range(1, 3)
    parts = [counting.count(design, world, some) for some in shards]
    assert add(parts).equals(whole)
    assert whole.num_rows == len(counting.cells(design, world))


def test_a_small_cohort_is_the_beginning_of_a_large_one():
    both = {"data.n_patients": [60, 120], "headline.n_patients": 60}
    alone = {"data.n_patients": [60], "headline.n_patients": 60}
    rows = []
    for change in (both, alone):
        design = files.load("regression_to_mean", change)
        rows.append(counting.count(design, worlds(design)[0], range(3)).slice(0, 6))
    assert rows[0].equals(rows[1])


def test_a_curve_that_counts_the_censored_is_unbiased_and_the_landmark_is_not():
    told = figures("retention_reporting", 60)
    for method in ("kaplan_meier_45", "kaplan_meier_90", "kaplan_meier_15"):
        bias = told.loc[(method, "stopped_before", "bias")]
        assert abs(bias["estimate"]) < 3.5 * bias["mcse"], method
        assert told.loc[(method, "stopped_before", "coverage"), "estimate"] > 0.85
    landmark = told.loc[("landmark_90", "stopped_before", "bias")]
    assert landmark["estimate"] > 10 * landmark["mcse"]


def test_who_is_chosen_by_a_report_falls_back_to_what_he_feels():
    told = figures("regression_to_mean", 80, world=4)
    chosen = told.loc[("chosen_at_4", "mean_of_selected", "bias")]
    again = told.loc[("chosen_at_4_asked_at_5", "mean_of_selected", "bias")]
    slope = told.loc[("mixed_model_1_to_4", "mean_slope", "bias")]
    assert chosen["estimate"] > 20 * chosen["mcse"]
    assert abs(again["estimate"]) < 3.5 * again["mcse"]
    assert abs(slope["estimate"]) < 3.5 * slope["mcse"]
    assert told.loc[("mixed_model_1_to_4", "mean_slope", "truth"), "estimate"] == 0


def test_a_pause_that_costs_nothing_causes_nothing():
    free = figures("interruption", 4, changes={"data.vary": {"response.gap_loss": [0.0]}})
    truth = free.loc[("first_session_after", "loss_at_reopening", "truth"), "estimate"]
    assert truth == 0
    dear = figures("interruption", 4, world=5)
    first, fourth = (
        dear.loc[(f"{k}_session_after", "loss_at_reopening", "truth"), "estimate"]
        for k in ("first", "fourth")
    )
    assert first > 30
    assert 0 < fourth < first / 3


def test_the_corrected_correlation_is_nearer_where_surgery_follows_relief():
    told = figures("surgery_referral", 60, world=3)
    plain, corrected = (
        told.loc[(name, "correlation", "bias")]
        for name in ("spearman_100", "spearman_100_corrected")
    )
    assert plain["estimate"] < -5 * plain["mcse"]
    assert abs(corrected["estimate"]) < abs(plain["estimate"]) / 3


def test_saturation_is_that_of_the_product():
    rng = np.random.default_rng(1)
    courses = np.maximum(
        60 * (1 - np.exp(-rng.uniform(0.05, 2, (40, 1)) * np.arange(1, 31)))
        - rng.uniform(0, 60, (40, 1)),
        0,
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        np.testing.assert_allclose(saturation(courses), saturation_session(courses))
        assert np.isnan(half_rise(np.full((1, 30), 40.0))).all()


def test_logistic_regression_solves_its_equations_and_area_counts_pairs():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(500, 3))
    holds = rng.random(500) < 1 / (1 + np.exp(-(0.5 + x @ [1.0, -0.5, 0.0])))
    weights = regression(x, holds.astype(float), ridge=0.0)
    chance = 1 / (1 + np.exp(-(weights[0] + x @ weights[1:])))
    design = np.column_stack([np.ones(500), x])
    assert np.abs(design.T @ (holds - chance)).max() < 1e-6
    score = np.round(chance, 1)
    pairs = score[holds][:, None] - score[~holds][None]
    assert area(score, holds) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"headline.method": "nobody"}, "headline"),
        ({"methods.0.session": 16}, "beyond data.horizon_session 15"),
        ({"methods.0.estimands": ["rise"]}, "is no estimand of the study"),
        ({"data.calendar": "perhaps"}, "data.calendar"),
    ],
)
def test_what_cannot_be_is_named(changes, said):
    with pytest.raises(ValueError, match=said):
        files.load("regression_to_mean", changes)


def test_a_world_without_parameters_of_its_own_is_refused():
    design = files.load("regression_to_mean", {"world.population.ensemble": "thomas2024"})
    with pytest.raises(ValueError, match="name the member"):
        counting.count(design, worlds(design)[0], range(1))


def test_only_some_methods_fit_the_relief_model():
    uses = {name: [uses_model(m) for m in files.load(name).methods] for name in files.available()
            if files.load(name).kind == "estimates"}  # fmt: skip
    assert not any(any(uses[name]) for name in NAMES)
    assert any(uses["selection_accumulation"])
    assert any(uses["curve_identifiability"])
    assert any(uses["prediction_transport"])


@pytest.mark.slow
def test_the_relief_model_sees_through_who_stops():
    told = figures("selection_accumulation", 2, world=1)
    naive = told.loc[("mean_of_reports", "saturation_session", "bias"), "estimate"]
    model = told.loc[("relief_model", "saturation_session", "bias"), "estimate"]
    assert abs(model) < abs(naive) / 2
