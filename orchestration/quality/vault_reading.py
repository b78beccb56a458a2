"""Reading the vault, and writing down that somebody did.

Belongs here: a read-only connection and the audit log `logs/audit.jsonl`. Does not: writing to the
vault (`orchestration.vault`); a value of the vault in the audit log.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orchestration.errors import Busy, InputMissing
from orchestration.settings import Settings
from orchestration.warehouse import OFFLINE

if TYPE_CHECKING:
    import duckdb

AUDIT = "audit.jsonl"


@contextmanager
def reading(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the vault read-only.

    Raises
    ------
    InputMissing
        There is no vault in this data directory.
    Busy
        A run is writing to it.
    """
    import duckdb

    if not settings.vault.exists():
        raise InputMissing(
            f"There is no vault in {settings.data}: the rows as delivered are not here; "
            "restore it from a backup."
        )
    try:
        connection = duckdb.connect(str(settings.vault), read_only=True, config=dict(OFFLINE))
    except duckdb.IOException:
        raise Busy("A run is writing to the vault; ask again when it has ended.") from None
    try:
        yield connection
    finally:
        connection.close()


def audit(settings: Settings, command: str, **facts: Any) -> None:
    """Append who took what out of the vault and when: one JSON line, never a value of a patient."""
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "user": getpass.getuser(),
        "command": command,
        **facts,
    }
    settings.logs.mkdir(parents=True, exist_ok=True)
    path = settings.logs / AUDIT
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as handle:
        handle.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
