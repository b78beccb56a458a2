"""The data dictionary: tables and columns that a delivery may hold, read from `dictionary/*.yml`.

Belongs here: the tables, their files and keys, and the matching of a file's header row to their
columns. Does not: reading a delivery, judging a cell.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from expectations.columns import Column, fold_header

FOLDER = Path(__file__).with_name("dictionary")
HeaderSet = Literal["A", "B", "mixed", "common"]

_STRICT = ConfigDict(extra="forbid")
_REDCAP_EXPORT = re.compile(r"redcap_export_[0-9]{8}\.csv", re.IGNORECASE)


@dataclass(frozen=True, config=_STRICT)
class HeaderMatch:
    """What a header row says; `mapping` leads from header text to column name."""

    mapping: Mapping[str, str]
    unknown: tuple[str, ...]
    missing_required: tuple[str, ...]
    missing_expected: tuple[str, ...]
    duplicated: tuple[str, ...]
    header_set: HeaderSet


@dataclass(frozen=True, config=_STRICT)
class Table:
    """One kind of file of a delivery.

    Attributes
    ----------
    name
        `patients`, `sessions` or `emcs`; the warehouse table is `raw_<name>`.
    description
        The grain, in one sentence.
    file_prefixes, file_format
        A file is called `<prefix>AAAAMMJJ.<format>`.
    key
        Columns of the natural key; the first is the patient's identifier.
    columns
        Columns in the order of the extract specification.
    required
        Whether a delivery without this file is refused.
    """

    name: str
    description: str
    file_prefixes: tuple[str, ...]
    file_format: Literal["csv", "xlsx"]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    required: bool = True

    def __post_init__(self) -> None:
        """Refuse a table whose names do not hold together."""
        names = [column.name for column in self.columns]
        if len(names) != len(set(names)):
            raise ValueError("two columns share a name")
        unknown = {*self.key, *(c.derived_from for c in self.columns if c.derived_from)} - {*names}
        if unknown:
            raise ValueError(f"key or derived_from names no column: {sorted(unknown)}")
        headers = [fold for c in self.columns for fold in {fold_header(h) for h in c.headers}]
        shared = sorted({h for h in headers if headers.count(h) > 1})
        if shared:
            raise ValueError(f"two columns share a header: {shared}")

    @property
    def file_columns(self) -> tuple[Column, ...]:
        """Columns that a file can hold, without derived ones."""
        return tuple(c for c in self.columns if c.derived_from is None)

    @property
    def warehouse_columns(self) -> tuple[Column, ...]:
        """Columns that enter `raw_<name>`, without identifying ones and free text."""
        return tuple(c for c in self.columns if not c.identifying and c.type != "free_text")

    @cached_property
    def by_header(self) -> Mapping[str, Column]:
        """Folded header -> column."""
        return {fold_header(h): c for c in self.file_columns for h in c.headers}

    def column(self, name: str) -> Column:
        """Column of this name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")

    def match_headers(self, headers: Sequence[str]) -> HeaderMatch:
        """Match a header row to the columns, whatever case, accents, spaces and order.

        Parameters
        ----------
        headers
            Cells of the header row as written; empty cells at its end are the caller's to cut.
        """
        mapping: dict[str, str] = {}
        unknown, duplicated, seen = [], [], set()
        for header in headers:
            folded = fold_header(header)
            column = self.by_header.get(folded)
            identity = column.name if column else folded
            if identity in seen:
                duplicated.append(header)
            elif column:
                mapping[header] = column.name
            else:
                unknown.append(header)
            seen.add(identity)
        absent = [c for c in self.file_columns if c.name not in seen]
        return HeaderMatch(
            mapping=mapping,
            unknown=tuple(unknown),
            missing_required=tuple(c.name for c in absent if c.required or c.header_required),
            missing_expected=tuple(
                c.name for c in absent if not (c.required or c.header_required or c.optional)
            ),
            duplicated=tuple(duplicated),
            header_set=self._header_set(mapping),
        )

    def _header_set(self, mapping: Mapping[str, str]) -> HeaderSet:
        sets: set[HeaderSet] = set()
        for header, name in mapping.items():
            column, folded = self.column(name), fold_header(header)
            a, b = fold_header(column.header_a), fold_header(column.header_b)
            if a != b and folded in (a, b):
                sets.add("A" if folded == a else "B")
        return "mixed" if len(sets) > 1 else next(iter(sets), "common")


def table_for_file(file_name: str) -> Table | None:
    """Table that a file of this name delivers (`seances_20190304.csv` -> sessions), or None."""
    for table in load().values():
        prefixes = "|".join(re.escape(prefix) for prefix in table.file_prefixes)
        pattern = rf"(?:{prefixes})[0-9]{{8}}\.{table.file_format}"
        if re.fullmatch(pattern, file_name, re.IGNORECASE):
            return table
    return None


def tables_for_file(file_name: str) -> tuple[Table, ...]:
    """Every table that a file of this name may hold: a REDCap export all, another file one or none.

    The patients come first: rows of an export that belong to no table are told with them.
    """
    if is_redcap_export(file_name):
        return tuple(load().values())
    table = table_for_file(file_name)
    return (table,) if table else ()


def is_redcap_export(file_name: str) -> bool:
    """Whether a file is called `redcap_export_AAAAMMJJ.csv`."""
    return _REDCAP_EXPORT.fullmatch(file_name) is not None


@cache
def load() -> dict[str, Table]:
    """Return every table by name, in the order patients, sessions, emcs."""
    tables = (read_table(FOLDER / f"{name}.yml") for name in ("patients", "sessions", "emcs"))
    return {table.name: table for table in tables}


def read_table(path: Path) -> Table:
    """Read one dictionary file.

    Raises
    ------
    ValueError
        Naming the file, the column and what is wrong with it.
    """
    entry = yaml.safe_load(path.read_text(encoding="utf-8"))
    entry["columns"] = [column for item in entry["columns"] for column in _expand(item)]
    try:
        return TypeAdapter(Table).validate_python(entry)
    except ValidationError as error:
        faults = (_fault(entry["columns"], fault) for fault in error.errors())
        raise ValueError(f"{path.name}: " + "; ".join(faults)) from None


def _expand(item: dict[str, Any]) -> list[dict[str, Any]]:
    """Write out a numbered series: `{n}` runs over `series`, `overrides` change single members."""
    if "series" not in item:
        return [item]
    first, last = item["series"]
    overrides = item.get("overrides", {})
    base = {key: value for key, value in item.items() if key not in ("series", "overrides")}
    members = []
    for n in range(first, last + 1):
        member = base | overrides.get(n, {})
        member["name"] = member["name"].format(n=n)
        member["headers"] = [header.format(n=n) for header in member["headers"]]
        members.append(member)
    return members


def _fault(columns: list[dict[str, Any]], fault: Any) -> str:
    """Say a validation error in the words of the file: column, field, message."""
    place = list(fault["loc"])
    if place[:1] == ["columns"] and len(place) > 1:
        place[:2] = [f"column {columns[place[1]].get('name', place[1])}"]
    return f"{' / '.join(str(part) for part in place) or 'table'}: {fault['msg']}"
