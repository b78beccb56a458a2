"""The raw files a clinic would deliver, written from a simulated one.

Here: the files of each delivery and its manifest, and the truth beside. Not here: which rows a
delivery holds (`deliveries.py`), what they say (`rows.py`), the words (`french.py`), the
spreadsheet (`workbook.py`), a REDCap export (`redcap.py`), or anything going wrong (`defects/`):
every file is as clean as a real one can be. A delivery holds what had been written down by its
date, so a session says the same in every delivery that carries it, unless the clinic corrects it.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from simulate import deliveries as planning
from simulate import redcap, text, truth
from simulate.cohort import Cohort
from simulate.deliveries import Between, Carried, Delivery
from simulate.workbook import workbook_bytes

SOURCE = "plateau-simulate"
EXPORTS = ("clinic", "redcap")
MANIFEST = "manifest.csv"
MANIFEST_HEADER = "fichier;lignes;sha256;extrait_le;source;mode"


@dataclass(frozen=True)
class File:
    """A file of a delivery: name, rows without header (as the manifest counts), bytes, mode."""

    name: str
    n_rows: int
    content: bytes
    mode: str


def write(
    cohort: Cohort,
    out_dir: str | Path,
    *,
    deliveries: int | Sequence[date] = 3,
    seed: int,
    between: Between | None = None,
    export: str = "clinic",
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
    between
        Rows that are late, changed or without their patient at first; none by default.
    export
        'clinic' for the files of the clinic's systems, 'redcap' for one flat REDCap export.

    Returns
    -------
    dict
        deliveries (names), patients, sessions, operated, defects (0), scenario_id.

    Raises
    ------
    ValueError
        For a number of deliveries outside 1-9, dates that do not rise, an unknown export, or more
        rows late or changed than there are.
    """
    require_export(export)
    out = Path(out_dir)
    planned = planning.plan(deliveries, cohort.scenario.clinic.emcs_end)
    clinic = planning.clinic(cohort, planned, seed, between)
    for delivery in planned:
        files = files_of(clinic.carried(delivery), export)
        write_folder(out / "deliveries" / delivery.name, files, delivery.on)
    write_truth(out / "truth", clinic)
    return summary(cohort, [delivery.name for delivery in planned])


def require_export(export: str) -> None:
    """Refuse an export system that nobody simulates."""
    if export not in EXPORTS:
        raise ValueError(f"no export {export!r}; there are: {', '.join(EXPORTS)}")


def summary(cohort: Cohort, names: list[str], *, defects: int = 0) -> dict[str, Any]:
    """Return the counts of a written clinic."""
    return {
        "deliveries": names,
        "patients": len(cohort.patients),
        "sessions": int(cohort.n_sessions.sum()),
        "operated": int(cohort.emcs["patient"].nunique()),
        "defects": defects,
        "scenario_id": cohort.scenario.scenario_id,
    }


def files_of(carried: Carried, export: str = "clinic") -> list[File]:
    """Return the files of one delivery as bytes."""
    delivery = carried.delivery
    if export == "redcap":
        rows, content = redcap.export_bytes(carried.patients, carried.sessions, carried.visits)
        return [File(f"redcap_export_{delivery.name}.csv", rows, content, delivery.mode)]
    files = [
        File(
            f"patients_{delivery.name}.csv",
            carried.patients.num_rows,
            text.csv_bytes(delivery.header("patients"), carried.patients, delivery.encoding),
            "complet",
        ),
        File(
            f"seances_{delivery.name}.csv",
            carried.sessions.num_rows,
            text.csv_bytes(delivery.header("sessions"), carried.sessions, delivery.encoding),
            delivery.mode,
        ),
    ]
    if len(carried.visits):
        content, _ = workbook_bytes(carried.visits)
        files.append(File(f"emcs_{delivery.name}.xlsx", len(carried.visits), content, "complet"))
    return files


def write_folder(folder: Path, files: Sequence[File], on: date) -> None:
    """Write the files of one delivery, then the manifest that makes it ready."""
    for file in files:
        replace(folder / file.name, file.content)
    replace(folder / MANIFEST, manifest(files, on))


def manifest(files: Sequence[File], on: date) -> bytes:
    """Return the manifest of a delivery as bytes."""
    lines = [MANIFEST_HEADER]
    for file in files:
        digest = hashlib.sha256(file.content).hexdigest()
        lines.append(f"{file.name};{file.n_rows};{digest};{on:%d/%m/%Y};{SOURCE};{file.mode}")
    return (text.LINE_END.join(lines) + text.LINE_END).encode("ascii")


def write_truth(folder: Path, clinic: planning.Clinic) -> None:
    """Write the world's parameters, each patient's latent constants and whole courses."""
    ipp = clinic.writing.ipp
    replace(folder / "world.parquet", parquet(truth.world(clinic.cohort)))
    replace(folder / "patients.parquet", parquet(truth.patients(clinic.cohort, ipp)))
    replace(folder / "curves.parquet", parquet(truth.curves(clinic.cohort, ipp)))


def parquet(frame: pd.DataFrame) -> bytes:
    """Return a frame as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def replace(path: Path, content: bytes) -> None:
    """Put a whole file in place at once; a reader never sees a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.tmp")
    partial.write_bytes(content)
    partial.replace(path)


__all__ = ["Delivery", "File", "files_of", "write"]
