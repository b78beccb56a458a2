"""The dictionary's part of dbt's column docs: `python -m expectations.dbt_docs dbt/models/staging/*.yml`.

Belongs here: descriptions and types of columns that come from the dictionary or are lineage, put in
the place of whatever stands in the file. Does not: any other line of those files, which dbt's own
hand writes.
"""  # noqa: E501

import re
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

from expectations.columns import Column
from expectations.dictionary import load
from expectations.lineage import LINEAGE, SQL_TYPES

STAGING = {"stg_patients": "patients", "stg_sessions": "sessions", "stg_emcs_visits": "emcs"}
WIDTH = 100

_NAME = re.compile(r"^(?P<indent> *)- name: (?P<name>\w+)$")


def column_doc(column: Column) -> str:
    """Return what dbt says of a column: meaning, unit, ends and codes, all from the dictionary."""
    said = [column.description]
    low, high = column.minimum, column.maximum
    if low is not None and high is not None:
        said.append(f"From {low:g} to {high:g}.")
    elif low is not None or high is not None:
        said.append(f"At most {high:g}." if low is None else f"At least {low:g}.")
    if column.unit:
        said.append(f"Unit {column.unit}.")
    if column.codes:
        said.append(f"Codes {', '.join(column.codes)}.")
    return " ".join(said)


def docs_of(table: str) -> dict[str, str]:
    """Column -> description of `raw_<name>` or a staging model; empty for any other table."""
    name = STAGING.get(table, table.removeprefix("raw_"))
    if name not in load() or table == name:
        return {}
    lineage = {column: meaning for column, (_, meaning) in LINEAGE.items()}
    return lineage | {c.name: column_doc(c) for c in load()[name].warehouse_columns}


def types_of(table: str) -> dict[str, str]:
    """Column -> SQL type of `raw_<name>`, in the order of the table; empty for any other."""
    name = table.removeprefix("raw_")
    if name not in load() or table == name:
        return {}
    own = {column: kind for column, (kind, _) in LINEAGE.items()}
    return own | {c.name: SQL_TYPES[c.type] for c in load()[name].warehouse_columns}


def rewrite(text: str) -> str:
    """Return a properties file of dbt with the dictionary's docs in place.

    Parameters
    ----------
    text
        The YAML as written; a table or model stands on a `- name:` line above its columns.
    """
    lines, out, table, place = text.splitlines(), [], "", 0
    while place < len(lines):
        line = lines[place]
        found, place = _NAME.match(line), place + 1
        out.append(line)
        if found is None:
            continue
        name, inner = found["name"], found["indent"] + "  "
        if docs_of(name):
            table = name
        elif name in docs_of(table):
            rest, place = _own_lines(lines, place, inner)
            described = _described(docs_of(table)[name], types_of(table).get(name), inner)
            out += [*described, *_without_docs(rest, inner)]
        elif len(inner) <= 4 + 4 * table.startswith("raw_"):
            table = ""
    return "\n".join(out) + "\n"


def _own_lines(lines: list[str], place: int, inner: str) -> tuple[list[str], int]:
    """Take the lines of one column: those indented as its keys are, or deeper."""
    start = place
    while place < len(lines) and lines[place].startswith(inner):
        place += 1
    return lines[start:place], place


def _without_docs(lines: list[str], inner: str) -> list[str]:
    kept, skipping = [], False
    for line in lines:
        if not line.startswith(inner + " "):
            skipping = line.startswith((f"{inner}description:", f"{inner}data_type:"))
        if not skipping:
            kept.append(line)
    return kept


def _described(doc: str, kind: str | None, inner: str) -> list[str]:
    one_line = f"{inner}description: {doc}"
    plain = len(one_line) <= WIDTH and not re.search(r": |#|^[\"'\[{&*!|>%@`]", doc)
    wrapped = textwrap.wrap(doc, WIDTH - len(inner) - 2, break_on_hyphens=False)
    folded = [f"{inner}description: >-", *(f"{inner}  {line}" for line in wrapped)]
    lines = [one_line] if plain else folded
    return lines + ([f"{inner}data_type: {kind}"] if kind else [])


def docs_in(properties: Mapping) -> dict[str, dict[str, dict[str, str]]]:
    """Table -> column -> properties of a loaded properties file of dbt."""
    sources = [table for source in properties.get("sources", []) for table in source["tables"]]
    return {
        table["name"]: {column["name"]: column for column in table["columns"]}
        for table in [*sources, *properties.get("models", [])]
    }


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        path = Path(argument)
        path.write_text(rewrite(path.read_text(encoding="utf-8")), encoding="utf-8")
