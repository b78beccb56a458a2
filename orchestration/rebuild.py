"""The warehouse made again from the kept deliveries, in a scratch directory beside the live one.

Belongs here: raw tables and marts from deliveries alone, without Dagster, for a comparison, a state
as known on a day, a new pseudonym key. Does not belong here: the whole job with models and report,
which is the nightly on a build begun here (`commands.rebuild`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from orchestration import data_directory, dbt_project
from orchestration.build import Build
from orchestration.errors import ChecksFailed, InputMissing
from orchestration.files import replace_file
from orchestration.journal import Journal
from orchestration.settings import Settings
from orchestration.warehouse import meta_of


@contextmanager
def scratch(settings: Settings) -> Iterator[Path]:
    """A folder for one rebuild, gone afterwards; it holds a vault, so nobody else may enter."""
    folder = settings.builds / "scratch"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def with_published_preset(settings: Settings) -> Settings:
    """Settings under the preset of the published warehouse; unchanged where none is published.

    What is made again must be made as it was published: the default of the settings may name
    another study window.

    Raises
    ------
    PlateauError
        The published warehouse cannot be read, or is of a later Plateau.
    """
    live = meta_of(settings.live, older=True)
    return replace(settings, preset=live.preset) if live else settings


def keep_preset(settings: Settings) -> Settings:
    """Settings whose preset was named by somebody, or is that of the published warehouse.

    A default must not change what is published.

    Raises
    ------
    PlateauError
        As `with_published_preset`.
    """
    return settings if "preset" in settings.sources else with_published_preset(settings)


def lay_out(settings: Settings, folder: Path, *, key_file: Path, key_id: str) -> Settings:
    """Settings of a data directory in `folder` that shares the kept deliveries of this one.

    Parameters
    ----------
    key_file, key_id
        The pseudonym key there, which may be another than here.
    """
    laid_out = replace(settings, data=folder, deliveries=None, key_file=key_file)
    replace_file(data_directory.marker_path(laid_out), data_directory.with_key(settings, key_id))
    laid_out.kept.symlink_to(settings.kept, target_is_directory=True)
    return laid_out


def make(
    settings: Settings,
    laid_out: Settings,
    journal: Journal,
    run_id: str,
    *,
    up_to: date | None = None,
) -> Build:
    """Load the kept deliveries into a new build of `laid_out` and make the marts.

    Parameters
    ----------
    settings
        The real directory: dbt's parsed project is there.
    up_to
        Leave out later deliveries.

    Raises
    ------
    InputMissing
        No delivery is kept (up to that day).
    ChecksFailed
        A kept delivery is no longer accepted, or dbt failed.
    """
    from orchestration.ingest.kept import kept_deliveries
    from orchestration.ingest.load import load

    deliveries = kept_deliveries(settings, up_to=up_to)
    if not deliveries:
        until = f" up to {up_to}" if up_to else ""
        raise InputMissing(f"No delivery is kept in {settings.kept}{until}.")
    build = Build(laid_out, run_id, run_id)
    build.open()
    with journal.step("load kept deliveries"), build.write() as connection:
        loaded = load(deliveries, connection, laid_out, journal, run_id)
    if loaded.refused:
        raise ChecksFailed(" ".join(loaded.refused.values()))
    with journal.step("dbt build"):
        dbt_project.build(settings, build.path)
    return build
