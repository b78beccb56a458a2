"""Posterior predictive checks: what the model would report in the place of the patients.

A replicate puts a drawn report wherever the cohort has one: the same patients, still treated at
that session, with a report that is not missing. Each patient keeps the course of the draw, so what
is checked is how reports scatter around courses, heap and pile up at zero; and, of the reports of
sessions 1-3 that were due, how many are missing. Here: replicates of the relief model, the figures
compared, the table. Not here: replicates of other models (`gaussian.py`).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.cohort import MISSING, TEST_SESSIONS, Cohort
from bayes.heaping import GRIDS
from bayes.parameters import NAMES
from bayes.posterior import Posterior, latent_reliefs, noises
from bayes.reporting import SHARES, missing_chance

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CHECKED = (1, 2, 3, 4, 6, 10, 15)
DRAWS = 300
INTERVAL = (0.05, 0.5, 0.95)
COLUMNS = [
    *("model", "status", "session_no", "statistic", "observed", "q05", "q50", "q95"),
    *("p_above", "n_patients"),
]


def replicates(posterior: Posterior, rows: IntArray) -> FloatArray:
    """Return drawn reports in percent at rows of the cohort, shape (draws, rows), equation (8)."""
    natural, effects = posterior.flat
    rng = np.random.default_rng([posterior.seed, 19])
    value = dict(zip(NAMES, natural.T[..., None], strict=True))
    cohort = posterior.cohort
    session = cohort.session[rows]
    numbers = np.arange(1.0, session.max() + 1)
    latent = latent_reliefs(natural, effects, numbers)[:, cohort.patient[rows], session - 1]
    u = rng.random(latent.shape)
    fives = value["tens_share"] + (1 - value["tens_share"]) * value["fives_share"]
    width = np.select([u < value["tens_share"], u < fives], GRIDS[:2], GRIDS[2]).astype(float)
    noise = noises(natural, effects, numbers)[:, cohort.patient[rows], session - 1]
    said = latent + noise * rng.logistic(size=latent.shape)
    return np.asarray(np.clip(width * np.round(said / width), 0, 100))


def checked_rows(cohort: Cohort) -> IntArray:
    """Return the rows with a report at a session that is checked."""
    return np.flatnonzero(np.isin(cohort.session, CHECKED) & (cohort.kind != MISSING))


def figures(report: FloatArray) -> dict[str, FloatArray]:
    """Return what is compared, of reports on the last axis; NaN where it has no meaning.

    zeros_pct: share of zeros; tens_pct: share of multiples of ten among reports strictly between
    0 and 100; mean_pct and sd_pct: points; outside_pct: share below 0 or above 100. A value with
    decimals counts for the whole number that it is nearest to.
    """
    whole = np.round(report)
    inside = (whole > 0) & (whole < 100)
    n_inside = inside.sum(axis=-1)
    tens = (inside & (whole % 10 == 0)).sum(axis=-1)
    spread = report.std(axis=-1, ddof=1) if report.shape[-1] > 1 else np.nan
    return {
        "zeros_pct": 100 * (whole == 0).mean(axis=-1),
        "tens_pct": np.where(n_inside > 0, 100 * tens / np.maximum(n_inside, 1), np.nan),
        "mean_pct": report.mean(axis=-1),
        "sd_pct": np.broadcast_to(spread, report.shape[:-1]),
        "outside_pct": 100 * ((report < 0) | (report > 100)).mean(axis=-1),
    }


def posterior_check(model: str, cohort: Cohort, rows: IntArray, drawn: FloatArray) -> pd.DataFrame:
    """Compare observed figures with those of replicates.

    Parameters
    ----------
    model
        Name of the model that drew.
    rows, drawn
        See `replicates`.

    Returns
    -------
    pandas.DataFrame
        One row a status (all, responders, non_responders), session and figure: model, status,
        session_no, statistic (see `figures`), observed, q05, q50, q95 (of replicates), p_above
        (share of replicates above the observed, ties half), n_patients.
    """
    found = []
    for label, kept in _groups(cohort, rows):
        seen = figures(cohort.relief[rows[kept]])
        made = figures(drawn[:, kept])
        for statistic, draws in made.items():
            observed = float(seen[statistic])
            known = draws[np.isfinite(draws)]
            if not known.size or not np.isfinite(observed):
                continue
            if statistic == "outside_pct" and not known.any():
                continue  # a model that knows the bounds
            label |= {"model": model, "statistic": statistic, "n_patients": int(kept.sum())}
            found.append(label | _compared(observed, known))
    return pd.DataFrame(found, columns=COLUMNS)


def missing_check(posterior: Posterior) -> pd.DataFrame:
    """Compare the share of reports of sessions 1-3 that are missing, equation (7a).

    Returns
    -------
    pandas.DataFrame
        As `posterior_check`, of the relief model, statistic missing_pct; n_patients whose report
        was due.
    """
    cohort, (natural, effects) = posterior.cohort, posterior.flat
    fourth = np.array([float(TEST_SESSIONS)])
    value = dict(zip(NAMES, natural.T[..., None], strict=True))
    latent = latent_reliefs(natural, effects, fourth)[..., 0]
    noise = noises(natural, effects, fourth)[..., 0]
    chance = missing_chance(latent, noise, {name: value[name] for name in SHARES})
    rng = np.random.default_rng([posterior.seed, 23])
    is_due = (cohort.session < TEST_SESSIONS) & (cohort.session < cohort.n_sessions[cohort.patient])
    rows = np.flatnonzero(is_due)
    drawn = rng.random((len(natural), len(rows))) < chance[:, cohort.patient[rows]]
    found = []
    for label, kept in _groups(cohort, rows):
        observed = 100 * float((cohort.kind[rows[kept]] == MISSING).mean())
        label |= {"model": "relief", "statistic": "missing_pct", "n_patients": int(kept.sum())}
        found.append(label | _compared(observed, 100 * drawn[:, kept].mean(axis=1)))
    return pd.DataFrame(found, columns=COLUMNS)


def _compared(observed: float, draws: FloatArray) -> dict[str, float]:
    low, middle, high = np.quantile(draws, INTERVAL)
    above = (draws > observed).mean() + (draws == observed).mean() / 2
    return {"observed": observed, "q05": low, "q50": middle, "q95": high, "p_above": above}


def _groups(
    cohort: Cohort, rows: IntArray
) -> Iterator[tuple[dict[str, object], NDArray[np.bool_]]]:
    """Yield label and members of every status and session with a report."""
    status = cohort.is_responder[cohort.patient[rows]]
    of = {
        "all": np.ones(len(rows), dtype=bool),
        "responders": status == 1,
        "non_responders": status == 0,
    }
    for session in CHECKED:
        for name, members in of.items():
            kept = members & (cohort.session[rows] == session)
            if kept.any():
                yield {"status": name, "session_no": session}, kept
