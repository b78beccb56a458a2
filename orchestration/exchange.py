"""Several files of a data directory exchanged as one: all of them, or none.

The new files are laid out in `<data>/exchange/`, then one log file is written atomically: that is
the moment of the change. Before it nothing has happened; after it the renames are carried out, and
should the process die among them, whoever next takes the data directory's lock finishes them
(`orchestration.lock` sees to that). Each rename can be repeated without harm.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from orchestration import faults
from orchestration.files import flush, link_or_copy, replace_file

LOG = "exchange.json"


@dataclass(frozen=True, slots=True)
class Move:
    """One rename.

    `aside`: what stands at `source` when the exchange is committed goes to `target`, which is new.
    `also`: the file at `source` gets `target`, which is new, as a second name.
    `into_place`: what was laid out at `source` becomes `target`, replacing a file of that name.
    `away`: what stands at `source` is deleted; `target` is empty.
    """

    verb: Literal["aside", "also", "into_place", "away"]
    source: str
    target: str = ""


def staging(data: Path) -> Path:
    """Folder for the new files, emptied of what an earlier attempt left."""
    folder = _folder(data)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def commit(data: Path, moves: Iterable[Move]) -> None:
    """Carry the moves out, all or none; what is laid out must be flushed already."""
    faults.point("exchange_staged")
    listed = [asdict(move) for move in moves]
    replace_file(data / LOG, json.dumps(listed, indent=1))
    faults.point("exchange_committed")
    finish(data)


def finish(data: Path) -> bool:
    """Complete an exchange that a killed process had begun, and clear one that it had not.

    The caller holds the data directory's lock. Returns whether anything was completed.
    """
    log = data / LOG
    begun = log.exists()
    if begun:
        for listed in json.loads(log.read_text(encoding="utf-8")):
            _move(Move(**listed))
            faults.point("exchange_moved")
        faults.point("exchange_done")
        log.unlink()
        flush(data)
    if _folder(data).exists():
        shutil.rmtree(_folder(data))
    return begun


def _folder(data: Path) -> Path:
    return data / "exchange"


def _move(move: Move) -> None:
    """One rename, or nothing where it was done before the process died."""
    source, target = Path(move.source), Path(move.target)
    if move.verb == "away":
        if source.is_dir() and not source.is_symlink():
            shutil.rmtree(source)
        else:
            source.unlink(missing_ok=True)
        return
    done = not source.exists() or (move.verb in ("aside", "also") and target.exists())
    if done:
        return
    if move.verb == "also":
        link_or_copy(source, target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    flush(target.parent)
    flush(source.parent)
