"""Errors of figures over worlds: other cohorts in the same worlds, and other worlds.

Here: the counts by block of one rule at all its lengths, and figures of them drawn anew. Not here:
the figures (`lengths.py`, `knowing.py`), or the error of a ratio of sums (`ratios.py`), which needs
no drawing.

A figure that chooses is no smooth function of the counts: leaving one block out, as a jackknife
does, moves a choice too rarely, and each move then weighs too much. Hence the bootstrap, in two
ways that stay apart:

- `mcse`, Monte Carlo: in every world its B blocks of cohorts are drawn anew with replacement, B - 1
  of them, so that the variance of a mean is that of the sample (Rao and Wu 1988, JASA 83:231). More
  cohorts shrink it.
- `error`, worlds and cohorts together: M - 1 of the M worlds are drawn with replacement, each with
  its own estimates, whose Monte Carlo error is in how far they lie apart already: the spread of
  what is drawn first tells the whole. More cohorts alone do not shrink it below what the worlds
  leave. Worlds that are equal parts of an ensemble lie more evenly than drawn ones: it is an upper
  bound for them.

A share that no world shows, or all, has no spread to draw from: its `error` is that of
`ratios.error_of_all_alike`. With one world `error` is not known, with one block `mcse` is not.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.studies.blocks import COUNTED, N_BLOCKS
from simulate.studies.choice import BY_RULE
from simulate.studies.ratios import error_of_all_alike

FloatArray = NDArray[np.float64]
DRAWS = 200
"""An error of so many draws is itself known to 5 % (1 / sqrt(2 x 200))."""
_SEED = 1
OVER_WORLDS = [name for name in BY_RULE if name != "scenario_id"]
"""What the figures of one rule over worlds are named by."""


@dataclass(frozen=True)
class Sample:
    """What every length misses and takes in every world, drawn any number of times.

    Attributes
    ----------
    missed, tested
        Missed responders, test sessions, per 100 who start; shape (..., worlds, lengths).
    weight
        Of the worlds, shape (..., worlds), or (worlds,) where all draws have the same ones.
    world
        Places of the worlds among those of `Lengths`, same shape.
    """

    missed: FloatArray
    tested: FloatArray
    weight: FloatArray
    world: NDArray[np.int64]

    def loss(self, rate: float) -> FloatArray:
        """Return test sessions + rate x missed, per 100 who start."""
        return self.tested + rate * self.missed

    def mean(self, values: Any) -> FloatArray:
        """Return the weighted mean over worlds, which stand on the last axis."""
        return np.asarray((values * self.weight).sum(axis=-1) / self.weight.sum(axis=-1))

    def by_length(self, values: Any) -> FloatArray:
        """Return the same of every length, worlds on the axis before the last."""
        return self.mean(np.moveaxis(values, -1, 0)).T


@dataclass(frozen=True)
class Lengths:
    """Counts of one rule and threshold under one truth, by world, block and length.

    Attributes
    ----------
    scenario_ids, test_sessions
        Worlds and lengths, in the order of the arrays.
    patients
        Who start, shape (worlds, blocks).
    counts
        Missed responders and test sessions, shape (2, worlds, blocks, lengths).
    weight
        Of the worlds.
    """

    scenario_ids: tuple[str, ...]
    test_sessions: NDArray[np.int64]
    patients: FloatArray
    counts: FloatArray
    weight: FloatArray

    @cached_property
    def seen(self) -> Sample:
        """What was simulated; no leading axis."""
        missed, tested = 100 * self.counts.sum(axis=2) / self.patients.sum(axis=1)[:, None]
        return Sample(missed, tested, self.weight, np.arange(len(self.weight)))

    @cached_property
    def other_cohorts(self) -> Sample | None:
        """The same worlds with their blocks drawn anew; None where a world has one block."""
        there = self.patients > 0
        n = there.sum(axis=1)
        if n.min() < 2:
            return None
        times = np.random.default_rng(_SEED).multinomial(
            n - 1, there / n[:, None], size=(DRAWS, len(n))
        )
        patients = np.einsum("dmb,mb->dm", times, self.patients)
        turned = times.swapaxes(0, 1).astype(float)
        sides = [(turned @ side).swapaxes(0, 1) for side in self.counts]
        missed, tested = (100 * side / patients[..., None] for side in sides)
        return Sample(missed, tested, self.weight, self.seen.world)

    @cached_property
    def other_worlds(self) -> Sample | None:
        """Worlds drawn anew, each with its estimates; None of one world."""
        n = len(self.weight)
        if n < 2:
            return None
        drawn = np.random.default_rng(_SEED).integers(n, size=(DRAWS, n - 1))
        seen = self.seen
        return Sample(seen.missed[drawn], seen.tested[drawn], self.weight[drawn], drawn)

    @property
    def n_effective(self) -> float:
        """Effective number of worlds (Kish 1965, section 11.7)."""
        return float(self.weight.sum() ** 2 / (self.weight**2).sum())

    def told(
        self, figure: Callable[[Sample], Mapping[str, Any]], shares: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Return figures, each with `_mcse` and `_error`.

        Parameters
        ----------
        figure
            A sample to figures by name, arrays with the sample's leading axis first.
        shares
            Names of those that are shares of worlds.
        """
        found: dict[str, Any] = {}
        again = [None if s is None else figure(s) for s in (self.other_cohorts, self.other_worlds)]
        for name, value in figure(self.seen).items():
            spread = [np.full(np.shape(value), np.nan) if s is None else np.std(s[name], axis=0)
                      for s in again]  # fmt: skip
            if name in shares and again[1] is not None:
                alike = (value <= 0) | (value >= 1)
                spread[1] = np.where(alike, error_of_all_alike(self.n_effective), spread[1])
            whole = np.where(np.isnan(spread[1]), np.nan, np.fmax(*spread))  # of which mcse is part
            found |= {name: value, f"{name}_mcse": spread[0], f"{name}_error": whole}
        return found


def by_rule(
    rows: pd.DataFrame, weight: Mapping[str, float] | None = None
) -> Iterator[tuple[dict[str, Any], Lengths]]:
    """Yield every truth, rule, threshold and lag of some worlds with its counts by block.

    Parameters
    ----------
    rows
        `study_block`: a row a cell, with `OVER_WORLDS`, scenario_id, test_sessions, n_patients,
        n_replicates and `blocks.COLUMNS`; every world with the same lengths.
    weight
        Of the worlds, by `scenario_id`; alike if not given.
    """
    worlds = tuple(dict.fromkeys(rows["scenario_id"]))
    order = rows["scenario_id"].map({name: k for k, name in enumerate(worlds)})
    rows = rows.assign(_world=order).sort_values(["_world", "test_sessions"], kind="stable")
    weights = np.array([1.0 if weight is None else weight[name] for name in worlds])
    for key, own in rows.groupby(OVER_WORLDS, sort=False, dropna=False):
        there = own["_world"].unique()
        shape = (len(there), len(own) // len(there))
        cohort = (own["n_patients"] / own["n_replicates"]).to_numpy(float)[:: shape[1]]
        yield (
            dict(zip(OVER_WORLDS, key, strict=True)),
            Lengths(
                scenario_ids=tuple(worlds[k] for k in there),
                test_sessions=own["test_sessions"].to_numpy(np.int64)[: shape[1]],
                patients=_blocks(own, "n_replicates").reshape(*shape, N_BLOCKS)[:, 0]
                * cohort[:, None],
                counts=np.stack([
                    _blocks(own, what).reshape(*shape, N_BLOCKS).swapaxes(1, 2) for what in COUNTED
                ]),
                weight=weights[there],
            ),
        )  # fmt: skip


def _blocks(rows: pd.DataFrame, what: str) -> FloatArray:
    return rows[[f"block_{k}_{what}" for k in range(N_BLOCKS)]].to_numpy(float)


def quantiles(values: FloatArray, weight: FloatArray, at: tuple[float, ...]) -> FloatArray:
    """Return weighted quantiles over the last axis, shape (quantiles, ...).

    Between sorted values by straight lines, each at the middle of its weight, the first at 0 and
    the last at 1: with weights alike numpy's own (Hyndman and Fan 1996, definition 7).
    """
    weight = np.broadcast_to(weight, values.shape)
    order = np.argsort(values, axis=-1, kind="stable")
    ordered, w = (np.take_along_axis(part, order, axis=-1) for part in (values, weight))
    middle = np.cumsum(w, axis=-1) - w / 2
    place = (middle - middle[..., :1]) / np.maximum(middle[..., -1:] - middle[..., :1], 1e-300)
    flat = ordered.reshape(-1, ordered.shape[-1]), place.reshape(-1, place.shape[-1])
    found = [np.interp(at, x, y) for y, x in zip(*flat, strict=True)]
    return np.asarray(found).T.reshape(len(at), *values.shape[:-1])
