"""Estimates against truth, added up over replicates as whole numbers: any order, the same bits.

Here: the cells of a study of trials, and the loop of one shard. Not here: conduct, analyses, and
what is made of the sums (`performance.py`).
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from simulate.members import parameters_for
from simulate.parameters import Parameters
from simulate.studies import coverage, truth_error
from simulate.studies.study import digest
from simulate.studies.sums import moment
from simulate.studies.trials.analyses import Found, analyse, truth
from simulate.studies.trials.conduct import Arms, conduct, hide
from simulate.studies.trials.readings import Member
from simulate.studies.trials.sums import MOMENTS, SUMS, UNITS

if TYPE_CHECKING:
    from simulate.scenario import Scenario
    from simulate.studies.trials.design import Design

BATCH = 256
"""Replicates drawn together: bounds the memory of a shard of any size."""
TRUE_PATIENTS = 200_000
TRUE_PATIENTS_OF_MEMBER = 8_000
"""Patients of the large trial that stands for the truth: of a world, of a member of an ensemble."""
_TRUE_SEED = 0x7472757468
_NAMES = {"name", "endpoint", "response"}
RESPONDER_FROM = 10.0
"""Relief in per cent from which a patient is a responder (rule R4), for flips of status."""
FloatArray = NDArray[np.float64]


def cells(design: "Design", world: "Scenario") -> pd.DataFrame:
    """Return one row a cell of a world, in the order of `count`.

    Returns
    -------
    pandas.DataFrame
        cell_id, trial, design, missing, sessions, n_patients, method, endpoint, estimand,
        is_headline.
    """
    head = design.headline
    rows = []
    for trial, missing, sessions, n, method in _grid(design):
        law = design.data.missing[missing].model_dump_json()
        made = [trial.model_dump_json(exclude=_NAMES | {"n_patients", "sessions", "missing"}), law]
        response, endpoint = design.response_of(trial), design.data.endpoints[method.endpoint]
        asked = [
            None if response is None else response.model_dump_json(),
            endpoint.model_dump_json(),
            sessions,
            n,
            method.model_dump_json(exclude=_NAMES),
            design.performance.level,
            design.seed,
        ]
        own = (trial.name, missing, sessions, method.name)
        rows.append(
            {
                "cell_id": digest([world.scenario_id, *made, *asked]),
                "trial": trial.name,
                "design": trial.design,
                "missing": missing,
                "sessions": sessions,
                "n_patients": n,
                "method": method.name,
                "endpoint": method.endpoint,
                "estimand": method.targets,
                "is_headline": own == (head.trial, head.missing, head.sessions, head.method),
            }
        )
    return pd.DataFrame(rows)


def _grid(design: "Design") -> Iterator[tuple[Any, str, int, int, Any]]:
    for trial in design.data.trials:
        for missing in trial.missing:
            for sessions in trial.sessions:
                for n in trial.n_patients:
                    for method in design.methods:
                        if design.fits(method, trial):
                            yield trial, missing, sessions, n, method


def count(design: "Design", world: "Scenario", replicates: range) -> pa.Table:
    """Conduct and analyse replicates of one world's trials.

    Returns
    -------
    pyarrow.Table
        One row a cell, in the order of `cells`: n_replicates, sums, moments, positions of the truth
        (`coverage`) and its own error (`truth_error`), all int64. Tables of disjoint replicates add
        up.
    """
    grid = list(_grid(design))
    sums = np.zeros((len(SUMS), len(grid)), dtype=np.int64)
    moments = np.zeros((len(MOMENTS), len(grid)), dtype=np.int64)
    positions = np.zeros((len(coverage.COLUMNS), len(grid)), dtype=np.int64)
    errors = np.zeros((len(truth_error.COLUMNS), len(grid)), dtype=np.int64)
    for start in range(replicates.start, replicates.stop, BATCH):
        numbers = np.arange(start, min(start + BATCH, replicates.stop))
        _count_batch(design, world, numbers, grid, (sums, moments, positions, errors))
    n = np.full(len(grid), len(replicates), dtype=np.int64)
    names = ["n_replicates", *SUMS, *(moment(*pair) for pair in MOMENTS)]
    names += [*coverage.COLUMNS, *truth_error.COLUMNS]
    return pa.table(dict(zip(names, [n, *sums, *moments, *positions, *errors], strict=True)))


def _count_batch(
    design: "Design",
    world: "Scenario",
    numbers: NDArray[np.int64],
    grid: list[Any],
    totals: tuple[NDArray[np.int64], ...],
) -> None:
    sums, moments, positions, errors = totals
    parameters = parameters_for(world, design.seed, numbers)
    at = {name: k for k, name in enumerate(SUMS)}
    level = design.performance.level
    whole: dict[str, Any] = {}
    shown: dict[tuple[str, str], Any] = {}
    for cell, (trial, missing, sessions, n, method) in enumerate(grid):
        if trial.name not in whole:
            whole = {trial.name: _conducted(design, trial, parameters, numbers)}
        if (trial.name, missing) not in shown:
            law = design.data.missing[missing]
            told = hide(whole[trial.name], law, world, design.seed, numbers)
            shown = {(trial.name, missing): Endpoints(told, design.data.endpoints)}
        endpoints = shown[trial.name, missing]
        arms = endpoints[method.endpoint].part(trial, n, sessions)
        found = analyse(method, arms, level)
        if trial.design == "crossover" and n == 1:
            true, apart = arms.own_difference[:, 0, -1], truth_error.NOTHING
        else:
            true, apart = _truths(design, parameters, trial, sessions, method, world)
        one = tally(found, true, level, UNITS[method.targets])
        one["n_randomised"] = _seen(arms)
        right = whole[trial.name]["relief"].part(trial, n, sessions)
        flips = _flips(endpoints.readings["relief"].part(trial, n, sessions), right)
        one["n_judged"], one["n_flipped"] = flips
        stacked = np.stack([one[name] for name in SUMS])
        sums[:, cell] += stacked.sum(axis=1)
        positions[:, cell] += coverage.by_position(found.lo, found.hi, true)
        known, step = np.isfinite(found.estimate), UNITS[method.targets][0]
        of_truth = truth_error.count(found.lo, found.hi, true, apart, known, step)
        errors[:, cell] += of_truth.sum(axis=1)
        for k, (a, b) in enumerate(MOMENTS):
            moments[k, cell] += stacked[at[a]] @ stacked[at[b]]


def _conducted(design: "Design", trial: Any, parameters: Parameters, numbers: Any) -> Any:
    return conduct(
        trial,
        parameters,
        design.seed,
        numbers,
        max(trial.n_patients),
        asked=design.readings_of(trial),
        law=design.response_of(trial),
    )


class Endpoints:
    """Endpoints of one trial, made of its readings when they are first asked for."""

    def __init__(self, readings: Mapping[str, Arms], laws: Mapping[str, Any]):
        self.readings, self._laws = readings, laws
        self._made: dict[str, Arms] = {}

    def __getitem__(self, name: str) -> Arms:
        """Return one by its name in the study."""
        if name not in self._made:
            self._made[name] = endpoint_of(self._laws[name], self.readings)
        return self._made[name]


def endpoint_of(law: Any, readings: Mapping[str, Arms]) -> Arms:
    """Return an endpoint from readings by arm."""
    first, second = (
        law.values({name: getattr(arms, side) for name, arms in readings.items()})
        for side in ("first", "second")
    )
    relief = readings["relief"]
    is_relief = first is relief.first
    own = relief.own_difference if is_relief else relief.own_difference[:, :0]
    return Arms(first, second, own)


def _flips(shown: Arms, right: Arms) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Patients with a last report, and of them those whose status is not that of the right one."""
    judged = flipped = np.zeros(len(shown.first), dtype=np.int64)
    for told, true in ((shown.first, right.first), (shown.second, right.second)):
        last, own = told[..., -1], true[..., -1]
        is_there = ~np.isnan(last)
        differs = is_there & ((last >= RESPONDER_FROM) != (own >= RESPONDER_FROM))
        over = tuple(range(1, last.ndim))
        judged, flipped = judged + is_there.sum(axis=over), flipped + differs.sum(axis=over)
    return judged, flipped


def _seen(arms: Arms) -> NDArray[np.int64]:
    """Patients with an outcome, a replicate; those of a crossover trial once."""
    both = (arms.first,) if arms.first.ndim == 4 else (arms.first, arms.second)
    seen = [(~np.isnan(y)).any(axis=tuple(range(2, y.ndim))).sum(axis=1) for y in both]
    return np.sum(seen, axis=0)


def tally(
    found: Found, true: FloatArray, level: float, unit: tuple[float, float]
) -> dict[str, NDArray[np.int64]]:
    """Return the whole numbers of `SUMS` of the estimates, one a replicate, of one method."""
    is_tested = ~np.isnan(found.p)
    is_estimated = np.isfinite(found.estimate)
    has_interval = np.isfinite(found.lo) & np.isfinite(found.hi)
    is_rejected = is_tested & (np.nan_to_num(found.p, nan=1.0) < level)
    is_signed = is_rejected & is_estimated & (true != 0)
    estimate = np.where(is_estimated, found.estimate, 0.0)
    error = np.where(is_estimated, estimate - true, 0.0)
    covers = has_interval & (found.lo <= true) & (true <= found.hi)
    width = np.where(has_interval, found.hi - found.lo, 0.0)
    whole = {
        "n_tested": is_tested,
        "n_rejected": is_rejected,
        "n_failed": ~is_tested,
        "n_estimated": is_estimated,
        "error": error / unit[0],
        "error2": error**2 / unit[1],
        "truth": np.where(is_estimated, true, 0.0) / unit[0],
        "n_intervals": has_interval,
        "n_covering": covers,
        "width": width / unit[0],
        "n_signed": is_signed,
        "n_wrong_sign": is_signed & (np.sign(estimate) != np.sign(true)),
        "magnitude": np.where(is_signed, np.abs(estimate), 0.0) / unit[0],
        "true_magnitude": np.where(is_signed, np.abs(true), 0.0) / unit[0],
    }
    return {name: np.rint(value).astype(np.int64) for name, value in whole.items()}


def _truths(
    design: "Design",
    parameters: Parameters,
    trial: Any,
    sessions: int,
    method: Any,
    world: "Scenario",
) -> tuple[FloatArray, FloatArray]:
    """Truth of every replicate: that of the world, or of the member that it was drawn from.

    With its deviations (`truth_error.py`), shape (blocks, replicates).
    """
    is_point = world.population.ensemble is None
    n = TRUE_PATIENTS if is_point else TRUE_PATIENTS_OF_MEMBER
    content = [
        parameters.rows[k : k + 1].tobytes() for k in range(1 if is_point else len(parameters))
    ]
    asked = trial, design.response_of(trial), design.readings_of(trial), n
    endpoint = design.data.endpoints[method.endpoint]
    told = [
        _truth_of(Member(world.scenario_id, c, world), asked, sessions, method, endpoint)
        for c in content
    ]
    each = np.broadcast_to(np.array(told), (len(parameters), 1 + truth_error.BLOCKS)).T
    return each[0], truth_error.deviations(each[1:])


@lru_cache(maxsize=100_000)
def _truth_of(member: Member, asked: Any, sessions: int, method: Any, endpoint: Any) -> FloatArray:
    trial, *_, n_patients = asked
    arms = endpoint_of(endpoint, _large(member, asked)).part(trial, n_patients, sessions)
    return truth(method, arms)


@lru_cache(maxsize=2)
def _large(member: Member, asked: Any) -> dict[str, Arms]:
    trial, law, readings, n = asked
    zero = np.array([0])
    return conduct(trial, member.parameters, _TRUE_SEED, zero, n, 0, asked=readings, law=law)
