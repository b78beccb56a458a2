"""Power of two groups of patients in a study, held to closed forms of what the groups are.

Each group is drawn once, very large, by the study's own conduct; what is held to closed forms is
everything after it: sizes of arms, misclassification, endpoints, tests, rejections counted.
Fisher's test has its exact binomial power; the t test, and the slopes of a mixed model on complete
reports (with robust errors the two-sample test of patients' own slopes), the noncentral t's.
"""

import numpy as np
import pytest
from scipy.stats import binom, nct, t

from classical.batched.tables import fisher
from simulate.members import parameters_for
from simulate.studies import files, worlds
from simulate.studies.trials import analyses, conduct
from simulate.studies.trials.counting import cells, count

LEVEL, REPLICATES, LARGE = 0.05, 2000, 25
SIZES = {
    "central_peripheral": 400,
    "as_they_come": 500,
    "one_in_ten_wrong": 400,
    "stroke_types": 120,
    "stroke_types_as_they_come": 160,
}
CHANGES = {
    f"data.trials.{k}.{field}": value
    for k, n in enumerate(SIZES.values())
    for field, value in (("n_patients", [n]), ("missing", ["none"]))
} | {"headline.missing": "none"}


@pytest.fixture(scope="module")
def design():
    return files.load("subgroup_power", CHANGES)


@pytest.fixture(scope="module")
def groups(design):
    """Reports (patients, sessions) of both groups of every trial, nobody in the wrong one."""
    (world,) = worlds.worlds(design)
    numbers = np.arange(LARGE)
    parameters = parameters_for(world, 7, numbers)
    found = {}
    for trial in design.data.trials:
        pure = trial.model_copy(update={"misclassified": 0.0, "second_share": 0.5})
        drawn = conduct.conduct(pure, parameters, 7, numbers, 20_000)["relief"]
        found[trial.name] = [y.reshape(-1, y.shape[-1]) for y in (drawn.first, drawn.second)]
    return found


def simulated(design):
    """Rejection rates by trial and method."""
    (world,) = worlds.worlds(design)
    named, sums = cells(design, world), count(design, world, range(REPLICATES)).to_pandas()
    assert (sums["n_failed"] < REPLICATES / 100).all()
    rates = sums["n_rejected"] / sums["n_tested"]
    return dict(zip(zip(named["trial"], named["method"], strict=True), rates, strict=True))


def expected(design, groups):
    """Power in closed form by trial and method."""
    found = {}
    for trial in design.data.trials:
        arms = conduct.sizes(trial, SIZES[trial.name])
        one, other = groups[trial.name]
        wrong = trial.misclassified
        found |= {
            (trial.name, "fisher_10"): fisher_power(arms, rates(one, other, 10, wrong)),
            (trial.name, "fisher_30"): fisher_power(arms, rates(one, other, 30, wrong)),
            (trial.name, "t_test"): t_power(arms, moments(one[:, -1], other[:, -1], wrong)),
            (trial.name, "lmm_slopes"): t_power(
                arms, moments(slopes(one), slopes(other), wrong), pooled=True
            ),
        }
    return found


def rates(one, other, cut, wrong):
    p, q = ((y[:, -1] >= cut).mean() for y in (one, other))
    return (1 - wrong) * p + wrong * q, (1 - wrong) * q + wrong * p


def slopes(y):
    at = np.arange(y.shape[1]) - (y.shape[1] - 1) / 2
    return y @ at / (at @ at)


def moments(one, other, wrong):
    """Mean and variance of both groups, of each a share in the wrong one."""

    def mixed(own, stray):
        mean = (1 - wrong) * own.mean() + wrong * stray.mean()
        square = (1 - wrong) * (own**2).mean() + wrong * (stray**2).mean()
        return mean, square - mean**2

    return mixed(one, other), mixed(other, one)


def fisher_power(arms, chances):
    (n, m), (p, q) = arms, chances
    a, b = np.meshgrid(np.arange(n + 1), np.arange(m + 1), indexing="ij")
    weight = np.outer(binom.pmf(a[:, 0], n, p), binom.pmf(b[0], m, q))
    is_likely = weight > 1e-9
    rejects = fisher(a[is_likely], n, b[is_likely], m) < LEVEL
    return float(weight[is_likely] @ rejects)


def t_power(arms, groups, *, pooled=False):
    (n, m), ((mean, variance), (other, spread)) = arms, groups
    a, b = variance / n, spread / m
    df = n + m - 2 if pooled else (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (m - 1))
    limit, shift = t.ppf(1 - LEVEL / 2, df), (mean - other) / np.sqrt(a + b)
    return float(nct.sf(limit, df, shift) + nct.cdf(-limit, df, shift))


def off(found, wanted):
    """Distance in Monte Carlo errors."""
    return {
        key: abs(found[key] - wanted[key]) / np.sqrt(wanted[key] * (1 - wanted[key]) / REPLICATES)
        for key in wanted
    }


def test_power_of_two_groups_is_that_of_closed_forms_and_errors_are_seen(
    design, groups, monkeypatch
):
    found, wanted = simulated(design), expected(design, groups)
    assert set(found) == set(wanted)
    assert 0.15 < np.median(list(wanted.values())) < 0.9, "neither 0 nor 1 tells anything"
    far = {key: z for key, z in off(found, wanted).items() if z > 4}
    assert not far

    def caught(method, wrong):
        return max(z for (_, m), z in off(found, wrong).items() if m in method) > 4

    with monkeypatch.context() as patch:
        patch.setattr(conduct, "sizes", lambda trial, n: (n // 2, n // 2))
        assert caught(("fisher_30", "t_test"), expected(design, groups)), "arms taken as equal"
    right = [trial.model_copy(update={"misclassified": 0.0}) for trial in design.data.trials]
    data = design.data.model_copy(update={"trials": tuple(right)})
    all_right = expected(design.model_copy(update={"data": data}), groups)
    assert caught(("t_test", "fisher_30"), all_right), "nobody in the wrong group"


@pytest.mark.parametrize("name", ["fisher", "t_test", "lmm_slopes"])
def test_a_test_at_another_level_is_seen(design, groups, monkeypatch, name):
    own = analyses.ANALYSES[name]

    def halved(method, arms, level):
        found = own(method, arms, level)
        return found._replace(p=found.p / 2)

    monkeypatch.setitem(analyses.ANALYSES, name, halved)
    methods = {m.name for m in design.methods if m.method == name}
    one_trial = files.load(
        "subgroup_power",
        {**CHANGES, "data.trials": [design.data.trials[0].model_dump(mode="json")]},
    )
    z = off(simulated(one_trial), expected(one_trial, groups))
    assert all(z[key] > 4 for key in z if key[1] in methods)
    assert all(z[key] <= 4 for key in z if key[1] not in methods)
