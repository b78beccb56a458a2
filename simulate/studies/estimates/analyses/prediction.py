"""Predictions of long-term relief learnt in one cohort and judged in patients of a centre.

On record is a report of at least the cut, the last one of sessions 13 to 15; who stopped before has
none. Regressions learn it; the relief model predicts the mean of m(13..15) had all gone on. All are
asked to tell apart who has it on record, which is all that a cohort can check itself by;
calibration is that of what each predicts. Who has no report in the sessions seen is left out.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulate.margins import AETIOLOGIES, LEVELS
from simulate.studies.estimates.analyses.found import LONG_TERM, Found, found, long_term
from simulate.studies.estimates.cohorts import Cohort, Large
from simulate.studies.truth_error import block_of, by_influence

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]
COURSES = 1000
DRAWS = 250
RIDGE = 0.01
"""Of standardised coefficients: little enough to matter only where groups separate."""
ITEMS = [k for k in range(12) if k not in (3, 6)]  # NPSI items 4 and 7 ask for time


def prediction(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Discrimination seen in the cohort itself against that at the centre, calibration there."""
    from scipy.special import logit
    from scipy.stats import norm

    there = (large if method.at == "home" else large.elsewhere(method.at)).cohort()
    predict = cohort.once(
        ("prediction", method.predictors, method.sessions_seen, method.cut_pct),
        lambda: _learnt(method, cohort, large),
    )
    here, away = _has_report(method, cohort), _has_report(method, there)
    own = _holds(cohort, method.cut_pct)[here]
    on_record = _holds(there, method.cut_pct)[away]
    chance = predict(there)[away]
    seen, real = area(predict(cohort)[here], own), area(chance, on_record)
    is_model = method.predictors == "relief_model"
    true = long_term(there)[away] >= method.cut_pct if is_model else on_record
    half = norm.ppf(1 - level / 2) * _area_error(seen, own)
    linear = logit(np.clip(chance, 1e-4, 1 - 1e-4))
    block = block_of(len(away))[away]
    line = regression(linear[:, None], true.astype(float), ridge=0.0) if true.any() else None
    of_area = by_influence(_area_influence(chance, on_record), block)
    if line is None:
        slope = found((np.nan, np.nan, np.nan), 1.0)
    else:
        of_line = by_influence(-_slope_influence(line, linear, true), block)
        slope = found((line[1], np.nan, np.nan), 1.0, of_line)
    return {
        "discrimination": found((seen, seen - half, seen + half), real, of_area),
        "calibration_slope": slope,
    }


def _learnt(method: Any, cohort: Cohort, large: Large) -> Callable[[Cohort], FloatArray]:
    """Return what was learnt: cohort -> chances."""
    if method.predictors == "relief_model":
        return _by_model(method, cohort, large)
    here = _has_report(method, cohort)
    x = _features(method, cohort)[here]
    centre, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    weights = regression(
        (x - centre) / spread, _holds(cohort, method.cut_pct)[here].astype(float), ridge=RIDGE
    )

    def predict(one: Cohort) -> FloatArray:
        scaled = (_features(method, one) - centre) / spread
        return np.asarray(1 / (1 + np.exp(-(weights[0] + scaled @ weights[1:]))))

    return predict


def _by_model(method: Any, cohort: Cohort, large: Large) -> Callable[[Cohort], FloatArray]:
    from bayes.bank import draw_bank, weigh
    from simulate.studies.estimates.analyses.model import fitted

    posterior = fitted(cohort, large, DRAWS).posterior
    bank = draw_bank(posterior, COURSES, method.sessions_seen, posterior.seed)
    holds = bank.reaches(LONG_TERM.stop, method.cut_pct)[None]

    def predict(one: Cohort) -> FloatArray:
        reports = one["recorded"][:, : method.sessions_seen].astype(float)
        return np.asarray(weigh(bank, reports, holds)[:, -1, 0])

    return predict


def _has_report(method: Any, cohort: Cohort) -> Mask:
    return np.asarray((~np.isnan(cohort["recorded"][:, : method.sessions_seen])).any(axis=1))


def _holds(cohort: Cohort, cut_pct: float) -> Mask:
    """Return whose last report of sessions 13 to 15 reaches the cut; without one, it does not."""
    late = _latest(cohort["recorded"][:, LONG_TERM])
    return np.asarray(np.nan_to_num(late, nan=-1.0) >= cut_pct)


def _latest(reports: Any) -> FloatArray:
    value = np.full(len(reports), np.nan)
    for told in reports.T.astype(float):
        value = np.where(np.isnan(told), value, told)
    return value


def _features(method: Any, cohort: Cohort) -> FloatArray:
    """Return level, type of stroke, NPSI at the first visit (and whether known), last report."""
    level, cause = cohort["level"], cohort["aetiology"]
    npsi = cohort["npsi"][:, 0, ITEMS].astype(float).sum(axis=1)
    is_known = ~np.isnan(npsi)
    columns = [
        level == LEVELS.index("peripheral"),
        cause == AETIOLOGIES.index("ischaemic_stroke"),
        cause == AETIOLOGIES.index("haemorrhagic_stroke"),
        np.where(is_known, npsi, 0.0),
        is_known,
    ]
    if method.predictors == "last_report":
        seen = _latest(cohort["recorded"][:, : method.sessions_seen])
        columns.append(np.nan_to_num(seen))  # who has none is left out
    return np.stack([np.asarray(column, dtype=float) for column in columns], axis=1)


def regression(x: FloatArray, y: FloatArray, *, ridge: float) -> FloatArray:
    """Return intercept and coefficients of a logistic regression, by Newton's method.

    `ridge` times half the square of each coefficient is added to the deviance's half.
    """
    design = np.column_stack([np.ones(len(x)), x])
    penalty = ridge * np.eye(design.shape[1])
    penalty[0, 0] = 0.0
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (y - chance) - penalty @ weights
        bend = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        step = np.linalg.lstsq(bend, slope, rcond=None)[0]
        step *= min(1.0, 5.0 / max(np.abs(step).max(), 1e-12))
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    return np.asarray(weights)


def area(chance: FloatArray, holds: Mask) -> float:
    """Return the area under the ROC curve, ties counted one half; NaN of one class alone."""
    from scipy.stats import rankdata

    n, m = int(holds.sum()), int((~holds).sum())
    if n == 0 or m == 0:
        return float("nan")
    return float((rankdata(chance)[holds].sum() - n * (n + 1) / 2) / (n * m))


def _area_influence(chance: FloatArray, holds: Mask) -> FloatArray:
    """Return what each patient adds to the area: placements (DeLong and others 1988)."""
    from scipy.stats import rankdata

    n, m = int(holds.sum()), int((~holds).sum())
    found = np.zeros(len(chance))
    if n == 0 or m == 0:
        return found
    every, middle = rankdata(chance), area(chance, holds)
    above = (every[holds] - rankdata(chance[holds])) / m
    below = 1 - (every[~holds] - rankdata(chance[~holds])) / n
    found[holds], found[~holds] = (above - middle) / n, (below - middle) / m
    return found


def _slope_influence(line: FloatArray, linear: FloatArray, holds: Mask) -> FloatArray:
    """Return what each patient adds to the slope of a logistic regression: inverse bend x score."""
    design = np.column_stack([np.ones(len(linear)), linear])
    chance = 1 / (1 + np.exp(-np.clip(design @ line, -30, 30)))
    bend = (design * (chance * (1 - chance))[:, None]).T @ design
    return np.asarray((design * (holds - chance)[:, None]) @ np.linalg.pinv(bend)[:, 1])


def _area_error(area_: float, holds: Mask) -> float:
    """Return its standard error (Hanley and McNeil 1982)."""
    n, m = int(holds.sum()), int((~holds).sum())
    first, second = area_ / (2 - area_), 2 * area_**2 / (1 + area_)
    spread = area_ * (1 - area_) + (n - 1) * (first - area_**2) + (m - 1) * (second - area_**2)
    return float(np.sqrt(spread / (n * m)))
