"""Commands that simulate: `simulate list`, `show`, `clinic`, `cohort`."""

# ruff: noqa: D301 - click reads `\b` in a docstring as "keep these lines"

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from orchestration.commands.console import print_json
from orchestration.declarations.options import FILE, FOLDER, common

SCENARIO = "World to simulate: a name of `simulate list`, or a YAML file."
SET = "Another value of a scenario's field, as `simulate show` names it."


@click.group()
def simulate() -> None:
    """Synthetic clinics, labelled synthetic everywhere."""


@simulate.command("list")
@common
def list_worlds(data: Path | None, as_json: bool, quiet: bool, verbose: bool) -> int:
    """List the scenarios that ship with Plateau.

    \b
    Examples:
      plateau simulate list
      plateau simulate list --json
    """
    from orchestration.commands import simulate as work
    from orchestration.commands.tables import show

    worlds = work.worlds()
    if as_json:
        print_json({"schema": "plateau.simulate.list/1", "scenarios": worlds})
    else:
        show("Scenarios", [*worlds[0]], [[*one.values()] for one in worlds])
    return 0


@simulate.command()
@common
@click.argument("scenario", default="replica")
@click.option("--set", "overrides", multiple=True, metavar="FIELD=VALUE", help=SET)
def show(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    scenario: str,
    overrides: tuple[str, ...],
) -> int:
    """Print every field of a scenario as YAML, checked: the beginning of a file of one's own.

    A file may also say `extends: replica` and name only what differs.

    \b
    Examples:
      plateau simulate show slow_responders
      plateau simulate show replica --set course.extra_share=0.2 > mine.yaml
      plateau simulate cohort --scenario mine.yaml --out mine.parquet
    """
    from orchestration.commands import simulate as work

    world = work.world(scenario, overrides)
    if as_json:
        print_json({"schema": "plateau.simulate.show/1", **world})
    else:
        import yaml

        click.echo(f"# scenario_id {world['scenario_id']}")
        click.echo(yaml.safe_dump(world["fields"], sort_keys=False, allow_unicode=True), nl=False)
    return 0


@simulate.command()
@common
@click.option("--out", type=FOLDER, required=True, help="Folder to write; must be new or empty.")
@click.option("--scenario", default="replica", show_default=True, help=SCENARIO)
@click.option("--patients", type=click.IntRange(2), help="Patients treated (default: scenario's).")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--deliveries", type=click.IntRange(1, 9), default=3, show_default=True)
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help=SET)
@click.option(
    "--defects",
    type=click.Choice(["none", "typical", "heavy"]),
    default="none",
    show_default=True,
    help="How often something is wrong in the files.",
)
@click.option(
    "--per-class", type=click.IntRange(1), help="Instead: as many defects of every class."
)
@click.option(
    "--class", "classes", type=click.IntRange(1, 74), multiple=True, help="Only these classes."
)
@click.option(
    "--mechanism",
    type=click.Choice(["mcar", "mar", "mnar"]),
    default="mcar",
    show_default=True,
    help="Defects at random, by other columns, or by the value itself.",
)
@click.option("--changed", type=click.IntRange(0), default=0, help="Sessions corrected later.")
@click.option("--late", type=click.IntRange(0), default=0, help="Sessions delivered late.")
@click.option(
    "--orphans", type=click.IntRange(0), default=0, help="Patients after their own sessions."
)
@click.option(
    "--export",
    type=click.Choice(["clinic", "redcap"]),
    default="clinic",
    show_default=True,
    help="The clinic's files, or one flat REDCap export.",
)
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
    settings: tuple[str, ...],
    defects: str,
    per_class: int | None,
    classes: tuple[int, ...],
    mechanism: str,
    changed: int,
    late: int,
    orphans: int,
    export: str,
) -> int:
    """Write the raw files of a synthetic clinic, and its truth beside them.

    With defects, truth/defects.csv tells each one: file, line, column, true and injected text,
    expected rule. What is to arrive after a first night lies in later/.

    \b
    Examples:
      plateau simulate clinic --out /tmp/clinic
      plateau simulate clinic --out /tmp/flat --scenario no_accumulation --patients 500 --seed 3
      plateau simulate clinic --out /tmp/dirty --defects typical
      plateau simulate clinic --out /tmp/every --per-class 2 --deliveries 2 --mechanism mnar
    """
    from orchestration.commands import simulate as work

    summary = work.clinic(
        out,
        scenario,
        patients,
        seed,
        deliveries,
        settings=settings,
        spoilt=work.Spoilt(defects, per_class, classes or None, mechanism),
        between=(changed, late, orphans),
        export=export,
    )
    if as_json:
        print_json({"schema": "plateau.simulate.clinic/1", **summary})
    else:
        click.echo(
            f"{summary['patients']} synthetic patients, {summary['sessions']} sessions, "
            f"{len(summary['deliveries'])} deliveries, {summary['defects']} defects"
        )
        for defect, many in summary.get("short", {}).items():
            click.echo(f"class {defect}: {many} found no place in a clinic of this size", err=True)
        click.echo(out)
    return 0


@simulate.command()
@common
@click.option("--out", type=FILE, required=True, help="Parquet file to write.")
@click.option("--scenario", default="replica", show_default=True, help=SCENARIO)
@click.option("--set", "overrides", multiple=True, metavar="FIELD=VALUE", help=SET)
@click.option("--replicates", type=click.IntRange(1), default=1, show_default=True)
@click.option("--patients", type=click.IntRange(2), help="Patients a cohort (default: scenario's).")
@click.option("--horizon", type=int, default=15, show_default=True, help="Sessions, 4 or more.")
@click.option("--what", default="recorded,latent", show_default=True, help="Columns, by group.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Threads.")
def cohort(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    out: Path,
    scenario: str,
    overrides: tuple[str, ...],
    what: str,
    **sizes: Any,
) -> int:
    """Write many simulated cohorts as one Parquet file, a row a delivered session.

    Groups of columns: recorded, latent, expected, reported, uninterrupted, truth, covariates,
    calendar, surgery, demography.

    \b
    Examples:
      plateau simulate cohort --replicates 1000 --out cohorts.parquet
      plateau simulate cohort --scenario slow_responders --set measurement.noise_sd=20 \\
        --patients 1000000 --what recorded,latent,covariates --jobs 2 --out million.parquet
    """
    from orchestration.commands import simulate as work
    from orchestration.commands.display import bar

    with bar("simulate cohorts", quiet or as_json) as progress:
        summary = work.cohort(out, scenario, overrides, what, **sizes, progress=progress)
    if as_json:
        print_json({"schema": "plateau.simulate.cohort/1", **summary})
    else:
        click.echo(f"{summary['rows']:,} simulated sessions in {summary['seconds']:.1f} s")
        click.echo(out)
    return 0


COMMANDS: tuple[click.Command, ...] = (simulate,)
