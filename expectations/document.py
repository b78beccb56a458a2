"""The data dictionary as a document: `python -m expectations.document > docs/data-dictionary.md`.

Belongs here: the published forms of `dictionary/*.yml` (Markdown, CSV, JSON). Does not: anything
that the dictionary or the registry does not say. `rules` as argument prints the page of the rules.
"""

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from expectations.columns import MISSING_TOKENS, Column
from expectations.dictionary import Table, load
from expectations.estimate_suites import COMPARISON_COLUMNS, ESTIMATE_COLUMNS
from expectations.guards import EVERY_CELL, rules_of
from expectations.lineage import LINEAGE
from expectations.model_suites import MODEL_COLUMNS, STATUS_COLUMNS

Format = Literal["markdown", "csv", "json"]

_HEAD = """# Data dictionary

What a delivery may hold and what becomes of it, table by table. Made from `expectations/dictionary/`
by `python -m expectations.document`; the row contract, the Great Expectations suites and the column
docs of dbt are made from the same files. The rules are explained in [rules.md](rules.md).

Headers match whatever their case, accents, spaces, underscores and degree signs. An empty cell is
missing, and so are {tokens}; missing is never 0 and never `aucun`. Every cell is also guarded by {every}.
A column that goes to the vault never enters the warehouse.
"""  # noqa: E501
_LINEAGE_HEAD = """
## Columns of every raw table

`raw_patients`, `raw_sessions` and `raw_emcs` hold one row a version of a record. A row stands today
where `known_to` and `set_aside_rule` are both missing.
"""
_ESTIMATES_HEAD = """
## Columns of every `estimate_*` table

One row an estimate; a row is one by `analysis`, `population` and `term`. What each table holds
stands in [marts.md](marts.md), how it is computed in [statistics.md](statistics.md).
"""
_COMPARISON_HEAD = """
## Columns of `published_comparison`

One row a figure that the study prints.
"""
_MODEL_HEAD = """
## Columns of `{name}`

A table of a model ([models.md](models.md)): *reported* relief, uncontrolled.
"""
_STATUS_HEAD = """
## Columns of `model_status`

One row a model: what became of its last attempt, and whose rows its tables hold.
"""


def render(form: Format = "markdown") -> str:
    """Return the data dictionary in one of its published forms.

    Parameters
    ----------
    form
        `markdown` for readers, `csv` (a row a column, semicolons) or `json` for machines.

    Raises
    ------
    ValueError
        For any other form.
    """
    if form == "markdown":
        return "\n".join(_markdown())
    if form == "csv":
        return _csv()
    if form == "json":
        return json.dumps(list(entries()), ensure_ascii=False, indent=2) + "\n"
    raise ValueError(f"no form {form!r}: choose markdown, csv or json")


def entries() -> Iterator[dict[str, Any]]:
    """Yield what is published of each column, in the order of the extract specification."""
    for table in load().values():
        for column in table.columns:
            yield entry(table, column)


def entry(table: Table, column: Column) -> dict[str, Any]:
    """Return what is published of one column."""
    return {
        "table": table.name,
        "column": column.name,
        "description": column.description,
        "headers_a": column.header_a if column.headers else None,
        "headers_b": column.header_b if column.headers else None,
        "aliases": list(column.headers[2:]),
        "type": column.type,
        "unit": column.unit,
        "range": _ends(column.minimum, column.maximum),
        "plausible": _ends(*(column.plausible or (None, None))),
        "form": column.form_said or None,
        "codes": {code: list(spellings) for code, spellings in column.codes.items()},
        "empty_means": column.empty_code,
        "missing_tokens": [*(MISSING_TOKENS if column.tokens else ()), *column.missing_tokens],
        "required": _required(column),
        "goes_to": "vault" if column.identifying else f"raw_{table.name}",
        "derived_from": column.derived_from,
        "rules": list(rules_of(table, column)),
    }


def _required(column: Column) -> str:
    if column.required:
        return "value"
    if column.header_required:
        return "header"
    return "optional" if column.optional else "expected"


def _ends(low: float | None, high: float | None) -> str | None:
    if low is None and high is None:
        return None
    return f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}".strip()


def _csv() -> str:
    out = io.StringIO()
    rows = [{name: _flat(value) for name, value in one.items()} for one in entries()]
    writer = csv.DictWriter(out, list(rows[0]), delimiter=";", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return " / ".join(f"{code} = {' | '.join(group)}" for code, group in value.items())
    if isinstance(value, list):
        return " | ".join(value)
    return "" if value is None else str(value)


def _markdown() -> Iterator[str]:
    yield _HEAD.format(tokens=_code(MISSING_TOKENS), every=_code(EVERY_CELL))
    for table in load().values():
        yield from _table(table)
    yield _LINEAGE_HEAD
    yield from _columns(LINEAGE)
    yield _ESTIMATES_HEAD
    yield from _columns(ESTIMATE_COLUMNS)
    yield _COMPARISON_HEAD
    yield from _columns(COMPARISON_COLUMNS)
    for name, columns in MODEL_COLUMNS.items():
        yield _MODEL_HEAD.format(name=name)
        yield from _columns(columns)
    yield _STATUS_HEAD
    yield from _columns(STATUS_COLUMNS)
    yield ""


def _columns(columns: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    yield from _grid("Column", "Type", "Meaning")
    for name, (kind, description) in columns.items():
        yield _row(f"`{name}`", kind, description)


def _table(table: Table) -> Iterator[str]:
    files = _code(f"{prefix}AAAAMMJJ.{table.file_format}" for prefix in table.file_prefixes)
    yield f"## {table.name}\n"
    yield f"{table.description} Files: {files}. Key: {_code(table.key)}.\n"
    yield from _grid(
        "Column", "Headers (set A, set B, others)", "Type", "Range", "Usual", "Must be there",
        "Goes to",
    )  # fmt: skip
    columns = [entry(table, column) for column in table.columns]
    for one in columns:
        kind = f"{one['type']}, {one['unit']}" if one["unit"] else one["type"]
        yield _row(
            f"`{one['column']}`", _headers(one), kind, one["range"] or "", one["plausible"] or "",
            one["required"], one["goes_to"],
        )  # fmt: skip
    yield f"\n### {table.name}: meaning and rules\n"
    yield from _grid("Column", "Meaning", "Guarded by")
    for one in columns:
        yield _row(f"`{one['column']}`", _meaning(one), _code(one["rules"]))
    yield f"\n### {table.name}: codes\n"
    yield from _grid("Column", "Code", "Spellings, the official one first")
    for one in columns:
        for code, spellings in one["codes"].items():
            yield _row(f"`{one['column']}`", f"`{code}`", ", ".join(spellings))
    yield ""


def _headers(one: dict[str, Any]) -> str:
    if one["derived_from"]:
        return f"derived from `{one['derived_from']}`"
    return ", ".join(dict.fromkeys([one["headers_a"], one["headers_b"], *one["aliases"]]))


def _meaning(one: dict[str, Any]) -> str:
    said = [one["description"]]
    if one["form"]:
        said.append(f"Anything but {one['form']} is quarantined.")
    if one["empty_means"]:
        said.append(f"An empty cell means `{one['empty_means']}`.")
    if not one["missing_tokens"] and not one["derived_from"]:
        said.append("No word stands for a missing value.")
    return " ".join(said)


def _grid(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield _row(*("---" for _ in titles))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _code(words: Any) -> str:
    return ", ".join(f"`{word}`" for word in words)


if __name__ == "__main__":
    from expectations.rule_pages import render_rules

    sys.stdout.write(render_rules() if sys.argv[1:] == ["rules"] else render())
