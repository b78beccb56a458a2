"""Trials conducted in a world: who is in which arm, what is answered, what becomes of the reports.

Here: readings by arm, from numbered replicates. Not here: how relief arises (the generator), how it
is answered (`readings.py`), how the trial is analysed (`analyses.py`).

Patients of an arm are drawn in order, so that a smaller trial is the beginning of a larger one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulate import batch
from simulate.parameters import Parameters
from simulate.scenario import Scenario
from simulate.streams import Stream, uniforms
from simulate.studies.trials.readings import LEAST_HORIZON, Answers, answers, read

FloatArray = NDArray[np.float64]

SECOND_ARM = 1_000_000
"""Number of the second arm's first patient: arms of any size never share a patient."""
_GROUPS = {
    "central_vs_peripheral": (("central", None), ("peripheral", None)),
    "ischaemic_vs_haemorrhagic": ((None, "ischaemic_stroke"), (None, "haemorrhagic_stroke")),
}


@dataclass(frozen=True)
class Arms:
    """One reading, or one endpoint, by arm; NaN where there is none.

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
    asked: frozenset[str] = frozenset({"relief"}),
    law: Any = None,
) -> dict[str, Arms]:
    """Draw complete readings of a trial, by name.

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
    asked, law
        Readings wanted beside reported relief, and the `endpoints.Response` that makes them.

    Returns
    -------
    dict
        `Arms` of sessions up to the longest of the trial.
    """
    n_sessions = max(trial.sessions)
    active, sham = (parameters.with_values(sham_share=share) for share in (0.0, 1.0))
    how = answers(asked, law, active)
    draw = Draw(seed, numbers, n_sessions, how)
    none = np.empty((len(numbers), 0, n_sessions))
    if trial.design == "crossover":
        return _crossover(trial, active, sham, draw, n_patients, second_from == 0)
    n_first, n_second = sizes(trial, n_patients)
    if trial.design == "withdrawal":
        both = _withdrawal(trial, active, draw, (n_first, n_second), second_from)
    elif trial.design == "subgroups":
        one, other = (replace(active, scenario=only(active.scenario, g)) for g in groups(trial))
        both = (
            _mixed(one, other, draw, n_first, trial.misclassified),
            _mixed(other, one, draw, n_second, trial.misclassified),
        )
    else:
        first = draw(active, (0, n_first))
        both = first, draw(sham, (second_from, n_second)) if n_second else first[:, :, :0]
    return {name: Arms(one, other, none) for name, one, other in zip(how.names, *both, strict=True)}


@dataclass(frozen=True)
class Draw:
    """Draws readings of patients of one trial: (names, replicates, patients, sessions)."""

    seed: int
    numbers: Any
    n_sessions: int
    how: Answers

    def __call__(
        self, parameters: Parameters, who: tuple[int, int], *, course: int = 0, before: int = 0
    ) -> FloatArray:
        """Return the trial's sessions, and `before` more that precede them."""
        at = self.seed, self.numbers
        return read(parameters, at, who, before + self.n_sessions, self.how, course)


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


def _mixed(
    own: Parameters, other: Parameters, draw: Draw, n: int, misclassified: float
) -> FloatArray:
    """Readings of a group of which a share belongs to the other one."""
    found = draw(own, (0, n))
    if not misclassified:
        return found
    stray = draw(other, (SECOND_ARM, n))
    u = uniforms(own.scenario, draw.seed, Stream.TRIAL, draw.numbers, (2 * SECOND_ARM, n), 1)
    return np.where(u < misclassified, stray, found)


def _crossover(
    trial: Any, active: Parameters, sham: Parameters, draw: Draw, n: int, same_noise: bool
) -> dict[str, Arms]:
    """Each period is a course of its own: relief builds up anew, with new noise."""
    by_arm = [
        np.stack(
            [
                draw(arm, (0, n), course=2 * cycle + (0 if same_noise else k))
                for cycle in range(trial.cycles)
            ],
            axis=-2,
        )
        for k, arm in enumerate((active, sham))
    ]
    own = _expected_difference(active, sham, draw, n)
    none = own[:, :0]
    found = {
        name: Arms(one, other, none)
        for name, one, other in zip(draw.how.names, *by_arm, strict=True)
    }
    law = draw.how.law
    if law is None or law.recalls_exactly:  # the mean report is known of relief told exactly alone
        found["relief"] = replace(found["relief"], own_difference=own)
    return found


def _expected_difference(active: Parameters, sham: Parameters, draw: Draw, n: int) -> FloatArray:
    """Expected difference of reported relief of every patient, shape (R, patients, sessions)."""
    horizon = max(draw.n_sessions, LEAST_HORIZON)
    one, other = (
        batch.draw(arm, draw.seed, draw.numbers, n, horizon, ("expected",)).expected
        for arm in (active, sham)
    )
    return (one - other)[..., : draw.n_sessions].astype(np.float64)


def _withdrawal(
    trial: Any, active: Parameters, draw: Draw, arms: tuple[int, int], second_from: int
) -> tuple[FloatArray, FloatArray]:
    """Who passes the test goes on as before or under sham; the others have no outcome."""
    test = trial.test_sessions
    withdrawn = active.with_values(
        relapse_share=1.0, relapse_first=float(test), relapse_delay=0.0, relapse_loss=trial.loss
    )
    found = (
        draw(active, (0, arms[0]), before=test),
        draw(withdrawn, (second_from, arms[1]), before=test),
    )
    # relief is always the first reading
    first, second = (
        np.where(y[0][..., test - 1, None] >= trial.threshold_pct, y[..., test:], np.nan)
        for y in found
    )
    return first, second


def hide(
    readings: Mapping[str, Arms], law: Any, scenario: Scenario, seed: int, numbers: Any
) -> dict[str, Arms]:
    """Return the trial as it is written down, by a law of `trials.design.Missing`.

    A missing report is a missed visit: no reading of it is there.
    """
    if not (law.intermittent or law.stop or law.wrong_visit):
        return dict(readings)
    found = {name: [arms.first, arms.second] for name, arms in readings.items()}
    for k, start in enumerate((0, SECOND_ARM)):
        relief = found["relief"][k]
        if not relief.shape[1]:
            continue
        who = start, relief.shape[1]
        if law.wrong_visit:
            u = uniforms(scenario, seed, Stream.VISIT, numbers, who, _n(relief))
            for both in found.values():
                both[k] = _one_visit_late(both[k], u.reshape(relief.shape) < law.wrong_visit)
            relief = found["relief"][k]
        u = uniforms(scenario, seed, Stream.TRIAL, numbers, who, 2 * _n(relief))
        is_missing = np.isnan(_hide(relief, law, u))
        for both in found.values():
            both[k] = np.where(is_missing, np.nan, both[k])
    return {
        name: replace(arms, first=found[name][0], second=found[name][1])
        for name, arms in readings.items()
    }


def _n(reports: FloatArray) -> int:
    """Reports of a patient."""
    return int(np.prod(reports.shape[2:]))


def _one_visit_late(reports: FloatArray, is_late: NDArray[np.bool_]) -> FloatArray:
    """Where a report is entered a visit late it stands in the place of the next one."""
    shown = reports.copy()
    shown[..., 1:] = np.where(is_late[..., 1:], reports[..., :-1], reports[..., 1:])
    return shown


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
