"""Clinics whose truth is known: of the simulator's ensemble, or of the model itself."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayes.parameters import NAMES
from bayes.posterior import mean_reports
from bayes.quantities import SESSIONS
from bayes.replicate import covariates, draw_cohort

LAST = 15


@dataclass
class Clinic:
    """Sessions and patients of a fit; m(s) of its patients by id; the population's m(s); family."""

    sessions: pd.DataFrame
    patients: pd.DataFrame
    truth: np.ndarray
    population: np.ndarray
    family: str


@dataclass
class Unseen:
    """Reports (NaN where none), m(s), sessions had and level of new patients, and the prior
    scores of their population where it is one of the model's."""

    reports: np.ndarray
    truth: np.ndarray
    n_sessions: np.ndarray
    level: np.ndarray
    scores: np.ndarray | None = None


def ensemble_world(number, clinics, seed, n_new):
    """Return clinic and new patients of one part of the ensemble; new ones are offered sessions."""
    from orchestration.benchmarks.bayes import clinic_of
    from simulate.cohort import generate
    from simulate.members import parameters_for
    from simulate.parameter_table import Curve
    from simulate.scenario import load
    from simulate.studies.worlds import draw

    part = {"ensemble": "thomas2024", "members": clinics, "member": number + 1}
    world = load("replica", {f"population.{name}": value for name, value in part.items()})
    drawn = generate(world, seed)
    sessions, patients = clinic_of(drawn)
    row = parameters_for(world, seed, [0])
    family = Curve(int(np.ravel(row["curve"])[0])).name.lower()
    many = draw(world, seed + 1, range(5), 2000, len(SESSIONS)).expected.reshape(-1, len(SESSIONS))
    clinic = Clinic(sessions, patients, drawn.batch.expected[0][:, : len(SESSIONS)], many, family)
    if not n_new:
        return clinic, None
    new = generate(world, seed + 2, n_patients=n_new)
    own = new.n_sessions
    reports = np.where(
        np.arange(1, LAST + 1) <= own[:, None], new.pain_relief_pct[:, :LAST], np.nan
    )
    kept = new.patients["exclusion_reason"].isna().to_numpy() & (own >= 1)
    level = new.patients["lesion_level"].fillna("").to_numpy(dtype=str)
    truth = new.batch.expected[0][:, : len(SESSIONS)].astype(float)
    return clinic, Unseen(reports[kept], truth[kept], own[kept], level[kept])


def own_world(number, clinics, seed, n_new):
    """Return clinic and new patients of the model itself, its population near the replica's fit."""
    rng = np.random.default_rng([seed, number])
    scores = typical_population(rng)
    natural = natural_of(scores)
    drawn = draw_cohort(scores, 190, len(SESSIONS), rng)
    truth = mean_reports(natural, drawn.effects[None], SESSIONS)[0]
    many = draw_cohort(scores, 10_000, 1, rng)
    population = mean_reports(natural, many.effects[None], SESSIONS)[0]
    had = drawn.sessions.groupby("patient_id").size()
    patients = drawn.patients.assign(n_sessions=drawn.patients["patient_id"].map(had))
    clinic = Clinic(drawn.sessions, patients, truth, population, "own")
    if not n_new:
        return clinic, None
    new = draw_cohort(scores, n_new, LAST, rng)
    wide = new.sessions.pivot_table(
        index="patient_id", columns="session_no", values="pain_relief_pct", dropna=False
    )
    reports = wide.reindex(index=new.patients["patient_id"]).to_numpy()
    own = new.sessions.groupby("patient_id").size().reindex(new.patients["patient_id"]).to_numpy()
    m = mean_reports(natural, new.effects[None], SESSIONS)[0]
    level = new.patients["lesion_level"].to_numpy(dtype=str)
    return clinic, Unseen(reports, m, own, level, scores)


def typical_population(rng):
    """Return prior scores of a population like the replica's: a fifth of the prior's spread around
    rounded estimates of it."""
    from bayes.parameters import scores_of, values

    natural = dict(zip(NAMES, values(np.zeros(len(NAMES))), strict=True))
    natural |= {
        "start_mean": -22.0, "plateau_mean": 55.0, "plateau_sd": 18.0, "log_rate_mean": -1.0,
        "log_rate_sd": 1.0, "noise": 15.0, "tens_share": 0.7, "rising_share": 0.65,
        "stop_test_low": 0.8, "stop_later_high": 0.03, "surgery_high": 0.02,
    }  # fmt: skip
    centre = scores_of(np.array([natural[name] for name in NAMES]))
    spread = rng.standard_normal(len(NAMES) + len(covariates().labels))
    return np.concatenate([centre, np.zeros(len(covariates().labels))]) + 0.2 * spread


def natural_of(scores):
    """Return natural parameters of one population, shape (1, parameters)."""
    from bayes.parameters import values

    return values(scores[None, : len(NAMES)])
