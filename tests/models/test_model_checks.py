"""What stands beside the model: replicates respect who reported, a wrong model is caught."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bayes.checks import gaussian, tables
from bayes.checks.clocks import LONG_GAP_DAYS, clock_of
from bayes.checks.columns import COLUMNS
from bayes.checks.leave_out import (
    Logs,
    first_sessions,
    left_out,
    log_marginals,
    model_comparison,
    relief_logs,
)
from bayes.checks.near import shapes_of
from bayes.checks.power_scaling import power_scaling
from bayes.checks.replicates import (
    checked_rows,
    figures,
    missing_check,
    posterior_check,
    replicates,
)
from bayes.checks.sensitivity import ANALYSES, families_differ, why_not
from bayes.checks.tables import predictive_tables
from bayes.checks.variant import VariantTarget, fit_variant, variant_target
from bayes.cohort import MISSING, prepare
from bayes.covariates import covariates_of
from bayes.fit import FitConfig, fit, fit_target
from bayes.parameters import NAMES, scores_of, values
from bayes.posterior import Posterior
from bayes.quantities import SESSIONS
from expectations.protocol import Protocol

NOISE = NAMES.index("noise")


@pytest.fixture(scope="module")
def posterior(make_cohort, make_lesions):
    """Draws that are all the truth: half of 60 patients rise to about 60, half stay at -20."""
    data = make_cohort(60, 10)
    data.loc[data["session_no"] % 7 == 0, "pain_relief_pct"] = np.nan
    cohort = prepare(data, make_lesions(data))
    covariates = covariates_of(cohort)
    natural = values(np.zeros(len(NAMES)))
    natural[NOISE], natural[NAMES.index("tens_share")] = 8.0, 0.999
    natural[NAMES.index("curve_shape")] = 1.0
    score = np.concatenate([scores_of(natural), np.zeros(len(covariates.labels))])
    rng = np.random.default_rng(3)
    plateau = rng.normal(60, 15, 60)  # the generator's own first draws
    rises = np.arange(60) % 2 == 0
    effects = np.zeros((1, 50, 60, 5))
    effects[..., 0] = rises
    effects[..., 1], effects[..., 2] = -20.0, np.where(rises, plateau, -20.0)
    effects[..., 3], effects[..., 4] = np.log(0.6), 1
    scores = np.broadcast_to(score, (1, 50, len(score))).copy()
    return Posterior(cohort, covariates, "marginal", scores, effects, 4)


def share_outside(posterior):
    rows = checked_rows(posterior.cohort)
    table = posterior_check("relief", posterior.cohort, rows, replicates(posterior, rows))
    return ((table["observed"] < table["q05"]) | (table["observed"] > table["q95"])).mean()


def test_replicates_stand_where_a_report_does(posterior):
    rows = checked_rows(posterior.cohort)
    drawn = replicates(posterior, rows)
    assert drawn.shape == (50, len(rows))
    assert (posterior.cohort.kind[rows] != MISSING).all()
    assert set(np.unique(posterior.cohort.session[rows])) == {1, 2, 3, 4, 6, 10}
    assert ((drawn >= 0) & (drawn <= 100)).all()


def test_reports_missing_by_status_are_checked(make_cohort, make_lesions):
    """Half of who has relief and a twentieth of the others miss reports; swapped, it is seen."""
    data = make_cohort(200, 6)
    rng = np.random.default_rng(11)
    rises = data["patient_id"].isin(data.loc[data["pain_relief_pct"] > 40, "patient_id"])
    is_lost = rng.random(len(data)) < np.where(rises, 0.5, 0.05)
    data.loc[is_lost & (data["session_no"] < 4), "pain_relief_pct"] = np.nan
    about = make_lesions(data)
    by_patient = rises.groupby(data["patient_id"]).first()
    about["is_responder"] = about["patient_id"].map(by_patient).astype(float)
    cohort = prepare(data, about)
    covariates = covariates_of(cohort)
    natural = values(np.zeros(len(NAMES)))
    natural[NOISE] = 8.0
    effects = np.zeros((1, 50, len(cohort.patients), 5))
    effects[..., 0] = cohort.is_responder  # course 1 is kept, 0 flat
    effects[..., 1], effects[..., 2] = -60.0, 80.0
    effects[..., 3], effects[..., 4] = np.log(0.8), 1
    for low, high, is_right in ((0.05, 0.5, True), (0.5, 0.05, False)):
        natural[[NAMES.index(name) for name in ("missing_low", "missing_high")]] = low, high
        score = np.concatenate([scores_of(natural), np.zeros(len(covariates.labels))])
        scores = np.broadcast_to(score, (1, 50, len(score))).copy()
        table = missing_check(Posterior(cohort, covariates, "marginal", scores, effects, 4))
        table = table[table["status"] != "all"]
        assert set(table["session_no"]) == {1, 2, 3}
        inside = table["observed"].between(table["q05"], table["q95"])
        assert (inside.mean() > 0.6) == is_right


def test_the_true_model_passes_and_a_quiet_one_is_caught(posterior):
    scores = posterior.scores.copy()
    natural = values(scores[0, 0, : len(NAMES)])
    natural[NOISE] = 2.0
    scores[..., : len(NAMES)] = scores_of(natural)
    assert share_outside(posterior) < 0.25
    assert share_outside(replace(posterior, scores=scores)) > 0.4


def test_figures_of_known_reports():
    found = figures(np.array([0.0, 10.0, 25.0, 40.0, 100.0]))
    assert found["zeros_pct"] == pytest.approx(20)
    assert found["tens_pct"] == pytest.approx(200 / 3)  # of 10, 25 and 40
    assert found["mean_pct"] == pytest.approx(35)
    assert found["sd_pct"] == pytest.approx(np.std([0, 10, 25, 40, 100], ddof=1))
    assert np.isnan(figures(np.zeros(3))["tens_pct"])
    assert figures(np.array([-4.0, 50.0]))["outside_pct"] == pytest.approx(50)


def test_the_gaussian_marginal_is_that_of_the_dense_normal(posterior):
    """Against a 2-D integral by hand: the covariance written out at every node of the rate."""
    from scipy.stats import multivariate_normal

    cohort = posterior.cohort
    score = np.array([0.3, -0.2, 0.1, 0.4, 0.5, 0.2, -0.3, 0.1])
    value = gaussian._natural(score)
    kept = (cohort.patient == 2) & (cohort.kind != MISSING)
    s, y = cohort.session[kept].astype(float), cohort.relief[kept]
    off = value["start_plateau_correlation"] * value["start_sd"] * value["plateau_sd"]
    spread = np.array([[value["start_sd"] ** 2, off], [off, value["plateau_sd"] ** 2]])
    weight = np.exp(-(gaussian.RATE_NODES**2) / 2)
    total = 0.0
    for z, w in zip(gaussian.RATE_NODES, weight / weight.sum(), strict=True):
        left = np.exp(-np.exp(value["log_rate_mean"] + value["log_rate_sd"] * z) * s)
        x = np.column_stack([left, 1 - left])
        mean = x @ [value["start_mean"], value["plateau_mean"]]
        covariance = value["sd"] ** 2 * np.eye(len(s)) + x @ spread @ x.T
        total += w * multivariate_normal(mean, covariance).pdf(y)
    found = gaussian.patient_logs(score, gaussian.sums_of(cohort))[2]
    assert found == pytest.approx(np.log(total))


def test_the_gaussian_curve_recovers_its_own_world():
    rng = np.random.default_rng(8)
    n, session = 80, np.arange(1, 11)
    start, plateau = rng.normal(5, 5, (n, 1)), rng.normal(45, 10, (n, 1))
    y = start + (plateau - start) * (1 - np.exp(-0.4 * session)) + rng.normal(0, 6, (n, 10))
    y = np.clip(np.round(y), 0, 100)
    ids = np.repeat(np.arange(n).astype(str), 10)
    data = pd.DataFrame(
        {"patient_id": ids, "session_no": np.tile(session, n), "pain_relief_pct": y.ravel()}
    )
    found = gaussian.fit_gaussian(prepare(data), 200, 1)
    mean = gaussian.courses(gaussian.draw_effects(found), np.arange(1.0, 31)).mean(axis=(0, 1))
    truth = 5 + 40 * (1 - np.exp(-0.4 * np.arange(1.0, 31)))
    assert found.pareto_k < 0.7
    assert np.abs(mean - truth)[:15].max() < 3


def test_the_gaussian_curve_misses_the_zeros(posterior):
    made = predictive_tables(posterior, gaussian.fit_gaussian(posterior.cohort, 100, 2))
    for name, frame in made.items():
        assert list(frame.columns) == list(COLUMNS[name]), name
    check = made["posterior_check"]
    zeros = check[(check["statistic"] == "zeros_pct") & (check["status"] == "all")]
    by = zeros.set_index(["model", "session_no"])
    assert abs(by.loc[("relief", 1), "q50"] - by.loc[("relief", 1), "observed"]) < 10
    assert by.loc[("gaussian_curve", 1), "q95"] < by.loc[("relief", 1), "observed"]


def test_a_held_parameter_keeps_its_value_and_moves_nothing_else(make_cohort, make_lesions):
    """The density does not feel its coordinate, and its slopes are those of differences."""
    data = make_cohort(12, 6)
    cohort = prepare(data, make_lesions(data))
    target = VariantTarget(cohort, covariates_of(cohort), threads=1, held={"curve_shape": 1.5})
    at = NAMES.index("curve_shape")
    point = np.random.default_rng(2).normal(0, 0.3, target.size)
    places = target.new_places()
    target.adapt(point, places, 8)
    moved = point.copy()
    moved[at] += 2.0
    fall = (moved @ moved - point @ point) / 2
    assert target.density(point, places) - target.density(moved, places) == pytest.approx(fall)
    _, slope = target.density_and_slope(point, places)
    assert slope[at] == pytest.approx(-point[at])
    step = 1e-5 * np.eye(target.size)[NAMES.index("log_rate_mean")]
    by_hand = (target.density(point + step, places) - target.density(point - step, places)) / 2e-5
    assert slope[NAMES.index("log_rate_mean")] == pytest.approx(by_hand, rel=1e-3)
    assert values(target.placed(point)[: len(NAMES)])[at] == pytest.approx(1.5)


@pytest.fixture(scope="module")
def data(make_cohort):
    """Sessions of 20 patients, two weeks apart."""
    rows = make_cohort(20, 6)
    later = pd.to_timedelta(14 * rows["session_no"] + 9 * (rows.index // 6), unit="D")
    return rows.assign(session_date=pd.Timestamp("2019-01-01") + later)


@pytest.fixture(scope="module")
def shipped(data, make_lesions):
    """A fit of them; too few draws to be shown."""
    config = FitConfig(engine="marginal", marginal_draws=90)
    return fit(data, config, patients=make_lesions(data))


def test_a_fit_near_the_shipped_one_is_the_fit_from_scratch(shipped):
    """Every parameter's mean within five Monte Carlo errors; half a deviation off would be seen."""
    cohort, held = shipped.posterior.cohort, {"curve_shape": 1.5}
    target = variant_target(cohort, held)
    dear = fit_target(target, FitConfig(engine="marginal", marginal_draws=1000), shipped.mode)
    near = fit_variant(cohort, shapes_of(shipped, 2), held=held, n_draws=300, seed=2)
    assert near.fit.diagnosis.status == dear.diagnosis.status == "converged"
    whole = replace(dear.posterior, scores=target.placed(dear.posterior.scores))
    one, other = near.fit.posterior.scores[0], whole.scores[0]
    spread = other.std(axis=0)
    error = np.sqrt(1 / near.fit.diagnosis.ess_min + 1 / dear.diagnosis.ess_min) * spread
    off = np.abs(one.mean(axis=0) - other.mean(axis=0))
    assert (off <= 5 * error + 1e-9).all()
    assert (off + spread / 2 > 5 * error)[spread > 0].sum() > len(off) / 2
    assert one.std(axis=0) == pytest.approx(spread, rel=0.35)
    course = [p.mean_reports(SESSIONS).mean(axis=(0, 1)) for p in (near.fit.posterior, whole)]
    assert course[0] == pytest.approx(course[1], abs=1.5)
    known = relief_logs(target, near.fit.posterior.scores[0]).known
    assert np.abs(near.known - known).mean() < 0.01  # nodes follow by one step from elsewhere


def test_the_first_sessions_are_all_that_is_scored_of_the_first_sessions(make_cohort):
    """Cutting later rows off says what silencing them says, also of who has no early row."""
    data = make_cohort(6, 8)
    data = data[(data["patient_id"] != data["patient_id"].iloc[-1]) | (data["session_no"] > 5)]
    cohort = prepare(data)
    early = np.where(cohort.session <= 4, cohort.kind, MISSING)
    whole = variant_target(replace(cohort, kind=early), {})
    cut = replace(whole, cohort=first_sessions(cohort))
    points = np.random.default_rng(3).normal(0, 0.3, (2, whole.size))
    by_hand = log_marginals(whole, points)
    assert log_marginals(cut, points) == pytest.approx(by_hand, abs=1e-3)
    assert by_hand[:, -1] == pytest.approx(0, abs=1e-3)


def test_leaving_out_is_what_a_fit_without_the_patient_says():
    """Normal mean with known spread: the exact predictive of the one left out is known."""
    rng = np.random.default_rng(6)
    y = rng.normal(1.0, 1.0, 30)
    n, draws = len(y), 4000
    mu = rng.normal(y.mean(), 1 / np.sqrt(n), draws)
    known = -((y - mu[:, None]) ** 2) / 2 - np.log(2 * np.pi) / 2
    found, k = left_out(
        Logs(known, known, np.zeros_like(known)), np.ones(n, bool), future_only=False
    )
    rest = (y.sum() - y) / (n - 1)
    variance = 1 + 1 / (n - 1)
    exact = -((y - rest) ** 2) / (2 * variance) - np.log(2 * np.pi * variance) / 2
    assert found == pytest.approx(exact, abs=0.02)
    assert (k < 0.7).all()


def test_a_better_model_scores_better_and_one_that_failed_has_no_number(posterior):
    cohort = posterior.cohort
    n = len(cohort.patients)
    rng = np.random.default_rng(7)
    good = rng.normal(-20, 0.1, (100, n))
    first = good / 2
    by = {
        "shipped": ("converged", Logs(good, good, first)),
        "worse": ("converged", Logs(good - 2, good - 2, first - 1)),
        "failed": ("not_converged", Logs(good, good, first)),
    }
    table = model_comparison(by, cohort, "shipped").set_index(["task", "variant"])
    assert table.loc[("patient_left_out", "worse"), "difference"] == pytest.approx(-2 * n)
    assert table.loc[("future_left_out", "worse"), "difference"] == pytest.approx(-n)
    assert table.loc[("patient_left_out", "shipped"), "difference"] == 0
    assert np.isnan(table.loc[("patient_left_out", "failed"), "elpd"])


def test_sessions_after_a_change_are_left_out_and_their_stop_is_not_known():
    sessions = pd.DataFrame(
        {
            "patient_id": ["a"] * 4 + ["b"] * 2,
            "session_no": [1, 2, 3, 4, 1, 2],
            "pain_relief_pct": 10.0,
            "analgesics_changed": [True, False, True, False, False, None],
            "session_date": pd.to_datetime(
                ["2020-01-01", "2020-01-15", "2020-01-29", "2020-04-29"] + ["2021-01-01"] * 2
            ),
        }
    )
    sessions.loc[5, "session_date"] = pd.Timestamp("2021-01-29")
    people = pd.DataFrame(
        {"patient_id": ["a", "b"], "n_sessions": [4, 2], "stop_reason": ["loss_of_efficacy"] * 2}
    )
    kept, who = ANALYSES["before_drug_change"].frames(sessions, people)
    assert kept["session_no"].tolist() == [1, 2, 1, 2]
    assert who["n_sessions"].tolist() == [2, 2]
    assert who["stop_reason"].tolist() == ["ongoing", "loss_of_efficacy"]
    late, people_late = ANALYSES["late_years"].frames(sessions, people)
    assert set(late["patient_id"]) == set(people_late["patient_id"]) == {"b"}
    assert why_not(ANALYSES["before_covid_gap"], sessions) == "has_covid_gap was not delivered"
    clock = clock_of(prepare(sessions, people), sessions)
    # Typical interval of sessions 1-4: 14, 14, 91 and 28 days: 21. b goes on by its own 28 days.
    assert clock[0, :4].tolist() == [1, 2, 2, 7]
    assert clock[1, :4] == pytest.approx([1, 2, 2 + 28 / 21, 2 + 56 / 21])


def test_after_a_long_gap_sessions_are_left_out_or_the_curve_begins_anew():
    days = [
        0,
        14,
        28,
        42,
        250,
        264,
        0,
        14,
        28,
        42,
        222,
        236,
    ]  # 208 days; and 180, which is not long
    sessions = pd.DataFrame(
        {
            "patient_id": np.repeat(["a", "b"], 6),
            "session_no": np.tile(np.arange(1, 7), 2),
            "pain_relief_pct": 20.0,
            "session_date": pd.Timestamp("2019-09-02") + pd.to_timedelta(days, unit="D"),
        }
    )
    people = pd.DataFrame(
        {"patient_id": ["a", "b"], "n_sessions": 6, "stop_reason": "emcs_surgery"}
    )
    shuffled = sessions.sample(frac=1, random_state=1)
    kept, who = ANALYSES["before_long_gap"].frames(shuffled, people)
    assert kept.groupby("patient_id")["session_no"].max().tolist() == [4, 6]
    assert who["stop_reason"].tolist() == ["ongoing", "emcs_surgery"]
    clock = ANALYSES["restart_after_gap"].clock(prepare(shuffled, people), shuffled)
    by = dict(zip(prepare(shuffled, people).patients, clock[:, :7].tolist(), strict=True))
    assert by["a"] == [1, 2, 3, 4, 1, 2, 3]
    assert by["b"] == [1, 2, 3, 4, 5, 6, 7]
    assert Protocol().long_gap_days == LONG_GAP_DAYS
    undated = shuffled.assign(session_date=pd.NaT)
    assert why_not(ANALYSES["restart_after_gap"], undated) == "session_date was not delivered"


def test_families_that_differ_by_more_than_two_sessions_are_flagged():
    rows = [("shipped", "saturation_a", 5.0), ("shape_0.7", "saturation_a", 7.5)]
    rows += [("shipped", "saturation_b", 5.0), ("shape_1.5", "saturation_b", 6.0)]
    rows += [("late_years", "saturation_b", 9.0), ("shipped", "accumulation", 5.0)]
    table = families_differ(pd.DataFrame(rows, columns=["analysis", "term", "q50"]))
    assert table["families_differ"].tolist()[:4] == [True, True, False, False]
    assert table["families_differ"].isna().tolist()[4:] == [True, True]


def test_a_prior_that_decides_is_told_from_one_that_does_not():
    rng = np.random.default_rng(9)
    scores = rng.normal(0, 1, (1000, 1))
    weak = -((scores - rng.normal(0, 30, 5)) ** 2) / (2 * 30**2)
    by_prior = power_scaling({"answer": scores[:, 0] ** 2}, scores, weak).iloc[0]
    assert by_prior["prior_sensitivity"] > 0.05 > by_prior["likelihood_sensitivity"]
    assert by_prior["diagnosis"] == "the prior decides, the reports say little"


def test_tables_have_their_columns(shipped, data, make_lesions, monkeypatch):
    few = {name: ANALYSES[name] for name in ("shape_1.0", "restart_after_gap", "before_covid_gap")}
    monkeypatch.setattr(tables, "ANALYSES", few)
    monkeypatch.setattr(tables, "VARIANTS", {"no_relapse": tables.VARIANTS["no_relapse"]})
    made = tables.check_tables(shipped, data, make_lesions(data))
    assert set(made) == set(COLUMNS)
    for name, frame in made.items():
        assert list(frame.columns) == list(COLUMNS[name]), name
        assert len(frame), name
    assert set(made["sensitivity"]["analysis"]) == {"shipped", *few}
    told = made["sensitivity"].set_index("analysis")["status"]
    assert told["before_covid_gap"] == "not_made" and (told[["shape_1.0"]] == "converged").all()
    assert set(made["model_comparison"]["variant"]) == {
        "shipped", "shape_1.0", "no_relapse", "gaussian_curve",
    }  # fmt: skip
