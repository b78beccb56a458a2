"""Raw assets: one pass over the new deliveries fills `raw_*`, quarantine and logs."""

import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg

from orchestration.assets.description import OWNERS, row_counts, table_schema
from orchestration.errors import PlateauError
from orchestration.ingest import schema
from orchestration.ingest.deliveries import Delivery, new_and_ready, scan
from orchestration.ingest.known import loaded_deliveries, loaded_files
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.settings import Settings
from orchestration.warehouse import Build

DELIVERIES = dg.AssetSpec(
    "deliveries",
    group_name="raw",
    kinds={"csv", "excel"},
    owners=OWNERS,
    description="The clinic's drop folder: one folder AAAAMMJJ a delivery, as it was extracted.",
)

DESCRIPTIONS = {
    "raw_patients": "Accepted rows of all patient files, typed, under pseudonyms.",
    "raw_sessions": "Accepted rows of all session files, typed, under pseudonyms.",
    "raw_emcs": "Accepted rows of the neurosurgery workbooks, one a visit after implantation.",
    "raw_patient_age": "Whole years at the first session; the birth date stays in the vault.",
    "quarantine_row": "Rows set aside by the row contract: place, rule and reason, never a value.",
    "quarantine_cell": "Cells set aside, NULL in the kept row: place, column, rule and reason.",
    "repair_log": "Cells whose text was repaired without doubt: place, column and rule.",
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
    columns = schema.all_tables() | {
        "raw_patient_age": {"patient_id": "varchar", "age_years": "double"}
    }

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
    """Load what is new; return the sums over the files of this run."""
    from orchestration.ingest import load

    with build.read() as connection:
        known, files_held = loaded_deliveries(connection), loaded_files(connection)
    try:
        found = scan(settings)
        fresh = new_and_ready(found, known)
        loaded = load.load(fresh, files_held, settings, journal, build.run_id)
    except OSError as error:
        # A drop folder on a share can hiccup; the files are read again from the start.
        raise dg.RetryRequested(max_retries=2, seconds_to_wait=RETRY_SECONDS) from error
    _say_what_waits(found, journal)
    with build.write() as connection:
        loaded.write(connection)
        load.patient_ages(connection, settings)
    files = loaded.frames.get("ingest_file", [])
    totals = {name: int(sum(part[name].sum() for part in files)) for name in _SUMS}
    totals["n_files"] = len(files)
    totals["n_deliveries"] = len(fresh)
    journal.event("ingested", **totals)
    return totals


def _say_what_waits(found: list[Delivery], journal: Journal) -> None:
    for delivery in found:
        if delivery.not_ready:
            journal.event("delivery_waits", delivery=delivery.name, reason=delivery.not_ready)


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
