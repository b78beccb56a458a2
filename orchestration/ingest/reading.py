"""The files of one delivery, read and put through the row contract; nothing of them is stored yet.

Also the gate's rules that need what a file holds: its declared rows, its honest kind.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from expectations import dictionary
from expectations.contract import Checked, check_rows, reconcile
from orchestration.errors import InputMissing
from orchestration.ingest import readers
from orchestration.ingest.deliveries import DeliveredFile, Delivery
from orchestration.ingest.facts import Read
from orchestration.ingest.found_files import CORRECTIONS, is_called_like_the_contract
from orchestration.ingest.refusal import KIND_RULE, OVERRIDABLE, Refused
from orchestration.journal import Journal

if TYPE_CHECKING:
    from expectations.dictionary import Table
    from orchestration.ingest.text_table import TextTable

SYNTHETIC_NAME = "SYNTHETIQUE"


def read_files(delivery: Delivery, journal: Journal, *, is_excused: bool) -> list[Read]:
    """Read every file of a delivery that holds a table, and apply the row contract to each table.

    Parameters
    ----------
    is_excused
        A person's word, or an earlier night, has set the rules of `OVERRIDABLE` aside.

    Raises
    ------
    Refused
        A file breaks a rule of the gate or of the contract; the refusal names it.
    InputMissing
        Synthetic patients without the simulator's manifest.
    """
    reads = []
    for file in delivery.files:
        tables = dictionary.tables_for_file(file.name)
        if not tables:
            _require_name_of_the_contract(file)
            journal.event("file_ignored", suffix=Path(file.name).suffix)
            continue
        try:
            parsed = readers.parse(file.path, name=file.name)
            for table in tables:
                text = readers.read(file.path, table, name=file.name, parsed=parsed)
                if len(tables) > 1 and text.rows.empty and text.dropped.empty:
                    continue  # an export without this instrument says nothing of the table
                reads.append(_check(delivery, file, table, text, is_excused=is_excused))
        except Refused as refusal:
            refusal.file_name = file.name
            raise
    _require_declared_rows(reads)
    return reads


def _require_name_of_the_contract(file: DeliveredFile) -> None:
    """A file called almost like one of the contract would be passed over without a word."""
    if file.name != CORRECTIONS and is_called_like_the_contract(file.name):
        raise Refused(
            "gate_file_name",
            "it is called like a file of the contract, but not <name>_AAAAMMJJ.csv or .xlsx (or "
            "corrections.csv) as the contract says",
            file.name,
        )


def _check(
    delivery: Delivery,
    file: DeliveredFile,
    table: Table,
    text: TextTable,
    *,
    is_excused: bool,
) -> Read:
    """Apply the row contract to one table of one file."""
    checked = check_rows(table, text.rows, delivery_date=delivery.day)
    reconcile(len(text.rows), checked)
    _require_honest_kind(delivery, checked)
    refusal = checked.refusal
    if refusal and not (is_excused and refusal[0] in OVERRIDABLE):
        raise Refused(*refusal)
    return Read(delivery, file, table, text, checked)


def _require_declared_rows(reads: list[Read]) -> None:
    """The manifest's `lignes` counts data rows; a file of several tables is counted whole."""
    for file in {one.file.name: one.file for one in reads}.values():
        declared = file.declared.n_rows if file.declared else None
        mine = [one for one in reads if one.file.name == file.name]
        found = sum(len(one.text.rows) + len(one.text.dropped) for one in mine)
        if declared is not None and mine[0].text.encoding != "xlsx" and declared != found:
            raise Refused(
                "gate_manifest_mismatch",
                f"the manifest declares {declared} rows, the file has {found}",
                file.name,
            )


def _require_honest_kind(delivery: Delivery, checked: Checked) -> None:
    """A file of synthetic patients without the simulator's manifest would pass as real."""
    if delivery.kind != "real" or "last_name" not in checked.kept:
        return
    if (checked.kept["last_name"] == SYNTHETIC_NAME).any():
        raise InputMissing(
            f"Delivery {delivery.name} holds synthetic patients but its manifest does not say "
            "so; nothing was loaded: deliver it with the simulator's own manifest "
            f"(rule {KIND_RULE})."
        )
