"""The vault: verbatim rows, direct identifiers, free text, quarantined and repaired values.

A file of its own, mode 0600 in a folder 0700, never attached by dbt and never read by a report. It
commits before the warehouse and is keyed by (file SHA-256, line), so that a run killed between the
two repeats without harm. Also the pseudonyms: HMAC-SHA-256 under a key kept outside data and code.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from orchestration.errors import InputMissing, PlateauError
from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb

_TABLES = """
create table if not exists verbatim_row (
    file_sha256 varchar, line bigint, line_end bigint, text varchar, loaded_at timestamp);
create table if not exists pseudonym (patient_id varchar, key_id varchar, ipp varchar);
create table if not exists identity (
    file_sha256 varchar, line bigint, patient_id varchar, last_name varchar, first_name varchar,
    birth_date date);
create table if not exists free_text (
    file_sha256 varchar, line bigint, column_name varchar, value varchar);
create table if not exists unknown_value (
    file_sha256 varchar, line bigint, header varchar, value varchar);
create table if not exists quarantined_value (
    file_sha256 varchar, line bigint, column_name varchar, rule_id varchar, value varchar);
create table if not exists repaired_value (
    file_sha256 varchar, line bigint, column_name varchar, rule_id varchar,
    before varchar, after varchar);
create table if not exists correction (
    delivery_id varchar, line bigint, ipp varchar, file_name varchar, session_no varchar,
    field varchar, old_value varchar, new_value varchar, reason varchar, author varchar,
    answered_on varchar);
"""


@contextmanager
def connect(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the vault for writing, making it on first use."""
    import duckdb

    folder = settings.vault.parent
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    previous = os.umask(0o177)
    try:
        connection = duckdb.connect(
            str(settings.vault), config={"autoinstall_known_extensions": False}
        )
    finally:
        os.umask(previous)
    try:
        settings.vault.chmod(0o600)
        connection.execute(_TABLES)
        yield connection
    finally:
        connection.close()


def keep_verbatim(
    connection: duckdb.DuckDBPyConnection, file_sha256: str, verbatim: pd.DataFrame
) -> None:
    """Store the lines of one file as delivered; a file already stored is left as it is.

    Parameters
    ----------
    verbatim
        `line`, `line_end`, `text`.
    """
    stored = connection.execute(
        "select 1 from verbatim_row where file_sha256 = ? limit 1", [file_sha256]
    ).fetchall()
    if stored:
        return
    connection.register("incoming", verbatim)
    connection.execute(
        "insert into verbatim_row select ?, line, line_end, text, now()::timestamp from incoming",
        [file_sha256],
    )
    connection.unregister("incoming")


def keep_pseudonyms(connection: duckdb.DuckDBPyConnection, people: pd.DataFrame) -> None:
    """Add the pseudonyms that are new.

    Parameters
    ----------
    people
        `patient_id`, `key_id`, `ipp`, a row a person.
    """
    connection.register("incoming", people)
    connection.execute(
        "insert into pseudonym by name select i.* from incoming as i "
        "anti join pseudonym as p on i.patient_id = p.patient_id"
    )
    connection.unregister("incoming")


def replace_derived(
    connection: duckdb.DuckDBPyConnection, table: str, file_sha256: str, frame: pd.DataFrame
) -> None:
    """Write what the contract derived from one file, replacing what an earlier reading derived.

    Lines of the file that the frame does not speak of are left: one file may hold several tables.
    """
    connection.register("incoming", frame.assign(file_sha256=file_sha256))
    connection.execute(
        f"delete from {table} where file_sha256 = ? and line in (select line from incoming)",
        [file_sha256],
    )
    connection.execute(f"insert into {table} by name select * from incoming")
    connection.unregister("incoming")


def birth_dates(settings: Settings) -> pd.DataFrame:
    """Birth date of each delivered patient row: `file_sha256`, `line`, `birth_date`.

    Never leaves ingest.
    """
    with connect(settings) as connection:
        return connection.execute(
            "select file_sha256, line, birth_date from identity where birth_date is not null"
        ).df()


def load_key(settings: Settings, kind: str) -> bytes:
    """Key of the pseudonyms; a synthetic clinic's is made on first use, a real one's never.

    Raises
    ------
    InputMissing
        Real data and no key file.
    PlateauError
        The key file lies inside the data directory, or is too short.
    """
    path = settings.key_file
    if path.is_relative_to(settings.data):
        raise PlateauError(
            f"The pseudonym key {path} lies inside the data directory; keep it apart "
            "(PLATEAU_KEY_FILE), or a copy of the data would carry its own key."
        )
    if not path.exists():
        if kind == "real":
            raise InputMissing(
                f"There is no pseudonym key {path}; make one with `plateau vault init` and keep a "
                "copy of it in a safe place: without it no patient can be found again."
            )
        make_key(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        key = b""
    if len(key) < 32:
        raise PlateauError(
            f"The pseudonym key {path} cannot be read as 64 hex digits; restore your copy of it."
        )
    return key


def make_key(path: Path) -> None:
    """Write a new random 256-bit key, mode 0600; an existing file is never overwritten.

    Raises
    ------
    PlateauError
        The file exists, or its folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise PlateauError(f"{path} exists already; it was left as it is.") from None
    except OSError as error:
        raise PlateauError(
            f"The pseudonym key {path} cannot be written ({error.strerror}); "
            "name another place with PLATEAU_KEY_FILE."
        ) from None
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(secrets.token_hex(32) + "\n")


def key_id(key: bytes) -> str:
    """Short public name of a key, to tell which key made a pseudonym."""
    return hashlib.sha256(b"plateau key id" + key).hexdigest()[:8]


def content_key(key: bytes) -> str:
    """Key under which row contents are hashed, hex; drawn from the pseudonym key.

    Without it the hash of a row could be tried out: a birth date has few values.
    """
    return hmac.new(key, b"plateau content", hashlib.sha256).hexdigest()


def pseudonym(key: bytes, canonical_ipp: str) -> str:
    """128 bits of HMAC-SHA-256 of the canonical patient number, hex."""
    return hmac.new(key, canonical_ipp.encode(), hashlib.sha256).hexdigest()[:32]
