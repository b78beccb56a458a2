"""What is said of one patient after the first sessions: summaries of predicted courses.

Here: weighted draws in, named numbers out; every probability is named by its event. Not here: the
draws (`predict.py`), wording for the reader, which is the caller's. Nothing here is a probability
that treatment works or does not: it is what patients with such first sessions went on to report.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes.heaping import cells, log_probability
from bayes.parameters import NAMES
from bayes.posterior import latent_reliefs, noises
from bayes.predict import Courses
from bayes.quantities import (
    plateau_pct,
    saturation_session,
)
from bayes.tables import (
    MEANINGFUL_PROBABILITY,
    NARROWER_BY,
    THRESHOLDS_PCT,
    TOO_EARLY,
)

FloatArray = NDArray[np.float64]
ENDS = (0.05, 0.95)
DECISIVE_PCT = 30


def outlook(courses: Courses, n_sessions: int, horizon: int, unseen: Courses) -> dict[str, Any]:
    """Return what is predicted of a single patient.

    Parameters
    ----------
    courses
        Draws of one patient.
    n_sessions
        Sessions had.
    horizon
        Session that is predicted.
    unseen
        Draws of a patient with that lesion and no session: what S90 is compared with.

    Returns
    -------
    dict
        plateau {mean, q05, q95}; saturation_session {median, q05, q95, sessions_to_go} or None;
        saturation_reason; relief_at_horizon {mean, q05, q95}, of the expected report;
        reported_at_horizon {q05, q95}, of one noisy report; p_plateau_ge,
        p_relief_at_horizon_ge, p_reported_at_horizon_ge by threshold; next_session, what one
        more report may change in p_plateau_ge 30.
    """
    course = courses.mean_reports()
    plateau = plateau_pct(course)
    at = courses.mean_reports(np.array([float(horizon)]))[..., 0]
    table = reported_chances(courses, horizon) @ courses.weight[:, 0]
    reported = {str(cut): float(table[cut:].sum()) for cut in THRESHOLDS_PCT}
    session, reason = _saturation(courses, course, unseen, n_sessions)
    return {
        "plateau": _interval(courses, plateau),
        "saturation_session": session,
        "saturation_reason": reason,
        "relief_at_horizon": _interval(courses, at),
        "reported_at_horizon": {
            name: int(np.searchsorted(np.cumsum(table), share))
            for name, share in zip(("q05", "q95"), ENDS, strict=True)
        },
        "p_plateau_ge": _at_least(courses, plateau),
        "p_relief_at_horizon_ge": _at_least(courses, at),
        "p_reported_at_horizon_ge": reported,
        "next_session": next_session(courses, plateau[:, 0], n_sessions + 1),
    }


def reported_chances(courses: Courses, session: int, patient: int = 0) -> FloatArray:
    """Return one patient's P(report = 0, ..., 100) at a session by draw, shape (101, draws)."""
    at, own = np.array([float(session)]), courses.effects[:, [patient]]
    latent = latent_reliefs(courses.natural, own, at)[:, 0, 0]
    noise = noises(courses.natural, own, at)[:, 0, 0]
    shares = (courses.natural[:, NAMES.index(name)] for name in ("tens_share", "fives_share"))
    return report_table(latent, noise, *shares)


def report_table(
    latent: FloatArray, noise: FloatArray, tens_share: FloatArray, fives_share: FloatArray
) -> FloatArray:
    """Return P(report = 0, ..., 100) by draw, shape (101, draws), equation (8)."""
    share = np.stack(
        [tens_share, (1 - tens_share) * fives_share, (1 - tens_share) * (1 - fives_share)]
    )
    cell = cells(np.arange(101.0))
    wide = np.broadcast_to(latent, (101, len(latent)))
    table = np.empty((101, len(latent)))
    table[cell.order] = np.exp(log_probability(cell.over_draws(), wide, noise, share))
    return table


def next_session(courses: Courses, plateau: FloatArray, session: int) -> dict[str, float]:
    """Return what one more report may change in P(plateau >= 30 %).

    Returns
    -------
    dict
        Its value now, its 5 and 95 % quantiles after the next report, and the probability that
        it changes sides of one half.
    """
    joint = reported_chances(courses, session) * courses.weight[:, 0]
    chance = joint.sum(axis=1)
    after = (joint @ (plateau >= DECISIVE_PCT)) / np.maximum(chance, 1e-12)
    now = float(courses.weight[:, 0] @ (plateau >= DECISIVE_PCT))
    order = np.argsort(after)
    below = np.cumsum(chance[order])
    low, high = (float(after[order][np.argmax(below >= share - 1e-9)]) for share in ENDS)
    changes = float(chance[(after >= 0.5) != (now >= 0.5)].sum())
    return {"p_plateau_ge_30_now": now, "q05": low, "q95": high, "p_changes_side": changes}


def _interval(courses: Courses, value: FloatArray) -> dict[str, float]:
    low, high = courses.quantiles(value, ENDS)[:, 0]
    return {"mean": float(courses.probability(value)[0]), "q05": float(low), "q95": float(high)}


def _at_least(courses: Courses, value: FloatArray) -> dict[str, float]:
    return {str(cut): float(courses.probability(value >= cut)[0]) for cut in THRESHOLDS_PCT}


def _saturation(
    courses: Courses, course: FloatArray, unseen: Courses, n_sessions: int
) -> tuple[dict[str, float] | None, str | None]:
    session = saturation_session(course)
    if courses.probability(np.isfinite(session))[0] < MEANINGFUL_PROBABILITY:
        return None, f"{TOO_EARLY}: a plateau of 10 % or more is not likely enough yet"
    low, middle, high = courses.quantiles(session, (0.05, 0.5, 0.95))[:, 0]
    wide = unseen.quantiles(saturation_session(unseen.mean_reports()), ENDS)[:, 0]
    if not high - low <= (1 - NARROWER_BY) * (wide[1] - wide[0]):
        return None, f"{TOO_EARLY}: the reports say little more than those of other patients"
    told = {
        "median": float(np.ceil(middle)),
        "q05": float(np.ceil(low)),
        "q95": float(np.ceil(high)),
    }
    return told | {"sessions_to_go": max(0.0, told["median"] - n_sessions)}, None
