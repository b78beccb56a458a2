"""Days of sessions: intervals, weekends, August, and a closed clinic (equations 12-13).

A day is a whole number since 1970-01-01.
"""

# mypy: disable-error-code="no-untyped-def"

import math

from simulate.engine import records
from simulate.engine.compiled import compiled, inlined
from simulate.engine.normal import score
from simulate.engine.philox import high, low
from simulate.engine.records import Fact, Line, Stop, Word
from simulate.engine.report import lower

STILL, ONGOING = int(Stop.STILL_TREATED), int(Stop.ONGOING)
REPORTED, DURATION_DAYS = int(Line.REPORTED), int(Line.DURATION_DAYS)
SESSION_DAY, EVALUATION_DAY = int(Line.SESSION_DAY), int(Line.EVALUATION_DAY)
NEXT_DAY, LAST_DAY, PAUSE = int(Fact.NEXT_DAY), int(Fact.LAST_DAY), int(Fact.PAUSE)
INTERVAL_14_15 = int(Fact.INTERVAL_14_15_DAYS)
START, ASYMPTOTE = int(Fact.START), int(Fact.ASYMPTOTE)
DURATION, CALENDAR = int(Word.DURATION), int(Word.CALENDAR)
ROUND = records.ROUND

TEST_SESSIONS = 4
LATEST_EVALUATION = 60  # days: beyond them a patient is called instead of asked at the next visit
CALL_AFTER = 21
PAUSE_FREE_DAYS = 56


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


@inlined
def pace(row):
    """What all intervals and all durations of a cohort share.

    SD of the logarithm of a maintenance interval above its least value; mean of a Weibull law of
    scale 1.
    """
    above = row.interval_mean - row.interval_low
    log_sd = math.sqrt(math.log1p((row.interval_sd / above) ** 2))
    return log_sd, math.gamma(1.0 + 1.0 / row.duration_shape)


@compiled
def take_dates(row, dates, pace, i, sessions, reason, words, facts, lines):
    """Date a patient's sessions, of which the last may end the course for a reason.

    Return sessions delivered and the reason: a course that passes the end of the window is ongoing.
    """
    first, n = sessions
    for s in range(first, n):
        ends = reason != STILL and s == n - 1
        following = take_date(row, dates, pace, i, s, ends, words, facts, lines)
        if not ends and following > dates.rtms_end:
            return s + 1, ONGOING
    return n, reason


@compiled
def take_date(row, dates, pace, i, s, ends, words, facts, lines):
    """Date session s + 1 and what follows it; return the day of the next."""
    log_sd, unit = pace
    day, place = int(facts[NEXT_DAY, i]), s % ROUND
    lasting, word = words[DURATION + place, i], words[CALENDAR + place, i]
    days = relief_days(row, unit, lines[REPORTED, s, i], high(lasting))
    following = next_day(row, dates, log_sd, day, s + 1, days, word)
    comes_back = not ends and following <= dates.rtms_end
    asked = evaluation_day(day, following if comes_back else -1, low(lasting))
    is_unknown = lower(lasting) < row.missing_duration
    lines[DURATION_DAYS, s, i] = math.nan if is_unknown else min(days, float(asked - day))
    lines[SESSION_DAY, s, i], lines[EVALUATION_DAY, s, i] = day, asked
    facts[LAST_DAY, i], facts[NEXT_DAY, i] = day, following
    if s == 14:
        facts[INTERVAL_14_15, i] = day - lines[SESSION_DAY, s - 1, i]
    if row.gap_loss > 0.0:
        gain = facts[ASYMPTOTE, i] - facts[START, i]
        facts[PAUSE, i] = lost_in_pause(row, following - day, gain, facts[PAUSE, i])
    return following


@compiled
def lost_in_pause(row, gap, gain, pause):
    """Points of relief lost in long pauses; half of them come back with every session."""
    weeks = max(gap - PAUSE_FREE_DAYS, 0) / 7.0
    return 0.5 * pause + gain * (1.0 - (1.0 - row.gap_loss) ** weeks)


@compiled
def next_day(row, dates, log_sd, day, k, relief_days, word):
    """Day of session k + 1, after session k gave `relief_days` of relief."""
    u, v = high(word), low(word)
    if k < TEST_SESSIONS:
        gap = math.floor(row.test_gap_low + u * (row.test_gap_high - row.test_gap_low + 1.0))
        planned = day + int(gap)
        early = 2.0 * gap > row.test_gap_low + row.test_gap_high
        planned = backward(planned) if early else forward(planned)
    else:
        planned = forward(day + int(_maintenance_gap(row, log_sd, relief_days, u)))
    if row.summer_share > 0.0 and v < row.summer_share and _is_august(planned):
        planned = forward(planned + 31)
    return when_open(dates, planned, u)


@compiled
def _maintenance_gap(row, log_sd, relief_days, u):
    """Whole days: a shifted log-normal law, longer where relief lasted longer."""
    above = row.interval_mean - row.interval_low
    gap = above * math.exp(log_sd * (score(u) - 0.5 * log_sd))
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
def relief_days(row, unit, relief, u):
    """Whole days of relief after a session: Weibull, none without reported relief (11)."""
    if relief <= 0.0:
        return 0.0
    mean = row.duration_base + row.duration_per_point * relief
    scale = mean / unit
    days = scale * (-math.log(u)) ** (1.0 / row.duration_shape)
    return max(1.0, math.floor(days + 0.5))
