"""Two frames of one mart, compared row by row and cell by cell.

Here: what is the same (9 decimals of a number, no type) and how a difference is told. Not here:
which side is right.
"""

import math
from typing import Any

import pandas as pd
from second_marts.columns import COLUMNS, key_of
from second_marts.records import plain, rows_of

TOLD = 12


def is_same(one: Any, other: Any) -> bool:
    """Equal cells: missing equals missing only, numbers to 1e-9."""
    if one is None or other is None:
        return one is other
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


def by_key(mart: str, frame: pd.DataFrame) -> dict[tuple, dict[str, Any]]:
    """Rows under what identifies them; two rows under one key are an error of the mart."""
    rows: dict[tuple, dict[str, Any]] = {}
    for row in rows_of(frame):
        key = tuple(plain(row[name]) for name in key_of(mart))
        assert key not in rows, f"{mart}: two rows of {key}"
        rows[key] = row
    return rows


def differences(mart: str, built: pd.DataFrame, second: pd.DataFrame) -> list[str]:
    """Every difference as a sentence: mart, row, column, and what either side says."""
    names, promised = set(built.columns), set(COLUMNS[mart])
    found = [f"{mart}: column {name} is missing" for name in sorted(promised - names)]
    found += [f"{mart}: column {name} is not promised" for name in sorted(names - promised)]
    one, other = by_key(mart, built), by_key(mart, second)
    found += [f"{mart} {key}: row only in the warehouse" for key in one if key not in other]
    found += [f"{mart} {key}: row only by the rules" for key in other if key not in one]
    for key in sorted(one.keys() & other.keys(), key=str):
        for name in [name for name in COLUMNS[mart] if name in names]:
            said, expected = one[key][name], other[key][name]
            if not is_same(said, expected):
                found.append(f"{mart} {key} {name}: warehouse {said!r}, rules {expected!r}")
    return found


def told(found: list[str]) -> str:
    """The first differences, and how many there are."""
    more = len(found) - TOLD
    return "\n".join([*found[:TOLD], f"... and {more} more" if more > 0 else ""])
