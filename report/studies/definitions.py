"""What other horizons, cuts, definitions and a later report make of four, five and six sessions.

Belongs here: words and layout. Does not: any figure that is not in the tables handed in.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from report.blocks import Section, Table, Text
from report.frames import records
from report.studies.lines import lined
from report.wording import MISSING, number

if TYPE_CHECKING:
    from report.study import StudyFacts

RELIEF = "prevalence"
COLUMNS = {
    "missed_per_100": ("Missed of 100", 1),
    "sessions_without_long_term_relief_per_100": ("Sessions without it per 100", 0),
    "weeks_without_long_term_relief_per_100": ("Weeks without it per 100", 0),
    "ppv": ("Of 100 who go on, have it", 0),
}
"""Measures of a definition: head of the column, decimals."""
TESTED = ("expected_test_sessions", "expected_test_weeks")
_SEPARATOR = "\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}"
MEASURES = (RELIEF, *COLUMNS, *TESTED)
LAGS = (
    "Last report known before the next visit",
    "Last report known at the next visit, where a session is given",
)
DEFINITIONS = {
    "hypothetical": "Expected reports of the last three sessions, had all gone on",
    "composite": "The same, and no stop for want of relief before",
    "composite_surgery_failure": "The same, and no surgery before",
    "observable": "Report on record at that session",
    "observable_survivors": "The same among those still treated (what follow-up shows)",
    "time_averaged": "Expected reports times share of days covered",
}


def section(rows: pd.DataFrame, lengths: Sequence[int], facts: "StudyFacts") -> list[Section]:
    """Return the section, or none where a study has one definition of long-term relief.

    Parameters
    ----------
    rows
        Rows of `over_worlds.across` of the last report: estimand, horizon_session, cut_pct,
        decision_n_lag_visits, test_sessions, measure, mean, mcse, n_worlds; those of the headline's
        estimand have `is_own`, those of its horizon and cut `is_asked`.
    lengths
        Numbers of test sessions to tell.
    facts
        What the page quotes.
    """
    own = rows[rows["is_own"]]
    keys = ["horizon_session", "cut_pct", "decision_n_lag_visits"]
    other = rows[rows["is_asked"] & (rows["decision_n_lag_visits"] == 0)]
    blocks = [Text(_told(facts, lengths))]
    tables: list[Table] = []
    if len(own[keys].drop_duplicates()) > 1:
        tables.append(_by_horizon(own, lengths))
    if len(set(other["estimand"])) > 1:
        tables.append(_by_definition(other, lengths))
    if not tables:
        return []
    return [Section("definitions", "Other horizons, cuts and definitions", [*blocks, *tables])]


def _told(facts: "StudyFacts", lengths: Sequence[int]) -> str:
    *first, last = lengths
    told = f"{', '.join(map(str, first))} and {last}"
    return (
        f"Judged by a last report of at least {number(facts.threshold_pct, 0)} %, after {told} "
        "test sessions, in this order in every cell. Sessions and weeks without it are those given "
        "to patients who do not have long-term relief as the row defines it."
    )


def _by_horizon(rows: pd.DataFrame, lengths: Sequence[int]) -> Table:
    lines = []
    for lag, known in rows.groupby("decision_n_lag_visits"):
        tested = "; ".join(
            f"{_series(known, measure, lengths, 1)} {unit}"
            for measure, unit in zip(TESTED, ("test sessions", "weeks of test"), strict=True)
            if measure in set(known["measure"])
        )
        head = f"{LAGS[int(str(lag))]}: {tested} a patient"
        for key, own in known.groupby(["horizon_session", "cut_pct"]):
            horizon, cut = key
            row = f"Session {horizon}, from {cut} %".replace(" ", "\N{NO-BREAK SPACE}")
            lines.append((head, row, *_cells(own, lengths)))
    return _table(lines, rows, "table-horizons", "By horizon, cut and when the report is known")


def _by_definition(rows: pd.DataFrame, lengths: Sequence[int]) -> Table:
    one = rows.iloc[0]
    lines = [
        (text, *_cells(rows[rows["estimand"] == name], lengths))
        for name, text in DEFINITIONS.items()
        if name in set(rows["estimand"])
    ]
    title = f"By definition, at session {one['horizon_session']}, from {one['cut_pct']} %"
    return _table(lines, rows, "table-definitions", title, is_grouped=False)


def _table(
    lines: Sequence[Sequence[str]],
    rows: pd.DataFrame,
    key: str,
    title: str,
    *,
    is_grouped: bool = True,
) -> Table:
    there = set(rows["measure"])
    labels = {"head": "Long-term relief"}
    labels |= {RELIEF: "Have it, of 100"} if RELIEF in there else {}
    labels |= {measure: head for measure, (head, _) in COLUMNS.items() if measure in there}
    return lined(lines, key, title, labels, list(_notes(rows)), is_grouped=is_grouped)


def _cells(rows: pd.DataFrame, lengths: Sequence[int]) -> Iterator[str]:
    """Yield who has it, then each measure after each length."""
    there = set(rows["measure"])
    if RELIEF in there:
        share = rows.loc[rows["measure"] == RELIEF, "mean"].iloc[0]
        yield number(100 * share, 0)
    for measure, (_, digits) in COLUMNS.items():
        if measure in there:
            yield _series(rows, measure, lengths, digits)


def _series(rows: pd.DataFrame, measure: str, lengths: Sequence[int], digits: int) -> str:
    own = rows[rows["measure"] == measure].drop_duplicates("test_sessions")
    by = {int(row["test_sessions"]): row["mean"] for row in records(own)}
    scale = 100 if measure == "ppv" else 1
    told = [number(scale * by[n], digits) if n in by else MISSING for n in lengths]
    return MISSING if set(told) == {MISSING} else _SEPARATOR.join(told)


def _notes(rows: pd.DataFrame) -> Iterator[str]:
    error = rows[rows["measure"].isin(COLUMNS)].groupby("measure")["mcse"].max()
    told = [
        f"{head.lower()} {number((100 if measure == 'ppv' else 1) * error[measure], 2)}"
        for measure, (head, _) in COLUMNS.items()
        if measure in error
    ]
    worlds = int(rows["n_worlds"].max())
    means = f"Means over {worlds} worlds. " if worlds > 1 else ""
    yield f"{means}Monte Carlo standard errors at most: {', '.join(told)}."
    yield "Simulated patients, all offered sessions to the horizon; per 100 who start."
