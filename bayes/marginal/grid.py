"""Where the patient effects are evaluated: nodes, their places, the rows they meet.

Here: the arrays that the kernels share. A rising course of patient i has three effects. The log
rate takes equally spaced standard scores, the same for everyone: reports say too little of it
to leave its prior. At each of them, and for each session at which a relapse may begin, start and
plateau take a product of Gauss-Hermite nodes around their own mode, where the likelihood is
log-concave. A flat course has one effect, the start, with Gauss-Hermite nodes around its mode.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayes.cohort import Cohort
from bayes.curves import ONSETS
from bayes.marginal.pieces import laws_of
from bayes.scatter import EXTRA_LEFT, SCORES, SHARES, stage_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NONE, LIGHT, FULL = range(3)
LIGHT_NODES = 1, 3
"""Nodes of start and of plateau given the start, for components that carry little."""


class Rows(NamedTuple):
    """Sessions of all patients, see `bayes.cohort.Cohort`.

    stage tells how much of the first noise is left (`bayes/scatter.py`), report and fate hold the
    position of the law of each in laws (`pieces.laws_of`), relief is 0 where it is missing.
    """

    offsets: IntArray
    session: IntArray
    stage: IntArray
    report: IntArray
    fate: IntArray
    relief: FloatArray
    laws: IntArray


class Nodes(NamedTuple):
    """Standard scores and log weights; pair and flat weights already carry exp(x^2 / 2).

    `first` and `second` are the coordinates of each pair along the directions of start and plateau;
    the same of the light nodes.
    `scatter`, `scatter_log_share` and `extra_left` are no nodes but the constants of the model's
    noise, `onsets` those of its relapses.
    """

    rate: FloatArray
    rate_log_weight: FloatArray
    first: FloatArray
    second: FloatArray
    pair_log_weight: FloatArray
    light_first: FloatArray
    light_second: FloatArray
    light_log_weight: FloatArray
    flat: FloatArray
    flat_log_weight: FloatArray
    onsets: FloatArray
    scatter: FloatArray
    scatter_log_share: FloatArray
    extra_left: FloatArray


class Places(NamedTuple):
    """Modes and scales of the standard effects; changed in place by `adapt`.

    centre (patients, scatters, rates, courses, 2), scale (the same, 3: L00, L10, L11),
    flat_centre and flat_scale (patients, scatters), effort (patients, scatters, rates, courses):
    `FULL`, `LIGHT` for components that carry little where the nodes were placed and take the light
    nodes near it, `NONE` for those that carry nothing and are left out.
    """

    centre: FloatArray
    scale: FloatArray
    flat_centre: FloatArray
    flat_scale: FloatArray
    effort: NDArray[np.int8]


def rows_of(cohort: Cohort) -> Rows:
    """Return the rows of a cohort for the kernels."""
    laws, report, fate = laws_of(cohort)
    relief, stage = np.nan_to_num(cohort.relief), stage_of(cohort.session)
    # A copy that may be written to: read-only arrays, as pandas gives them, are another type for
    # numba, and every kernel would be compiled once more.
    session = np.array(cohort.session)
    return Rows(cohort.offsets, session, stage, report, fate, relief, laws)


def make_nodes(
    n_rate: int = 20, n_start: int = 3, n_plateau: int = 7, n_flat: int = 5, step: float = 0.35
) -> Nodes:
    """Return the nodes of a product grid.

    Parameters
    ----------
    n_rate, step
        Standard scores of the log rate and their distance.
    n_start, n_plateau, n_flat
        Nodes of start, of plateau given the start, and of the level of a flat course. Plateaus
        beyond 0 or 100 are known from one side only, so that they need more nodes than starts.
    """
    rate = np.asarray(step * (np.arange(n_rate) - (n_rate - 1) / 2), dtype=float)
    weight = -(rate**2) / 2
    weight -= np.log(np.exp(weight).sum())
    pairs, light = _pairs(n_start, n_plateau), _pairs(*LIGHT_NODES)
    flat, flat_weight = _hermite(n_flat)
    onsets = np.array(ONSETS, dtype=float)
    noise = SCORES, np.log(SHARES), EXTRA_LEFT
    return Nodes(rate, weight, *pairs, *light, flat, flat_weight, onsets, *noise)


def make_places(n_patients: int, nodes: Nodes) -> Places:
    """Return places at the prior."""
    shape = (n_patients, len(nodes.scatter), len(nodes.rate), 1 + len(nodes.onsets))
    scale = np.zeros((*shape, 3))
    scale[..., 0] = scale[..., 2] = 1
    flat = np.zeros(shape[:2]), np.ones(shape[:2])
    effort = np.full(shape, FULL, dtype=np.int8)
    return Places(np.zeros((*shape, 2)), scale, *flat, effort)


def copy_places(places: Places) -> Places:
    """Return places that can be moved without moving these."""
    return Places(
        places.centre.copy(),
        places.scale.copy(),
        places.flat_centre.copy(),
        places.flat_scale.copy(),
        places.effort,
    )


def _pairs(n_start: int, n_plateau: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the coordinates of a product of nodes, and their log weights."""
    start, start_weight = _hermite(n_start)
    plateau, plateau_weight = _hermite(n_plateau)
    first, second = np.repeat(start, n_plateau), np.tile(plateau, n_start)
    return first, second, np.repeat(start_weight, n_plateau) + np.tile(plateau_weight, n_start)


def _hermite(n: int) -> tuple[FloatArray, FloatArray]:
    x, weight = np.polynomial.hermite_e.hermegauss(n)
    return x, np.log(weight / weight.sum()) + x**2 / 2
