"""Kernels of the model with random intercept and slope, for one data set and for simulated trials.

As in `reml`, everything is one small matrix: with V = I + Z G Z' in each patient, Z = (1, time),
G the covariance of both relative to sigma^2, and z = (x, y) a row of design and outcome,

    M(G) = sum of z z' - sum over n of K_n : B_n,   K_n = (I + G S_n)^-1 G,

S_n = Z'Z of the patients of a kind n, who are seen at the same sessions (in a trial: at the first n
sessions), and B_n the sum of their (Z'z)(Z'z)'. The search is
Newton's in Cholesky's factor of G, which may be singular: its last entry then is 0, where the
criterion is even in it and its derivative 0, so that the boundary needs no constraint. Time is
centred and scaled, which changes neither fixed effects nor their degrees of freedom.

Sources: Bates et al. 2015 (profiled REML, theta); Kuznetsova et al. 2017 (Satterthwaite). Not
here: why data cannot carry the model (`classical.own_lines`), names of results.
"""

import numpy as np

from classical.batched.compiled import compiled
from classical.batched.reml import form, sweep, trace
from classical.batched.status import BOUNDARY, NOT_FOUND, OK, TOO_FEW
from classical.batched.sums import copy, mirror

_STARTS = np.array([0.1, 0.5])  # of the factor's last entry
_WIDTH = 1e-5  # of the differences of the score that give its derivative
_ON_BOUNDARY = 1e-6


@compiled
def refit(outcome, design, numbers, status):  # type: ignore[no-untyped-def]
    """Replace random-intercept fits (R, 3 p + 4) of trials (R, patients, sessions) by these."""
    _, sessions, p = design.shape
    q = p + 1
    mean, scale, square = _times(design[0, :, 1])
    total, between = np.empty((q, q)), np.empty((sessions + 1, 3, q, q))
    count, work, own = np.empty(sessions + 1, dtype=np.int64), np.empty((4, q, q)), np.empty((2, q))
    theta = np.empty(3)
    for r in range(len(numbers)):
        if status[r] > BOUNDARY:
            continue
        row = numbers[r]
        shift = outcome[r, 0, 0]
        _reduce(outcome[r], design, (shift, mean, scale), own, total, between, count)
        data = (total, between, count, square)
        status[r] = fit_slopes(data, mean / scale, row[-1], work, theta, row)
        if status[r] > BOUNDARY:
            row[:] = np.nan
        row[0] += shift


@compiled
def _times(at):  # type: ignore[no-untyped-def]
    """Mean and spread of the sessions, and Z'Z (n, t, t^2) over the first n of them scaled."""
    square, mean, scale = np.zeros((len(at) + 1, 3)), 0.0, 0.0
    for t in at:
        mean += t / len(at)
    for t in at:
        scale += (t - mean) ** 2 / len(at)
    scale = np.sqrt(scale)
    for n in range(1, len(at) + 1):
        t = (at[n - 1] - mean) / scale
        square[n, 0] = n
        square[n, 1] = square[n - 1, 1] + t
        square[n, 2] = square[n - 1, 2] + t * t
    return mean, scale, square


@compiled
def _reduce(outcome, design, moved, own, total, between, count):  # type: ignore[no-untyped-def]
    """Fill the sums of one trial; `between` holds B_00, B_01 + B_10 and B_11 by sessions seen."""
    shift, mean, scale = moved
    patients, sessions, p = design.shape
    total[:] = 0.0
    between[:] = 0.0
    count[:] = 0
    for i in range(patients):
        own[:] = 0.0
        n = 0
        while n < sessions and not np.isnan(outcome[i, n]):
            t, y = (design[i, n, 1] - mean) / scale, outcome[i, n] - shift
            for a in range(p + 1):
                z = design[i, n, a] if a < p else y
                own[0, a] += z
                own[1, a] += t * z
                for b in range(a + 1):
                    total[a, b] += z * (design[i, n, b] if b < p else y)
            n += 1
        count[n] += 1
        for a in range(p + 1):
            for b in range(a + 1):
                between[n, 0, a, b] += own[0, a] * own[0, b]
                between[n, 1, a, b] += own[0, a] * own[1, b] + own[1, a] * own[0, b]
                between[n, 2, a, b] += own[1, a] * own[1, b]


@compiled
def fit_slopes(data, offset, ratio, work, theta, row):  # type: ignore[no-untyped-def]
    """Fill theta, and a row as in `mixed`; return the status.

    `data`: the sum of z z' (q, q); by kind of patient, the first of which is not used, B_00,
    B_01 + B_10 and B_11 (kinds, 3, q, q), how many there are, and S (kinds, 3). `offset`: mean of
    time in units of its spread; `ratio`: tau^2 / sigma^2 to begin with; `work`: scratch (4, q, q).
    """
    p = len(data[0]) - 1
    patients, left = 0, -p
    for n in range(1, len(data[2])):
        patients += data[2][n]
        left += int(data[3][n, 0]) * data[2][n]
    if left + p <= 2 * patients:  # two effects a patient leave nothing for sigma
        return TOO_FEW
    score, hessian = np.empty(3), np.empty((3, 3))
    if not _optimum(data, left, np.sqrt(max(ratio, 0.1)), work, theta, hessian):
        return NOT_FOUND
    criterion = _profile(data, left, theta, work, score)
    swept = work[0]
    variance = swept[p, p] / left
    slope, turned = np.empty(3), np.empty(3)
    for j in range(p):
        unit = -swept[j, j]
        for k in range(3):
            slope[k] = form(swept, work[1 + k]) / swept[p, p]
            for a in range(p):
                for b in range(p):
                    slope[k] -= swept[j, a] * work[1 + k][a, b] * swept[b, j] / unit
        _solve(hessian, 0.0, slope, turned)
        spread = 2.0 / left
        for k in range(3):
            spread += 2.0 * slope[k] * turned[k]
        row[j], row[p + j], row[2 * p + j] = swept[j, p], np.sqrt(variance * unit), 2.0 / spread
    level, tilt = theta[0] - offset * theta[1], offset * theta[2]
    row[3 * p], row[3 * p + 1] = np.sqrt(variance), np.sqrt(variance * (level**2 + tilt**2))
    row[3 * p + 2], row[3 * p + 3] = criterion, np.nan
    return OK if min(abs(theta[0]), abs(theta[2])) > _ON_BOUNDARY else BOUNDARY


@compiled
def _profile(data, left, theta, work, score):  # type: ignore[no-untyped-def]
    """Put M, swept, and its three derivatives into `work`; fill the score; return the criterion."""
    total, between, count, square = data
    q = len(total)
    work[1:] = 0.0
    copy(total, work[0])
    score[:] = 0.0
    volume = 0.0
    shape = np.empty((4, 3))  # K and its derivatives: entries 00, 01, 11
    for n in range(1, len(count)):
        if count[n] == 0:
            continue
        volume += count[n] * _shrink(theta, square[n], count[n], shape, score)
        for k in range(4):
            for a in range(q):
                for b in range(a + 1):
                    for e in range(3):
                        work[k, a, b] -= shape[k, e] * between[n, e, a, b]
    for k in range(4):
        mirror(work[k])
    determinant = sweep(work[0])
    rss = work[0][q - 1, q - 1]
    for k in range(3):
        score[k] += trace(work[0], work[1 + k]) + left * form(work[0], work[1 + k]) / rss
    return left * (1.0 + np.log(2.0 * np.pi * rss / left)) + np.log(determinant) + volume


@compiled
def _shrink(theta, square, members, shape, score):  # type: ignore[no-untyped-def]
    """Fill K and its derivatives, add those of log det V to the score, return log det V."""
    s0, s1, s2 = square
    g0, g1, g2 = theta[0] ** 2, theta[0] * theta[1], theta[1] ** 2 + theta[2] ** 2
    a, b = 1.0 + g0 * s0 + g1 * s1, g0 * s1 + g1 * s2
    c, d = g1 * s0 + g2 * s1, 1.0 + g1 * s1 + g2 * s2
    det = a * d - b * c
    a, b, c, d = d / det, -b / det, -c / det, a / det  # P = (I + G S)^-1
    shape[0, 0], shape[0, 1], shape[0, 2] = a * g0 + b * g1, a * g1 + b * g2, c * g1 + d * g2
    for k in range(3):
        if k == 0:
            h0, h1, h2 = 2.0 * theta[0], theta[1], 0.0
        elif k == 1:
            h0, h1, h2 = 0.0, theta[0], 2.0 * theta[1]
        else:
            h0, h1, h2 = 0.0, 0.0, 2.0 * theta[2]
        shape[1 + k, 0] = a * a * h0 + 2.0 * a * b * h1 + b * b * h2
        shape[1 + k, 1] = a * c * h0 + (a * d + b * c) * h1 + b * d * h2
        shape[1 + k, 2] = c * c * h0 + 2.0 * c * d * h1 + d * d * h2
        turn = s0 * (a * h0 + b * h1) + s1 * (a * h1 + b * h2 + c * h0 + d * h1)
        score[k] += members * (turn + s2 * (c * h1 + d * h2))
    return np.log(det)


@compiled
def _optimum(data, left, level, work, best, hessian):  # type: ignore[no-untyped-def]
    """Fill theta of the lowest criterion and its second derivatives; False if none is found."""
    lowest = np.inf
    theta, score = np.empty(3), np.empty(3)
    for start in _STARTS:
        theta[0], theta[1], theta[2] = level, 0.0, start
        height = _descend(data, left, theta, work, score, hessian)
        if height < lowest:
            lowest = height
            for k in range(3):
                best[k] = theta[k]
    if lowest < np.inf:
        _curvature(data, left, best, work, hessian)
    return lowest < np.inf


@compiled
def _descend(data, left, theta, work, score, hessian):  # type: ignore[no-untyped-def]
    """Newton's method, damped where the criterion would rise; inf where it finds no optimum."""
    step, trial, spare = np.empty(3), np.empty(3), np.empty(3)
    damp = 0.0
    height = _profile(data, left, theta, work, score)
    for _ in range(200):
        _curvature(data, left, theta, work, hessian)
        while True:
            lower = np.inf
            if _solve(hessian, damp, score, step):
                for k in range(3):
                    trial[k] = theta[k] - step[k]
                lower = _profile(data, left, trial, work, spare)
            if lower <= height + 1e-10 * abs(height):
                break
            damp = max(10.0 * damp, 1e-3 * abs(hessian[0, 0]))
            if damp > 1e12:
                return np.inf
        change = max(abs(step[0]), abs(step[1]), abs(step[2]))
        for k in range(3):
            theta[k], score[k] = trial[k], spare[k]
        height = lower
        if change < 1e-9 and damp == 0.0:
            return height
        damp = 0.1 * damp if damp > 1e-3 else 0.0
    return np.inf


@compiled
def _curvature(data, left, theta, work, hessian):  # type: ignore[no-untyped-def]
    """Fill the second derivatives of the criterion by differences of its exact score."""
    at, above, below = np.empty(3), np.empty(3), np.empty(3)
    for k in range(3):
        for e in range(3):
            at[e] = theta[e]
        at[k] = theta[k] + _WIDTH
        _profile(data, left, at, work, above)
        at[k] = theta[k] - _WIDTH
        _profile(data, left, at, work, below)
        for e in range(3):
            hessian[k, e] = (above[e] - below[e]) / (2.0 * _WIDTH)
    mirror(hessian)


@compiled
def _solve(hessian, damp, right, result):  # type: ignore[no-untyped-def]
    """Solve (H + damp I) result = right by Cholesky; False where that is not positive definite."""
    root = np.zeros((3, 3))
    for a in range(3):
        for b in range(a + 1):
            rest = hessian[a, b] + (damp if a == b else 0.0)
            for c in range(b):
                rest -= root[a, c] * root[b, c]
            if a == b:
                if not rest > 0.0:
                    return False
                root[a, a] = np.sqrt(rest)
            else:
                root[a, b] = rest / root[b, b]
    for a in range(3):
        result[a] = right[a]
        for c in range(a):
            result[a] -= root[a, c] * result[c]
        result[a] /= root[a, a]
    for a in range(2, -1, -1):
        for c in range(a + 1, 3):
            result[a] -= root[c, a] * result[c]
        result[a] /= root[a, a]
    return True
