"""The hierarchical relief model as a PyMC model, for NUTS.

Here: the named parts put together, equations (1)-(8a) of docs/models.md. Not here: the parts
(`parameters.py`, `curves.py`, `heaping.py`, `stopping.py`, `covariates.py`), where its coordinates
lie (`coordinates.py`), the same model with the patients summed out (`marginal/`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes import reporting, stopping
from bayes.cohort import MISSING, NOTHING, TEST_SESSIONS, Cohort
from bayes.coordinates import WITHIN, Coordinates, Effects, effects_at, plain
from bayes.covariates import Covariates
from bayes.curves import COURSES, ONSETS, kept_share
from bayes.heaping import cells, log_probability
from bayes.parameters import NAMES, PARAMETERS, natural
from bayes.scatter import NOISE, SCORES, SHARES, noise_of, stage_of

if TYPE_CHECKING:
    import pymc as pm

IntArray = NDArray[np.int64]

NEVER = 10**6
"""Onset of a course without relapse."""


def build(
    cohort: Cohort, covariates: Covariates, coordinates: Coordinates | None = None
) -> "pm.Model":
    """Build the relief model.

    Parameters
    ----------
    coordinates
        In which it is sampled; default `coordinates.plain`. The posterior is the same in any.

    Returns
    -------
    pymc.Model
        Dimensions `patient` (real ids), `score` (parameters, then level[central], ...) and
        `within` (`coordinates.WITHIN`). Variables `population` and `own`, coordinates that
        `coordinates.py` makes `scores` and patients' effects of: start, plateau and log_rate if the
        course rises, level if it is flat, and flat_odds, what the coordinates add to the log odds
        of flat. Which kind of course a patient has is summed out, equation (3): the sampler sees
        nothing discrete.
    """
    import pymc as pm
    import pytensor.tensor as pt

    coordinates = coordinates or plain(cohort, covariates)
    coords = {
        "patient": cohort.patients, "score": [*NAMES, *covariates.labels], "within": WITHIN
    }  # fmt: skip
    with pm.Model(coords=coords) as model:
        moved = pm.Normal("population", 0, 1, dims="score")
        own = pm.Normal("own", 0, 1, dims=("patient", "within"))
        scores = coordinates.centre + pt.dot(coordinates.root, moved)
        pm.Deterministic("scores", scores, dims="score")
        pm.Potential("prior", (moved**2 - scores**2).sum() / 2)
        logs, effects = patient_logs(cohort, covariates, coordinates, scores, own)
        pm.Potential("data", pt.logsumexp(logs, axis=(0, 2)).sum())
        for name in WITHIN:
            pm.Deterministic(name, getattr(effects, name), dims="patient")
        pm.Deterministic("flat_odds", effects.log_flat - effects.log_rising, dims="patient")
    return model


def patient_logs(
    cohort: Cohort, covariates: Covariates, coordinates: Coordinates, scores: Any, own: Any
) -> tuple[Any, Effects]:
    """Return log P(data, kind) of every kind of scatter and course given coordinates, and effects.

    Parameters
    ----------
    scores
        Prior standard scores of parameters and effects, symbolic, shape (size,).
    own
        Patients' coordinates, symbolic, shape (patients, 4).

    Returns
    -------
    Tensor of shape (scatters, patients, courses), and the effects. Averaged over standard normal
    coordinates, the sum over kinds of its exponential is the patient's marginal likelihood,
    equation (12).
    """
    import pytensor.tensor as pt

    population = {
        q.name: natural(q.link, q.centre + q.spread * scores[k], pt)
        for k, q in enumerate(PARAMETERS)
    }
    effects = effects_at(coordinates, cohort, population, own, _held)
    share = population["rising_share"]
    logit = pt.log(share) - pt.log1p(-share)
    logit += pt.dot(covariates.design(cohort), scores[len(NAMES) :])
    relapse = population["relapse_share"]
    kept = pt.stack([pt.log1p(-relapse), *[pt.log(relapse / len(ONSETS))] * len(ONSETS)])
    flat = effects.log_flat - pt.softplus(logit)
    rising = effects.log_rising - pt.softplus(-logit)
    prior = pt.concatenate([flat[:, None], rising[:, None] + kept], axis=1)
    likelihood = _log_likelihoods(pt, cohort, population, effects)
    return likelihood + prior + np.log(SHARES)[:, None, None], effects


@dataclass(frozen=True)
class Terms:
    """Every distinct (session, kind of course) whose probability is needed.

    Until its onset a relapse runs like a kept course, and a flat course is the same in all
    sessions that differ in nothing else: what is alike is computed once and counted for all.
    Entry k counts for course `cell[k] % len(COURSES)` of patient `cell[k] // len(COURSES)` with the
    term `term[k]`.

    Attributes
    ----------
    row, onset
        By term: row of the cohort, and session after which the relapse begins (a large number if
        none). Terms of flat courses stand last.
    n_rising
        Terms that are not of flat courses.
    cell, term
        By entry.
    """

    row: IntArray
    onset: IntArray
    n_rising: int
    cell: IntArray
    term: IntArray


def terms_of(cohort: Cohort) -> Terms:
    """List the terms of a cohort."""
    every = np.arange(len(cohort.session))
    row, onset = [every], [np.full(len(every), NEVER)]
    term, cell = [every], [_cells_of(cohort, every, "kept")]
    count = len(every)
    for session, course in zip(ONSETS, COURSES[-len(ONSETS) :], strict=True):
        before, after = (
            np.flatnonzero(x) for x in (cohort.session <= session, cohort.session > session)
        )
        row.append(after)
        onset.append(np.full(len(after), session))
        term += [before, count + np.arange(len(after))]
        cell += [_cells_of(cohort, rows, course) for rows in (before, after)]
        count += len(after)
    first, like = _alike(cohort)
    return Terms(
        row=np.concatenate([*row, first]),
        onset=np.concatenate([*onset, np.full(len(first), NEVER)]),
        n_rising=count,
        cell=np.concatenate([*cell, _cells_of(cohort, every, "flat")]),
        term=np.concatenate([*term, count + like]),
    )


def _cells_of(cohort: Cohort, rows: IntArray, course: str) -> IntArray:
    return cohort.patient[rows] * len(COURSES) + COURSES.index(course)


def _alike(cohort: Cohort) -> tuple[IntArray, IntArray]:
    """Return rows that differ on a flat course, and for every row the position of its like there.

    A level is that of all sessions: where noise, report and fate are the same, so is the term.
    """
    relief = np.nan_to_num(cohort.relief, nan=-1.0)
    test = np.where(cohort.session == TEST_SESSIONS, 1 + cohort.unreported, 0)
    stage = stage_of(cohort.session)
    key = np.stack([cohort.patient, stage, relief, cohort.fate, test], axis=1)
    _, first, like = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return first, like.ravel()


def _log_likelihoods(pt: Any, cohort: Cohort, population: dict[str, Any], effects: Effects) -> Any:
    """Return log P(reports, which are missing, fates), shape (scatters, patients, courses)."""
    terms = terms_of(cohort)
    rising, flat = np.split(terms.row, [terms.n_rising])
    kept = kept_share(
        _held(cohort.session[rising], "session_of_rising"),
        _held(terms.onset[: len(rising)], "onset"), population["relapse_rate"], xp=pt,
    )  # fmt: skip
    who = _held(cohort.patient[rising], "patient_of_rising")
    done = effects.share[_held(rising, "row_of_rising")] * kept
    start, level = effects.start, effects.level[_held(cohort.patient[flat], "patient_of_flat")]
    latent = pt.concatenate([start[who] + (effects.plateau - start)[who] * done, level])[:, None]
    law = [population[name] for name in NOISE]
    at = cohort.session[terms.row][:, None]
    noise = noise_of(law, np.arange(len(SCORES))[None], at, pt)
    logs = pt.zeros((len(terms.row), len(SCORES)))
    for part in (_reports, _fates, _missing):
        at, found = part(pt, cohort, terms, population, latent, noise)
        logs = logs[_held(at, f"terms{part.__name__}")].inc(found)
    n = len(cohort.patients)
    total = pt.zeros((n * len(COURSES), len(SCORES)))
    total = total[_held(terms.cell, "cell")].inc(logs[_held(terms.term, "term")])
    return total.reshape((n, len(COURSES), len(SCORES))).transpose(2, 0, 1)


def _reports(
    pt: Any, cohort: Cohort, terms: Terms, population: dict[str, Any], latent: Any, noise: Any
) -> tuple[IntArray, Any]:
    """Return the terms with a report, and its log P, shape (reports, scatters)."""
    reported = np.flatnonzero(cohort.kind[terms.row] != MISSING)
    cell = cells(cohort.relief[terms.row[reported]])
    tens, fives = population["tens_share"], population["fives_share"]
    share = [tens, (1 - tens) * fives, (1 - tens) * (1 - fives)]
    at = _held(reported, "term_of_report")
    data = {name: _held(array, f"cell_{name}") for name, array in cell.over_draws().items()}
    if not len(cell.fine):
        data["fine"] = None
    return reported[cell.order], log_probability(data, latent[at], noise[at], share, pt)


def _fates(
    pt: Any, cohort: Cohort, terms: Terms, population: dict[str, Any], latent: Any, noise: Any
) -> tuple[IntArray, Any]:
    """Return the terms after which it is known what followed, and its log P."""
    known = np.flatnonzero(cohort.fate[terms.row] != NOTHING)
    rows, at = terms.row[known], _held(known, "term_of_fate")
    fate = _held(cohort.fate[rows][:, None], "fate")
    session = _held(cohort.session[rows][:, None], "session_of_fate")
    hazards = {name: population[name] for name in stopping.HAZARDS}
    return known, stopping.log_probability(fate, session, latent[at], noise[at], hazards, pt)


def _missing(
    pt: Any, cohort: Cohort, terms: Terms, population: dict[str, Any], latent: Any, noise: Any
) -> tuple[IntArray, Any]:
    """Return the terms of session 4, and log P of which reports until then are missing."""
    known = np.flatnonzero(cohort.asked[terms.row] > 0)
    rows, at = terms.row[known], _held(known, "term_of_asked")
    asked = _held(cohort.asked[rows][:, None], "asked")
    unreported = _held(cohort.unreported[rows][:, None], "unreported")
    shares = {name: population[name] for name in reporting.SHARES}
    return known, reporting.log_probability(asked, unreported, latent[at], noise[at], shares, pt)


def _held(array: Any, name: str) -> Any:
    """Return an array that may be another for another cohort, without new machine code."""
    from pytensor import shared

    is_column = array.ndim > 1 and array.shape[-1] == 1  # meets every scatter
    shape = (*[None] * (array.ndim - 1), 1 if is_column else None)
    return shared(array, name=name, shape=shape)
