"""Hand rows to Great Expectations in the form that it judges fast.

Belongs here: the GX context, and the frames that stand for a table: no rows for its structure,
each distinct value once for its values, fingerprints for its keys. Does not: the reading of
results (`validate`), the choice of expectations (`suites`).

GX fingerprints every frame, copies it for every null filter, calls a Python function for every
value of a range, and lists every row of a tolerated share; on a million rows of fifty columns that
is a quarter of a minute. Judging each distinct value once, without a key, is a second.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from expectations.checks import Check
from expectations.suites import expectation, import_gx

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult

FIRST_ROWS, ROWS_AT_ONCE = 1_000, 100_000
"""Rows searched together for those against a check: few at first, since GX lists each it finds."""
_ROW = "row named"

# counts alone: no value, no row
_COUNTS = {
    "result_format": "BASIC",
    "partial_unexpected_count": 0,
    "exclude_unexpected_values": True,
}


@cache
def judge() -> "Judge":
    """Return the one judge of this process: making its context takes a while."""
    return Judge()


class Judge:
    """A GX context of its own that nothing is stored in.

    Methods take checks with their places, and give each result with its place.
    """

    def __init__(self) -> None:
        self._gx = import_gx()
        context = self._gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        context.variables.analytics_enabled = False
        # One asset for all frames: each that is added writes the context's whole configuration.
        asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
        self._whole = asset.add_batch_definition_whole_dataframe("all")

    def counts(
        self, checks: Sequence[Check], frame: pd.DataFrame
    ) -> Iterator["ExpectationValidationResult"]:
        """Judge checks of one kind on a frame made for them; results in the order of `checks`."""
        return self._run(checks, frame, _COUNTS)

    def row_keys(self, check: Check, frame: pd.DataFrame, key: str, most: int) -> tuple[str, ...]:
        """Return keys of the first rows against a check, in the order of rows."""
        if check.derive is None:
            wanted = frame[[name for name in dict.fromkeys(check.reads) if name in frame]]
        else:
            wanted = pd.DataFrame({str(check.column): check.derive(frame)}, index=frame.index)
        # a column of its own: what is checked may be the key itself, or be derived under its name
        wanted = wanted.assign(**{_ROW: frame[key]})
        listing = {
            "result_format": "COMPLETE",
            "exclude_unexpected_values": True,
            "unexpected_index_column_names": [_ROW],
        }
        keys: list[str] = []
        # a repeated value and its first place may lie far apart
        start, step = 0, len(wanted) if check.kind == "whole" else FIRST_ROWS
        while start < len(wanted) and len(keys) < most:
            (result,) = self._run([check], wanted.iloc[start : start + step], listing)
            keys += _listed(result.result or {}, most - len(keys))
            start, step = start + step, min(10 * step, ROWS_AT_ONCE)
        return tuple(keys)

    def _run(
        self, checks: Sequence[Check], frame: pd.DataFrame, result_format: dict[str, Any]
    ) -> Iterator["ExpectationValidationResult"]:
        batch = self._whole.get_batch({"dataframe": frame})
        # not add_expectation(), which asks for a context
        suite = self._gx.ExpectationSuite(
            name="suite",
            expectations=[expectation(check, place) for place, check in enumerate(checks)],
        )
        found = batch.validate(suite, result_format=result_format).results
        by_place = {result.expectation_config.meta["place"]: result for result in found}
        return iter([by_place[place] for place in range(len(checks))])


def frame_for(kind: str, checks: Sequence[Check], frame: pd.DataFrame) -> pd.DataFrame:
    """Return what checks of a kind have to see of a table.

    Parameters
    ----------
    kind
        As in `Check.kind`; all checks are of it.
    checks
        The checks.
    frame
        The table's rows.
    """
    if kind == "structure":
        return _structure(frame)
    columns = {
        name: None
        for check in checks
        if check.derive is None
        for name in check.reads
        if name in frame
    }
    if kind == "values":
        return _distinct(frame, list(columns))
    seen = {name: _presence(frame[name]) for name in columns}
    derived = {
        str(check.column): check.derive(frame)
        for check in checks
        if check.derive is not None and set(check.reads) <= set(frame.columns)
    }
    return pd.DataFrame(seen | derived, index=frame.index)


def _structure(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep no rows, or one of each Python type where a column of objects has no other type."""
    kept: set[Any] = set()
    for name in frame.columns[frame.dtypes == "object"]:
        filled = frame[name].dropna()
        kept |= set(filled.index[~filled.map(type).duplicated()])
    return frame.loc[sorted(kept)] if kept else frame.iloc[:0]


def _distinct(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Put the distinct values of each column side by side; shorter columns end in NULL."""
    distinct = {name: pd.Series(frame[name].dropna().unique()) for name in columns}
    return pd.DataFrame(distinct)


def _presence(column: pd.Series) -> pd.Series:
    """Stand in for texts where nothing is asked but whether they are there."""
    if column.dtype not in ("str", "object"):
        return column
    there = np.zeros(len(column), dtype="int8")
    return pd.Series(pd.arrays.IntegerArray(there, column.isna().to_numpy()), index=column.index)


def _listed(outcome: dict[str, Any], most: int) -> list[str]:
    keys: list[str] = []
    for entry in outcome.get("unexpected_index_list") or []:
        found = entry[_ROW] if isinstance(entry, dict) else entry
        keys.extend(str(one) for one in (found if isinstance(found, list) else [found]))
        if len(keys) >= most:
            break
    return keys[:most]
