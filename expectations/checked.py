"""What became of the rows of one file, as tables.

Belongs here: the result of the row contract, put together from readings and fates. Does not: any
rule, or the order of rules (`contract`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from expectations.columns import MISSING_TOKENS, fold_header
from expectations.dictionary import Table
from expectations.fates import Fates
from expectations.file_rules import Refusal, refusal_of
from expectations.reading import Mask, Readings
from expectations.records import record_date, record_no

NOTHING_TO_SAY = ("aucune", "aucun", "non", "RAS", "0")


@dataclass(frozen=True)
class Checked:
    """What became of the rows of one file.

    Attributes
    ----------
    kept
        `line` and every column of the dictionary, typed, identifying ones as text; a bad cell is
        NULL. Columns absent from the file are NULL throughout.
    quarantined_rows
        line, rule_id, reason: one row a line, the first cause wins. Then ipp, record_no and
        record_date where they can be read; NULL for a wrong number of fields, whose cells cannot
        be told apart.
    quarantined_cells
        line, column_name, rule_id, reason, value: bad cells of kept rows, as written.
    repairs
        line, column_name, rule_id, before, after: repaired cells of kept rows, as text.
    dropped
        line, rule_id: lines that are no data, and exact duplicates.
    warnings
        line, column_name, rule_id: what is odd about kept rows, which stay as they are.
    refusal
        Rule and reason to refuse the file as a whole; None for a file that can be taken.
    """

    kept: pd.DataFrame
    quarantined_rows: pd.DataFrame
    quarantined_cells: pd.DataFrame
    repairs: pd.DataFrame
    dropped: pd.DataFrame
    warnings: pd.DataFrame
    refusal: Refusal | None = None


def assemble(table: Table, lines: NDArray, readings: Readings, fates: Fates) -> Checked:
    """Put the result together: typed values of kept rows, and what is logged of all others.

    Parameters
    ----------
    lines
        Physical line of each row.
    readings, fates
        The columns as read and what the rules decided, row by row.
    """
    kept = np.flatnonzero(fates.kept)
    columns = {
        column.name: _presence(readings[column.derived_from].take(kept))
        if column.derived_from
        else readings[column.name].take(kept)
        for column in table.columns
    }
    return Checked(
        kept=pd.DataFrame({"line": lines[kept], **columns}),
        quarantined_rows=_quarantined(table, lines, readings, fates),
        quarantined_cells=_bad_cells(lines, readings, fates.kept),
        repairs=_repairs(lines, readings, fates.kept),
        dropped=_gone(lines, fates, np.flatnonzero(fates.dropped))[["line", "rule_id"]],
        warnings=_warnings(lines, fates),
        refusal=refusal_of(readings, fates),
    )


def _presence(said: pd.Series) -> pd.Series:
    """Whether something is written down; words for nothing are no, a missing value is unknown."""
    nothing = {fold_header(word) for word in NOTHING_TO_SAY}
    unknown = {fold_header(token) for token in MISSING_TOKENS}
    folded = said.map(fold_header, na_action="ignore")
    stated = (~folded.isin(nothing)).astype("boolean")
    return stated.mask(folded.isna() | folded.isin(unknown))


def _gone(lines: NDArray, fates: Fates, rows: NDArray[np.intp]) -> pd.DataFrame:
    causes = [fates.causes[place] for place in fates.cause[rows]]
    return pd.DataFrame(
        {
            "line": lines[rows],
            "rule_id": pd.Series([rule_id for rule_id, _ in causes], dtype="str"),
            "reason": pd.Series([reason for _, reason in causes], dtype="str"),
        }
    )


def _quarantined(table: Table, lines: NDArray, readings: Readings, fates: Fates) -> pd.DataFrame:
    rows = np.flatnonzero(~fates.kept & ~fates.dropped)
    gone = _gone(lines, fates, rows)
    read = pd.DataFrame({name: reading.take(rows) for name, reading in readings.items()})
    trusted = (gone["rule_id"] != "field_count").to_numpy(dtype=bool)
    return gone.assign(
        ipp=read[table.key[0]].where(trusted),
        record_no=record_no(table, read).where(trusted),
        record_date=record_date(table, read).where(trusted),
    )


def _bad_cells(lines: NDArray, readings: Readings, kept: Mask) -> pd.DataFrame:
    parts = [_log([], [], {"reason": [], "value": []})]
    for name, reading in readings.items():
        if len(rows := reading.rows_of(reading.bad, kept)):
            reasons = reading.reasons[reading.codes[rows]]
            more = {"reason": reasons, "value": reading.written(rows)}
            parts.append(_log(lines[rows], reading.rules[reading.codes[rows]], more, name))
    return _in_order(parts)


def _repairs(lines: NDArray, readings: Readings, kept: Mask) -> pd.DataFrame:
    parts = [_log([], [], {"before": [], "after": []})]
    for name, reading in readings.items():
        if len(rows := reading.rows_of(reading.repaired, kept)):
            more = {"before": reading.written(rows), "after": reading.take(rows).astype("str")}
            parts.append(_log(lines[rows], reading.rules[reading.codes[rows]], more, name))
    return _in_order(parts)


def _log(
    lines: ArrayLike, rules: ArrayLike, more: dict[str, Any], name: str | None = None
) -> pd.DataFrame:
    texts = {"rule_id": rules, **more}
    log = pd.DataFrame({"line": np.asarray(lines, dtype=np.int64)})
    log["column_name"] = pd.Series(name, index=log.index, dtype="str")
    return log.assign(**{key: pd.Series(text, dtype="str") for key, text in texts.items()})


def _warnings(lines: NDArray, fates: Fates) -> pd.DataFrame:
    parts = [_log([], [], {})]
    for rows, column_name, rule_id in fates.warned:
        found = lines[np.flatnonzero(rows & fates.kept)]
        if len(found):
            parts.append(_log(found, np.full(len(found), rule_id), {}, column_name))
    return _in_order(parts)


def _in_order(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put the parts of a log in the order of lines."""
    logged = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    return logged.sort_values("line", kind="stable", ignore_index=True)
