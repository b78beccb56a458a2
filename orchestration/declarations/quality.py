"""Commands on data quality: `quality`, `queries`, `trace`."""

# ruff: noqa: D301 - click reads `\b` in a docstring as "keep these lines"

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from orchestration.declarations.options import common, settings_from


@click.command()
@common
@click.option("--run", "of_run", metavar="RUN", help="Run, by the beginning of its id.")
@click.option("--rule", metavar="ID", help="One rule, with the places of its open questions.")
@click.option("--failed", is_flag=True, help="Only rules that failed or broke.")
@click.option(
    "--history",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Runs that the trend reaches back.",
)
@click.option(
    "--truth",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Truth of a simulated clinic: also recall, precision and exactness of repairs.",
)
def quality(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    of_run: str | None,
    rule: str | None,
    failed: bool,
    history: int,
    truth: Path | None,
) -> int:
    """Tell what came in, what became of it, which rules hold and what is open.

    Ends with 3 where a required rule failed or a delivery stands refused.

    \b
    Examples:
      plateau quality --data /srv/pain
      plateau quality --rule pr_range --history 30
      plateau quality --data demo --truth /tmp/dirty/truth
      plateau quality --json | jq '.rules[] | select(.status == "failed")'
    """
    from orchestration.commands import quality as work

    return work.run(
        settings_from(data=data),
        of_run=of_run,
        rule=rule,
        failed=failed,
        history=history,
        truth=truth,
        as_json=as_json,
        verbose=verbose,
    )


@click.command()
@common
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="New file to write, or - for standard output.",
)
@click.option(
    "--by",
    type=click.Choice(["rule", "patient"]),
    default="rule",
    show_default=True,
    help="Order of the questions.",
)
def queries(
    data: Path | None, as_json: bool, quiet: bool, verbose: bool, out: Path | None, by: str
) -> int:
    """Write the sheet of questions to the clinic, in French, as CSV.

    It names patients: the file is readable by its owner alone. Filled in and called
    corrections.csv it goes back into a delivery. Without --out only the counts are printed.

    \b
    Examples:
      plateau queries --out questions_20260301.csv
      plateau queries --by patient --out - | head -3
    """
    from orchestration.commands import queries as work

    return work.run(settings_from(data=data), out=out, by=by, as_json=as_json)


@click.command()
@common
@click.argument("key")
@click.option("--text", is_flag=True, help="Also the row as delivered, which names the patient.")
def trace(
    data: Path | None, as_json: bool, quiet: bool, verbose: bool, key: str, text: bool
) -> int:
    """Follow a row key of any table to its file and line, and tell what became of the row.

    KEY is a row key, the beginning of one, or a place: FILE:LINE, in a workbook FILE:SHEET!ROW.

    \b
    Examples:
      plateau trace 3f2a9c0e1b7d4856:17
      plateau trace seances_20190304.csv:17 --text
      plateau trace 'emcs_20190304.xlsx:2!14'
    """
    from orchestration.commands import trace as work

    return work.run(settings_from(data=data), key, with_text=text, as_json=as_json)


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "csv", "json"]),
    default="markdown",
    show_default=True,
    help="How to write it.",
)
def dictionary(form: Literal["markdown", "csv", "json"]) -> int:
    """Print the data dictionary: tables, columns, headers, units, ranges, codes, rules.

    \b
    Examples:
      plateau dictionary > data-dictionary.md
      plateau dictionary --format csv > data-dictionary.csv
    """
    from expectations.document import render

    click.echo(render(form), nl=False)
    return 0


COMMANDS: tuple[click.Command, ...] = (quality, queries, trace, dictionary)
