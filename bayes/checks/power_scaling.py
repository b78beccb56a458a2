"""How far prior and reports each decide an answer; what the prior said of S90 before any report.

Power-scaling (Kallioinen et al. 2024) raises prior or likelihood to a power near 1 and asks how
far an answer's distribution moves. The likelihood scaled is that of the patients, their effects
summed out. Here: the diagnostic for S90 and accumulation, and S90 under prior and posterior. Not
here: the priors (`bayes/parameters.py`).
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.population import new_patients
from bayes.posterior import Posterior
from bayes.quantities import HORIZON, saturation_session

FloatArray = NDArray[np.float64]

PRIOR_DRAWS, LIKE_THESE = 1000, 100
THRESHOLD = 0.05
"""Sensitivity from which an answer is said to move (Kallioinen et al. 2024)."""


def power_scaling(
    answers: dict[str, FloatArray], scores: FloatArray, known: FloatArray
) -> pd.DataFrame:
    """Return the sensitivity of answers to prior and likelihood.

    Parameters
    ----------
    answers
        By term, shape (draws,); a term that is not known in every draw is left out.
    scores
        Prior standard scores of the draws, shape (draws, size).
    known
        Log marginal likelihood by draw and patient.

    Returns
    -------
    pandas.DataFrame
        term, prior_sensitivity, likelihood_sensitivity (above 0.05 the answer moves with it),
        diagnosis.
    """
    import arviz as az

    whole = {name: value[None] for name, value in answers.items() if np.isfinite(value).all()}
    names = ["term", "prior_sensitivity", "likelihood_sensitivity", "diagnosis"]
    if not whole:
        return pd.DataFrame(columns=names)
    tree = az.from_dict(
        {
            "posterior": whole,
            "log_prior": {"scores": -(scores**2).sum(axis=1)[None] / 2},
            "log_likelihood": {"patient": known[None]},
        }
    )
    by = [az.psense(tree, group=group) for group in ("prior", "likelihood")]
    rows = []
    for term in whole:
        prior, likelihood = (float(found[term]) for found in by)
        rows.append((term, prior, likelihood, diagnosis(prior, likelihood)))
    return pd.DataFrame(rows, columns=names)


def diagnosis(prior: float, likelihood: float) -> str:
    """Return what the two sensitivities mean together."""
    if prior < THRESHOLD:
        return "the prior decides little"
    if likelihood < THRESHOLD:
        return "the prior decides, the reports say little"
    return "prior and reports pull apart, or the prior is informative"


def prior_and_posterior(posterior: Posterior) -> pd.DataFrame:
    """Return the distribution of S90 before and after the reports.

    Returns
    -------
    pandas.DataFrame
        quantity (mean_curve: of 100 patients with lesions as in the cohort; new_patient: of one),
        session_no (1-30, rounded up), prior_pct, posterior_pct: shares of the draws in which the
        plateau is at least 10 %.
    """
    size = posterior.scores.shape[-1]
    rng = np.random.default_rng([posterior.seed, 37])
    before = replace(
        posterior,
        scores=rng.standard_normal((1, PRIOR_DRAWS, size)),
        effects=np.zeros((1, PRIOR_DRAWS, 1, 5)),
    )
    rows = []
    courses = [new_patients(draws, LIKE_THESE) for draws in (before, posterior)]
    for quantity in ("mean_curve", "new_patient"):
        shares = [
            _shares(c.mean(axis=1) if quantity == "mean_curve" else c.reshape(-1, HORIZON))
            for c in courses
        ]
        for session in range(1, HORIZON + 1):
            prior, after = (float(share[session - 1]) for share in shares)
            row = {"quantity": quantity, "session_no": session}
            rows.append(row | {"prior_pct": prior, "posterior_pct": after})
    return pd.DataFrame(rows)


def _shares(course: FloatArray) -> FloatArray:
    """Return the percentage of courses that saturate at each session 1-30, of those that do."""
    session = saturation_session(course)
    whole = np.ceil(session[np.isfinite(session)]).astype(int)
    count = np.bincount(whole, minlength=HORIZON + 1)[1:]
    return np.asarray(100 * count / max(int(count.sum()), 1))
