"""The seam to the generator: a world, numbered replicates -> arrays of cohorts.

Here: which worlds a study names, and cohorts in which every patient is offered sessions to the
horizon: nobody is turned away by the clinic's own rule, nobody leaves by the calendar. Not here:
how relief arises (`simulate/relief.py`).
"""

from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulate import batch
from simulate.engine.records import Stop
from simulate.members import parameters_for
from simulate.parameters import Parameters
from simulate.scenario import Scenario, load

if TYPE_CHECKING:
    from simulate.studies.study import Study

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

GOES_ON, EFFICACY, SURGERY, OTHER = range(4)
"""Why a course ended before the horizon."""
_REASON = np.full(len(Stop), OTHER)
_REASON[[Stop.STILL_TREATED, Stop.LOSS_OF_EFFICACY, Stop.EMCS_SURGERY]] = (
    GOES_ON,
    EFFICACY,
    SURGERY,
)


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
        What was written down, NaN where nothing was or no session was given.
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


def worlds(design: "Study") -> list[Scenario]:
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


MEMBER = "population.member"
"""Field that makes the worlds of a study parts of an ensemble."""


def labels(design: "Study", without: tuple[str, ...] = ()) -> dict[str, str]:
    """Return what tells each world of a study from the others, by `scenario_id`.

    Fields `without` are not told, so that worlds that differ in them alone are called the same.
    """
    data = design.data
    found = {}
    for world, (name, *values) in zip(
        worlds(design), product(data.worlds, *data.vary.values()), strict=True
    ):
        told = [
            f"{field.rsplit('.', 1)[-1].replace('_', ' ')} {value}"
            for field, value in zip(data.vary, values, strict=True)
            if field not in without
        ]
        plain = name.replace("_", " ")
        found[world.scenario_id] = (
            ", ".join(([plain] if len(data.worlds) > 1 else []) + told) or plain
        )
    return found


def draw(world: Scenario, seed: int, replicates: range, n_patients: int, horizon: int) -> Batch:
    """Draw cohorts in which every patient is offered sessions to the horizon.

    Who stays below the clinic's threshold after session 4 is offered more like everybody else, and
    stops at the hazard that the world gives to non-responders who go on. A replicate is the same
    whoever draws it, alone or with others.
    """
    numbers = np.arange(replicates.start, replicates.stop)
    members = parameters_for(_open_ended(world), seed, numbers)
    parameters = members.with_values(extra_share=1.0, excluded_share=0.0)
    drawn = batch.draw(
        parameters,
        seed,
        numbers,
        n_patients,
        horizon,
        ("recorded", "expected", "calendar"),
        with_flow=True,
    )
    n_sessions = drawn.n_sessions.astype(np.int64)
    expected = drawn.expected.astype(np.float64)
    return Batch(
        expected=expected,
        share_of_days_covered=_share_covered(parameters, expected),
        recorded=drawn.recorded.astype(np.float64),
        assessment=drawn.assessment.astype(np.float64),
        n_sessions=n_sessions,
        stop_reason=_REASON[drawn.stop_reason],
        session_day=_days_from_first(drawn.session_day, n_sessions),
    )


def _share_covered(parameters: Parameters, expected: FloatArray) -> FloatArray:
    """Expected days of relief over the mean interval of maintenance, 0 where none is expected."""
    base, per_point, interval = (
        parameters[name][:, None, None]
        for name in ("duration_base", "duration_per_point", "interval_mean")
    )
    lasting = np.minimum((base + per_point * expected) / interval, 1.0)
    return np.where(expected > 0, lasting, 0.0)


def _days_from_first(day: NDArray[np.int32], n_sessions: IntArray) -> IntArray:
    """Days from the first session; 0 for sessions that were not given, which nobody counts."""
    given = np.arange(day.shape[-1]) < n_sessions[..., None]
    return np.where(given, day.astype(np.int64) - day[..., :1], 0)


def _open_ended(world: Scenario) -> Scenario:
    """Return the world with neither an end of the window nor a closure."""
    end = date(2200, 1, 1)
    later = {"rtms_end": end, "emcs_end": end, "closed_from": None, "closed_to": None}
    return world.model_copy(update={"clinic": world.clinic.model_copy(update=later)})
