"""Two-by-two tables: odds ratio by logistic likelihood, Fisher exact p, chi-square, Wilson.

Here: numbers from counts. Not here: exact intervals (`exact.py`), counting patients
(`estimates.py`).

The study prints a logistic odds ratio with a profile-likelihood interval beside a Fisher p value
(audit finding 4 of paper/reading.md); that pair is what `odds_ratio` gives. The two methods may
disagree about 1 near the limit: both are correct answers to different questions.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OddsRatio:
    """Odds ratio of two groups; NaN where not estimable.

    Attributes
    ----------
    estimate, lo, hi
        Maximum-likelihood odds ratio and its profile-likelihood limits.
    log_se
        Standard error of the log odds ratio.
    p
        Two-sided Fisher exact p value; defined also under separation.
    status
        'ok' or 'not_estimable: <cause>'.
    """

    estimate: float
    lo: float
    hi: float
    log_se: float
    p: float
    status: str


def odds_ratio(
    events_a: int, total_a: int, events_b: int, total_b: int, *, level: float = 0.95
) -> OddsRatio:
    """Compare the odds of an event in group a with those in group b.

    Parameters
    ----------
    events_a, total_a, events_b, total_b
        Patients with the event, and patients, of each group.
    level
        Coverage of the profile-likelihood interval.

    Raises
    ------
    ValueError
        As `check_counts`.
    """
    check_counts(events_a, total_a, events_b, total_b)
    if total_a == 0 or total_b == 0:
        return _not_estimable("one group has no patients", np.nan)
    p = _fisher(events_a, total_a, events_b, total_b)
    cells = (events_a, total_a - events_a, events_b, total_b - events_b)
    if min(cells) == 0:
        return _not_estimable("separation, one cell is empty", p)
    log_estimate = np.log(cells[0] * cells[3] / (cells[1] * cells[2]))
    log_se = float(np.sqrt(sum(1 / cell for cell in cells)))
    lo, hi = _profile_limits(events_a, total_a, events_b, total_b, log_estimate, log_se, level)
    return OddsRatio(float(np.exp(log_estimate)), lo, hi, log_se, p, "ok")


def check_counts(*counts: float) -> None:
    """Refuse what are no counts: events, total, events, total ...

    Raises
    ------
    ValueError
        If a count is no whole number or negative, or events exceed their total.
    """
    given = np.asarray(counts, dtype=float)
    if not (np.isfinite(given).all() and (given == np.round(given)).all()):
        raise ValueError("counts must be whole numbers.")
    if not ((given[::2] >= 0) & (given[::2] <= given[1::2])).all():
        raise ValueError("events must lie between 0 and the total of their group.")


def wilson_interval(events: int, total: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score limits of a proportion, (NaN, NaN) without patients.

    Raises
    ------
    ValueError
        As `check_counts`.
    """
    from scipy.stats import norm

    check_counts(events, total)
    if total == 0:
        return np.nan, np.nan
    z = norm.ppf(0.5 + level / 2)
    share = events / total
    centre = share + z**2 / (2 * total)
    half = z * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    scale = 1 + z**2 / total
    return float(max(0.0, (centre - half) / scale)), float(min(1.0, (centre + half) / scale))


def chi_square(
    events_a: int, total_a: int, events_b: int, total_b: int, *, correct: bool
) -> tuple[float, float, str]:
    """Return Pearson's statistic, its p and a status, as R's `chisq.test` (Yates if correct).

    Not estimable where a margin is empty.

    Raises
    ------
    ValueError
        As `check_counts`.
    """
    from scipy.stats import chi2_contingency

    check_counts(events_a, total_a, events_b, total_b)
    table = np.array([[events_a, total_a - events_a], [events_b, total_b - events_b]])
    if (table.sum(axis=0) == 0).any() or (table.sum(axis=1) == 0).any():
        return np.nan, np.nan, "not_estimable: a margin of the table is empty"
    found = chi2_contingency(table, correction=correct)
    return float(found.statistic), float(found.pvalue), "ok"


def _fisher(events_a: int, total_a: int, events_b: int, total_b: int) -> float:
    from scipy.stats import fisher_exact

    table = [[events_a, total_a - events_a], [events_b, total_b - events_b]]
    return float(fisher_exact(table)[1])


def _profile_limits(
    events_a: int,
    total_a: int,
    events_b: int,
    total_b: int,
    log_estimate: float,
    log_se: float,
    level: float,
) -> tuple[float, float]:
    """Return the odds ratios at which twice the log likelihood has dropped by chi2(level, 1)."""
    from scipy.optimize import brentq
    from scipy.stats import chi2

    best = _log_likelihood(log_estimate, events_a, total_a, events_b, total_b)
    drop = chi2.ppf(level, 1) / 2

    def above(value: float) -> float:
        return drop - (best - _log_likelihood(value, events_a, total_a, events_b, total_b))

    limits = []
    for direction in (-1.0, 1.0):
        end = log_estimate + direction * log_se
        while above(end) > 0:
            end += direction * log_se
        limits.append(float(np.exp(brentq(above, log_estimate, end, xtol=1e-13))))
    return limits[0], limits[1]


def _log_likelihood(
    log_ratio: float, events_a: int, total_a: int, events_b: int, total_b: int
) -> float:
    """Logistic log likelihood at a log odds ratio, the odds of group b profiled out.

    The score equation of the nuisance odds w, with a = exp(log_ratio), is quadratic:
    total_a a w / (1 + a w) + total_b w / (1 + w) = events_a + events_b.
    """
    a = np.exp(log_ratio)
    events = events_a + events_b
    square = a * (total_a + total_b - events)
    linear = a * (total_a - events) + total_b - events
    odds = (-linear + np.sqrt(linear**2 + 4 * square * events)) / (2 * square)
    log_odds = np.log(odds)
    return float(
        events_a * (log_ratio + log_odds)
        - total_a * np.logaddexp(0, log_ratio + log_odds)
        + events_b * log_odds
        - total_b * np.logaddexp(0, log_odds)
    )


def _not_estimable(cause: str, p: float) -> OddsRatio:
    return OddsRatio(np.nan, np.nan, np.nan, np.nan, p, f"not_estimable: {cause}")
