"""The way back of one row: from a key or a place to file, line, fate and every version.

Belongs here: one join from file and line. Does not: printing, or the row's text, which is in the
vault (`vault_reading`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from orchestration.errors import InputMissing, PlateauError
from orchestration.ingest.schema import RAW_TABLES
from orchestration.quality import places
from orchestration.quality.queries import rows

if TYPE_CHECKING:
    import duckdb

MOST_LINES = 20
_ROW_KEY = re.compile(r"[0-9a-f]{16}:[0-9]+")
_BEGINNING = re.compile(r"[0-9a-f]{4,16}(:[0-9]*)?")
_PLACE = re.compile(r"(?P<file>.+\.(?:csv|xlsx)):(?P<line>[0-9!]+)", re.IGNORECASE)


def follow(connection: duckdb.DuckDBPyConnection, key: str) -> list[dict[str, Any]]:
    """Find the delivered rows behind a key, newest delivery first.

    Parameters
    ----------
    connection
        The attached warehouse.
    key
        A row key of any table, the beginning of one (4 digits or more), or `FILE:LINE`
        (`FILE:SHEET!ROW` in a workbook).

    Returns
    -------
    list of dict
        A row a delivery and table (the same file may have come twice): place, fate, rule, and
        lists `versions` of its record, `cells`, `corrections`.

    Raises
    ------
    InputMissing
        Nothing is there.
    PlateauError
        Several row keys begin so, or it is no key at all.
    """
    place = _place_of(connection, key)
    found = rows(connection, "trace_lines", place | {"most": MOST_LINES})
    if not found:
        raise InputMissing(_nothing(key) + _around(connection, place))
    for line in found:
        record = {"patient_id": line["patient_id"], "record_no": line["record_no"]}
        here = {"delivery_id": line["delivery_id"], "sha": line["file_sha256"]}
        here |= {"line": line["line"], "table": line["table"]}
        line["cells"] = rows(connection, "trace_cells", here)
        versions = {"versions": RAW_TABLES[line["table"]], "content_hash": line["content_hash"]}
        line["versions"] = rows(connection, "trace_versions", versions | record)
        line["corrections"] = rows(
            connection, "trace_corrections", {"table": line["table"]} | record
        )
    return found


def _place_of(connection: duckdb.DuckDBPyConnection, key: str) -> dict[str, Any]:
    """The file and line that a key means, as parameters of the query."""
    if place := _PLACE.fullmatch(key):
        line = places.read(place["line"])
        if line is None:
            raise PlateauError(f"{key} names no line; write FILE.csv:17 or FILE.xlsx:2!14.")
        return {"sha": None, "file": place["file"], "line": line}
    if not _ROW_KEY.fullmatch(key):
        key = _whole(connection, key)
    sha, _, line_text = key.partition(":")
    return {"sha": sha, "file": None, "line": int(line_text)}


def _whole(connection: duckdb.DuckDBPyConnection, key: str) -> str:
    """The one row key that begins so."""
    if not _BEGINNING.fullmatch(key):
        raise PlateauError(
            f"{key} is no row key (16 hex digits, a colon and a line) and no place (FILE.csv:17)."
        )
    keys = [one["row_key"] for one in rows(connection, "trace_beginning", {"key": key, "most": 4})]
    if not keys:
        raise InputMissing(_nothing(key))
    if len(keys) > 1:
        raise PlateauError(f"Several row keys begin with {key}: {', '.join(keys[:3])}, ...")
    return keys[0]


def _nothing(key: str) -> str:
    return (
        f"No row of an accepted delivery is at {key}: the rows of a refused delivery are not "
        "loaded, and a row that spans several lines is found at its first."
    )


def _around(connection: duckdb.DuckDBPyConnection, place: dict[str, Any]) -> str:
    """The rows next to a line of a known file, in words."""
    if place["file"] is None:
        return ""
    asked = {"file": place["file"], "line": place["line"]}
    near = rows(connection, "trace_around", asked)[0]
    known = [places.written(line) for line in (near["before"], near["after"]) if line is not None]
    return f" Rows next to it: {' and '.join(known)}." if known else " No such file was accepted."
