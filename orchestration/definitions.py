"""The assembly: everything that Dagster knows of Plateau, from one settings object."""

from __future__ import annotations

import dagster as dg

from orchestration import automation, checks, dbt_project, resources
from orchestration.assets import (
    estimates,
    marts,
    model_checks,
    models,
    raw,
    report,
    studies,
    surgery,
)
from orchestration.journal import Listener
from orchestration.rebuild import keep_preset
from orchestration.settings import Settings, load


def build(settings: Settings, *, listeners: tuple[Listener, ...] = ()) -> dg.Definitions:
    """Assets, checks, jobs, schedules and sensors of one data directory.

    Parameters
    ----------
    settings
        Where, with which preset and profile.
    listeners
        Called with every journal event of a run in this process (the progress display).
    """
    return dg.Definitions(
        assets=[
            *raw.make(settings),
            *marts.make(settings, dbt_project.manifest(settings)),
            *estimates.make(),
            *models.make(settings),
            *model_checks.make(settings),
            *surgery.make(settings),
            *studies.make(settings),
            *report.make(settings),
        ],
        asset_checks=[*checks.make(), *automation.alarm_checks(settings)],
        jobs=automation.jobs(),
        schedules=automation.schedules(settings),
        sensors=automation.sensors(settings),
        resources=resources.make(settings, listeners),
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster's servers load: settings from file and environment."""
    return build(keep_preset(load()))
