"""Analyses of one cohort: estimates with intervals, and what is true of the same.

Here: which function serves which analysis of a design. Each takes a method, a cohort, the large
cohort of the world and the level of its intervals, and returns `Found` by estimand.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from simulate.studies.estimates.analyses import curves, model, prediction, shares, surgery, visits
from simulate.studies.estimates.analyses.found import Found
from simulate.studies.estimates.cohorts import Cohort, Large

ANALYSES: dict[str, Callable[[Any, Cohort, Large, float], dict[str, Found]]] = {
    "share_called": shares.share_called,
    "selected_mean": shares.selected_mean,
    "retention": shares.retention,
    "line": curves.line,
    "mean_curve": curves.mean_curve,
    "last_report": curves.last_report,
    "joint_curve": model.joint_curve,
    "patient_curves": model.patient_curves,
    "correlation": surgery.correlation,
    "referral": surgery.referral,
    "closure": visits.closure,
    "maintenance": visits.maintenance,
    "prediction": prediction.prediction,
}


def analyse(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Return what a method of `estimates.design` finds in a cohort, by estimand."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return ANALYSES[method.analysis](method, cohort, large, level)
