"""What `plateau quality` tells of one run: files, rules, open questions, refusals, the trend.

Belongs here: reading the warehouse's own records. Does not: judging anything anew, printing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.errors import Busy, InputMissing, PlateauError
from orchestration.quality.queries import rows
from orchestration.settings import Settings
from orchestration.warehouse import connect, require_live

if TYPE_CHECKING:
    import duckdb

BAD = ("failed", "error")


@dataclass(slots=True)
class Overview:
    """Data quality as one run left it; lists of records as in the `--json` object.

    Attributes
    ----------
    run_id, at
        The run, and when (UTC) its first result was written.
    files
        A file and table of a delivery: counts of rows, None where it was refused before reading.
    rules
        A rule and table: status, numerator, denominator.
    open, places
        Questions to the clinic by rule; the places of one rule's, where one rule was asked for.
    refused
        Deliveries that are refused as things stand, with the file and the sentence.
    runs
        The run and those before it, newest first.
    held_back
        Runs that were not published and whose builds are still kept, newest first.
    """

    run_id: str
    at: str
    files: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    open: list[dict[str, Any]] = field(default_factory=list)
    places: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    held_back: list[str] = field(default_factory=list)

    @property
    def reconciled(self) -> bool:
        """Whether rows in = kept + quarantined + dropped in every file that was taken."""
        return all(
            file["rows"] == file["kept"] + file["quarantined"] + file["dropped"]
            for file in self.files
            if file["status"] == "accepted"
        )

    @property
    def failing(self) -> list[dict[str, Any]]:
        """Rules of severity error that failed or broke."""
        return [r for r in self.rules if r["status"] in BAD and r["severity"] == "error"]


def look(
    settings: Settings, *, run: str | None = None, rule: str | None = None, history: int = 5
) -> Overview:
    """Read what is known of data quality.

    Parameters
    ----------
    run
        Id of a run or the beginning of one, also of a run that was not published and whose build
        is still kept; the newest of the published warehouse by default, and then all its files.
    rule
        Only this rule, and the places of its open questions.
    history
        How many runs the trend reaches back.

    Raises
    ------
    InputMissing
        Nothing is published yet, or no kept run is called so.
    PlateauError
        Several runs begin so.
    Busy
        The build of that run is being written.
    """
    path = _file_of(settings, run)
    with _reading(path) as connection:
        runs = rows(connection, "runs", {"rule": rule})
        chosen = _choose(runs, run, path)
        chosen_id = chosen["run_id"]
        since = runs[runs.index(chosen) :] if chosen in runs else []
        files = rows(connection, "files", {"run_id": chosen_id if run else None})
        return Overview(
            run_id=chosen_id,
            at=chosen["at"],
            files=files,
            rules=rows(connection, "rule_results", {"run_id": chosen_id, "rule": rule}),
            open=[one for one in rows(connection, "open_by_rule") if rule in (None, one["id"])],
            places=rows(connection, "open_places", {"rule": rule}) if rule else [],
            refused=rows(connection, "standing_refusals"),
            runs=since[:history],
            held_back=held_back(settings),
        )


def held_back(settings: Settings) -> list[str]:
    """Ids of the runs whose builds are kept unpublished, newest first."""
    builds = sorted(settings.builds.glob("*.duckdb"), key=lambda p: p.stat().st_mtime, reverse=True)
    return [path.stem for path in builds]


def _file_of(settings: Settings, run: str | None) -> Path:
    """The kept build of a run that was not published, else the published warehouse."""
    kept = held_back(settings)
    wanted = [one for one in kept if run and one.startswith(run)]
    if len(wanted) == 1:
        return settings.builds / f"{wanted[0]}.duckdb"
    if kept and not settings.live.exists():
        raise InputMissing(
            f"Nothing is published in {settings.data} yet; look at the run that was held back "
            f"with `plateau quality --run {kept[0]}`."
        )
    require_live(settings)
    return settings.live


@contextmanager
def _reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect read-only, or say that a run is at work on the file."""
    import duckdb

    try:
        with connect(path, read_only=True) as connection:
            yield connection
    except duckdb.IOException:
        raise Busy(f"A run is writing {path.name}; look again when it has ended.") from None


def _choose(runs: list[dict[str, Any]], run: str | None, path: Path) -> dict[str, Any]:
    fitting = [one for one in runs if run is None or one["run_id"].startswith(run)]
    if not fitting:
        raise InputMissing(
            f"No run {run} is in {path.name}; `plateau quality --history 50` lists the runs."
            if run
            else "No run left results in this warehouse; run `plateau nightly --force`."
        )
    if run and len(fitting) > 1:
        raise PlateauError(f"{len(fitting)} runs begin with {run}; give more of its id.")
    return fitting[0]
