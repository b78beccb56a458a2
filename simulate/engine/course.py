"""One patient through the sessions: felt, said, written down, asked again, stopped (6-13).

Here: the order of events. Not here: the laws (`curve`, `report`, `stopping`, `calendar`).
"""

# mypy: disable-error-code="no-untyped-def"

import math

import numpy as np

from simulate.engine import stopping
from simulate.engine.calendar import evaluation_day, first_day, next_day, relief_days
from simulate.engine.compiled import compiled, inlined
from simulate.engine.normal import score
from simulate.engine.philox import HALF, Stream, block, high, low
from simulate.engine.records import Fact, Flow, Line, Stop
from simulate.engine.report import heaped, noise, says_none
from simulate.engine.stopping import other_hazard, other_reason, stop_after

NOISE, REPORTING, DROPOUT = int(Stream.NOISE), int(Stream.REPORTING), int(Stream.DROPOUT)
DURATION, CALENDAR, OPERATION = int(Stream.DURATION), int(Stream.CALENDAR), int(Stream.SURGERY)
STILL, SURGERY, ONGOING = int(Stop.STILL_TREATED), int(Stop.EMCS_SURGERY), int(Stop.ONGOING)
EFFICACY, LOST, MNAR = int(Stop.LOSS_OF_EFFICACY), int(Stop.LOST_TO_FOLLOW_UP), stopping.MNAR
ANALYSED, EXCLUDED = int(Flow.ANALYSED), int(Flow.EXCLUDED)
LATENT, REPORTED, UNINTERRUPTED = int(Line.LATENT), int(Line.REPORTED), int(Line.UNINTERRUPTED)
RECORDED, DURATION_DAYS = int(Line.RECORDED), int(Line.DURATION_DAYS)
SESSION_DAY, EVALUATION_DAY = int(Line.SESSION_DAY), int(Line.EVALUATION_DAY)
ASSESSMENT, IS_RESPONDER = int(Fact.ASSESSMENT), int(Fact.IS_RESPONDER)
N_SESSIONS, STOP_REASON = int(Fact.N_SESSIONS), int(Fact.STOP_REASON)
CONVERSION, LAST_RELIEF = int(Fact.CONVERSION_SESSION), int(Fact.LAST_RELIEF)
EMCS_FIRST, EMCS_LAST = int(Fact.EMCS_FIRST), int(Fact.EMCS_LAST)
THETA_BURST, LAST_DAY = int(Fact.IS_THETA_BURST), int(Fact.LAST_DAY)
INTERVAL_14_15 = int(Fact.INTERVAL_14_15_DAYS)
TEST_SESSIONS = 4
RESPONDER_FROM = 10.0
PAUSE_FREE_DAYS = 56
NOTHING_HEARD = (np.nan, np.nan, np.nan)
NONE, QUARTER, SHORT = np.uint64(0), np.uint64(16), np.uint64(0xFFFF)
SHORT_SCALE = 2.0**-16


@compiled
def follow(key, replicate, patient, row, dates, traits, lines, facts, sd, words, limits):  # noqa: C901
    """Take one patient through the sessions and leave the answers in the working space.

    `limits` is (sessions followed, sessions said by those who have stopped). A hazard reads only
    what will be in the record: a report that is told too late (`missing_last`) counts from the
    next session on. Arrays are read here and only here: taking one out of a record counts its
    references, which costs more than most of the laws.
    """
    followed, said_to = limits
    is_dated, may_be_late = dates.is_followed != 0, row.missing_last > 0.0
    word_3 = block(key, NOISE, replicate, patient, 0)[TEST_SESSIONS - 1]
    place = block(key, REPORTING, replicate, patient, 0)
    felt = lines[LATENT, TEST_SESSIONS - 1]
    assessment, status_relief = assess(row, traits, felt, sd[TEST_SESSIONS - 1], word_3, place)
    is_responder, is_assessed = status_relief >= RESPONDER_FROM, not math.isnan(assessment)
    own = block(key, DROPOUT, replicate, patient, 0)
    other, offered = other_hazard(row, high(own[0])), low(own[0]) < row.extra_share
    day = _begin(key, replicate, patient, dates) if is_dated else 0
    reason, n, converted, pause = STILL, 0, 0, 0.0
    facts[INTERVAL_14_15] = np.nan
    told_late, last, record, states = np.nan, np.nan, NOTHING_HEARD, NOTHING_HEARD
    for s in range(followed):
        if reason != STILL and s >= said_to:
            break
        k, w = s + 1, s % 8
        if w % 4 == 0:
            words[0], words[1], words[2], words[3] = block(key, NOISE, replicate, patient, s // 4)
            for t in range(s, min(s + 4, followed)):  # four at once: no one waits for another
                lines[REPORTED, t] = report(row, traits, lines[LATENT, t], sd[t], words[t % 4])
        if w == 0:
            place = block(key, REPORTING, replicate, patient, 1 + s // 8)
            words[4], words[5], words[6], words[7] = place
            if reason == STILL and k + 7 >= TEST_SESSIONS:
                place = block(key, DROPOUT, replicate, patient, 1 + s // 8)
                words[8], words[9], words[10], words[11] = place
        felt, said = lines[LATENT, s] - pause, lines[REPORTED, s]
        if pause != 0.0:
            said = report(row, traits, felt, sd[s], words[w % 4])
            lines[REPORTED, s] = said
        told = words[4 + w // 2] >> (HALF if w % 2 == 0 else NONE)
        is_missing = upper(told) < missing_chance(row, k, is_responder)
        is_missing = is_missing and (k != TEST_SESSIONS or is_assessed)  # status is always known
        lines[UNINTERRUPTED, s] = np.nan if is_missing else said
        if reason != STILL:
            continue
        n = k
        # what is on record when the next step is decided
        is_late = may_be_late and k > TEST_SESSIONS and lower(told) < row.missing_last
        if not math.isnan(told_late):
            record, last = (record[1], record[2], told_late), told_late
        if not (is_missing or is_late):
            record, last = (record[1], record[2], said), said
            told_late = np.nan
        else:
            told_late = np.nan if is_missing else said
        states = states[1], states[2], min(max(felt, 0.0), 100.0)
        if k > TEST_SESSIONS and not is_responder and converted == 0 and last >= RESPONDER_FROM:
            converted = k
        # whether the course goes on
        if traits.flow != ANALYSED:
            if k >= traits.planned_sessions:
                reason = other_reason(row, high(own[1]))
        elif k == TEST_SESSIONS and not (is_responder or offered):
            reason = EFFICACY
        elif k >= TEST_SESSIONS:
            recent = mean_heard(states if row.drop_out == MNAR else record, status_relief)
            u = high(words[8 + w // 2]) if w % 2 == 0 else low(words[8 + w // 2])
            reason = stop_after(row, k, recent, is_responder or converted > 0, other, u)
            if reason == LOST:
                reason = other_reason(row, high(own[1]))
        following = -1
        if is_dated:
            dated = take_date(key, replicate, patient, row, dates, k, day, reason, said)
            following, reason, lines[EVALUATION_DAY, s], lines[DURATION_DAYS, s] = dated
            lines[SESSION_DAY, s] = day
            facts[LAST_DAY] = day
            if k == 15:
                facts[INTERVAL_14_15] = day - lines[SESSION_DAY, s - 1]
            if row.gap_loss > 0.0:
                pause = lost_in_pause(row, traits, following - day, pause)
            day = following
        lost = (is_missing or (is_late and reason != STILL)) and reason != SURGERY
        lost = lost or traits.flow == EXCLUDED
        lines[RECORDED, s] = np.nan if lost else said
        if lost:
            lines[DURATION_DAYS, s] = np.nan
        if reason == SURGERY:
            last = said
    for s in range(n, followed):
        lines[RECORDED, s] = np.nan
        if is_dated:
            lines[DURATION_DAYS, s] = np.nan
            lines[SESSION_DAY, s], lines[EVALUATION_DAY, s] = -1.0, -1.0
    is_due = n >= TEST_SESSIONS and traits.flow != EXCLUDED
    facts[ASSESSMENT] = assessment if is_due else np.nan
    facts[IS_RESPONDER] = 1.0 if is_responder else 0.0
    facts[N_SESSIONS], facts[STOP_REASON] = n, reason
    facts[CONVERSION], facts[LAST_RELIEF] = converted, last


@inlined
def upper(half):
    """Uniform number in (0, 1) of the upper 16 of the lower 32 bits."""
    return (np.float64((half >> QUARTER) & SHORT) + 0.5) * SHORT_SCALE


@inlined
def lower(half):
    """Uniform number in (0, 1) of the lowest 16 bits."""
    return (np.float64(half & SHORT) + 0.5) * SHORT_SCALE


@compiled
def _begin(key, replicate, patient, dates):
    place = block(key, CALENDAR, replicate, patient, 0)
    return first_day(dates, high(place[0]), low(place[0]))


@inlined
def report(row, traits, felt, sd, word):
    """What the patient says: 0-100, on the patient's grid."""
    if row.zero_share > 0.0 and says_none(row, word):
        return 0.0
    return heaped(felt + sd * traits.noise_factor * noise(row, word), traits.grid)


@compiled
def assess(row, traits, latent, sd, word, place):
    """Return the test-period assessment (NaN: not recorded) and the relief that decides status.

    Equation 7 and rule R4: the assessment, or where it is missing the report of session 4.
    """
    if low(place[0]) < row.missing_assessment:
        return np.nan, report(row, traits, latent, sd, word)
    shared = row.assessment_shared * sd * traits.noise_factor * noise(row, word)
    own = row.assessment_sd * score(high(place[0]))
    relief = heaped(latent + shared + own, traits.grid)
    return relief, relief


@inlined
def missing_chance(row, k, is_responder):
    """Chance that the report of session k is not written down, by status (9)."""
    if k > TEST_SESSIONS:
        return row.missing_later
    if is_responder:
        if k <= 2:
            return row.missing_responder_1 if k == 1 else row.missing_responder_2
        return row.missing_responder_3 if k == 3 else row.missing_responder_4
    if k <= 2:
        return row.missing_other_1 if k == 1 else row.missing_other_2
    return row.missing_other_3 if k == 3 else row.missing_other_4


@inlined
def mean_heard(values, otherwise):
    """Mean of the last three values, as many as there are; another value where there is none."""
    a, b, c = values
    if not math.isnan(a):
        return (a + b + c) / 3.0
    if not math.isnan(b):
        return (b + c) / 2.0
    return otherwise if math.isnan(c) else c


@compiled
def take_date(key, replicate, patient, row, dates, k, day, reason, said):
    """Date what follows session k: (next day, reason, day of the question, days of relief)."""
    b, w = (k - 1) // 4, (k - 1) % 4
    lasting = block(key, DURATION, replicate, patient, b)[w]
    days = relief_days(row, said, high(lasting))
    word = block(key, CALENDAR, replicate, patient, 1 + b)[w]
    following = next_day(row, dates, day, k, days, word)
    if reason == STILL and following > dates.rtms_end:
        reason = ONGOING
    asked = evaluation_day(day, following if reason == STILL else -1, low(lasting))
    is_unknown = lower(lasting) < row.missing_duration
    return following, reason, asked, np.nan if is_unknown else min(days, float(asked - day))


@compiled
def lost_in_pause(row, traits, gap, pause):
    """Points of relief lost in long pauses; half of them come back with every session."""
    weeks = max(gap - PAUSE_FREE_DAYS, 0) / 7.0
    gain = traits.asymptote - traits.start
    return 0.5 * pause + gain * (1.0 - (1.0 - row.gap_loss) ** weeks)


@compiled
def operate(key, replicate, patient, row, facts):
    """First and last relief under eMCS, in fives; NaN where not operated or not visited (14)."""
    facts[EMCS_FIRST] = np.nan
    facts[EMCS_LAST] = np.nan
    facts[THETA_BURST] = 0.0
    if facts[STOP_REASON] == SURGERY:
        place = block(key, OPERATION, replicate, patient, 0)
        first = row.emcs_intercept + row.emcs_slope * facts[LAST_RELIEF]
        first += row.emcs_sd * score(high(place[0]))
        facts[EMCS_FIRST] = heaped(first, 5.0)
        u = low(place[1])
        facts[THETA_BURST] = 1.0 if u < row.theta_burst_share else 0.0
        if u >= row.theta_burst_share + row.one_visit_share:
            later = 45.0 + row.emcs_later_slope * (first - 45.0)
            later += row.emcs_later_sd * score(low(place[0]))
            facts[EMCS_LAST] = heaped(later, 5.0)
