"""The hard gate: every row of every accepted file is accounted for, once, at every layer.

Belongs here: rows in = kept + quarantined + dropped, and every kept row behind a version. Does not:
what a row was set aside for (`results`).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from expectations.rules import rule
from expectations.validate import CheckResult, Status
from orchestration.quality.queries import rows

if TYPE_CHECKING:
    import duckdb

RECONCILED = "contract_reconciled"
MOST_NAMED = 5


def reconcile(
    connection: duckdb.DuckDBPyConnection, *, as_of: date | None = None
) -> list[CheckResult]:
    """Count the rows of every accepted delivery, file by file and version by version.

    Parameters
    ----------
    connection
        The attached warehouse, after the derived tables are written.
    as_of
        Day on which the derived tables are as known; None = today.

    Returns
    -------
    list of CheckResult
        Rule `contract_reconciled`, one a dictionary table (files whose rows do not come out even,
        of its files) and one a `raw_*` table (rows that no version speaks for, and versions that
        no row opened, of its versions). A table of files in an empty warehouse fails: that
        nothing was lost of nothing proves nothing.
    """
    return [*_files(connection), *_versions(connection, as_of)]


def _files(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    files = rows(connection, "uneven_files")
    tables = sorted({file["table_name"] for file in files}) or ["ingest_file"]
    results = []
    for table in tables:
        of_table = [file for file in files if file["table_name"] == table]
        uneven = [file["file_name"] for file in of_table if not file["is_even"]]
        results.append(_result(table, len(uneven), len(of_table), _named(uneven)))
    return results


def _named(files: list[str]) -> str:
    shown = ", ".join(files[:MOST_NAMED])
    return f"{shown} and {len(files) - MOST_NAMED} more" if len(files) > MOST_NAMED else shown


def _versions(connection: duckdb.DuckDBPyConnection, as_of: date | None) -> list[CheckResult]:
    return [
        _result(
            f"raw_{layer['table_name']}",
            _unaccounted(layer),
            layer["n_versions"] + layer["n_lost"],
            _versions_in_words(layer),
        )
        for layer in rows(connection, "uneven_versions", {"as_of": as_of})
    ]


def _unaccounted(layer: dict[str, Any]) -> int:
    parts = layer["n_current"] + layer["n_set_aside"] + layer["n_closed"]
    return layer["n_lost"] + layer["n_invented"] + abs(layer["n_versions"] - parts)


def _versions_in_words(layer: dict[str, Any]) -> str:
    told = (
        f"{layer['n_versions']} versions = {layer['n_current']} current + "
        f"{layer['n_set_aside']} set aside + {layer['n_closed']} closed"
    )
    if layer["n_lost"]:
        told += f"; {layer['n_lost']} kept rows are behind no version"
    if layer["n_invented"]:
        told += f"; {layer['n_invented']} versions were opened by no row"
    return told


def _result(table: str, numerator: int, denominator: int, detail: str) -> CheckResult:
    # Required: on nothing at all it fails.
    status: Status = "passed" if denominator and not numerator else "failed"
    return CheckResult(
        rule_id=RECONCILED,
        table=table,
        column=None,
        status=status,
        severity=rule(RECONCILED).severity,
        numerator=numerator,
        denominator=denominator,
        row_keys=(),
        detail=detail or ("" if denominator else "no accepted file"),
    )
