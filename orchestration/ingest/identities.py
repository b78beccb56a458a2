"""Where direct identifiers stop: pseudonyms for the warehouse, everything else into the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from orchestration import faults, vault

if TYPE_CHECKING:
    import duckdb

    from orchestration.ingest.facts import Read
    from orchestration.settings import Settings

_PERSON = ("last_name", "first_name", "birth_date")


def pseudonyms(reads: list[Read], key: bytes) -> dict[str, str]:
    """Canonical patient number -> pseudonym, for every number that can be read in these files."""
    numbers = {
        str(number)
        for one in reads
        for part in (one.checked.kept, one.checked.quarantined_rows)
        for number in part["ipp"].dropna().unique()
    }
    return {number: vault.pseudonym(key, number) for number in sorted(numbers)}


def commit(reads: list[Read], people: dict[str, str], key: bytes, settings: Settings) -> None:
    """Write the lines, persons, free text and odd values of a delivery, in one transaction.

    It commits before the warehouse and is keyed by (file, line): repeating it changes nothing.
    """
    known = pd.DataFrame({"patient_id": list(people.values()), "ipp": list(people)}, dtype="str")
    with vault.connect(settings) as connection:
        connection.execute("begin")
        vault.keep_pseudonyms(connection, known.assign(key_id=vault.key_id(key)))
        for one in reads:
            _write(connection, one, people)
        faults.point("before_vault_commit")
        connection.execute("commit")
    faults.point("after_vault_commit")


def _write(connection: duckdb.DuckDBPyConnection, one: Read, people: dict[str, str]) -> None:
    sha, checked = one.file.sha256, one.checked
    kept = checked.kept
    vault.keep_verbatim(connection, sha, one.text.verbatim)
    if "last_name" in kept:
        person = kept[["line", *_PERSON]].assign(patient_id=kept["ipp"].map(people))
        vault.replace_derived(connection, "identity", sha, person)
    said = [_free_text(kept, c.name) for c in one.table.file_columns if c.type == "free_text"]
    if said:
        vault.replace_derived(connection, "free_text", sha, pd.concat(said))
    unknown = one.text.unknown
    if len(unknown):
        vault.replace_derived(connection, "unknown_value", sha, unknown)
    cells = checked.quarantined_cells[["line", "column_name", "rule_id", "value"]]
    vault.replace_derived(connection, "quarantined_value", sha, cells)
    vault.replace_derived(connection, "repaired_value", sha, checked.repairs)


def _free_text(kept: pd.DataFrame, name: str) -> pd.DataFrame:
    said = kept.loc[kept[name].notna() & (kept[name] != ""), ["line", name]]
    return said.rename(columns={name: "value"}).assign(column_name=name)
