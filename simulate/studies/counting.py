"""Decisions against truth, counted over replicates: sums and sums of products, no ratio.

Here: the loop of one shard. Not here: the loops within a block (`kernel.py`), rules (`methods.py`),
truths (`estimands.py`), what is made of the counts (`performance.py`).

The numbers are whole; products are added in floating point no further than it is exact, then in
64-bit whole numbers: any order gives the same bits.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulate.studies import blocks, calibration, variance, worlds
from simulate.studies.estimands import truths
from simulate.studies.grid import Grid, lay_out
from simulate.studies.kernel import count_replicates
from simulate.studies.learning import forecasts
from simulate.studies.sums import MOMENTS, SUMS, moment

if TYPE_CHECKING:
    from simulate.scenario import Scenario
    from simulate.studies.design import Design

BATCH = 64
"""Replicates drawn together: bounds the memory of a shard of any size."""
_EXACT_SINGLE = 2**24
_EXACT = 2**53
_PAIR_A = np.array([SUMS.index(a) for a, _ in MOMENTS])
_PAIR_B = np.array([SUMS.index(b) for _, b in MOMENTS])
IntArray = NDArray[np.int64]


def count(design: "Design", world: "Scenario", replicates: range) -> pa.Table:
    """Draw replicates of one world and count every cell.

    Returns
    -------
    pyarrow.Table
        One row a cell, in the order of `grid.cells`: n_replicates, n_patients, the sums and the
        moments of `performance`, counts by block (`blocks`); where rules learn, counts by predicted
        chance (`calibration`) and by posterior (`variance`) too; all int64. Tables of disjoint
        replicates add up.
    """
    grid, wanted = lay_out(design), design.truths
    shape = (grid.n_decisions, len(wanted))
    groups = design.n_posteriors
    sums = np.zeros((groups, len(SUMS), *shape), dtype=np.int64)
    moments = np.zeros((groups, len(MOMENTS), *shape), dtype=np.int64)
    chances = np.zeros((len(calibration.COLUMNS), *shape), dtype=np.int64)
    by_block = np.zeros((blocks.N_BLOCKS, len(blocks.COUNTED), *shape), dtype=np.int64)
    horizons = np.array([t.horizon_session for t in wanted])
    n_patients = design.data.n_patients
    for start in range(replicates.start, replicates.stop, BATCH):
        some = range(start, min(start + BATCH, replicates.stop))
        batch = worlds.draw(world, design.seed, some, n_patients, design.data.horizon_session)
        forecast = forecasts(design, world, some, batch.recorded)
        has = truths(batch, wanted)
        for k in range(groups):  # those that posterior k judges: start + i = k modulo groups
            rows = range((k - start) % groups, len(some), groups)
            into = (sums[k], moments[k], by_block)
            _count_batch(batch, rows, start, forecast, grid, has, horizons, into)
        if design.predictions:
            calibration.count(forecast, batch.n_sessions, has, grid, chances)
    n = np.full(sums[0, 0].size, len(replicates), dtype=np.int64)
    names = ["n_replicates", "n_patients", *SUMS, *(moment(*pair) for pair in MOMENTS)]
    both = (sums.sum(axis=0), moments.sum(axis=0))
    arrays = [n, n * n_patients, *(row.ravel() for rows in both for row in rows)]
    table = dict(zip(names, arrays, strict=True))
    table |= _by_block(by_block, replicates)
    if design.predictions:
        table |= dict(zip(calibration.COLUMNS, (row.ravel() for row in chances), strict=True))
        table |= _by_posterior(sums, moments, replicates)
    return pa.table(table)


def _by_block(by_block: IntArray, replicates: range) -> dict[str, IntArray]:
    """Columns of `blocks`: replicates, missed responders and test sessions by block."""
    found: dict[str, IntArray] = {}
    for k, counted in enumerate(by_block):
        rows = [row.ravel() for row in counted]
        n = _each(k, blocks.N_BLOCKS, replicates)
        every = [np.full(rows[0].size, n, dtype=np.int64), *rows]
        found |= dict(zip(blocks.columns(k), every, strict=True))
    return found


def _each(k: int, n: int, replicates: range) -> int:
    """How many replicates are k modulo n."""
    return len(range((k - replicates.start) % n, len(replicates), n))


def _by_posterior(sums: IntArray, moments: IntArray, replicates: range) -> dict[str, IntArray]:
    """Columns of `variance`: replicates, missed responders and their squares by posterior."""
    missed, squared = SUMS.index("fn"), MOMENTS.index(("fn", "fn"))
    groups = len(sums)
    columns = []
    for k in range(groups):
        n = _each(k, groups, replicates)
        found = sums[k, missed].ravel(), moments[k, squared].ravel()
        columns += [np.full(found[0].size, n, dtype=np.int64), *found]
    return dict(zip(variance.columns(groups), columns, strict=True))


def _count_batch(
    batch: worlds.Batch,
    rows: range,
    first: int,
    forecast: NDArray[np.float64],
    grid: Grid,
    has: tuple[NDArray[np.int32], NDArray[np.int32]],
    horizons: IntArray,
    totals: tuple[IntArray, IntArray, IntArray],
) -> None:
    """Add some rows of a batch to the counts, so many at once that floating point is exact.

    `first` is the number of the batch's first replicate.
    """
    sums, moments, by_block = totals
    longest = max(int(batch.session_day.max()), batch.expected.shape[-1])
    largest = batch.n_sessions.shape[1] * longest
    if largest >= _EXACT_SINGLE:
        raise ValueError(
            f"data.n_patients {batch.n_sessions.shape[1]} with courses of {longest} days cannot be "
            "counted exactly; make the cohorts smaller and draw more of them"
        )
    at_once = max(1, min(len(batch.n_sessions), _EXACT // (largest * largest)))
    decisions = (grid.first_cell, grid.n_lags, grid.n_thresholds, grid.reference, grid.lag)
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        part = slice(some.start, some.stop, some.step)
        added, squared, apart = (np.zeros(total.shape) for total in totals)
        count_replicates(
            tuple(map(_whole, (batch.recorded[part], batch.assessment[part], forecast[part]))),
            (_whole(batch.n_sessions[part]), _whole(batch.session_day[part])),
            (_whole(has[0][part]), _whole(has[1][part]), horizons),
            grid.columns,
            decisions,
            grid.threshold_pct,
            (added, squared, _PAIR_A, _PAIR_B),
            ((first + np.array(some)) % blocks.N_BLOCKS, apart),
        )
        sums += added.astype(np.int64)
        moments += squared.astype(np.int64)
        by_block += apart.astype(np.int64)


def _whole(rows: NDArray[Any]) -> NDArray[Any]:
    """Rows one after another: a kernel compiled for such arrays is not compiled anew for steps."""
    return np.ascontiguousarray(rows)
