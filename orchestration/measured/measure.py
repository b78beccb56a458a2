"""A published warehouse measured against the truth of its simulated clinic.

Here: opening both. Not here: what the pipeline said (`said`), counting (`scores`).
"""

from __future__ import annotations

from pathlib import Path

from orchestration.data_directory import kind_of
from orchestration.errors import InputMissing
from orchestration.measured import said, values
from orchestration.measured.scores import Tally, tally
from orchestration.settings import Settings
from orchestration.warehouse import connect, require_live


def measure(settings: Settings, truth: Path) -> Tally:
    """Count what the published warehouse says against the ledger of a truth directory.

    Parameters
    ----------
    truth
        `truth/` as `plateau simulate clinic` wrote it.

    Raises
    ------
    InputMissing
        The directory holds no ledger, nothing is published, or the data are a real clinic's.
    """
    from simulate.defects import ledger

    if kind_of(settings) != "synthetic":
        raise InputMissing(
            f"{settings.data} holds no synthetic clinic, so nothing is known to be wrong in it; "
            "--truth is for data of `plateau simulate clinic`."
        )
    try:
        told = ledger.read(truth)
    except FileNotFoundError:
        raise InputMissing(
            f"{truth} holds no defects.parquet; name the truth directory of a clinic that was "
            "written with `plateau simulate clinic --defects`."
        ) from None
    require_live(settings)
    with connect(settings.live, read_only=True) as connection:
        found = said.everything_said(connection)
        row = connection.execute(
            "select coalesce(sum(n_rows), 0) from ingest_file where status = 'accepted'"
        ).fetchone()
        return tally(
            told,
            found,
            said.read_whole(connection),
            values.repaired_exactly(connection, settings, told, found),
            n_rows=int(row[0]) if row else 0,
        )
