"""A build beside the live warehouse, swapped in by one atomic rename (blue/green).

Readers open only the live file, read-only. A run builds `build/<root run id>.duckdb`, so that a
failed run leaves the live file alone and a re-execution finds its build; what was live before stays
as a version to go back to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import __version__, faults
from orchestration.carried import carry_facts
from orchestration.data_directory import key_id_of
from orchestration.errors import PlateauError
from orchestration.files import flush, replace_file
from orchestration.settings import Settings
from orchestration.versions import keep_version
from orchestration.warehouse import SCHEMA_VERSION, Meta, connect, meta_of, refuse_wal, write_meta

if TYPE_CHECKING:
    import duckdb


@dataclass(slots=True)
class Build:
    """One run's warehouse under construction."""

    settings: Settings
    root_run_id: str
    run_id: str
    published: bool = False

    @property
    def path(self) -> Path:
        """File of the build, named by the root run so that a re-execution finds it."""
        return self.settings.builds / f"{self.root_run_id}.duckdb"

    def open(self, *, fresh: bool = False) -> None:
        """Copy live to the build, or take up the one that lies there under this run's name.

        A failed attempt of this run may have left it, or `plateau rebuild` begun it.

        Parameters
        ----------
        fresh
            Begin empty, but for facts that no delivery holds (`carried`); the live warehouse may
            then be of an earlier Plateau.

        Raises
        ------
        PlateauError
            The left build started from a version that has been replaced since, or the live
            warehouse is of another version of Plateau.
        """
        refuse_wal(self.settings.live)
        if self.path.exists():
            self._require_same_base(meta_of(self.settings.live, older=True))
            return
        live = meta_of(self.settings.live, older=fresh)
        if self.root_run_id != self.run_id:
            raise PlateauError(
                "The build of the first attempt is no longer there (it was published or is older "
                f"than {self.settings.retention_builds_days} days); launch the whole job again."
            )
        self.settings.builds.mkdir(parents=True, exist_ok=True)
        if live is None:
            with self.write():
                pass
        elif fresh:
            _begin_anew(self.path, self.settings.live, live)
        else:
            # A run that a power cut ends is dead, and its build is deleted; `seal` flushes it.
            replace_file(self.path, copy_from=self.settings.live, is_scratch=True)

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Connect for writing; the file is free again after the block."""
        with connect(self.path) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Connect read-only."""
        with connect(self.path, read_only=True) as connection:
            yield connection

    def publish(self, kind: str) -> Meta:
        """Seal the build and swap it in; the last good version stays until the very rename.

        Raises
        ------
        PlateauError
            The live file has a write-ahead log (somebody wrote to it), or another run published
            since this build began.
        """
        live_path = self.settings.live
        refuse_wal(live_path)
        live = meta_of(live_path, older=True)
        self._require_same_base(live)
        meta = self.seal(kind)
        refuse_wal(live_path)
        live_path.parent.mkdir(parents=True, exist_ok=True)
        if live is not None:
            keep_version(self.settings, live.published_at, live.run_id)
        faults.point("before_swap")
        self.path.replace(live_path)
        flush(live_path.parent)
        faults.point("after_swap")
        self.published = True
        return meta

    def seal(self, kind: str) -> Meta:
        """Write what the warehouse says of itself, and leave one flushed file without a log."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        meta = Meta(
            SCHEMA_VERSION,
            __version__,
            kind,
            self.run_id,
            now,
            self.settings.preset,
            key_id_of(self.settings),
        )
        with self.write() as connection:
            write_meta(connection, meta)
            faults.point("before_checkpoint")
            connection.execute("checkpoint plateau")
        faults.point("after_checkpoint")
        flush(self.path)
        return meta

    def _require_same_base(self, live: Meta | None) -> None:
        base = meta_of(self.path)
        if _publication(base) != _publication(live):
            raise PlateauError(
                f"Run {live.run_id if live else '?'} published while this build stood still; "
                "publishing it would undo that, so launch the whole job again."
            )


def _publication(meta: Meta | None) -> tuple[str, str] | None:
    return (meta.run_id, meta.published_at) if meta else None


def _begin_anew(path: Path, live: Path, meta: Meta) -> None:
    """An empty warehouse that knows from which publication it began, with what is carried over.

    Tables of an earlier schema are not carried over: their columns may have meant something else.
    """
    beginning = path.with_name(path.name + ".new")
    beginning.unlink(missing_ok=True)
    with connect(beginning) as connection:
        write_meta(connection, replace(meta, schema_version=SCHEMA_VERSION))
        if meta.schema_version == SCHEMA_VERSION:
            carry_facts(connection, live)
    beginning.replace(path)


def delete_build(settings: Settings, root_run_id: str) -> None:
    """Delete one build and what a killed process may have left beside it."""
    for left in settings.builds.glob(f"{root_run_id}.duckdb*"):
        left.unlink(missing_ok=True)
