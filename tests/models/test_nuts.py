"""Coordinates of NUTS move no posterior: averaged over them, every patient's likelihood stands."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytensor.tensor as pt
import pytest
from scipy.special import ndtri
from scipy.stats import qmc

from bayes import coordinates as where
from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.curves import COURSES
from bayes.marginal.target import Target
from bayes.nuts import _draw_kinds
from bayes.parameters import NAMES
from bayes.relief import patient_logs
from bayes.summary import informed

REPORTS = ([0, 0, 10, 0, 0, 5], [20, 40, 60, 50, 70, 60], [0, 30, 20, 0, 10, 40])
"""Patients that stay, that rise, and of whom nobody knows."""
LOG2_COPIES = 10


def cohort_of(copies):
    parts = [
        pd.DataFrame({"patient_id": f"{k}-{c}", "session_no": range(1, 7), "pain_relief_pct": x})
        for c in range(copies)
        for k, x in enumerate(REPORTS)
    ]
    sessions = pd.concat(parts)
    ids = sessions["patient_id"].unique()
    reasons = ["loss_of_efficacy", "ongoing", None] * copies
    return prepare(sessions, pd.DataFrame({"patient_id": ids, "stop_reason": reasons}))


def some_score(covariates):
    n = len(NAMES) + len(covariates.labels)
    return 0.5 * np.random.default_rng(3).standard_normal(n)


def logs_of(cohort, covariates, coordinates, score, own):
    """Log P(data, kind) given coordinates, shape (scatters, patients, courses), and the effects."""
    logs, effects = patient_logs(
        cohort, covariates, coordinates, pt.constant(score), pt.constant(own)
    )
    return logs.eval(mode="FAST_COMPILE"), effects


def averaged(coordinates, score):
    """Each patient's log likelihood averaged over standard normal coordinates."""
    copies = 2**LOG2_COPIES
    many, covariates = cohort_of(copies), covariates_of(cohort_of(1))
    one = {name: np.tile(getattr(coordinates, name), copies) for name in ("kept", "report")}
    one |= {name: np.tile(getattr(coordinates, name), copies) for name in ("log_rate", "level")}
    own = ndtri(qmc.Sobol(4, seed=1).random_base2(LOG2_COPIES))
    own = np.repeat(own, len(REPORTS), axis=0)
    logs, _ = logs_of(many, covariates, replace(coordinates, **one), score, own)
    each = np.logaddexp.reduce(logs, axis=(0, 2)).reshape(copies, len(REPORTS))
    return np.logaddexp.reduce(each, axis=0) - np.log(copies)


@pytest.fixture(scope="module")
def small():
    cohort = cohort_of(1)
    covariates = covariates_of(cohort)
    score = some_score(covariates)
    target = Target(cohort, covariates, threads=1)
    places = target.new_places()
    target.adapt(score, places, 8)
    return cohort, covariates, score, target.log_marginals(score, places)[0]


def test_any_coordinates_give_the_marginal_likelihood(small):
    """Away from the mode, where the coordinates were made."""
    cohort, covariates, score, expected = small
    for coordinates in (where.plain(cohort, covariates), informed(cohort, covariates, 1)):
        assert averaged(coordinates, score) == pytest.approx(expected, abs=0.04)


def test_a_volume_left_out_is_seen(small, monkeypatch):
    cohort, covariates, score, expected = small
    right = where._one

    def wrong(pt, mean, sd, summary, own):
        effect, volume = right(pt, mean, sd, summary, own)
        return effect, volume + pt.log(1 + summary[0] * sd**2) / 2

    monkeypatch.setattr(where, "_one", wrong)
    assert (averaged(informed(cohort, covariates, 1), score) - expected).max() > 0.2


def test_kinds_are_drawn_as_the_model_weighs_them(small):
    cohort, covariates, score, _ = small
    coordinates, draws = informed(cohort, covariates, 1), 2000
    own = np.random.default_rng(4).standard_normal((len(REPORTS), 4))
    logs, effects = logs_of(cohort, covariates, coordinates, score, own)
    at = {name: getattr(effects, name).eval(mode="FAST_COMPILE") for name in where.WITHIN}
    odds = (effects.log_flat - effects.log_rising).eval(mode="FAST_COMPILE")
    found = {name: np.tile(value, (1, draws, 1)) for name, value in at.items()}
    found |= {"scores": np.tile(score, (1, draws, 1)), "flat_odds": np.tile(odds, (1, draws, 1))}
    drawn = np.stack([found["start"], found["plateau"], found["log_rate"]], axis=-1)
    drawn = np.pad(drawn, [(0, 0)] * 3 + [(1, 1)])
    _draw_kinds(cohort, covariates, found, drawn, 5)
    chance = np.exp(logs - np.logaddexp.reduce(logs, axis=(0, 2), keepdims=True))
    for column, expected in ((0, chance.sum(axis=0)), (4, chance.sum(axis=2).T)):
        kinds = range(expected.shape[1])
        share = np.stack([(drawn[0, ..., column] == k).mean(axis=0) for k in kinds], axis=1)
        assert np.abs(share - expected).max() < 4 * 0.5 / np.sqrt(draws)
    flat = drawn[0, ..., 0] == COURSES.index("flat")
    assert flat.any() and (drawn[0, ..., 2] == at["level"])[flat].all()
