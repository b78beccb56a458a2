"""Measures by hand, their Monte Carlo errors by brute force, and the fused count by a slow one."""

import math

import numpy as np
import pandas as pd
import pytest

from simulate.studies import choice, counting, files, grid, worlds
from simulate.studies.performance import MEASURES, net_benefit, observed, performance
from simulate.studies.ratios import Ratio, ratio
from simulate.studies.sums import MOMENTS, SUMS, moment

N = 193


def table(replicates: pd.DataFrame, n_patients: int = N) -> pd.DataFrame:
    """One cell's row, as the store holds it, from its replicates."""
    return pd.DataFrame([totals(replicates, n_patients)])


def totals(replicates: pd.DataFrame, n_patients: int = N) -> dict:
    n = len(replicates)
    zero = np.zeros(n, dtype=np.int64)
    full = {s: replicates[s].to_numpy(np.int64) if s in replicates else zero for s in SUMS}
    row = {"cell_id": "cell", "n_replicates": n, "n_patients": n * n_patients}
    row |= {name: int(values.sum()) for name, values in full.items()}
    return row | {moment(a, b): int((full[a] * full[b]).sum()) for a, b in MOMENTS}


def figures(row: pd.DataFrame) -> dict:
    return performance(row).set_index("measure").to_dict("index")


def drawn(rng: np.random.Generator, n_replicates: int) -> pd.DataFrame:
    """Replicates whose patients are more alike than chance: each has shares of its own."""
    shares = rng.dirichlet([21, 9, 5, 15], n_replicates)
    counts = np.array([rng.multinomial(N, share) for share in shares])
    made = pd.DataFrame(counts, columns=["tp", "fp", "fn", "tn"])
    made["n_late"] = rng.binomial(made["tp"], 0.2)
    made["n_test_sessions"] = 4 * N - rng.poisson(20, n_replicates)
    made["n_test_days"] = 18 * made["n_test_sessions"] - rng.poisson(50, n_replicates)
    made["n_sessions_without_relief"] = 4 * made["tn"] + 12 * made["fp"]
    made["n_days_without_relief"] = 20 * made["n_sessions_without_relief"]
    made["n_completed"] = N - rng.poisson(8, n_replicates)
    made["n_missed_completed"] = rng.binomial(made["fn"], 0.9)
    made["n_sessions_without_relief_completed"] = made["n_sessions_without_relief"] - 9
    made["n_carried"] = rng.poisson(6, n_replicates)
    made["n_without_report"] = rng.poisson(1, n_replicates)
    return made


def test_measures_by_hand():
    # two cohorts of 50: 50 with long-term relief (40 accepted), 50 without (20 accepted)
    half = {
        "tp": 20, "fp": 10, "fn": 5, "tn": 15, "n_late": 2, "n_test_sessions": 190,
        "n_test_days": 3500, "n_sessions_without_relief": 210, "n_days_without_relief": 4200,
        "n_completed": 48, "n_missed_completed": 4, "n_sessions_without_relief_completed": 204,
    }  # fmt: skip
    found = figures(table(pd.DataFrame([half, half]), 50))
    expected = {
        "sensitivity": 0.8,
        "specificity": 0.6,
        "ppv": 2 / 3,
        "npv": 0.75,
        "prevalence": 0.5,
        "accepted_per_100": 60,
        "missed_per_100": 10,
        "missed_per_100_completers": 100 * 8 / 96,
        "sessions_without_long_term_relief_per_100": 420,
        "sessions_without_long_term_relief_per_100_completers": 425,
        "weeks_without_long_term_relief_per_100": 1200,
        "expected_test_sessions": 3.8,
        "expected_test_weeks": 10,
        "test_sessions_per_responder_found": 9.5,
        "test_weeks_per_responder_found": 25,
        "late_responders_per_100": 4,
        "report_carried_forward_per_100": 0,
        "without_report_per_100": 0,
    }
    assert {name: one["estimate"] for name, one in found.items()} == pytest.approx(expected)
    assert set(found) == set(MEASURES)
    assert found["ppv"]["n"] == 60
    nobody = {"report_carried_forward_per_100", "without_report_per_100"}
    assert all(found[name]["mcse"] == pytest.approx(0, abs=1e-6) for name in set(found) - nobody)
    assert all(found[name]["mcse"] > 10 for name in nobody), "two cohorts without one say little"


def test_what_nobody_defines_is_nan_with_nobody_behind_it():
    all_accepted = figures(table(pd.DataFrame([{"tp": 90, "fp": 103}] * 3)))
    assert math.isnan(all_accepted["npv"]["estimate"])
    assert all_accepted["npv"]["n"] == 0
    alone = figures(table(pd.DataFrame([{"tp": 90, "fp": 103}])))
    assert math.isnan(alone["ppv"]["mcse"]), "one replicate says nothing of the spread"


@pytest.fixture(scope="module")
def again_and_again():
    rng = np.random.default_rng(20261126)
    return pd.DataFrame([totals(drawn(rng, 60)) for _ in range(600)])


@pytest.mark.parametrize("name", MEASURES)
def test_the_error_is_the_spread_of_studies_run_again_and_again(name, again_and_again):
    estimate, mcse, _ = ratio(again_and_again, MEASURES[name])
    assert np.sqrt(np.mean(mcse**2)) == pytest.approx(np.std(estimate), rel=0.1)


@pytest.fixture(scope="module")
def whole_and_left_out():
    replicates = drawn(np.random.default_rng(7), 300)
    left_out = [totals(replicates.drop(index=r)) for r in range(300)]
    return table(replicates), pd.DataFrame(left_out)


@pytest.mark.parametrize("name", MEASURES)
def test_the_error_is_that_of_a_jackknife_over_replicates(name, whole_and_left_out):
    whole, rows = whole_and_left_out
    left_out, _, _ = ratio(rows, MEASURES[name])
    jackknife = math.sqrt(299 / 300 * np.sum((left_out - left_out.mean()) ** 2))
    assert ratio(whole, MEASURES[name])[1][0] == pytest.approx(jackknife, rel=0.01)


def test_an_error_that_ignored_the_replicates_would_be_too_small():
    """The planted fault: patients of one cohort taken as independent."""
    whole = figures(table(drawn(np.random.default_rng(3), 400)))["sensitivity"]
    as_if = math.sqrt(whole["estimate"] * (1 - whole["estimate"]) / whole["n"])
    assert whole["mcse"] > 1.3 * as_if


def test_net_benefit_and_what_a_centre_would_see():
    replicates = drawn(np.random.default_rng(5), 200)
    row, total = table(replicates), replicates.sum()
    n = 200 * N
    benefit = net_benefit(row, 20).iloc[0]
    assert benefit["net_benefit"] == pytest.approx((total["tp"] - 0.25 * total["fp"]) / n)
    has = total["tp"] + total["fn"]
    assert benefit["treat_all"] == pytest.approx((has - 0.25 * (n - has)) / n)
    by_replicate = (replicates["tp"] - 0.25 * replicates["fp"]) / N
    assert benefit["mcse"] == pytest.approx(by_replicate.std() / math.sqrt(200))
    seen = observed(row, 0.17).set_index("measure")["estimate"]
    assert seen["observed_sensitivity"] == pytest.approx(
        total["tp"] / (total["tp"] + 0.17 * total["fn"])
    )
    assert seen["observed_ppv"] == pytest.approx(total["tp"] / (total["tp"] + total["fp"]))


def test_a_measure_whose_products_are_not_counted_is_refused():
    row = table(drawn(np.random.default_rng(1), 5))
    with pytest.raises(KeyError):
        ratio(row, Ratio({"n_late": 1}, {"n_test_days": 1}))


# --- the fused count against a slow one -----------------------------------------------------------


@pytest.fixture(scope="module")
def small():
    return files.load("test_period_length", {"data.n_patients": 40})


def test_the_fused_count_is_the_slow_count(small):
    """Every cell of the shipped study, sums and products, patient by patient in plain Python."""
    (world,) = worlds.worlds(small)
    fast = counting.count(small, world, range(3, 6)).to_pandas()
    batch = worlds.draw(world, small.seed, range(3, 6), 40, small.data.horizon_session)
    cells = grid.cells(small, world)
    rng = np.random.default_rng(11)
    for index in rng.choice(len(cells), 150, replace=False):
        slow = pd.DataFrame([slow_count(batch, r, cells.loc[index], small) for r in range(3)])
        row = table(slow, 40).iloc[0]
        for name in [*SUMS, *(moment(*pair) for pair in MOMENTS)]:
            assert fast.loc[index, name] == row[name], (cells.loc[index].to_dict(), name)


def slow_count(batch, r, cell, design):
    found = dict.fromkeys(SUMS, 0)
    for i in range(batch.n_sessions.shape[1]):
        truth = slow_truth(batch, r, i, cell)
        stay, lag = int(batch.n_sessions[r, i]), int(cell["decision_n_lag_visits"])
        accepted, at, basis = slow_decision(batch, r, i, cell, int(cell["test_sessions"]), truth)
        completes = stay >= at
        accepted = accepted and completes
        used = min(stay, at + lag)
        found["n_test_sessions"] += used
        found["n_test_days"] += int(batch.session_day[r, i, used - 1])
        found["n_completed"] += completes
        found["n_carried"] += completes and basis == "carried"
        found["n_without_report"] += completes and basis == "none"
        if truth is None:
            continue
        name = ("tp" if truth else "fp") if accepted else ("fn" if truth else "tn")
        found[name] += 1
        given = min(stay, int(cell["horizon_session"])) if accepted else used
        if not truth:
            found["n_sessions_without_relief"] += given
            found["n_sessions_without_relief_completed"] += given * completes
            found["n_days_without_relief"] += int(batch.session_day[r, i, given - 1])
        found["n_missed_completed"] += bool(truth and completes and not accepted)
        if truth and accepted and reference_exists(cell):
            earlier, its_at, _ = slow_decision(batch, r, i, cell, 4, truth)
            found["n_late"] += not (earlier and stay >= its_at)
    return found


def reference_exists(cell):
    return cell["rule"] not in ("confirm", "oracle", "practice") and cell["test_sessions"] != 4


def slow_truth(batch, r, i, cell):
    name, horizon, cut = cell["estimand"], int(cell["horizon_session"]), cell["cut_pct"]
    stay, stop = int(batch.n_sessions[r, i]), int(batch.stop_reason[r, i])
    if name.startswith("observable"):
        score = batch.recorded[r, i, horizon - 1] if stay >= horizon else math.nan
        if math.isnan(score):
            return None if name == "observable_survivors" else False
        return bool(score >= cut)
    m = batch.expected[r, i]
    if name == "time_averaged":
        m = m * batch.share_of_days_covered[r, i]
    has = bool(np.mean(m[horizon - 3 : horizon]) >= cut)
    if name.startswith("composite") and stay < horizon:
        if stop == worlds.EFFICACY:
            return False
        if stop == worlds.SURGERY:
            return name == "composite" and bool(m[stay - 1] >= cut)
    return has


def slow_decision(batch, r, i, cell, length, truth):
    """Accepted (were the patient still there), session of the decision, what it rests on."""
    reports, t = batch.recorded[r, i, :length], cell["threshold_pct"]
    known = reports[~np.isnan(reports)]
    basis = "none" if not len(known) else ("carried" if np.isnan(reports[-1]) else "own")
    rule = cell["rule"]
    if rule == "oracle":
        return bool(truth), length, "own"
    if rule == "practice" and not np.isnan(batch.assessment[r, i]):
        return batch.assessment[r, i] >= t, length, "own"
    if rule == "confirm":
        early = batch.recorded[r, i, :4]
        early = early[~np.isnan(early)]
        if len(early) and early[-1] < 10:
            return False, 4, basis
    if not len(known):
        return True, length, basis
    if rule == "maximum":
        return known.max() >= t, length, basis
    if rule == "mean_of_two":
        return known[-2:].mean() >= t, length, basis
    if rule == "slope":
        at = np.flatnonzero(~np.isnan(reports)) + 1.0
        centred = at - at.mean()
        rise = (centred * known).sum() / ((centred**2).sum() + 20)
        return known[-1] + max(15 - length, 0) * rise >= t, length, basis
    return known[-1] >= t, length, basis


# --- which length ---------------------------------------------------------------------------------


def lengths(missed, tested, relief_free, scenario="w"):
    """Counts of 100 cohorts of 100 patients, one row a length, all cohorts alike."""
    rows = []
    for length, fn, sessions, without in zip(
        range(1, len(missed) + 1), missed, tested, relief_free, strict=True
    ):
        own = {"tp": 30 - fn, "fn": fn, "fp": 20, "tn": 50}
        own |= {"n_test_sessions": sessions, "n_sessions_without_relief": without}
        row = dict.fromkeys(SUMS, 0) | own
        sums = {k: 100 * v for k, v in row.items()}
        products = {moment(a, b): 100 * row[a] * row[b] for a, b in MOMENTS}
        key = {
            "study": "s", "cell_id": f"{scenario}{length}", "scenario_id": scenario,
            "estimand": "hypothetical", "horizon_session": 15, "cut_pct": 30, "rule": "last",
            "parameters": "", "threshold_pct": 10, "decision_n_lag_visits": 0,
            "test_sessions": length, "is_headline": True, "n_replicates": 100,
            "n_patients": 10_000,
        }  # fmt: skip
        rows.append(key | sums | products)
    return pd.DataFrame(rows)


def test_the_best_length_spends_test_sessions_and_no_others():
    """One more test session for each of 100 costs 100; finding k more is worth q k of them."""
    design = files.load("test_period_length")
    cell = lengths([20, 10, 5, 3], [100, 200, 300, 400], [900, 500, 300, 9_000])
    found = choice.choices(design, cell).set_index("test_sessions")
    # 10 more found for 100 sessions: worth it from q = 10; 5 more from 20; 2 more from 50
    assert found.loc[1, "is_best_at_5"]
    assert found["loss_at_20"].tolist() == pytest.approx([500, 400, 400, 460])
    assert found["regret_at_50"].tolist() == pytest.approx([550, 150, 0, 0])
    assert found["regret_at_5"].tolist() == pytest.approx([0, 50, 125, 215])
    assert (found["loss_at_5_mcse"] < 1e-6).all(), "all cohorts are alike"
    dear = cell.assign(n_sessions_without_relief=cell["n_sessions_without_relief"] * 50)
    later = choice.choices(design, dear).set_index("test_sessions")
    same = [f"regret_at_{rate:g}" for rate in design.performance.sessions_per_responder]
    assert later[same].equals(found[same]), "what is given after the test is not its cost"


def test_the_shortest_sufficient_length_misses_one_more_of_100_at_most():
    design = files.load("test_period_length")
    found = choice.choices(design, lengths([9, 5, 4, 3], [100, 200, 300, 400], [1, 1, 1, 1]))
    assert found["is_shortest_sufficient"].tolist() == [False, False, True, False]
    assert found["is_shortest_near_least"].tolist() == [False, False, True, False]


def test_where_the_longest_misses_more_again_the_least_is_the_comparison():
    """Leavers count as missed: measured by the longest, one session would do."""
    design = files.load("test_period_length")
    found = choice.choices(design, lengths([9, 5, 4, 9], [100, 200, 300, 400], [1, 1, 1, 1]))
    assert found["is_shortest_sufficient"].tolist() == [True, False, False, False]
    assert found["is_shortest_near_least"].tolist() == [False, True, False, False]
