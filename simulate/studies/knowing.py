"""What knowing one thing of the world is worth for choosing a length, and how sure that is.

Here: the expected value of partial perfect information of a study's worlds. Not here: losses
(`resampling.py`), what a study would have to measure (`next_study.py`).
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.studies.resampling import Lengths, Sample, by_rule

if TYPE_CHECKING:
    from simulate.studies.design import Design

FloatArray = NDArray[np.float64]
SHUFFLES = 200
EVERYTHING = "everything"
QUESTIONS = {  # what one might know: parameter or structure of a world
    "session-to-session noise": "noise_sd",
    "noise alike, by session or by patient": "noise",
    "discordance of the recorded assessment": "assessment_sd",
    "sessions to half of the gain": "half_gain_sessions",
    "family of curves": "curve",
    "share of patients with any rise": "rise_share",
    "stops for want of relief": "efficacy_at_zero",
    "stops for other reasons": "other_hazard",
    "stops by report or by what is felt": "drop_out",
    "missing reports of session 4": "missing_responder_4",
}


def worlds_table(design: "Design") -> pd.DataFrame:
    """Return parameters and structures of every world, indexed by `scenario_id`."""
    from simulate.members import parameters_for
    from simulate.studies.worlds import worlds

    every = worlds(design)
    rows = [parameters_for(world, design.seed, [0]).to_frame() for world in every]
    table = pd.concat(rows, ignore_index=True)
    return table.set_index(pd.Index([world.scenario_id for world in every], name="scenario_id"))


def value_of_knowing(
    own: Lengths,
    rate: float,
    worlds: pd.DataFrame,
    questions: dict[str, str] | None = None,
    seed: int = 1,
) -> pd.DataFrame:
    """Return what knowing one thing of the world is worth for choosing a length.

    The expected gain in loss from choosing the best length once a parameter is known, over choosing
    it now (expected value of partial perfect information), by regression of each length's loss on
    the parameter (Strong, Oakley and Brennan 2014): a parabola of its rank, or a mean of each code.
    A choice among fitted losses always seems to gain something, the more the fewer the worlds: what
    chance would give, the mean over shuffled worlds, is taken off. So the value is right on average
    where knowing is worth nothing, and may then lie below 0; elsewhere it is somewhat too low (by a
    quarter in 40 worlds of two lengths that are alike on average), since the length chosen now is
    the one that happened to do best in these worlds, and chance has less to give. Of `everything`,
    the value of knowing the world, what other cohorts would add by chance is taken off (bootstrap;
    Efron and Tibshirani 1993, chapter 10). Errors are those of the gain before chance is taken off,
    which varies a little more.

    Parameters
    ----------
    own
        Counts of one rule in all worlds.
    rate
        Test sessions worth spending to find one more.
    worlds
        From `worlds_table`.
    questions
        Words and column; `QUESTIONS` if not given.

    Returns
    -------
    pandas.DataFrame
        question; value (test sessions per 100 who start) with `_mcse` and `_error` as in
        `resampling.py`; share_of_everything with the same; value_held_out, what is gained in worlds
        that the regression has not seen (each left out in turn), or, of everything, by cohorts that
        have not chosen: on average no more than knowing is worth; value_held_out_error. The last
        row is
        `everything`. What is the same in all worlds has no row.
    """
    table = worlds.loc[list(own.scenario_ids)]
    asked = {
        words: _basis(table[column])
        for words, column in (questions or QUESTIONS).items()
        if not is_alike(table[column])
    }
    rng = np.random.default_rng(seed)
    loss, names = own.seen.loss(rate), [*asked, EVERYTHING]
    chance = [_by_chance(basis, own.seen, rate, rng) for basis in asked.values()]
    raw = _raw(own.seen, rate, asked)
    again = own.other_cohorts
    of_noise = 0.0 if again is None else (_raw(again, rate, asked) - raw)[:, -1].mean()
    taken_off = np.array([*chance, max(of_noise, 0.0)])

    def figures(sample: Sample) -> dict[str, FloatArray]:
        value = _raw(sample, rate, asked) - taken_off
        whole = value[..., -1:]
        return {
            "value": value,
            "share_of_everything": np.where(whole > 0, value / np.where(whole > 0, whole, 1), 0.0),
        }

    gained = [_held_out(basis, loss, own.weight) for basis in asked.values()]
    held_out = [*gained, _by_other_cohorts(own, rate)]
    rows = pd.DataFrame({"question": names} | own.told(figures)).assign(
        value_held_out=[float(own.seen.mean(gain)) for gain in held_out],
        value_held_out_error=[_error_of_mean(gain, own.weight) for gain in held_out],
    )
    order = rows["value"].mask(rows["question"] == EVERYTHING, -np.inf)
    return rows.loc[order.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def knowing(rows: pd.DataFrame, design: "Design") -> pd.DataFrame:
    """Return the value of knowing for every truth and stated rate, of one rule and threshold.

    Parameters
    ----------
    rows
        `study_block` of rules that have several lengths, all worlds.

    Returns
    -------
    pandas.DataFrame
        Rows of `value_of_knowing` with what `resampling.by_rule` names, sessions_per_responder
        and n_worlds.
    """
    worlds = worlds_table(design)
    found = [
        value_of_knowing(own, rate, worlds).assign(
            **key, sessions_per_responder=rate, n_worlds=len(own.weight)
        )
        for key, own in by_rule(rows)
        for rate in design.performance.sessions_per_responder
    ]
    return pd.concat(found, ignore_index=True)


def is_alike(values: pd.Series) -> bool:
    """Tell whether something is the same in all worlds, so that nothing is left to know."""
    return bool((values == values.iloc[0]).all())


def _basis(values: pd.Series) -> FloatArray:
    """Return regressors: one column a code, or a parabola of the rank."""
    if not pd.api.types.is_numeric_dtype(values):
        return pd.get_dummies(values).to_numpy(float)
    rank = values.rank().to_numpy(float)
    scaled = (rank - rank.mean()) / rank.std()
    return np.stack([np.ones_like(scaled), scaled, scaled**2], axis=1)


def _fitted(basis: FloatArray, weight: FloatArray, values: FloatArray) -> FloatArray:
    """Return fitted values of each length by weighted least squares, shape (..., worlds, lengths).

    A code that no world of a sample has is left out by the generalised inverse.
    """
    root = np.sqrt(weight)[..., None]
    return np.asarray(basis @ (np.linalg.pinv(root * basis) @ (root * values)))


def _raw(sample: Sample, rate: float, asked: dict[str, FloatArray]) -> FloatArray:
    """Return gains of choosing by each regression, and in each world by itself, (..., questions).

    Nothing is taken off.
    """
    loss = sample.loss(rate)
    now = sample.by_length(loss).min(axis=-1)
    told = [_fitted(basis[sample.world], sample.weight, loss) for basis in asked.values()]
    best = [one.min(axis=-1) for one in (*told, loss)]
    return np.stack([now - sample.mean(one) for one in best], axis=-1)


def _by_chance(basis: FloatArray, sample: Sample, rate: float, rng: np.random.Generator) -> float:
    """Return the mean gain where the parameter is dealt out to the worlds at random."""
    dealt = np.stack([basis[rng.permutation(len(basis))] for _ in range(SHUFFLES)])
    loss = sample.loss(rate)
    now = sample.by_length(loss).min()
    return float(now - sample.mean(_fitted(dealt, sample.weight, loss).min(axis=-1)).mean())


def _held_out(basis: FloatArray, loss: FloatArray, weight: FloatArray) -> FloatArray:
    """Return by world what a choice by the regression on all other worlds gains over theirs.

    Predictions without one's own value are (fit - h y) / (1 - h) (Hastie, Tibshirani and Friedman
    2009, 7.64); where a world alone has a code, its choice is that of the others.
    """
    fit, unit = _fitted(basis, weight, loss), np.eye(len(loss))
    own = np.diag(_fitted(basis, weight, unit))[:, None]
    others = (weight @ loss - weight[:, None] * loss) / (weight.sum() - weight)[:, None]
    is_alone = own > 1 - 1e-9
    told = np.where(is_alone, others, (fit - own * loss) / np.where(is_alone, 1, 1 - own))
    each = np.arange(len(loss))
    return np.asarray(loss[each, others.argmin(axis=1)] - loss[each, told.argmin(axis=1)])


def _by_other_cohorts(own: Lengths, rate: float) -> FloatArray:
    """Return by world the gain of its best length, chosen without each block and judged in it."""
    missed, tested = own.counts
    counted = tested + rate * missed
    start, now = own.patients[..., None], own.seen.by_length(own.seen.loss(rate)).argmin()
    left = np.where(start > 0, start, np.nan)
    rest = counted.sum(axis=1, keepdims=True) - counted
    chosen = (rest / np.maximum(start.sum(axis=1, keepdims=True) - start, 1)).argmin(axis=-1)
    there = 100 * counted / left
    gain = there[..., now] - np.take_along_axis(there, chosen[..., None], axis=-1)[..., 0]
    return np.asarray(np.nansum(gain * own.patients, axis=1) / own.patients.sum(axis=1))


def _error_of_mean(values: FloatArray, weight: FloatArray) -> float:
    """Return the error of a weighted mean of independent worlds (Cochran 1977, 2.39)."""
    n, mean = len(values), (values * weight).sum() / weight.sum()
    if n < 2:
        return float("nan")
    return float(np.sqrt(n / (n - 1) * ((weight * (values - mean)) ** 2).sum()) / weight.sum())
