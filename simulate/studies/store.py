"""Counts on disk: one Parquet file a shard, whole or not there, and never of another design.

Here: where shards lie, writing one atomically, reading back, what is missing. Not here: what is in
one (`counting.py`), who makes it (`shards.py`).

    <root>/study=<name>/design=<id>/code=<id>/scenario=<id>/
        replicates-000000000000-000000000999.parquet    counts
        replicates-000000000000-000000000999.json       manifest: sha256, cells, seconds, versions
        design.json                                     what the ids stand for

A shard is complete if its manifest is there, names this partition, and its SHA-256 is the file's.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_NAME = re.compile(r"replicates-(\d{12})-(\d{12})\.parquet")


class StoreError(Exception):
    """A shard that cannot be written or must not be read; the message names it and the way out."""


@dataclass(frozen=True)
class Shard:
    """Replicates `first` to `stop - 1` of one world."""

    scenario_id: str
    first: int
    stop: int

    @property
    def name(self) -> str:
        """File name."""
        return f"replicates-{self.first:012d}-{self.stop - 1:012d}.parquet"

    @property
    def replicates(self) -> range:
        """The replicates."""
        return range(self.first, self.stop)


@dataclass(frozen=True)
class Store:
    """Shards of one study under one design and code.

    Attributes
    ----------
    root
        Folder of all studies.
    study, design_id, code_id
        The partition.
    """

    root: Path
    study: str
    design_id: str
    code_id: str

    @property
    def partition(self) -> Path:
        """Folder of all worlds."""
        parts = (f"study={self.study}", f"design={self.design_id}", f"code={self.code_id}")
        return self.root.joinpath(*parts)

    def folder(self, scenario_id: str) -> Path:
        """Folder of one world's shards."""
        return self.partition / f"scenario={scenario_id}"

    def write(self, shard: Shard, counts: bytes, facts: dict[str, Any]) -> None:
        """Write one shard and then its manifest, each whole or not at all.

        Parameters
        ----------
        counts
            From `encode`.
        facts
            What to note beside: seconds, versions.

        Raises
        ------
        StoreError
            The disk is full or the folder cannot be written; earlier shards stay as they are.
        """
        path = self.folder(shard.scenario_id) / shard.name
        manifest = {
            "study": self.study,
            "design_id": self.design_id,
            "code_id": self.code_id,
            "scenario_id": shard.scenario_id,
            "first_replicate": shard.first,
            "n_replicates": shard.stop - shard.first,
            "sha256": hashlib.sha256(counts).hexdigest(),
            **facts,
        }
        try:
            write_whole(path, counts)
            write_whole(path.with_suffix(".json"), json.dumps(manifest, indent=1).encode())
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written ({error.strerror or error}); every earlier shard is "
                "whole: free space or rights, then run the same command again and it goes on here."
            ) from None

    def describe(self, scenario_id: str, what: dict[str, Any]) -> None:
        """Leave beside the shards what their ids stand for."""
        path = self.folder(scenario_id) / "design.json"
        if not path.exists():
            try:
                write_whole(path, json.dumps(what, indent=1).encode())
            except OSError as error:
                raise StoreError(
                    f"{path} cannot be written ({error.strerror or error}); choose another data "
                    "directory or free space."
                ) from None

    def has(self, shard: Shard) -> bool:
        """Tell whether a shard is complete.

        Raises
        ------
        StoreError
            It is damaged or of another partition.
        """
        path = self.folder(shard.scenario_id) / shard.name
        return path.exists() and self._judge(path, shard.scenario_id) is not None

    def complete(self, scenario_id: str) -> list[Shard]:
        """Return the complete shards of a world, by first replicate.

        Raises
        ------
        StoreError
            A shard is damaged or of another partition, or two hold the same replicate.
        """
        folder, found = self.folder(scenario_id), []
        for path in sorted(folder.glob("replicates-*.parquet")):
            shard = self._judge(path, scenario_id)
            if shard is not None:
                found.append(shard)
        for one, other in zip(found, found[1:], strict=False):
            if other.first < one.stop:
                raise StoreError(
                    f"{folder / other.name} and {one.name} both hold replicate {other.first}; move "
                    "one of them (and its .json) away and run again."
                )
        return found

    def _judge(self, path: Path, scenario_id: str) -> Shard | None:
        """Return the shard of a file; None where its manifest was never written."""
        match = _NAME.fullmatch(path.name)
        manifest_path = path.with_suffix(".json")
        if match is None:
            raise StoreError(f"{path} is no shard of a study by its name; move it away.")
        if not manifest_path.exists():
            return None
        try:
            manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
            told = {key: manifest[key] for key in ("study", "design_id", "code_id", "scenario_id")}
            first, n = int(manifest["first_replicate"]), int(manifest["n_replicates"])
            sha256, held = manifest["sha256"], hashlib.sha256(path.read_bytes()).hexdigest()
        except (ValueError, KeyError, TypeError):
            raise StoreError(f"{manifest_path} cannot be read; {_remove(path)}") from None
        except OSError as error:
            raise StoreError(
                f"{error.filename} cannot be read ({error.strerror}); give the right to read it."
            ) from None
        own = {
            "study": self.study,
            "design_id": self.design_id,
            "code_id": self.code_id,
            "scenario_id": scenario_id,
        }
        shard = Shard(scenario_id, first, first + n)
        if told != own or shard.name != path.name:
            raise StoreError(f"{path} was made for another design, code or world; {_remove(path)}")
        if held != sha256:
            raise StoreError(f"{path} is truncated or was changed; {_remove(path)}")
        return shard

    def missing(self, scenario_id: str, n_replicates: int, size: int) -> list[Shard]:
        """Return the shards that replicates 0 to n - 1 still need, in pieces of at most `size`.

        Pieces begin at multiples of `size` where nothing stands in their way, so that machines that
        share the work cut it alike.
        """
        gaps, at = [], 0
        for shard in self.complete(scenario_id):
            gaps.append((at, min(shard.first, n_replicates)))
            at = shard.stop
        gaps.append((at, n_replicates))
        return [
            Shard(scenario_id, max(low, start), min(high, start + size))
            for low, high in gaps
            if low < high
            for start in range(low - low % size, high, size)
        ]

    def manifests(self, scenario_id: str) -> list[dict[str, Any]]:
        """Manifests of the complete shards of a world, with the file name as `shard`."""
        folder = self.folder(scenario_id)
        return [
            {
                "shard": shard.name,
                **json.loads((folder / shard.name).with_suffix(".json").read_text()),
            }
            for shard in self.complete(scenario_id)
        ]

    def total(self, scenario_id: str, n_cells: int | None = None) -> pa.Table | None:
        """Add up the complete shards of a world; None without any."""
        total: pa.Table | None = None
        for shard in self.complete(scenario_id):
            total = self.added(total, shard, n_cells)
        return total

    def added(self, total: pa.Table | None, shard: Shard, n_cells: int | None = None) -> pa.Table:
        """Return the counts of a shard on top of those before it.

        Raises
        ------
        StoreError
            It holds other cells than those before it, or than the study has (`n_cells`).
        """
        table, path = self.read(shard), self.folder(shard.scenario_id) / shard.name
        if n_cells is not None and table.num_rows != n_cells:
            raise StoreError(
                f"{path} holds {table.num_rows} cells, the study has {n_cells}; {_remove(path)}"
            )
        if total is not None and not alike(total, table):
            raise StoreError(f"{path} holds other cells than those before it; {_remove(path)}")
        return table if total is None else add([total, table])

    def read(self, shard: Shard) -> pa.Table:
        """Return the counts of one shard."""
        path = self.folder(shard.scenario_id) / shard.name
        try:
            return pq.read_table(path, partitioning=None)
        except (pa.ArrowException, OSError) as error:
            raise StoreError(f"{path} cannot be read ({error}); {_remove(path)}") from None

    def last_replicate(self) -> int:
        """Return the last replicate that any file of the partition names; -1 without one."""
        folder = self.folder("*")
        found = self.root.glob(f"{folder.relative_to(self.root)}/replicates-*.parquet")
        names = (_NAME.fullmatch(path.name) for path in found)
        return max((int(match[2]) for match in names if match), default=-1)

    def other_partitions(self) -> list[str]:
        """Partitions of this study under another design or code, left where they are."""
        found = self.root.glob(f"study={self.study}/design=*/code=*")
        own = (f"design={self.design_id}", f"code={self.code_id}")
        return sorted("/".join(p.parts[-2:]) for p in found if p.parts[-2:] != own)


def encode(table: pa.Table) -> bytes:
    """Return a table as Parquet; the same counts are the same bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", use_dictionary=False, write_statistics=False)
    return sink.getvalue().to_pybytes()


def alike(one: pa.Table, other: pa.Table) -> bool:
    """Tell whether two tables can hold counts of the same cells."""
    return bool(one.schema == other.schema and one.num_rows == other.num_rows)


def add(tables: Iterable[pa.Table]) -> pa.Table:
    """Add up tables of the same cells, column by column; whole numbers, so any order is the same.

    Raises
    ------
    StoreError
        The tables are not of the same cells.
    """
    import pyarrow.compute as pc

    first, *rest = tables
    for table in rest:
        if not alike(first, table):
            raise StoreError("two shards of one partition do not hold the same cells")
        first = pa.table(
            {
                name: pc.add_checked(first[name], table[name].combine_chunks())
                for name in first.column_names
            }
        )
    return first.combine_chunks()


def write_whole(path: Path, content: bytes) -> None:
    """Write beside, flush, rename into place, flush the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read_json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _remove(path: Path) -> str:
    return f"remove {path.name} and its .json, and run again: its replicates alone are made anew."
