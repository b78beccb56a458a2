"""A small delivery of its own: a few clean rows, in which one thing goes wrong as a file.

Here: the rows of such a delivery and their way to bytes. Not here: what goes wrong (`files.py`,
`books.py`). Everything in it comes whole in the clinic's own deliveries too, so that a delivery
that is refused loses nothing.
"""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from simulate import french, text
from simulate.dates import day
from simulate.defects.source import Places, Source, TooFew, text_frame
from simulate.deliveries import Delivery
from simulate.extracts import File, manifest
from simulate.workbook import workbook_bytes

N_SESSIONS = 8
COLUMNS = {
    "patients": [column for column, *_ in french.PATIENT_HEADERS],
    "sessions": [column for column, *_ in french.SESSION_HEADERS],
}


@dataclass
class Sheet:
    """A text file to be: labels, cells, and how they become bytes."""

    name: str
    header: list[str]
    rows: list[list[str]]
    encoding: str
    delimiter: str = text.SEPARATOR
    above: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)

    def content(self) -> bytes:
        """The file's bytes."""
        cells = [self.header, *self.rows]
        lines = [self.delimiter.join(text.quoted(cell) for cell in row) for row in cells]
        whole = [*self.above, *lines, *self.below]
        return (text.LINE_END.join(whole) + text.LINE_END).encode(self.encoding)


@dataclass
class Small:
    """A small delivery.

    Attributes
    ----------
    places
        Places of its session rows in the clinic's table.
    book
        Bytes of its workbook and rows in it, None without.
    bytes_of
        File -> bytes, of files that are no longer what their sheet says.
    absent
        Files that the delivery lacks.
    declared_as
        File -> name that the manifest gives it.
    """

    delivery: Delivery
    places: Places
    patients: Sheet
    sessions: Sheet
    book: tuple[bytes, int] | None = None
    bytes_of: dict[str, bytes] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    declared_as: dict[str, str] = field(default_factory=dict)

    @property
    def book_name(self) -> str:
        """Name of its workbook."""
        return f"emcs_{self.delivery.name}.xlsx"

    def files(self) -> list[File]:
        """The files as they will be written."""
        made = [
            File(sheet.name, len(sheet.rows) + len(sheet.below), sheet.content(), "increment")
            for sheet in (self.patients, self.sessions)
        ]
        if self.book is not None:
            made.append(File(self.book_name, self.book[1], self.book[0], "increment"))
        return [
            File(one.name, one.n_rows, self.bytes_of.get(one.name, one.content), one.mode)
            for one in made
            if one.name not in self.absent
        ]

    def manifest(self) -> bytes:
        """The manifest, with the names that it gives."""
        declared = [
            File(self.declared_as.get(one.name, one.name), one.n_rows, one.content, one.mode)
            for one in self.files()
        ]
        return manifest(declared, self.delivery.on)


def small_delivery(source: Source, on: date) -> Small:
    """Return a clean small delivery of rows that no defect has claimed.

    Raises
    ------
    TooFew
        The clinic has not enough of them by that day.
    """
    known = source.clinic.known_from <= day(on)
    free = np.flatnonzero(known & source.free_sessions())
    if len(free) < N_SESSIONS:
        raise TooFew("no sessions left for a small delivery")
    return delivery_of(source, on, np.sort(source.rng.choice(free, N_SESSIONS, replace=False)))


def delivery_of(source: Source, on: date, places: Places, people: Places | None = None) -> Small:
    """Return a clean small delivery of some sessions, their patients, and other patients."""
    delivery = Delivery(on, "increment", np.datetime64("1900-01-01", "D"), has_workbook=False)
    others = np.zeros(0, dtype=np.int64) if people is None else people
    wanted = np.union1d(source.patient_of[places], others)
    rows, holds = source.clinic.master(day(on))
    master = text_frame(rows)[np.isin(holds, wanted)]
    return Small(
        delivery,
        places,
        _sheet(delivery, "patients", master),
        _sheet(delivery, "sessions", source.sessions.loc[places]),
    )


def with_book(source: Source, on: date, *, n_visits: int = 1) -> Small:
    """Return a small delivery with a workbook: one operated patient, visits of one year.

    Raises
    ------
    TooFew
        No unclaimed patient has as many visits by that day.
    """
    ipp = source.patients["ipp"]
    free = set(ipp.drop(list(source.taken_patients)))
    held = source.visits[
        source.visits["ipp"].isin(free) & (source.visits["visit_date"].to_numpy() <= day(on))
    ]
    in_one_sheet = held.groupby(["ipp", pd.to_datetime(held["visit_date"]).dt.year])
    groups = {int(one.index[0]): one[:n_visits] for _, one in in_one_sheet if len(one) >= n_visits}
    visits = groups[source.choose("emcs", np.array([*groups], dtype=np.int64), "pain_relief_pct")]
    patient = int(ipp.index[ipp == visits["ipp"].iloc[0]][0])
    base = small_delivery(source, on)
    small = delivery_of(source, on, base.places, np.array([patient]))
    content, _ = workbook_bytes(visits)
    small.book = (content, len(visits))
    return small


def _sheet(delivery: Delivery, table: str, rows: pd.DataFrame) -> Sheet:
    prefix = {"patients": "patients", "sessions": "seances"}[table]
    return Sheet(
        f"{prefix}_{delivery.name}.csv",
        delivery.header(table),
        rows[COLUMNS[table]].to_numpy().tolist(),
        delivery.encoding,
    )
