"""Commands that read what is published: `report`, `sql`, `published`."""

# ruff: noqa: D301 - click reads `\b` in a docstring as "keep these lines"

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.console import print_json
from orchestration.declarations.options import FILE, common, settings_from


@click.command()
@common
@click.option("--out", type=FILE, help="File to write.")
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


@click.command()
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


@click.command()
@common
@click.option("--block", metavar="NAME", help="One block of the study, such as table_2.")
@click.option(
    "--verdict",
    type=click.Choice(["as-published", "within-error", "differs", "cannot"]),
    help="Only figures with this verdict.",
)
@click.option(
    "--use",
    type=click.Choice(["calibration", "validation", "audit_only"]),
    help="Only figures of this use; validation figures were fitted by nothing.",
)
def published(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    block: str | None,
    verdict: str | None,
    use: str | None,
) -> int:
    """Set every published figure of the study beside ours, with a verdict.

    Does our centre look like the study? Each figure has our value and its interval, and is as
    published, within sampling error, differs, or cannot be computed, and why.

    \b
    Examples:
      plateau published --block table_1
      plateau published --verdict differs --use validation
      plateau published --json | jq .counts
    """
    from orchestration.commands import published as work

    chosen = {"section": block, "verdict": verdict, "usable_for": use}
    return work.run(settings_from(data=data), chosen=chosen, as_json=as_json)


@click.command()
@common
@click.option("--patient", metavar="PSEUDONYM", help="A patient of the warehouse.")
@click.option("--relief", metavar="LIST", help="Reports of sessions 1, 2, ...; - is missing.")
@click.option("--level", help="Level of the lesion: central, peripheral or mixed.")
@click.option("--site", help="Site of the lesion, such as thalamus.")
@click.option(
    "--origin",
    type=click.Choice(["ischaemic_stroke", "haemorrhagic_stroke", "other"]),
    help="Cause of the lesion.",
)
@click.option(
    "--horizon",
    type=click.IntRange(1, 30),
    default=15,
    show_default=True,
    help="Session predicted.",
)
@click.option(
    "--surgery",
    is_flag=True,
    help="Also the first evaluation after implanted stimulation, as operated patients with such "
    "an rTMS result reported it, with complications beside it.",
)
def predict(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    patient: str | None,
    relief: str | None,
    level: str | None,
    site: str | None,
    origin: str | None,
    horizon: int,
    surgery: bool,
) -> int:
    """Say what patients with such first sessions went on to report.

    No new fit; the basis and its limits come with every prediction.

    \b
    Examples:
      plateau predict --relief 0,10,-,20 --level central
      plateau predict --patient 0f3a... --horizon 10 --json
      plateau predict --relief 0,0,10,0 --surgery
    """
    from orchestration.commands import predict as work

    return work.run(
        settings_from(data=data),
        patient=patient,
        relief=relief,
        level=level,
        site=site,
        origin=origin,
        horizon=horizon,
        surgery=surgery,
        as_json=as_json,
    )


COMMANDS: tuple[click.Command, ...] = (report, sql, published, predict)
