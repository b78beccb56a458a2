"""First evaluation after surgery: exact posterior, selection, one patient, thin clinics."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from bayes.heaping import cells, log_probability
from bayes.surgery import correlation as c
from bayes.surgery.line import CARRY_SD, LEVEL_PRIOR_PCT, SPREAD_PRIOR_LOG, TO_SD, fit_line
from bayes.surgery.prediction import Bands, basis, replicates, report_chances
from bayes.surgery.records import Candidates, candidates
from bayes.surgery.tables import surgery_tables

TENS, FIVES, SIGMA, DRAWS = 0.6, 0.75, 12.0, 300


def candidates_of(x, first, *, error=4.0, seed=1, last=None):
    """Candidates whose curves are known up to `error`; evaluations are NaN where not operated."""
    rng = np.random.default_rng(seed)
    relief = np.clip(np.asarray(x) + rng.normal(0, error, (DRAWS, len(x))), 0, 100)
    last = 10 * np.round(np.asarray(x) / 10) if last is None else last
    law = (np.full(DRAWS, value) for value in (SIGMA, TENS, FIVES))
    is_operated = np.isfinite(first)
    ids = np.array([f"{k:032x}" for k in range(len(x))])
    return Candidates(ids, relief, last, first, is_operated, *law, {"without": 0})


def clinic(n=190, operated=25, *, slope=0.9, scale=9.0, knew=0.0, seed=3):
    """Candidates, and the truth among them: correlation of x and z, of candidates."""
    rng = np.random.default_rng(seed)
    x = np.clip(rng.normal(25, 28, n), 1, 95)
    left = rng.logistic(0, 1 / TO_SD, n) if knew == 0 else rng.standard_normal(n)
    choice = knew * left + np.sqrt(1 - knew**2) * rng.standard_normal(n)
    index = choice + ndtri(np.clip(operated / n * (0.2 + 0.8 * x / x.mean()), 0.001, 0.7))
    said = 5 + slope * x + scale * TO_SD * left
    first = np.clip(5 * np.round(said / 5), 0, 100)
    first[np.argsort(-index)[operated:]] = np.nan
    signal = slope * x.std()
    return candidates_of(x, first), signal / np.hypot(signal, TO_SD * scale)


def line_of(who, seed):
    used = who.is_used
    of_operated = who.first[used], who.relief[:, used], who.last_report[used]
    return fit_line(*of_operated, TENS, FIVES, seed)


def estimate(tables, population="candidates", term="correlation_with_report", knew=0.0):
    frame = tables["surgery_estimate"].set_index(["population", "term", "surgeon_knew"])
    return frame.loc[(population, term, knew)]


def test_the_posterior_is_that_of_a_brute_force_sum_over_the_prior():
    first, x = np.array([0.0, 30, 45, 100]), np.array([5.0, 20, 55, 80])
    last = np.array([0.0, 30, 50, 90])
    rng = np.random.default_rng(2)
    relief = x + rng.normal(0, 3, (400, 4))
    line = fit_line(first, relief, last, TENS, FIVES, seed=1)

    spread, centre, n = relief.std(), relief.mean(), 150_000
    level = rng.normal(*LEVEL_PRIOR_PCT, n)
    total, rho = rng.lognormal(*SPREAD_PRIOR_LOG, n), rng.uniform(-1, 1, n)
    slope, carry = rho * total / spread, rng.normal(0, CARRY_SD, n)
    scale = total * np.sqrt(1 - rho**2) / TO_SD
    share = [TENS, (1 - TENS) * FIVES, (1 - TENS) * (1 - FIVES)]
    nodes = np.quantile(relief, (np.arange(9) + 0.5) / 9, axis=0)
    weight = np.ones(n)
    for i, report in enumerate(first):
        cell = cells(np.array([report])).over_draws()
        latent = [level + slope * (m - centre) + carry * (last[i] - m) for m in nodes[:, i]]
        each = [log_probability(cell, z[None], scale, share)[0] for z in latent]
        weight *= np.exp(each).mean(axis=0)
    weight /= weight.sum()
    assert 1 / (weight**2).sum() > 3000
    for name, value in {"level": level, "slope": slope, "carry": carry, "scale": scale}.items():
        mean = weight @ value
        sd = np.sqrt(weight @ (value - mean) ** 2)
        drawn = getattr(line, name)
        assert drawn.mean() == pytest.approx(mean, abs=0.12 * sd), name
        assert drawn.std() == pytest.approx(sd, rel=0.12), name


def test_correlations_stay_within_one_and_hold_the_truth():
    held = 0
    for seed in range(5):
        who, truth = clinic(seed=seed)
        table = surgery_tables(who, seed)["surgery_estimate"]
        rho = table[table["term"].str.startswith("correlation")]
        ends = rho[["mean", "q05", "q50", "q95"]]
        assert ((ends >= -1) & (ends <= 1)).all(axis=None)
        assert (rho["q05"] <= rho["mean"]).all() and (rho["mean"] <= rho["q95"]).all()
        row = estimate({"surgery_estimate": table})
        held += row["q05"] <= truth <= row["q95"]
    assert held >= 4


def test_a_correlation_above_what_noise_allows_is_no_correlation_above_one():
    # Reports that differ from a line less than sessions' noise would: classical disattenuation
    # by the reliability of both leads above 1.
    x = np.linspace(5, 95, 20)
    first = np.clip(10 * np.round(x / 10), 0, 100)
    row = estimate(surgery_tables(candidates_of(x, first), 1), "operated", "correlation")
    assert 0.9 < row["q05"] < row["q95"] <= 1


def test_error_in_the_curve_does_not_attenuate_the_slope():
    """Planted: plugging in one draw of the curve as if it were known flattens the line."""
    rng = np.random.default_rng(5)
    x = rng.normal(50, 10, 80)
    reports = x[:, None] + rng.normal(0, 30, (80, 9))
    seen, last = reports.mean(axis=1), reports[:, -1]
    relief = 50 + (seen - 50) / 2 + rng.normal(0, 10 / np.sqrt(2), (DRAWS, 80))
    first = np.clip(np.round(x + rng.logistic(0, 4, 80)), 0, 100)
    line = fit_line(first, relief, last, 0.0, 0.0, seed=1)
    plugged = fit_line(first, relief[:1], last, 0.0, 0.0, seed=1)
    assert np.quantile(line.slope, 0.05) < 1 < np.quantile(line.slope, 0.95)
    assert np.quantile(plugged.slope, 0.95) < 0.75


def test_candidates_differ_more_than_the_operated_and_so_do_their_correlations():
    """Planted: the operated's correlation is not the candidates', whose relief differs more."""
    rng = np.random.default_rng(7)
    x = np.concatenate([rng.uniform(40, 60, 60), rng.uniform(0, 100, 200)])
    said = 5 + 0.9 * x + rng.logistic(0, 8, 260)
    first = np.where(np.arange(260) < 60, np.clip(5 * np.round(said / 5), 0, 100), np.nan)
    tables = surgery_tables(candidates_of(x, first, error=2.0), 1)
    truth = 0.9 * x.std() / np.hypot(0.9 * x.std(), TO_SD * 8)
    row, ignored = estimate(tables), estimate(tables, "operated")
    assert row["q05"] < truth < row["q95"]
    assert ignored["q95"] < truth


def test_a_surgeon_who_knew_more_biases_the_stated_selection_and_the_range_covers_it():
    stated, told, truths = [], [], []
    for seed in range(3):
        who, _ = clinic(600, operated=80, knew=0.6, seed=seed)
        line = line_of(who, seed)
        for knew, found in ((0.0, stated), (0.6, told)):
            relation = c.relation(line, np.zeros(len(line.level)), who, knew)
            at_25 = relation.level + relation.slope * (25 - line.centre)
            found.append(at_25.mean())
        truths.append(5 + 0.9 * 25)
    assert np.mean(stated) - np.mean(truths) > 4
    assert abs(np.mean(told) - np.mean(truths)) < 3


def test_a_choice_that_knows_nothing_more_changes_nothing():
    who, _ = clinic()
    line = line_of(who, 1)
    none = np.zeros(len(line.level))
    assert (c.relation(line, none, who, 0.0).slope == line.slope).all()
    nearly = c.relation(line, none, who, 1e-9)
    assert nearly.slope == pytest.approx(line.slope, abs=1e-6)
    assert nearly.residual_sd == pytest.approx(TO_SD * line.scale)


def test_predictions_hold_the_evaluations_they_did_not_see():
    inside, n = 0, 0
    for seed in range(3):
        who, _ = clinic(operated=40, seed=20 + seed)
        table = surgery_tables(who, seed)["surgery_agreement"].set_index("figure")
        inside += table.loc["within_interval.n", "observed"]
        n += 40
    assert 0.85 < inside / n < 0.99


def test_the_own_evaluation_is_left_out_of_the_own_prediction():
    x = np.linspace(10, 90, 12)
    low, high = 10 * np.round(x / 10), 10 * np.round(x / 10)
    low[5], high[5] = 0.0, 100.0
    told = []
    for first in (low, high):
        who = candidates_of(x, first)
        line = line_of(who, 1)
        told.append(report_chances(line, who, 1)[5] @ np.arange(101))
    assert told[0] == pytest.approx(told[1], abs=9)


def test_replicates_follow_the_law_of_reports():
    who, _ = clinic(operated=30)
    line = line_of(who, 1)
    drawn = replicates(line, who, 1)
    assert ((drawn >= 0) & (drawn <= 100)).all() and (drawn == np.round(drawn)).all()
    assert (drawn % 10 == 0).mean() > TENS


def test_below_ten_with_three_such_patients_is_extrapolated():
    x = np.array([5.0, 5, 5, 20, 20, 20, 20, 20, 20, 50, 80, 5])
    first = np.where(np.arange(12) < 11, 30.0, np.nan)
    found = basis(candidates_of(x, first, last=x), Bands())
    assert found["n_similar"].tolist()[-1] == 3
    assert found["extrapolated_reason"].iloc[-1] == (
        "3 evaluated patients had a last reported relief below 10 % under rTMS, fewer than 5"
    )
    assert not found["is_extrapolated"].iloc[3] and found["n_similar"].iloc[3] == 5


@pytest.mark.parametrize(
    ("operated", "said"),
    [
        (0, "no patient was operated"),
        (1, "1 operated patient has"),
        (2, "2 operated patients have"),
    ],
)
def test_too_few_operated_are_not_estimated_and_say_why(operated, said):
    x = np.linspace(0, 90, 30)
    first = np.where(np.arange(30) < operated, 40.0, np.nan)
    tables = surgery_tables(candidates_of(x, first), 1)
    table = tables["surgery_estimate"]
    assert (table["status"] == "not_estimated").all() and table["mean"].isna().all()
    assert table["reason"].iloc[0].startswith(said)
    assert tables["patient_surgery_outlook"].empty and tables["surgery_agreement"].empty


@pytest.mark.parametrize(
    "first", [np.zeros(6), np.full(6, 100.0), np.array([0, 0, 0, 0, 0, 100.0])]
)
def test_evaluations_that_hardly_differ_give_wide_intervals_and_no_crash(first):
    x = np.concatenate([np.full(6, 40.0), np.linspace(0, 90, 20)])
    tables = surgery_tables(candidates_of(x, np.append(first, np.full(20, np.nan))), 1)
    row = estimate(tables, "operated", "correlation")
    assert row["status"] == "estimated" and row["q95"] - row["q05"] > 0.5
    told = tables["patient_surgery_outlook"]
    assert (told["q05_relief_pct"] <= told["q95_relief_pct"]).all()
    assert told[[f"p_reported_ge_{cut}" for cut in (10, 30, 50)]].notna().all(axis=None)


def test_a_report_with_decimals_is_taken_as_printed():
    who, _ = clinic()
    first = who.first.copy()
    first[np.flatnonzero(who.is_used)[0]] = 33.5
    tables = surgery_tables(candidates_of(who.relief.mean(axis=0), first), 1)
    assert estimate(tables)["status"] == "estimated"


def test_who_enters_and_why_not():
    ids = np.array([f"{k:032x}" for k in range(5)])
    sessions = pd.DataFrame(
        {
            "patient_id": np.repeat(ids, 3),
            "session_no": np.tile([1, 2, 3], 5),
            "pain_relief_pct": [10, 20, 90, 0, 0, 0, 30, 30, np.nan, 40, 40, 40, 50, 50, 50],
        }
    )
    emcs = pd.DataFrame(
        {
            "patient_id": [*ids[:4], "f" * 32],
            "n_sessions_before": [2, 3, 3, 3, 0],
            "emcs_first_relief_pct": [40.0, np.nan, 60, 70, 80],
            "is_first_in_window": pd.array([True, None, False, True, True], dtype="boolean"),
            "is_first_conventional": pd.array([None, None, True, False, True], dtype="boolean"),
        }
    )
    from bayes.parameters import NAMES, values

    natural = values(np.zeros((2, len(NAMES))))
    effects = np.zeros((2, 5, 5))
    effects[..., 1:3] = 30.0
    who = candidates(ids, natural, effects, sessions, emcs)
    assert np.flatnonzero(who.is_used).tolist() == [0]
    assert who.last_report.tolist() == [20, 0, 30, 40, 50]
    assert who.is_operated.tolist() == [True] * 4 + [False]
    assert list(who.unused.values()) == [1, 1, 2] and who.n_operated == 5
