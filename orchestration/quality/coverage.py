"""Which tables and columns a rule of the gate or the contract looks at: its denominator.

Belongs here: from the dictionary, how many cells of a row a rule reads. Does not: counting rows
(`results`), or judging a cell (`expectations`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from expectations import dictionary
from expectations.rules import Rule

if TYPE_CHECKING:
    from expectations.dictionary import Column

WHOLE_DELIVERY = "ingest_file"
"""Table under which a rule is reported that judges a delivery, not one table's file."""

SET_RULES = {
    "orphan_session": "sessions",
    "orphan_visit": "emcs",
    "session_before_patient": "sessions",
    "patient_conflict": "patients",
}
"""Rules over all deliveries, judged on the records as they stand -> dictionary table."""

ENDINGS = {"row_changed": "n_changed", "row_vanished": "n_vanished"}
"""Rules over versions -> the count of `sql/ended_versions.sql` that is against them."""

ANSWERS = ("correction_file", "correction_field", "correction_record", "correction_no_match")
"""Rules over the clinic's answers."""

ANSWER_TABLE = "raw_correction"

_NUMBERS = ("decimal", "integer")
_DATES = ("date", "datetime")

_READS: tuple[tuple[str, Callable[[Column], bool]], ...] = (
    ("ipp_", lambda c: c.type == "identifier"),
    ("number_percent_sign", lambda c: c.unit == "pct" and c.type in _NUMBERS),
    ("number_not_whole", lambda c: c.type == "integer"),
    ("number_whole_decimals", lambda c: c.type == "integer"),
    ("number_", lambda c: c.type in _NUMBERS),
    ("code_", lambda c: c.type in ("code", "boolean")),
    ("date_after_delivery", lambda c: c.not_after_delivery),
    ("date_", lambda c: c.type in _DATES),
    ("time_does_not_exist", lambda c: c.type in ("datetime", "time")),
    ("time_", lambda c: c.type in ("time", "datetime")),
    ("missing_token", lambda c: bool(c.folded_tokens)),
    ("free_text_", lambda c: c.type == "free_text"),
    ("formula_text", lambda c: c.type in ("text", "free_text")),
    ("text_form", lambda c: c.form is not None),
    ("text_", lambda c: c.type in ("text", "free_text")),
)
"""Beginning of a rule id -> the columns that it reads; the first that fits decides."""


def tables_of(rule: Rule) -> tuple[str, ...]:
    """Dictionary tables that a rule is reported for, or the delivery as a whole."""
    if rule.denominator == "deliveries":
        return (WHOLE_DELIVERY,)
    if rule.id in SET_RULES:
        return (SET_RULES[rule.id],)
    if rule.id in ANSWERS:
        return (ANSWER_TABLE,)
    names = tuple(dictionary.load())
    if rule.denominator != "cells":
        return names
    return tuple(name for name in names if cells_a_row(rule, name))


def cells_a_row(rule: Rule, table: str) -> int:
    """How many cells of one row of a table a rule reads; empty cells count."""
    columns = dictionary.load()[table].file_columns
    ranges = sum(rule.id in _range_rules(column) for column in columns)
    if ranges or rule.id in _all_range_rules():
        return ranges
    for beginning, reads in _READS:
        if rule.id.startswith(beginning):
            return sum(map(reads, columns))
    return len(columns)


def headers_of(table: str) -> int:
    """How many headers are looked for in a file of a table."""
    return len(dictionary.load()[table].file_columns)


def _range_rules(column: Column) -> set[str]:
    """Rules that the dictionary names for one column alone."""
    named = {column.negative_rule, column.fraction_rule, column.conflict_rule}
    if column.minimum is not None or column.maximum is not None:
        named.add(column.range_rule)
    return {one for one in named if one}


def _all_range_rules() -> set[str]:
    tables = dictionary.load().values()
    return {one for table in tables for c in table.file_columns for one in _range_rules(c)}
