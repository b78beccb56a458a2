"""A batch of simulated clinics as the study would see it: groups, outcomes, status, fits.

Here: what several figures share, computed once. Not here: the figures (`figures.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classical.batched.mixed import Fits, design_of, fit
from simulate.engine.records import Stop
from simulate.margins import AETIOLOGIES, LEVELS
from simulate.questionnaire import DIMENSION_ITEMS, total

if TYPE_CHECKING:
    from simulate.batch import Batch

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
DIMENSIONS = tuple(DIMENSION_ITEMS)
TEST_SESSIONS = 4
BANDS = {"pr_10_29": (10, 30), "pr_30_49": (30, 50)}


class View:
    """The analysed patients of R clinics; arrays are (R, N) unless said otherwise."""

    def __init__(self, batch: Batch):
        self.batch = batch
        self._kept: dict[str, Any] = {}

    def kept(self, key: str, make: Callable[[], Any]) -> Any:
        """Return what `make` returned the first time."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    @cached_property
    def everyone(self) -> BoolArray:
        """All analysed patients."""
        return np.ones(self.batch.n_sessions.shape, dtype=bool)

    @cached_property
    def sessions(self) -> FloatArray:
        """Sessions delivered."""
        return np.asarray(self.batch.n_sessions, dtype=float)

    @cached_property
    def years(self) -> FloatArray:
        """First to last session, years (R9)."""
        first = self.batch.session_day[:, :, 0].astype(float)
        return (self.batch.last_day.astype(float) - first) / 365.25

    @cached_property
    def interval(self) -> FloatArray:
        """Days from session 14 to session 15 (R10), NaN without."""
        return np.asarray(self.batch.interval_14_15_days, dtype=float)

    @cached_property
    def status_relief(self) -> FloatArray:
        """Recorded assessment of the test period or, without it, session 4 (R4)."""
        assessed = self.batch.assessment.astype(float)
        return np.where(np.isnan(assessed), self.outcome("pr", TEST_SESSIONS), assessed)

    @cached_property
    def responder(self) -> BoolArray:
        """Relief of 10 % or more after the test period."""
        return self.status_relief >= 10

    @cached_property
    def operated(self) -> BoolArray:
        """Patients with motor cortex surgery."""
        return self.stopped_for("emcs_surgery")

    def stopped_for(self, reason: str) -> BoolArray:
        """Patients whose course ended for a reason, `ongoing` among them."""
        code = Stop[reason.upper()]
        return self.kept(f"reason.{reason}", lambda: self.batch.stop_reason == code)

    def group(self, name: str) -> BoolArray:
        """Patients of a group by name."""
        return self.kept(f"group.{name}", lambda: self._group(name))

    def _group(self, name: str) -> BoolArray:
        decided = ~np.isnan(self.status_relief)
        if name in BANDS:
            low, high = BANDS[name]
            return (self.status_relief >= low) & (self.status_relief < high)
        if name in LEVELS:
            return np.asarray(self.batch.level == LEVELS.index(name))
        if name.endswith("_responders") and name.split("_")[0] in LEVELS:
            return self.group(name.split("_")[0]) & self.responder
        if name in AETIOLOGIES:
            return np.asarray(self.batch.aetiology == AETIOLOGIES.index(name))
        if name in ("ischaemic", "haemorrhagic"):
            return np.asarray(self.batch.aetiology == AETIOLOGIES.index(f"{name}_stroke"))
        return {
            "whole": self.everyone,
            "responders": self.responder,
            "non_responders": decided & ~self.responder,
            "operated": self.operated,
        }[name]

    @cached_property
    def conversion(self) -> FloatArray:
        """First session after the test period with relief of 10 % or more, of non-responders (R5).

        0 where there is none within the batch's horizon.
        """
        reached = self.batch.recorded[:, :, 4:] >= 10
        late = np.where(reached.any(axis=2), 5.0 + reached.argmax(axis=2), 0.0)
        return np.where(self.group("non_responders"), late, 0.0)

    @cached_property
    def dimensions(self) -> FloatArray:
        """Five NPSI dimension scores, (R, N, 5 visits, 5); evoked with two of three items (R12)."""
        items = self.batch.npsi.astype(float)
        scores = []
        for members in DIMENSION_ITEMS.values():
            answers = items[..., [item - 1 for item in members]]
            known = (~np.isnan(answers)).sum(axis=-1)
            needed = 2 if len(members) == 3 else len(members)
            total = np.nansum(answers, axis=-1)
            scores.append(np.where(known >= needed, total / np.maximum(known, 1), np.nan))
        return np.stack(scores, axis=-1)

    @cached_property
    def most_painful(self) -> NDArray[np.int64]:
        """Dimension highest at baseline, ties in the study's order; -1 without a baseline."""
        start = self.dimensions[:, :, 0]
        known = ~np.isnan(start).any(axis=-1)
        return np.where(known, np.argmax(np.nan_to_num(start), axis=-1), -1)

    def outcome(self, name: str, session: int) -> FloatArray:
        """Values of one session; session 0 is the baseline of the NPSI."""
        return self.course(name)[:, :, session - self.first(name)]

    def first(self, name: str) -> int:
        """First session at which an outcome exists."""
        return 0 if name.endswith("npsi") else 1

    def course(self, name: str) -> FloatArray:
        """An outcome of all sessions, (R, N, sessions or visits)."""
        if name == "pr":
            return self.kept(name, lambda: self.batch.recorded.astype(float))
        if name == "dpr":
            return self.kept(name, lambda: self.batch.duration_days.astype(float))
        if name == "gnpsi":
            return self.kept(name, lambda: total(self.batch.npsi.astype(float)))
        return self.kept(name, self._most_painful_course)

    def _most_painful_course(self) -> FloatArray:
        chosen = np.maximum(self.most_painful, 0)[:, :, None, None]
        scores = np.take_along_axis(self.dimensions, chosen, axis=3)[..., 0]
        return np.where((self.most_painful >= 0)[:, :, None], scores, np.nan)

    def _test_period(self, outcome: str, group: str) -> tuple[FloatArray, FloatArray]:
        """Values of the test period, NaN outside the group, and the session numbers."""
        first = self.first(outcome)
        values = self.course(outcome)[:, :, : TEST_SESSIONS + 1 - first]
        held = np.where(self.group(group)[:, :, None], values, np.nan)
        return held, np.arange(first, TEST_SESSIONS + 1, dtype=float)

    def slope(self, outcome: str, group: str) -> Fits:
        """Random-intercept model of one group over the test period."""

        def make() -> Fits:
            values, sessions = self._test_period(outcome, group)
            return fit(values, design_of(sessions))

        return self.kept(f"slope.{outcome}.{group}", make)

    def by_status(self, outcome: str) -> Fits:
        """Random-intercept model with a level and a slope for either status.

        Columns 0 and 1 of the estimates are the levels at session 0, of those without and with
        relief of 10 %: the model's first column must be 1, so it is fitted from either side.
        """

        def make() -> Fits:
            values, sessions = self._test_period(outcome, "whole")
            values = np.where(np.isnan(self.status_relief)[:, :, None], np.nan, values)
            one = fit(values, design_of(sessions, self.responder))
            two = fit(values, design_of(sessions, ~self.responder))
            one.estimate[:, 1], one.se[:, 1] = two.estimate[:, 0], two.se[:, 0]
            return one

        return self.kept(f"status.{outcome}", make)


def rank_correlation(a: FloatArray, b: FloatArray, members: BoolArray) -> FloatArray:
    """Return Spearman's rho with mid-ranks of each clinic's members, shape (R,)."""
    from scipy.stats import rankdata

    rho = np.full(len(a), np.nan)
    both = members & ~np.isnan(a) & ~np.isnan(b)
    for r in np.flatnonzero(both.sum(axis=1) >= 4):
        x, y = rankdata(a[r, both[r]]), rankdata(b[r, both[r]])
        if np.ptp(x) > 0 and np.ptp(y) > 0:
            rho[r] = np.corrcoef(x, y)[0, 1]
    return rho
