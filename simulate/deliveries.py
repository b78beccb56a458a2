"""What each delivery of a clinic holds: its date, its rows of text, full or only what is new.

Here: the plan of deliveries, the rows that each carries, and what happens to rows between them
(late, changed, delivered before their patient). Not here: what the rows say (`rows.py`), files
(`extracts.py`), anything going wrong (`defects/`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from simulate import french
from simulate.cohort import Cohort
from simulate.dates import DayArray, day, in_days
from simulate.rows import patient_rows, recorded_days, session_rows, visit_rows
from simulate.streams import Stream, generator
from simulate.writing import Writing, draw_writing

SET_B_FROM = date(2016, 1, 1)
EARLIER_DELIVERIES = (
    date(2015, 12, 31),
    date(2019, 6, 30),
    date(2017, 6, 30),
    date(2021, 6, 30),
    date(2018, 6, 30),
    date(2020, 6, 30),
    date(2022, 6, 30),
    date(2016, 6, 30),
)
BEGINNING = np.datetime64("1900-01-01", "D")
SHIFT_PCT = 10
"""By how much a relief that is changed later differs at first."""

Mode = Literal["complet", "increment"]


@dataclass(frozen=True)
class Delivery:
    """One folder to be written: its date, how sessions are delivered, since when they are new."""

    on: date
    mode: Mode
    after: np.datetime64
    has_workbook: bool

    @property
    def name(self) -> str:
        """AAAAMMJJ."""
        return f"{self.on:%Y%m%d}"

    @property
    def encoding(self) -> str:
        """The older export system writes cp1252, the newer one UTF-8 with a byte order mark."""
        return "utf-8-sig" if self.on >= SET_B_FROM else "cp1252"

    def header(self, table: str) -> list[str]:
        """Labels of a table in the header set of the delivery's export system."""
        headers = {"patients": french.PATIENT_HEADERS, "sessions": french.SESSION_HEADERS}[table]
        return [labels[2 if self.on >= SET_B_FROM else 1] for labels in headers]


@dataclass(frozen=True)
class Between:
    """What happens to rows between deliveries: numbers of rows, and of patients for `orphans`.

    Attributes
    ----------
    changed
        Sessions whose relief the clinic corrects: a later full delivery says another value.
    late
        Sessions written down in time but delivered one delivery later.
    orphans
        Patients whose sessions come one delivery before they stand in the master.
    """

    changed: int = 0
    late: int = 0
    orphans: int = 0


@dataclass(frozen=True)
class Carried:
    """The rows that one delivery carries; `*_place` are their rows in the whole clinic's tables."""

    delivery: Delivery
    patients: pa.Table
    patient_place: NDArray[np.int64]
    sessions: pa.Table
    session_place: NDArray[np.int64]
    visits: pd.DataFrame


@dataclass(frozen=True)
class Clinic:
    """A simulated clinic as text, before it is cut into deliveries.

    Attributes
    ----------
    sessions
        Every session, columns as text.
    known_from
        Day from which a delivery carries the row, shape (sessions,).
    first_said
        Rows of `sessions` that say another relief until `corrected_on`: row -> text.
    corrected_on
        Row -> day from which the row says what `sessions` says.
    master_from
        Patient -> day before which the master leaves the patient out.
    """

    cohort: Cohort
    writing: Writing
    sessions: pa.Table
    known_from: DayArray
    first_said: dict[int, str]
    corrected_on: dict[int, np.datetime64]
    master_from: dict[int, np.datetime64]

    def carried(self, delivery: Delivery) -> Carried:
        """Return the rows that a delivery carries."""
        until = day(delivery.on)
        held = (self.known_from > delivery.after) & (self.known_from <= until)
        place = np.flatnonzero(held)
        patients, patient_place = self.master(until)
        visits = visit_rows(self.cohort, self.writing)
        visits = visits[visits["visit_date"] <= until] if delivery.has_workbook else visits[:0]
        return Carried(
            delivery, patients, patient_place, self._said(place, until), place, visits
        )  # fmt: skip

    def master(self, on: np.datetime64) -> tuple[pa.Table, NDArray[np.int64]]:
        """Return the master list on a day, and the patients in it."""
        rows = patient_rows(self.cohort, self.writing, on)
        place = np.flatnonzero(self.cohort.session_day[:, 0] <= on)
        absent = [one for one, since in self.master_from.items() if on < since]
        kept = ~np.isin(place, absent)
        return rows.filter(pa.array(kept)), place[kept]

    def _said(self, place: NDArray[np.int64], until: np.datetime64) -> pa.Table:
        rows = self.sessions.take(pa.array(place))
        changes = {
            int(np.searchsorted(place, row)): said
            for row, said in self.first_said.items()
            if until < self.corrected_on[row] and row in place
        }
        if not changes:
            return rows
        column = rows.column("pain_relief_pct").cast(pa.large_string()).to_pylist()
        for row, said in changes.items():
            column[row] = said
        number = rows.schema.get_field_index("pain_relief_pct")
        return rows.set_column(number, "pain_relief_pct", pa.array(column, pa.large_string()))


def plan(deliveries: int | Sequence[date], last: date) -> list[Delivery]:
    """Return the deliveries: the first and the last full, those between only what is new.

    Raises
    ------
    ValueError
        For a number of deliveries outside 1-9, or dates that do not rise.
    """
    if isinstance(deliveries, int):
        if not 1 <= deliveries <= 1 + len(EARLIER_DELIVERIES):
            most = 1 + len(EARLIER_DELIVERIES)
            raise ValueError(f"deliveries must be between 1 and {most}, got {deliveries}")
        days = [*sorted(EARLIER_DELIVERIES[: deliveries - 1]), last]
    else:
        days = list(deliveries)
        if not days or any(a >= b for a, b in zip(days, days[1:], strict=False)):
            raise ValueError("deliveries must be one or more dates, each later than the one before")
    planned = []
    for number, on in enumerate(days):
        is_whole = number in (0, len(days) - 1)
        after = BEGINNING if is_whole else day(days[number - 1])
        mode: Mode = "complet" if is_whole else "increment"
        planned.append(Delivery(on, mode, after, has_workbook=number == len(days) - 1))
    return planned


def clinic(
    cohort: Cohort, planned: Sequence[Delivery], seed: int, between: Between | None = None
) -> Clinic:
    """Turn a cohort into text and draw what happens between its deliveries.

    Raises
    ------
    ValueError
        More rows or patients are to be late, changed or orphans than the deliveries allow.
    """
    between = between or Between()
    writing = draw_writing(cohort, seed)
    sessions, known_from = session_rows(cohort, writing), recorded_days(cohort)
    rng = generator(cohort.scenario, seed, Stream.BETWEEN_DELIVERIES, cohort.replicate)
    days = np.array([one.on for one in planned], dtype="datetime64[D]")
    first = np.searchsorted(days, known_from)
    has_later = np.flatnonzero(first < len(days) - 1)
    relief = sessions.column("pain_relief_pct").cast(pa.large_string())
    is_number = pc.match_substring_regex(relief, "^[0-9]").to_numpy()
    early_numbers = np.flatnonzero(is_number & (first == 0)) if len(days) > 1 else has_later[:0]
    changed = _some(rng, early_numbers, between.changed, "changed")
    late = _some(rng, np.setdiff1d(has_later, changed), between.late, "late")
    begins = np.searchsorted(days, cohort.session_day[:, 0])
    waiting = np.flatnonzero((begins < len(days) - 1) & (begins == _first_delivery(cohort, days)))
    orphans = _some(rng, waiting, between.orphans, "orphans")
    known_from = known_from.copy()
    known_from[late] = days[first[late]] + in_days(1)
    return Clinic(
        cohort,
        writing,
        sessions,
        known_from,
        first_said={int(row): _otherwise(relief[int(row)].as_py()) for row in changed},
        corrected_on={int(row): days[-1] for row in changed},
        master_from={int(one): days[begins[one] + 1] for one in orphans},
    )


def _first_delivery(cohort: Cohort, days: DayArray) -> NDArray[np.int64]:
    """Return the delivery that brings each patient's first session."""
    return np.searchsorted(days, cohort.recorded_day[:, 0])


def _some(
    rng: np.random.Generator, among: NDArray[np.int64], number: int, name: str
) -> NDArray[np.int64]:
    if not 0 <= number <= len(among):
        raise ValueError(
            f"{name} must be between 0 and {len(among)} with these deliveries, got {number}"
        )
    return np.sort(rng.choice(among, size=number, replace=False))


def _otherwise(relief: str) -> str:
    value = float(relief.replace(",", "."))
    return french.number(value + SHIFT_PCT if value + SHIFT_PCT <= 100 else value - SHIFT_PCT)
