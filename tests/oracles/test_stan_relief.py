"""The relief model against Stan, which wrote equations (1) to (8a) a second time.

`data/stan/README.md` says how its numbers were made; Stan is not needed here. They are stated in
natural quantities, so that they hold in whatever coordinates a sampler works.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.marginal.grid import make_nodes
from bayes.marginal.target import Target
from bayes.parameters import NAMES, scores_of
from bayes.relief import build

TOLD = json.loads((Path(__file__).parent / "data" / "stan" / "relief.json").read_text())
POINTS = TOLD["points"]


@pytest.fixture(scope="module")
def clinic():
    sessions, patients = (pd.DataFrame(TOLD[name]) for name in ("sessions", "patients"))
    cohort = prepare(sessions, patients)
    covariates = covariates_of(cohort)
    assert covariates.labels == TOLD["covariates"]
    return cohort, covariates


def scores_at(point):
    population = scores_of(np.array([point["population"][name] for name in NAMES]))
    return np.concatenate([population, point["effect_score"]])


def own_scores(point):
    """Return the patients' prior standard scores of `WITHIN`; a level has that of the start."""
    p = point["population"]
    start, plateau, log_rate = (np.array(point[x]) for x in ("start", "plateau", "log_rate"))
    r = p["start_plateau_correlation"]
    z = (start - p["start_mean"]) / p["start_sd"]
    given = p["plateau_mean"] + p["plateau_sd"] * r * z
    z_plateau = (plateau - given) / (p["plateau_sd"] * np.sqrt(1 - r**2))
    return np.stack([z, z_plateau, (log_rate - p["log_rate_mean"]) / p["log_rate_sd"], z], axis=1)


def log_normal(z):
    return -(z**2 + np.log(2 * np.pi)).sum() / 2


def test_the_density_for_nuts_is_stans(clinic):
    """Stan tells that of start, plateau and log rate: scores have it times the spreads."""
    model = build(*clinic)
    density = model.compile_fn(
        model.logp(), inputs=model.value_vars, mode="FAST_COMPILE", point_fn=True
    )
    for point in POINTS:
        p, scores, own = point["population"], scores_at(point), own_scores(point)
        spreads = p["start_sd"] * p["plateau_sd"] * p["log_rate_sd"]
        log_volume = len(own) * np.log(spreads * np.sqrt(1 - p["start_plateau_correlation"] ** 2))
        told = log_normal(scores) + sum(point["log_effects"]) + log_volume + log_normal(own[:, 3])
        told += sum(point["log_lik"])
        assert density({"population": scores, "own": own}) == pytest.approx(told, abs=1e-6)


def test_patients_marginals_are_stans_on_a_grid(clinic):
    """With nodes close enough for thirty reports; the shipped ones are held in tests/models."""
    target = Target(*clinic, nodes=make_nodes(48, 9, 9, 15, 0.2), threads=1)
    point, places = scores_at(POINTS[0]), target.new_places()
    target.adapt(point, places, 10)
    found = target.log_marginals(point, places)[0]
    assert_allclose(found, TOLD["log_marginal_at_first"], rtol=0, atol=1e-3)
