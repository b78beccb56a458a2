"""The hierarchical relief model as a PyMC model, for NUTS.

Here: the named parts put together, equations (1)-(8) of docs/models.md. Not here: the parts
(`parameters.py`, `curves.py`, `heaping.py`, `stopping.py`, `covariates.py`), the same model with
the patients summed out (`marginal/`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes import reporting, stopping
from bayes.cohort import MISSING, NOTHING, Cohort
from bayes.covariates import Covariates
from bayes.curves import COURSES, ONSETS, kept_share, saturating
from bayes.heaping import cells, log_probability
from bayes.parameters import PARAMETERS, natural
from bayes.scatter import NOISE, SCORES, SHARES, noise_of

if TYPE_CHECKING:
    import pymc as pm

IntArray = NDArray[np.int64]


def build(cohort: Cohort, covariates: Covariates) -> "pm.Model":
    """Build the relief model.

    Returns
    -------
    pymc.Model
        Dimensions `patient` (real ids) and `effect` (level[central], ...). Population: a standard
        score `score_<name>` and the natural value `<name>` of every parameter; `effect_score`.
        Patients: start, plateau and log_rate of the course if it rises. Which kind of course a
        patient has is summed out, equation (3): the sampler sees nothing discrete.
    """
    import pymc as pm
    import pytensor.tensor as pt

    coords = {"patient": cohort.patients, "effect": covariates.labels}
    with pm.Model(coords=coords) as model:
        population = {}
        for parameter in PARAMETERS:
            score = pm.Normal(f"score_{parameter.name}", 0, 1)
            linked = parameter.centre + parameter.spread * score
            population[parameter.name] = pm.Deterministic(
                parameter.name, natural(parameter.link, linked, pt)
            )
        effects = _patient_effects(pm, pt, cohort, population)
        logit = _rising_logit(pm, pt, cohort, covariates, population)
        by_kind = _log_likelihoods(pm, pt, cohort, population, effects)
        relapse = population["relapse_share"]
        rising = (
            pt.log_sigmoid(logit)[:, None]
            if hasattr(pt, "log_sigmoid")
            else -pt.softplus(-logit)[:, None]
        )
        kept = pt.stack([pt.log1p(-relapse), *[pt.log(relapse / len(ONSETS))] * len(ONSETS)])
        prior = pt.concatenate([-pt.softplus(logit)[:, None], rising + kept], axis=1)
        parts = [log + logs + prior for log, logs in zip(np.log(SHARES), by_kind, strict=True)]
        pm.Potential("data", pt.logsumexp(pt.concatenate(parts, axis=1), axis=1).sum())
    return model


def _patient_effects(
    pm: Any, pt: Any, cohort: Cohort, population: dict[str, Any]
) -> tuple[Any, Any, Any]:
    """Return start, plateau and rate of every patient, equation (1).

    Plateaus are partially centred by how many reports are above 0: what many reports tell is
    sampled as itself, what none tell as a deviation. Starts and rates are deviations: few
    patients say much about theirs.
    """
    z_start = pm.Normal("z_start", 0, 1, dims="patient")
    z_rate = pm.Normal("z_rate", 0, 1, dims="patient")
    start = population["start_mean"] + population["start_sd"] * z_start
    correlation = population["start_plateau_correlation"]
    mean = population["plateau_mean"] + population["plateau_sd"] * correlation * z_start
    sd = population["plateau_sd"] * pt.sqrt(1 - correlation**2)
    above = (cohort.kind != MISSING) & (np.nan_to_num(cohort.relief) > 0)
    n_above = np.bincount(cohort.patient[above], minlength=len(cohort.patients))
    centred = pm.Data("centred", n_above / (n_above + 0.7), dims="patient")
    partial = pm.Normal("plateau_partial", centred * mean, sd**centred, dims="patient")
    plateau = mean + sd ** (1 - centred) * (partial - centred * mean)
    log_rate = population["log_rate_mean"] + population["log_rate_sd"] * z_rate
    for name, value in (("start", start), ("plateau", plateau), ("log_rate", log_rate)):
        pm.Deterministic(name, value, dims="patient")
    return start, plateau, pt.exp(log_rate)


def _rising_logit(
    pm: Any, pt: Any, cohort: Cohort, covariates: Covariates, population: dict[str, Any]
) -> Any:
    """Return the logit of each patient's chance to rise, equation (4)."""
    share = population["rising_share"]
    logit = pt.log(share) - pt.log1p(-share)
    if not covariates.labels:
        return logit * pt.ones(len(cohort.patients))
    effect = pm.Normal("effect_score", 0, 1, dims="effect")
    return logit + pt.dot(pm.Data("design", covariates.design(cohort)), effect)


@dataclass(frozen=True)
class Terms:
    """Every distinct (session, kind of course) whose probability is needed.

    Until its onset a relapse runs like a kept course, so those sessions are computed once and
    counted for all: entry k counts for patient `patient[k]` and course `course[k]` with the term
    `term[k]`.

    Attributes
    ----------
    row, onset, is_flat
        By term: row of the cohort, session after which the relapse begins (a large number if
        none), and 1.0 for a flat course.
    patient, course, term
        By entry.
    """

    row: IntArray
    onset: IntArray
    is_flat: NDArray[np.float64]
    patient: IntArray
    course: IntArray
    term: IntArray


def terms_of(cohort: Cohort) -> Terms:
    """List the terms of a cohort."""
    never = 10**6
    n = len(cohort.session)
    every = np.arange(n)
    row, onset, flat = [every, every], [np.full(n, never)] * 2, [np.zeros(n), np.ones(n)]
    kept, flat_course = COURSES.index("kept"), COURSES.index("flat")
    term, course = [every, n + every], [np.full(n, kept), np.full(n, flat_course)]
    origin = [every, every]
    count = 2 * n
    for k, session in enumerate(ONSETS):
        after = np.flatnonzero(cohort.session > session)
        row.append(after)
        onset.append(np.full(len(after), session))
        flat.append(np.zeros(len(after)))
        before = np.flatnonzero(cohort.session <= session)
        term += [before, count + np.arange(len(after))]
        origin += [before, after]
        course += [np.full(len(before) + len(after), kept + 1 + k)]
        count += len(after)
    return Terms(
        row=np.concatenate(row),
        onset=np.concatenate(onset),
        is_flat=np.concatenate(flat),
        patient=cohort.patient[np.concatenate(origin)],
        course=np.concatenate(course),
        term=np.concatenate(term),
    )


def _log_likelihoods(
    pm: Any, pt: Any, cohort: Cohort, population: dict[str, Any], effects: tuple[Any, Any, Any]
) -> Any:
    """Return log P(reports, which are missing, fates) by scatter, each (patients, courses).

    The level of a flat course has the standard score that is the start's if the course rises: a
    patient has one kind of course, so the two never meet.
    """
    start, plateau, rate = effects
    terms = terms_of(cohort)
    of = pm.Data("patient_of_term", cohort.patient[terms.row])
    session = pm.Data("session", cohort.session[terms.row].astype(float))
    kept = kept_share(
        session, pm.Data("onset", terms.onset.astype(float)), population["relapse_rate"], xp=pt
    )
    rising = saturating(
        session, start[of], plateau[of], rate[of], population["curve_shape"], kept, xp=pt
    )
    z_start = (start - population["start_mean"]) / population["start_sd"]
    spread = population["start_sd"] * population["flat_spread"]
    level = population["start_mean"] + population["flat_shift"] + spread * z_start
    is_flat = pm.Data("is_flat", terms.is_flat)
    latent = is_flat * level[of] + (1 - is_flat) * rising
    term_of = pm.Data("term_of_entry", terms.term)
    cell_of = pm.Data("cell_of_entry", terms.patient * len(COURSES) + terms.course)
    law = [population[name] for name in NOISE]
    noise = [noise_of(law, k, cohort.session[terms.row], pt) for k in range(len(SCORES))]
    report_logs = _reports(pm, pt, cohort, terms, population, latent)
    fate_logs = _fates(pm, pt, cohort, terms, population, latent)
    missing_logs = _missing(pm, pt, cohort, terms, population, latent)
    result = []
    for own in noise:
        logs = report_logs(own, pt.zeros(len(terms.row)))
        logs = missing_logs(own, fate_logs(own, logs))
        total = pt.zeros(len(cohort.patients) * len(COURSES))[cell_of].inc(logs[term_of])
        result.append(total.reshape((len(cohort.patients), len(COURSES))))
    return result


def _reports(
    pm: Any, pt: Any, cohort: Cohort, terms: Terms, population: dict[str, Any], latent: Any
) -> Callable[[Any, Any], Any]:
    """Return what adds log P of the reports, given the noise, to the logs of the terms."""
    reported = np.flatnonzero(cohort.kind[terms.row] != MISSING)
    cell = cells(cohort.relief[terms.row[reported]])
    tens, fives = population["tens_share"], population["fives_share"]
    share = [tens, (1 - tens) * fives, (1 - tens) * (1 - fives)]
    at = pm.Data("term_of_report", reported)
    listed = pm.Data("term_of_listed_report", reported[cell.order])
    data = _as_data(pm, cell.as_dict())

    def add(noise: Any, logs: Any) -> Any:
        return logs[listed].inc(log_probability(data, latent[at], noise[at], share, pt))

    return add


def _fates(
    pm: Any, pt: Any, cohort: Cohort, terms: Terms, population: dict[str, Any], latent: Any
) -> Callable[[Any, Any], Any]:
    """Return what adds log P of what followed, given the noise, to the logs of the terms."""
    known = np.flatnonzero(cohort.fate[terms.row] != NOTHING)
    if not len(known):
        return lambda noise, logs: logs
    at = pm.Data("term_of_fate", known)
    fate = pm.Data("fate", cohort.fate[terms.row[known]])
    session = pm.Data("session_of_fate", cohort.session[terms.row[known]])
    hazards = {name: population[name] for name in stopping.HAZARDS}

    def add(noise: Any, logs: Any) -> Any:
        found = stopping.log_probability(fate, session, latent[at], noise[at], hazards, pt)
        return logs[at].inc(found)

    return add


def _missing(
    pm: Any, pt: Any, cohort: Cohort, terms: Terms, population: dict[str, Any], latent: Any
) -> Callable[[Any, Any], Any]:
    """Return what adds log P of which test reports are missing, given the noise, to the terms."""
    known = np.flatnonzero(cohort.asked[terms.row] > 0)
    if not len(known):
        return lambda noise, logs: logs
    at = pm.Data("term_of_asked", known)
    asked = pm.Data("asked", cohort.asked[terms.row[known]])
    unreported = pm.Data("unreported", cohort.unreported[terms.row[known]])
    shares = {name: population[name] for name in reporting.SHARES}

    def add(noise: Any, logs: Any) -> Any:
        found = reporting.log_probability(asked, unreported, latent[at], noise[at], shares, pt)
        return logs[at].inc(found)

    return add


def _as_data(pm: Any, arrays: dict[str, Any]) -> dict[str, Any]:
    """Register the cells as data, so that new reports do not mean new machine code."""
    if len(arrays["fine"]) == 0:
        arrays = arrays | dict.fromkeys(("fine", "fine_value", "fine_width"))
    return {
        name: None if array is None else pm.Data(f"cell_{name}", array)
        for name, array in arrays.items()
    }
