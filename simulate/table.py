"""Simulated cohorts as rows of a Parquet file, one a delivered session, whatever their number.

Here: batches turned into columns and streamed to a file. Not here: drawing (`batch.py`), the
command (`orchestration`).
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simulate import margins
from simulate.batch import BY_DETAIL, BY_PATIENT, BY_SESSION, Batch, draw
from simulate.engine.records import Flow, Stop
from simulate.members import parameters_for
from simulate.population import SEXES
from simulate.scenario import Scenario

ROWS_AT_ONCE = 1_000_000
COLUMN_OF = {
    "recorded": "pain_relief_pct",
    "latent": "latent_relief_points",
    "expected": "expected_relief_pct",
    "reported": "reported_relief_pct",
    "uninterrupted": "uninterrupted_relief_pct",
    "duration_days": "relief_duration_days",
    "session_day": "session_date",
    "evaluation_day": "evaluation_date",
    "last_day": "last_session_date",
    "assessment": "test_period_relief_pct",
    "asymptote": "latent_asymptote_points",
    "rises": "has_relief",
    "level": "lesion_level",
    "site": "lesion_site",
    "last_relief": "last_relief_pct",
    "emcs_first": "emcs_first_relief_pct",
    "emcs_last": "emcs_last_relief_pct",
}
NAMES: dict[str, Sequence[str]] = {
    "stop_reason": [stop.name.lower() for stop in Stop],
    "flow": [flow.name.lower() for flow in Flow],
    "level": margins.LEVELS,
    "site": margins.SITES,
    "aetiology": margins.AETIOLOGIES,
    "sex": SEXES,
}


def write_cohorts(
    scenario: Scenario,
    path: Path,
    *,
    seed: int,
    replicates: int,
    n_patients: int,
    horizon: int,
    what: Sequence[str] = ("recorded", "latent"),
    jobs: int = 1,
    progress: Callable[[float], None] | None = None,
) -> int:
    """Write the delivered sessions of many cohorts; return the number of rows.

    Columns: replicate, patient, session_no, is_synthetic and what was asked, by the warehouse's
    name where it has one; the file's metadata name scenario and seed. A row group holds about a
    million rows, and no more is in memory at once: large cohorts are drawn by blocks of patients.
    The file appears whole.

    Raises
    ------
    ValueError
        For sizes that cannot be, or `npsi`, which has no row a session.
    """
    if "npsi" in what:
        raise ValueError("what: npsi is no column of sessions; ask `simulate.batch.draw` for it")
    partial = path.with_name(f".{path.name}.tmp")
    writer, rows, done = None, 0, 0
    try:
        for batch in _pieces(scenario, seed, replicates, n_patients, horizon, what, jobs):
            table = pa.table(_columns(batch))
            if writer is None:
                labels = {"scenario": scenario.name, "scenario_id": scenario.scenario_id}
                labels |= {"seed": str(seed), "source": "plateau-simulate: SYNTHETIC DATA"}
                schema = table.schema.with_metadata(labels)
                writer = pq.ParquetWriter(partial, schema, compression="zstd")
            writer.write_table(table.replace_schema_metadata(labels))
            rows, done = rows + table.num_rows, done + batch.recorded[..., 0].size
            if progress is not None:
                progress(done / (replicates * n_patients))
    except BaseException:
        if writer is not None:
            writer.close()
        partial.unlink(missing_ok=True)
        raise
    if writer is not None:
        writer.close()
    partial.replace(path)
    return rows


def _pieces(
    scenario: Scenario,
    seed: int,
    replicates: int,
    n_patients: int,
    horizon: int,
    what: Sequence[str],
    jobs: int,
) -> Iterator[Batch]:
    """Yield batches of about a million sessions: some cohorts, or some patients of one."""
    patients = min(n_patients, max(ROWS_AT_ONCE // horizon, 1))
    cohorts = max(ROWS_AT_ONCE // (patients * horizon), 1) if patients == n_patients else 1
    for first in range(0, replicates, cohorts):
        numbers = np.arange(first, min(first + cohorts, replicates))
        parameters = parameters_for(scenario, seed, numbers)
        for patient in range(0, n_patients, patients):
            many = min(patients, n_patients - patient)
            yield draw(
                parameters, seed, numbers, many, horizon, what, first_patient=patient, jobs=jobs
            )


def _columns(batch: Batch) -> dict[str, Any]:
    """One entry a delivered session; codes as dictionaries of their names."""
    horizon = batch.recorded.shape[2]
    is_delivered = np.arange(horizon) < batch.n_sessions[..., None]
    r, i, s = np.nonzero(is_delivered)
    columns: dict[str, Any] = {
        "replicate": batch.replicates[r].astype(np.int32),
        "patient": (batch.first_patient + i).astype(np.int32),
        "session_no": (s + 1).astype(np.int16),
        "is_synthetic": np.ones(len(r), dtype=bool),
    }
    population = batch.parameters.scenario.population
    names = NAMES | {"topography": list(population.topography)}
    names |= {"laterality": list(population.laterality)}
    for name in (*BY_SESSION, *BY_PATIENT, *BY_DETAIL):
        if name in batch.arrays:
            array = batch.arrays[name]
            values = array[is_delivered] if name in BY_SESSION else array[r, i]
            column = COLUMN_OF.get(name, name)
            if name in names:
                columns[column] = _coded(values, names[name])
            elif name.endswith("_day"):
                columns[column] = pa.array(values, pa.date32())
            else:
                columns[column] = pa.array(values, from_pandas=True)  # missing is null, never NaN
    return columns


def _coded(codes: NDArray[np.int8], names: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(list(names)))
