"""Recovery of known truth: worlds drawn from the prior, reduced to the printed figures, fitted.

Here: one trial, and how often intervals cover. Not here: the fit to the study.

Every trial is a first look: one regression a curve, learnt once over the prior, is shared by all
trials; the later rounds of a whole fit, which only sharpen it, would take minutes a trial. What is
tested is that regression, likelihood, sampling, evidence and the mixture of structures say no more
than the printed figures of one clinic of 193 patients allow. The headline quantities of the
test-period study are simulated in every world that the fit leaves, not regressed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.calibration import prior
from simulate.calibration.calibrate import Progress, simulate_figures
from simulate.calibration.emulator import Bank, Emulator
from simulate.calibration.families import CURVE, Seen, combinations, mixed, regression_of
from simulate.calibration.sampler import look
from simulate.calibration.surface import surface
from simulate.calibration.targets import Target, observed, on_scale
from simulate.scenario import Scenario

FloatArray = NDArray[np.float64]
LEVELS = (0.5, 0.8, 0.95)
HEADLINES = ("sensitivity_4", "specificity_4", "sensitivity_6", "specificity_6")
LONG_TERM, RULE = 30.0, 10.0
APART = 10**7  # first replicate number of the trials' own clinics
PATIENTS = 2000  # by which a headline quantity of one world is known
DRAWS = 600


@dataclass(frozen=True)
class FirstLook:
    """What all trials share: the regression of the figures by curve."""

    targets: tuple[Target, ...]
    figures: dict[int, Emulator]


def headline_quantities(
    scenario: Scenario, place: FloatArray, structure: NDArray[np.int64], seed: int, first: int
) -> FloatArray:
    """Return sensitivity and specificity of "relief >= 10 % at session 4" and "at 6", (n, 4).

    Truth: mean expected report of sessions 13 to 15 of 30 % or more, had all gone on. Shares with
    half a patient added. World k has replicate number first + k.
    """
    from simulate.batch import draw

    rows = []
    for start in range(0, len(place), 50):
        part = slice(start, start + 50)
        worlds = prior.parameters(scenario, place[part], structure[part])
        numbers = first + start + np.arange(len(worlds))
        batch = draw(worlds, seed, numbers, PATIENTS, 15, ("expected", "reported"))
        lasting = batch.expected[:, :, 12:15].mean(axis=2) >= LONG_TERM
        pair = []
        for session in (4, 6):
            called = batch.reported[:, :, session - 1] >= RULE
            for hit, among in ((called, lasting), (~called, ~lasting)):
                right, whole = (hit & among).sum(axis=1), among.sum(axis=1)
                pair.append((right + 0.5) / (whole + 1))
        rows.append(np.stack(pair, axis=1))
    return np.concatenate(rows)


def first_look(
    chosen: tuple[Target, ...],
    scenario: Scenario,
    each: int,
    seed: int,
    progress: Progress | None = None,
) -> FirstLook:
    """Simulate clinics from the prior, `each` of every combination of structures, and learn."""
    rng = np.random.default_rng([seed, 5])
    structure = np.repeat(np.array(combinations()), each, axis=0)
    structure = structure[rng.permutation(len(structure))]
    place = rng.standard_normal((len(structure), len(prior.laws())))
    names = tuple(one.statistic for one in chosen)
    table = simulate_figures(
        scenario, names, place, structure, seed, 0, progress=progress, word="prior"
    )
    bank = Bank(place, structure, on_scale(table, chosen))
    return FirstLook(chosen, {curve: regression_of(bank, curve) for curve in prior.levels()[CURVE]})


def trial(
    first: FirstLook, scenario: Scenario, number: int, seed: int, n: int = DRAWS
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
        own = surface(first.figures[combination[CURVE]], combination, centre, rounding)
        found = look(own, np.zeros(len(prior.laws())), rng, n=n)
        every.append(Seen(combination, own, found, np.full(2, found.log_evidence)))
    draws = mixed(every, n, rng)
    index = rng.choice(len(draws.place), size=n, p=draws.weight)
    worlds, kinds = draws.place[index], draws.structure[index]
    heads = headline_quantities(scenario, worlds, kinds, seed, APART * (2 + number))
    known = headline_quantities(scenario, place, structure, seed, APART + number)[0]
    covered = covers(np.hstack([worlds, heads]), np.concatenate([place[0], known]))
    quantities = [*(law.name for law in prior.laws()), *HEADLINES]
    return pd.DataFrame({"trial": number, "quantity": quantities} | covered)


def covers(draws: FloatArray, truth: FloatArray) -> dict[str, NDArray[np.bool_]]:
    """Return for each level whether the middle of draws (n, q) holds the truth (q,).

    Quantiles at k / (n + 1): between two of n draws from the truth's own law lies the truth as
    often as the level says, however few they are.
    """
    found = {}
    for level in LEVELS:
        at = [(1 - level) / 2, (1 + level) / 2]
        low, high = np.quantile(draws, at, axis=0, method="weibull")
        found[f"covers_{round(100 * level)}"] = (low <= truth) & (truth <= high)
    return found


def coverage(trials: pd.DataFrame, confidence: float = 0.99) -> pd.DataFrame:
    """Return one row a quantity and level: share covered, and whether binomial bounds hold it.

    `within` is by quantity; `within_all` by bounds that all rows together break with one chance in
    a hundred if every interval is right (Bonferroni).
    """
    from scipy.stats import binom

    rows = []
    quantities = trials["quantity"].nunique() * len(LEVELS)
    for level in LEVELS:
        column = f"covers_{round(100 * level)}"
        for quantity, held in trials.groupby("quantity", sort=False)[column]:
            n, share = len(held), float(held.mean())
            (low, high), (lowest, highest) = (
                binom.ppf([tail, 1 - tail], n, level) / n
                for tail in ((1 - confidence) / 2, (1 - confidence) / 2 / quantities)
            )
            rows.append({"quantity": quantity, "level": level, "trials": n, "share": share,
                         "low": low, "high": high, "within": low <= share <= high,
                         "within_all": lowest <= share <= highest})  # fmt: skip
    return pd.DataFrame(rows)


def _printed(one: Target, value: float) -> Target:
    """The target as this clinic would have printed it: rounded like the study's figure."""
    if one.rounding == 0 or not np.isfinite(value):
        return replace(one, value=value)
    step = 2 * one.rounding
    return replace(one, value=float(np.round(value / step) * step))
