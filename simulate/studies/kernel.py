"""Decisions against truth of some replicates, added to totals: the fused kernel.

Here: compiled loops over patients, rules, thresholds and truths. Not here: cohorts, truths, and
the blocks within which floating point is exact (`counting.py`).

Thresholds of one score are nested, so a patient is put once into the bin of thresholds reached, and
the bins are added up from above.
"""

from typing import Any

import numpy as np

from simulate.studies.compiled import compiled
from simulate.studies.methods import CARRIED, NO_REPORT, ORACLE, score_cohort

TOGETHER = 8
"""Replicates that go through a column one after another."""


@compiled
def count_replicates(
    reports: Any, stays: Any, truth: Any, columns: Any, decisions: Any, thresholds: Any,
    totals: Any, apart: Any,
) -> None:  # fmt: skip
    """Add the counts of some replicates to the totals, and those of `blocks.COUNTED` by block.

    A few replicates at a time go through each column, so that a column's totals stay in the cache.
    """
    recorded, assessment, forecast = reports
    n_sessions, session_day = stays
    has, has_not, horizons = truth
    n_replicates, n, n_truths = has.shape
    n_columns = len(columns.rule)
    score = np.empty((n_columns, n))
    at = np.empty((TOGETHER, n_columns, n), dtype=np.int64)
    basis = np.empty((TOGETHER, n_columns, n), dtype=np.int64)
    reached = np.empty((TOGETHER, n_columns, n), dtype=np.int64)
    known = np.empty((TOGETHER, n, 4 * n_truths), dtype=np.float32)
    most = decisions[2].max() + 2
    bins = np.empty((most, 4 * n_truths), dtype=np.float32)
    spent = np.empty((most, 4 * n_truths), dtype=np.float32)
    late = np.empty((most, n_truths), dtype=np.float32)
    left = np.empty((3, n_truths), dtype=np.float32)
    everyone = np.empty((2, 5))
    found = np.empty((len(totals[0]), n_truths))
    for start in range(0, n_replicates, TOGETHER):
        stop = min(start + TOGETHER, n_replicates)
        for r in range(start, stop):
            b = r - start
            score_cohort(recorded[r], assessment[r], forecast[r], columns, score, at[b], basis[b])
            _know(n_sessions[r], session_day[r], has[r], has_not[r], horizons, known[b])
            _bin(score, at[b], n_sessions[r], decisions, thresholds, reached[b])
        for c in range(n_columns):
            size = decisions[2][c] + 1
            for r in range(start, stop):
                b = r - start
                _sort(
                    columns.rule[c] == ORACLE, reached[b, c], at[b, c], basis[b, c],
                    decisions[4][c], n_sessions[r], session_day[r], known[b],
                    bins[:size], spent[:size], left, everyone,
                )  # fmt: skip
                _find_late(reached[b], c, decisions[3][c], has[r], late[: size + 1])
                _accumulate(size - 1, bins, spent)
                for lag in range(decisions[1][c]):
                    first = decisions[0][c] + lag * (size - 1)
                    _add_up(
                        first, size - 1, lag, bins, spent, late, left[0], left[1 + lag],
                        everyone[lag], found, totals, apart[0][r], apart[1],
                    )  # fmt: skip


@compiled
def _know(
    n_sessions: Any, session_day: Any, has: Any, has_not: Any, horizons: Any, known: Any
) -> None:
    """Lay out has, has not, and sessions and days to the horizon of who has not."""
    n, n_truths = has.shape
    for i in range(n):
        for q in range(n_truths):
            given = min(n_sessions[i], horizons[q])
            known[i, q] = has[i, q]
            known[i, n_truths + q] = has_not[i, q]
            known[i, 2 * n_truths + q] = has_not[i, q] * given
            known[i, 3 * n_truths + q] = has_not[i, q] * session_day[i, given - 1]


@compiled
def _bin(
    score: Any, at: Any, n_sessions: Any, decisions: Any, thresholds: Any, reached: Any
) -> None:
    """Count the thresholds each patient reaches: none where he stops before the decision."""
    for c in range(len(score)):
        first, size = decisions[0][c], decisions[2][c]
        for i in range(len(n_sessions)):
            j = 0
            if n_sessions[i] >= at[c, i]:
                while j < size and score[c, i] >= thresholds[first + j]:
                    j += 1
            reached[c, i] = j


@compiled
def _sort(
    is_oracle: bool,
    reached: Any,
    at: Any,
    basis: Any,
    lags: Any,
    n_sessions: Any,
    session_day: Any,
    known: Any,
    bins: Any,
    spent: Any,
    left: Any,
    everyone: Any,
) -> None:
    """Put each patient into the bin of thresholds reached; add up stays at both lags.

    `left` holds who has long-term relief and stopped before the decision, and the sessions of who
    has not; `everyone` test sessions, test days, who completes, who is judged by an earlier report,
    who by none.
    """
    n, n_truths = len(known), left.shape[1]
    bins[:] = 0
    spent[:] = 0
    left[:] = 0
    completed, carried, without = 0, 0, 0
    for i in range(n):
        completes = n_sessions[i] >= at[i]
        of, into = known[i], bins[0 if is_oracle else reached[i]]
        if completes:
            completed += 1
            carried += basis[i] == CARRIED
            without += basis[i] == NO_REPORT
        else:
            for q in range(n_truths):
                left[0, q] += of[q]
        if is_oracle:  # goes on if and only if the truth says so
            accepted = bins[1 if completes else 0]
            for q in range(n_truths):
                accepted[q] += of[q]
                into[n_truths + q] += of[n_truths + q]
        else:
            for q in range(4 * n_truths):
                into[q] += of[q]
    everyone[:, 2], everyone[:, 3], everyone[:, 4] = completed, carried, without
    for lag in range(2):
        _spend(
            is_oracle, lag, reached, at, lags, n_sessions, session_day, known, spent, left, everyone
        )


@compiled
def _spend(
    is_oracle: bool,
    lag: int,
    reached: Any,
    at: Any,
    lags: Any,
    n_sessions: Any,
    session_day: Any,
    known: Any,
    spent: Any,
    left: Any,
    everyone: Any,
) -> None:
    """Add up what the test takes at one lag: of everyone, and of who has no long-term relief."""
    n_truths = left.shape[1]
    first = 2 * lag * n_truths
    test_sessions, test_days = 0, 0
    for i in range(len(known)):
        used = min(n_sessions[i], at[i] + lags[lag])
        test_sessions += used
        test_days += session_day[i, used - 1]
        sessions, days = np.float32(used), np.float32(session_day[i, used - 1])
        of, into = known[i], spent[0 if is_oracle else reached[i]]
        for q in range(n_truths):
            into[first + q] += of[n_truths + q] * sessions
            into[first + n_truths + q] += of[n_truths + q] * days
        if n_sessions[i] < at[i]:
            for q in range(n_truths):
                left[1 + lag, q] += of[n_truths + q] * sessions
    everyone[lag, 0], everyone[lag, 1] = test_sessions, test_days


@compiled
def _find_late(reached: Any, column: int, reference: int, has: Any, late: Any) -> None:
    """Count responders whom the reference length declines and this one accepts, by threshold."""
    late[:] = 0
    if reference < 0 or reference == column:
        return
    for i in range(has.shape[0]):
        before, j = reached[reference, i], reached[column, i]
        if j > before:
            for q in range(has.shape[1]):
                late[before + 1, q] += has[i, q]
                late[j + 1, q] -= has[i, q]
    for j in range(1, len(late)):
        late[j] += late[j - 1]


@compiled
def _accumulate(size: int, bins: Any, spent: Any) -> None:
    """From bins to 'reaches at least' and, for what the declined have spent, 'at most'."""
    for j in range(size - 1, -1, -1):
        bins[j] += bins[j + 1]
    for j in range(1, size + 1):
        spent[j] += spent[j - 1]


@compiled
def _add_up(
    first: int,
    size: int,
    lag: int,
    bins: Any,
    spent: Any,
    late: Any,
    left_has: Any,
    left_sessions: Any,
    everyone: Any,
    found: Any,
    totals: Any,
    block: int,
    by_block: Any,
) -> None:
    """Add a replicate's sums and products, in the order of `SUMS` and `MOMENTS`.

    Missed responders and test sessions are added to those of its block too.
    """
    sums, moments, pair_a, pair_b = totals
    n_truths = late.shape[1]
    found[5], found[6], found[9] = everyone[0], everyone[1], everyone[2]
    found[12], found[13] = everyone[3], everyone[4]
    for j in range(1, size + 1):
        for q in range(n_truths):
            tp, fp = bins[j, q], bins[j, n_truths + q]
            has, has_not = bins[0, q], bins[0, n_truths + q]
            sessions = spent[j - 1, 2 * lag * n_truths + q] + bins[j, 2 * n_truths + q]
            days = spent[j - 1, (2 * lag + 1) * n_truths + q] + bins[j, 3 * n_truths + q]
            found[0, q], found[1, q] = tp, fp
            found[2, q], found[3, q] = has - tp, has_not - fp
            found[4, q] = late[j, q]
            found[7, q], found[8, q] = sessions, days
            found[10, q] = has - tp - left_has[q]
            found[11, q] = sessions - left_sessions[q]
        for s in range(len(sums)):
            into, of = sums[s, first + j - 1], found[s]
            for q in range(n_truths):
                into[q] += of[q]
        for p in range(len(pair_a)):
            into, one, other = moments[p, first + j - 1], found[pair_a[p]], found[pair_b[p]]
            for q in range(n_truths):
                into[q] += one[q] * other[q]
        for q in range(n_truths):
            by_block[block, 0, first + j - 1, q] += found[2, q]
            by_block[block, 1, first + j - 1, q] += found[5, q]
