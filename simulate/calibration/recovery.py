"""Recovery of known truth: clinics from the prior, reduced to the printed figures, fitted again.

Here: one trial, the headline quantities of the test-period study, the count of covered intervals
against binomial bounds. Not here: repeating trials (`tests/benchmarks`).

All trials share one bank of clinics from the prior and its regression (`first_look`), so that a
trial costs a look and no simulation; the regression is that of the fit's first round. The trials'
clinics are simulated apart from the bank's, and rounded like print.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.calibration import prior
from simulate.calibration.calibrate import simulate_figures
from simulate.calibration.cloud import Draws
from simulate.calibration.emulator import Bank, Emulator
from simulate.calibration.families import (
    CURVE,
    Seen,
    combinations,
    mixed,
    regression_of,
    start_of,
)
from simulate.calibration.sampler import Sight, look
from simulate.calibration.targets import Target, observed, on_scale
from simulate.scenario import Scenario

FloatArray = NDArray[np.float64]
LEVELS = (0.5, 0.8, 0.95)
HEADLINES = ("sensitivity_4", "specificity_4", "sensitivity_6", "specificity_6")
LONG_TERM, RULE = 30.0, 10.0
APART = 10**7  # first replicate number of the trials' own clinics


@dataclass(frozen=True)
class FirstLook:
    """What all trials share: regressions of the figures and of the headlines, by curve."""

    targets: tuple[Target, ...]
    figures: dict[int, Emulator]
    headlines: dict[int, Emulator]


def headline_quantities(
    scenario: Scenario, place: FloatArray, structure: NDArray[np.int64], seed: int,
    *, n_patients: int = 1000, first: int = 0,
) -> FloatArray:  # fmt: skip
    """Return sensitivity and specificity of "relief >= 10 % at session 4" and "at 6", (n, 4).

    Truth: mean expected report of sessions 13 to 15 of 30 % or more, had all gone on. Logit of
    shares with half a patient added.
    """
    from simulate.batch import draw

    rows = []
    for start in range(0, len(place), 50):
        part = slice(start, start + 50)
        worlds = prior.parameters(scenario, place[part], structure[part])
        numbers = first + start + np.arange(len(worlds))
        batch = draw(worlds, seed, numbers, n_patients, 15, ("expected", "reported"))
        lasting = batch.expected[:, :, 12:15].mean(axis=2) >= LONG_TERM
        pair = []
        for session in (4, 6):
            called = batch.reported[:, :, session - 1] >= RULE
            for hit, among in ((called, lasting), (~called, ~lasting)):
                right, whole = (hit & among).sum(axis=1), among.sum(axis=1)
                pair.append(np.log((right + 0.5) / (whole - right + 0.5)))
        rows.append(np.stack(pair, axis=1))
    return np.concatenate(rows)


def first_look(chosen: tuple[Target, ...], scenario: Scenario, n: int, seed: int) -> FirstLook:
    """Simulate n clinics from the prior and learn the figures and the headline quantities."""
    place, structure = prior.draw_prior(n, np.random.default_rng([seed, 5]))
    names = tuple(one.statistic for one in chosen)
    table = on_scale(simulate_figures(scenario, names, place, structure, seed, 0), chosen)
    heads = headline_quantities(scenario, place, structure, seed)

    def by_curve(y: FloatArray) -> dict[int, Emulator]:
        bank = Bank(place, structure, y)
        return {curve: regression_of(bank, curve) for curve in prior.levels()[CURVE]}

    return FirstLook(chosen, by_curve(table), by_curve(heads))


def trial(
    first: FirstLook, scenario: Scenario, number: int, seed: int, n: int = 200
) -> pd.DataFrame:
    """Return one row a quantity: whether its 50, 80 and 95 % intervals cover the truth."""
    rng = np.random.default_rng([seed, 6, number])
    place, structure = prior.draw_prior(1, rng)
    names = tuple(one.statistic for one in first.targets)
    figures = simulate_figures(scenario, names, place, structure, seed, APART + number)[0]
    printed = tuple(_printed(one, value) for one, value in zip(first.targets, figures, strict=True))
    centre, rounding = observed(printed)
    every = []
    for combination in combinations():
        sight = Sight(first.figures[combination[CURVE]], centre, rounding)
        found = look(sight, start_of(combination), rng, n=n)
        every.append(Seen(combination, sight, found, np.full(2, found.log_evidence)))
    draws = mixed(every, n, rng)
    index = rng.choice(len(draws.place), size=n, p=draws.weight)
    draws = Draws(draws.place[index], draws.structure[index], np.zeros(n))
    truth = headline_quantities(
        scenario, place, structure, seed, n_patients=5000, first=APART + number
    )[0]
    heads = np.empty((n, len(HEADLINES)))
    for curve, emulator in first.headlines.items():
        here = draws.structure[:, CURVE] == curve
        doubt = rng.multivariate_normal(np.zeros(4), emulator.covariance, size=int(here.sum()))
        heads[here] = emulator.mean(draws.place[here], draws.structure[here]) + doubt
    every_quantity = np.concatenate([draws.place, heads], axis=1)
    low, high = (
        np.quantile(every_quantity, [(1 + side * level) / 2 for level in LEVELS], axis=0)
        for side in (-1, 1)
    )
    known = np.concatenate([place[0], truth])
    inside = (low <= known) & (known <= high)
    quantities = [*(law.name for law in prior.laws()), *HEADLINES]
    covered = {f"covers_{round(100 * level)}": inside[k] for k, level in enumerate(LEVELS)}
    return pd.DataFrame({"trial": number, "quantity": quantities} | covered)


def coverage(trials: pd.DataFrame, confidence: float = 0.99) -> pd.DataFrame:
    """Return one row a quantity and level: share covered, and whether binomial bounds hold it."""
    from scipy.stats import binom

    rows = []
    tail = (1 - confidence) / 2
    for level in LEVELS:
        column = f"covers_{round(100 * level)}"
        for quantity, held in trials.groupby("quantity", sort=False)[column]:
            low, high = binom.ppf([tail, 1 - tail], len(held), level) / len(held)
            share = float(held.mean())
            rows.append({"quantity": quantity, "level": level, "trials": len(held), "share": share,
                         "low": low, "high": high, "within": low <= share <= high})  # fmt: skip
    return pd.DataFrame(rows)


def _printed(one: Target, value: float) -> Target:
    """The target as this clinic would have printed it: rounded like the study's figure."""
    if one.rounding == 0 or not np.isfinite(value):
        return replace(one, value=value)
    step = 2 * one.rounding
    return replace(one, value=float(np.round(value / step) * step))
