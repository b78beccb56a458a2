"""Text rows to vault and `raw_*`: keep the bytes, store verbatim, apply the row contract, load.

The order makes a kill harmless: content-addressed copy, then vault, then the warehouse build in one
transaction. Direct identifiers and free text stop here.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from expectations import dictionary
from expectations.contract import Checked, check_rows, reconcile
from orchestration import vault
from orchestration.data_directory import claim, require_key, require_kind
from orchestration.errors import ChecksFailed, InputMissing
from orchestration.ingest import schema
from orchestration.ingest.deliveries import DeliveredFile, Delivery, require_files
from orchestration.ingest.readers import Refused, TextTable, read
from orchestration.ingest.rows import Read, of_file, of_unchanged_file
from orchestration.journal import Journal
from orchestration.settings import Settings
from orchestration.warehouse import append_table

if TYPE_CHECKING:
    import duckdb

    from expectations.dictionary import Table

SYNTHETIC_NAME = "SYNTHETIQUE"
FREE_TEXT = ("side_effect_detail", "comment", "complication", "remarks")


@dataclass(slots=True)
class Loaded:
    """Frames of one ingest, ready for the build: `raw_*`, quarantine, repairs, files."""

    frames: dict[str, list[pd.DataFrame]] = field(default_factory=dict)

    def add(self, name: str, frame: pd.DataFrame) -> None:
        """Collect a part of a table."""
        self.frames.setdefault(name, []).append(frame)

    def write(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        """Append everything in one transaction; return rows by table."""
        connection.execute("begin")
        schema.create(connection)
        counts = dict.fromkeys(schema.all_tables(), 0)
        for name, parts in self.frames.items():
            for part in parts:
                append_table(connection, name, part)
                counts[name] += len(part)
        connection.execute("commit")
        return counts


def require_loadable(deliveries: list[Delivery], settings: Settings) -> None:
    """Refuse what may not be loaded, before anything is read.

    Raises
    ------
    InputMissing
        A required file or the key is absent, or a delivery is of another kind than the directory
        or than another delivery.
    """
    for delivery in deliveries:
        require_files(delivery)
        require_kind(settings, delivery.kind, delivery.name)
        if delivery.kind != deliveries[0].kind:
            raise InputMissing(
                f"Deliveries {deliveries[0].name} and {delivery.name} are of two kinds, real and "
                "synthetic; nothing was loaded: use a drop folder and a data directory for each."
            )
        require_key(settings, vault.key_id(vault.load_key(settings, delivery.kind)))


def load(
    deliveries: list[Delivery],
    loaded_files: set[str],
    settings: Settings,
    journal: Journal,
    run_id: str,
) -> Loaded:
    """Read and check every file, in date order; then keep the bytes and commit the vault.

    Parameters
    ----------
    loaded_files
        SHA-256 of the files that the warehouse holds already: the same file again is a no-op,
        noted in `ingest_file` with status 'unchanged'.

    Raises
    ------
    ChecksFailed
        A file cannot be taken; the sentence names the file, the place and the rule.
    """
    require_loadable(deliveries, settings)
    loaded, seen = Loaded(), set(loaded_files)
    fresh: list[Read] = []
    for delivery in sorted(deliveries, key=lambda d: (d.day, d.delivery_id)):
        for file in delivery.files:
            table = dictionary.table_for_file(file.path.name)
            if table is None:
                journal.event("file_ignored", file=file.path.name)
                continue
            if file.sha256 in seen:
                loaded.add("ingest_file", of_unchanged_file(delivery, file, table, run_id))
                continue
            seen.add(file.sha256)
            with journal.step(f"read {file.path.name}"):
                fresh.append(_read(delivery, file, table, journal))
    for delivery in deliveries:
        key_name = vault.key_id(vault.load_key(settings, delivery.kind))
        claim(settings, delivery.kind, key_name, delivery.name)
        _keep(delivery, settings)
    for one in fresh:
        _store(loaded, one, vault.load_key(settings, one.delivery.kind), settings, run_id)
    return loaded


def patient_ages(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Rebuild `raw_patient_age`: whole years at the first session, so that no birth date enters.

    Returns the number of patients with an age.
    """
    births = vault.birth_dates(settings)
    connection.register("births", births)
    connection.execute(
        "create or replace table raw_patient_age as "
        "select s.patient_id, "
        "date_diff('year', b.birth_date::date, s.first_day) - "
        "(strftime(s.first_day, '%m%d') < strftime(b.birth_date::date, '%m%d'))::integer "
        "::double as age_years "
        "from (select patient_id, min(session_date)::date as first_day "
        "from raw_sessions group by patient_id) as s join births as b using (patient_id)"
    )
    connection.unregister("births")
    row = connection.execute("select count(*) from raw_patient_age").fetchone()
    return int(row[0]) if row else 0


def _keep(delivery: Delivery, settings: Settings) -> None:
    """Copy a delivery's files by content, and write down which file it called what."""
    for file in delivery.files:
        target = settings.kept / file.sha256[:2] / file.sha256
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".partial")
            shutil.copyfile(file.path, partial)
            partial.replace(target)
    index = settings.kept / "index" / f"{delivery.delivery_id}.json"
    if not index.exists():
        index.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "delivery": delivery.name,
            "kind": delivery.kind,
            "files": {f.path.name: {"sha256": f.sha256, "mode": f.mode} for f in delivery.files},
        }
        partial = index.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
        partial.replace(index)


def _read(delivery: Delivery, file: DeliveredFile, table: Table, journal: Journal) -> Read:
    try:
        text = read(file.path, table)
        _require_declared_rows(file, text)
        checked = check_rows(table, text.rows, delivery_date=delivery.day)
        reconcile(len(text.rows), checked)
        _require_honest_kind(delivery, checked)
    except Refused as refusal:
        journal.event("file_refused", file=file.path.name, rule_id=refusal.rule_id)
        raise ChecksFailed(
            f"Delivery {delivery.name}, {file.path.name}: {refusal} (rule {refusal.rule_id}); "
            "nothing was published: deliver the file again, whole, or move the folder out of the "
            "drop folder."
        ) from None
    for rule_id, warning in text.warnings:
        journal.event("warning", file=file.path.name, rule_id=rule_id, detail=warning)
    return Read(delivery, file, table, text, checked)


def _store(loaded: Loaded, one: Read, key: bytes, settings: Settings, run_id: str) -> None:
    people = _identities(one.checked.kept, key)
    with vault.connect(settings) as connection:
        _commit_vault(connection, one.file, one.text, one.checked, people, vault.key_id(key))
    for name, frame in of_file(one, people, run_id):
        loaded.add(name, frame)


def _require_declared_rows(file: DeliveredFile, text: TextTable) -> None:
    declared = file.declared.n_rows if file.declared else None
    if declared is not None and text.encoding != "xlsx" and declared != len(text.rows):
        raise Refused(
            "gate_manifest_mismatch",
            f"the manifest declares {declared} rows, the file has {len(text.rows)}",
        )


def _require_honest_kind(delivery: Delivery, checked: Checked) -> None:
    """A file of synthetic patients without the simulator's manifest would pass as real."""
    if delivery.kind != "real" or "last_name" not in checked.kept:
        return
    if (checked.kept["last_name"] == SYNTHETIC_NAME).any():
        raise InputMissing(
            f"Delivery {delivery.name} holds synthetic patients but its manifest does not say "
            "so; nothing was loaded: deliver it with the simulator's own manifest."
        )


def _identities(kept: pd.DataFrame, key: bytes) -> pd.Series:
    """Pseudonym of each kept row, computed once per distinct patient number."""
    numbers = kept["ipp"].astype("str")
    return numbers.map({n: vault.pseudonym(key, n) for n in numbers.unique()})


def _commit_vault(
    connection: duckdb.DuckDBPyConnection,
    file: DeliveredFile,
    text: TextTable,
    checked: Checked,
    people: pd.Series,
    key_name: str,
) -> None:
    kept = checked.kept
    connection.execute("begin")
    vault.keep_verbatim(connection, file.sha256, text.verbatim)
    identity = pd.DataFrame(
        {
            "line": kept["line"],
            "patient_id": people,
            "key_id": key_name,
            "ipp": kept["ipp"],
            **{c: kept[c] for c in ("last_name", "first_name", "birth_date") if c in kept},
        }
    )
    vault.replace_derived(connection, "identity", file.sha256, identity)
    for name in FREE_TEXT:
        if name in kept:
            _keep_free_text(connection, file.sha256, kept[["line", name]], name)
    cells = checked.quarantined_cells[["line", "column_name", "rule_id", "value"]]
    vault.replace_derived(connection, "quarantined_value", file.sha256, cells)
    vault.replace_derived(connection, "repaired_value", file.sha256, checked.repairs)
    connection.execute("commit")


def _keep_free_text(
    connection: duckdb.DuckDBPyConnection, file_sha256: str, cells: pd.DataFrame, name: str
) -> None:
    said = cells[cells[name].notna() & (cells[name].astype("str") != "")]
    connection.execute(
        "delete from free_text where file_sha256 = ? and column_name = ?", [file_sha256, name]
    )
    if said.empty:
        return
    frame = said.rename(columns={name: "value"}).assign(file_sha256=file_sha256, column_name=name)
    connection.register("incoming", frame)
    connection.execute("insert into free_text by name select * from incoming")
    connection.unregister("incoming")
