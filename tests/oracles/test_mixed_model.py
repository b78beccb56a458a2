"""The random-intercept model against statsmodels, a dense second implementation, closed forms."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from classical.mixed import fit_random_intercept

DATA = Path(__file__).parent / "data" / "mixed_small.json"


@pytest.fixture(scope="module")
def small():
    data = {k: np.array(v) for k, v in json.loads(DATA.read_text()).items() if k != "source"}
    session, responder = data["session_no"].astype(float), data["is_responder"].astype(float)
    one = np.ones(len(session))
    return (
        data["pain_relief_pct"],
        data["patient"],
        {
            "slope": np.column_stack([one, session]),
            "interaction": np.column_stack([one, session, responder, session * responder]),
        },
    )


def dense_criterion(y, x, patient, ratio):
    """-2 restricted log likelihood from the full covariance matrix, sigma profiled out."""
    v = np.eye(len(y)) + ratio * (patient[:, None] == patient[None, :])
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    r = y - x @ np.linalg.solve(information, x.T @ inverse @ y)
    left = len(y) - x.shape[1]
    scale = np.log(2 * np.pi * (r @ inverse @ r) / left)
    return left * (1 + scale) + np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1]


@pytest.mark.parametrize("model", ["slope", "interaction"])
def test_equals_statsmodels(small, model):
    """Estimates and variances; its errors of fixed effects follow another definition."""
    import statsmodels.api as sm

    y, patient, designs = small
    found = fit_random_intercept(y, designs[model], patient)
    peer = sm.MixedLM(y, designs[model], groups=patient).fit(reml=True, method=["powell"])
    assert found.status == "ok"
    assert_allclose(found.estimate, peer.fe_params, rtol=1e-6, atol=1e-6)
    assert_allclose([found.sigma**2, found.tau**2], [peer.scale, peer.cov_re[0, 0]], rtol=1e-6)


@pytest.mark.parametrize("model", ["slope", "interaction"])
def test_errors_are_those_of_generalised_least_squares(small, model):
    y, patient, designs = small
    found = fit_random_intercept(y, designs[model], patient)
    same = patient[:, None] == patient[None, :]
    covariance = found.sigma**2 * np.eye(len(y)) + found.tau**2 * same
    x = designs[model]
    expected = np.sqrt(np.diag(np.linalg.inv(x.T @ np.linalg.solve(covariance, x))))
    assert_allclose(found.se, expected, rtol=1e-10)


@pytest.mark.parametrize("model", ["slope", "interaction"])
def test_is_the_optimum_of_the_dense_criterion(small, model):
    y, patient, designs = small
    found = fit_random_intercept(y, designs[model], patient)
    ratio = (found.tau / found.sigma) ** 2
    best = dense_criterion(y, designs[model], patient, ratio)
    assert found.reml_criterion == pytest.approx(best, abs=1e-9)
    for nearby in (0.0, ratio * 0.99, ratio * 1.01, ratio * 10):
        assert dense_criterion(y, designs[model], patient, nearby) > best


def test_balanced_data_have_the_closed_form():
    """Balanced: slope and its error are the within-patient regression, df = N - patients - 1."""
    rng = np.random.default_rng(1)
    session = np.tile(np.arange(1.0, 5), 12)
    patient = np.repeat(np.arange(12), 4)
    y = 5 * session + rng.normal(0, 20, 12)[patient] + rng.normal(0, 9, 48)
    found = fit_random_intercept(y, np.column_stack([np.ones(48), session]), patient)
    centred = y - (np.bincount(patient, y) / 4)[patient]
    x = session - 2.5
    slope = centred @ x / (x @ x)
    left = 48 - 12 - 1
    error = np.sqrt(((centred - slope * x) ** 2).sum() / left / (x @ x))
    assert_allclose([found.estimate[1], found.se[1], found.df[1]], [slope, error, left], rtol=1e-6)


def test_no_variance_between_patients_is_the_boundary_and_equals_least_squares():
    rng = np.random.default_rng(3)
    session, patient = np.tile(np.arange(1.0, 5), 10), np.repeat(np.arange(10), 4)
    noise = rng.normal(0, 10, 40)
    y = 3 * session + noise - (np.bincount(patient, noise) / 4)[patient]
    x = np.column_stack([np.ones(40), session])
    found = fit_random_intercept(y, x, patient)
    beta, rss = np.linalg.lstsq(x, y, rcond=None)[:2]
    assert (found.status, found.tau) == ("boundary", 0.0)
    assert_allclose(found.estimate, beta)
    assert_allclose(found.sigma, np.sqrt(rss[0] / 38))
    assert_allclose(found.df, 38)


@pytest.mark.parametrize(
    ("outcome", "session", "patient", "cause"),
    [
        ([], [], [], "no observations"),
        ([1, 2, 3, 5], [1, 2, 3, 4], [1, 1, 1, 1], "one patient"),
        ([7, 7, 7, 7], [1, 2, 1, 2], [1, 1, 2, 2], "the outcome is constant"),
        ([1, 2, 3, 5], [1, 1, 1, 1], [1, 1, 2, 2], "the design does not vary enough"),
        ([1, 5], [1, 2], [1, 2], "too few observations"),
        ([1, 5, 2], [1, 2, 3], [1, 2, 3], "one observation a patient"),
        ([1, 1, 9, 9], [1, 2, 1, 2], [1, 1, 2, 2], "no variation within patients"),
    ],
)
def test_what_cannot_be_estimated_says_why(outcome, session, patient, cause):
    design = np.column_stack([np.ones(len(session)), np.array(session, dtype=float)])
    found = fit_random_intercept(outcome, design, patient)
    assert found.status == f"not_estimable: {cause}"
    assert np.isnan(found.estimate).all()


def test_missing_values_are_refused():
    with pytest.raises(ValueError, match="drop and count missing"):
        fit_random_intercept([1.0, np.nan], np.ones((2, 1)), [1, 2])
