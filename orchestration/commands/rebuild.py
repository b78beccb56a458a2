"""`plateau rebuild`: the warehouse again from the kept deliveries."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from orchestration import data_directory, lock, rebuild
from orchestration.build import Build, delete_build
from orchestration.carried import carry_tables
from orchestration.commands import nightly
from orchestration.comparison import Compared, compare, contents
from orchestration.errors import PlateauError, WrongUse
from orchestration.files import replace_file
from orchestration.journal import Journal
from orchestration.settings import Settings
from orchestration.warehouse import SCHEMA_VERSION, meta_of, require_live

Listen = Callable[[dict[str, Any]], None]


def require_one_purpose(check: bool, as_of: bool, out: bool) -> None:
    """Refuse options that contradict each other.

    Raises
    ------
    WrongUse
        `--as-of` without `--out`, `--out` without `--as-of`, or `--check` with either.
    """
    if as_of != out:
        raise WrongUse("--as-of DAY and --out FILE go together: such a warehouse is not published.")
    if check and as_of:
        raise WrongUse("--check compares with the live warehouse; it takes no --as-of.")


def publish(settings: Settings, *, wait_seconds: float = 0, listen: Listen) -> nightly.Outcome:
    """Run the whole nightly on a build begun empty from the kept deliveries, and publish it.

    This is the way to upgrade: the live warehouse may be of an earlier Plateau. Its check results
    and overrides are carried over where its schema is this one's. Its preset stays, unless a flag,
    a variable or `plateau.toml` names one: a default must not change what is published.
    """
    outcome = nightly.Outcome()

    def tell(event: dict[str, Any]) -> None:
        outcome.listen(event)
        listen(event)

    data_directory.prepare(settings)
    run_id = str(uuid.uuid4())
    with lock.writing(settings.data, "plateau rebuild", wait_seconds=wait_seconds):
        settings = rebuild.keep_preset(settings)
        journal = Journal(settings, run_id, (tell,))
        begun = Build(settings, run_id, run_id)
        try:
            # On an empty build the job's ingest takes every kept delivery.
            begun.open(fresh=True)
            _carry_models(begun)
            nightly.execute(settings, outcome, tell, journal, run_id=run_id)
        finally:
            if not outcome.published:
                delete_build(settings, run_id)
    return outcome


def _carry_models(begun: Build) -> None:
    """The last good rows of the models, which stand should tonight's attempts not be good."""
    from orchestration.assets.model_checks import CHECK_TABLES
    from orchestration.assets.models import CURVE_TABLES, STATUS_TABLE
    from orchestration.assets.surgery import SURGERY_TABLES

    live = meta_of(begun.settings.live, older=True)
    if live is not None and live.schema_version == SCHEMA_VERSION:
        with begun.write() as connection:
            names = {*CURVE_TABLES, *CHECK_TABLES, *SURGERY_TABLES, STATUS_TABLE}
            carry_tables(connection, begun.settings.live, names)


def check(settings: Settings, *, wait_seconds: float = 0, listen: Listen) -> list[Compared]:
    """Make raw tables and marts again and compare them with the live ones; publish nothing.

    The marts are made under the preset of the live warehouse, whatever the settings name.
    """
    data_directory.prepare(settings)
    with lock.writing(settings.data, "plateau rebuild --check", wait_seconds=wait_seconds):
        require_live(settings)
        with rebuild.scratch(settings) as folder:
            made = _make(settings, folder, listen)
            return compare(made.path, settings.live)


def as_of(
    settings: Settings, day: date, out: Path, *, wait_seconds: float = 0, listen: Listen
) -> list[Compared]:
    """Write a warehouse file as known on a day: raw tables and marts of the deliveries up to it.

    The marts are made under the preset of the live warehouse, whatever the settings name.

    Raises
    ------
    PlateauError
        The file exists.
    """
    out = out.resolve()
    if out.exists():
        raise PlateauError(f"{out} exists already; it was left as it is: name a new file.")
    data_directory.prepare(settings)
    with (
        lock.writing(settings.data, "plateau rebuild --as-of", wait_seconds=wait_seconds),
        rebuild.scratch(settings) as folder,
    ):
        made = _make(settings, folder, listen, up_to=day)
        made.seal(data_directory.kind_of(settings) or "real")
        replace_file(out, copy_from=made.path)
    return [Compared(table, content.rows) for table, content in contents(out).items()]


def _make(settings: Settings, folder: Path, listen: Listen, *, up_to: date | None = None) -> Build:
    run_id = str(uuid.uuid4())
    settings = rebuild.with_published_preset(settings)
    laid_out = rebuild.lay_out(
        settings,
        folder,
        key_file=settings.key_file,
        key_id=data_directory.key_id_of(settings),
    )
    return rebuild.make(
        settings, laid_out, Journal(settings, run_id, (listen,)), run_id, up_to=up_to
    )
