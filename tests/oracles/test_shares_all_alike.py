"""A share that is 0 or 1 in every replicate: an error by Wilson, and no run that stops for it."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.optimize import brentq
from scipy.stats import binom

from classical.contingency import wilson_interval
from orchestration.commands.study_lines import lines
from simulate.studies import blocks, files, grid, kinds, performance, run, worlds
from simulate.studies.estimates import performance as of_estimates
from simulate.studies.ratios import Ratio, Z, error_of_all_alike, errors_to_stop_at, furthest, ratio
from simulate.studies.sums import MOMENTS, SUMS, moment
from simulate.studies.trials import performance as of_trials

SHARE = Ratio({"k": 1}, {"n": 1}, is_share=True)


def added_up(k, n):
    """One cell's row from its replicates."""
    k, n = np.asarray(k), np.asarray(n)
    row = {"n_replicates": len(k), "k": k.sum(), "n": n.sum()}
    products = {"k__k": k @ k, "k__n": k @ n, "n__n": n @ n}
    return pd.DataFrame([row | products])


@pytest.mark.parametrize("n", [1, 5, 40, 1000])
def test_wilson_is_where_the_score_test_no_longer_rejects(n):
    """Wilson 1927: shares p with |k/n - p| <= 1.96 sqrt(p (1 - p) / n)."""
    for k in {0, 1, n // 3, n}:
        low, high = wilson_interval(k, n)

        def beyond(p, k=k):
            return abs(k / n - p) - Z * math.sqrt(p * (1 - p) / n)

        lower = 0.0 if k == 0 else brentq(beyond, 1e-12, k / n * (1 - 1e-9))
        upper = 1.0 if k == n else brentq(beyond, max(k / n * (1 + 1e-9), 1e-9), 1 - 1e-12)
        assert (low, high) == pytest.approx((lower, upper), abs=1e-9)


@pytest.mark.parametrize("n", [2, 40, 1000])
def test_the_error_is_the_half_width_over_z(n):
    for k in (0, n):
        low, high = wilson_interval(k, n)
        assert error_of_all_alike(n) == pytest.approx((high - low) / 2 / Z)


def test_the_limit_holds_what_a_brute_force_search_over_all_shares_finds():
    """Shares under which 0 of n replicates would be no surprise lie below the limit shown."""
    for n in (10, 50, 200):
        _, mcse, _ = ratio(added_up([0] * n, [1] * n), SHARE)
        limit = furthest(0.0, mcse[0], SHARE)
        shares = np.linspace(0, 1, 100_001)
        plausible = shares[binom.pmf(0, n, shares) >= 0.05].max()
        assert plausible < limit < 1.6 * plausible


@pytest.mark.parametrize(("per_replicate", "size"), [(0, 1), (0, 193), (1, 1), (1, 193)])
def test_all_alike_have_the_error_of_as_many_replicates_not_patients(per_replicate, size):
    n = np.full(60, size)
    estimate, mcse, told = ratio(added_up(per_replicate * n, n), SHARE)
    assert (estimate[0], told[0]) == (per_replicate, 60 * size)
    assert mcse[0] == pytest.approx(Z / 2 / (60 + Z**2))


def test_an_uneven_denominator_counts_for_fewer_replicates():
    even, uneven = (ratio(added_up([0] * 20, n), SHARE)[1][0] for n in ([5] * 20, [81] + [1] * 19))
    assert uneven > 3 * even


def test_a_share_that_varies_at_all_keeps_the_error_of_its_spread():
    """One of 300 differs: as before, and continuous with none of 300."""
    k = np.zeros(300, dtype=int)
    none = ratio(added_up(k, np.ones(300, dtype=int)), SHARE)[1][0]
    k[7] = 1
    one = ratio(added_up(k, np.ones(300, dtype=int)), SHARE)[1][0]
    assert one == pytest.approx(np.std(k, ddof=1) / math.sqrt(300))
    assert none == pytest.approx(one, rel=0.05)


def test_one_replicate_alone_tells_no_error_and_is_far_from_any_target():
    estimate, mcse, n = ratio(added_up([3, 0, 0], [4, 0, 0]), SHARE)
    assert (estimate[0], n[0]) == (0.75, 4)
    assert math.isnan(mcse[0])
    figures = pd.DataFrame({"estimate": [0.75, np.nan, 0.2], "mcse": [np.nan, np.nan, 0.01]})
    assert errors_to_stop_at(figures).tolist() == [math.inf, 0.01]


def test_what_is_no_share_may_be_the_same_in_all():
    constant = Ratio({"k": 1}, {"n": 1})
    assert ratio(added_up([4] * 30, [1] * 30), constant)[1][0] == 0
    assert math.isnan(furthest(0.0, 0.1, constant))


@pytest.mark.parametrize("module", [performance, of_trials, of_estimates])
def test_every_kind_marks_its_shares(module):
    """What is counted above stands below too, where a share is claimed; all alike, no 0."""
    rng = np.random.default_rng(1)
    names = {n for m in module.MEASURES.values() for n in (*m.over, *m.under)}
    for name, measure in module.MEASURES.items():
        if not measure.is_share:
            continue
        under = {k: rng.integers(1, 9, 50) for k in measure.under}
        values = {k: under.get(k, np.zeros(50, dtype=int)) for k in names}
        for k in measure.over:
            values[k] = 0 * next(iter(under.values()))
        values["n_replicates"] = np.ones(50, dtype=int)
        values["n_patients"] = np.full(50, 193)
        row = {k: v.sum() for k, v in values.items()}
        row |= {moment(a, b): values[a] @ values[b] for a, b in product(values, values)}
        estimate, mcse, _ = ratio(pd.DataFrame([row]), measure)
        assert estimate[0] == 0, name
        assert 0.01 < mcse[0] / measure.per < 0.03, name


def everybody_accepted(design, _world, replicates):
    """Counts of cohorts in which every patient has long-term relief and goes on."""
    n, size = len(replicates), design.data.n_patients
    told = {"n_replicates": n, "n_patients": n * size, "tp": n * size, "tp__tp": n * size**2}
    names = ["n_replicates", "n_patients", *SUMS]
    names += [*(moment(*pair) for pair in MOMENTS), *blocks.COLUMNS]
    n_cells = len(grid.cells(design, worlds.worlds(design)[0]))
    return pa.table({name: np.full(n_cells, told.get(name, 0)) for name in names})


def test_a_planted_cell_without_spread_does_not_stop_a_run(tmp_path, monkeypatch):
    """Every cohort alike: the error of its spread is 0 at once, and the run must go on."""
    own = kinds.kind("test_periods")
    monkeypatch.setattr(own, "count", everybody_accepted)
    monkeypatch.setattr(run, "FIRST_WAVE", 4)
    design = files.load("test_period_canary", {"data.n_patients": 20})
    state = run.run(design, tmp_path, run.Plan(400, target_mcse=0.05, shard_size=8))
    assert 4 < state.done < 400
    assert 0 < state.mcse <= 0.05
    found = own.tables(design, run.open_store(design, tmp_path))
    told = found.study_performance
    measure = design.performance.stop.measure
    shares = told[(told["measure"] == measure) & told["is_headline"]]
    assert (shares["mcse"] > 0).all()
    assert "alike in all, down to 0." in "\n".join(lines(design, found, shares, (measure,)))


def test_a_truth_that_all_replicates_share_has_no_error_of_0(tmp_path):
    """More cohorts do not shrink it, and it is in the error of a bias."""
    design = files.load("regression_to_mean")
    told = {}
    for n in (3, 12):
        run.run(design, tmp_path, run.Plan(n, shard_size=3))
        found = kinds.kind("estimates").tables(design, run.open_store(design, tmp_path))
        told[n] = found.study_performance.set_index(["measure", "cell_id"])
    truths = told[12].loc["truth"]
    assert truths["estimate"].notna().all()
    assert ((truths["mcse"] > 0) == (truths["estimate"] != 0)).all(), "nobody of a null world"
    assert (truths["mcse"] == truths["truth_error"]).all()
    assert (truths["mcse"] == told[3].loc["truth", "mcse"]).all()
    bias = told[12].loc["bias"]
    assert (bias["truth_error"] == truths["truth_error"]).all()
    assert (bias["mcse"] > bias["truth_error"]).all()
    assert (told[12].loc["interval_width", "truth_error"] == 0).all()
    aim = errors_to_stop_at(bias)
    assert aim == pytest.approx(np.sqrt(bias["mcse"] ** 2 - bias["truth_error"] ** 2))
