"""Random-intercept linear mixed model by profiled REML, exact for one data set.

Here: the fit of y = X beta + u_patient + e and its Satterthwaite inference. With one random
intercept every inverse is known from sums over each patient, so REML is a search in one number,
the variance ratio lambda = tau^2 / sigma^2. Not here: design matrices of the study's tables
(`estimates.py`), random slopes, batches of data sets.

Sources: Bates et al. 2015 (profiled REML); Kuznetsova et al. 2017 (Satterthwaite in lmerTest).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

# Grid of the intraclass correlation on which the REML score is bracketed before root finding.
_CORRELATION_GRID = np.concatenate([[0.0], np.logspace(-8, -1, 15), np.linspace(0.15, 0.95, 17)])
_CORRELATION_GRID = np.concatenate([_CORRELATION_GRID, 1 - np.logspace(-1.5, -10, 18)])


@dataclass(frozen=True)
class MixedFit:
    """A fitted random-intercept model; arrays have shape (p,), one entry a fixed effect.

    Attributes
    ----------
    estimate, se, df, lo, hi, p
        Fixed effects, standard errors, Satterthwaite degrees of freedom, confidence limits and
        two-sided p value; NaN if not estimable.
    sigma, tau
        Standard deviations within and between patients, in units of the outcome.
    reml_criterion
        -2 restricted log likelihood at the optimum.
    n, n_patients
        Observations and patients used.
    status
        'ok', 'boundary' (tau is 0: patients do not differ beyond chance) or
        'not_estimable: <cause>'.
    """

    estimate: FloatArray
    se: FloatArray
    df: FloatArray
    lo: FloatArray
    hi: FloatArray
    p: FloatArray
    sigma: float
    tau: float
    reml_criterion: float
    n: int
    n_patients: int
    status: str


@dataclass(frozen=True)
class _Sums:
    """All that REML needs: rows, and sums over each patient's rows."""

    x: FloatArray  # (n, p)
    y: FloatArray  # (n,)
    group: NDArray[np.intp]  # (n,)
    size: FloatArray  # (patients,)
    x_sum: FloatArray  # (patients, p)
    y_sum: FloatArray  # (patients,)


@dataclass(frozen=True)
class _Profile:
    """Generalised least squares at one variance ratio."""

    ratio: float
    information: FloatArray  # (p, p), X' V^-1 X with sigma = 1
    beta: FloatArray
    rss: float
    residual_sum: FloatArray  # (patients,)


def fit_random_intercept(
    outcome: ArrayLike, design: ArrayLike, patient: ArrayLike, *, level: float = 0.95
) -> MixedFit:
    """Fit a linear mixed model with one random intercept a patient by REML.

    Parameters
    ----------
    outcome
        Shape (n,), without missing values.
    design
        Fixed-effect columns, shape (n, p), the intercept included.
    patient
        Patient of every row, shape (n,).
    level
        Coverage of the confidence interval, which uses Satterthwaite degrees of freedom.

    Returns
    -------
    MixedFit
        Equal to lme4 and lmerTest to the tolerance of their optimiser. Data that cannot carry
        the model give status 'not_estimable: <cause>', never an error.

    Raises
    ------
    ValueError
        If shapes disagree or a value is missing.
    """
    y = np.asarray(outcome, dtype=float)
    x = np.asarray(design, dtype=float)
    if x.ndim != 2 or len(x) != len(y) or len(np.asarray(patient)) != len(y):
        raise ValueError("outcome (n,), design (n, p) and patient (n,) need the same n.")
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise ValueError("outcome and design must be finite: drop and count missing rows first.")
    ids, group = np.unique(np.asarray(patient), return_inverse=True)
    cause = _why_not(y, x, group, len(ids))
    if cause:
        return _not_estimable(cause, x.shape[1], len(y), len(ids))
    sums = _sums(y, x, group, len(ids))
    profile = _best(sums)
    return _inference(sums, profile, level)


def _why_not(y: FloatArray, x: FloatArray, group: NDArray[np.intp], n_patients: int) -> str:
    """Return why the model cannot be fitted, or nothing."""
    n, p = x.shape
    if n == 0:
        return "no observations"
    if n_patients == 1:
        return "one patient"
    if np.ptp(y) == 0:
        return "the outcome is constant"
    if np.linalg.matrix_rank(x) < p:
        return "the design does not vary enough"
    if n <= p:
        return "too few observations"
    if n == n_patients:
        return "one observation a patient"
    within_x, within_y = _within(x, group), _within(y[:, None], group)[:, 0]
    beta = np.linalg.lstsq(within_x, within_y, rcond=None)[0]
    left = within_y - within_x @ beta
    if left @ left <= 1e-20 * (y @ y):
        return "no variation within patients"
    return ""


def _within(values: FloatArray, group: NDArray[np.intp]) -> FloatArray:
    size = np.bincount(group)[:, None]
    return values - (_sum_by(values, group, len(size)) / size)[group]


def _sum_by(values: FloatArray, group: NDArray[np.intp], n_groups: int) -> FloatArray:
    result = np.zeros((n_groups, values.shape[1]))
    np.add.at(result, group, values)
    return result


def _sums(y: FloatArray, x: FloatArray, group: NDArray[np.intp], n_patients: int) -> _Sums:
    size = np.bincount(group, minlength=n_patients).astype(float)
    y_sum = _sum_by(y[:, None], group, n_patients)[:, 0]
    return _Sums(x, y, group, size, _sum_by(x, group, n_patients), y_sum)


def _profile(sums: _Sums, ratio: float) -> _Profile:
    """GLS with V = I + lambda J in each patient, whose inverse is I - lambda/(1 + n lambda) J."""
    shrink = ratio / (1 + sums.size * ratio)
    information = sums.x.T @ sums.x - (sums.x_sum.T * shrink) @ sums.x_sum
    score = sums.x.T @ sums.y - sums.x_sum.T @ (shrink * sums.y_sum)
    beta = np.linalg.solve(information, score)
    residual = sums.y - sums.x @ beta
    residual_sum = sums.y_sum - sums.x_sum @ beta
    rss = float(residual @ residual - shrink @ residual_sum**2)
    return _Profile(ratio, information, beta, rss, residual_sum)


def _criterion(sums: _Sums, profile: _Profile) -> float:
    """-2 restricted log likelihood with sigma and beta profiled out."""
    left = len(sums.y) - len(profile.beta)
    log_det = np.log1p(sums.size * profile.ratio).sum()
    log_information = np.linalg.slogdet(profile.information)[1]
    scale = np.log(2 * np.pi * profile.rss / left)
    return float(left * (1 + scale) + log_det + log_information)


def _score(sums: _Sums, ratio: float) -> float:
    """Derivative of the criterion in the variance ratio."""
    fit = _profile(sums, ratio)
    left = len(sums.y) - len(fit.beta)
    weight = 1 / (1 + sums.size * ratio) ** 2
    slope = -(sums.x_sum.T * weight) @ sums.x_sum
    rss_slope = -(weight @ fit.residual_sum**2)
    trace = np.trace(np.linalg.solve(fit.information, slope))
    return float((sums.size / (1 + sums.size * ratio)).sum() + trace + left * rss_slope / fit.rss)


def _best(sums: _Sums) -> _Profile:
    """Return the profile at the REML optimum: a root of the score, or the boundary tau = 0."""
    from scipy.optimize import brentq

    ratios = _CORRELATION_GRID / (1 - _CORRELATION_GRID)
    scores = [_score(sums, ratio) for ratio in ratios]
    found = [0.0] if scores[0] >= 0 else []
    for k in range(len(ratios) - 1):
        if scores[k] < 0 <= scores[k + 1]:
            found.append(brentq(lambda r: _score(sums, r), ratios[k], ratios[k + 1], xtol=1e-15))
    profiles = [_profile(sums, ratio) for ratio in found or [float(ratios[-1])]]
    return min(profiles, key=lambda profile: _criterion(sums, profile))


def _inference(sums: _Sums, fit: _Profile, level: float) -> MixedFit:
    from scipy.stats import t as student

    left = len(sums.y) - len(fit.beta)
    sigma = float(np.sqrt(fit.rss / left))
    variance = sigma**2 * np.diag(np.linalg.inv(fit.information))
    se = np.sqrt(variance)
    df = _satterthwaite(sums, fit, sigma) if fit.ratio > 0 else np.full(len(se), float(left))
    half = student.ppf(0.5 + level / 2, df) * se
    return MixedFit(
        estimate=fit.beta,
        se=se,
        df=df,
        lo=fit.beta - half,
        hi=fit.beta + half,
        p=2 * student.sf(np.abs(fit.beta / se), df),
        sigma=sigma,
        tau=sigma * float(np.sqrt(fit.ratio)),
        reml_criterion=_criterion(sums, fit),
        n=len(sums.y),
        n_patients=len(sums.size),
        status="ok" if fit.ratio > 0 else "boundary",
    )


def _satterthwaite(sums: _Sums, fit: _Profile, sigma: float) -> FloatArray:
    """Return 2 v^2 / Var(v) for v = Var(beta_j), from the exact Hessian in (lambda, sigma^2)."""
    inverse = np.linalg.inv(fit.information)
    inner = 1 + sums.size * fit.ratio
    first = -(sums.x_sum.T / inner**2) @ sums.x_sum
    second = 2 * (sums.x_sum.T * (sums.size / inner**3)) @ sums.x_sum
    pull = sums.x_sum.T @ (fit.residual_sum / inner**2)
    rss_first = -(fit.residual_sum**2 / inner**2).sum()
    rss_second = 2 * (sums.size / inner**3) @ fit.residual_sum**2 - 2 * pull @ inverse @ pull
    turned = inverse @ first
    log_det_second = np.trace(inverse @ second) - np.trace(turned @ turned)
    ratio_ratio = rss_second / sigma**2 - (sums.size**2 / inner**2).sum() + log_det_second
    left = len(sums.y) - len(fit.beta)
    off = -rss_first / sigma**4
    hessian = np.array([[ratio_ratio, off], [off, left / sigma**4]])
    unit = np.diag(inverse)
    gradient = np.stack([-(sigma**2) * np.diag(turned @ inverse), unit])  # (2, p)
    spread = np.einsum("ij,ij->j", gradient, 2 * np.linalg.solve(hessian, gradient))
    return np.asarray(2 * (sigma**2 * unit) ** 2 / spread, dtype=float)


def _not_estimable(cause: str, p: int, n: int, n_patients: int) -> MixedFit:
    nan = np.full(p, np.nan)
    status = f"not_estimable: {cause}"
    return MixedFit(nan, nan, nan, nan, nan, nan, np.nan, np.nan, np.nan, n, n_patients, status)
