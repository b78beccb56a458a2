"""Defects of a file or a delivery as a whole, each in a small delivery of its own.

Here: a function a class; a clean small delivery and a variant in, the spoilt delivery and the place
of the defect out. Not here: workbooks (`books.py`), rows of the clinic's own deliveries.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulate import french
from simulate.defects.small import COLUMNS, Small
from simulate.defects.source import Source
from simulate.defects.words import ALIAS

RELIEF = "pain_relief_pct"
LANDMARKS = (4, 15, 30, 90)
HEADER_LINES = 1
LONG = 70_000
BEYOND_COURSES = 170


@dataclass(frozen=True)
class Place:
    """Where in the delivery it is; line and column None where the whole file is meant."""

    file: str
    line: int | None = None
    column: str | None = None
    true: str | None = None
    injected: str | None = None
    session: int | None = None
    """Place of the row in the clinic's table: its lines elsewhere are innocent partners."""


Spoiler = Callable[[Source, Small, str], Place]


def missing(source: Source, small: Small, variant: str) -> Place:
    """Class 1."""
    small.absent.add(small.sessions.name)
    return Place(small.sessions.name)


def empty(source: Source, small: Small, variant: str) -> Place:
    """Class 2."""
    small.sessions.rows = []
    if variant == "no_byte":
        small.bytes_of[small.sessions.name] = b""
    return Place(small.sessions.name)


def nothing(source: Source, small: Small, variant: str) -> Place:
    """Class 3: the same content came some days before."""
    return Place(small.sessions.name)


def changed(source: Source, small: Small, variant: str) -> Place:
    """Classes 4, 36: another relief than the clinic's other deliveries say."""
    number = COLUMNS["sessions"].index("session_no_recorded")
    return _other_relief(source, small, lambda row: int(row[number]) not in LANDMARKS)


def changed_landmark(source: Source, small: Small, variant: str) -> Place:
    """Class 73: the row is the patient's session 4."""
    number = COLUMNS["sessions"].index("session_no_recorded")
    return _other_relief(source, small, lambda row: row[number] == "4")


def _other_relief(source: Source, small: Small, suits: Callable[[list[str]], bool]) -> Place:
    column = COLUMNS["sessions"].index(RELIEF)
    usable = [row[column][:1].isdigit() and suits(row) for row in small.sessions.rows]
    index = _choose(source, small, RELIEF, usable)
    row = small.sessions.rows[index]
    true = row[column]
    value = float(true.replace(",", "."))
    row[column] = french.number(value + 20 if value <= 80 else value - 20)
    source.taken_sessions.add(int(small.places[index]))
    return _cell(small, index, RELIEF, true, row[column])


def fractions(source: Source, small: Small, variant: str) -> Place:
    """Class 24: the export has changed its unit."""
    column = COLUMNS["sessions"].index(RELIEF)
    for row in small.sessions.rows:
        row[column] = french.number(float(row[column].replace(",", ".")) / 100)
    return Place(small.sessions.name)


def gone(source: Source, small: Small, variant: str) -> Place:
    """Class 37: a session that no later delivery holds, under a number that no other has."""
    number = COLUMNS["sessions"].index("session_no_recorded")
    row = list(small.sessions.rows[-1])
    row[number] = str(int(row[number]) + BEYOND_COURSES)
    source.taken_sessions.add(int(small.places[-1]))
    small.sessions.rows.append(row)
    return Place(small.sessions.name, HEADER_LINES + len(small.sessions.rows))


def truncated(source: Source, small: Small, variant: str) -> Place:
    """Class 5."""
    content = small.sessions.content()
    end = len(content) - 40 if variant == "within_a_row" else content.rstrip().rfind(b"\n") + 1
    small.bytes_of[small.sessions.name] = content[:end]
    return Place(small.sessions.name)


def encoded(source: Source, small: Small, variant: str) -> Place:
    """Classes 6, 9."""
    content = small.sessions.content().decode("utf-8-sig")
    damaged = {
        "cp1252": content.encode("cp1252"),
        "undecodable": content.encode("cp1252").replace(b"M1 ", b"M1\x81\x8d", 1),
        "whole": content.encode("utf-16"),
        "cut": content.encode("utf-16")[:-1],
    }
    small.bytes_of[small.sessions.name] = damaged[variant]
    return Place(small.sessions.name)


def delimited(source: Source, small: Small, variant: str) -> Place:
    """Class 10."""
    small.sessions.delimiter = {"tab": "\t", "bar": "|"}[variant]
    return Place(small.sessions.name)


def unclosed(source: Source, small: Small, variant: str) -> Place:
    """Class 11."""
    content = small.sessions.content()
    first = content.index(b"\n") + 1
    field = content.index(b";", content.index(b";", first) + 1) + 1
    small.bytes_of[small.sessions.name] = content[:field] + b'"' + content[field:]
    return Place(small.sessions.name)


def renamed(source: Source, small: Small, variant: str) -> Place:
    """Class 14."""
    column = COLUMNS["sessions"].index(RELIEF)
    small.sessions.header[column] = {"alias": ALIAS, "unknown": "Amélioration globale"}[variant]
    return Place(small.sessions.name)


def column_missing(source: Source, small: Small, variant: str) -> Place:
    """Class 15."""
    name = {"required": "session_date", "expected": "relief_duration_days"}[variant]
    column = COLUMNS["sessions"].index(name)
    for row in (small.sessions.header, *small.sessions.rows):
        del row[column]
    return Place(small.sessions.name)


def column_extra(source: Source, small: Small, variant: str) -> Place:
    """Class 16."""
    small.sessions.header.append("tension artérielle")
    for row in small.sessions.rows:
        row.append("12/8")
    return Place(small.sessions.name)


def reordered(source: Source, small: Small, variant: str) -> Place:
    """Class 17."""
    order = source.rng.permutation(len(small.sessions.header))
    small.sessions.header = [small.sessions.header[i] for i in order]
    small.sessions.rows = [[row[i] for i in order] for row in small.sessions.rows]
    return Place(small.sessions.name)


def header_twice(source: Source, small: Small, variant: str) -> Place:
    """Class 18."""
    small.sessions.header.append("Soulagement (%)")
    for row in small.sessions.rows:
        row.append("")
    return Place(small.sessions.name)


def titled(source: Source, small: Small, variant: str) -> Place:
    """Class 19."""
    small.sessions.above = ["Export des séances de rTMS (SYNTHETIQUE)", ""]
    return Place(small.sessions.name)


def footed(source: Source, small: Small, variant: str) -> Place:
    """Class 20: many of them are a report, no export."""
    n = len(small.sessions.rows)
    total, exported = f"Total;{n}", "Exporté le 01/01/2023"
    lines = {
        "total": [total],
        "exported_on": [exported],
        "many": [total, exported, total, exported],
    }
    n_fields = len(small.sessions.header)
    small.sessions.below = [one + ";" * (n_fields - 1 - one.count(";")) for one in lines[variant]]
    if variant == "many":
        return Place(small.sessions.name)
    return Place(small.sessions.name, HEADER_LINES + n + 1)


def controlled(source: Source, small: Small, variant: str) -> Place:
    """Class 64."""
    if variant == "nul":
        content = small.sessions.content()
        small.bytes_of[small.sessions.name] = content.replace(b"M1 ", b"M1\x00", 1)
        return Place(small.sessions.name)
    name = RELIEF if variant == "value" else "comment"
    injected = {"value": "3\x070", "remark": "va\x0bmieux", "long": "x" * LONG}[variant]
    return _set(source, small, name, injected)


def serial_in_text(source: Source, small: Small, variant: str) -> Place:
    """Class 60, in a text file."""
    return _set(source, small, "session_date", "43558")


def named_outside(source: Source, small: Small, variant: str) -> Place:
    """Class 72."""
    small.declared_as[small.sessions.name] = f"../{small.sessions.name}"
    return Place(small.sessions.name)


def _set(source: Source, small: Small, name: str, injected: str) -> Place:
    index = _choose(source, small, name, [True] * len(small.sessions.rows))
    column = COLUMNS["sessions"].index(name)
    true = small.sessions.rows[index][column]
    small.sessions.rows[index][column] = injected
    return _cell(small, index, name, true, injected)


def _choose(source: Source, small: Small, name: str, usable: list[bool]) -> int:
    """Choose one of the delivery's rows by the mechanism."""
    place = source.choose("sessions", small.places[np.array(usable)], name)
    return small.places.tolist().index(place)


def _cell(small: Small, index: int, name: str, true: str, injected: str) -> Place:
    line, place = HEADER_LINES + index + 1, int(small.places[index])
    return Place(small.sessions.name, line, name, true, injected, place)


SPOILERS: dict[int, Spoiler] = {
    1: missing,
    2: empty,
    3: nothing,
    4: changed,
    5: truncated,
    6: encoded,
    9: encoded,
    10: delimited,
    11: unclosed,
    14: renamed,
    15: column_missing,
    16: column_extra,
    17: reordered,
    18: header_twice,
    19: titled,
    20: footed,
    24: fractions,
    36: changed,
    37: gone,
    64: controlled,
    72: named_outside,
    73: changed_landmark,
}
LATE = (4, 73)
"""Classes of which a part arrives after the first night."""
