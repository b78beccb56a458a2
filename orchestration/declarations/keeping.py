"""Commands that keep the data: `rebuild`, `backup`, `restore`, and the vault's key."""

# ruff: noqa: D301 - click reads `\b` in a docstring as "keep these lines"

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from orchestration.commands.console import end, print_json, print_outcome
from orchestration.declarations.options import FILE, FOLDER, common, settings_from
from orchestration.errors import EXIT_FAILURE

_WAIT = click.option("--wait", type=float, default=0, help="Seconds to wait for another run.")


@click.command()
@common
@_WAIT
@click.option("--check", is_flag=True, help="Compare with the live warehouse; publish nothing.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Take only deliveries up to this day; needs --out.",
)
@click.option("--out", type=FILE, help="Warehouse file to write for --as-of; must be new.")
def rebuild(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    wait: float,
    check: bool,
    as_of: datetime | None,
    out: Path | None,
) -> int:
    """Make the warehouse again from the kept deliveries, and publish it (the way to upgrade).

    \b
    Examples:
      plateau rebuild --data /srv/pain
      plateau rebuild --check --json
      plateau rebuild --as-of 2025-12-31 --out /tmp/as_of_2025.duckdb
    """
    from orchestration.commands import rebuild as work
    from orchestration.commands.display import Display

    work.require_one_purpose(check, as_of is not None, out is not None)
    settings = settings_from(data=data)
    with Display(-1 if quiet else int(verbose)) as display:
        if as_of is not None and out is not None:
            made = work.as_of(settings, as_of.date(), out, wait_seconds=wait, listen=display.listen)
        elif check:
            made = work.check(settings, wait_seconds=wait, listen=display.listen)
        else:
            outcome = work.publish(settings, wait_seconds=wait, listen=display.listen)
            if as_json:
                print_json(outcome.as_json() | {"schema": "plateau.rebuild/1"})
            else:
                print_outcome(outcome, {})
            return end(outcome)
    if as_json:
        print_json({"schema": "plateau.rebuild/1", "tables": [t.as_json() for t in made]})
    else:
        for table in made:
            click.echo(table.line())
    return 0 if all(table.equal is not False for table in made) else EXIT_FAILURE


@click.command()
@common
@_WAIT
@click.argument("folder", type=FOLDER)
def backup(
    data: Path | None, as_json: bool, quiet: bool, verbose: bool, wait: float, folder: Path
) -> int:
    """Copy warehouse, vault and kept deliveries to a new folder, consistent and with checksums.

    The key of the pseudonyms is not in it: keep that elsewhere.

    \b
    Example:
      plateau backup /mnt/backup/2026-11-22 --data /srv/pain
    """
    from orchestration.backup import backup as work

    made = work(settings_from(data=data), folder, wait_seconds=wait)
    if as_json:
        told = {"files": made.files, "bytes": made.n_bytes, "key_id": made.key_id}
        print_json({"schema": "plateau.backup/1", "folder": str(folder), **told})
    else:
        click.echo(f"{made.files} files, {made.n_bytes} bytes in {folder}")
        click.echo(
            f"The key of the pseudonyms (key {made.key_id}) is not in it: without your own copy of "
            "that key the backup cannot be restored."
        )
    return 0


@click.command()
@common
@_WAIT
@click.option("--replace", is_flag=True, help="Move aside what the data directory holds.")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
def restore(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    wait: float,
    replace: bool,
    source: Path,
) -> int:
    """Put a backup back, verified, whole or not at all; or one kept version of the warehouse.

    \b
    Examples:
      plateau restore /mnt/backup/2026-11-22 --data /srv/pain
      plateau restore data/warehouse/versions/20261122T020000.000-4f2a.duckdb
    """
    from orchestration import restore as work

    settings = settings_from(data=data)
    if source.is_dir():
        made = work.restore(settings, source, replace=replace, wait_seconds=wait)
    else:
        made = work.restore_version(settings, source, wait_seconds=wait)
    if as_json:
        told = {"files": made.files, "bytes": made.n_bytes, "key_id": made.key_id}
        aside = str(made.replaced) if made.replaced else None
        print_json({"schema": "plateau.restore/1", **told, "replaced": aside})
    else:
        click.echo(f"{made.files} files restored into {settings.data}")
        if made.replaced:
            click.echo(f"What was there is in {made.replaced}; delete it when you need it no more.")
    return 0


@click.command()
@common
@_WAIT
@click.option("--new-key", type=FILE, help="File with the new key (default: a random one).")
def rotate(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    wait: float,
    new_key: Path | None,
) -> int:
    """Give every patient a new pseudonym under a new key, all or nothing.

    Posteriors, reports by run and kept versions of the warehouse go, since they hold the old
    pseudonyms; so do copies of yours, which Plateau does not know.

    \b
    Example:
      plateau vault rotate --data /srv/pain
    """
    from orchestration.commands import vault as work
    from orchestration.commands.display import Display

    with Display(-1 if quiet else int(verbose)) as display:
        turned = work.rotate(
            settings_from(data=data), new_key, wait_seconds=wait, listen=display.listen
        )
    if as_json:
        print_json({"schema": "plateau.vault.rotate/1", **turned.as_json()})
    else:
        click.echo(f"{turned.n_patients} patients are now under key {turned.key_id}")
        click.echo(f"The retired key is {turned.retired}; delete it when no backup needs it.")
    return 0


COMMANDS: tuple[click.Command, ...] = (rebuild, backup, restore)
