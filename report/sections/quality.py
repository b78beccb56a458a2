"""Section 7: data checks, files, and what was set aside; no values."""

import pandas as pd

from report.blocks import Block, DataTable, Fold, Notice, Section, Table, Text
from report.facts import ReportFacts
from report.frames import Absent, Frames, records, take
from report.tables.layout import render
from report.tables.quality import ORDER, checks_table, files_table, place
from report.wording import count, plural, words

SHOWN_FILES = 40
_CHECK = [
    "run_id",
    "rule_id",
    "owner",
    "table_name",
    "column_name",
    "title",
    "status",
    "severity",
    "numerator",
    "denominator",
]
_FILE = [
    *("file_name", "delivery_date", "status", "reason"),
    *("n_rows", "n_kept", "n_quarantined", "n_dropped"),
]


def build(frames: Frames, facts: ReportFacts) -> Section:
    """Return the section on data quality."""
    blocks = [*_checks(frames, facts), *_files(frames), *_set_aside(frames)]
    return Section("quality", "7. Data quality", blocks)


def _checks(frames: Frames, facts: ReportFacts) -> list[Block]:
    frame = take(frames, "dq_result", _CHECK)
    if isinstance(frame, Absent):
        return [Notice(f"Data checks are not shown: {frame.reason}")]
    checks = frame[frame["run_id"] == facts.run_id]
    if checks.empty:
        return [
            Notice("Data checks are not shown: table dq_result has none of this run.", "warning")
        ]
    warned = checks["status"].isin(["failed", "error"]) & (checks["severity"] == "warning")
    checks = checks.assign(status=checks["status"].mask(warned, "warned"))
    ranked = checks.assign(
        rank=checks["status"].map({s: i for i, s in enumerate(ORDER)}).fillna(-1)
    )
    ranked = ranked.sort_values(["rank", "table_name", "rule_id"], kind="stable")
    attention = ranked[~ranked["status"].isin(["passed", "not_applicable"])]
    quiet = ranked.drop(attention.index)
    blocks: list[Block] = [Text(_summary(ranked["status"]))]
    if not attention.empty:
        blocks.append(Table(render(checks_table(attention))))
    if not quiet.empty:
        heads = ["Check", "Table and column", "Status", "Rows concerned", "of rows"]
        rows = [_quiet(row) for row in records(quiet)]
        blocks.append(Fold("Checks passed or not applicable", DataTable(heads, rows)))
    return blocks


def _summary(status: pd.Series) -> str:
    n = status.value_counts()
    red = int(n.get("failed", 0) + n.get("error", 0))
    return (
        f"{plural(len(status), 'check')} in this run: {count(red)} failed or could not run, "
        f"{count(n.get('warned', 0))} warned, "
        f"{count(n.get('passed_with_rows', 0))} passed with rows to look at, "
        f"{count(n.get('passed', 0))} passed, {count(n.get('not_applicable', 0))} not applicable."
    )


def _quiet(row: dict[str, object]) -> tuple[str, ...]:
    return (
        str(row["rule_id"]),
        place(row),
        words(row["status"]),
        count(row["numerator"]),
        count(row["denominator"]),
    )


def _files(frames: Frames) -> list[Block]:
    frame = take(frames, "ingest_file", _FILE)
    if isinstance(frame, Absent):
        return [Notice(f"Files are not shown: {frame.reason}")]
    files = frame.sort_values(["delivery_date", "file_name"], ascending=[False, True])
    shown = files.head(SHOWN_FILES)
    blocks: list[Block] = [Table(render(files_table(shown)))]
    if len(files) > len(shown):
        rest = len(files) - len(shown)
        blocks.append(
            Text(f"{plural(rest, 'older file')} not listed; all are in table ingest_file.")
        )
    return blocks


def _set_aside(frames: Frames) -> list[Block]:
    """Count rows and cells in quarantine by table, column and rule: those that are still open."""
    blocks: list[Block] = []
    for name, keys, title in (
        ("quarantine_row", ["table_name", "rule_id"], "Rows in quarantine, still open, by rule"),
        (
            "quarantine_cell",
            ["table_name", "column_name", "rule_id"],
            "Cells in quarantine, still open, by rule",
        ),
    ):
        frame = take(frames, name, keys)
        if isinstance(frame, Absent):
            blocks.append(Text(f"{title}: none listed. {frame.reason}"))
            continue
        # A row set aside in one delivery and mended by a later one is no open question any more.
        frame = frame[frame["is_open"]] if "is_open" in frame else frame
        if frame.empty:
            blocks.append(Text(f"{title}: none."))
            continue
        tally = frame.value_counts(keys, dropna=False).reset_index(name="n")
        rows = [(*(str(row[k]) for k in keys), count(row["n"])) for row in records(tally)]
        heads = [k.removesuffix("_name").removesuffix("_id").capitalize() for k in keys]
        blocks.append(Fold(title, DataTable([*heads, "n"], rows)))
    return blocks
