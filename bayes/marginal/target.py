"""The log posterior density of the population, patient effects summed out.

Here: parameters in prior standard scores -> density and slopes, over the threads at hand. Not
here: where it is largest (`mode.py`), draws from it (`importance.py`).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes.cohort import Cohort
from bayes.covariates import Covariates
from bayes.marginal.adapt import adapt
from bayes.marginal.effects import draw_effects
from bayes.marginal.evaluate import evaluate
from bayes.marginal.grid import LIGHT, Nodes, Places, Rows, make_nodes, make_places, rows_of
from bayes.marginal.tables import tables_of
from bayes.parameters import KERNEL_NAMES, NAMES, PARAMETERS, slopes, values

FloatArray = NDArray[np.float64]

N_PARAMETERS = len(NAMES)
CANDIDATES = 5
"""Candidates of which one becomes a draw of a patient's course."""
EFFORTS = 1e-6, 1e-3
"""Shares of a patient's marginal likelihood below which a component is left out, or evaluated with
the light nodes."""
_RISING = NAMES.index("rising_share")
_NO_SLOPES = np.empty((0, len(KERNEL_NAMES) + 1))


@dataclass
class Target:
    """Log posterior of a cohort. A point is a vector of prior standard scores.

    Attributes
    ----------
    cohort, covariates
        Data, and the codes whose effects follow the parameters in a point.
    nodes
        Default `make_nodes()`.
    threads
        Kernels that run at the same time.
    """

    cohort: Cohort
    covariates: Covariates
    nodes: Nodes = field(default_factory=make_nodes)
    threads: int = 2
    _held: tuple[bytes, bool, FloatArray, Any] = field(
        default=(b"", False, np.empty(0), None), repr=False
    )

    @cached_property
    def rows(self) -> Rows:
        """Sessions for the kernels."""
        return rows_of(self.cohort)

    @cached_property
    def design(self) -> FloatArray:
        """What each standard effect adds to each patient's logit, shape (patients, effects)."""
        return self.covariates.design(self.cohort)

    @property
    def size(self) -> int:
        """Length of a point."""
        return N_PARAMETERS + len(self.covariates.labels)

    def tables(self, point: FloatArray, *, with_slopes: bool = False) -> tuple[FloatArray, Any]:
        """Return the kernels' natural parameters and tables; the last point's are remembered."""
        key, held = point.tobytes(), self._held  # one read: threads share this
        if held[0] != key or with_slopes > held[1]:
            p = values(point[:N_PARAMETERS])[: len(KERNEL_NAMES)]
            held = (key, with_slopes, p, tables_of(p, self.rows, self.nodes, with_slopes))
            self._held = held
        return held[2], held[3]

    def rising(self, point: FloatArray) -> FloatArray:
        """Return the logit of each patient's chance to rise, equation (4)."""
        prior = PARAMETERS[_RISING]
        common = prior.centre + prior.spread * point[_RISING]
        return np.asarray(common + self.design @ point[N_PARAMETERS:])

    def new_places(self) -> Places:
        """Return places at the prior."""
        return make_places(len(self.cohort.patients), self.nodes)

    def adapt(self, point: FloatArray, places: Places, steps: int) -> None:
        """Move the places towards the modes at a point."""
        p, tables = self.tables(point)
        self._over_patients(
            lambda i, j: adapt(p, tables, self.rows, self.nodes, places, steps, i, j)
        )

    def choose_efforts(self, point: FloatArray, places: Places) -> None:
        """Say, for points near this one, which components count and how much, in place."""
        places.effort[:] = LIGHT
        logs, component, _ = self.log_marginals(point, places)
        carried = component[..., :-1] - logs[:, None, None]
        effort = np.digitize(carried, np.log(EFFORTS)).reshape(places.effort.shape)
        places.effort[:] = effort  # NONE, LIGHT, FULL

    def log_marginals(
        self,
        point: FloatArray,
        places: Places,
        *,
        with_slopes: bool = False,
        each: bool = True,
        more: FloatArray | float = 0.0,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return each patient's log marginal, its parts by component, its slopes (see kernel).

        Unless `each`, only the sum of the slopes is that of the patients. `more` is added to the
        logits of rising.
        """
        n = len(self.cohort.patients)
        p, tables = self.tables(point, with_slopes=with_slopes)
        rising = self.rising(point) + more
        logs = np.empty(n)
        _, scatters, rates, courses, _ = places.centre.shape
        component = np.empty((n, scatters, rates * courses + 1))
        by = np.empty((n, len(p) + 1)) if with_slopes else _NO_SLOPES
        self._over_patients(
            lambda i, j: evaluate(
                p, tables, rising, self.rows, self.nodes, places, i, j, each, logs, component, by
            )
        )
        return logs, component, by

    def draw_effects(
        self,
        point: FloatArray,
        places: Places,
        component: FloatArray,
        seed: list[int],
        out: FloatArray,
        more: FloatArray | float = 0.0,
    ) -> None:
        """Fill draws of every patient's course, shape (draws, patients, 5), see the kernel."""
        p, tables = self.tables(point)
        draw_effects(
            p, tables, self.rising(point) + more, self.rows, self.nodes, places, component,
            np.random.default_rng(seed), CANDIDATES, out,
        )  # fmt: skip

    def density(self, point: FloatArray, places: Places) -> float:
        """Return the log posterior density, up to a constant."""
        return float(self.log_marginals(point, places)[0].sum() - point @ point / 2)

    def density_and_slope(self, point: FloatArray, places: Places) -> tuple[float, FloatArray]:
        """Return the log posterior density and its derivative with the nodes held."""
        logs, _, by = self.log_marginals(point, places, with_slopes=True, each=False)
        return float(logs.sum() - point @ point / 2), self.patient_slopes(point, by).sum(0) - point

    def rising_curvature(self, point: FloatArray, places: Places) -> FloatArray:
        """Return the second derivatives of the density that pass through the logits of rising.

        A logit enters a patient's likelihood as a weight of two parts, so that the slope is the
        chance to rise given the reports minus the one before, and the next derivative is known.
        """
        logs, component, _ = self.log_marginals(point, places)
        after = 1 - np.exp(component[..., -1] - logs[:, None]).sum(axis=1)
        before = 1 / (1 + np.exp(-self.rising(point)))
        by = np.zeros((len(logs), self.size))
        by[:, _RISING] = PARAMETERS[_RISING].spread
        by[:, N_PARAMETERS:] = self.design
        bend = after * (1 - after) - before * (1 - before)
        return np.asarray((by.T * bend) @ by - np.eye(self.size))

    def patient_slopes(self, point: FloatArray, by: FloatArray) -> FloatArray:
        """Return d log marginal / d point by patient from the kernel's slopes."""
        chain = slopes(point[:N_PARAMETERS])
        columns = np.zeros((len(by), N_PARAMETERS))
        columns[:, : len(KERNEL_NAMES)] = by[:, :-1] * chain[: len(KERNEL_NAMES)]
        columns[:, _RISING] = by[:, -1] * PARAMETERS[_RISING].spread
        return np.concatenate([columns, by[:, -1:] * self.design], axis=1)

    def _over_patients(self, work: Callable[[int, int], None]) -> None:
        """Run a kernel over blocks of patients of about the same work."""
        n = len(self.cohort.patients)
        blocks = min(4 * self.threads, n)
        if self.threads == 1 or blocks < 2:
            work(0, n)
            return
        ends = np.searchsorted(self.rows.offsets, np.linspace(0, self.rows.offsets[-1], blocks + 1))
        ends[0], ends[-1] = 0, n
        list(_pool(self.threads).map(work, ends[:-1].tolist(), ends[1:].tolist()))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Return threads that are kept: starting them takes as long as a small cohort's kernel."""
    return ThreadPoolExecutor(threads)
