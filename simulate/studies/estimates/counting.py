"""Estimates against truth, added up over replicates as whole numbers: any order, the same bits.

Here: the cells of a study of estimates, and the loop of one shard. Not here: cohorts, analyses, and
what is made of the sums (`performance.py`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from simulate.studies import coverage, truth_error
from simulate.studies.estimates.analyses import analyse
from simulate.studies.estimates.analyses.found import Found
from simulate.studies.estimates.cohorts import Cohort, Large, draw
from simulate.studies.estimates.sums import MOMENTS, POINTS, STEPS, SUMS
from simulate.studies.study import digest
from simulate.studies.sums import moment

if TYPE_CHECKING:
    from simulate.scenario import Scenario
    from simulate.studies.estimates.design import Design

BATCH = 16
"""Replicates drawn together: bounds the memory of a shard of any size."""
_truths: dict[tuple[str, str], Large] = {}


def cells(design: "Design", world: "Scenario") -> pd.DataFrame:
    """Return one row a cell of a world, in the order of `count`.

    Returns
    -------
    pandas.DataFrame
        cell_id, n_patients, method, analysis, estimand, is_headline.
    """
    head = (design.headline.n_patients, design.headline.method, design.headline.estimand)
    data = design.data.model_dump(mode="json", include={"horizon_session", "offered", "calendar"})
    rows = []
    for n, method, estimand in _grid(design):
        asked = method.model_dump_json(exclude={"name", "estimands"})
        made = [world.scenario_id, data, n, asked, estimand, design.performance.level, design.seed]
        rows.append(
            {
                "cell_id": digest(made),
                "n_patients": n,
                "method": method.name,
                "analysis": method.analysis,
                "estimand": estimand,
                "is_headline": (n, method.name, estimand) == head,
            }
        )
    return pd.DataFrame(rows)


def _grid(design: "Design") -> Iterator[tuple[int, Any, str]]:
    for n in design.data.n_patients:
        for method in design.methods:
            for estimand in method.estimands:
                yield n, method, estimand


def count(design: "Design", world: "Scenario", replicates: range) -> pa.Table:
    """Draw cohorts of one world, analyse each, and add up how far from the truth they are.

    Returns
    -------
    pyarrow.Table
        One row a cell, in the order of `cells`: n_replicates, sums, moments, positions of the truth
        (`coverage`) and its own error (`truth_error`), all int64. Tables of disjoint
        replicates add up.
    """
    n_cells = sum(1 for _ in _grid(design))
    sums = np.zeros((len(SUMS), n_cells), dtype=np.int64)
    moments = np.zeros((len(MOMENTS), n_cells), dtype=np.int64)
    positions = np.zeros((len(coverage.COLUMNS), n_cells), dtype=np.int64)
    errors = np.zeros((len(truth_error.COLUMNS), n_cells), dtype=np.int64)
    at = {name: k for k, name in enumerate(SUMS)}
    pairs = np.array([(at[a], at[b]) for a, b in MOMENTS])
    large = _large(design, world)
    most, dated = max(design.data.n_patients), design.data.calendar
    for start in range(replicates.start, replicates.stop, BATCH):
        numbers = np.arange(start, min(start + BATCH, replicates.stop))
        drawn = draw(design.data, world, design.seed, numbers, most, calendar=dated)
        for row in range(len(numbers)):
            cohorts = [Cohort(drawn, row, n) for n in design.data.n_patients]
            whole, placed, of_truth = _replicate(design, cohorts, large)
            sums += whole
            moments += whole[pairs[:, 0]] * whole[pairs[:, 1]]
            positions += placed
            errors += of_truth
    n = np.full(n_cells, len(replicates), dtype=np.int64)
    names = ["n_replicates", *SUMS, *(moment(*pair) for pair in MOMENTS)]
    names += [*coverage.COLUMNS, *truth_error.COLUMNS]
    return pa.table(dict(zip(names, [n, *sums, *moments, *positions, *errors], strict=True)))


def _large(design: "Design", world: "Scenario") -> Large:
    """Return the truth of a world, the last one's kept: shards of a world follow each other."""
    key = design.design_id, world.scenario_id
    if key not in _truths:
        _truths.clear()
        _truths[key] = Large(design, world)
    return _truths[key]


def _replicate(
    design: "Design", cohorts: list[Cohort], large: Large
) -> tuple[NDArray[np.int64], ...]:
    """Return sums, positions and errors of truths of one replicate, each (numbers, cells)."""
    columns, placed, of_truth = [], [], []
    for cohort in cohorts:
        for method in design.methods:
            found = analyse(method, cohort, large, design.performance.level)
            for name in method.estimands:
                one, step = found[name], STEPS.get(name, POINTS)
                columns.append(tally(one, step))
                known = np.isfinite(one.estimate)
                placed.append(coverage.by_position(one.lo[known], one.hi[known], one.truth[known]))
                known &= np.isfinite(one.truth)
                lo, hi, truth = one.lo, one.hi, one.truth
                error = truth_error.count(lo, hi, truth, one.apart, known, step[0])
                of_truth.append(error.sum(axis=1))
    return tuple(np.stack(part, axis=1) for part in (columns, placed, of_truth))


def tally(found: Found, step: tuple[float, float]) -> NDArray[np.int64]:
    """Return the whole numbers of `SUMS` of one replicate."""
    is_known = np.isfinite(found.estimate) & np.isfinite(found.truth)
    has_interval = is_known & np.isfinite(found.lo) & np.isfinite(found.hi)
    estimate, truth = found.estimate[is_known], found.truth[is_known]
    lo, hi, held = (part[has_interval] for part in (found.lo, found.hi, found.truth))
    error = estimate - truth
    values = (
        is_known.sum(),
        (np.isfinite(found.truth) & ~is_known).sum(),
        estimate.sum() / step[0],
        truth.sum() / step[0],
        error.sum() / step[0],
        (error**2).sum() / step[1],
        has_interval.sum(),
        ((lo <= held) & (held <= hi)).sum(),
        (hi - lo).sum() / step[0],
    )
    return np.rint(np.array(values, dtype=float)).astype(np.int64)
