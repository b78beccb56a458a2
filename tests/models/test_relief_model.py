"""The relief model as built, and the fit as wired; one small real fit (slow)."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayes.fit import FitConfig, fit
from bayes.heaping import cells, log_probability
from bayes.quantities import patient_curve, patient_plateau, population_estimate
from bayes.relief import build, prepare

POINT = {
    "start": -12.0, "plateau_mean": 40.0, "plateau_sd": 15.0, "log_rate_mean": -0.8,
    "log_rate_sd": 0.5, "rising_share": 0.7, "noise": 11.0,
}  # fmt: skip
SHARE = np.array([0.6, 0.3, 0.1])


def cohort(n_patients, n_sessions, seed=3):
    """Half of the patients rise to about 60, half stay near nothing; reports in tens."""
    rng = np.random.default_rng(seed)
    session = np.tile(np.arange(1.0, n_sessions + 1), n_patients)
    patient = np.repeat(np.arange(n_patients), n_sessions)
    rises = patient % 2 == 0
    plateau = rng.normal(60, 15, n_patients)[patient]
    latent = np.where(rises, plateau - (plateau + 20) * np.exp(-0.6 * session), -20)
    relief = np.clip(10 * np.round((latent + rng.logistic(0, 8, len(session))) / 10), 0, 100)
    ids = [f"{k:032x}" for k in patient]
    return pd.DataFrame({"patient_id": ids, "session_no": session, "pain_relief_pct": relief})


def by_hand(reports, plateau, log_rate):
    """Equation (5): each patient's two courses, weighed, written out."""
    total = 0.0
    for k in range(len(reports.patients)):
        mine = reports.patient == k
        cell = cells(reports.relief[mine]).as_dict()
        s, b = reports.session[mine], POINT["start"]
        rising = b + (plateau[k] - b) * (1 - np.exp(-np.exp(log_rate[k]) * s))
        sums = [
            log_probability(cell, latent, POINT["noise"], SHARE).sum()
            for latent in (rising, np.full(len(s), b))
        ]
        share = POINT["rising_share"]
        total += np.logaddexp(np.log(share) + sums[0], np.log(1 - share) + sums[1])
    return total


@pytest.mark.parametrize("decimals", [False, True])
def test_likelihood_weighs_a_rising_and_a_flat_course(decimals):
    data = cohort(4, 5)
    if decimals:
        data.loc[2, "pain_relief_pct"] = 33.5
    reports = prepare(data)
    model = build(reports)
    z, plateau = np.array([0.3, -1.0, 0.0, 2.0]), np.array([55.0, 20.0, 70.0, -5.0])
    values = POINT | {"plateau": plateau, "z_rate": z, "heaping": SHARE}
    # The potential is a function of the random variables themselves: set them, draw nothing.
    in_priors_only = ("plateau_mean", "plateau_sd")
    given = {
        model[name]: np.asarray(value, dtype=float)
        for name, value in values.items()
        if name not in in_priors_only
    }
    found = model.potentials[0].eval(given, mode="FAST_COMPILE")
    log_rate = POINT["log_rate_mean"] + POINT["log_rate_sd"] * z
    assert found == pytest.approx(by_hand(reports, plateau, log_rate), rel=1e-10)


def test_model_carries_the_real_patient_ids():
    data = cohort(3, 4)
    assert list(build(data).coords["patient"]) == sorted(data["patient_id"].unique())


def test_fit_passes_its_settings_on_and_reports_progress(monkeypatch):
    """The sampler replaced by prior-like draws: wiring only."""
    data, seen, shares = cohort(3, 4), {}, []

    class Chain:
        total_draws, finished_draws = 80, 20

    def sample(compiled, **settings):
        seen.update(settings)
        settings["progress_callback"]([Chain(), Chain()])
        rng = np.random.default_rng(0)
        shape = (settings["chains"], settings["draws"])

        def near(value, *more):
            return value + 0.01 * rng.standard_normal((*shape, *more))

        posterior = xr.Dataset(
            {name: (("chain", "draw"), near(value)) for name, value in POINT.items()}
            | {
                "plateau": (("chain", "draw", "patient"), near(50.0, 3)),
                "log_rate": (("chain", "draw", "patient"), near(-0.5, 3)),
                "heaping": (("chain", "draw", "grid"), rng.dirichlet([6, 3, 1], shape)),
            },
            coords={"patient": list(compiled.coords["patient"]), "grid": ["10", "5", "1"]},
        )
        stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros(shape, dtype=bool))})
        return xr.DataTree.from_dict({"/posterior": posterior, "/sample_stats": stats})

    monkeypatch.setattr("nutpie.compile_pymc_model", lambda model: model)
    monkeypatch.setattr("nutpie.sample", sample)
    config = FitConfig(draws=30, tune=10, chains=2, seed=7, cores=1)
    found = fit(data, config, progress=shares.append)
    assert shares == [0.25]
    assert {k: seen[k] for k in ("draws", "tune", "chains", "seed", "cores")} == {
        "draws": 30, "tune": 10, "chains": 2, "seed": 7, "cores": 1,
    }  # fmt: skip
    assert set(found.seconds) == {"compile", "sample", "judge"}
    # Sixty draws cannot pass the gate, however good they are.
    assert found.diagnosis.status == "not_converged"
    assert patient_plateau(found)["patient_id"].tolist() == sorted(data["patient_id"].unique())


@pytest.mark.slow
def test_a_small_clinic_converges_and_tells_the_two_kinds_of_course_apart():
    """Claim: 40 patients x 8 sessions pass the gate; under a minute, half of it compilation."""
    data = cohort(40, 8, seed=4)
    found = fit(data, FitConfig())
    assert found.diagnosis.status == "converged", found.diagnosis.reason
    table = patient_plateau(found)
    rises = np.arange(40) % 2 == 0
    assert table.loc[rises, "p_plateau_ge_30"].mean() > 0.9
    assert table.loc[~rises, "p_plateau_ge_30"].mean() < 0.3
    assert table.loc[rises, "plateau_mean_pct"].mean() == pytest.approx(60, abs=12)
    assert len(patient_curve(found)) == 40 * 15
    assert population_estimate(found)["r_hat"].max() < 1.05


@pytest.mark.slow
@pytest.mark.parametrize("relief", [0.0, 100.0])
def test_a_cohort_that_always_says_the_same_gives_a_verdict_not_an_error(relief):
    """Claim: constant reports end in tables and a verdict; about 30 s each."""
    data = cohort(6, 4).assign(pain_relief_pct=relief)
    found = fit(data, FitConfig(draws=500, tune=300))
    table = patient_plateau(found)
    assert table.drop(columns=table.filter(like="saturation").columns).notna().all(axis=None)
    assert found.diagnosis.reason
