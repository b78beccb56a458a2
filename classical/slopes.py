"""Slopes over the test period by model and by reading of what is missing: rows of `estimate_slope`.

Here: random-intercept and random-slope intervals side by side, both interactions, the baseline of
either status from one model, and slopes as observed, imputed by status, imputed and worse. Not
here: means by session (`estimates.py`), the fits (`mixed.py`, `random_slope.py`), the draws
(`imputation.py`).

The study prints random-intercept intervals. Where patients' own slopes differ, those are too
narrow; the random-slope rows beside them are the remedy.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classical.describe import Row, estimate_frame, row
from classical.estimates import LMM, OUTCOME_FROM, effect_row
from classical.imputation import draw_missing, pool
from classical.mixed import MixedFit, fit_random_intercept
from classical.random_slope import RandomSlopeFit, fit_random_slope

FloatArray = NDArray[np.float64]
LAST_SESSION = 4
# What is worse: less relief, more pain. The shift of a worse reading is half a standard deviation.
WORSE = {"pain_relief_pct": -1, "relief_duration_days": -1, "gnpsi": 1, "ssnpsi": 1}
SHIFT_IN_SD = 0.5
READINGS = {"imputed_by_status": 0.0, "imputed_and_worse": SHIFT_IN_SD}
DECIDED = ("non_responder", "responder")
MODELS = {
    "random_intercept": LMM,
    "random_slope": "random intercept and slope, REML, Satterthwaite",
}
TWO_WAY = {
    "status": ("responder_status", DECIDED),
    "level": ("lesion_level", ("peripheral", "central")),
}


def slope_table(
    test_period_long: pd.DataFrame, *, draws: int = 20, seed: int = 20220331
) -> pd.DataFrame:
    """Slopes per session under each model and reading, interactions, and the baseline by status.

    Parameters
    ----------
    test_period_long
        Mart `test_period_long`, one row an analysed patient x session 0-4.
    draws
        Completed tables of the imputed readings.
    seed
        Of the draws.

    Returns
    -------
    pandas.DataFrame
        Tidy estimates. analysis is the reading, 'as_observed', 'imputed_by_status' (missing
        values drawn from the patient's status group; patients without any value of the outcome
        are left out, their sessions are in n_missing) or 'imputed_and_worse' (these draws half a
        standard deviation worse); populations all, responders, non_responders, central,
        peripheral; terms `<outcome>.<model>`, `<outcome>.status_x_session.<model>`,
        `.level_x_session.<model>` (second group minus first: responders, central), and for
        status the model's start (session 0 of the numeric time axis):
        `<outcome>.start.responders`, `.start.non_responders`, `.start.difference`.
    """
    late = test_period_long["session_no"] <= LAST_SESSION
    course = test_period_long[late & np.isfinite(test_period_long["session_no"].astype(float))]
    rows: list[Row] = []
    for outcome, first in OUTCOME_FROM.items():
        sessions = course[course["session_no"] >= first]
        for population, members in _populations(sessions):
            rows += _slopes(population, outcome, members)
        for name in TWO_WAY:
            rows += _interactions(name, outcome, sessions)
        rows += _start_by_status(outcome, sessions)
        rows += _imputed(outcome, sessions, draws, seed)
    return estimate_frame(rows)


def _populations(course: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "all", course
    yield "responders", course[course["responder_status"] == "responder"]
    yield "non_responders", course[course["responder_status"] == "non_responder"]
    for level in ("central", "peripheral"):
        yield level, course[course["lesion_level"] == level]


def _known(course: pd.DataFrame, outcome: str) -> pd.DataFrame:
    return course[np.isfinite(course[outcome].to_numpy(dtype=float, na_value=np.nan))]


def _fits(
    known: pd.DataFrame, outcome: str, design: FloatArray
) -> Iterator[tuple[str, MixedFit | RandomSlopeFit]]:
    y, patient = known[outcome].to_numpy(dtype=float), known["patient_id"].to_numpy()
    yield "random_intercept", fit_random_intercept(y, design, patient)
    time = known["session_no"].to_numpy(dtype=float)
    yield "random_slope", fit_random_slope(y, design, time, patient)


def _slopes(population: str, outcome: str, course: pd.DataFrame) -> Iterator[Row]:
    known = _known(course, outcome)
    session = known["session_no"].to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(known)), session])
    for model, fit in _fits(known, outcome, design):
        yield _effect(fit, 1, population, f"{outcome}.{model}", model, len(course) - len(known))


def _interactions(name: str, outcome: str, course: pd.DataFrame) -> Iterator[Row]:
    column, groups = TWO_WAY[name]
    course = course[course[column].isin(groups)]
    known = _known(course, outcome)
    session = known["session_no"].to_numpy(dtype=float)
    second = (known[column] == groups[1]).to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(known)), session, second, session * second])
    for model, fit in _fits(known, outcome, design):
        term = f"{outcome}.{name}_x_session.{model}"
        yield _effect(fit, 3, "all", term, model, len(course) - len(known))


def _start_by_status(outcome: str, course: pd.DataFrame) -> Iterator[Row]:
    """Levels at session 0 from the model with status and status x session, and their difference."""
    course = course[course["responder_status"].isin(DECIDED)]
    known = _known(course, outcome)
    session = known["session_no"].to_numpy(dtype=float)
    two = (known["responder_status"] == "responder").to_numpy(dtype=float)
    one = 1 - two
    missing = len(course) - len(known)
    y, patient = known[outcome].to_numpy(dtype=float), known["patient_id"].to_numpy()
    levels = fit_random_intercept(
        y, np.column_stack([one, two, one * session, two * session]), patient
    )
    contrast = fit_random_intercept(
        y, np.column_stack([np.ones(len(y)), two, session, two * session]), patient
    )
    model = "random_intercept"
    for k, name in enumerate(("non_responders", "responders")):
        yield _effect(levels, k, "all", f"{outcome}.start.{name}", model, missing)
    yield _effect(contrast, 1, "all", f"{outcome}.start.difference", model, missing)


def _imputed(outcome: str, course: pd.DataFrame, draws: int, seed: int) -> Iterator[Row]:
    """Slopes of completed tables under both models, pooled."""
    tables, holes, causes = {}, {}, {}
    for k, status in enumerate(DECIDED):
        members = course[course["responder_status"] == status]
        wide = members.pivot_table(outcome, "patient_id", "session_no", dropna=True)
        wide = wide.reindex(columns=sorted(course["session_no"].unique()))
        values = wide.to_numpy(dtype=float)
        values = np.where(np.isfinite(values), values, np.nan)
        values = values[np.isfinite(values).any(axis=1)]
        if values.size == 0:
            causes[status] = "no patient has a value"
            continue
        rng = np.random.default_rng([seed, k, sum(map(ord, outcome))])
        try:
            tables[status] = np.stack(list(draw_missing(values, draws=draws, rng=rng)))
            holes[status] = np.isnan(values)
        except ValueError:
            causes[status] = "too few values of a session to draw the missing ones"
    populations = {"responders": ("responder",), "non_responders": ("non_responder",)}
    for population, statuses in {"all": DECIDED, **populations}.items():
        members = course[course["responder_status"].isin(statuses)]
        known = len(_known(members, outcome))
        counts = {"n": known, "n_missing": len(members) - known}
        cause = next((causes[one] for one in statuses if one in causes), "")
        for reading, shift in READINGS.items():
            if cause:
                for model, text in MODELS.items():
                    yield row(
                        reading, population, f"{outcome}.{model}", method=text,
                        status=f"not_estimable: {cause}", **counts,
                    )  # fmt: skip
                continue
            filled = np.concatenate([tables[one] for one in statuses], axis=1)
            gone = np.concatenate([holes[one] for one in statuses])
            for found in _pooled(outcome, filled, gone, shift):
                yield row(reading, population, **(found | counts))


def _pooled(
    outcome: str, filled: FloatArray, gone: NDArray[np.bool_], shift: float
) -> Iterator[Row]:
    """Pool the slopes of completed tables, shape (draws, patients, sessions), under each model."""
    from classical.batched import status as codes
    from classical.batched.mixed import design_of
    from classical.batched.patterns import fit_both

    sd = float(filled[:, ~gone].std())
    values = filled + WORSE[outcome] * shift * sd * gone
    design = np.tile(design_of(np.arange(values.shape[2])), (values.shape[1], 1, 1))
    for (model, text), fits in zip(MODELS.items(), fit_both(values, design), strict=True):
        text += f"; {len(filled)} imputations of {gone.sum()} values, Rubin's rules"
        if shift:
            text += f"; imputed values {shift} SD worse"
        found: Row = {"term": f"{outcome}.{model}", "method": text}
        failed = ~codes.usable(fits.status)
        if failed.any():
            cause = str(codes.text(fits.status[failed][0])).removeprefix("failed: ")
            yield found | {"status": f"not_estimable: {cause}"}
            continue
        on_boundary = int((fits.status == codes.BOUNDARY).sum())
        if on_boundary:
            found["method"] += f"; a variance between patients is 0 in {on_boundary} of them"
        one = pool(fits.estimate[:, 1], fits.se[:, 1], float(fits.df[:, 1].mean()))
        yield found | {
            "estimate": one.estimate, "se": one.se, "df": one.df, "lo": one.lo, "hi": one.hi,
            "p": one.p,
        }  # fmt: skip


def _effect(
    fit: MixedFit | RandomSlopeFit, k: int, population: str, term: str, model: str, n_missing: int
) -> Row:
    return effect_row("as_observed", population, term, fit, k, MODELS[model], n_missing)
