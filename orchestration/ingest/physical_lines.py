"""Physical lines of a text file, as one buffer and the places where lines end.

Belongs here: line ends of Windows, Unix and the old Mac, mixed or not, and line numbers. Does not:
records, which may span lines.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from orchestration.ingest.refusal import Refused
from orchestration.ingest.text_table import MAX_CELL_LENGTH, MAX_ROWS

_NEWLINE, _RETURN, _QUOTE = 10, 13, 34


class Lines:
    """The lines of UTF-8 bytes; index i is physical line i + 1.

    Parameters
    ----------
    data
        Valid UTF-8 without a byte-order mark.

    Raises
    ------
    Refused
        More lines, or a longer line, than any clinic's file has.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.bounds = _bounds(np.frombuffer(data, np.uint8))
        self.n = len(self.bounds) - 1
        if self.n > MAX_ROWS:
            raise Refused("gate_too_large", f"it has {self.n} lines, more than {MAX_ROWS}")
        lengths = np.diff(self.bounds)
        if self.n and lengths.max() > MAX_CELL_LENGTH:
            line = int(lengths.argmax()) + 1
            raise Refused(
                "gate_too_large", f"line {line} is longer than {MAX_CELL_LENGTH} characters"
            )

    @cached_property
    def quoted(self) -> NDArray[np.int64]:
        """Indices of the lines that hold a quotation mark, rising."""
        marks = np.flatnonzero(np.frombuffer(self.data, np.uint8) == _QUOTE)
        return np.unique(np.searchsorted(self.bounds, marks, side="right") - 1)

    @property
    def ends_with_newline(self) -> bool:
        """Whether the last line is ended."""
        return self.data.endswith((b"\n", b"\r"))

    def line_of(self, offset: int) -> int:
        """Physical line (from 1) of a byte offset."""
        return int(np.searchsorted(self.bounds, offset, side="right"))

    def raw(self, index: int) -> str:
        """One line with its line end."""
        return self.data[self.bounds[index] : self.bounds[index + 1]].decode()

    def joined(self, first: int, last: int) -> str:
        """Lines first..last as written, without the last line end."""
        return self.data[self.bounds[first] : self.bounds[last + 1]].decode().rstrip("\r\n")

    def without_ends(self, start: int, stop: int) -> pa.Array:
        """Lines start..stop-1 without their line ends, large_string of shape (stop - start,)."""
        bounds = pa.py_buffer(self.bounds[start : stop + 1])
        lines = pa.LargeStringArray.from_buffers(stop - start, bounds, pa.py_buffer(self.data))
        return pc.ascii_rtrim(lines, characters="\r\n")


def _bounds(content: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Offsets where lines begin, and the end of the last: shape (lines + 1,)."""
    ends = np.flatnonzero(content == _NEWLINE) + 1
    returns = np.flatnonzero(content == _RETURN) + 1
    if len(returns):
        # A return that a newline follows is half of a line end; alone it is one.
        following = content[np.minimum(returns, len(content) - 1)]
        alone = returns[(following != _NEWLINE) | (returns == len(content))]
        if len(alone):
            ends = np.sort(np.concatenate([ends, alone]))
    last = [len(content)] if len(content) and (not len(ends) or ends[-1] < len(content)) else []
    return np.concatenate([[0], ends, last]).astype(np.int64)
