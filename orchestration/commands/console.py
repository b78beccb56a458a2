"""What goes to standard output and how a command ends: results, problems, exit codes."""

from __future__ import annotations

import json
import math
import traceback
from pathlib import Path
from typing import Any

import click

from orchestration.errors import EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_USAGE, PlateauError


def print_json(content: dict[str, Any]) -> None:
    """Print one object on one line."""
    click.echo(json.dumps(finite(content), default=str, ensure_ascii=False, allow_nan=False))


def finite(value: Any) -> Any:
    """Replace NaN and infinities by null: JSON has no word for them."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_outcome(outcome: Any, cohort: dict[str, int]) -> None:
    """What a run did, in numbers."""
    if outcome.nothing_new:
        click.echo("Nothing new: the drop folder holds no ready delivery that is not published.")
    told = outcome.as_json()
    if outcome.files:
        rows = told["rows"]
        click.echo(
            f"{told['files']} files: {rows['rows']} rows in = {rows['kept']} kept + "
            f"{rows['quarantined']} quarantined + {rows['dropped']} dropped"
        )
    if outcome.checks:
        checks = told["checks"]
        click.echo(
            f"{checks['passed']} data checks passed ({checks['rules']} rules), "
            f"{checks['failed']} failed"
        )
    if cohort:
        click.echo(
            f"{cohort['patients']} patients, {cohort['sessions']} sessions, "
            f"{cohort['analysed']} analysed, {cohort['responders']} responders, "
            f"{cohort['operated']} operated"
        )
    if outcome.model:
        click.echo(f"relief model: {outcome.model['status']} ({outcome.model['reason']})")
    slowest = sorted(outcome.seconds.items(), key=lambda item: -item[1])
    click.echo("seconds: " + ", ".join(f"{name} {value:.1f}" for name, value in slowest))


def end(outcome: Any) -> int:
    """Print the problem of an outcome, and return its exit code."""
    if outcome.problem:
        click.echo(f"Error: {outcome.problem}", err=True)
    return int(outcome.exit_code)


def guarded(cli: click.Group, arguments: list[str]) -> int:
    """Invoke the command line and turn every way to end into its documented exit code."""
    try:
        with cli.make_context("plateau", list(arguments)) as root:
            return int(cli.invoke(root) or 0)
    except click.exceptions.Exit as leave:
        return int(leave.exit_code)
    except click.UsageError as error:
        error.show()
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return EXIT_INTERRUPTED
    except PlateauError as error:
        return _fail(str(error), error.exit_code, "--debug" in arguments, "--json" in arguments)
    except BrokenPipeError:
        return EXIT_FAILURE
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        sentence = (
            f"Plateau stopped on an unexpected {type(error).__name__} at "
            f"{Path(place.filename).name}:{place.lineno}; run again with --debug to see more."
        )
        return _fail(sentence, EXIT_FAILURE, "--debug" in arguments, "--json" in arguments)


def _fail(sentence: str, code: int, debug: bool, as_json: bool) -> int:
    if debug:
        traceback.print_exc()
    if as_json:
        print_json({"schema": "plateau.error/1", "error": sentence, "exit_code": code})
    click.echo(f"Error: {sentence}", err=True)
    return code
