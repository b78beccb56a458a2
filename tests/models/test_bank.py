"""The bank of courses: exact chances, no look ahead, honest on patients of its own population."""

import numpy as np
import pytest

from bayes.bank import FLOOR, Bank, draw_bank, weigh
from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.fit import FitConfig, fit, fit_population
from bayes.heaping import probability_table
from bayes.parameters import NAMES
from bayes.posterior import Posterior, mean_reports
from bayes.predict import Population, cohort_of, predict_courses
from bayes.scatter import SCORES

SESSIONS = 6


@pytest.fixture(scope="module")
def posterior():
    """A population near its prior, with a cohort of two lesions."""
    import pandas as pd

    ids = np.arange(20).astype(str)
    sessions = pd.DataFrame({"patient_id": ids, "session_no": 1, "pain_relief_pct": 10.0})
    level = ["central"] * 12 + ["peripheral"] * 8
    patients = pd.DataFrame({"patient_id": ids, "lesion_level": level})
    cohort = prepare(sessions, patients)
    covariates = covariates_of(cohort)
    rng = np.random.default_rng(4)
    scores = 0.1 * rng.standard_normal((1, 40, len(NAMES) + len(covariates.labels)))
    effects = np.zeros((1, 40, 20, 5))
    return Posterior(cohort, covariates, "marginal", scores, effects, 3)


@pytest.fixture(scope="module")
def bank(posterior):
    return draw_bank(posterior, 3000, SESSIONS, seed=2)


def test_chances_of_reports_are_those_of_the_model(posterior, bank):
    sums = bank.chance.sum(axis=1)
    assert np.abs(sums - 1).max() < 101 * FLOOR + 1e-5
    natural, _ = posterior.flat
    value = dict(zip(NAMES, natural[0], strict=True))
    tens = value["tens_share"]
    shares = (tens, (1 - tens) * value["fives_share"], (1 - tens) * (1 - value["fives_share"]))
    first = value["noise"] * value["noise_first"] * np.exp(value["noise_spread"] * SCORES)
    tables = [
        probability_table(eta, noise, shares)
        for noise in first
        for eta in np.linspace(-150, 250, 2001)
    ]
    nearest = min(np.abs(table - bank.chance[0, :, 0]).max() for table in tables)
    assert nearest < 1e-3
    expected = (np.arange(101) * bank.chance[0, :, 0]).sum()
    assert expected == pytest.approx(bank.mean[0, 0], abs=0.05)


def test_weights_are_products_of_chances(bank):
    reports = np.array([[20.0, np.nan, 50.0, 35.0, np.nan, 0.0]])
    holds = np.stack([bank.reaches(15, 30), bank.reaches(30, 50)])
    found = weigh(bank, reports, holds)
    weight = np.ones(bank.chance.shape[2])
    for k in range(SESSIONS):
        if 1 <= k <= 3:  # the report of the session before is due
            is_missing = np.isnan(reports[0, k - 1])
            weight = weight * np.where(is_missing, bank.missing[k - 1], 1 - bank.missing[k - 1])
        if np.isfinite(reports[0, k]):
            weight = weight * bank.chance[k, int(reports[0, k])]
        expected = holds @ weight / weight.sum()
        assert found[0, k] == pytest.approx(expected, rel=1e-4)


def test_no_chance_knows_a_later_report(bank):
    rng = np.random.default_rng(1)
    reports = rng.integers(0, 101, (30, SESSIONS)).astype(float)
    holds = bank.reaches(15, 30)[None]
    later = reports.copy()
    later[:, 3:] = 90.0
    np.testing.assert_array_equal(
        weigh(bank, reports, holds)[:, :3], weigh(bank, later, holds)[:, :3]
    )


def test_patients_of_its_own_population_have_relief_as_often_as_told(posterior):
    """Truth and reports from another bank of the same population; another event is found out."""
    n = 8000
    bank, world = (draw_bank(posterior, n, SESSIONS, seed=seed) for seed in (12, 8))
    rng = np.random.default_rng(5)
    steps = np.cumsum(world.chance, axis=1)
    u = rng.random((SESSIONS, 1, n)) * steps[:, -1:]
    reports = (u > steps).sum(axis=1).T.astype(float)
    truth = world.reaches(15, 30)
    error = np.sqrt(2 * truth.mean() * (1 - truth.mean()) / n)  # of two banks' shares
    told, other = (weigh(bank, reports, bank.reaches(15, cut)[None])[:, 3, 0] for cut in (30, 50))
    assert abs(truth.mean() - told.mean()) < 4 * error
    assert abs(truth.mean() - other.mean()) > 8 * error
    sure = told > 0.9
    assert truth[sure].mean() == pytest.approx(told[sure].mean(), abs=0.03)
    assert truth[told < 0.1].mean() < 0.1


def test_the_bank_says_what_nodes_of_a_patient_s_own_say(posterior):
    """But for what follows from having come again, which the bank does not weigh."""
    reports = 10.0 * np.random.default_rng(8).integers(0, 8, (40, 2))
    lesions = ["central"] * 24 + ["peripheral"] * 16
    cohort = cohort_of(reports, lesions, [""] * 40, [""] * 40)
    population = Population(posterior.scores[0], posterior.covariates)
    courses = predict_courses(population, cohort, copies=10)
    late = mean_reports(courses.natural, courses.effects, np.array([13.0, 14.0, 15.0])).mean(-1)
    fine = (courses.weight * (late >= 30)).sum(axis=0)
    bank = draw_bank(posterior, 20_000, 2, seed=5)
    off = weigh(bank, reports, bank.reaches(15, 30)[None])[:, -1, 0] - fine
    assert np.sqrt((off**2).mean()) < 0.04
    assert abs(off.mean()) < 0.03


def test_an_odd_report_leaves_more_than_one_course():
    chance = np.full((1, 101, 4), FLOOR, dtype=np.float32)
    bank = Bank(chance, np.zeros((4, 30)), np.zeros((3, 4), dtype=np.float32))
    found = weigh(bank, np.array([[77.0]]), np.array([[1, 0, 0, 0]], dtype=np.float32))
    assert found[0, 0, 0] == pytest.approx(0.25)


@pytest.mark.filterwarnings("ignore")
def test_a_population_alone_says_what_the_whole_fit_says(make_cohort, make_lesions):
    """Its bank differs from the whole fit's by less than that of a cohort with half the relief."""
    reports = 10.0 * np.random.default_rng(8).integers(0, 8, (60, 4))
    cohort = make_cohort(40, 8, noise=8.0)
    half = cohort.assign(pain_relief_pct=(cohort["pain_relief_pct"] / 2).round())
    told = {3: cohort, 4: half}

    def says(posterior):
        bank = draw_bank(posterior, 8000, 4, seed=5)
        return weigh(bank, reports, bank.reaches(15, 30)[None])[:, -1, 0]

    alone = {s: fit_population(one, make_lesions(one), 100, s) for s, one in told.items()}
    assert alone[3].effects.shape[2] == 0
    config = FitConfig(engine="marginal", marginal_draws=100, cores=1, seed=9)
    whole = says(fit(told[3], config, patients=make_lesions(told[3])).posterior)
    off, other = (np.sqrt(((says(alone[s]) - whole) ** 2).mean()) for s in (3, 4))
    assert off < 0.05
    assert other > 3 * off
