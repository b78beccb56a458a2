"""Commands that keep an installation well: `doctor`, `config`, `vault`."""

# ruff: noqa: D301 - click reads `\b` in a docstring as "keep these lines"

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.console import print_json
from orchestration.declarations.keeping import rotate
from orchestration.declarations.options import common, settings_from
from orchestration.errors import EXIT_FAILURE


@click.command()
@common
def doctor(data: Path | None, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Check what is installed, writable and missing.

    \b
    Example:
      plateau doctor --data /srv/pain
    """
    from orchestration.commands import doctor as work

    findings = work.examine(settings_from(data=data))
    if as_json:
        print_json({"schema": "plateau.doctor/1", "findings": [f.as_json() for f in findings]})
    else:
        for finding in findings:
            click.echo(finding.line())
    return EXIT_FAILURE if any(f.state == "bad" for f in findings) else 0


@click.group()
def config() -> None:
    """The merged settings."""


@config.command()
@common
def show(data: Path | None, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Print every setting, its value and where it comes from.

    \b
    Example:
      PLATEAU_PRESET=paper_replica plateau config show
    """
    from orchestration.commands import inspect as work

    rows = work.settings_table(settings_from(data=data))
    if as_json:
        print_json({"schema": "plateau.config/1", "settings": rows})
    else:
        width = max(len(r["name"]) for r in rows)
        for row in rows:
            click.echo(f"{row['name']:<{width}}  {row['value']}  ({row['source']})")
    return 0


@click.group()
def vault() -> None:
    """The vault and the key of its pseudonyms."""


@vault.command()
@common
def init(data: Path | None, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Make the secret key of the pseudonyms; an existing key is never overwritten.

    \b
    Example:
      PLATEAU_KEY_FILE=/etc/plateau/pseudonym.key plateau vault init
    """
    from orchestration.vault import key_id, make_key

    path = settings_from(data=data).key_file
    make_key(path)
    name = key_id(bytes.fromhex(path.read_text(encoding="ascii").strip()))
    if as_json:
        print_json({"schema": "plateau.vault.init/1", "key_file": str(path), "key_id": name})
    else:
        click.echo(f"{path} (key {name}); keep a copy in a safe place.")
    return 0


vault.add_command(rotate)

COMMANDS: tuple[click.Command, ...] = (doctor, config, vault)
