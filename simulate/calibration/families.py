"""A look at the study by every combination of structures, and how likely each then is.

Here: what the combinations are, their looks side by side, their shares, draws of all of them. Not
here: one look (`sampler.py`), rounds of simulation (`calibrate.py`).

Each curve has a regression of its own, and each combination of curve, noise and drop-out its own
clinics and its own look: draws that had to find their way from one combination to another would
stay where they began, and a regression of one curve believes what it learnt from another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from simulate.calibration import prior
from simulate.calibration.cloud import Draws, FloatArray, IntArray
from simulate.calibration.emulator import Bank, Emulator, fit_emulator
from simulate.calibration.sampler import Look, look
from simulate.calibration.surface import Surface, surface
from simulate.parameter_table import STRUCTURES

CURVE = list(STRUCTURES).index("curve")
DOUBTS = 4096  # numbers by which uncertain evidence is averaged
Combination = tuple[int, ...]


@dataclass(frozen=True)
class Seen:
    """A combination of structures as it was seen.

    Attributes
    ----------
    structure
        Its codes.
    surface
        What weighed its draws: the regression of its curve, and the printed vector.
    look
        Draws, cloud, log evidence.
    halves
        Log evidence by either half of the curve's clinics alone, (2,).
    """

    structure: Combination
    surface: Surface
    look: Look
    halves: FloatArray


def combinations() -> list[Combination]:
    """Return every combination of structures; those of one curve stand together."""
    return list(product(*prior.levels()))


def of_combination(bank: Bank, structure: Combination) -> Bank:
    """Return the clinics of one combination."""
    return bank.take(np.flatnonzero((bank.structure == np.array(structure)).all(axis=1)))


def regression_of(bank: Bank, curve: int) -> Emulator:
    """Return the regression learnt from the clinics of one curve."""
    levels = tuple((curve,) if k == CURVE else one for k, one in enumerate(prior.levels()))
    return fit_emulator(bank.take(np.flatnonzero(bank.structure[:, CURVE] == curve)), levels)


def seen(
    bank: Bank, starts: dict[Combination, FloatArray], printed: FloatArray, rounding: FloatArray,
    rng: np.random.Generator, n: int, *, in_halves: bool = False,
) -> list[Seen]:  # fmt: skip
    """Return how the combinations of one curve are seen from that curve's clinics.

    Parameters
    ----------
    bank
        Clinics, those of other curves among them.
    starts
        Place from which each combination is climbed; all of one curve.
    printed, rounding
        The printed vector and its half widths of rounding, (T,).
    n
        Draws of each look.
    in_halves
        Look again from either half of the clinics, which costs two further looks each.
    """
    curve = next(iter(starts))[CURVE]
    order = rng.permutation(np.flatnonzero(bank.structure[:, CURVE] == curve))
    parts = [order, *((order[k::2] for k in range(2)) if in_halves else ())]
    emulators = [regression_of(bank.take(part), curve) for part in parts]
    found = []
    for structure, start in starts.items():
        own, *others = (surface(one, structure, printed, rounding) for one in emulators)
        first = look(own, start, rng, n=n)
        again = [look(one, first.cloud.mean, rng, n=n).log_evidence for one in others]
        halves = np.array(again or [first.log_evidence] * 2)
        found.append(Seen(structure, own, first, halves))
    return found


def shares(every: Sequence[Seen]) -> FloatArray:
    """Return how likely each combination is, (G,), all alike before.

    Evidence rests on a regression, and two halves of its clinics give two values: their spread,
    over all combinations, is the error with which all evidence is known, and shares are averaged
    over it.
    """
    evidence = np.array([one.look.log_evidence for one in every])
    gap = np.array([one.halves[0] - one.halves[1] for one in every])
    error = np.sqrt((gap**2).mean() / 2)
    doubt = error * np.random.default_rng(0).standard_normal((DOUBTS, len(evidence)))
    raw = evidence + doubt
    raw = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray((raw / raw.sum(axis=1, keepdims=True)).mean(axis=0))


def with_enough(every: Sequence[Seen], n: int, rng: np.random.Generator) -> list[Seen]:
    """Return the same with further draws where n draws of all ask for more than there are."""
    found = []
    for one, share in zip(every, shares(every), strict=True):
        need = round(n * share)
        if need > len(one.look.place):
            more = look(one.surface, one.look.cloud.mean, rng, n=need)
            one = replace(one, look=replace(one.look, place=more.place))
        found.append(one)
    return found


def mixed(every: Sequence[Seen], n: int, rng: np.random.Generator) -> Draws:
    """Return n draws of all combinations, each as heavy as its combination's share asks.

    As many draws of each as its share says, but no draw twice: where a combination has too few,
    they weigh more.
    """
    share = shares(every)
    place, structure, weight = [], [], []
    for one, part in zip(every, share, strict=True):
        found = one.look.place
        count = min(round(n * part), len(found))
        if count:
            place.append(found[rng.permutation(len(found))[:count]])
            structure.append(np.tile(one.structure, (count, 1)))
            weight.append(np.full(count, part / count))
    return Draws(np.concatenate(place), np.concatenate(structure), np.log(np.concatenate(weight)))


def mean_figures(every: Sequence[Seen], place: FloatArray, structure: IntArray) -> FloatArray:
    """Return the expected figures at places, each by the regression of its curve, (n, T)."""
    figures = every[0].surface.emulator.coefficients.shape[1]
    mean = np.empty((len(place), figures))
    for one in {one.structure[CURVE]: one for one in every}.values():
        here = structure[:, CURVE] == one.structure[CURVE]
        mean[here] = one.surface.emulator.mean(place[here], structure[here])
    return mean


def mean_covariance(every: Sequence[Seen]) -> FloatArray:
    """Return the covariance of a clinic's figures, averaged over combinations by share, (T, T)."""
    return np.asarray(
        sum(
            w * one.surface.emulator.covariance for w, one in zip(shares(every), every, strict=True)
        )
    )
