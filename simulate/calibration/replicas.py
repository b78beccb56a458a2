"""Replicate clinics of an ensemble, reduced to the printed figures.

Here: drawing members by weight, one clinic of 193 patients each, and its figures; the same for the
same member again and again, which is sampling alone; the distance of the study among them. Not
here: judging (`acceptance.py`, `misfit.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.calibration.calibrate import PIECE, Progress, draw_clinics
from simulate.calibration.ensemble import Ensemble
from simulate.calibration.figures import figures
from simulate.calibration.targets import Target, observed, on_scale
from simulate.parameters import Parameters, of_table
from simulate.scenario import Scenario

FloatArray = NDArray[np.float64]


def worlds_of(ensemble: Ensemble, scenario: Scenario) -> Parameters:
    """Return every member as parameters of the scenario."""
    return of_table(scenario, ensemble.table)


def replicate_figures(
    worlds: Parameters,
    names: tuple[str, ...],
    seed: int,
    *,
    first: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
) -> FloatArray:
    """Return the figures of one clinic a world, shape (worlds, names)."""
    table = np.empty((len(worlds), len(names)))
    also = ("demography",) if any(name.startswith("operated.") for name in names) else ()
    for start in range(0, len(worlds), PIECE):
        part = np.arange(start, min(start + PIECE, len(worlds)))
        batch = draw_clinics(worlds.take(part), seed, first + part, also=also, jobs=jobs)
        table[part] = figures(batch, names)
        if progress:
            progress("replicas", int(part[-1]) + 1, len(worlds))
    return table


def ensemble_figures(
    ensemble: Ensemble,
    worlds: Parameters,
    names: tuple[str, ...],
    n: int,
    seed: int,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> FloatArray:
    """Return the figures of n clinics whose worlds are drawn by weight, shape (n, names)."""
    chosen = ensemble.chosen(n, np.random.default_rng([seed, 2]))
    return replicate_figures(worlds.take(chosen), names, seed, jobs=jobs, progress=progress)


def sampling_width(
    ensemble: Ensemble,
    worlds: Parameters,
    names: tuple[str, ...],
    seed: int,
    *,
    members: int = 12,
    each: int = 100,
    jobs: int = 1,
) -> FloatArray:
    """Return the width of the 95 % interval that sampling alone gives, shape (names,).

    Median over members drawn by weight, each simulated `each` times.
    """
    chosen = ensemble.chosen(members, np.random.default_rng([seed, 3]))
    table = replicate_figures(
        worlds.take(np.repeat(chosen, each)), names, seed, first=10**6, jobs=jobs
    ).reshape(members, each, -1)
    low, high = np.nanpercentile(table, [2.5, 97.5], axis=1)
    return np.asarray(np.nanmedian(high - low, axis=0))


def stands(chosen: tuple[Target, ...], table: FloatArray) -> Standing:
    """Return where the study's printed figures stand among replicas' figures, (n, targets)."""
    return standing(observed(chosen)[0], on_scale(table, chosen))


@dataclass(frozen=True)
class Standing:
    """Where the study lies among replicas, by Mahalanobis distance from their middle.

    Attributes
    ----------
    distance
        Of the study; `replicas` of the replicas, each from the others' middle.
    rank, p
        Rank of the study among all, 1 the most central; share of replicas at least as far.
    contribution
        Share of the study's squared distance by which each statistic tells it apart, (names,):
        what conditioning on the others leaves of it.
    """

    distance: float
    replicas: FloatArray
    rank: int
    p: float
    contribution: FloatArray


def standing(study: FloatArray, replicas: FloatArray) -> Standing:
    """Return where a study's vector stands among replicas; both on normal scales.

    The distance is declared before any number is seen: Mahalanobis with the replicas' own mean and
    covariance, its correlations drawn a tenth towards zero; statistics undefined in more than a
    fifth of the replicas do not enter, other undefined ones stand at the mean.
    """
    usual = np.isfinite(replicas).mean(axis=0) > 0.8
    here = usual & np.isfinite(study)
    table = replicas[:, here]
    middle = np.nanmean(table, axis=0)
    table = np.where(np.isfinite(table), table, middle)
    spread = table.std(axis=0) + 1e-12
    scaled, of_study = (table - middle) / spread, (study[here] - middle) / spread
    correlation = 0.9 * np.corrcoef(scaled.T) + 0.1 * np.eye(int(here.sum()))
    inverse = np.linalg.inv(correlation)
    # a replica is measured like the study, from the middle of all; with 999 its own part is small
    squared = np.einsum("ij,jk,ik->i", scaled, inverse, scaled)
    own = float(of_study @ inverse @ of_study)
    contribution = np.full(len(study), np.nan)
    contribution[here] = (inverse @ of_study) ** 2 / np.diag(inverse) / own
    further = int((squared >= own).sum())
    return Standing(
        np.sqrt(own), np.sqrt(squared), len(squared) - further + 1,
        (further + 1) / (len(squared) + 1), contribution,
    )  # fmt: skip
