"""Raw assets: one pass over the new deliveries fills `raw_*`, quarantine and logs."""

import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg

from orchestration.alarms import notify
from orchestration.assets.description import OWNERS, row_counts, table_schema
from orchestration.build import Build
from orchestration.errors import ChecksFailed, PlateauError
from orchestration.ingest import history, kept, schema
from orchestration.ingest.deliveries import new_and_ready, passed_over, scan
from orchestration.ingest.known import loaded_deliveries
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.settings import Settings

DELIVERIES = dg.AssetSpec(
    "deliveries",
    group_name="raw",
    kinds={"csv", "excel"},
    owners=OWNERS,
    description="The clinic's drop folder: one folder AAAAMMJJ a delivery, as it was extracted.",
)

DESCRIPTIONS = {
    "raw_patients": "Versions of every patient row, typed, under pseudonyms.",
    "raw_sessions": "Versions of every session row, typed, under pseudonyms.",
    "raw_emcs": "Versions of every visit of the neurosurgery workbooks, typed, under pseudonyms.",
    "raw_patient_age": "Whole years at the first session; the birth date stays in the vault.",
    "raw_line": "Every delivered row: kept, quarantined or dropped, and which record it is about.",
    "raw_cell": "Every cell set aside: place, column, rule and reason, never a value.",
    "raw_correction": "Every answer to the query sheet and what became of it.",
    "quarantine_row": "Rows set aside: place, rule and reason, and whether still a question.",
    "quarantine_cell": "Cells set aside, NULL in the kept row, and whether still a question.",
    "repair_log": "Cells whose text was repaired without doubt: place, column and rule.",
    "file_warning": "What was odd about a file or a cell that was kept as it is.",
    "ingest_file": "Every file of every delivery: rows in = kept + quarantined + dropped.",
}

RETRY_SECONDS = 10

_SUMS = (
    "n_rows",
    "n_kept",
    "n_quarantined",
    "n_dropped",
    "n_repaired_cells",
    "n_quarantined_cells",
)


def make(settings: Settings) -> list[Any]:
    """Assets of the raw stage."""
    columns = schema.all_tables()

    @dg.multi_asset(
        name="ingest",
        specs=[
            dg.AssetSpec(
                name,
                deps=[DELIVERIES],
                group_name="raw",
                kinds={"python", "duckdb"},
                owners=OWNERS,
                description=description,
                metadata=table_schema(columns[name], schema.descriptions()),
            )
            for name, description in DESCRIPTIONS.items()
        ],
        pool=WRITER_POOL,
    )
    def ingest(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> Iterator[dg.MaterializeResult]:
        with journal.step("ingest"):
            totals = without_values(lambda: _ingest(settings, build, journal))
        counts = row_counts(build, DESCRIPTIONS)
        for name in DESCRIPTIONS:
            extra = dict(totals) if name == "ingest_file" else {}
            yield dg.MaterializeResult(asset_key=name, metadata=counts[name] | extra)

    return [DELIVERIES, ingest]


def _ingest(settings: Settings, build: Build, journal: Journal) -> Mapping[str, int]:
    """Load what is new, and what is kept but not in this build; return the sums of this run."""
    from orchestration.ingest import load

    with build.read() as connection:
        known = loaded_deliveries(connection, settings)
    try:
        found = scan(settings)
        fresh = kept.not_in(settings, known)
        fresh += new_and_ready(found, known | {d.delivery_id for d in fresh})
        with build.write() as connection:
            loaded = load.load(fresh, connection, settings, journal, build.run_id)
            totals = _totals(connection, build.run_id)
            if not history.any_accepted(connection):
                raise ChecksFailed(" ".join(loaded.refused.values()) or "No delivery was taken.")
    except OSError as error:
        # A drop folder on a share can hiccup; the files are read again from the start.
        raise dg.RetryRequested(max_retries=2, seconds_to_wait=RETRY_SECONDS) from error
    for name, reason in passed_over(found, settings):
        journal.event("delivery_waits", delivery=name, reason=reason)
    for sentence in loaded.refused.values():
        notify(settings, "delivery_refused", sentence)
    totals |= {"n_deliveries": len(loaded.accepted), "n_refused": len(loaded.refused)}
    journal.event("ingested", **totals)
    return totals


def _totals(connection: Any, run_id: str) -> dict[str, int]:
    """Sums over the accepted files of a run."""
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in _SUMS)
    row = connection.execute(
        f"select {sums}, count(*) from ingest_file where run_id = ? and status = 'accepted'",
        [run_id],
    ).fetchone()
    return dict(zip((*_SUMS, "n_files"), map(int, row), strict=True))


def without_values[T](work: Callable[[], T]) -> T:
    """Run ingest work; an unexpected error keeps its type and places but loses its text.

    The message of, say, a pandas error may quote a patient's cell, and Dagster stores messages.
    """
    try:
        return work()
    except (PlateauError, dg.RetryRequested):
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        places = " < ".join(f"{f.name}:{f.lineno}" for f in reversed(frames))
        raise PlateauError(
            f"Ingest stopped on an unexpected {type(error).__name__} at {places}; "
            "nothing was published: report this place to the maintainers."
        ) from None
