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
from simulate.deliveries import Clinic
from simulate.rows import delivered, visit_rows

Places = NDArray[np.int64]
MECHANISMS = ("mcar", "mar", "mnar")
"""Completely at random; dependent on other columns; dependent on the value itself."""
FAVOUR = 8.0
"""Times more often that a favoured row is chosen under `mar` and `mnar`."""


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
    offsets
        Class -> the variant with which its turns begin.
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
    offsets: dict[int, int] = field(default_factory=dict)

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

    def session(self, candidates: NDArray[np.bool_], column: str) -> int:
        """Choose and claim one of some sessions, by the mechanism.

        Raises
        ------
        TooFew
            No candidate is free.
        """
        place = self._choose(np.flatnonzero(candidates & self.free_sessions()), column, "sessions")
        self.taken_sessions.add(place)
        return place

    def patient(self, candidates: NDArray[np.bool_], column: str = "laterality") -> int:
        """Choose and claim one of some patients, all their rows with them.

        Raises
        ------
        TooFew
            No candidate is free.
        """
        place = self._choose(np.flatnonzero(candidates & self.free_patients()), column, "patients")
        self.taken_patients.add(place)
        return place

    def session_of_own(self, candidates: NDArray[np.bool_], column: str) -> int:
        """Choose one of some sessions and claim its patient whole.

        Raises
        ------
        TooFew
            No candidate is free.
        """
        free = candidates & self.free_patients()[self.patient_of]
        place = self._choose(np.flatnonzero(free), column, "sessions")
        self.taken_patients.add(int(self.patient_of[place]))
        return place

    def _choose(self, candidates: Places, column: str, table: str) -> int:
        if not len(candidates):
            raise TooFew(f"no {table} left in this clinic")
        weight = np.ones(len(candidates))
        rows = (self.sessions if table == "sessions" else self.patients).iloc[candidates]
        if self.mechanism == "mar":
            other = "nurse" if table == "sessions" else "lesion_level"
            weight[(rows[other] == rows[other].mode().iloc[0]).to_numpy()] = FAVOUR
        elif self.mechanism == "mnar":
            rank = _magnitude(rows[column]).rank(pct=True).to_numpy()
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


def _magnitude(column: pd.Series) -> pd.Series:
    """Return numbers as they are, and for other texts their place in the alphabet."""
    numbers = pd.to_numeric(column.str.replace(",", "."), errors="coerce")
    return numbers.where(numbers.notna(), column.rank(method="dense"))
