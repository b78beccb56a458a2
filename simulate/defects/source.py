"""A clinic's rows as text that can be spoilt, who is spoilt already, and where chance falls.

Here: the table that the injectors change, the claims that keep two defects apart, the three
mechanisms by which rows are chosen. Not here: the defects themselves.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from simulate.dates import DayArray
from simulate.defects.changes import Table
from simulate.deliveries import Clinic
from simulate.rows import delivered, visit_rows

Places = NDArray[np.int64]
MECHANISMS = ("mcar", "mar", "mnar")
"""Completely at random; dependent on other columns; dependent on the value itself."""
FAVOUR = 8.0
"""Times more often that a favoured row is chosen under `mar` and `mnar`."""
OTHERS = {
    "sessions": ("nurse", "target"),
    "patients": ("lesion_level", "sex"),
    "emcs": ("stimulation", "n_electrodes"),
}
"""The other column on which `mar` depends, and another where the defect is in that very one."""
OF_ROW = {"sessions": "pain_relief_pct", "patients": "test_period_relief_pct"}
"""The value on which `mnar` depends where a defect is in the whole row."""


class TooFew(ValueError):
    """The clinic has no row left that could bear a defect."""


@dataclass
class Source:
    """A clinic's tables and what has been claimed of them.

    Attributes
    ----------
    clinic
        The clean clinic.
    patients, sessions, visits
        Its rows by place: text, text and spreadsheet values, by warehouse column; never changed.
    patient_of
        Patient of each session, shape (sessions,).
    session_day, evaluation_day
        Days of each session, shape (sessions,).
    rng
        Where chance comes from.
    mechanism
        One of `MECHANISMS`.
    taken_patients, taken_sessions
        Claims.
    closing_patients
        Patients of the delivery that closes the history.
    """

    clinic: Clinic
    patients: pd.DataFrame
    sessions: pd.DataFrame
    visits: pd.DataFrame
    patient_of: Places
    session_day: DayArray
    evaluation_day: DayArray
    rng: np.random.Generator
    mechanism: str
    taken_patients: set[int] = field(default_factory=set)
    taken_sessions: set[int] = field(default_factory=set)
    closing_patients: set[int] = field(default_factory=set)

    def in_session(self, place: int, column: str) -> str:
        """Text of a cell of a session."""
        return str(self.sessions[column].to_numpy()[place])

    def in_master(self, patient: int, column: str) -> str:
        """Text of a cell of the master."""
        return str(self.patients[column].to_numpy()[patient])

    def sessions_of(self, patient: int) -> Places:
        """Places of a patient's sessions, first to last."""
        first, stop = np.searchsorted(self.patient_of, [patient, patient + 1])
        return np.arange(first, stop)

    def free_sessions(self) -> NDArray[np.bool_]:
        """Sessions that no defect has claimed, of patients whom none has."""
        free = ~np.isin(self.patient_of, list(self.taken_patients))
        free[list(self.taken_sessions)] = False
        return free

    def free_patients(self) -> NDArray[np.bool_]:
        """Patients whom no defect has claimed, nor one of their sessions."""
        free = np.ones(len(self.patients), dtype=bool)
        free[list(self.taken_patients)] = False
        free[self.patient_of[list(self.taken_sessions)]] = False
        return free

    def free_visits(self) -> NDArray[np.bool_]:
        """Visits of patients whom no defect has claimed."""
        return self.visits["ipp"].isin(self.patients["ipp"][self.free_patients()]).to_numpy()

    def session(self, candidates: NDArray[np.bool_], column: str = OF_ROW["sessions"]) -> int:
        """Choose and claim one of some sessions, by the mechanism.

        Raises
        ------
        TooFew
            No candidate is free.
        """
        place = self.choose("sessions", np.flatnonzero(candidates & self.free_sessions()), column)
        self.taken_sessions.add(place)
        return place

    def patient(self, candidates: NDArray[np.bool_], column: str = OF_ROW["patients"]) -> int:
        """Choose and claim one of some patients, all their rows with them.

        Raises
        ------
        TooFew
            No candidate is free.
        """
        place = self.choose("patients", np.flatnonzero(candidates & self.free_patients()), column)
        self.taken_patients.add(place)
        return place

    def session_of_own(
        self, candidates: NDArray[np.bool_], column: str = OF_ROW["sessions"]
    ) -> int:
        """Choose one of some sessions and claim its patient whole.

        Raises
        ------
        TooFew
            No candidate is free.
        """
        free = candidates & self.free_patients()[self.patient_of]
        place = self.choose("sessions", np.flatnonzero(free), column)
        self.taken_patients.add(int(self.patient_of[place]))
        return place

    def visit(self, candidates: NDArray[np.bool_], column: str) -> tuple[int, int]:
        """Choose one of some visits and claim its patient whole; return both.

        Raises
        ------
        TooFew
            No candidate is free.
        """
        place = self.choose("emcs", np.flatnonzero(candidates & self.free_visits()), column)
        ipp = self.visits["ipp"].iloc[place]
        patient = int(np.flatnonzero(self.patients["ipp"] == ipp)[0])
        self.taken_patients.add(patient)
        return place, patient

    def visits_of(self, patient: int) -> Places:
        """Places of a patient's visits."""
        return np.flatnonzero(self.visits["ipp"] == self.in_master(patient, "ipp"))

    def choose(self, table: Table, candidates: Places, column: str) -> int:
        """Choose one of some rows by the mechanism, without a claim.

        Raises
        ------
        TooFew
            There are none.
        """
        if not len(candidates):
            raise TooFew(f"no {table} left in this clinic")
        weight = np.ones(len(candidates))
        whole = {"sessions": self.sessions, "patients": self.patients, "emcs": self.visits}[table]
        rows = whole.iloc[candidates]
        if self.mechanism == "mar":
            other = next(one for one in OTHERS[table] if one != column)
            weight[(rows[other] == rows[other].mode().iloc[0]).to_numpy()] = FAVOUR
        elif self.mechanism == "mnar":
            rank = magnitude(rows[column]).rank(pct=True, method="max").to_numpy()
            weight[rank > 0.75] = FAVOUR
        return int(self.rng.choice(candidates, p=weight / weight.sum()))

    def pick(self, words: list[str]) -> str:
        """Choose one of some words."""
        return words[int(self.rng.integers(len(words)))]

    def new_ipp(self) -> str:
        """Return a hospital number that no patient of this clinic has."""
        known = set(self.patients["ipp"])
        while True:
            number = f"{int(self.rng.integers(10_000_000, 99_999_999)):08d}"
            if number not in known:
                return number


def source_of(clinic: Clinic, rng: np.random.Generator, mechanism: str) -> Source:
    """Return the whole clinic as known on its last day.

    Raises
    ------
    ValueError
        An unknown mechanism.
    """
    if mechanism not in MECHANISMS:
        raise ValueError(f"no mechanism {mechanism!r}; there are: {', '.join(MECHANISMS)}")
    cohort = clinic.cohort
    patient_of, k = delivered(cohort)
    everybody, _ = clinic.master(np.datetime64("2200-01-01", "D"))
    return Source(
        clinic=clinic,
        patients=text_frame(everybody),
        sessions=text_frame(clinic.sessions),
        visits=visit_rows(cohort, clinic.writing),
        patient_of=patient_of,
        session_day=cohort.session_day[patient_of, k],
        evaluation_day=cohort.evaluation_day[patient_of, k],
        rng=rng,
        mechanism=mechanism,
    )


def text_frame(rows: pa.Table) -> pd.DataFrame:
    """Return an Arrow table of text as a frame of Python texts."""
    columns = {
        name: np.array(rows.column(name).cast(pa.large_string()).to_pylist(), dtype=object)
        for name in rows.column_names
    }
    return pd.DataFrame(columns, dtype=object)


def magnitude(column: pd.Series) -> pd.Series:
    """Return numbers as they are, days in their order; other texts by their place in the alphabet.

    Among numbers or days, what is none is unknown.
    """
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_dtype(column):
        return column
    numbers = pd.to_numeric(column.str.replace(",", "."), errors="coerce")
    if numbers.notna().any():
        return numbers
    days = pd.to_datetime(column.str[:10], format="%d/%m/%Y", errors="coerce")
    return days if days.notna().any() else column.rank(method="dense")
