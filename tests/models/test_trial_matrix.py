"""Every design by every endpoint by every analysis that fits: each cell has figures.

`python tests/models/test_trial_matrix.py 50` prints the whole table for 50 replicates.
"""

import sys

import numpy as np
import pandas as pd
import pytest

from classical.batched.trials import Trial as Drawn
from classical.batched.trials import seeded, simulate
from simulate.studies import files, worlds
from simulate.studies.trials import analyses, counting
from simulate.studies.trials.conduct import Arms
from simulate.studies.trials.performance import MEASURES, performance

STUDY, REPLICATES = "sham_endpoints", 12
USUAL = {
    "sessions": [4],
    "missing": ["holes", "usual", "informative"],
    "response": "correlation_06",
}
TRIALS = [
    {"name": "parallel", "design": "parallel", "n_patients": [60], "second_share": 0.5},
    {"name": "two_to_one", "design": "parallel", "n_patients": [60], "second_share": 0.3334},
    {"name": "crossover", "design": "crossover", "n_patients": [24], "cycles": 1},
    {"name": "crossover_twice", "design": "crossover", "n_patients": [24], "cycles": 2},
    {"name": "one_patient", "design": "crossover", "n_patients": [1], "cycles": 5,
     "response": None},
    {"name": "withdrawal", "design": "withdrawal", "n_patients": [120], "second_share": 0.5,
     "test_sessions": 4, "threshold_pct": 30, "loss": 0.2},
    {"name": "subgroups", "design": "subgroups", "groups": "ischaemic_vs_haemorrhagic",
     "n_patients": [100], "second_share": 0.3, "misclassified": 0.1},
    {"name": "cohort", "design": "cohort", "n_patients": [60]},
]  # fmt: skip
_LAW = {"wrong_visit": 0.0, "stop": 0.0, "per_point_seen": 0.0, "per_point_unseen": 0.0}
MISSING = {
    "holes": _LAW | {"intermittent": 0.2},
    "usual": _LAW | {"intermittent": 0.1, "stop": 0.05, "per_point_seen": -0.02},
    "informative": _LAW | {"intermittent": 0.1, "stop": 0.08, "per_point_unseen": -0.04},
}
OF_READINGS = [
    ("t_test", "difference_at_end", {}),
    ("lmm_end", "difference_at_end", {"errors": "robust"}),
    ("lmm_slopes", "difference_of_slopes", {"errors": "robust"}),
    ("lmm_slopes", "slope", {"errors": "robust"}),
    ("mmrm", "difference_at_end", {}),
    ("rank_sum", "superiority", {}),
    ("bayes_normal", "difference_at_end", {"prior_sd": 15.0}),
    ("paired", "difference_at_end", {}),
    ("lmm_crossover", "difference_at_end", {"errors": "robust"}),
]
_FLAT = {"prior_events": 1.0, "prior_others": 1.0}
OF_EVENTS = [
    ("fisher", "log_odds_ratio", {"missing_is": "no_event"}),
    ("bayes_beta", "log_odds_ratio", {"missing_is": "left_out"} | _FLAT),
]
READINGS, EVENTS = ("relief", "vas", "pgic"), ("relief_30", "pgic_2", "composite")
RUNS = {
    "two arms": ("parallel", "two_to_one", "withdrawal", "subgroups"),
    "within patients": ("crossover", "crossover_twice"),
}
"""Which analyses each design takes, of every endpoint."""


def methods():
    asked = [(e, *m) for e in READINGS for m in OF_READINGS] + [
        ("pgic", "ordinal", "common_log_odds_ratio", {})
    ]
    asked += [(e, *m) for e in EVENTS for m in OF_EVENTS]
    return [
        {"name": f"{e}_{m}_{t}", "method": m, "endpoint": e, "targets": t, **x}
        for e, m, t, x in asked
    ]


def matrix():
    found = methods()
    return files.load(
        STUDY,
        {
            "data.vary": {},
            "data.trials": [USUAL | trial for trial in TRIALS],
            "data.missing": MISSING,
            "methods": found,
            "estimands": sorted({m["targets"] for m in found}),
            "headline.trial": "parallel",
            "headline.method": found[0]["name"],
            "headline.sessions": 4,
        },
    )


def figures(replicates):
    """One row a cell, one column a measure."""
    design = matrix()
    (world,) = worlds.worlds(design)
    cell = counting.cells(design, world)
    sums = counting.count(design, world, range(replicates)).to_pandas()
    wide = performance(pd.concat([cell, sums], axis=1)).pivot_table(
        index="cell_id", columns="measure", values="estimate", dropna=False
    )
    return cell.set_index("cell_id").join(wide[list(MEASURES)]).reset_index(drop=True)


@pytest.fixture(scope="module")
def found():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "TRUE_PATIENTS", 20_000)
        return figures(REPLICATES)


def test_every_design_takes_every_analysis_that_fits_and_no_other(found):
    at_two = [(e, m, t) for e in READINGS for m, t, _ in OF_READINGS]
    at_two = [x for x in at_two if x[1] not in ("paired", "lmm_crossover") and x[2] != "slope"]
    at_two += [("pgic", "ordinal", "common_log_odds_ratio")]
    at_two += [(e, m, t) for e in EVENTS for m, t, _ in OF_EVENTS]
    both = [(e, m) for e in READINGS for m in ("paired", "lmm_crossover", "bayes_normal")]
    wanted = {(name, *x) for name in RUNS["two arms"] for x in at_two}
    wanted |= {(n, e, m, "difference_at_end") for n in RUNS["within patients"] for e, m in both}
    wanted |= {("one_patient", "relief", "paired", "difference_at_end")}
    wanted |= {("cohort", e, "lmm_slopes", "slope") for e in READINGS}
    by_name = {m["name"]: m["method"] for m in methods()}
    cell = found[["trial", "endpoint", "method", "estimand"]].itertuples(index=False)
    assert {(t, e, by_name[m], target) for t, e, m, target in cell} == wanted
    assert len(found) == 3 * len(wanted), "under every law of missing reports"


def test_every_cell_has_its_figures(found):
    alone = found["trial"] == "one_patient"  # of four missing cycles nothing is left
    assert (found.loc[~alone, "failed"] <= 0.1).all()
    assert found["failed"].max() < 0.7
    always = ["power", "bias", "rmse", "truth", "patients_analysed"]
    assert np.isfinite(found[always]).all(axis=None)
    has_interval = ~found["method"].str.contains("rank_sum")
    assert np.isfinite(found.loc[has_interval, ["coverage", "interval_width"]]).all(axis=None)
    assert (found.loc[has_interval & ~alone, "coverage"] >= 0.4).all()
    rejects = found["power"] > 0
    assert np.isfinite(found.loc[rejects, ["type_s", "type_m"]]).all(axis=None)
    shown = found[found["design"] != "subgroups"]
    assert (shown["truth"] > 0).all(), "all endpoints count upwards"


def balanced(n_patients, seed=5):
    """A crossover trial without missing reports, and two cycles, from normal numbers."""
    trial = Drawn(n_patients, (1, 2, 3, 4), slope=0, tau=12, sigma=9)
    y = simulate(trial, seeded(seed), 300).reshape(300, n_patients, 4, 1)
    return Arms(y[:, :, :2] + 3, y[:, :, 2:], np.empty((300, 0, 1)))


def method(name, **values):
    errors = {"errors": "model"} if name == "lmm_crossover" else {}
    own = {"name": "own", "method": name, "endpoint": "relief", "targets": "difference_at_end"}
    changes = {
        "data.trials": [USUAL | t for t in TRIALS[:3]],
        "data.missing": MISSING,
        "methods.7": own | errors | values,
        "headline.trial": "parallel",
        "headline.sessions": 4,
    }
    return files.load(STUDY, changes).methods[7]


def test_of_one_cycle_the_mixed_model_is_the_paired_test_where_nothing_is_missing():
    both = balanced(30)
    arms = Arms(both.first[:, :, :1], both.second[:, :, :1], both.own_difference)
    paired = analyses.analyse(method("paired"), arms, 0.05)
    mixed = analyses.analyse(method("lmm_crossover"), arms, 0.05)
    for one, other in zip(paired, mixed, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    wrong = Arms(arms.first[:, ::-1], arms.second, arms.own_difference)
    assert not np.allclose(analyses.analyse(method("lmm_crossover"), wrong, 0.05).p, paired.p)


def test_where_a_period_is_missing_the_mixed_model_still_uses_the_other():
    arms = balanced(30)
    first = arms.first.copy()
    first[:, :10, 0] = np.nan
    holed = Arms(first, arms.second, arms.own_difference)
    found = analyses.analyse(method("lmm_crossover"), holed, 0.05)
    error = found.estimate.std() / np.sqrt(len(found.estimate))
    assert abs(found.estimate.mean() - 3) < 4 * error
    covers = ((found.lo <= 3) & (found.hi >= 3)).mean()
    assert abs(covers - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 300)


def test_a_posterior_under_a_flat_prior_is_the_difference_within_patients():
    arms = balanced(200)
    flat = analyses.analyse(method("bayes_normal", prior_sd=1e6), arms, 0.05)
    paired = analyses.analyse(method("paired"), arms, 0.05)
    np.testing.assert_allclose(flat.estimate, paired.estimate, rtol=1e-6)
    assert 0.97 < np.mean((flat.hi - flat.lo) / (paired.hi - paired.lo)) < 1
    doubting = analyses.analyse(method("bayes_normal", prior_sd=0.5), arms, 0.05)
    assert (abs(doubting.estimate) < abs(flat.estimate)).all()


@pytest.mark.parametrize(
    ("number", "changes", "said"),
    [
        (3, {"endpoint": "vas"}, "fisher takes an event .any_of., which endpoint vas is not"),
        (0, {"endpoint": "pgic_2"}, "mmrm takes a reading, no event"),
        (0, {"method": "paired"}, "paired takes a crossover trial, correlation_06 is parallel"),
        (0, {"method": "lmm_slopes", "targets": "slope", "errors": "model"},
         "correlation_06 is parallel: a slope is of a cohort"),
    ],
)  # fmt: skip
def test_a_method_that_fits_nothing_says_what_it_takes(number, changes, said):
    named = {f"methods.{number}": files.load(STUDY).methods[number].model_dump() | changes}
    every = ["difference_at_end", "log_odds_ratio", "common_log_odds_ratio", "slope"]
    with pytest.raises(ValueError, match=said):
        files.load(STUDY, named | {"estimands": every})


def test_a_headline_without_a_cell_says_which_field():
    with pytest.raises(ValueError, match="no cell has sessions 3; trial correlation_06 has: 6"):
        files.load(STUDY, {"headline.sessions": 3})
    with pytest.raises(ValueError, match="no cell has method 'mmrm' .there are: relief_mmrm"):
        files.load(STUDY, {"headline.method": "mmrm"})


if __name__ == "__main__":
    shown = ["trial", "missing", "method", *MEASURES]
    print(figures(int(sys.argv[1]))[shown].round(2).to_csv(index=False))
