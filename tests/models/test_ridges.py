"""Ridges of the population's density: the map that bends scores along them, its worth."""

from dataclasses import replace

import numpy as np
import pytest

from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.marginal.importance import smoothed
from bayes.marginal.mode import find_mode
from bayes.marginal.proposals import measure
from bayes.marginal.ridges import Ridges
from bayes.marginal.target import Target
from orchestration.benchmarks.bayes import clinic_of
from simulate.cohort import generate
from simulate.scenario import load

SIZE = 4


@pytest.fixture
def ridges():
    rng = np.random.default_rng(4)
    order = np.array([2, 0, 3, 1])
    bend = rng.normal(0, 0.3, (SIZE, 2, SIZE))
    for number, k in enumerate(order):
        bend[k][:, order[: number + 1]] = 0.0
    return Ridges(order, bend)


def test_straightened_undoes_bent(ridges):
    straight = np.random.default_rng(5).normal(0, 3, (200, SIZE))
    assert ridges.straightened(ridges.bent(straight)) == pytest.approx(straight)
    assert not np.allclose(ridges.bent(straight), straight)


def test_bending_keeps_volumes(ridges):
    at, h = np.random.default_rng(6).normal(0, 2, SIZE), 1e-6
    by = np.array([ridges.bent(at + h * e) - ridges.bent(at - h * e) for e in np.eye(SIZE)])
    assert np.linalg.det(by / (2 * h)) == pytest.approx(1, abs=1e-6)


def test_ridges_among_some_directions_are_theirs(ridges):
    kept = np.array([0, 2, 3])
    some = ridges.among(kept)
    straight = np.zeros(SIZE)
    straight[kept] = [1.5, -3.0, 0.7]
    assert some.bent(straight[kept]) == pytest.approx(ridges.bent(straight)[kept])


@pytest.mark.slow
def test_weights_of_a_clinic_are_worth_more_along_the_ridges():
    """Measured on three clinics: 1.1 to 2.1 times as many effective draws."""
    sessions, patients = clinic_of(generate(load("replica"), 3))
    cohort = prepare(sessions, patients)
    target = Target(cohort, covariates_of(cohort))
    mode = find_mode(target)
    bent = measure(target, mode)
    straight = replace(bent.ridges, bend=np.zeros_like(bent.ridges.bend))
    worth = []
    for ridges in (bent.ridges, straight):
        proposals = measure(target, mode, ridges)
        half = np.random.default_rng(7).random((500, target.size))
        scores = proposals.scores_below(np.concatenate([half, 1 - half]))
        log = proposals.log_posterior(target, scores) - proposals.log_density(scores)
        worth.append(1 / (smoothed(log)[0] ** 2).sum())
    assert worth[0] > 1.3 * worth[1]
