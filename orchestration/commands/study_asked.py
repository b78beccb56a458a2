"""Which study a command is about, and what can go wrong with one on disk, in words for people.

Belongs here: what every command of `plateau study` begins with. Does not: what a study says.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestration.errors import PlateauError, WrongUse
from orchestration.settings import Settings


def design_of(
    settings: Settings, name: str, changes: Sequence[str], seed: int | None, population: str
) -> Any:
    """Return a study with its changes, in the population asked for.

    Raises
    ------
    WrongUse
        There is no such study, or it cannot be changed so.
    """
    from orchestration.own_population import POSTERIOR, ensemble_of
    from simulate.studies import files, own_population
    from simulate.studies.worlds import worlds

    try:
        changed = dict(files.parse_change(text) for text in changes)
        changed |= {} if seed is None else {"seed": seed}
        design = files.load(name, changed)
        if population == POSTERIOR:
            changed |= own_population.changes(design, ensemble_of(settings))
            design = files.load(name, changed)
        worlds(design)
    except ValueError as error:
        raise WrongUse(f"{error}.") from None
    return design


def command_of(name: str, changes: Sequence[str], seed: int | None, population: str) -> str:
    """Return the command that runs a study as it was asked for."""
    words = ["plateau", "study", "run", name]
    for change in changes:
        words += ["--set", change]
    words += [] if seed is None else ["--seed", str(seed)]
    words += [] if population == "published" else ["--population", population]
    return shlex.join(words)


@contextmanager
def named() -> Iterator[None]:
    """Turn what a study can meet into the sentence that a user reads."""
    from simulate.studies.shards import BackendError
    from simulate.studies.store import StoreError

    try:
        yield
    except (BackendError, StoreError, LookupError) as error:
        raise PlateauError(str(error)) from None


def is_page(path: Path) -> bool:
    """Tell whether a file is the page of a study: its head says what made it."""
    with path.open("rb") as handle:
        return b'<meta name="generator" content="plateau study">' in handle.read(2000)


def is_grid(path: Path) -> bool:
    """Tell whether a file is a grid that the what-if command writes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(path).names
    except pa.ArrowInvalid:
        return False
    return {"test_sessions", "missed_per_100", "sessions_per_100"} <= set(names)


def spare(path: Path | None, is_ours: Callable[[Path], bool], *, force: bool) -> None:
    """Refuse to replace what somebody else has written, before anything is worked out.

    Parameters
    ----------
    path
        Where a command will write; None writes nothing.
    is_ours
        Tells a file that the same command writes.
    force
        Replace whatever is there.

    Raises
    ------
    WrongUse
        There is a file with content of another kind.
    """
    if path is None or force or not path.is_file() or path.stat().st_size == 0:
        return
    with writing_to(path):
        if is_ours(path):
            return
    raise WrongUse(
        f"{path} is there and no file of this command; name another, or replace it with --force."
    )


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Name a page that cannot be written, and what to do."""
    try:
        yield
    except OSError as error:
        raise PlateauError(
            f"{path} cannot be written ({error.strerror or error}); what was simulated is kept: "
            "free space, or name another --out, and run the same command again."
        ) from None
