"""The command line: declares commands and dispatches; heavy packages load inside a command only.

Results go to standard output, progress and problems to standard error; exit codes are those of
`orchestration.errors`. The contract is `docs/cli.md`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from orchestration import __version__
from orchestration.commands.console import end, guarded, print_json, print_outcome
from orchestration.errors import EXIT_FAILURE

_FOLDER = click.Path(file_okay=False, path_type=Path)


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that every command has."""
    for option in (
        click.option(
            "--data", type=_FOLDER, help="Data directory: the root of all that is written."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        click.option("-q", "--quiet", is_flag=True, help="No progress."),
        click.option("-v", "--verbose", is_flag=True, help="Also files and checks."),
        click.option("--debug", is_flag=True, help="Show the traceback of an error."),
    ):
        command = option(command)

    @functools.wraps(command)
    def without_debug(*args: Any, debug: bool, **kwargs: Any) -> Any:
        return command(*args, **kwargs)  # `--debug` is read where errors are caught

    return without_debug


def settings_from(**flags: Any) -> Any:
    """Settings with these flags on top."""
    from orchestration.settings import load

    return load(flags)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="plateau")
def cli() -> None:
    """Plateau: how many rTMS sessions does it take to know who will benefit?

    Research software, not a medical device.

    \b
    Examples:
      plateau demo                     a synthetic clinic through the whole pipeline
      plateau nightly --data /srv/pain the scheduled job, once
      plateau ui --data /srv/pain      Dagster UI, schedule and sensors on loopback
    """


@cli.command()
@common
@click.option(
    "--patients", type=click.IntRange(1), help="Patients treated (default: as published)."
)
@click.option("--seed", type=int, help="Seed of the clinic and of the model.")
@click.option("--profile", type=click.Choice(["demo", "full"]), help="How much to compute.")
@click.option("--fresh", is_flag=True, help="Delete this demo directory's content and start over.")
@click.option("--wait", type=float, default=0, help="Seconds to wait for another run.")
def demo(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    patients: int | None,
    seed: int | None,
    profile: str | None,
    fresh: bool,
    wait: float,
) -> int:
    """Simulate a clinic like the published one and run the whole pipeline on it.

    \b
    Examples:
      plateau demo
      plateau demo --patients 60 --seed 7 --data /tmp/small --fresh
    """
    from orchestration.commands import demo as work
    from orchestration.commands.display import Display

    settings = settings_from(
        data=data or Path("demo"), preset="paper_replica", seed=seed, profile=profile
    )
    with Display(-1 if quiet else int(verbose)) as display:
        outcome, cohort = work.run(
            settings, n_patients=patients, fresh=fresh, wait_seconds=wait, listen=display.listen
        )
    report = settings.reports / "report.html"
    if as_json:
        told = outcome.as_json()
        print_json(
            told
            | {
                "schema": "plateau.demo/1",
                "report": str(report) if report.exists() else None,
                "cohort": cohort,
            }
        )
    else:
        print_outcome(outcome, cohort)
        if report.exists():
            click.echo(report)
    return end(outcome)


@cli.command()
@common
@click.option("--deliveries", type=_FOLDER, help="Drop folder (default: <data>/incoming).")
@click.option("--profile", type=click.Choice(["demo", "full"]), help="How much to compute.")
@click.option("--preset", type=click.Choice(["clinic", "paper_replica"]), help="Study window.")
@click.option("--wait", type=float, default=0, help="Seconds to wait for another run.")
@click.option("--force", is_flag=True, help="Run although nothing is new.")
def nightly(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    deliveries: Path | None,
    profile: str | None,
    preset: str | None,
    wait: float,
    force: bool,
) -> int:
    """Ingest what is new, build, check, model, report and publish, once.

    \b
    Examples:
      plateau nightly --deliveries /mnt/drop --data /srv/pain
      plateau nightly --wait 600 --json
    """
    from orchestration.commands import nightly as work
    from orchestration.commands.display import Display

    settings = settings_from(data=data, deliveries=deliveries, profile=profile, preset=preset)
    with Display(-1 if quiet else int(verbose)) as display:
        outcome = work.run(settings, wait_seconds=wait, force=force, listen=display.listen)
    if as_json:
        print_json(outcome.as_json())
    else:
        print_outcome(outcome, {})
    return end(outcome)


@cli.command()
@common
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
@click.option("--deliveries", type=_FOLDER, help="Drop folder (default: <data>/incoming).")
def ui(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    port: int,
    deliveries: Path | None,
) -> int:
    """Serve the Dagster UI on loopback, with the nightly schedule and the delivery sensor on.

    \b
    Examples:
      plateau ui
      plateau ui --data /srv/pain --deliveries /mnt/drop --port 3001
    """
    from orchestration.commands import ui as work

    return work.run(
        settings_from(data=data, deliveries=deliveries), port, lambda t: click.echo(t, err=True)
    )


@cli.group()
def simulate() -> None:
    """Synthetic clinics, labelled synthetic everywhere."""


@simulate.command()
@common
@click.option("--out", type=_FOLDER, required=True, help="Folder to write; must be new or empty.")
@click.option("--scenario", default="replica", show_default=True, help="World to simulate.")
@click.option("--patients", type=click.IntRange(1), help="Patients treated (default: scenario's).")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--deliveries", type=click.IntRange(1, 24), default=3, show_default=True)
def clinic(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    out: Path,
    scenario: str,
    patients: int | None,
    seed: int,
    deliveries: int,
) -> int:
    """Write the raw files of a synthetic clinic, and its truth beside them.

    \b
    Examples:
      plateau simulate clinic --out /tmp/clinic
      plateau simulate clinic --out /tmp/flat --scenario no_accumulation --patients 500 --seed 3
    """
    from orchestration.commands import simulate as work

    summary = work.clinic(out, scenario, patients, seed, deliveries)
    if as_json:
        print_json({"schema": "plateau.simulate.clinic/1", **summary})
    else:
        click.echo(
            f"{summary['patients']} synthetic patients, {summary['sessions']} sessions, "
            f"{len(summary['deliveries'])} deliveries"
        )
        click.echo(out)
    return 0


@cli.command()
@common
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
def report(data: Path | None, as_json: bool, quiet: bool, verbose: bool, out: Path | None) -> int:
    """Write the HTML report of the published warehouse again.

    \b
    Examples:
      plateau report
      plateau report --data demo --out /tmp/report.html
    """
    from orchestration.commands import inspect as work

    path, n_bytes = work.report(settings_from(data=data), out)
    if as_json:
        print_json({"schema": "plateau.report/1", "report": str(path), "bytes": n_bytes})
    else:
        click.echo(path)
    return 0


@cli.command()
@common
@click.argument("query")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default="table",
    show_default=True,
)
def sql(data: Path | None, as_json: bool, quiet: bool, verbose: bool, query: str, form: str) -> int:
    """Query the published warehouse, read-only, with no access to any other file.

    \b
    Examples:
      plateau sql "select responder_status, count(*) from status group by 1"
      plateau sql "from sessions" --format csv > sessions.csv
    """
    from orchestration.commands import inspect as work

    work.sql(settings_from(data=data), query, "json" if as_json else form)
    return 0


@cli.command()
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


@cli.group()
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


@cli.group()
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


def main() -> None:
    """Run the command line with the documented exit codes."""
    sys.exit(guarded(cli, sys.argv[1:]))


if __name__ == "__main__":
    main()
