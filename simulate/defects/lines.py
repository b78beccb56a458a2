"""Defects of a line: fields too many or too few, lines that are no rows, rows that come twice.

Here: a function a class, Source and variant in, the changes out. Not here: cells (`cells.py`),
files (`files.py`).
"""

import numpy as np

from simulate import french
from simulate.defects.cells import PR, Injector, is_inner, is_number, neighbours
from simulate.defects.changes import AddRow, EditLine, Found, Injected, InsertLine, Row
from simulate.defects.records import ADDED
from simulate.defects.source import Source

SEPARATOR = ";"


def extra_field(source: Source, variant: str) -> Injected:
    """Class 12."""
    no_remark = (source.sessions["comment"] == "").to_numpy()
    place = source.session_of_own(no_remark & is_inner(source))

    def edit(line: str) -> str:
        before, _, typed = line.rsplit(SEPARATOR, 2)
        return SEPARATOR.join([before, "va mieux ; dort bien", typed])

    return _edited(source, place, edit)


def short_row(source: Source, variant: str) -> Injected:
    """Class 13."""
    no_remark = (source.sessions["comment"] == "").to_numpy()
    place = source.session_of_own(no_remark & is_inner(source))
    return _edited(source, place, lambda line: line.rsplit(SEPARATOR, 3)[0])


def _edited(source: Source, place: int, edit: object) -> Injected:
    row: Row = ("sessions", place)
    change = EditLine(row, edit)  # type: ignore[arg-type]
    return Injected((change,), (Found(row),), neighbours(source, place))


def repeated_header(source: Source, variant: str) -> Injected:
    """Class 21."""
    return _inserted(source, lambda header: SEPARATOR.join(header))


def blank_row(source: Source, variant: str) -> Injected:
    """Class 22."""
    if variant == "nothing":
        return _inserted(source, lambda header: "")
    return _inserted(source, lambda header: SEPARATOR * (len(header) - 1))


def _inserted(source: Source, line: object) -> Injected:
    place = source.session(np.ones(len(source.sessions), dtype=bool))
    row: Row = ("sessions", ADDED + place)
    change = InsertLine(row, ("sessions", place), line)  # type: ignore[arg-type]
    return Injected((change,), (Found(row),))


def duplicate(source: Source, variant: str) -> Injected:
    """Class 33."""
    place = source.session(np.ones(len(source.sessions), dtype=bool))
    return _again(source, place, {})


def duplicate_spelt_otherwise(source: Source, variant: str) -> Injected:
    """Class 35."""
    place = source.session(is_number(source.sessions[PR]), PR)
    cells = source.sessions.loc[place]
    return _again(source, place, {PR: f" {cells[PR]} %", "target": cells["target"].lower()})


def two_values(source: Source, variant: str) -> Injected:
    """Class 34."""
    place = source.session_of_own(is_number(source.sessions[PR]) & is_inner(source), PR)
    value = float(source.in_session(place, PR).replace(",", "."))
    other = {PR: french.number(value + 10 if value <= 90 else value - 10)}
    base: Row = ("sessions", place)
    again = _again(source, place, other)
    return Injected(again.changes, again.found, (base, *neighbours(source, place)))


def _again(source: Source, place: int, otherwise: dict[str, str]) -> Injected:
    row: Row = ("sessions", ADDED + place)
    cells = dict(source.sessions.loc[place]) | otherwise
    return Injected((AddRow(row, ("sessions", place), cells),), (Found(row),))


INJECTORS: dict[int, Injector] = {
    12: extra_field,
    13: short_row,
    34: two_values,
    21: repeated_header,
    22: blank_row,
    33: duplicate,
    35: duplicate_spelt_otherwise,
}
