"""A new key for the pseudonyms: the whole directory under the new key, or under the old one.

The pseudonyms and the keyed hashes of rows follow from the key, so vault and warehouse are made
again from the kept deliveries under the new one; what no delivery holds is carried over with each
patient's new pseudonym. Everything is made beside and then exchanged as one (`exchange`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration import data_directory, exchange, rebuild, vault
from orchestration.build import Build
from orchestration.carried import carry_facts, carry_renamed
from orchestration.errors import InputMissing, PlateauError
from orchestration.exchange import Move
from orchestration.files import flush, replace_file
from orchestration.journal import Journal
from orchestration.settings import Settings
from orchestration.warehouse import refuse_wal, require_live

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

BY_FILE = ("verbatim_row", "free_text", "unknown_value", "quarantined_value", "repaired_value")
"""Vault tables that hold no pseudonym, keyed by file and line."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did."""

    key_id: str
    retired: Path
    n_patients: int

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "key_id": self.key_id,
            "retired": str(self.retired),
            "patients": self.n_patients,
        }


def rotate(settings: Settings, new_key: Path | None, journal: Journal, run_id: str) -> Rotated:
    """Put the data directory under a new key; the caller holds its lock.

    Parameters
    ----------
    settings
        Their preset does not count: marts are made again under the published one.
    new_key
        File with the key, 64 hex digits; a random one is made when not given.

    Raises
    ------
    InputMissing
        Nothing is published, or the present key is not the directory's.
    PlateauError
        The new key is the present one or cannot be read or written, a kept delivery is gone, or a
        patient cannot be found in the vault. Nothing has changed then.
    """
    kind = require_live(settings).kind
    refuse_wal(settings.live)
    settings = rebuild.with_published_preset(settings)
    old_id = vault.key_id(vault.load_key(settings, kind))
    data_directory.require_key(settings, old_id)
    staged_key, new_id = _lay_out_key(settings, new_key, old_id)
    laid_out = rebuild.lay_out(
        settings, exchange.staging(settings.data), key_file=staged_key, key_id=new_id
    )
    build = rebuild.make(settings, laid_out, journal, run_id)
    with journal.step("new pseudonyms"):
        people = _people(settings, laid_out)
        _complete_vault(settings, laid_out, people)
        with build.write() as connection:
            carry_facts(connection, settings.live)
            carry_renamed(connection, settings.live, people)
        build.seal(kind)
    flush(laid_out.vault)
    retired = settings.key_file.with_name(f"{settings.key_file.name}.retired-{old_id}")
    exchange.commit(settings.data, _moves(settings, laid_out, build, retired))
    return Rotated(new_id, retired, len(people))


def _lay_out_key(settings: Settings, new_key: Path | None, old_id: str) -> tuple[Path, str]:
    """Write the new key beside the present one, readable by the owner alone."""
    staged = settings.key_file.with_name(settings.key_file.name + ".rotating")
    staged.unlink(missing_ok=True)
    if new_key is None:
        vault.make_key(staged)
    elif not new_key.is_file():
        raise InputMissing(f"There is no key file {new_key}; name another with --new-key.")
    else:
        replace_file(staged, copy_from=new_key, mode=0o600)
    try:
        new_id = vault.key_id(vault.load_key(replace(settings, key_file=staged), "real"))
        if new_id == old_id:
            raise PlateauError(
                f"The new key is the present one (key {old_id}); nothing was changed."
            )
    except PlateauError:
        staged.unlink()
        raise
    return staged, new_id


def _people(settings: Settings, laid_out: Settings) -> pd.DataFrame:
    """Pseudonym `before` and `after` of everybody in the vault, with the number `ipp`."""
    key = vault.load_key(laid_out, "real")
    with vault.connect(settings) as connection:
        people = connection.execute("select patient_id as before, ipp from pseudonym").df()
    numbers = people["ipp"].astype("str")
    return people.assign(after=[vault.pseudonym(key, number) for number in numbers])


def _complete_vault(settings: Settings, laid_out: Settings, people: pd.DataFrame) -> None:
    """Take over what the vault holds of files that are no longer kept, and when lines came."""
    quoted = str(settings.vault).replace("'", "''")
    with vault.connect(laid_out) as connection:
        connection.execute(f"attach '{quoted}' as former (read_only)")
        connection.register("people", people)
        connection.execute("create temp table kept_file as select distinct file_sha256 as sha "
                           "from verbatim_row")  # fmt: skip
        for table in BY_FILE:
            _take_missing(connection, table, "t.*", "")
        _take_missing(
            connection,
            "identity",
            "t.* replace (p.after as patient_id)",
            "left join people as p on t.patient_id = p.before",
        )
        connection.execute(
            "update verbatim_row as v set loaded_at = f.loaded_at "
            "from (select file_sha256, min(loaded_at) as loaded_at from former.verbatim_row "
            "group by 1) as f where v.file_sha256 = f.file_sha256"
        )
        connection.execute(
            "insert into correction by name from former.correction as t where t.delivery_id "
            "not in (select delivery_id from correction)"
        )
        missing = people.assign(
            patient_id=people["after"], key_id=data_directory.key_id_of(laid_out)
        )
        vault.keep_pseudonyms(connection, missing[["patient_id", "key_id", "ipp"]])
        connection.unregister("people")
        connection.execute("detach former")


def _take_missing(
    connection: duckdb.DuckDBPyConnection, table: str, columns: str, join: str
) -> None:
    connection.execute(
        f"insert into {table} by name select {columns} from former.{table} as t {join} "
        "where t.file_sha256 not in (select sha from kept_file)"
    )


def _moves(settings: Settings, laid_out: Settings, build: Build, retired: Path) -> list[Move]:
    """Renames that put the new state in place; what holds old pseudonyms goes."""
    marker = data_directory.marker_path
    return [
        Move("also", str(settings.key_file), str(retired)),
        Move("into_place", str(laid_out.key_file), str(settings.key_file)),
        Move("into_place", str(laid_out.vault), str(settings.vault)),
        Move("into_place", str(build.path), str(settings.live)),
        Move("into_place", str(marker(laid_out)), str(marker(settings))),
        *(
            Move("away", str(folder))
            for folder in (
                settings.versions,
                settings.posteriors,
                settings.reports,
                settings.builds,
            )
        ),
    ]
