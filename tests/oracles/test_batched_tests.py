"""Batched odds ratios, Fisher's test and rank tests against R, and against one at a time."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from classical import ranks as single
from classical.batched import status as codes
from classical.batched.ranks import rank_sum, signed_rank
from classical.batched.tables import fisher, odds_ratios
from classical.contingency import odds_ratio

HERE = Path(__file__).parent / "data" / "batches"
GLM = 3e-8  # where R's glm and uniroot stop


def random_batches():
    spec = importlib.util.spec_from_file_location("random_batches", HERE / "random_batches.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLES, (A, B) = random_batches().tables(), random_batches().samples()


def test_tables_equal_r():
    expected, found = pd.read_csv(HERE / "tables.csv"), odds_ratios(*TABLES)
    separated = expected["estimate"].isna().to_numpy()
    assert 100 < separated.sum() < 500
    assert (codes.usable(found.status) == ~separated).all()
    assert (found.status[separated] == codes.SEPARATION).all()
    assert_allclose(found.p, expected["p"], rtol=1e-9, atol=1e-300)
    assert_allclose(fisher(*TABLES), found.p, rtol=0)
    for name in ("estimate", "lo", "hi"):
        assert_allclose(getattr(found, name), expected[name], rtol=GLM)


def test_tables_equal_one_at_a_time():
    found = odds_ratios(*TABLES)
    for k in range(0, TABLES.shape[1], 10):
        one = odds_ratio(*map(int, TABLES[:, k]))
        assert found.p[k] == pytest.approx(one.p, rel=1e-9)
        if found.status[k] == codes.OK:
            numbers = (found.estimate[k], found.lo[k], found.hi[k])
            assert numbers == pytest.approx((one.estimate, one.lo, one.hi), rel=1e-9)


def test_a_table_that_has_no_ratio_says_why_and_is_no_number():
    found = odds_ratios([0, 0, 3, 2], [0, 5, 3, 4], [1, 2, 1, 2], [2, 5, 4, 4])
    assert list(found.status) == [codes.EMPTY_GROUP, codes.SEPARATION, codes.SEPARATION, codes.OK]
    assert np.isnan(found.estimate).tolist() == [True, True, True, False]
    assert np.isnan(found.p).tolist() == [True, False, False, False]


@pytest.mark.parametrize("bad", [-1, 2.5, np.nan, np.inf, 6])
def test_what_is_no_count_is_refused(bad):
    for function in (odds_ratios, fisher):
        with pytest.raises(ValueError, match="whole"):
            function([bad], [5], [1], [5])


def test_rank_sums_equal_r():
    expected, found = pd.read_csv(HERE / "ranks.csv"), rank_sum(A, B)
    known = codes.usable(found.status)
    assert 50 < found.is_exact.sum() < 150
    assert set(found.status[~known]) == {codes.CONSTANT}
    assert np.isnan(
        expected["p_rank_sum"][~known]
    ).all()  # R's answer where all values are the same
    assert_allclose(found.statistic[known], expected["w"][known], rtol=1e-12)
    assert_allclose(found.p[known], expected["p_rank_sum"][known], rtol=1e-9)


def test_signed_ranks_equal_r():
    expected, found = pd.read_csv(HERE / "ranks.csv"), signed_rank(A)
    known = codes.usable(found.status)
    assert found.is_exact.sum() > 50
    assert set(found.status[~known]) == {codes.CONSTANT}
    assert np.isnan(expected["p_signed_rank"][~known]).all()
    assert_allclose(found.statistic[known], expected["v"][known], rtol=1e-12)
    assert_allclose(found.p[known], expected["p_signed_rank"][known], rtol=1e-9)


def test_rank_tests_equal_one_at_a_time():
    sums, signs = rank_sum(A, B), signed_rank(A)
    for k in range(0, len(A), 7):
        a, b = A[k][np.isfinite(A[k])], B[k][np.isfinite(B[k])]
        one, paired = single.rank_sum(a, b), single.signed_rank(a)
        assert codes.usable(sums.status[k]) == (one.status == "ok")
        assert (sums.statistic[k], sums.p[k]) == pytest.approx((one.statistic, one.p), nan_ok=True)
        assert (signs.statistic[k], signs.p[k]) == pytest.approx(
            (paired.statistic, paired.p), nan_ok=True
        )


def test_samples_that_carry_no_test_say_why():
    nothing, same, one = [np.nan] * 3, [5.0, 5.0, 5.0], [1.0, np.nan, np.nan]
    a = [nothing, same, [1.0, np.inf, 2.0], one, [1.0, 2.0, 3.0]]
    b = [same, same, same, nothing, [2.0, 2.0, np.nan]]
    found = rank_sum(a, b)
    empty = codes.EMPTY_GROUP
    assert list(found.status) == [empty, codes.CONSTANT, codes.INFINITE, empty, codes.OK]
    assert np.isfinite(found.p).tolist() == [False, False, False, False, True]
    found = signed_rank([nothing, [0.0, 0.0, np.nan], [1.0, -np.inf, 2.0], one])
    causes = [codes.NO_OBSERVATIONS, codes.CONSTANT, codes.INFINITE, codes.OK]
    assert list(found.status) == causes
    with pytest.raises(ValueError, match="one row a data set"):
        rank_sum(np.ones((2, 3)), np.ones((1, 3)))
