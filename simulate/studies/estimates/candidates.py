"""Patients behind the numbers of a study of referral: what of 100, and how many must be seen.

Here: counts in the large cohort that stands for the truth of a world, and closed forms. Not here:
the correlation or the predictive values that a cohort finds (`analyses/surgery.py`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.studies.estimates.analyses.surgery import all_operated, pairs
from simulate.studies.estimates.cohorts import Large
from simulate.studies.worlds import labels, worlds

if TYPE_CHECKING:
    from simulate.studies.estimates.design import Design

FloatArray = NDArray[np.float64]
SPEARMAN = 1.06
"""Variance of Fisher's z of Spearman's rho, times n - 3 (Fieller, Hartley and Pearson 1957)."""


def referrals(design: "Design") -> list[Any]:
    """Return the first method of each cut of a referral rule, by cut."""
    found: dict[int, Any] = {}
    for method in design.methods:
        if method.analysis == "referral":
            found.setdefault(method.cut_pct, method)
    return [found[cut] for cut in sorted(found)]


def of_100(design: "Design") -> pd.DataFrame:
    """Return what becomes of 100 candidates, status responders all of whom are operated.

    Returns
    -------
    pandas.DataFrame
        One row a world and cut: world, cut_pct, success_pct, at_least (of 100, whose last rTMS
        report reaches the cut), relief_at_least (of 100 of those, whose first eMCS report reaches
        success_pct), below, relief_below (the same below the cut). NaN where nobody is.
    """
    rows = []
    for world, large in _worlds(design):
        both = all_operated(large)
        for method in referrals(design):
            is_above = both[:, 0] >= method.cut_pct
            succeeds = both[:, 1] >= method.success_pct
            rows.append(
                {
                    "world": world,
                    "cut_pct": method.cut_pct,
                    "success_pct": method.success_pct,
                    "at_least": 100 * is_above.mean(),
                    "relief_at_least": _percent(succeeds[is_above]),
                    "below": 100 * (~is_above).mean(),
                    "relief_below": _percent(succeeds[~is_above]),
                }
            )
    return pd.DataFrame(rows)


def needed(design: "Design", half_widths: Sequence[float]) -> pd.DataFrame:
    """Return how many operated patients an interval of a half-width takes, by world.

    Parameters
    ----------
    half_widths
        Of the interval with 1 - level, 0-1: of the correlation, and of shares.

    Returns
    -------
    pandas.DataFrame
        One row a world, quantity and half-width: world, quantity (`correlation`, `at_least`,
        `below`), cut_pct (the middle one; NaN of the correlation), truth (0-1), half_width,
        n_operated, n_start (who start a test period, of whom so many are operated and have both
        reports by the study's horizon). Rounded up; NaN where the large cohort has nobody.
    """
    from scipy.stats import norm, spearmanr

    z = float(norm.ppf(1 - design.performance.level / 2))
    cuts = referrals(design)
    rows: list[dict[str, Any]] = []
    for world, large in _worlds(design):
        both, seen = all_operated(large), pairs(large.cohort(), large.cohort().n_patients)
        operated = len(seen) / large.cohort().n_patients
        rho = float(spearmanr(both[:, 0], both[:, 1]).statistic)
        told: list[tuple[str, float, float, float]] = [("correlation", np.nan, rho, 1.0)]
        if cuts:
            rule = cuts[len(cuts) // 2]
            succeeds = both[:, 1] >= rule.success_pct
            for name, is_on, share in (
                ("at_least", both[:, 0] >= rule.cut_pct, (seen[:, 0] >= rule.cut_pct).mean()),
                ("below", both[:, 0] < rule.cut_pct, (seen[:, 0] < rule.cut_pct).mean()),
            ):
                told.append((name, rule.cut_pct, _percent(succeeds[is_on]) / 100, float(share)))
        for quantity, cut, truth, share in told:
            for width in half_widths:
                one = of_correlation if quantity == "correlation" else of_share
                n = one(truth, width, z) / share if share > 0 else np.nan
                rows.append(
                    {
                        "world": world,
                        "quantity": quantity,
                        "cut_pct": cut,
                        "truth": truth,
                        "half_width": width,
                        "n_operated": np.ceil(n),
                        "n_start": np.ceil(n / operated) if operated > 0 else np.nan,
                    }
                )
    return pd.DataFrame(rows)


def of_correlation(rho: float, half_width: float, z: float) -> float:
    """Return the pairs that an interval of Spearman's correlation of that half-width takes.

    The interval is tanh(atanh rho -+ h) with h = z sqrt(1.06 / (n - 3)) (Fieller, Hartley and
    Pearson 1957), as `analyses/surgery.py` has it. Its width is 2 sinh 2h / (cosh 2a + cosh 2h),
    a = atanh rho; set to 2 w, u = exp 2h solves (1 - w) u^2 - 2 w c u - (1 + w) = 0, c = cosh 2a.
    """
    w, c = half_width, float(np.cosh(2 * np.arctanh(rho)))
    u = (w * c + np.sqrt((w * c) ** 2 + 1 - w**2)) / (1 - w)
    return float(3 + SPEARMAN * (z / (np.log(u) / 2)) ** 2)


def of_share(share: float, half_width: float, z: float) -> float:
    """Return the patients that a share to within a half-width takes: p (1 - p) z^2 / w^2 (Wald)."""
    return float(share * (1 - share) * (z / half_width) ** 2)


def _worlds(design: "Design") -> list[tuple[str, Large]]:
    named = labels(design)
    return [(named[world.scenario_id], Large(design, world)) for world in worlds(design)]


def _percent(succeeds: NDArray[np.bool_]) -> float:
    return 100 * float(succeeds.mean()) if len(succeeds) else float("nan")
