"""A fit and its predictions held to the truth of a clinic, row by row, for `model_worlds.py`."""

import warnings

import numpy as np
import pandas as pd
from worlds_drawn import LAST

from bayes.cohort import prepare
from bayes.outlook import reported_chances
from bayes.population import new_patients
from bayes.predict import predict_courses
from bayes.quantities import SESSIONS, plateau_pct, saturation_session
from bayes.scoring import pit

LEVELS = (50, 80, 90, 95)
LANDMARKS = (2, 4, 6, 10)
CUT_PCT = 30
COPIES = 6
"""Courses a patient and population draw."""


def coverage(found, clinic):
    """Rows patient x quantity: truth, mean, and whether each level's interval holds it."""
    cohort = found.posterior.cohort
    truth = clinic.truth[cohort.patients.astype(int)].astype(float)
    course = found.posterior.mean_reports(SESSIONS)
    drawn = {
        "plateau": (plateau_pct(course), plateau_pct(truth)),
        "saturation": (saturation_session(course), saturation_session(truth)),
        f"mean_{LAST}": (course[..., LAST - 1], truth[:, LAST - 1]),
    }
    p_defined = (drawn["plateau"][0] >= 10).mean(axis=0)
    about = pd.DataFrame({
        "patient_id": cohort.patients, "n_sessions": cohort.n_sessions,
        "is_responder": cohort.is_responder, "true_plateau": drawn["plateau"][1],
        "p_plateau_ge_10": p_defined,
    })  # fmt: skip
    rows = []
    for quantity, (draws, true) in drawn.items():
        rows.append(about.assign(quantity=quantity, truth=true, **held(draws, true)))
    return pd.concat(rows)


def held(draws, true):
    """Return mean, 90 % width and whether each level's interval holds the truth, by column."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no draw has an S90: no interval
        ends = {c: np.nanquantile(draws, [0.5 - c / 200, 0.5 + c / 200], axis=0) for c in LEVELS}
        columns = {"mean": np.nanmean(draws, axis=0), "width_90": ends[90][1] - ends[90][0]}
    inside = {f"in_{c}": (ends[c][0] <= true) & (true <= ends[c][1]) for c in LEVELS}
    return columns | {name: np.where(np.isfinite(true), x, np.nan) for name, x in inside.items()}


def population_rows(found, clinic):
    """Rows of population quantities on the reported scale, held to the world's population."""
    new = new_patients(found.posterior, 400)
    true = clinic.population.astype(float)
    pairs = {
        "mean_4": (new[..., 3].mean(axis=1), true[:, 3].mean()),
        f"mean_{LAST}": (new[..., LAST - 1].mean(axis=1), true[:, LAST - 1].mean()),
        "plateau": (plateau_pct(new).mean(axis=1), plateau_pct(true).mean()),
        "share_plateau_ge_30": (
            (plateau_pct(new) >= 30).mean(axis=1), (plateau_pct(true) >= 30).mean()),
        "saturation_mean_curve": (
            saturation_session(new.mean(axis=1)), saturation_session(true.mean(axis=0))),
    }  # fmt: skip
    rows = []
    for quantity, (draws, true) in pairs.items():
        one = held(draws[:, None], np.array([true]))
        rows.append(
            {"quantity": quantity, "truth": float(true)} | {k: v[0] for k, v in one.items()}
        )
    return pd.DataFrame(rows)


def sessions_of(reports, kept, k):
    """Return sessions 1..k of the kept patients, as `prepare` takes them."""
    who = np.flatnonzero(kept)
    return pd.DataFrame({
        "patient_id": np.repeat(who.astype(str), k),
        "session_no": np.tile(np.arange(1, k + 1), len(who)),
        "pain_relief_pct": reports[who, :k].ravel(),
    })  # fmt: skip


def new_cohort(new, kept, k, listed=None):
    """Return new patients after k sessions, still treated; `listed` sessions are had, the later
    ones without report."""
    reports = new.reports.copy()
    reports[:, k:] = np.nan
    some = kept & np.isfinite(reports[:, :k]).any(axis=1)
    who = np.flatnonzero(some)
    patients = pd.DataFrame({
        "patient_id": who.astype(str), "lesion_level": new.level[who], "stop_reason": "ongoing",
    })  # fmt: skip
    return some, prepare(sessions_of(reports, some, listed or k), patients)


def predictions(population, new, rng):
    """Rows patient x landmark: chances, outcomes, scores without a model, and PITs."""
    rows = []
    for k in LANDMARKS:
        for listed in (k, k + 1):  # all who had k sessions; those who came again
            rows.append(at_landmark(population, new, k, listed, rng))
    return pd.concat(rows)


def at_landmark(population, new, k, listed, rng):
    """Rows by patient who had `listed` sessions, from the reports of the first k."""
    some, cohort = new_cohort(new, new.n_sessions >= listed, k, listed)
    courses = predict_courses(population, cohort, copies=COPIES, seed=k)
    course, truth = courses.mean_reports(), new.truth[some]
    late = slice(LAST - 3, LAST)
    rows = pd.DataFrame({
        "k": k, "group": "all at k" if listed == k else "still treated",
        "patient": np.flatnonzero(some),
        "p_plateau": courses.probability(plateau_pct(course) >= CUT_PCT),
        "p_late": courses.probability(course[..., late].mean(axis=-1) >= CUT_PCT),
        "plateau": plateau_pct(truth) >= CUT_PCT,
        "late": truth[:, late].mean(axis=-1) >= CUT_PCT,
    })  # fmt: skip
    rows = rows.assign(**simple_scores(new.reports[some][:, :k]))
    if listed > k:
        for name, at in (("next", k + 1), ("15", LAST)):
            rows[f"pit_{name}"], rows[f"in_90_{name}"] = report_pit(
                population, new, k, at, some, rng
            )
    return rows


def report_pit(population, new, k, at, some, rng):
    """Return PIT and plain 90 % coverage of the report after session `at`, of those who gave it."""
    found, inside = np.full(len(some), np.nan), np.full(len(some), np.nan)
    gave = some & (new.n_sessions >= at) & np.isfinite(new.reports[:, at - 1])
    if at <= k or not gave.any():
        return found[some], inside[some]
    kept, cohort = new_cohort(new, gave, k, listed=at)
    courses = predict_courses(population, cohort, copies=COPIES, seed=100 + k)
    table = np.stack([
        reported_chances(courses, at, i) @ w for i, w in enumerate(courses.weight.T)
    ], axis=1)  # fmt: skip
    report = new.reports[kept, at - 1]
    found[kept] = pit(table, np.round(report), rng)
    below = np.cumsum(table, axis=0)
    low, high = (below < 0.05).sum(axis=0), (below < 0.95).sum(axis=0)
    inside[kept] = (low <= report) & (report <= high)
    return found[some], inside[some]


def simple_scores(reports):
    """Return last and best report, and the least-squares line's value at the last session."""
    k = reports.shape[1]
    filled = pd.DataFrame(reports).ffill(axis=1).bfill(axis=1).to_numpy()
    x = np.arange(k) - (k - 1) / 2
    slope = (filled * x).sum(axis=1) / (x**2).sum()
    return {"last": filled[:, -1], "best": np.nanmax(reports, axis=1), "slope": slope}
