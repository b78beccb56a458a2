"""Coordinates in which the posterior of the relief model is nearly a standard normal, for NUTS.

Here: where the population's scores and the patients' effects lie, given coordinates; equations
(21)-(23) of docs/models.md. Any of these coordinates give the same posterior: they decide how fast
a chain crosses it, and nothing else. Not here: the density (`relief.py`), what the reports say
(`summary.py`), the sampler (`nuts.py`).

A patient has coordinates of a rising course and one of a flat course. Those of the kind that the
patient is not of follow a standard normal (a pseudo-prior, Carlin and Chib 1995): it integrates
to one, and so changes nothing of what is said of kinds, courses and population. Without it a
patient of uncertain kind would have to find, from the wide prior, the few courses that fit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes.cohort import Cohort
from bayes.covariates import Covariates
from bayes.curves import saturating
from bayes.parameters import NAMES

FloatArray = NDArray[np.float64]

WITHIN = ("start", "plateau", "log_rate", "level")
"""A patient's coordinates: of a rising course, and of the level of a flat one."""


@dataclass(frozen=True)
class Coordinates:
    """Centres and scales. A summary is a normal factor exp(pull x - precision x^2 / 2).

    Attributes
    ----------
    centre, root
        Scores of the population are centre + root @ coordinates, shapes (size,), (size, size).
    kept
        Share of the gain that relapses are expected to leave, by row.
    report
        Precision and pull of what each row says of latent relief, shape (2, rows).
    log_rate, level
        Precision and pull of what the reports say of the log rate of a rising course and of the
        level of a flat one, shape (2, patients).
    """

    centre: FloatArray
    root: FloatArray
    kept: FloatArray
    report: FloatArray
    log_rate: FloatArray
    level: FloatArray


@dataclass(frozen=True)
class Effects:
    """Patients' effects, and what their coordinates do to volumes; symbolic, shape (patients,).

    Attributes
    ----------
    start, plateau, log_rate, level
        In points, the log rate per session.
    share
        1 - exp(-(k s)^g), by row.
    log_rising, log_flat
        Log of prior density times Jacobian of a course of that kind, over the standard normal
        density of its coordinates.
    """

    start: Any
    plateau: Any
    log_rate: Any
    level: Any
    share: Any
    log_rising: Any
    log_flat: Any


def plain(cohort: Cohort, covariates: Covariates) -> Coordinates:
    """Return prior standard scores of everything: coordinates that know nothing of the reports."""
    n, size, rows = len(cohort.patients), len(NAMES) + len(covariates.labels), len(cohort.session)
    none = np.zeros((2, n))
    return Coordinates(
        np.zeros(size), np.eye(size), np.ones(rows), np.zeros((2, rows)), none, none
    )  # fmt: skip


def effects_at(
    coordinates: Coordinates, cohort: Cohort, population: dict[str, Any], own: Any, held: Any
) -> Effects:
    """Return the patients' effects, equations (21)-(23).

    First the log rate and the level, whose prior and summary are one normal each. Given the rate,
    latent relief is linear in start and plateau, so that these have a normal of two dimensions
    whatever the rate and the shape of curves.

    Parameters
    ----------
    population
        Natural values by name, symbolic.
    own
        Coordinates `WITHIN`, symbolic, shape (patients, 4).
    held
        Function (array, name) -> symbolic.
    """
    import pytensor.tensor as pt

    p = population
    u_start, u_plateau, u_rate, u_level = (own[:, k] for k in range(len(WITHIN)))
    log_rate, rate_volume = _one(
        pt, p["log_rate_mean"], p["log_rate_sd"], held(coordinates.log_rate, "rate_summary"), u_rate
    )
    level_mean = p["start_mean"] + p["flat_shift"]
    level_sd = p["start_sd"] * p["flat_spread"]
    level, level_volume = _one(
        pt, level_mean, level_sd, held(coordinates.level, "level_summary"), u_level
    )
    of = held(cohort.patient, "patient")
    share = saturating(
        held(cohort.session, "session"), 0.0, 1.0, pt.exp(log_rate)[of], p["curve_shape"], xp=pt
    )
    # Latent relief of a row is middle + by_first * z_first + by_second * z_second.
    correlation = p["start_plateau_correlation"]
    along = correlation * p["plateau_sd"]
    across = p["plateau_sd"] * pt.sqrt(1 - correlation**2)
    done = share * held(coordinates.kept, "expected_kept")
    middle = p["start_mean"] + done * (p["plateau_mean"] - p["start_mean"])
    by_first, by_second = p["start_sd"] + done * (along - p["start_sd"]), done * across
    report = held(coordinates.report, "report_summary")
    precision, pull = report[0], report[1]
    left = pull - precision * middle
    terms = [
        precision * by_first**2, precision * by_first * by_second, precision * by_second**2,
        left * by_first, left * by_second,
    ]  # fmt: skip
    sums = pt.zeros((len(cohort.patients), len(terms)))[of].inc(pt.stack(terms, axis=1))
    p00, p01, p11, h0, h1 = (sums[:, k] for k in range(len(terms)))
    a00 = pt.sqrt(1 + p00)
    a10 = p01 / a00
    a11 = pt.sqrt(1 + p11 - a10**2)
    x0 = h0 / a00
    second = ((h1 - a10 * x0) / a11 + u_plateau) / a11
    first = (x0 + u_start - a10 * second) / a00
    volume = (u_start**2 + u_plateau**2 - first**2 - second**2) / 2 - pt.log(a00 * a11)
    return Effects(
        start=p["start_mean"] + p["start_sd"] * first,
        plateau=p["plateau_mean"] + along * first + across * second,
        log_rate=log_rate,
        level=level,
        share=share,
        log_rising=rate_volume + volume,
        log_flat=level_volume,
    )


def _one(pt: Any, mean: Any, sd: Any, summary: Any, own: Any) -> tuple[Any, Any]:
    """Return a normal effect at its coordinate, and the log of what is done to its volume."""
    precision, pull = summary[0], summary[1]
    a = pt.sqrt(1 + precision * sd**2)
    score = (sd * (pull - precision * mean) / a + own) / a
    return mean + sd * score, (own**2 - score**2) / 2 - pt.log(a)
