"""Commands that run the pipeline: `demo`, `nightly`, `ui`."""

# ruff: noqa: D301 - click reads `\b` in a docstring as "keep these lines"

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.console import end, print_json, print_outcome
from orchestration.declarations.options import FOLDER, common, settings_from


@click.command()
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


@click.command()
@common
@click.option("--deliveries", type=FOLDER, help="Drop folder (default: <data>/incoming).")
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


@click.command()
@common
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
@click.option("--deliveries", type=FOLDER, help="Drop folder (default: <data>/incoming).")
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


COMMANDS: tuple[click.Command, ...] = (demo, nightly, ui)
