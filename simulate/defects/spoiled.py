"""A small delivery with its defect, ready to be written.

Here: which class is made how, its folders, and arrival after the first night. Not here: what the
defect does (`files.py`, `books.py`), the rows (`small.py`).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from simulate.dates import day
from simulate.defects.books import MAKERS
from simulate.defects.catalogue import Class, Variant
from simulate.defects.cells import PR, is_number, is_share
from simulate.defects.files import LATE, SPOILERS, Place
from simulate.defects.small import N_SESSIONS, Small, delivery_of, small_delivery
from simulate.defects.source import Source, TooFew
from simulate.extracts import MANIFEST, replace

AGAIN, FOURTH = 3, 4


@dataclass
class Spoiled:
    """One small delivery; without a class it is clean and closes the history."""

    small: Small
    place: Place
    kind: Class | None = None
    variant: Variant | None = None
    before: Small | None = None
    """A clean delivery that arrives first."""
    defect_id: int = 0

    @property
    def name(self) -> str:
        """AAAAMMJJ."""
        return self.small.delivery.name

    @property
    def arrival(self) -> int:
        """1, or 2 for what arrives after the first night."""
        return 2 if self.kind is not None and self.kind.defect in LATE else 1

    @property
    def is_read_whole(self) -> bool:
        """Whether other bytes hold the very same rows, so that the file is read all the same."""
        return self.variant is not None and self.variant.rules == ("none",)

    def line_of(self, session: int | None) -> int:
        """Line of a session in the clean order of rows."""
        return 2 + self.small.places.tolist().index(session)

    def write(self, out: Path) -> list[str]:
        """Write the folder, and the clean one that comes first; return names in deliveries/."""
        names = []
        if self.before is not None:
            _write(out / "deliveries", self.before)
            names.append(self.before.delivery.name)
        _write(out / ("later" if self.arrival == 2 else "deliveries"), self.small)
        return names if self.arrival == 2 else [*names, self.name]


def spoiled_delivery(
    source: Source, on: date, kind: Class | None = None, variant: Variant | None = None
) -> Spoiled:
    """Make one small delivery.

    Raises
    ------
    TooFew
        The clinic has not enough unclaimed rows for it.
    """
    if kind is None or variant is None:
        closing = small_delivery(source, on)
        source.taken_sessions.update(int(one) for one in closing.places)
        source.closing_patients.update(int(one) for one in source.patient_of[closing.places])
        return Spoiled(closing, Place(closing.sessions.name))
    if kind.defect in MAKERS:
        small, place = MAKERS[kind.defect](source, on, variant.name)
        return Spoiled(small, place, kind, variant)
    small = CHOSEN.get(kind.defect, small_delivery)(source, on)
    before = None
    if kind.defect == AGAIN:
        before = delivery_of(source, on - timedelta(days=1), small.places)
        small.patients.rows = before.patients.rows
    if kind.defect == FOURTH:
        before = delivery_of(source, on, small.places)
    place = SPOILERS[kind.defect](source, small, variant.name)
    return Spoiled(small, place, kind, variant, before)


def _landmark(source: Source, on: date) -> Small:
    """A small delivery with the session 4 of a patient whom the closing delivery leaves alone."""
    fourth = (source.sessions["session_no_recorded"] == "4").to_numpy()
    others = ~np.isin(source.patient_of, list(source.closing_patients))
    usable = fourth & others & is_number(source.sessions[PR]) & source.free_sessions()
    chosen = source.choose("sessions", np.flatnonzero(usable), PR)
    rest = np.flatnonzero(source.free_sessions() & ~fourth)
    more = source.rng.choice(rest, N_SESSIONS - 1, replace=False)
    return delivery_of(source, on, np.sort(np.append(more, chosen)))


def _with_shares(source: Source, on: date) -> Small:
    """A small delivery of sessions whose relief can be written as a fraction."""
    known = source.clinic.known_from <= day(on)
    rows = np.flatnonzero(known & is_share(source.sessions[PR]) & source.free_sessions())
    if len(rows) < N_SESSIONS:
        raise TooFew("no reliefs left for a small delivery")
    return delivery_of(source, on, np.sort(source.rng.choice(rows, N_SESSIONS, replace=False)))


CHOSEN = {24: _with_shares, 73: _landmark}
"""Classes that need rows of a certain kind."""


def _write(parent: Path, small: Small) -> None:
    folder = parent / small.delivery.name
    for file in small.files():
        replace(folder / file.name, file.content)
    replace(folder / MANIFEST, small.manifest())
