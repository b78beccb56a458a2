"""One patient through the sessions: felt, said, written down, asked again, stopped (6-13).

Here: the order of events. Not here: the laws (`curve`, `report`, `stopping`, `calendar`).
"""

# mypy: disable-error-code="no-untyped-def"

import math

import numpy as np

from simulate.engine import calendar, stopping
from simulate.engine.compiled import compiled
from simulate.engine.normal import score
from simulate.engine.philox import Stream, block, fill, high, low
from simulate.engine.records import Flow, Stop
from simulate.engine.report import heaped, noise, says_none

NOISE, REPORTING, DROPOUT = int(Stream.NOISE), int(Stream.REPORTING), int(Stream.DROPOUT)
DURATION, CALENDAR, SURGERY_STREAM = int(Stream.DURATION), int(Stream.CALENDAR), int(Stream.SURGERY)
STILL, SURGERY, ONGOING = int(Stop.STILL_TREATED), int(Stop.EMCS_SURGERY), int(Stop.ONGOING)
EFFICACY, LOST = int(Stop.LOSS_OF_EFFICACY), int(Stop.LOST_TO_FOLLOW_UP)
EXCLUDED = int(Flow.EXCLUDED)
TEST_SESSIONS = 4
RESPONDER_FROM = 10.0
PAUSE_FREE_DAYS = 56
first_day, next_day = calendar.first_day, calendar.next_day
evaluation_day, relief_days = calendar.evaluation_day, calendar.relief_days
other_hazard, stop_after = stopping.other_hazard, stopping.stop_after
other_reason = stopping.other_reason


@compiled
def report(row, traits, latent, sd, word):
    """What the patient says: 0-100, on the patient's grid."""
    if says_none(row, word):
        return 0.0
    return heaped(latent + sd * traits.noise_factor * noise(row, word), traits.grid)


@compiled
def assess(row, traits, scratch, word, place):
    """Return the test-period assessment (NaN if not recorded) and the status (7, rule R4)."""
    latent, sd = scratch.latent[TEST_SESSIONS - 1], scratch.sd[TEST_SESSIONS - 1]
    of_session = sd * traits.noise_factor * noise(row, word)
    own = row.assessment_sd * score(high(place[0]))
    said = heaped(latent + row.assessment_shared * of_session + own, traits.grid)
    if low(place[0]) < row.missing_assessment:
        return np.nan, report(row, traits, latent, sd, word) >= RESPONDER_FROM
    return said, said >= RESPONDER_FROM


@compiled
def missing_chance(row, k, is_responder):
    """Chance that the report of session k is not written down, by status (9)."""
    if k > TEST_SESSIONS:
        return row.missing_later
    if is_responder:
        first, second = row.missing_responder_1, row.missing_responder_2
        third, fourth = row.missing_responder_3, row.missing_responder_4
    else:
        first, second = row.missing_other_1, row.missing_other_2
        third, fourth = row.missing_other_3, row.missing_other_4
    early = first if k == 1 else second
    return early if k <= 2 else (third if k == 3 else fourth)


@compiled
def refill(key, replicate, patient, s, is_dated, scratch):
    """Fetch the random words of sessions s + 1 to s + 8, all streams."""
    words = scratch.words
    fill(key, NOISE, replicate, patient, s // 4, scratch.noise)
    fill(key, REPORTING, replicate, patient, 1 + s // 4, words[0:8])
    fill(key, DROPOUT, replicate, patient, 1 + s // 8, words[8:12])
    if is_dated:
        fill(key, DURATION, replicate, patient, s // 4, words[12:20])
        fill(key, CALENDAR, replicate, patient, 1 + s // 4, words[20:28])


@compiled
def recent_relief(row, scratch, s, n_heard, status_relief):
    """Return what hazards read after session s + 1: the record (MAR) or the latent state (MNAR)."""
    total = 0.0
    if row.drop_out == stopping.MNAR:
        for t in range(s - 2, s + 1):
            total += min(max(scratch.latent[t], 0.0), 100.0)
        return total / 3.0
    if n_heard == 0:
        return status_relief
    known = min(n_heard, 3)
    for j in range(known):
        total += scratch.heard[j]
    return total / known


@compiled
def follow(key, replicate, who, row, dates, traits, scratch, out, r, sizes):  # noqa: C901
    """Take one patient through the sessions and fill the answers of row (r, i).

    `who` is (i, number of the patient), `sizes` (sessions filled, sessions followed). A
    hazard reads only what will be in the record: a report that is told too late (`missing_last`)
    counts from the next session on.
    """
    i, patient = who
    horizon, followed = sizes
    is_dated = dates.is_followed != 0
    all_reports = out.reported.size > 0 or out.uninterrupted.size > 0
    words, noises, latent = scratch.words, scratch.noise, scratch.latent
    refill(key, replicate, patient, 0, is_dated, scratch)
    place = block(key, REPORTING, replicate, patient, 0)
    assessment, is_responder = assess(row, traits, scratch, noises[3], place)
    status_relief = assessment
    if math.isnan(assessment):
        status_relief = report(row, traits, latent[3], scratch.sd[3], noises[3])
    own = block(key, DROPOUT, replicate, patient, 0)
    other = other_hazard(row, high(own[0]))
    offered = is_responder or low(own[0]) < row.extra_share
    start = block(key, CALENDAR, replicate, patient, 0)
    day = first_day(dates, high(start[0]), low(start[0])) if is_dated else 0
    reason, n, n_heard, converted = STILL, 0, 0, 0
    last, told_late, pause = np.nan, np.nan, 0.0
    for s in range(followed):
        k, w = s + 1, s % 8
        is_treated = reason == STILL
        if not is_treated and (k > horizon or not all_reports):
            break
        if w == 0 and s > 0:
            refill(key, replicate, patient, s, is_dated, scratch)
        felt = latent[s] - pause
        said = report(row, traits, felt, scratch.sd[s], noises[w])
        is_missing = high(words[w]) < missing_chance(row, k, is_responder)
        if k == TEST_SESSIONS and math.isnan(assessment):
            is_missing = False
        if out.reported.size > 0 and s < horizon:
            out.reported[r, i, s] = said
        if out.uninterrupted.size > 0 and s < horizon:
            out.uninterrupted[r, i, s] = np.nan if is_missing else said
        if not is_treated:
            continue
        n = k
        # what of it is known when the next step is decided
        is_late = k > TEST_SESSIONS and low(words[w]) < row.missing_last
        for heard in (told_late, np.nan if is_missing or is_late else said):
            if not math.isnan(heard):
                scratch.heard[n_heard % 3] = heard
                n_heard += 1
                last = heard
                if converted == 0 and k > TEST_SESSIONS and not is_responder:
                    converted = k if heard >= RESPONDER_FROM else 0
        told_late = said if is_late and not is_missing else np.nan
        # whether the course goes on
        if traits.flow != 0:
            if k >= traits.planned_sessions:
                reason = other_reason(row, high(own[1]))
        elif k == TEST_SESSIONS and not offered:
            reason = EFFICACY
        elif k >= TEST_SESSIONS:
            recent = recent_relief(row, scratch, s, n_heard, status_relief)
            u = high(words[8 + w // 2]) if w % 2 == 0 else low(words[8 + w // 2])
            reason = stop_after(row, k, recent, is_responder, converted > 0, other, u)
            if reason == LOST:
                reason = other_reason(row, high(own[1]))
        # dates
        following, days = -1, 0.0
        if is_dated:
            days = relief_days(row, said, high(words[12 + w]))
            following = next_day(row, dates, day, k, days, words[20 + w])
            if following > dates.rtms_end and reason == STILL:
                reason = ONGOING
            if reason != STILL:
                following = -1
        is_lost = is_missing or (is_late and reason != STILL)
        if reason == SURGERY:
            is_lost, last = False, said
        if traits.flow == EXCLUDED:
            is_lost = True
        if s < horizon:
            out.recorded[r, i, s] = np.nan if is_lost else said
            if is_dated:
                _fill_days(row, out, r, i, s, day, following, is_lost, days, words[12 + w])
        if is_dated and reason == STILL:
            weeks = max(following - day - PAUSE_FREE_DAYS, 0) / 7.0
            gain = traits.asymptote - traits.start
            pause = 0.5 * pause + gain * (1.0 - (1.0 - row.gap_loss) ** weeks)
            day = following
    for s in range(n, horizon):
        out.recorded[r, i, s] = np.nan
    is_assessed = n >= TEST_SESSIONS and traits.flow != EXCLUDED
    out.assessment[r, i] = assessment if is_assessed else np.nan
    out.is_responder[r, i] = is_responder
    out.n_sessions[r, i] = n
    out.stop_reason[r, i] = reason
    out.conversion_session[r, i] = converted
    if out.last_relief.size > 0:
        out.last_relief[r, i] = last
        _operate(key, replicate, i, patient, row, reason == SURGERY, last, out, r)


@compiled
def _fill_days(row, out, r, i, s, day, following, is_lost, days, word):
    """Days of the session and of its question; days of relief, cut where they were asked."""
    if out.session_day.size == 0:
        return
    out.session_day[r, i, s] = day
    asked = evaluation_day(day, following, low(word))
    out.evaluation_day[r, i, s] = asked
    is_unknown = is_lost or (word & 0xFFFF) * 2.0**-16 < row.missing_duration
    out.duration_days[r, i, s] = np.nan if is_unknown else min(days, float(asked - day))


@compiled
def _operate(key, replicate, i, patient, row, is_operated, last, out, r):
    """First and last relief under eMCS, in fives; NaN where not operated or not visited (14)."""
    out.emcs_first[r, i] = np.nan
    out.emcs_last[r, i] = np.nan
    if is_operated:
        place = block(key, SURGERY_STREAM, replicate, patient, 0)
        first = row.emcs_intercept + row.emcs_slope * last + row.emcs_sd * score(high(place[0]))
        out.emcs_first[r, i] = heaped(first, 5.0)
        if low(place[1]) >= row.theta_burst_share + row.one_visit_share:
            later = 45.0 + row.emcs_later_slope * (first - 45.0)
            later += row.emcs_later_sd * score(low(place[0]))
            out.emcs_last[r, i] = heaped(later, 5.0)
