"""Which rules guard a column of a delivery.

Belongs here: from what the dictionary says of a column to the ids of the rules that its cells meet.
Does not: the rules themselves, or deciding one.
"""

from expectations.columns import Column
from expectations.dictionary import Table

EVERY_CELL = ("cell_whitespace", "cell_too_long", "formula_error")
"""Rules that any cell meets; the published dictionary says so once."""

_DATE = (
    "date_format", "date_impossible", "date_iso", "date_variant", "date_month_name",
    "date_two_digit_year",
)  # fmt: skip
_TIME = ("time_format", "time_variant")
_NUMBER = ("number_format", "number_decimal_point", "number_grouped")
_TEXT = ("text_lossy", "formula_text")
OF_TYPE: dict[str, tuple[str, ...]] = {
    "text": _TEXT,
    "identifier": ("ipp_format", "ipp_scientific", "ipp_leading_zeros", "ipp_spelling"),
    "date": _DATE,
    "datetime": (*_DATE, *_TIME, "time_does_not_exist"),
    "time": (*_TIME, "time_does_not_exist"),
    "decimal": _NUMBER,
    "integer": (*_NUMBER, "number_not_whole", "number_whole_decimals"),
    "code": (
        "code_unknown", "code_synonym", "code_double_encoding", "code_lossy_matched", "code_lossy",
    ),
    "boolean": ("code_unknown", "code_synonym"),
    "free_text": (*_TEXT, "free_text_identifier", "cell_control_characters"),
}  # fmt: skip


def rules_of(table: Table, column: Column) -> tuple[str, ...]:
    """Return the ids of the rules that guard a column, besides those of every cell.

    Parameters
    ----------
    table, column
        A table of the dictionary and one of its columns.

    Returns
    -------
    tuple of str
        Rules of gate and contract, then Great Expectations' own on the raw table.
    """
    if column.derived_from is not None:
        return tuple(_of_suite(table, column))
    needed = column.required or column.header_required
    found = [
        *(["gate_missing_column"] if needed else []),
        *(["required_missing"] if column.required else []),
        *(["missing_token"] if column.folded_tokens else []),
        *OF_TYPE[column.type],
        *([] if column.type == "free_text" else ["cell_control_in_value"]),
        *(["formula_no_value"] if table.file_format == "xlsx" else []),
        *(["text_form"] if column.form else []),
        *_of_scale(column),
        *(["date_after_delivery"] if column.not_after_delivery else []),
        *(["session_number_restart"] if column.restarts_after_days is not None else []),
        *([column.conflict_rule] if column.conflict_rule else []),
        *(["key_conflict"] if column.name in table.key else []),
    ]
    return tuple(dict.fromkeys([*found, *_of_suite(table, column)]))


def _of_scale(column: Column) -> list[str]:
    has_range = column.minimum is not None or column.maximum is not None
    return [
        *(["number_percent_sign"] if column.unit == "pct" else []),
        *([column.range_rule] if has_range else []),
        *([column.negative_rule] if column.negative_rule else []),
        *([column.fraction_rule, "file_unit_change"] if column.fraction_rule else []),
    ]


def _of_suite(table: Table, column: Column) -> list[str]:
    """List the rules of Great Expectations on the raw column; what re-asserts is not repeated."""
    from expectations.suites import for_table

    if column.identifying:
        return []
    checks = [check for check in for_table(f"raw_{table.name}") if check.column == column.name]
    return [check.rule_id for check in checks if "rule_id" in check.meta]
