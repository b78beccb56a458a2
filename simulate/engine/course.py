"""A lane of patients through the sessions: asked, heard, dated, stopped (9-13).

Here: the order of events. Not here: the laws (`curve`, `report`, `hearing`, `stopping`,
`calendar`). Whatever does not depend on who has stopped is worked out step by step for the whole
lane and a round of sessions, without a branch; the course of each patient then only reads it.
"""

# mypy: disable-error-code="no-untyped-def"

import math

import numpy as np

from simulate.engine import calendar, records
from simulate.engine.compiled import compiled, inlined
from simulate.engine.hearing import feel, fill_record, hear, watch
from simulate.engine.philox import FIRST, Stream, fill_words, high, low
from simulate.engine.records import Fact, Flow, Line, Stop, Word
from simulate.engine.report import assess, say, write_down
from simulate.engine.stopping import MNAR, other_hazard, other_reason, stop_after

ROUND = records.ROUND
NOISE, REPORTING = np.uint64(Stream.NOISE), np.uint64(Stream.REPORTING)
DROPOUT, DURATION = np.uint64(Stream.DROPOUT), np.uint64(Stream.DURATION)
CALENDAR = np.uint64(Stream.CALENDAR)
NOISE_AT, REPORTING_AT, DROPOUT_AT = int(Word.NOISE), int(Word.REPORTING), int(Word.DROPOUT)
DURATION_AT, CALENDAR_AT = int(Word.DURATION), int(Word.CALENDAR)
OWN_AT, COURSE_AT = int(Word.OWN), int(Word.COURSE)
STILL, LOST, ANALYSED = int(Stop.STILL_TREATED), int(Stop.LOST_TO_FOLLOW_UP), int(Flow.ANALYSED)
EFFICACY = int(Stop.LOSS_OF_EFFICACY)
LATENT, FELT, REPORTED = int(Line.LATENT), int(Line.FELT), int(Line.REPORTED)
WRITTEN, IS_LATE, HEARD = int(Line.UNINTERRUPTED), int(Line.IS_LATE), int(Line.HEARD)
RECENT, GOES_WELL = int(Line.RECENT), int(Line.GOES_WELL)
FLOW, PLANNED = int(Fact.FLOW), int(Fact.PLANNED_SESSIONS)
NOISE_FACTOR, GRID, PAUSE = int(Fact.NOISE_FACTOR), int(Fact.GRID), int(Fact.PAUSE)
ASSESSMENT, IS_RESPONDER = int(Fact.ASSESSMENT), int(Fact.IS_RESPONDER)
IS_DOING_WELL, OFFERED = int(Fact.IS_DOING_WELL), int(Fact.IS_OFFERED_MORE)
OTHER_HAZARD, NEXT_DAY = int(Fact.OTHER_HAZARD), int(Fact.NEXT_DAY)
N_SESSIONS, STOP_REASON = int(Fact.N_SESSIONS), int(Fact.STOP_REASON)
LAST, LAST_BUT_ONE = int(Fact.LAST_RELIEF), int(Fact.LAST_BUT_ONE)
LAST_BUT_TWO, TOLD_LATE = int(Fact.LAST_BUT_TWO), int(Fact.TOLD_LATE)
INTERVAL_14_15 = int(Fact.INTERVAL_14_15_DAYS)
TEST_SESSIONS = 4


@compiled
def follow(key, place, row, dates, n, space, limits):
    """Take the first n patients of a lane through the sessions; answers stay in the space.

    `limits` is (sessions followed, sessions said by those who have stopped, horizon of the
    record, rounds of numbers passed over: another course of the same patients). Where a pause
    costs relief the next report waits for the day of this session, and sessions are taken one by
    one; otherwise a round at a time.
    """
    lines, facts, words, sd = space.lines, space.facts, space.words, space.sd
    followed, said_to, horizon, passed = limits
    is_dated = dates.is_followed != 0
    begin(key, place, row, dates, space.who[:n], words, facts)
    step = 1 if is_dated and row.gap_loss > 0.0 else ROUND
    for first in range(0, followed, step):
        who = space.who[: choose(first < said_to, facts[STOP_REASON], n, space.who)]
        span = first, min(first + step, followed)
        if first % ROUND == 0:
            draw_round(
                key, place, who, passed + first // ROUND, passed * ROUND + followed, is_dated, words
            )
        if first == 0:
            s, own = TEST_SESSIONS - 1, words[OWN_AT]
            assess(row, sd[s], n, own, words[NOISE_AT + s], lines[LATENT, s], facts)
        report_round(row, space, span, n)
        take_sessions(row, dates, who, span, words, facts, lines)
    name_other_reasons(row, n, words[COURSE_AT + 1], facts)
    fill_record(n, horizon, is_dated, facts, lines)


@compiled
def begin(key, place, row, dates, who, words, facts):
    """Draw what patients bring into their course; nothing is delivered yet."""
    course, dated = words[COURSE_AT : COURSE_AT + 4], words[CALENDAR_AT : CALENDAR_AT + 4]
    fill_words(key, DROPOUT, place, who, FIRST, course)
    fill_words(key, REPORTING, place, who, FIRST, words[OWN_AT : OWN_AT + 4])
    if dates.is_followed != 0:
        fill_words(key, CALENDAR, place, who, FIRST, dated)
        for i in range(len(who)):
            facts[NEXT_DAY, i] = calendar.first_day(dates, high(dated[0, i]), low(dated[0, i]))
    for i in range(len(who)):
        facts[OTHER_HAZARD, i] = other_hazard(row, high(course[0, i]))
        facts[OFFERED, i] = 1.0 if low(course[0, i]) < row.extra_share else 0.0
        facts[STOP_REASON, i], facts[N_SESSIONS, i], facts[PAUSE, i] = STILL, 0, 0.0
        facts[LAST_BUT_TWO, i] = facts[LAST_BUT_ONE, i] = facts[LAST, i] = math.nan
        facts[TOLD_LATE, i] = facts[INTERVAL_14_15, i] = math.nan


@compiled
def choose(everyone, reason, n, who):
    """Move the patients who still speak to the front of `who`; return how many they are."""
    kept = 0
    for i in range(n):
        who[kept] = i
        kept += everyone or reason[i] == STILL
    return kept


@compiled
def draw_round(key, place, who, number, followed, is_dated, words):
    """Draw the words of a round of sessions; `followed` counts from round 0."""
    eight = np.uint64(1 + number)
    fill_words(key, REPORTING, place, who, eight, words[REPORTING_AT : REPORTING_AT + 4])
    fill_words(key, DROPOUT, place, who, eight, words[DROPOUT_AT : DROPOUT_AT + 4])
    for half in range(2):
        at, four = 4 * half, 2 * number + half
        if 4 * four < followed:
            draw = np.uint64(four)
            fill_words(key, NOISE, place, who, draw, words[NOISE_AT + at :])
            if is_dated:
                fill_words(key, DURATION, place, who, draw, words[DURATION_AT + at :])
                fill_words(
                    key, CALENDAR, place, who, np.uint64(1 + four), words[CALENDAR_AT + at :]
                )


@compiled
def report_round(row, space, span, n):
    """Fill what n patients say of the sessions of a span, and what the clinic hears of it."""
    lines, facts, words = space.lines, space.facts, space.words
    habits = facts[NOISE_FACTOR], facts[GRID], facts[PAUSE]
    latent, felt, reported = lines[LATENT], lines[FELT], lines[REPORTED]
    status = facts[IS_RESPONDER], facts[ASSESSMENT]
    written, is_late = lines[WRITTEN], lines[IS_LATE]
    say(row, space.sd, span, n, words[NOISE_AT:], *habits, latent, felt, reported)
    told = words[REPORTING_AT:]
    write_down(row, space.missing, span, n, told, *status, reported, written, is_late)
    hear(span, n, facts, lines)
    watch(span, n, lines[HEARD], facts[IS_DOING_WELL], lines[GOES_WELL])
    if row.drop_out == MNAR:
        feel(span, n, felt, lines[RECENT])


@compiled
def take_sessions(row, dates, who, span, words, facts, lines):
    """Take those who are still treated through the sessions of a span."""
    is_dated, pace = dates.is_followed != 0, calendar.pace(row)
    for j in range(len(who)):
        i = who[j]
        if facts[STOP_REASON, i] == STILL:
            n, reason = first_stop(row, i, span, words, facts, lines)
            if is_dated:
                sessions = span[0], n
                n, reason = calendar.take_dates(
                    row, dates, pace, i, sessions, reason, words, facts, lines
                )
            facts[N_SESSIONS, i], facts[STOP_REASON, i] = n, reason


@inlined
def first_stop(row, i, span, words, facts, lines):
    """Return sessions delivered up to the end of the span, and why the course ends, if it does."""
    first, last = span
    if facts[FLOW, i] != ANALYSED:
        planned = int(facts[PLANNED, i])
        return (planned, LOST) if planned <= last else (last, STILL)
    for s in range(max(first, TEST_SESSIONS - 1), last):
        reason = decide(row, i, s, words, facts, lines)
        if reason != STILL:
            return s + 1, reason
    return last, STILL


@inlined
def decide(row, i, s, words, facts, lines):
    """Return why the course ends after session s + 1, or that it goes on."""
    k, at = s + 1, s % ROUND
    if k == TEST_SESSIONS and facts[IS_RESPONDER, i] == 0.0 and facts[OFFERED, i] == 0.0:
        return EFFICACY
    word = words[DROPOUT_AT + at // 2, i]
    u = high(word) if at % 2 == 0 else low(word)
    goes_well = lines[GOES_WELL, s, i] != 0.0
    return stop_after(row, k, lines[RECENT, s, i], goes_well, facts[OTHER_HAZARD, i], u)


@compiled
def name_other_reasons(row, n, words, facts):
    """Say which of the other reasons it was."""
    for i in range(n):
        if facts[STOP_REASON, i] == LOST:
            facts[STOP_REASON, i] = other_reason(row, high(words[i]))
