"""Studies of trials: power held to closed forms, sums to brute force, conduct to what it says."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from classical.batched.tables import fisher
from classical.batched.trials import Trial, seeded, simulate
from classical.power import closed_form
from simulate import batch
from simulate.parameters import of_scenario
from simulate.scenario import load
from simulate.studies import files, store, truth_error, worlds
from simulate.studies.kinds import kind
from simulate.studies.trials import conduct as conducting
from simulate.studies.trials.analyses import Found, analyse
from simulate.studies.trials.conduct import Arms
from simulate.studies.trials.counting import cells, count, tally
from simulate.studies.trials.performance import performance
from simulate.studies.trials.search import search
from simulate.studies.trials.sums import MOMENTS, SUMS, UNITS

STUDY = "sham_trial"
LEVEL = 0.05


def method(name, **values):
    by_name = {m.method: m for m in files.load(STUDY).methods}
    return by_name[name].model_copy(update=values)


def normal_arms(n, difference, replicates, seed=1):
    y = np.random.default_rng(seed).standard_normal((replicates, n, 1))
    y[:, : n // 2] += difference
    return Arms(y[:, : n // 2], y[:, n // 2 :], np.empty((replicates, 0, 1)))


@cache
def t_power(n, difference):
    from scipy.stats import nct, t

    limit, shift = t.ppf(1 - LEVEL / 2, n - 2), difference * np.sqrt(n) / 2
    return float(nct.sf(limit, n - 2, shift) + nct.cdf(-limit, n - 2, shift))


@pytest.mark.parametrize(("n", "difference"), [(128, 0.5), (60, 0.0), (40, 0.8)])
def test_the_t_test_has_the_power_of_the_noncentral_t(n, difference):
    p = analyse(method("t_test"), normal_arms(n, difference, 20_000), LEVEL).p
    expected = t_power(n, difference)
    error = np.sqrt(expected * (1 - expected) / len(p))
    assert abs((p < LEVEL).mean() - expected) < 4 * error
    assert abs((p < 1.3 * LEVEL).mean() - expected) > 4 * error, "a wrong level is seen"


def test_the_mixed_model_has_the_power_of_its_closed_form():
    trial = Trial(80, (1, 2, 3, 4), slope=2, tau=15, sigma=20, in_group=40, slope_difference=3.5)
    y = simulate(trial, seeded(3), 10_000)
    arms = Arms(y[:, 40:], y[:, :40], np.empty((len(y), 0, 4)))
    found = analyse(method("lmm_slopes", errors="model"), arms, LEVEL)
    expected = closed_form(trial)
    error = np.sqrt(expected * (1 - expected) / len(y))
    assert abs((found.p < LEVEL).mean() - expected) < 4 * error
    assert abs(found.estimate.mean() - 3.5) < 4 * found.estimate.std() / 100
    covered = ((found.lo <= 3.5) & (found.hi >= 3.5)).mean()
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / len(y))


def exact_fisher_power(n, p, q):
    """Power of Fisher's test with n in each arm, summed over all tables."""
    a, b = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    rejects = fisher(a.ravel(), n, b.ravel(), n).reshape(a.shape) < LEVEL
    return float((rejects * np.outer(binom.pmf(a[:, 0], n, p), binom.pmf(b[0], n, q))).sum())


def test_the_search_finds_known_sizes():
    def binary(n, replicates):
        rng = np.random.default_rng([n, replicates.start])
        arm = n // 2
        first, second = (rng.binomial(arm, rate, len(replicates)) for rate in (0.71, 0.42))
        return int((fisher(first, arm, second, arm) < LEVEL).sum()), len(replicates)

    exact = [arm for arm in range(40, 62) if exact_fisher_power(arm, 0.71, 0.42) >= 0.8]
    found = search(binary, 0.8, tolerance=0.04)
    assert found.lo - 4 <= 2 * exact[0] <= found.hi + 4, "Fisher's power climbs in steps"
    assert abs(exact[0] - 50) <= 2, "about 50 an arm for 71 against 42 %"


def test_the_interval_of_the_search_holds_the_known_size():
    """A t test with d = 0.5 needs 127.5 patients for 80 %; 60 searches, held to 95 %."""

    def searched(seed, shift=0.0):
        rng = np.random.default_rng(seed)
        return search(
            lambda n, r: (rng.binomial(len(r), min(t_power(n, 0.5) + shift, 1)), len(r)), 0.8
        )

    sizes = [searched(seed) for seed in range(60)]
    held = np.mean([s.lo <= 127.5 <= s.hi for s in sizes])
    assert held >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)
    assert abs(np.mean([s.n_patients for s in sizes]) - 128) < 1.5
    assert np.mean([s.n_replicates for s in sizes]) < 8_000
    wrong = [searched(seed, 0.04) for seed in range(20)]
    assert np.mean([s.lo <= 127.5 <= s.hi for s in wrong]) < 0.5, "a wrong power is seen"


def test_sizes_at_which_no_test_can_be_made_are_passed_over():
    rng = np.random.default_rng(1)

    def too_small(n, replicates):
        made = len(replicates) if n >= 20 else 0
        return int(rng.binomial(made, t_power(n, 0.5))), made

    found = search(too_small, 0.8, tolerance=0.05)
    assert found.lo <= 127.5 <= found.hi
    assert min(n for n, _, tested in found.tried if not tested) == 8


def test_a_power_out_of_reach_is_said():
    with pytest.raises(LookupError, match="not reached with 100 patients"):
        search(lambda n, r: (round(0.05 * len(r)), len(r)), 0.8, high=100)
    with pytest.raises(LookupError, match="reached with 8 patients already"):
        search(lambda n, r: (len(r), len(r)), 0.8)


SMALL = {
    "data.trials": [
        {"name": "parallel", "design": "parallel", "n_patients": [20, 40], "sessions": [4, 6],
         "missing": ["usual"], "response": None, "second_share": 0.5},
        {"name": "crossover", "design": "crossover", "n_patients": [12], "sessions": [4],
         "missing": ["usual"], "response": None, "cycles": 1},
    ],
    "data.vary": {},
}  # fmt: skip


@pytest.fixture(scope="module")
def small():
    design = files.load(STUDY, SMALL)
    return design, worlds.worlds(design)[0]


def test_shards_add_up_in_any_order_and_other_sizes_change_nothing(small):
    design, world = small
    whole = count(design, world, range(12))
    parts = [count(design, world, range(a, b)) for a, b in ((8, 12), (0, 3), (3, 8))]
    assert store.add(parts).equals(whole)
    parallel, crossover = SMALL["data.trials"]
    short = {"data.trials": [parallel | {"n_patients": [20], "sessions": [4]}, crossover]}
    fewer = files.load(STUDY, SMALL | short | {"headline.sessions": 4})
    own = cells(fewer, world)["cell_id"].tolist()
    known = pd.concat([cells(design, world), whole.to_pandas()], axis=1).set_index("cell_id")
    alone = count(fewer, world, range(12)).to_pandas()
    assert set(own) <= set(known.index)
    for name in ("n_tested", "n_rejected", "error"):
        assert (alone[name].to_numpy() == known.loc[own, name].to_numpy()).all(), name


def test_sums_are_those_of_brute_force_and_errors_those_of_a_jackknife():
    rng = np.random.default_rng(4)
    n, true = 40, 2.0
    estimate = rng.normal(true, 3, n)
    estimate[3] = np.nan
    p = rng.uniform(0, 0.2, n)
    p[3] = np.nan
    found = Found(estimate, estimate - 4, estimate + 4, p)
    unit = UNITS["difference_at_end"]

    def table(keep):
        one = tally(Found(*(v[keep] for v in found)), np.full(keep.sum(), true), LEVEL, unit)
        one["n_randomised"] = one["n_judged"] = np.full(keep.sum(), 10)
        one["n_flipped"] = np.arange(n)[keep] % 3
        row = {"cell_id": "c", "estimand": "difference_at_end", "n_replicates": keep.sum()}
        row |= {name: one[name].sum() for name in SUMS} | dict.fromkeys(truth_error.COLUMNS, 0)
        row |= {f"{a}__{b}": (one[a] * one[b]).sum() for a, b in MOMENTS}
        return performance(pd.DataFrame([row])).set_index("measure")

    whole = table(np.ones(n, dtype=bool))
    known = ~np.isnan(p)
    rejected = known & (np.nan_to_num(p, nan=1) < LEVEL)
    error = estimate[known] - true
    expected = {
        "power": rejected.sum() / known.sum(),
        "bias": error.mean(),
        "coverage": (np.abs(error) <= 4).mean(),
        "type_s": (estimate[rejected] < 0).mean(),
        "type_m": np.abs(estimate[rejected]).mean() / true,
        "rmse": np.sqrt((error**2).mean()),
        "interval_width": 8,
        "truth": true,
        "failed": 1 / n,
        "patients_analysed": 10,
        "status_flips": (np.arange(n) % 3).mean() / 10,
    }
    assert whole["estimate"].to_dict() == pytest.approx(expected, abs=0.01)
    without = [table(np.arange(n) != k)["estimate"] for k in range(n)]
    jackknife = np.sqrt((n - 1) * np.var(np.array(without), axis=0))
    for name, by_jackknife in zip(without[0].index, jackknife, strict=True):
        assert whole.loc[name, "mcse"] == pytest.approx(by_jackknife, rel=0.15, abs=2e-3), name


def test_where_nothing_differs_five_of_a_hundred_reject():
    design = files.load(STUDY, SMALL | {"world.response.sham_gain": 1.0})
    (world,) = worlds.worlds(design)
    table = pd.concat([cells(design, world), count(design, world, range(1000)).to_pandas()], axis=1)
    figures = performance(table, ("power", "coverage", "truth")).merge(table, on="cell_id")
    rate = figures[(figures["measure"] == "power") & (figures["method"] != "fisher_30")]
    assert (np.abs(rate["estimate"] - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 1000)).all(), rate
    truth = figures.loc[figures["measure"] == "truth", "estimate"]
    assert (truth == 0).all()


def test_informative_drop_out_moves_the_estimate_and_not_the_truth(small):
    design, world = small
    changes = SMALL | {"data.missing.usual.stop": 0.3, "data.missing.usual.per_point_unseen": -0.1}
    other = files.load(STUDY, changes)
    rows = [
        performance(
            pd.concat([cells(d, world), count(d, world, range(400)).to_pandas()], axis=1),
            ("truth", "bias"),
        ).pivot_table(index="measure", columns="cell_id", values="estimate")
        for d in (design, other)
    ]
    assert np.allclose(np.sort(rows[0].loc["truth"]), np.sort(rows[1].loc["truth"]), atol=1e-6)
    assert rows[1].loc["bias"].abs().max() > rows[0].loc["bias"].abs().max() + 1


def test_another_course_is_the_same_patient_with_new_noise():
    parameters = of_scenario(load("replica"), 3)
    first, second = (
        batch.draw(parameters, 1, 3, 50, 6, ("latent", "reported", "truth"), course=k)
        for k in (0, 1)
    )
    assert (first.latent == second.latent).all()
    assert (first.asymptote == second.asymptote).all()
    assert (first.reported != second.reported).mean() > 0.5
    plain = batch.draw(parameters, 1, 3, 50, 6, ("reported",))
    assert (plain.reported == first.reported).all()
    with pytest.raises(ValueError, match="at most 16 sessions"):
        batch.draw(parameters, 1, 3, 50, 17, course=1)


def test_a_group_holds_nobody_else():
    world = load("replica")
    for trial, codes in (("central_peripheral", (0, 1)), ("stroke_types", None)):
        named = next(t for t in files.load("subgroup_power").data.trials if t.name == trial)
        for group, code in zip(conducting.groups(named), codes or (None, None), strict=True):
            own = conducting.only(world, group)
            drawn = batch.draw(of_scenario(own), 1, 1, 300, 4, ("covariates",))
            if code is not None:
                assert (drawn.level == code).all()
            else:
                assert len(np.unique(drawn.aetiology)) == 1


def test_withdrawal_randomises_who_passed_and_differs_only_by_loss():
    design = files.load("withdrawal_trial")
    trial = next(t for t in design.data.trials if t.name == "usual_loss")
    (world,) = worlds.worlds(design)
    arms = conducting.conduct(trial, of_scenario(world, 20), 1, np.arange(20), 200)["relief"]
    share = [(~np.isnan(y[..., 0])).mean() for y in (arms.first, arms.second)]
    assert abs(share[0] - share[1]) < 0.06
    assert 0.2 < share[0] < 0.8
    kept = trial.model_copy(update={"loss": 0.0})
    same = conducting.conduct(kept, of_scenario(world, 20), 1, np.arange(20), 200)["relief"]
    difference = np.nanmean(arms.first[..., -1]) - np.nanmean(arms.second[..., -1])
    assert difference > 8 + abs(np.nanmean(same.first[..., -1]) - np.nanmean(same.second[..., -1]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "trial"}, "no kind 'trial'; there are: test_periods, trials"),
        ({"estimands": ["superiority"]}, "t_test targets difference_at_end, which is no estimand"),
        ({"data.trials.0.missing": ["often"]}, "names missing 'often' .there are: none"),
        ({"data.trials.0.n_patients": [1]}, "parallel with 1 patients has an empty arm"),
        ({"data.trials.0.sessions": [20]}, "parallel lasts 20 sessions; at most 16"),
        ({"data.trials.0.desing": "x"}, "no field data.trials.0.desing"),
        ({"headline.sessions": 5}, "headline.sessions: no cell has sessions 5; trial"),
        ({"data.trials.4.cycles": 2}, "one_patient of one patient needs three cycles"),
        ({"methods.0.method": "t"}, "methods.0"),
        ({"methods.1.name": "t_test"}, "names a value twice"),
        ({"performance.power": 1.0}, "performance.power: must be less than 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named_at_once(changes, said):
    with pytest.raises(ValueError, match=said):
        files.load(STUDY, changes)


def test_assurance_is_the_mean_over_worlds(tmp_path):
    from simulate.studies import run as runs

    changes = {"data.trials": SMALL["data.trials"], "data.weights": [1.0, 1.0, 2.0]}
    design = files.load(STUDY, changes)
    runs.run(design, tmp_path, runs.Plan(40, shard_size=20))
    found = kind(design.kind).tables(design, runs.open_store(design, tmp_path))
    power = found.study_performance[found.study_performance["measure"] == "power"]
    one = found.study_assurance.iloc[0]
    own = power[
        (power["trial"] == one["trial"]) & (power["method"] == one["method"])
        & (power["sessions"] == one["sessions"]) & (power["n_patients"] == one["n_patients"])
    ]["estimate"].to_numpy()  # fmt: skip
    assert len(own) == 3
    assert one["assurance"] == pytest.approx(own @ [0.25, 0.25, 0.5])
    assert (one["least"], one["most"]) == (own.min(), own.max())
