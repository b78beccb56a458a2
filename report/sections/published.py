"""Section 8: does our centre look like the study? The published figures beside ours."""

import pandas as pd

from report.blocks import Block, DataTable, Fold, Notice, Section, Text
from report.facts import ReportFacts
from report.frames import Absent, Frames, is_missing, records, take
from report.wording import MISSING, count, interval, number

TITLE = "8. Beside the published study"
COLUMNS = (
    "target_id", "section", "population", "published", "value", "lo", "hi", "n", "verdict",
    "usable_for",
)  # fmt: skip
VERDICTS = ("as published", "within sampling error", "differs")
HEADS = ("Figure of the study", "Population", "Published", "Ours", "95 % interval", "n", "Use")


def build(frames: Frames, facts: ReportFacts) -> Section:
    """Return the section of the published figures."""
    frame = take(frames, "published_comparison", COLUMNS)
    if isinstance(frame, Absent):
        notice = Notice(f"The published figures are not shown beside ours: {frame.reason}")
        return Section("published", TITLE, [notice])
    computed = frame[frame["verdict"].isin(VERDICTS)]
    blocks: list[Block] = [
        Text(
            f"{count(len(computed))} of {count(len(frame))} figures that the study prints can be "
            "computed here. A figure is as published if it is equal to the printed digits; within "
            "sampling error if the difference of two samples, theirs and ours, is less than 1.96 "
            "of its standard errors. About one in twenty would differ by chance alone."
        ),
        Text(
            "Calibration: a simulator may be fitted to it. Validation: held out, fitted by "
            "nothing. Audit only: contradicts another printed figure or cannot hold."
        ),
        Fold("Verdicts by use", _counts(computed), is_open=True),
    ]
    for verdict in reversed(VERDICTS):
        found = computed[computed["verdict"] == verdict]
        if not found.empty:
            head = f"{verdict[0].upper()}{verdict[1:]}: {count(len(found))} figures"
            blocks.append(Fold(head, DataTable(HEADS, [_row(one) for one in records(found)])))
    reasons = frame.loc[~frame["verdict"].isin(VERDICTS), "verdict"].value_counts()
    if len(reasons):
        rows = [(str(why).partition(": ")[2], count(n)) for why, n in reasons.items()]
        blocks.append(Fold("Not computed, and why", DataTable(("Reason", "Figures"), rows)))
    return Section("published", TITLE, blocks)


def _counts(computed: pd.DataFrame) -> DataTable:
    uses = ("calibration", "validation", "audit_only")
    table = pd.crosstab(computed["verdict"], computed["usable_for"])
    table = table.reindex(index=list(VERDICTS), columns=list(uses), fill_value=0)
    rows = [
        (verdict[0].upper() + verdict[1:], *(count(table.loc[verdict, use]) for use in uses))
        for verdict in VERDICTS
    ]
    return DataTable(("Verdict", "Calibration", "Validation", "Audit only"), rows)


def _row(one: dict) -> tuple[str, ...]:
    decimals = len(str(one["published"]).partition(".")[2])
    value = MISSING if is_missing(one["value"]) else number(one["value"], decimals)
    return (
        str(one["target_id"]), str(one["population"]).replace("_", " "), str(one["published"]),
        value, interval(one["lo"], one["hi"], decimals), count(one["n"]),
        str(one["usable_for"]).replace("_", " "),
    )  # fmt: skip
