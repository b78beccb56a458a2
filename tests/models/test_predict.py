"""Predictions for new patients: definitions, missing reports, unseen lesions, the basis."""

import numpy as np
import pandas as pd
import pytest

from bayes.basis import basis, similar_patients
from bayes.covariates import Covariates
from bayes.outlook import outlook, reported_chances
from bayes.parameters import NAMES
from bayes.predict import (
    Population,
    cohort_of,
    predict_courses,
    unseen_logits,
    without_reports,
)  # fmt: skip
from bayes.quantities import plateau_pct

CODES = Covariates({"level": ("central", "peripheral"), "stroke": ("ischaemic",), "site": ()})


@pytest.fixture(scope="module")
def population():
    """A population that is known to two decimals or so."""
    rng = np.random.default_rng(6)
    return Population(0.05 * rng.standard_normal((60, len(NAMES) + 3)), CODES)


def new(relief, level="central"):
    n = len(relief)
    return cohort_of(np.array(relief, dtype=float), [level] * n, [""] * n, [""] * n)


def test_more_relief_reported_is_more_relief_predicted(population):
    courses = predict_courses(population, new([[0, 0, 0, 0], [10, 30, 40, 50], [60, 70, 80, 80]]))
    plateau = courses.probability(plateau_pct(courses.mean_reports()))
    assert (np.diff(plateau) > 10).all()
    assert courses.weight.sum(axis=0) == pytest.approx(1)


def test_a_missing_report_says_nothing_and_is_not_a_zero(population):
    courses = predict_courses(population, new([[40, np.nan, np.nan], [40, 0, 0]]))
    plateau = courses.probability(plateau_pct(courses.mean_reports()))
    assert plateau[0] > plateau[1] + 5


def test_going_on_after_the_test_period_is_in_itself_good_news(population):
    """Reports of the first four sessions alone, against still being treated at session eight."""
    four = new([[0, 10, 10, np.nan]])
    eight = new([[0, 10, 10, np.nan, np.nan, np.nan, np.nan, np.nan]])
    found = [
        predict_courses(population, cohort).probability(
            plateau_pct(predict_courses(population, cohort).mean_reports())
        )[0]
        for cohort in (four, eight)
    ]
    assert found[1] > found[0]


def test_an_unseen_level_widens_and_a_seen_one_does_not(population):
    assert (unseen_logits(population, new([[10.0]]), 1) == 0).all()
    assert unseen_logits(population, new([[10.0]], "mixed"), 1).std() > 0.4


def test_outlook_is_coherent(population):
    cohort = new([[0, 20, 30]])
    courses, unseen = predict_courses(population, cohort), without_reports(population, cohort)
    told = outlook(courses, 3, 15, unseen)
    for name in ("p_plateau_ge", "p_relief_at_horizon_ge", "p_reported_at_horizon_ge"):
        chances = list(told[name].values())
        assert all(0 <= p <= 1 for p in chances)
        assert chances == sorted(chances, reverse=True)
    assert told["p_plateau_ge"]["30"] >= told["p_relief_at_horizon_ge"]["30"]
    step = told["next_session"]
    assert step["q05"] <= step["p_plateau_ge_30_now"] <= step["q95"]
    assert (told["saturation_session"] is None) == (told["saturation_reason"] is not None)
    assert reported_chances(courses, 4).sum(axis=0) == pytest.approx(1)


def test_basis_counts_patients_of_that_level_with_such_reports():
    sessions = pd.DataFrame(
        {
            "patient_id": list("aabbccd"),
            "session_no": [1, 2, 1, 2, 1, 2, 1],
            "pain_relief_pct": [0, 20, 10, 30, 0, np.nan, 0],
        }
    )
    who = pd.DataFrame(
        {"patient_id": list("abcd"), "lesion_level": ["central"] * 3 + ["peripheral"]}
    )
    reports = np.array([5.0, 25.0])
    assert similar_patients(sessions, who, reports, "central") == 2
    assert similar_patients(sessions, who, np.array([5.0, np.nan]), "central") == 3
    assert similar_patients(sessions, who, np.array([5.0, np.nan]), "") == 4
    told = basis(sessions, who, reports, "mixed")
    assert told["extrapolated"] and "mixed" in told["extrapolated_reason"]
    assert basis(sessions, who, reports, "central")["n_similar"] == 2
