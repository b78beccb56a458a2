"""The seam to the generator: a world, numbered replicates -> arrays of cohorts.

Here: which worlds a study names, and cohorts in which every patient is offered sessions to the
horizon: nobody is turned away by the clinic's own rule, nobody leaves by the calendar. Not here:
how relief arises (`simulate/relief.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulate.course import take_course
from simulate.relief import draw_reports
from simulate.scenario import Scenario, load

if TYPE_CHECKING:
    from simulate.studies.design import Design

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

GOES_ON, EFFICACY, SURGERY, OTHER = range(4)
"""Why a course ended before the horizon."""
_CODE = {"loss_of_efficacy": EFFICACY, "emcs_surgery": SURGERY}
_NO_END = 40
"""Years by which the window is put off, so that no course is cut by the calendar."""


@dataclass(frozen=True)
class Batch:
    """Cohorts of one world; session k stands at index k - 1.

    Attributes
    ----------
    expected
        Mean report given the patient's curve, 0-100, shape (replicates, patients, sessions).
    share_of_days_covered
        Expected share of the days to the next session on which relief lasts, same shape, 0-1.
    recorded
        What was written down, NaN where nothing was; also of sessions after a stop, as if given.
    assessment
        The recorded assessment after session 4, NaN where missing, shape (replicates, patients).
    n_sessions
        Sessions until the patient stopped by himself, at most the horizon; (replicates, patients).
    stop_reason
        `GOES_ON`, `EFFICACY`, `SURGERY` or `OTHER`, same shape.
    session_day
        Days from the first session, shape (replicates, patients, sessions).
    """

    expected: FloatArray
    share_of_days_covered: FloatArray
    recorded: FloatArray
    assessment: FloatArray
    n_sessions: IntArray
    stop_reason: IntArray
    session_day: IntArray


def worlds(design: "Design") -> list[Scenario]:
    """Return every world of a study, in the order of the file.

    Raises
    ------
    ValueError
        For an unknown world or field, or a value that is not allowed.
    """
    data = design.data
    found = [
        load(name, {**data.what_if, **dict(zip(data.vary, values, strict=True))})
        for name in data.worlds
        for values in product(*data.vary.values())
    ]
    ids = [world.scenario_id for world in found]
    if len(set(ids)) < len(ids):
        raise ValueError("data: two of the worlds are the same; every world stands once")
    return found


def draw(world: Scenario, seed: int, replicates: range, n_patients: int, horizon: int) -> Batch:
    """Draw cohorts in which every patient is offered sessions to the horizon.

    A replicate is the same whoever draws it, alone or with others.
    """
    drawn = [_cohort(world, seed, replicate, n_patients, horizon) for replicate in replicates]
    return Batch(*(np.stack(arrays) for arrays in zip(*drawn, strict=True)))


def _cohort(
    world: Scenario, seed: int, replicate: int, n_patients: int, horizon: int
) -> Iterator[NDArray]:
    open_ended = _open_ended(world)
    reports = draw_reports(open_ended, seed, replicate, n_patients=n_patients, horizon=horizon)
    # The clinic's own rule declines only those below its threshold after session 4.
    offered = replace(reports, is_responder=np.ones(n_patients, dtype=bool))
    course = take_course(open_ended, offered, seed, replicate)
    went_on = course.n_sessions >= horizon
    reason = np.array([_CODE.get(str(r), OTHER) for r in course.stop_reason])
    law, days = world.measurement.duration_days, world.course.interval_days.mean
    lasting = law.base + law.per_relief_point * reports.expected
    day = (course.session_day - course.session_day[:, :1]).astype("timedelta64[D]")
    yield reports.expected
    yield np.minimum(lasting / days, 1.0) * (reports.expected > 0)
    yield reports.recorded
    yield reports.assessment
    yield course.n_sessions
    yield np.where(went_on, GOES_ON, reason)
    yield _whole(day.astype(np.int64), course.n_sessions)


def _whole(day: IntArray, n_sessions: IntArray) -> IntArray:
    """Days of sessions given; later ones stay at the last, which nobody counts."""
    sessions = np.arange(day.shape[1])[None, :]
    return np.where(sessions < n_sessions[:, None], day, 0)


def _open_ended(world: Scenario) -> Scenario:
    """Return the world without calendar end and without those who cannot be assessed."""
    clinic = world.clinic
    later = {
        "excluded_share": 0.0,
        "rtms_end": clinic.rtms_end.replace(year=clinic.rtms_end.year + _NO_END),
        "emcs_end": clinic.emcs_end.replace(year=clinic.emcs_end.year + _NO_END),
    }
    return world.model_copy(update={"clinic": clinic.model_copy(update=later)})
