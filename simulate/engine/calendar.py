"""Days of sessions: intervals, weekends, August, and a closed clinic (equations 12-13).

A day is a whole number since 1970-01-01.
"""

# mypy: disable-error-code="no-untyped-def"

import math

from simulate.engine.compiled import compiled
from simulate.engine.normal import score
from simulate.engine.philox import high, low

TEST_SESSIONS = 4
LATEST_EVALUATION = 60  # days: beyond them a patient is called instead of asked at the next visit
CALL_AFTER = 21


@compiled
def forward(day):
    """The day, or the Monday after a weekend."""
    ahead = (day + 3) % 7 - 5
    return day + 2 - ahead if ahead >= 0 else day


@compiled
def backward(day):
    """The day, or the Friday before a weekend."""
    ahead = (day + 3) % 7 - 5
    return day - 1 - ahead if ahead >= 0 else day


@compiled
def when_open(dates, day, u):
    """The day, or one of the four weeks after the clinic opened again."""
    if dates.closed_from <= day <= dates.closed_to:
        return forward(dates.closed_to + 1 + int(28.0 * u))
    return day


@compiled
def first_day(dates, u, v):
    """Day of session 1: arrivals grow more frequent over the years."""
    span = dates.first_to - dates.first_from + 1
    return when_open(dates, forward(dates.first_from + int(u**dates.accrual_power * span)), v)


@compiled
def next_day(row, dates, day, k, relief_days, word):
    """Day of session k + 1, after session k gave `relief_days` of relief."""
    u, v = high(word), low(word)
    if k < TEST_SESSIONS:
        gap = math.floor(row.test_gap_low + u * (row.test_gap_high - row.test_gap_low + 1.0))
        planned = day + int(gap)
        early = 2.0 * gap > row.test_gap_low + row.test_gap_high
        planned = backward(planned) if early else forward(planned)
    else:
        planned = forward(day + int(_maintenance_gap(row, relief_days, u)))
    if row.summer_share > 0.0 and v < row.summer_share and _is_august(planned):
        planned = forward(planned + 31)
    return when_open(dates, planned, u)


@compiled
def _maintenance_gap(row, relief_days, u):
    """Whole days: a shifted log-normal law, longer where relief lasted longer."""
    above = row.interval_mean - row.interval_low
    variance = math.log1p((row.interval_sd / above) ** 2)
    gap = above * math.exp(math.sqrt(variance) * score(u) - 0.5 * variance)
    adapted = gap + row.interval_adapts * (relief_days - 10.0)
    return math.floor(row.interval_low + max(adapted, 0.0) + 0.5)


@compiled
def _is_august(day):
    """Whether a day lies in August (civil calendar from days, after Hinnant)."""
    z = day + 719468
    of_era = z - (z // 146097) * 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    return (5 * of_year + 2) // 153 == 5


@compiled
def evaluation_day(day, following, u):
    """Day on which relief is asked: the next session, or a call three to four weeks after."""
    if following > day and following - day <= LATEST_EVALUATION:
        return following
    return backward(day + CALL_AFTER + int(8.0 * u))


@compiled
def relief_days(row, relief, u):
    """Whole days of relief after a session: Weibull, none without reported relief (11)."""
    if relief <= 0.0:
        return 0.0
    mean = row.duration_base + row.duration_per_point * relief
    scale = mean / math.gamma(1.0 + 1.0 / row.duration_shape)
    days = scale * (-math.log(u)) ** (1.0 / row.duration_shape)
    return max(1.0, math.floor(days + 0.5))
