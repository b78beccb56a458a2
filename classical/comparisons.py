"""Rows of a comparison of two groups or of paired values: ranks, means, shares.

Here: how a test becomes rows of the tidy frame, one place for every table. Not here: the tests
(`ranks.py`, `shifts.py`, `means.py`, `exact.py`, `contingency.py`), the groups compared.
"""

import numpy as np
import pandas as pd

from classical.contingency import odds_ratio
from classical.describe import Row, known_values, row
from classical.exact import exact_odds_ratio
from classical.means import compare_means
from classical.ranks import RankTest, rank_sum, signed_rank
from classical.shifts import group_shift, pseudomedian

HODGES_LEHMANN = "Hodges-Lehmann shift, interval by inverting the rank test"
EXACT = "exact permutation of midranks"
LOGISTIC = "logistic ML, profile-likelihood interval, Fisher exact p; se of the log"
CONDITIONAL = "conditional ML, exact interval, Fisher exact p; se of the log"
MID_P = "median-unbiased, mid-p interval and p; se of the log"


def compare_groups(
    analysis: str, population: str, term: str, a: pd.Series, b: pd.Series
) -> list[Row]:
    """Return the rows of a comparison of a with b by ranks and by means.

    `<term>.W`, `.W_exact` and `.shift` of the rank sum; `.mean_difference` and `.t` of Welch,
    `.mean_difference_student` of Student.
    """
    first, second = known_values(a), known_values(b)
    counts = {
        "n": len(first) + len(second),
        "n_missing": len(a) + len(b) - len(first) - len(second),
    }
    rows = _rank_rows(
        analysis, population, f"{term}.W", rank_sum(first, second), group_shift(first, second),
        counts,
    )  # fmt: skip
    for name, equal in (("mean_difference", False), ("mean_difference_student", True)):
        found = compare_means(first, second, equal_variance=equal)
        method = "Student t, equal variances" if equal else "Welch t"
        rows.append(
            row(
                analysis, population, f"{term}.{name}", estimate=found.estimate, se=found.se,
                df=found.df, lo=found.lo, hi=found.hi, p=found.p, method=method,
                status=found.status, **counts,
            )
        )  # fmt: skip
        if not equal:
            rows.append(
                row(
                    analysis, population, f"{term}.t", estimate=found.t, se=1.0, df=found.df,
                    p=found.p, method=f"{method}, statistic", status=found.status, **counts,
                )
            )  # fmt: skip
    return [_blank_if_not_ok(one) for one in rows]


def compare_pairs(
    analysis: str, population: str, term: str, a: pd.Series, b: pd.Series
) -> list[Row]:
    """Return the rows of paired values, a minus b: `<term>.V`, `.V_exact` and `.shift`."""
    difference = known_values(a - b)
    counts = {"n": len(difference), "n_missing": len(a) - len(difference)}
    rows = _rank_rows(
        analysis, population, f"{term}.V", signed_rank(difference), pseudomedian(difference),
        counts,
    )  # fmt: skip
    return [_blank_if_not_ok(one) for one in rows]


def compare_shares(
    analysis: str,
    population: str,
    term: str,
    a: tuple[int, int],
    b: tuple[int, int],
    *,
    n_missing: int = 0,
) -> list[Row]:
    """Return the rows of two shares, each (events, patients).

    `<term>.odds_ratio` (logistic), `.odds_ratio_conditional`, `.odds_ratio_mid_p`,
    `.fisher_greater` (p of the one-sided test), `.chi_square` and `.chi_square_corrected`.
    """
    counts = {"n": a[1] + b[1], "n_missing": n_missing}
    logistic, exact = odds_ratio(*a, *b), exact_odds_ratio(*a, *b)
    status = exact.status
    one = row(
        analysis, population, f"{term}.odds_ratio", estimate=logistic.estimate, se=logistic.log_se,
        lo=logistic.lo, hi=logistic.hi, p=logistic.p, method=LOGISTIC, status=logistic.status,
        **counts,
    )  # fmt: skip
    log_se = logistic.log_se
    two = row(
        analysis, population, f"{term}.odds_ratio_conditional", estimate=exact.estimate, se=log_se,
        lo=exact.lo, hi=exact.hi, p=exact.p, method=CONDITIONAL, status=status, **counts,
    )  # fmt: skip
    three = row(
        analysis, population, f"{term}.odds_ratio_mid_p", estimate=exact.mid_estimate, se=log_se,
        lo=exact.mid_lo, hi=exact.mid_hi, p=exact.mid_p, method=MID_P, status=status, **counts,
    )  # fmt: skip
    four = row(
        analysis, population, f"{term}.fisher_greater", estimate=exact.estimate, p=exact.p_greater,
        method="one-sided Fisher p of a greater odds", status=status, **counts,
    )  # fmt: skip
    rows = [one, two, three, four, *_chi_squares(analysis, population, term, a, b, counts)]
    return [_blank_if_not_ok(found) for found in rows]


def _chi_squares(
    analysis: str,
    population: str,
    term: str,
    a: tuple[int, int],
    b: tuple[int, int],
    counts: dict[str, int],
) -> list[Row]:
    from classical.contingency import chi_square

    rows = []
    for corrected, name in ((False, "chi_square"), (True, "chi_square_corrected")):
        statistic, p, status = chi_square(*a, *b, correct=corrected)
        method = "Pearson chi-square" + (", Yates' correction" if corrected else "")
        rows.append(
            row(analysis, population, f"{term}.{name}", estimate=statistic, df=1.0, p=p,
                method=method, status=status, **counts)
        )  # fmt: skip
    return rows


def _rank_rows(
    analysis: str,
    population: str,
    term: str,
    found: RankTest,
    moved: tuple[float, float, float],
    counts: dict[str, int],
) -> list[Row]:
    base, _, _ = term.rpartition(".")
    status = found.status
    if status == "ok" and not np.isfinite(moved).all():
        shift_status = "not_estimable: the values do not vary"
    else:
        shift_status = status
    uncounted = status == "ok" and np.isnan(found.p_exact)
    exact_status = "not_estimable: too many values to count out" if uncounted else status
    return [
        row(analysis, population, term, estimate=found.statistic, se=found.null_sd, p=found.p,
            method=found.method, status=status, **counts),
        row(analysis, population, f"{term}_exact", estimate=found.statistic, se=found.null_sd,
            p=found.p_exact, method=f"{found.method.split(',')[0]}, {EXACT}", status=exact_status,
            **counts),
        row(analysis, population, f"{base}.shift", estimate=moved[0], lo=moved[1], hi=moved[2],
            p=found.p, method=HODGES_LEHMANN, status=shift_status, **counts),
    ]  # fmt: skip


def _blank_if_not_ok(found: Row) -> Row:
    """What is not estimable keeps its p where it has one (Fisher), and nothing else."""
    if found["status"] == "ok":
        return found
    return found | dict.fromkeys(("estimate", "se", "df", "lo", "hi"), np.nan)
