"""From latent relief to what is said and written down (equations 5-7 and 9).

Here: reports as if nobody stopped. Not here: their mean (`expected.py`), which of them the course
lets happen (`course.py`).
"""

# mypy: disable-error-code="no-untyped-def"

import numpy as np

from simulate.engine import records
from simulate.engine.compiled import compiled, inlined
from simulate.engine.normal import score
from simulate.engine.philox import LOW, high, low
from simulate.engine.records import Fact
from simulate.parameter_table import Noise

ROUND = records.ROUND
ASSESSMENT, STATUS_RELIEF = int(Fact.ASSESSMENT), int(Fact.STATUS_RELIEF)
IS_RESPONDER, IS_DOING_WELL = int(Fact.IS_RESPONDER), int(Fact.IS_DOING_WELL)
NOISE_FACTOR = int(Fact.NOISE_FACTOR)
GRID = int(Fact.GRID)
TEST_SESSIONS = 4
RESPONDER_FROM = 10.0
BY_SESSION, BY_PATIENT = int(Noise.BY_SESSION), int(Noise.BY_PATIENT)
SHORT, SHORT_MASK = np.uint64(16), np.uint64(0xFFFF)
SHORT_SCALE = 2.0**-16


@compiled
def fill_session_sd(row, sd):
    """Fill the noise SD of every session; by session it fades to `noise_sd` by halves (5b)."""
    extra = row.noise_first_factor - 1.0 if row.noise == BY_SESSION else 0.0
    for s in range(len(sd)):
        sd[s] = row.noise_sd * (1.0 + extra)
        extra *= 0.5


@inlined
def noise(outliers, word):
    """Noise of one report in units of its SD, from one word; outliers have a share, a width (5)."""
    share, factor = outliers
    z = score(high(word))
    return z * factor if upper(word & LOW) < share else z


@inlined
def upper(half):
    """Uniform number in (0, 1) of the upper 16 of 32 bits."""
    return (np.float64((half >> SHORT) & SHORT_MASK) + 0.5) * SHORT_SCALE


@inlined
def lower(half):
    """Uniform number in (0, 1) of the lowest 16 bits."""
    return (np.float64(half & SHORT_MASK) + 0.5) * SHORT_SCALE


@inlined
def heaped(value, grid):
    """Nearest multiple of the grid within 0 to 100; halves go up (6)."""
    inside = min(max(value, 0.0), 100.0)
    return np.floor(inside / grid + 0.5) * grid


@compiled
def say(row, sd, span, n, words, factor, grid, pause, latent, felt, reported):
    """Fill what n patients feel, within bounds, and say of the sessions of a span."""
    for s in range(span[0], span[1]):
        for i in range(n):
            felt[s, i] = latent[s, i] - pause[i]
        _report(row, n, words[s % ROUND], sd[s], factor, grid, felt[s], reported[s])
        for i in range(n):
            felt[s, i] = min(max(felt[s, i], 0.0), 100.0)


@compiled
def _report(row, n, words, sd, factor, grid, felt, reported):
    """Fill what n patients say: 0-100, on the patient's grid, or `no relief` whatever is felt."""
    outliers = row.outlier_share, row.outlier_factor
    for i in range(n):
        value = felt[i] + sd * factor[i] * noise(outliers, words[i])
        reported[i] = heaped(value, grid[i])
    if row.zero_share > 0.0:
        for i in range(n):
            reported[i] = 0.0 if lower(words[i]) < row.zero_share else reported[i]


@compiled
def assess(row, sd, n, own, words, latent, facts):
    """Fill assessment (NaN: not recorded), the relief that decides status, and status.

    Equation 7 and rule R4: the assessment, or where it is missing the report of session 4.
    """
    factor, grid, relief = facts[NOISE_FACTOR], facts[GRID], facts[STATUS_RELIEF]
    _report(row, n, words, sd, factor, grid, latent, relief)
    outliers = row.outlier_share, row.outlier_factor
    for i in range(n):
        shared = row.assessment_shared * sd * factor[i] * noise(outliers, words[i])
        assessed = heaped(latent[i] + shared + row.assessment_sd * score(high(own[i])), grid[i])
        is_missing = low(own[i]) < row.missing_assessment
        relief[i] = relief[i] if is_missing else assessed
        facts[ASSESSMENT, i] = np.nan if is_missing else assessed
        is_responder = 1.0 if relief[i] >= RESPONDER_FROM else 0.0
        facts[IS_RESPONDER, i], facts[IS_DOING_WELL, i] = is_responder, is_responder


@compiled
def fill_missing(row, missing):
    """Fill the chance that a report is not written down, by status and session (9)."""
    for s in range(missing.shape[1]):
        missing[0, s] = missing[1, s] = row.missing_later
    missing[0, 0], missing[1, 0] = row.missing_other_1, row.missing_responder_1
    missing[0, 1], missing[1, 1] = row.missing_other_2, row.missing_responder_2
    missing[0, 2], missing[1, 2] = row.missing_other_3, row.missing_responder_3
    missing[0, 3], missing[1, 3] = row.missing_other_4, row.missing_responder_4


@compiled
def write_down(row, missing, span, n, words, is_responder, assessment, reported, written, is_late):
    """Fill what would be written down, NaN where missing, and whether it is told too late."""
    for s in range(span[0], span[1]):
        at, is_status = s % ROUND, s == TEST_SESSIONS - 1  # status is always known
        shift, late_share = np.uint64(32 * (1 - at % 2)), row.missing_last
        if s < TEST_SESSIONS:
            late_share = 0.0
        for i in range(n):
            told, said = words[at // 2, i] >> shift, reported[s, i]
            chance = missing[1, s] if is_responder[i] != 0.0 else missing[0, s]
            can_miss = (not is_status) | (assessment[i] == assessment[i])
            written[s, i] = np.nan if (upper(told) < chance) & can_miss else said
            is_late[s, i] = 1.0 if lower(told) < late_share else 0.0
