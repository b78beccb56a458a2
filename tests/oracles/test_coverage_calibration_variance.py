"""Counts behind zip plot, calibration and split of variance, held to what was planted."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from orchestration.study_bank import indication
from simulate.studies import blocks, calibration, counting, coverage, files, tables, variance
from simulate.studies.grid import cells
from simulate.studies.store import add
from simulate.studies.sums import moment
from simulate.studies.worlds import worlds


def test_a_position_is_held_exactly_where_the_interval_holds():
    rng = np.random.default_rng(5)
    lo, width = rng.normal(size=4000), rng.exponential(size=4000)
    truth = lo + width * rng.choice([-0.4, 0.0, 0.2, 0.5, 0.999, 1.0, 1.3], 4000)
    counts = coverage.by_position(lo, lo + width, truth)
    held = counts.reshape(2, -1)[:, : coverage.STEPS].sum()
    assert held == ((lo <= truth) & (truth <= lo + width)).sum()
    assert counts.sum() == 4000


def test_positions_by_hand_and_none_without_limits():
    counts = coverage.by_position(
        [0.0, 0.0, 0.0, np.nan, 0.0], [2.0, 2.0, 2.0, 1.0, np.inf], [1.05, 0.45, 9.0, 0.0, 0.0]
    )
    cell = pd.DataFrame([{"cell_id": "a"} | dict(zip(coverage.COLUMNS, counts, strict=True))])
    rows = coverage.positions(cell).sort_values("half_widths_from").reset_index(drop=True)
    assert rows["n"].tolist() == [1, 1, 1]
    assert rows["half_widths_from"].tolist() == pytest.approx([0.0, 0.5, 2.0])
    assert rows["is_truth_below"].tolist() == [False, True, False]
    assert rows["is_held"].tolist() == [True, True, False]


def drawn_chances(rng, n_replicates, excess):
    """Chances of 500 patients a replicate; who has relief has it by the chance and an excess."""
    chance = rng.uniform(5, 95, (n_replicates, 500))
    has = rng.uniform(0, 100, chance.shape) < np.clip(chance + excess, 0, 100)
    return chance[:, :, None, None], has[..., None].astype(np.int32)


def counted(chance, has):
    class Columns:
        rule = np.array([calibration.CODES["bayes_fixed"]])
        sessions = np.array([1])
        numbers = np.zeros((1, 4))

    class Grid:
        columns = Columns
        first_cell = np.array([0])

    into = np.zeros((len(calibration.COLUMNS), 1, 1), dtype=np.int64)
    stays = np.ones(chance.shape[:2], dtype=np.int64)
    stays[:, :100] = 0  # left before the decision: nobody's chance is judged
    calibration.count(chance, stays, (has, 1 - has), Grid, into)
    row = {"cell_id": "a", "n_replicates": len(chance)}
    return pd.DataFrame([row | dict(zip(calibration.COLUMNS, into[:, 0, 0], strict=True))])


def test_chances_that_are_right_lie_on_the_diagonal_and_others_do_not():
    rng = np.random.default_rng(11)
    rows = calibration.calibration(counted(*drawn_chances(rng, 60, 0.0)))
    assert rows["n"].sum() == 60 * 400
    z = (rows["observed_pct"] - rows["predicted_pct"]) / rows["mcse"]
    assert (np.abs(z) < 3.5).all()
    off = calibration.calibration(counted(*drawn_chances(rng, 60, 6.0)))
    z = (off["observed_pct"] - off["predicted_pct"]) / off["mcse"]
    assert (z > 3.5).sum() >= 5


def test_counts_of_parts_add_up_to_those_of_the_whole():
    chance, has = drawn_chances(np.random.default_rng(3), 12, 0.0)
    names = list(calibration.COLUMNS)
    parts = counted(chance[:5], has[:5])[names] + counted(chance[5:], has[5:])[names]
    assert (parts == counted(chance, has)[names]).all(axis=None)
    assert moment("chance_0_n", "chance_0_n") in names


SD = (3.0, 2.0, 4.0)


def planted(rng, swap=False):
    """Return groups of 12 worlds, uneven posteriors and replicates, with a known split."""
    world, n, total, squares = [], [], [], []
    for m in range(12):
        a = rng.normal(0, SD[0])
        values = []
        for _ in range(rng.integers(2, 5)):
            size = rng.integers(3, 9)
            values.append(30 + a + rng.normal(0, SD[1]) + rng.normal(0, SD[2], size))
        if swap:  # which posterior judged which cohort is forgotten
            flat = rng.permutation(np.concatenate(values))
            values = np.split(flat, np.cumsum([len(v) for v in values])[:-1])
        for v in values:
            world.append(m)
            n.append(len(v))
            total.append(v.sum())
            squares.append((v**2).sum())
    return np.array(world), *(np.array(x, float) for x in (n, total, squares))


def test_the_split_of_variance_finds_what_was_planted():
    rng = np.random.default_rng(20261127)
    found = np.array([variance.nested(*planted(rng)).variance for _ in range(600)])
    error = found.std(axis=0) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - np.square(SD)) < 4 * error + 0.05).all()
    swapped = np.array([variance.nested(*planted(rng, swap=True)).variance for _ in range(200)])
    assert swapped[:, 1].mean() < 0.5 * SD[1] ** 2


def test_a_part_that_cannot_be_told_is_no_number():
    one = variance.nested(np.array([0, 0]), *np.array([[3.0, 3], [9, 15], [30, 80]]))
    assert np.isnan(one.variance[0])
    assert one.variance[1] >= 0
    alone = variance.nested(np.array([0, 1]), *np.array([[3.0, 3], [9, 15], [30, 80]]))
    assert np.isnan(alone.variance[:2]).all()


@pytest.fixture
def learning(monkeypatch):
    """A small Bayesian study whose chances are drawn at random: nothing is fitted."""

    def forecasts(design, world, replicates, recorded):
        columns = len(design.predictions) + len(design.policies)
        shape = (*recorded.shape[1:2], design.last_look, columns)
        each = [np.random.default_rng([7, r]).uniform(0, 100, shape) for r in replicates]
        return np.stack(each)

    monkeypatch.setattr(counting, "forecasts", forecasts)
    changes = {"data.vary": {"population.member": [50]}, "data.n_patients": 30}
    return files.load("bayesian_test_period", changes | {"data.training.posteriors": 3})


def test_shards_of_a_study_that_learns_add_up_to_the_whole(learning):
    world = worlds(learning)[0]
    whole = counting.count(learning, world, range(0, 12))
    parts = add([counting.count(learning, world, r) for r in (range(0, 5), range(5, 12))])
    assert parts.equals(whole)
    named = whole.to_pandas()
    for what, of in (("fn", "fn"), ("fn__fn", moment("fn", "fn")), ("n_replicates",) * 2):
        assert (sum(named[f"posterior_{k}_{what}"] for k in range(3)) == named[of]).all(), what
    for what in ("n_replicates", *blocks.COUNTED):
        of_blocks = [named[f"block_{k}_{what}"] for k in range(blocks.N_BLOCKS)]
        assert (sum(of_blocks) == named[what]).all(), what
    alone = counting.count(learning, world, range(3, 4)).to_pandas()
    again = counting.count(learning, world, range(3, 4 + blocks.N_BLOCKS)).to_pandas()
    last = counting.count(learning, world, range(13, 14)).to_pandas()
    assert (again["block_3_fn"] == alone["fn"] + last["fn"]).all()
    assert (again["block_3_n_replicates"] == 2).all()


def test_chances_are_counted_with_the_truth_of_their_cell(learning):
    world = worlds(learning)[0]
    cell = pd.concat(
        [cells(learning, world), counting.count(learning, world, range(8)).to_pandas()], axis=1
    )
    own = cell[cell["is_headline"] & (cell["rule"] == "bayes_fixed")]
    first = own[own["threshold_pct"] == own["threshold_pct"].min()]
    told = first[[f"chance_{k}_n" for k in range(calibration.BINS)]].sum(axis=1)
    assert (told == first["n_completed"]).all()
    has = first[[f"chance_{k}_has" for k in range(calibration.BINS)]].sum(axis=1)
    assert (has + first["fn"] - first["n_missed_completed"] == first["tp"] + first["fn"]).all()
    others = cell.drop(index=first.index)
    assert (others[others["is_headline"]][list(calibration.COLUMNS)] == 0).all(axis=None)


@pytest.mark.parametrize(("cohorts", "told"), [(8, "with 3 posteriors"), (2, "with 2 posteriors")])
def test_fewer_than_200_posteriors_are_an_indication(learning, cohorts, told, monkeypatch):
    """Counted are posteriors that have judged a cohort, whatever the file says."""
    world = worlds(learning)[0]
    counts = counting.count(learning, world, range(cohorts)).to_pandas()
    cell = pd.concat([cells(learning, world), counts], axis=1).assign(study="s", scenario_id="w")
    found = SimpleNamespace(study_variance=tables._variance(learning, cell))
    (said,) = indication(found)
    assert told in said
    assert "indication" in said
    monkeypatch.setattr(tables, "LEAST_POSTERIORS", 2)
    assert indication(found) == ()
    nobody = SimpleNamespace(study_variance=found.study_variance.iloc[:0])
    assert indication(nobody) == ()


def test_the_shipped_study_of_rules_that_learn_has_200_posteriors():
    design = files.load("bayesian_test_period")
    assert design.n_posteriors * len(worlds(design)) >= tables.LEAST_POSTERIORS
