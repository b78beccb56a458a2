"""Tables of the data checks and the delivered files: counts and rule names, never a value."""

from typing import Any

import pandas as pd

from report.frames import is_missing, records
from report.tables.layout import table
from report.wording import MISSING, count, day, words

# Red first: what needs someone's attention stands on top.
ORDER = ("failed", "error", "warned", "passed_with_rows", "not_applicable", "passed")
SIGNS = {
    "failed": "✖ Failed",
    "error": "✖ Could not run",
    "warned": "▲ Warning: outside of what is usual; it holds nothing back",
    "passed_with_rows": "▲ Passed, rows to look at",
    "not_applicable": "○ Not applicable",
    "passed": "✔ Passed",
}


def checks_table(checks: pd.DataFrame) -> Any:
    """Return the data checks, red first.

    Parameters
    ----------
    checks
        `dq_result` of one run with the title of each rule, in the order wanted.

    Returns
    -------
    great_tables.GT
        One line a check.
    """
    lines = [
        (
            SIGNS.get(row["status"], words(row["status"])),
            _rule(row),
            place(row),
            _text(row["severity"]),
            _text(row["owner"]),
            count(row["numerator"]),
            count(row["denominator"]),
        )
        for row in records(checks)
    ]
    labels = {
        "rule": "Check",
        "table": "Table and column",
        "severity": "Severity",
        "owner": "Done by",
        "rows": "Rows concerned",
        "of": "of rows",
    }
    gt = table(
        pd.DataFrame(lines, columns=["status", *labels]),
        "table-checks",
        "Data checks of this run, red first",
        labels,
        stub="rule",
        group="status",
        notes=["The values concerned are kept apart from the warehouse and are not shown here."],
    )
    return gt.cols_align("left", columns=["table", "severity", "owner"])


def files_table(files: pd.DataFrame) -> Any:
    """Return the delivered files with what became of their rows.

    Parameters
    ----------
    files
        Rows of `ingest_file`, in the order wanted.

    Returns
    -------
    great_tables.GT
        One line a file; a file whose rows are not all accounted for says so.
    """
    lines = []
    for row in records(files):
        parts = [row["n_kept"], row["n_quarantined"], row["n_dropped"]]
        lines.append(
            (
                _text(row["file_name"]),
                day(row["delivery_date"]),
                _outcome(row),
                count(row["n_rows"]),
                *(count(part) for part in parts),
                _balance(row["n_rows"], parts),
            )
        )
    labels = {
        "file": "File",
        "date": "Delivered",
        "outcome": "Outcome",
        "rows": "Rows in",
        "kept": "Kept",
        "quarantined": "Quarantined",
        "dropped": "Dropped",
        "balance": "Adds up",
    }
    gt = table(
        pd.DataFrame(lines, columns=list(labels)),
        "table-files",
        "Files: rows in = kept + quarantined + dropped",
        labels,
        stub="file",
        notes=[
            "Dropped: exact repeats and rows that hold nothing. "
            "Quarantined: set aside, with the rule. "
            "Refused or held: nothing of that delivery is in the warehouse."
        ],
    )
    return gt.cols_align("left", columns=["outcome"])


def _rule(row: dict[str, Any]) -> str:
    """Return what a rule says, with the id under which it is documented."""
    rule_id = _text(row["rule_id"])
    return rule_id if is_missing(row["title"]) else f"{row['title']} ({rule_id})"


def place(row: dict[str, Any]) -> str:
    """Return the table of a check, and its column or columns where it is of some."""
    table_name, column = row["table_name"], row["column_name"]
    return _text(table_name) if is_missing(column) else f"{_text(table_name)}: {column}"


def _text(value: Any) -> str:
    return MISSING if is_missing(value) else str(value)


def _outcome(row: dict[str, Any]) -> str:
    text = words(row["status"])
    return (
        text
        if is_missing(row["reason"]) or row["status"] == "accepted"
        else f"{text}: {row['reason']}"
    )


def _balance(rows: Any, parts: list[Any]) -> str:
    if any(is_missing(value) for value in (rows, *parts)):
        return MISSING
    return "✔ yes" if rows == sum(parts) else "✖ no"
