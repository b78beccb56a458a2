"""One column of text rows -> typed values and what happened to each cell.

Belongs here: evaluation once per distinct text, so that a million rows cost as much as their
different spellings. Does not: the parsers themselves (`cells`), or what a bad cell means for its
row (`row_rules`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from expectations.cell_warnings import warnings_of
from expectations.cells import Bad, Cell, Ok, Repaired, parse_cell
from expectations.columns import Column, fold_header

DTYPES: dict[str, Any] = {
    "text": "str",
    "identifier": "str",
    "code": "str",
    "time": "str",
    "free_text": "str",
    "decimal": "float64",
    "integer": "Int64",
    "boolean": "boolean",
    "date": "datetime64[us]",
    "datetime": "datetime64[us]",
}

type Mask = NDArray[np.bool_]
type Rows = NDArray[np.intp]


@dataclass(frozen=True)
class ColumnReading:
    """A column after reading: `codes` has one entry a row, all else one entry a distinct text.

    Attributes
    ----------
    column
        Its entry in the dictionary.
    codes
        Place of each row's text among the distinct ones, in the smallest integer that holds it.
    texts
        Distinct cells as written, '' where absent.
    parsed
        Typed values, NULL where missing or bad; dtype by `DTYPES`.
    bad, repaired
        What happened to the text; a missing token counts as repaired to NULL.
    rules, reasons
        Rule of a bad or repaired text and, for a bad one, what is wrong; None elsewhere.
    warned
        Rule that only warns -> the texts that it warns of.
    """

    column: Column
    codes: NDArray[np.integer]
    texts: pd.Series
    parsed: pd.Series
    bad: Mask
    repaired: Mask
    rules: NDArray[np.object_]
    reasons: NDArray[np.object_]
    warned: dict[str, Mask]

    @property
    def typed(self) -> pd.Series:
        """Typed value of every row."""
        return self._of_rows(self.parsed, self.codes)

    @property
    def is_bad(self) -> Mask:
        """Whether each row's cell is bad."""
        return self.bad[self.codes]

    @property
    def is_missing(self) -> Mask:
        """Whether each row's cell holds no value, without being bad."""
        return (self.parsed.isna().to_numpy() & ~self.bad)[self.codes]

    def take(self, rows: Rows) -> pd.Series:
        """Return the typed values of some rows."""
        return self._of_rows(self.parsed, self.codes[rows])

    def written(self, rows: Rows) -> pd.Series:
        """Return the cells of some rows as written."""
        return self._of_rows(self.texts, self.codes[rows])

    def rows_of(self, of_text: Mask, among: Mask) -> Rows:
        """Return the places of rows, among some, whose text is one of these."""
        if not of_text.any():
            return np.empty(0, dtype=np.intp)
        return np.flatnonzero(among & of_text[self.codes])

    def causes(self) -> Iterator[tuple[str, str, Mask]]:
        """Yield each rule and reason of bad cells, with the rows that have it."""
        found = {(self.rules[k], self.reasons[k]) for k in np.flatnonzero(self.bad)}
        for rule_id, reason in sorted(found):
            of_text = self.bad & (self.rules == rule_id) & (self.reasons == reason)
            yield rule_id, reason, of_text[self.codes]

    def where(self, rows: Rows, test: Callable[[str], bool]) -> Mask:
        """Ask a question of the text of some rows, once per distinct text."""
        used, place = np.unique(self.codes[rows], return_inverse=True)
        return np.array([test(text) for text in self.texts.iloc[used]], dtype=bool)[place]

    def same(self, rows: Rows) -> NDArray[np.int64]:
        """Number some rows so that two have one number if they say the same in this column.

        The same is the same value, case and accents aside, or the same text where it is bad.
        """
        used, place = np.unique(self.codes[rows], return_inverse=True)
        values = self.parsed.iloc[used].astype("object")
        said = values.where(~self.bad[used], self.texts.iloc[used].to_numpy())
        folded = ["" if pd.isna(one) else fold_header(str(one)) for one in said]
        return pd.factorize(np.asarray(folded, dtype=object))[0].astype("int64")[place]

    @staticmethod
    def _of_rows(of_text: pd.Series, codes: NDArray[np.integer]) -> pd.Series:
        return pd.Series(of_text.array.take(codes))


type Readings = dict[str, ColumnReading]


def read_column(
    column: Column, text: pd.Series, *, delivery_date: date, pivot_year: int, native: bool
) -> ColumnReading:
    """Read a column, each distinct text once.

    Parameters
    ----------
    column
        Its entry in the dictionary.
    text
        Cells as written; NULL is an empty cell.
    delivery_date, pivot_year, native
        As in `cells.parse_cell`.
    """
    codes, texts = _distinct(text)
    values: list[object] = []
    outcomes: list[tuple[str | None, str | None]] = []
    warned: dict[str, list[int]] = {}
    for place, one in enumerate(texts):
        cell = parse_cell(
            one, column, pivot_year=pivot_year, native=native, not_after=delivery_date
        )
        values.append(None if isinstance(cell, Bad) else cell.value)
        outcomes.append(_outcome(cell))
        for rule_id in warnings_of(one, cell, column):
            warned.setdefault(rule_id, []).append(place)
    rules = np.array([rule_id for rule_id, _ in outcomes], dtype=object)
    bad = np.array([reason is not None for _, reason in outcomes], dtype=bool)
    return ColumnReading(
        column=column,
        codes=codes,
        texts=texts,
        parsed=pd.Series(values, dtype="object").astype(DTYPES[column.type]),
        bad=bad,
        repaired=np.array([rule_id is not None for rule_id in rules], dtype=bool) & ~bad,
        rules=rules,
        reasons=np.array([reason for _, reason in outcomes], dtype=object),
        warned={rule_id: _mask(len(texts), places) for rule_id, places in warned.items()},
    )


def _distinct(text: pd.Series) -> tuple[NDArray[np.integer], pd.Series]:
    """Return each row's place among the distinct texts, and these; an absent cell is ''."""
    places, texts = pd.factorize(text if text.dtype == "str" else text.astype("str"))
    distinct = pd.Series(texts, dtype="str")
    if (places < 0).any():
        distinct = pd.concat([distinct, pd.Series([""], dtype="str")], ignore_index=True)
        places[places < 0] = len(distinct) - 1
    return places.astype(np.min_scalar_type(-len(distinct) - 1)), distinct


def _outcome(cell: Cell) -> tuple[str | None, str | None]:
    """Return the rule and, for a bad cell, the reason."""
    match cell:
        case Bad(rule_id=rule_id, reason=reason):
            return rule_id, reason
        case Repaired(rule_id=rule_id):
            return rule_id, None
        case Ok(reason=token):
            return token, None


def _mask(size: int, places: list[int]) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[places] = True
    return mask
