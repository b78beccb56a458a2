"""What many worlds say together, against closed forms, and its errors against brute force.

Studies are made up here whose truth is known: worlds with their own means of missed responders and
test sessions at every length, blocks of cohorts around them.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from simulate.studies import lengths
from simulate.studies.blocks import COUNTED, N_BLOCKS
from simulate.studies.knowing import EVERYTHING, value_of_knowing
from simulate.studies.lengths import best_lengths
from simulate.studies.over_worlds import SPREAD, across
from simulate.studies.resampling import Lengths, by_rule, quantiles

LENGTHS = np.array([3, 4, 5, 6])
N_WORLDS, AGAIN, RATE = 40, 120, 20.0
WEIGHT = np.where(np.arange(N_WORLDS) % 4 == 0, 6.0, 1.0)
NOISE = 1.2
"""SD of what a block of cohorts says of a world's missed, per 100."""


def made(missed, tested, weight=None, noise=0.0, rng=None):
    """A study of worlds with these means, (worlds, lengths), each block a draw around them."""
    n = len(missed)
    shape = (n, N_BLOCKS, missed.shape[1])
    moved = noise * rng.standard_normal(shape) if noise else np.zeros(shape)
    counts = np.stack([missed[:, None] + moved, np.broadcast_to(tested[:, None], shape)])
    return Lengths(
        tuple(f"w{k}" for k in range(n)), LENGTHS[: shape[2]], np.full((n, N_BLOCKS), 100.0),
        counts, np.ones(n) if weight is None else weight,
    )  # fmt: skip


def worlds(rng, n=N_WORLDS):
    """Means of worlds whose best length differs: missed falls, and rises where patients leave."""
    best, steep = rng.uniform(2.6, 5.4, n), rng.uniform(0.5, 2.5, n)
    missed = 12 + steep[:, None] * (LENGTHS - best[:, None]) ** 2
    return missed, np.broadcast_to(9.0 * LENGTHS, missed.shape)


def rows_of(own, **more):
    """The same as `study_block`."""
    names = {"estimand": "hypothetical", "horizon_session": 15, "cut_pct": 30, "rule": "last"}
    names |= {"parameters": "", "threshold_pct": 10.0, "decision_n_lag_visits": 0} | more
    frames = []
    for k, world in enumerate(own.scenario_ids):
        blocks = {f"block_{b}_n_replicates": 1 for b in range(N_BLOCKS)} | {
            f"block_{b}_{what}": own.counts[side, k, b]
            for b in range(N_BLOCKS) for side, what in enumerate(COUNTED)
        }  # fmt: skip
        counted = {"test_sessions": own.test_sessions, "n_replicates": N_BLOCKS}
        counted |= {"scenario_id": world, "n_patients": 100 * N_BLOCKS}
        frames.append(pd.DataFrame(names | counted | blocks))
    return pd.concat(frames, ignore_index=True)


def figures(own):
    """Every figure that chooses, of one study, with both errors."""
    best = own.told(lambda s: lengths._best(s, RATE), shares=("share_best",))
    near = own.told(lambda s: lengths._near(s, 1.0), shares=("share_of_worlds",))
    step = own.told(lengths._step, shares=("share_of_worlds",))
    told = {}
    for kind in ("", "_mcse", "_error"):
        told[kind] = np.array([
            *best[f"share_best{kind}"][:2], best[f"mean_regret{kind}"][1],
            near[f"share_of_worlds{kind}"][1],
            *(step[f"{name}{kind}"][1] for name in (
                "fewer_missed", "fewer_missed_low", "fewer_missed_high", "share_of_worlds")),
        ])  # fmt: skip
    return told


NAMES = (
    "best at 3",
    "best at 4",
    "regret of 4",
    "near at 4",
    "fewer",
    "low",
    "high",
    "share fewer",
)


@pytest.fixture(scope="module")
def again():
    """Studies run again and again: in the same worlds, and in other worlds; weights differ."""
    rng = np.random.default_rng(11)
    same = worlds(rng)
    here = [figures(made(*same, WEIGHT, NOISE, rng)) for _ in range(AGAIN)]
    there = [figures(made(*worlds(rng), WEIGHT, NOISE, rng)) for _ in range(AGAIN)]
    return here, there


def rms(values):
    return np.sqrt(np.nanmean(np.square(values), axis=0))


def test_the_monte_carlo_error_is_the_spread_of_studies_run_again_in_the_same_worlds(again):
    here, _ = again
    found = np.std([one[""] for one in here], axis=0)
    told = rms([one["_mcse"] for one in here])
    for name, truth, error in zip(NAMES, found, told, strict=True):
        assert error == pytest.approx(truth, rel=0.3), name


def test_the_whole_error_is_the_spread_of_studies_run_again_in_other_worlds(again):
    _, there = again
    found = np.std([one[""] for one in there], axis=0)
    told = rms([one["_error"] for one in there])
    for name, truth, error in zip(NAMES, found, told, strict=True):
        assert error == pytest.approx(truth, rel=0.25), name
    part = rms([one["_mcse"] for one in there])
    assert (part < 0.9 * told).all(), "cohorts are a part of it"


def test_forgetting_the_weights_is_seen(again):
    """Every fourth world weighs six times as much: an error without weights is too small."""
    _, there = again
    rng = np.random.default_rng(5)
    alike = [figures(made(*worlds(rng), None, NOISE, rng)) for _ in range(40)]
    found = np.std([one[""] for one in there], axis=0)
    wrong = rms([one["_error"] for one in alike])
    means = [NAMES.index(name) for name in ("best at 3", "best at 4", "regret of 4", "fewer")]
    assert (wrong[means] < 0.85 * found[means]).all()


def test_cohorts_that_are_alike_have_no_monte_carlo_error():
    told = figures(made(*worlds(np.random.default_rng(11)), WEIGHT))
    assert told["_mcse"] == pytest.approx(0, abs=1e-9)
    assert (told["_error"] > 0).all()


def test_a_jackknife_over_blocks_is_seen(again):
    """Leaving out one block moves a choice too rarely and by one world too much: not this error."""
    here, _ = again
    rng, jackknife = np.random.default_rng(11), []
    same = worlds(rng)
    for _ in range(60):
        own = made(*same, WEIGHT, NOISE, rng)
        left = []
        for b in range(N_BLOCKS):
            kept = [k for k in range(N_BLOCKS) if k != b]
            part = replace(own, patients=own.patients[:, kept], counts=own.counts[:, :, kept])
            left.append(lengths._best(part.seen, RATE)["share_best"][1])
        jackknife.append(np.sqrt((N_BLOCKS - 1) * np.var(left)))
    found = np.std([one[""] for one in here], axis=0)[1]
    assert rms(jackknife) > 1.25 * found


def test_worlds_vote_for_a_length_by_their_weights():
    missed = np.array([[20.0, 10, 9, 9], [20, 18, 2, 2]])
    tested = np.broadcast_to([100.0, 200, 300, 400], missed.shape)
    own = made(missed, tested)
    found = best_lengths(rows_of(own), (RATE,), {"w0": 3.0, "w1": 1.0}).set_index("test_sessions")
    assert found["share_best"].tolist() == pytest.approx([0, 0.75, 0.25, 0])
    assert found.loc[4, "mean_regret"] == pytest.approx(0.25 * (200 + 360 - 300 - 40))
    assert found.loc[4, "n_worlds"] == 2


def test_one_world_and_one_block_tell_no_error():
    missed, tested = worlds(np.random.default_rng(2), 1)
    told = figures(made(missed, tested, None, NOISE, np.random.default_rng(3)))
    assert np.isnan(told["_error"]).all()
    assert np.isfinite(told["_mcse"]).all()
    rows = rows_of(made(*worlds(np.random.default_rng(2), 5)))
    rows[[c for c in rows if c.startswith("block_") and not c.startswith("block_0")]] = 0
    (_, own), = by_rule(rows)  # fmt: skip
    assert own.other_cohorts is None


def test_weighted_quantiles_are_those_of_numpy_where_weights_are_alike():
    values = np.random.default_rng(0).standard_normal((3, 17))
    found = quantiles(values, np.full(17, 2.0), SPREAD)
    assert found == pytest.approx(np.quantile(values, SPREAD, axis=-1))
    few = quantiles(np.array([0.0, 1.0]), np.array([1.0, 99.0]), (0.5,))
    assert few[0] == pytest.approx(0.5)


def two_lengths(n=4000, seed=3):
    """Loss 0 of the short test, and a normal number known to one parameter of two."""
    rng = np.random.default_rng(seed)
    known, unknown = rng.standard_normal((2, n))
    own = made(np.stack([np.full(n, 50.0), 50 + known], axis=1), np.zeros((n, 2)))
    table = pd.DataFrame(
        {"known": known, "unknown": unknown, "code": np.where(known > 0, "up", "down")},
        index=list(own.scenario_ids),
    )
    return own, table


def test_knowing_is_worth_what_the_closed_form_says():
    """E max(0, -z) = 1 / sqrt(2 pi) of a standard normal z, and nothing for another parameter."""
    own, table = two_lengths(1500)
    questions = {"the one": "known", "another": "unknown", "its sign": "code"}
    found = value_of_knowing(own, 1.0, table, questions).set_index("question")
    for question in ("the one", "its sign", EVERYTHING):  # the sign decides as well
        assert found.loc[question, "value"] == pytest.approx(0.399, abs=0.05), question
        assert found.loc[question, "value_held_out"] == pytest.approx(0.399, abs=0.05), question
    assert abs(found.loc["another", "value"]) < 0.02
    assert found.loc["the one", "value_error"] == pytest.approx(0.584 / np.sqrt(1500), rel=0.25)


def test_what_is_the_same_in_all_worlds_is_not_asked():
    own, table = two_lengths(50)
    same = table.assign(code="up", number=3.0)
    found = value_of_knowing(own, 1.0, same, {"a": "known", "b": "code", "c": "number"})
    assert list(found["question"]) == ["a", EVERYTHING]


def test_the_value_of_knowing_is_not_too_high_where_worlds_are_few():
    """Chance is taken off: right where nothing is to be known, a little low else; its error."""
    questions = {"x": "unknown", "z": "known"}
    found = [
        value_of_knowing(own, 1.0, table, questions).set_index("question")
        for own, table in (two_lengths(40, seed) for seed in range(80))
    ]
    value = np.array([one.loc[["x", "z"], "value"] for one in found])
    error = 1 / np.sqrt(len(found))
    assert np.mean(value[:, 0]) == pytest.approx(0, abs=4 * value[:, 0].std() * error)
    assert 0.7 * 0.399 < np.mean(value[:, 1]) < 0.399 + 4 * value[:, 1].std() * error
    held = np.array([one.loc[["x", "z"], "value_held_out"] for one in found])
    assert (held.mean(axis=0) < np.array([0, 0.399]) + 4 * held.std(axis=0) * error).all()
    told = rms([one.loc[["x", "z"], "value_error"] for one in found])
    assert (0.9 * value.std(axis=0) < told).all()
    assert (told < 1.6 * value.std(axis=0)).all(), "of the gain before chance is taken off"


def test_knowing_the_world_is_not_worth_more_for_noisy_cohorts():
    """The least of noisy losses is too low: plainly taken, the value is more than double."""
    missed, tested = np.full((60, 4), 10.0), np.zeros((60, 4))
    missed[:, 1] += np.random.default_rng(1).normal(0, 0.2, 60)
    truth = missed.mean(axis=0).min() - missed.min(axis=1).mean()
    rng, found, plain = np.random.default_rng(8), [], []
    table = pd.DataFrame({"a": np.arange(60.0)}, index=[f"w{k}" for k in range(60)])
    for _ in range(25):
        own = made(missed, tested, None, 1.0, rng)
        row = value_of_knowing(own, 1.0, table, {"a": "a"}).set_index("question").loc[EVERYTHING]
        found.append([row["value"], row["value_held_out"]])
        loss = own.seen.loss(1.0)
        plain.append(loss.mean(axis=0).min() - loss.min(axis=1).mean())
    value, held_out = np.mean(found, axis=0)
    assert np.mean(plain) > 2 * truth
    assert held_out < truth + 0.03
    assert abs(value - truth) < 0.6 * (np.mean(plain) - truth)


def performance_of(values, errors):
    cells = pd.DataFrame(
        {"cell_id": [f"c{k}" for k in range(len(values))], "estimand": "hypothetical",
         "cut_pct": 30, "horizon_session": 15, "parameters": ""}
    )  # fmt: skip
    rows = {
        "cell_id": cells["cell_id"], "scenario_id": cells["cell_id"], "rule": "last",
        "threshold_pct": 10.0, "test_sessions": 4, "decision_n_lag_visits": 0,
        "measure": "missed_per_100", "estimate": values, "mcse": errors,
    }  # fmt: skip
    return pd.DataFrame(rows), cells


def test_means_and_spread_are_over_worlds():
    row = across(*performance_of(np.arange(20.0), 0.5), ["missed_per_100"]).iloc[0]
    assert (row["mean"], row["n_worlds"]) == (9.5, 20)
    assert row["lo"] == pytest.approx(0.95)
    assert row["hi"] == pytest.approx(18.05)
    assert row["mcse"] == pytest.approx(0.5 / np.sqrt(20))
    assert row["error"] == pytest.approx(np.arange(20.0).std(ddof=1) / np.sqrt(20))


def test_errors_of_the_spread_are_those_of_studies_run_again_and_again():
    rng, noise, n = np.random.default_rng(4), 1.5, 100
    truth = rng.normal(14, 4, n)
    here, there = [], []
    for _ in range(80):
        for values, into in ((truth, here), (rng.normal(14, 4, n), there)):
            given = performance_of(values + noise * rng.standard_normal(n), noise)
            into.append(across(*given, ["missed_per_100"]).iloc[0])
    for name, mcse in (("mean", "mcse"), ("lo", "lo_mcse"), ("hi", "hi_mcse")):
        found = np.std([row[name] for row in here])
        assert rms([row[mcse] for row in here]) == pytest.approx(found, rel=0.25), name
    for name, error in (("mean", "error"), ("lo", "lo_error"), ("hi", "hi_error")):
        found = np.std([row[name] for row in there])
        assert 0.8 * found < rms([row[error] for row in there]) < 1.4 * found, name
