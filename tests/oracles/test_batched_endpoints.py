"""MMRM held to the t test, a slow likelihood and its null; ordinal to statsmodels."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import ttest_ind

from classical.batched import status, unstructured
from classical.batched.ordinal import proportional_odds

N, SESSIONS = 24, 3


@pytest.fixture(scope="module")
def complete():
    rng = np.random.default_rng(1)
    root = np.linalg.cholesky(np.array([[1, 0.6, 0.4], [0.6, 1.3, 0.6], [0.4, 0.6, 1.8]]))
    return rng.standard_normal((400, 2 * N, SESSIONS)) @ root.T * 12


@pytest.fixture(scope="module")
def holes(complete):
    rng = np.random.default_rng(2)
    y = complete.copy()
    y[rng.random(y.shape) < 0.12] = np.nan
    y[:, ::5, 2] = np.nan
    return y


def both(y):
    return y[:, :N], y[:, N:]


def test_without_holes_it_is_the_t_test_of_the_last_session(complete):
    found = unstructured.fit(*both(complete))
    expected = [ttest_ind(y[:N, -1], y[N:, -1]).pvalue for y in complete]
    assert found.p == pytest.approx(expected, abs=1e-9)
    assert found.df == pytest.approx(2 * N - 2, rel=1e-6)


def restricted(y, arm):
    """Slow: the restricted likelihood over Cholesky factors by BFGS, its Hessian by differences."""
    seen = ~np.isnan(y)
    lower = np.tril_indices(SESSIONS)

    def sums(v):
        a, b, q, log = np.zeros((6, 6)), np.zeros(6), 0.0, 0.0
        for own, g, at in zip(y, arm, seen, strict=True):
            if not at.any():
                continue
            x = np.zeros((SESSIONS, 6))
            x[:, g * SESSIONS : (g + 1) * SESSIONS] = np.eye(SESSIONS)
            w = np.linalg.inv(v[np.ix_(at, at)])
            a, b = a + x[at].T @ w @ x[at], b + x[at].T @ w @ own[at]
            q, log = q + own[at] @ w @ own[at], log - np.linalg.slogdet(w)[1]
        return a, b, q, log

    def height(v):
        a, b, q, log = sums(v)
        return 0.5 * (log + np.linalg.slogdet(a)[1] + q - b @ np.linalg.solve(a, b))

    def square(values):
        v = np.zeros((SESSIONS, SESSIONS))
        v[lower] = values
        return v

    def symmetric(values):
        return square(values) + np.tril(square(values), -1).T

    start = np.diag(np.nanstd(y, axis=0))[lower]
    best = square(minimize(lambda x: height(square(x) @ square(x).T), start, method="BFGS").x)
    v = best @ best.T
    a, b, *_ = sums(v)
    c = np.array([0, 0, 1, 0, 0, -1.0])

    def variance(values):
        return c @ np.linalg.solve(sums(symmetric(values))[0], c)

    at, k = v[lower], len(lower[0])
    steps = np.diag(1e-3 * np.sqrt(np.outer(np.diag(v), np.diag(v)))[lower])
    slope = [(variance(at + s) - variance(at - s)) / (2 * s.max()) for s in steps]
    hessian = np.empty((k, k))
    for i, s in enumerate(steps):
        for j, t in enumerate(steps):
            signs = ((1, s + t), (-1, s - t), (-1, t - s), (1, -s - t))
            bend = sum(sign * height(symmetric(at + off)) for sign, off in signs)
            hessian[i, j] = bend / (4 * s.max() * t.max())
    df = 2 * variance(at) ** 2 / (slope @ np.linalg.solve(hessian, slope))
    return c @ np.linalg.solve(a, b), np.sqrt(variance(at)), df


def test_with_holes_it_is_the_optimum_of_the_restricted_likelihood(holes):
    found = unstructured.fit(*both(holes))
    assert (found.status == status.OK).all()
    for r in range(2):
        estimate, se, df = restricted(holes[r], np.repeat([0, 1], N))
        assert found.estimate[r] == pytest.approx(estimate, abs=2e-4 * se)
        assert found.se[r] == pytest.approx(se, rel=2e-4)
        assert found.df[r] == pytest.approx(df, rel=2e-3)


def test_with_holes_five_of_a_hundred_reject_and_a_wrong_error_is_seen(holes):
    found = unstructured.fit(*both(holes))
    error = np.sqrt(0.05 * 0.95 / len(holes))
    assert abs((found.p < 0.05).mean() - 0.05) < 3 * error
    from scipy.stats import t

    small = 2 * t.sf(np.abs(found.estimate / (0.7 * found.se)), found.df)
    assert (small < 0.05).mean() - 0.05 > 3 * error, "errors that are too small by a third"


def test_what_cannot_be_fitted_says_why(complete):
    y = complete[:3, :, :].copy()
    y[0, :N, 1] = np.nan  # nobody of the first arm at session 2
    y[1, 2:] = np.nan  # two patients in all
    found = unstructured.fit(*both(y))
    assert found.status.tolist() == [status.DESIGN, status.DESIGN, status.OK]
    assert np.isnan(found.p[:2]).all()
    few = unstructured.fit(complete[:1, :2], complete[:1, 2:4])
    assert few.status.tolist() == [status.TOO_FEW]
    with pytest.raises(ValueError, match="of the same sets"):
        unstructured.fit(complete[:2], complete[:3])


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(3)
    share = [0.1, 0.2, 0.3, 0.2, 0.1, 0.1]
    return rng.multinomial(40, share, 2000), rng.multinomial(30, share, 2000)


def test_ordinal_is_statsmodels_ordered_model(tables):
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    found = proportional_odds(*tables)
    for r in range(3):
        a, b = tables[0][r], tables[1][r]
        y = np.concatenate([np.repeat(np.arange(6), a), np.repeat(np.arange(6), b)])
        x = np.repeat([1.0, 0.0], [a.sum(), b.sum()])[:, None]
        fit = OrderedModel(y, x, distr="logit").fit(method="bfgs", disp=0, gtol=1e-8)
        assert found.estimate[r] == pytest.approx(fit.params[0], abs=1e-6)
        assert found.se[r] == pytest.approx(fit.bse[0], rel=1e-5)


def test_ordinal_rejects_five_of_a_hundred_where_nothing_differs(tables):
    p = proportional_odds(*tables).p
    error = np.sqrt(0.05 * 0.95 / len(p))
    assert abs((p < 0.05).mean() - 0.05) < 3 * error
    shifted = np.roll(tables[0], 1, axis=1)
    assert (proportional_odds(shifted, tables[1]).p < 0.05).mean() > 0.2


def test_ordinal_says_why_there_is_no_estimate():
    first = [[5, 5, 0], [0, 0, 0], [10, 0, 0], [3, 4, 0]]
    second = [[0, 0, 10], [1, 2, 3], [10, 0, 0], [4, 3, 0]]
    found = proportional_odds(first, second)
    codes = [status.SEPARATION, status.EMPTY_GROUP, status.CONSTANT, status.OK]
    assert found.status.tolist() == codes
    assert np.isnan(found.p[:3]).all()
    assert found.estimate[3] == pytest.approx(np.log(4 * 4 / (3 * 3)))
