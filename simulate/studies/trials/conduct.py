"""Trials conducted in a world: who is in which arm, what is reported, what goes missing.

Here: reports by arm, from numbered replicates. Not here: how relief arises (the generator), how the
trial is analysed (`analyses.py`).

Patients of an arm are drawn in order, so that a smaller trial is the beginning of a larger one.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulate import batch
from simulate.parameters import Parameters
from simulate.scenario import Scenario
from simulate.streams import Stream, uniforms

FloatArray = NDArray[np.float64]

SECOND_ARM = 1_000_000
"""Number of the second arm's first patient: arms of any size never share a patient."""
LEAST_HORIZON = 4
_GROUPS = {
    "central_vs_peripheral": (("central", None), ("peripheral", None)),
    "ischaemic_vs_haemorrhagic": ((None, "ischaemic_stroke"), (None, "haemorrhagic_stroke")),
}


@dataclass(frozen=True)
class Arms:
    """Reports by arm, 0-100, NaN where there is none.

    Attributes
    ----------
    first, second
        Shapes (replicates, patients of the arm, sessions); those of the second are 0 for a cohort.
        In a crossover trial both hold the same patients, one entry a cycle: (replicates, patients,
        cycles, sessions).
    own_difference
        Expected difference at the last session of each patient of a crossover trial, shape
        (replicates, patients, sessions); empty for others.
    """

    first: FloatArray
    second: FloatArray
    own_difference: FloatArray

    def part(self, trial: Any, n_patients: int, n_sessions: int) -> "Arms":
        """Return the same trial with fewer patients and sessions."""
        n_first, n_second = sizes(trial, n_patients)
        return Arms(
            self.first[:, :n_first, ..., :n_sessions],
            self.second[:, :n_second, ..., :n_sessions],
            self.own_difference[:, :n_first, :n_sessions],
        )


def sizes(trial: Any, n_patients: int) -> tuple[int, int]:
    """Return patients of the first and of the second arm."""
    if trial.design == "cohort":
        return n_patients, 0
    if trial.design == "crossover":
        return n_patients, n_patients
    n_second = int(n_patients * trial.second_share)
    return n_patients - n_second, n_second


def conduct(
    trial: Any,
    parameters: Parameters,
    seed: int,
    numbers: Any,
    n_patients: int,
    second_from: int = SECOND_ARM,
) -> Arms:
    """Draw complete reports of a trial.

    Parameters
    ----------
    trial
        From `trials.design`.
    parameters
        One row a replicate.
    seed, numbers
        Seed; numbers of the replicates, shape (R,).
    n_patients
        Patients of all arms together.
    second_from
        Number of the second arm's first patient. From 0 both arms are the same patients, whose
        difference is known with less error: for the truth, not for a trial.

    Returns
    -------
    Arms
        Sessions up to the longest of the trial.
    """
    n_first, n_second = sizes(trial, n_patients)
    n_sessions = max(trial.sessions)
    at = seed, numbers
    active, sham = (parameters.with_values(sham_share=share) for share in (0.0, 1.0))
    none = np.empty((len(numbers), 0, n_sessions))
    if trial.design == "crossover":
        return _crossover(trial, active, sham, at, n_patients, n_sessions)
    if trial.design == "withdrawal":
        return _withdrawal(trial, active, at, (n_first, n_second), second_from, n_sessions)
    if trial.design == "subgroups":
        one, other = (replace(active, scenario=only(active.scenario, g)) for g in groups(trial))
        first = _mixed(one, other, at, n_first, n_sessions, trial.misclassified)
        second = _mixed(other, one, at, n_second, n_sessions, trial.misclassified)
        return Arms(first, second, none)
    first = _reports(active, at, (0, n_first), n_sessions)
    second = _reports(sham, at, (second_from, n_second), n_sessions) if n_second else none
    return Arms(first, second, none)


def groups(trial: Any) -> tuple[tuple[str | None, str | None], ...]:
    """Return level and cause of both groups of a trial of subgroups."""
    return _GROUPS[trial.groups]


def only(world: Scenario, group: tuple[str | None, str | None]) -> Scenario:
    """Return the world with patients of one group alone."""
    level, cause = group
    population = world.population
    kept: dict[str, Any] = {
        "lesions": tuple(
            row
            for row in population.lesions
            if (level is None or row[0] == level) and (cause is None or row[2] == "stroke")
        ),
        # where pain is felt and on which side does not enter a trial: any will do
        "topography_by_site": {},
        "laterality_by_topography": {},
    }
    if cause is not None:
        kept["stroke_types"] = {cause: 1.0}
    return world.model_copy(update={"population": population.model_copy(update=kept)})


def _reports(
    parameters: Parameters, at: tuple[int, Any], who: tuple[int, int], n_sessions: int, **more: Any
) -> FloatArray:
    """Reports of sessions 1 to `n_sessions`, had everybody come; shape (R, patients, sessions)."""
    return _drawn(parameters, at, who, n_sessions, "reported", **more).reported[..., :n_sessions]


def _drawn(
    parameters: Parameters,
    at: tuple[int, Any],
    who: tuple[int, int],
    n_sessions: int,
    *what: str,
    course: int = 0,
) -> batch.Batch:
    horizon = max(n_sessions, LEAST_HORIZON)
    first, n = who
    seed, numbers = at
    return batch.draw(
        parameters, seed, numbers, n, horizon, what, first_patient=first, course=course
    )


def _mixed(
    own: Parameters,
    other: Parameters,
    at: tuple[int, Any],
    n: int,
    n_sessions: int,
    misclassified: float,
) -> FloatArray:
    """Reports of a group of which a share belongs to the other one."""
    found = _reports(own, at, (0, n), n_sessions)
    if not misclassified:
        return found
    stray = _reports(other, at, (SECOND_ARM, n), n_sessions)
    u = uniforms(own.scenario, at[0], Stream.TRIAL, at[1], (2 * SECOND_ARM, n), 1)
    return np.where(u < misclassified, stray, found)


def _crossover(
    trial: Any,
    active: Parameters,
    sham: Parameters,
    at: tuple[int, Any],
    n: int,
    n_sessions: int,
) -> Arms:
    """Each period is a course of its own: relief builds up anew, with new noise."""
    by_arm = [
        np.stack(
            [
                _reports(arm, at, (0, n), n_sessions, course=2 * cycle + k)
                for cycle in range(trial.cycles)
            ],
            axis=2,
        )
        for k, arm in enumerate((active, sham))
    ]
    expected = [_drawn(arm, at, (0, n), n_sessions, "expected").expected for arm in (active, sham)]
    own = (expected[0] - expected[1])[..., :n_sessions].astype(np.float64)
    return Arms(by_arm[0], by_arm[1], own)


def _withdrawal(
    trial: Any,
    active: Parameters,
    at: tuple[int, Any],
    arms: tuple[int, int],
    second_from: int,
    n_sessions: int,
) -> Arms:
    """Who passes the test goes on as before or under sham; the others have no outcome."""
    test = trial.test_sessions
    withdrawn = active.with_values(
        relapse_share=1.0, relapse_first=float(test), relapse_delay=0.0, relapse_loss=trial.loss
    )
    whole = test + n_sessions
    found = (
        _reports(active, at, (0, arms[0]), whole),
        _reports(withdrawn, at, (second_from, arms[1]), whole),
    )
    first, second = (
        np.where(y[..., test - 1, None] >= trial.threshold_pct, y[..., test:], np.nan)
        for y in found
    )
    return Arms(first, second, np.empty((len(at[1]), 0, n_sessions)))


def hide(arms: Arms, law: Any, scenario: Scenario, seed: int, numbers: Any) -> Arms:
    """Return the trial with reports missing by a law of `trials.design.Missing`."""
    if not law.intermittent and not law.stop:
        return arms
    shown = [
        _hide(y, law, uniforms(scenario, seed, Stream.TRIAL, numbers, (start, y.shape[1]), _n(y)))
        if y.shape[1]
        else y
        for y, start in ((arms.first, 0), (arms.second, SECOND_ARM))
    ]
    return replace(arms, first=shown[0], second=shown[1])


def _n(reports: FloatArray) -> int:
    """Uniform numbers a patient needs: two a report."""
    return 2 * int(np.prod(reports.shape[2:]))


def _hide(reports: FloatArray, law: Any, u: FloatArray) -> FloatArray:
    """Hide reports from the session on before which a patient stops, and others one by one."""
    stops, misses = np.moveaxis(u.reshape(*reports.shape, 2), -1, 0)
    shown = np.where(misses < law.intermittent, np.nan, reports)
    if not law.stop:
        return shown
    base = np.log(law.stop) - np.log1p(-law.stop)
    seen = np.nan_to_num(shown[..., 0])
    gone = np.zeros(seen.shape, dtype=bool)
    for k in range(1, reports.shape[-1]):
        pull = law.per_point_seen * seen + law.per_point_unseen * reports[..., k]
        gone |= stops[..., k] < 1 / (1 + np.exp(-(base + pull)))
        shown[..., k] = np.where(gone, np.nan, shown[..., k])
        seen = np.where(np.isnan(shown[..., k]), seen, shown[..., k])
    return shown
