"""Cluster-robust errors (CR2) in compiled batches, held to the textbook's matrices of all rows."""

import numpy as np
import pytest

from classical.batched.mixed import design_of, fit
from classical.batched.status import ALONE

RNG = np.random.default_rng(20261127)


def outcomes(n_data, patients, sessions, missing=0.15):
    y = 20 + 10 * RNG.standard_normal((n_data, patients, 1))
    y = y + 8 * RNG.standard_normal((n_data, patients, sessions))
    y[RNG.random(y.shape) < missing] = np.nan
    return y


def in_second(patients):
    return (np.arange(patients) >= patients // 2).astype(float)


def mean_by_session(patients, sessions):
    """A mean for every arm and session: 12 columns for 6 sessions."""
    common = np.hstack([np.ones((sessions, 1)), np.eye(sessions)[:, :-1]])
    return np.stack([np.hstack([common, g * common]) for g in in_second(patients)])


def root_of(matrix, power):
    value, vector = np.linalg.eigh(matrix)
    return (vector * value**power) @ vector.T


def textbook(y, x, estimate, sigma, tau):
    """Bell and McCaffrey 2002 for least squares on the whitened rows, all rows in one matrix."""
    patient, session = np.nonzero(~np.isnan(y))
    v = sigma**2 * np.eye(len(patient)) + tau**2 * (patient[:, None] == patient)
    whiten = root_of(v, -0.5)
    rows = whiten @ x[patient, session]
    e = whiten @ (y[patient, session] - x[patient, session] @ estimate)
    bread = np.linalg.inv(rows.T @ rows)
    rest = np.eye(len(e)) - rows @ bread @ rows.T
    scores, pulls = [], []
    for i in np.unique(patient):
        own = patient == i
        adjusted = bread @ rows[own].T @ root_of(rest[np.ix_(own, own)], -0.5)
        scores.append(adjusted @ e[own])
        pulls.append(adjusted @ rest[own])
    variance = sum(np.outer(s, s) for s in scores)
    df = []
    for j in range(len(estimate)):
        p = np.stack([pull[j] for pull in pulls])
        df.append(np.trace(p @ p.T) ** 2 / ((p @ p.T) ** 2).sum())
    return np.sqrt(np.diag(variance)), np.array(df)


CASES = {
    "12 columns, 6 sessions": lambda: (outcomes(3, 40, 6), mean_by_session(40, 6)),
    "slopes of two arms": lambda: (
        outcomes(3, 24, 4),
        design_of(np.arange(1.0, 5), in_second(24)),
    ),
    "more sessions than columns": lambda: (outcomes(3, 12, 9), design_of(np.arange(1.0, 10))),
    "no two patients alike": lambda: (
        outcomes(3, 14, 5),
        design_of(5 * RNG.random((14, 5)), in_second(14)),
    ),
    "nor two data sets": lambda: (
        outcomes(3, 14, 5),
        design_of(5 * RNG.random((3, 14, 5)), np.tile(in_second(14), (3, 1))),
    ),
    "45 sessions": lambda: (outcomes(2, 8, 45, 0.5), design_of(np.arange(1.0, 46))),
    "no variance between patients": lambda: (
        RNG.standard_normal((3, 20, 4)) - 5 * (RNG.random((3, 20, 1)) < 0),
        mean_by_session(20, 4),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_errors_and_degrees_of_freedom_are_the_textbooks(case):
    y, x = CASES[case]()
    fits = fit(y, x, robust=True)
    assert (fits.status <= 1).all()
    for r in range(len(y)):
        own = np.broadcast_to(x[r] if x.ndim == 4 else x, (*y.shape[1:], x.shape[-1]))
        se, df = textbook(y[r], own, fits.estimate[r], fits.sigma[r], fits.tau[r])
        np.testing.assert_allclose(fits.se[r], se, rtol=1e-10)
        np.testing.assert_allclose(fits.df[r], df, rtol=1e-10)
    plain = fit(y, x)
    assert (abs(fits.se / plain.se - 1) > 1e-3).any(), "they are not the model's own"


def test_effects_asked_for_are_the_same_and_the_others_no_number():
    y, x = CASES["12 columns, 6 sessions"]()
    every, one = fit(y, x, robust=True), fit(y, x, robust=True, effects=(6,))
    for name in ("estimate", "se", "df", "p"):
        assert np.array_equal(getattr(one, name)[:, 6], getattr(every, name)[:, 6])
    assert np.isnan(np.delete(one.se, 6, axis=1)).all()
    assert np.array_equal(one.estimate, every.estimate)


def test_who_alone_decides_an_effect_is_said_whatever_rounding_makes_of_it():
    x = mean_by_session(6, 4)
    for _ in range(20):
        y = outcomes(1, 6, 4, 0)
        y[0, 3, 2] = y[0, 4, 2] = np.nan  # of the second arm one patient is left at session 3
        fits = fit(y, x, robust=True)
        assert fits.status[0] == ALONE
        assert np.isnan(fits.se).all()
