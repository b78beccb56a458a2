"""Whole columns as a clerk's text, without a step a row.

Here: numbers, dates, codes and clock times of a column to text, each distinct value written once
(Arrow dictionary columns), and such columns to the lines of a CSV file. Not here: the words
(`french.py`), which columns a table has (`rows.py`).
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from simulate import french
from simulate.dates import DayArray

SEPARATOR = ";"
LINE_END = "\r\n"
_TO_QUOTE = re.compile(f'[{SEPARATOR}"\r\n]')


def of_words(words: Sequence[str], index: NDArray[np.integer]) -> pa.DictionaryArray:
    """Return the words at the places of `index`, shape (rows,)."""
    return pa.DictionaryArray.from_arrays(
        pa.array(index.astype(np.int32)), pa.array(list(words), pa.large_string())
    )


def constant(word: str, n_rows: int) -> pa.DictionaryArray:
    """Return one word in every row."""
    return of_words([word], np.zeros(n_rows, dtype=np.int32))


def each(values: NDArray, write: Callable[[object], str]) -> pa.DictionaryArray:
    """Return every value as `write` gives it, called once for each that differs."""
    index, distinct = pd.factorize(values, use_na_sentinel=False)
    return of_words([write(value) for value in distinct], index)


def numbers(
    values: NDArray[np.float64],
    missing_words: Sequence[str] = ("",),
    missing: NDArray[np.integer] | None = None,
) -> pa.DictionaryArray:
    """Return numbers with a decimal comma; where one is missing, its word for that."""
    index, distinct = pd.factorize(np.asarray(values, dtype=float))
    words = [*missing_words, *(french.number(value) for value in distinct)]
    absent = 0 if missing is None else missing
    return of_words(words, np.where(index < 0, absent, index + len(missing_words)))


def dates(days: DayArray) -> pa.DictionaryArray:
    """Return days as dd/mm/yyyy, empty where unknown."""
    index, distinct = pd.factorize(days.astype("datetime64[D]").astype(np.int64))
    iso = np.datetime_as_string(distinct.astype("datetime64[D]"))
    words = ["" if day == "NaT" else f"{day[8:]}/{day[5:7]}/{day[:4]}" for day in iso.tolist()]
    return of_words(words, index)


def days_and_minutes(days: DayArray, hour: int, minutes: NDArray[np.int64]) -> pa.DictionaryArray:
    """Return times as dd/mm/yyyy HH:MM, all of them in one hour of the day."""
    number = days.astype("datetime64[D]").astype(np.int64)
    index, distinct = pd.factorize(number * 60 + minutes)
    day, minute = np.divmod(distinct, 60)
    written = dates(day.astype("datetime64[D]")).to_pylist()
    return of_words(
        [f"{one} {hour:02d}:{at:02d}" for one, at in zip(written, minute.tolist(), strict=True)],
        index,
    )


def codes(column: str, values: NDArray) -> pa.DictionaryArray:
    """Return the clinic's words for codes of the warehouse, empty where missing."""
    return each(np.asarray(values, dtype=object), lambda value: french.code(column, value))


def only_where(keep: NDArray[np.bool_], column: pa.DictionaryArray) -> pa.DictionaryArray:
    """Spread a column of the kept rows over all rows, empty elsewhere."""
    index = np.zeros(len(keep), dtype=np.int32)
    index[keep] = column.indices.to_numpy() + 1
    return of_words(["", *column.dictionary.to_pylist()], index)


def csv_bytes(header: Sequence[str], rows: pa.Table, encoding: str) -> bytes:
    """Return header and rows as a file: `;`, CRLF, quotes where a cell needs them.

    Parameters
    ----------
    header
        Labels, one a column.
    rows
        Text columns in the order of the header.
    encoding
        As `str.encode` names it.
    """
    first = SEPARATOR.join(quoted(label) for label in header) + LINE_END
    lines = csv_lines(rows)
    joined = pc.binary_join_element_wise(lines, _scalar(LINE_END), _scalar(""))
    body = _all_text(joined)
    if encoding in ("utf-8", "utf-8-sig"):
        return first.encode(encoding) + body
    return first.encode(encoding) + body.decode("utf-8").encode(encoding)


def csv_lines(rows: pa.Table) -> pa.Array:
    """Return the rows as lines without their ends, shape (rows,)."""
    cells = [_cells(rows.column(name)) for name in rows.column_names]
    return pc.binary_join_element_wise(*cells, _scalar(SEPARATOR))


def _scalar(word: str) -> pa.Scalar:
    return pa.scalar(word, pa.large_string())


def quoted(cell: str) -> str:
    """Return a cell as a file holds it: in quotes around a delimiter, quote or line end."""
    if _TO_QUOTE.search(cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _cells(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    encoded = whole if isinstance(whole, pa.DictionaryArray) else whole.dictionary_encode()
    words = pa.array([quoted(word) for word in encoded.dictionary.to_pylist()], pa.large_string())
    return words.take(encoded.indices)


def _all_text(lines: pa.Array) -> bytes:
    """Return all lines one after the other: the very buffer in which Arrow keeps them."""
    if not len(lines):
        return b""
    _, offsets, data = lines.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)
    start, stop = bounds[lines.offset], bounds[lines.offset + len(lines)]
    return bytes(data[int(start) : int(stop)])
