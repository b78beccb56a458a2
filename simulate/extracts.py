"""The raw files a clinic would deliver, written from a simulated one.

Here: what each delivery contains, its files and its manifest, and the truth beside. Not here: the
rows (`rows.py`), the words (`french.py`), the spreadsheet (`workbook.py`), or anything going
wrong: every file is as clean as a real one can be. A delivery holds what had been written down
by its date, so a session says the same in every delivery that carries it.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from simulate import french, truth
from simulate.cohort import Cohort
from simulate.dates import day
from simulate.rows import patient_rows, session_rows, visit_rows
from simulate.workbook import workbook_bytes
from simulate.writing import Writing, draw_writing

SOURCE = "plateau-simulate"
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


def write(
    cohort: Cohort, out_dir: str | Path, *, deliveries: int | Sequence[date] = 3, seed: int
) -> dict[str, Any]:
    """Write every delivery of a simulated clinic, and the truth behind it.

    Parameters
    ----------
    cohort
        From `cohort.generate`.
    out_dir
        Receives ``deliveries/AAAAMMJJ/`` and ``truth/``. Files appear whole, manifests last.
    deliveries
        Number of deliveries (1-9) or their dates. The first and the last carry all sessions
        written down so far, those between only the new ones.
    seed
        Of what typing adds: hospital numbers, times, initials, words for missing.

    Returns
    -------
    dict
        deliveries (names), patients, sessions, operated, defects (0), scenario_id.

    Raises
    ------
    ValueError
        For a number of deliveries outside 1-9, or dates that do not rise.
    """
    out = Path(out_dir)
    writing = draw_writing(cohort, seed)
    plan = _plan(deliveries, cohort.scenario.clinic.emcs_end)
    for delivery in plan:
        _write_delivery(cohort, writing, delivery, out / "deliveries" / delivery.name)
    _replace(out / "truth" / "patients.parquet", _parquet(truth.patients(cohort, writing.ipp)))
    _replace(out / "truth" / "curves.parquet", _parquet(truth.curves(cohort, writing.ipp)))
    return {
        "deliveries": [delivery.name for delivery in plan],
        "patients": len(cohort.patients),
        "sessions": int(cohort.n_sessions.sum()),
        "operated": int(cohort.emcs["patient"].nunique()),
        "defects": 0,
        "scenario_id": cohort.scenario.scenario_id,
    }


def _plan(deliveries: int | Sequence[date], last: date) -> list[Delivery]:
    if isinstance(deliveries, int):
        if not 1 <= deliveries <= 1 + len(EARLIER_DELIVERIES):
            most = 1 + len(EARLIER_DELIVERIES)
            raise ValueError(f"deliveries must be between 1 and {most}, got {deliveries}")
        days = [*sorted(EARLIER_DELIVERIES[: deliveries - 1]), last]
    else:
        days = list(deliveries)
        if not days or any(a >= b for a, b in zip(days, days[1:], strict=False)):
            raise ValueError("deliveries must be one or more dates, each later than the one before")
    plan = []
    for number, on in enumerate(days):
        is_whole = number in (0, len(days) - 1)
        after = BEGINNING if is_whole else day(days[number - 1])
        mode: Mode = "complet" if is_whole else "increment"
        plan.append(Delivery(on, mode, after, has_workbook=number == len(days) - 1))
    return plan


def _write_delivery(cohort: Cohort, writing: Writing, delivery: Delivery, folder: Path) -> None:
    until = day(delivery.on)
    patients = patient_rows(cohort, writing, until)
    sessions = session_rows(cohort, writing, delivery.after, until)
    visits = visit_rows(cohort, writing)
    visits = visits[visits["visit_date"] <= until]
    files: list[tuple[str, int, bytes, str]] = [
        (
            f"patients_{delivery.name}.csv",
            len(patients),
            _table_bytes(patients, french.PATIENT_HEADERS, delivery),
            "complet",
        ),
        (
            f"seances_{delivery.name}.csv",
            len(sessions),
            _table_bytes(sessions, french.SESSION_HEADERS, delivery),
            delivery.mode,
        ),
    ]
    if delivery.has_workbook and len(visits):
        name = f"emcs_{delivery.name}.xlsx"
        files.append((name, len(visits), workbook_bytes(visits), "complet"))
    for name, _, content, _ in files:
        _replace(folder / name, content)
    _replace(folder / "manifest.csv", _manifest(files, delivery))


def _table_bytes(
    rows: pd.DataFrame, headers: tuple[tuple[str, str, str], ...], delivery: Delivery
) -> bytes:
    """Return a table as bytes under the header set of the delivery's export system."""
    in_set = 2 if delivery.on >= SET_B_FROM else 1
    columns = [header[0] for header in headers]
    lines = [[header[in_set] for header in headers], *rows[columns].to_numpy().tolist()]
    return _csv_text(lines).encode(delivery.encoding)


def _manifest(files: list[tuple[str, int, bytes, str]], delivery: Delivery) -> bytes:
    lines = [["fichier", "lignes", "sha256", "extrait_le", "source", "mode"]]
    for name, n_rows, content, mode in files:
        digest = hashlib.sha256(content).hexdigest()
        lines.append([name, str(n_rows), digest, f"{delivery.on:%d/%m/%Y}", SOURCE, mode])
    return _csv_text(lines).encode("ascii")


def _csv_text(lines: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerows(lines)
    return buffer.getvalue()


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _replace(path: Path, content: bytes) -> None:
    """Put a whole file in place at once; a reader never sees a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.tmp")
    partial.write_bytes(content)
    partial.replace(path)
