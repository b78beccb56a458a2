"""Random intercept and slope by profiled REML: a second way, to hold `classical.random_slope` to.

Each patient's cross-products with a two-by-two inverse, searched by L-BFGS with gradients by
complex steps, instead of one small matrix, its exact derivatives and Newton.

Sources: Bates et al. 2015 (profiled REML, theta); Kuznetsova et al. 2017 (Satterthwaite).
The gradient is taken by complex steps, so it is exact to rounding and no tolerance is left to an
optimiser.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classical.random_slope import RandomSlopeFit

FloatArray = NDArray[np.float64]
BOUNDS = ((0, None), (None, None), (0, None))  # of theta: diagonal entries are scales
ON_BOUNDARY = 1e-6
STARTS = ((1.0, 0.0, 0.5), (0.3, 0.0, 0.05), (2.0, -0.3, 0.3), (0.0, 0.0, 0.0))
STEP = 1e-20


@dataclass(frozen=True)
class _Products:
    """Cross-products of the rows: over all, and of each patient."""

    n: int
    xx: FloatArray  # (p, p)
    xy: FloatArray  # (p,)
    yy: float
    zz: FloatArray  # (patients, 2, 2)
    zx: FloatArray  # (patients, 2, p)
    zy: FloatArray  # (patients, 2)


def fit_random_slope(
    y: FloatArray, x: FloatArray, t: FloatArray, ids: NDArray[Any], level: float = 0.95
) -> RandomSlopeFit:
    """Fit data that carry the model: outcome, fixed effects, time and patient of every row."""
    unit = float(np.std(t)) or 1.0  # a slope of order 1 keeps the three parameters comparable
    products = _products(y, x, t / unit, ids)
    theta, free = _best(products)
    return _inference(products, theta, free, unit, level)


def _products(y: FloatArray, x: FloatArray, t: FloatArray, ids: NDArray[Any]) -> _Products:
    _, group = np.unique(ids, return_inverse=True)
    z = np.column_stack([np.ones(len(y)), t])
    m = int(group.max()) + 1
    zz, zx, zy = np.zeros((m, 2, 2)), np.zeros((m, 2, x.shape[1])), np.zeros((m, 2))
    np.add.at(zz, group, z[:, :, None] * z[:, None, :])
    np.add.at(zx, group, z[:, :, None] * x[:, None, :])
    np.add.at(zy, group, z * y[:, None])
    return _Products(len(y), x.T @ x, x.T @ y, float(y @ y), zz, zx, zy)


def _profile(products: _Products, theta: NDArray[Any]) -> tuple[Any, Any, Any, Any]:
    """Return information, coefficients, residual sum of squares, log det V; sigma is 1.

    V_i^-1 = I - Z L (I + L' Z'Z L)^-1 L' Z'. Transposes stay unconjugated: theta may be complex.
    """
    factor = np.zeros((2, 2), dtype=theta.dtype)
    factor[0, 0], factor[1, 0], factor[1, 1] = theta
    inner = np.eye(2) + factor.T @ products.zz @ factor
    ax = factor.T @ products.zx
    ay = products.zy @ factor
    det = inner[:, 0, 0] * inner[:, 1, 1] - inner[:, 0, 1] * inner[:, 1, 0]
    # a two-by-two inverse by hand: a library call for each patient costs ten times as much
    inverse = np.empty_like(inner)
    inverse[:, 0, 0], inverse[:, 1, 1] = inner[:, 1, 1] / det, inner[:, 0, 0] / det
    inverse[:, 0, 1], inverse[:, 1, 0] = -inner[:, 0, 1] / det, -inner[:, 1, 0] / det
    solved_x = np.einsum("iab,ibp->iap", inverse, ax)
    solved_y = np.einsum("iab,ib->ia", inverse, ay)
    flat = ax.reshape(-1, ax.shape[2])
    information = products.xx - flat.T @ solved_x.reshape(flat.shape)
    score = products.xy - flat.T @ solved_y.reshape(-1)
    beta = np.linalg.solve(information, score)
    rss = products.yy - (ay * solved_y).sum() - beta @ score
    log_det = np.log(det).sum()
    return information, beta, rss, log_det


def _criterion(products: _Products, theta: NDArray[Any], sigma2: Any = None) -> Any:
    """-2 restricted log likelihood; sigma^2 profiled out unless given."""
    information, beta, rss, log_det = _profile(products, theta)
    left = products.n - len(beta)
    sign, size = np.linalg.slogdet(information)
    log_information = size + np.log(sign) if np.iscomplexobj(information) else size
    if sigma2 is None:
        sigma2 = rss / left
    return left * np.log(2 * np.pi * sigma2) + rss / sigma2 + log_det + log_information


def _gradient(products: _Products, theta: FloatArray) -> FloatArray:
    steps = theta + 1j * STEP * np.eye(3)
    return np.array([_criterion(products, step).imag / STEP for step in steps])


def _best(products: _Products) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return theta at the optimum and which of its entries are off the boundary."""
    from scipy.optimize import minimize

    found = [
        minimize(
            lambda theta: _criterion(products, theta),
            start,
            jac=lambda theta: _gradient(products, theta),
            method="L-BFGS-B",
            bounds=BOUNDS,
            options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 500},
        )
        for start in STARTS
    ]
    theta = np.asarray(min(found, key=lambda one: float(one.fun)).x)
    if theta[0] < ON_BOUNDARY:  # then only the length of the second row counts
        theta = np.array([0.0, 0.0, np.hypot(theta[1], theta[2])])
    free = np.array([theta[0] > ON_BOUNDARY, theta[0] > ON_BOUNDARY, theta[2] > ON_BOUNDARY])
    theta = np.where(free, theta, 0.0)
    for _ in range(20):  # Newton on the free entries: L-BFGS stops at 1e-8 of the criterion
        step = np.linalg.lstsq(_hessian(products, theta, free), _gradient(products, theta)[free])[0]
        trial = theta.copy()
        trial[free] -= step
        if (trial[[0, 2]] < 0).any() or not np.isfinite(step).all():
            break
        if _criterion(products, trial) > _criterion(products, theta) + 1e-9:
            break
        theta = trial
        if np.abs(step).max(initial=0) < 1e-12:
            break
    return theta, free


def _hessian(products: _Products, theta: FloatArray, free: NDArray[np.bool_]) -> FloatArray:
    width = 1e-5
    rows = []
    for k in np.flatnonzero(free):
        shift = np.zeros(3)
        shift[k] = width
        difference = _gradient(products, theta + shift) - _gradient(products, theta - shift)
        rows.append(difference[free] / (2 * width))
    hessian = np.array(rows).reshape(len(rows), len(rows))
    return (hessian + hessian.T) / 2


def _inference(
    products: _Products, theta: FloatArray, free: NDArray[np.bool_], unit: float, level: float
) -> RandomSlopeFit:
    from scipy.stats import t as student

    information, beta, rss, _ = _profile(products, theta)
    left = products.n - len(beta)
    sigma2 = float(rss / left)
    se = np.sqrt(sigma2 * np.diag(np.linalg.inv(information)))
    df = _satterthwaite(products, theta, free, left)
    half = student.ppf(0.5 + level / 2, df) * se
    factor = np.array([[theta[0], 0.0], [theta[1] / unit, theta[2] / unit]])
    return RandomSlopeFit(
        estimate=beta,
        se=se,
        df=df,
        lo=beta - half,
        hi=beta + half,
        p=2 * student.sf(np.abs(beta / se), df),
        sigma=float(np.sqrt(sigma2)),
        covariance=sigma2 * factor @ factor.T,
        reml_criterion=float(_criterion(products, theta)),
        n=products.n,
        n_patients=len(products.zy),
        status="ok" if free[[0, 2]].all() else "boundary",
    )


def _satterthwaite(
    products: _Products, theta: FloatArray, free: NDArray[np.bool_], left: int
) -> FloatArray:
    """Return 2 v^2 / Var(v), v = Var(beta_j) relative to sigma^2, the boundary held fixed.

    With sigma^2 profiled out, log v_j = log u_j(theta) + log sigma^2(theta) and an independent
    part of variance 2 / left from sigma^2 at given theta.
    """

    def log_variance(at: NDArray[Any]) -> NDArray[Any]:
        information, _, rss, _ = _profile(products, at)
        return np.log(np.diag(np.linalg.inv(information)) * rss)

    steps = theta + 1j * STEP * np.eye(3)
    slope = np.array([log_variance(step).imag / STEP for step in steps])[free]  # (free, p)
    spread = np.full(len(products.xy), 2.0 / left)
    if free.any():
        hessian = _hessian(products, theta, free)
        spread = spread + np.einsum("kj,kj->j", slope, 2 * np.linalg.solve(hessian, slope))
    return np.asarray(2 / spread, dtype=float)
