"""The gate lets good chains pass and names what is wrong with bad ones."""

import numpy as np
import xarray as xr

from bayes.diagnostics import diagnose


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
