"""The gate lets good chains pass and names what is wrong with bad ones."""

import numpy as np
import xarray as xr

from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.diagnostics import diagnose, diagnose_chains
from bayes.fit import Fit
from bayes.parameters import NAMES
from bayes.posterior import Posterior
from bayes.tables import fit_tables


def chains(n=1000):
    rng = np.random.default_rng(5)
    return xr.Dataset(
        {
            "start": (("chain", "draw"), rng.normal(size=(4, n))),
            "plateau_pct": (("chain", "draw", "patient"), rng.normal(size=(4, n, 3))),
        },
        coords={"patient": ["a", "b", "c"]},
    )


def test_independent_draws_pass():
    verdict = diagnose(chains())
    assert verdict.status == "converged"
    assert verdict.r_hat_max < 1.01
    assert verdict.ess_min > 400
    assert verdict.table["term"].tolist() == [
        "start", "plateau_pct[a]", "plateau_pct[b]", "plateau_pct[c]",
    ]  # fmt: skip


def test_one_chain_elsewhere_is_caught_and_named():
    draws = chains()
    draws["plateau_pct"][2, :, 1] += 1.0
    verdict = diagnose(draws)
    assert verdict.status == "not_converged"
    assert "plateau_pct[b]" in verdict.reason


def test_too_few_draws_are_caught():
    verdict = diagnose(chains(n=60))
    assert verdict.status == "not_converged"


def test_a_chain_that_does_not_move_is_caught():
    draws = chains()
    draws["start"][:] = 3.0
    verdict = diagnose(draws)
    assert verdict.status == "not_converged"
    assert "start" in verdict.reason


def test_divergences_beyond_one_in_a_thousand_are_caught():
    assert diagnose(chains(), divergences=4).status == "converged"
    verdict = diagnose(chains(), divergences=5)
    assert verdict.status == "not_converged"
    assert "divergent" in verdict.reason


def test_chains_are_judged_by_parameter_effect_and_plateau(make_cohort, make_lesions):
    """Draws as a sampler leaves them, one patient stuck elsewhere in one chain."""
    data = make_cohort(3, 6)
    cohort = prepare(data, make_lesions(data))
    covariates = covariates_of(cohort)
    rng = np.random.default_rng(1)
    scores = rng.standard_normal((4, 500, len(NAMES) + len(covariates.labels)))
    effects = np.zeros((4, 500, 3, 5))
    effects[..., 0] = 1
    effects[..., 1:4] = rng.normal([-15, 50, -1], [3, 5, 0.2], (4, 500, 3, 3))
    stats = {"diverging": np.zeros((4, 500), dtype=bool)}
    sound = Posterior(cohort, covariates, "nuts", scores, effects, 1, stats)
    verdict = diagnose_chains(sound)
    assert verdict.status == "converged", verdict.reason
    assert len(verdict.table) == len(NAMES) + len(covariates.labels) + 3
    table = fit_tables(Fit(sound, verdict))["population_estimate"].set_index("term")
    assert table.loc[[*NAMES, "effect_level[central]"], "r_hat"].notna().all()
    effects[2, :, 1, 2] += 30
    assert "plateau_pct" in diagnose_chains(sound).reason
