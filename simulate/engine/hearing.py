"""What the clinic hears of the reports: the record as it grows, and what is left of it (9-10).

A hazard reads only what will be in the record: a report that is told too late (`missing_last`)
counts from the next session on, and is lost where there is none.
"""

# mypy: disable-error-code="no-untyped-def"

import math

import numpy as np

from simulate.engine.compiled import compiled
from simulate.engine.records import Fact, Flow, Line, Stop
from simulate.engine.report import RESPONDER_FROM, TEST_SESSIONS

STILL, SURGERY, EXCLUDED = int(Stop.STILL_TREATED), int(Stop.EMCS_SURGERY), int(Flow.EXCLUDED)
REPORTED, WRITTEN = int(Line.REPORTED), int(Line.UNINTERRUPTED)
RECORDED, IS_LATE = int(Line.RECORDED), int(Line.IS_LATE)
HEARD, RECENT = int(Line.HEARD), int(Line.RECENT)
DURATION_DAYS, SESSION_DAY = int(Line.DURATION_DAYS), int(Line.SESSION_DAY)
EVALUATION_DAY = int(Line.EVALUATION_DAY)
LAST, LAST_BUT_ONE = int(Fact.LAST_RELIEF), int(Fact.LAST_BUT_ONE)
LAST_BUT_TWO, TOLD_LATE = int(Fact.LAST_BUT_TWO), int(Fact.TOLD_LATE)
STATUS_RELIEF, KEPT = int(Fact.STATUS_RELIEF), int(Fact.KEPT_SESSIONS)
FLOW, ASSESSMENT = int(Fact.FLOW), int(Fact.ASSESSMENT)
N_SESSIONS, STOP_REASON = int(Fact.N_SESSIONS), int(Fact.STOP_REASON)


@compiled
def hear(span, n, facts, lines):
    """Fill the latest report on record, and the mean of the last three, after each session."""
    a, b, c = facts[LAST_BUT_TWO], facts[LAST_BUT_ONE], facts[LAST]
    late, otherwise = facts[TOLD_LATE], facts[STATUS_RELIEF]
    for s in range(span[0], span[1]):
        _remember(n, lines[WRITTEN, s], lines[IS_LATE, s], a, b, c, late)
        _sum_up(n, a, b, c, otherwise, lines[HEARD, s], lines[RECENT, s])


@compiled
def _remember(n, written, is_late, a, b, c, late):
    """Take up a late report, then the session's own unless it is missing or late."""
    for i in range(n):
        first, second, third, due = a[i], b[i], c[i], late[i]
        is_due = due == due
        first = second if is_due else first
        second = third if is_due else second
        third = due if is_due else third
        value = written[i]
        waits = (is_late[i] != 0.0) | (value != value)
        a[i] = first if waits else second
        b[i] = second if waits else third
        c[i] = third if waits else value
        late[i] = value if waits else np.nan


@compiled
def _sum_up(n, a, b, c, otherwise, heard, recent):
    """Mean of the last values, as many as there are; another value where there is none."""
    for i in range(n):
        has_a, has_b = a[i] == a[i], b[i] == b[i]
        total = ((a[i] if has_a else 0.0) + (b[i] if has_b else 0.0)) + c[i]
        many = 1.0 + (1.0 if has_a else 0.0) + (1.0 if has_b else 0.0)
        recent[i] = total / many if c[i] == c[i] else otherwise[i]
        heard[i] = c[i]


@compiled
def feel(span, n, felt, recent):
    """Fill the mean of the last three latent states, in place of the record's."""
    for s in range(max(span[0], 2), span[1]):
        for i in range(n):
            recent[s, i] = (felt[s - 2, i] + felt[s - 1, i] + felt[s, i]) / 3.0


@compiled
def watch(span, n, heard, is_doing_well, goes_well):
    """Fill whether all goes well: for others than responders once 10 is heard after the test."""
    for s in range(span[0], span[1]):
        least = RESPONDER_FROM if s >= TEST_SESSIONS else np.inf
        for i in range(n):
            is_doing_well[i] = 1.0 if heard[s, i] >= least else is_doing_well[i]
            goes_well[s, i] = is_doing_well[i]


@compiled
def fill_record(n, horizon, is_dated, facts, lines):
    """Fill what stays on record of n courses, up to the horizon."""
    delivered, kept = facts[N_SESSIONS], facts[KEPT]
    for i in range(n):
        kept[i] = 0.0 if facts[FLOW, i] == EXCLUDED else delivered[i]
        if kept[i] < TEST_SESSIONS:
            facts[ASSESSMENT, i] = np.nan
    for s in range(horizon):
        for i in range(n):
            value = lines[WRITTEN, s, i]
            lines[RECORDED, s, i] = value if s < kept[i] else np.nan
    _settle_last(n, facts, lines)
    if is_dated:
        for s in range(horizon):
            _clear(s, n, delivered, lines)


@compiled
def _settle_last(n, facts, lines):
    """Relief is known before surgery; whoever leaves otherwise takes a late report along."""
    for i in range(n):
        s, reason = int(facts[N_SESSIONS, i]) - 1, facts[STOP_REASON, i]
        facts[LAST, i] = lines[HEARD, s, i]
        if reason == SURGERY:
            facts[LAST, i] = lines[RECORDED, s, i] = lines[REPORTED, s, i]
        elif reason != STILL and lines[IS_LATE, s, i] != 0.0:
            lines[RECORDED, s, i] = np.nan


@compiled
def _clear(s, n, delivered, lines):
    """No days of relief without relief on record, no dates without a session."""
    for i in range(n):
        if math.isnan(lines[RECORDED, s, i]):
            lines[DURATION_DAYS, s, i] = np.nan
        if s >= delivered[i]:
            lines[SESSION_DAY, s, i] = lines[EVALUATION_DAY, s, i] = -1.0
