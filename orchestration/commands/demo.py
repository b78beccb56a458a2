"""`plateau demo`: a synthetic clinic through the whole pipeline."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestration import data_directory, lock
from orchestration.commands import nightly
from orchestration.errors import PlateauError
from orchestration.journal import Journal
from orchestration.settings import Settings
from orchestration.warehouse import connect

WRITTEN = frozenset(
    {
        "clinic",
        "clinic.partial",
        "dagster",
        "dbt",
        "deliveries",
        "heartbeat.json",
        "logs",
        "plateau.json",
        "posteriors",
        "reports",
        "studies",
        "vault",
        "warehouse",
    }
)
"""What a demo writes into its data directory, compiled code and the lock apart."""


def run(
    settings: Settings,
    *,
    n_patients: int | None = None,
    fresh: bool = False,
    wait_seconds: float = 0,
    listen: Callable[[dict[str, Any]], None] = lambda event: None,
) -> tuple[nightly.Outcome, dict[str, int]]:
    """Write the clinic where it is not there yet, run the nightly on it, count what was published.

    Returns
    -------
    outcome, cohort
        What the nightly did, and counts of the published warehouse.
    """
    data_directory.prepare(settings)
    with lock.writing(settings.data, "plateau demo", wait_seconds=wait_seconds):
        data_directory.require_kind(settings, "synthetic", "of the demo")
        if fresh:
            _start_over(settings)
        clinic = settings.data / "clinic"
        journal = Journal(settings, "", (listen,))
        with journal.step("simulate clinic"):
            _write_clinic(clinic, settings.seed, n_patients)
        settings = replace(settings, deliveries=clinic / "deliveries")
        outcome = nightly.run(settings, listen=listen)
    return outcome, cohort(settings)


def cohort(settings: Settings) -> dict[str, int]:
    """Counts of the published warehouse; empty where nothing is published."""
    if not settings.live.exists():
        return {}
    with connect(settings.live, read_only=True) as connection:
        row = connection.execute(
            "select (select count(*) from patients), (select count(*) from sessions), "
            "(select count(*) from status), (select count(*) from emcs), "
            "(select count(*) from status where responder_status = 'responder')"
        ).fetchone()
    names = ("patients", "sessions", "analysed", "operated", "responders")
    return dict(zip(names, row or (), strict=True))


def _write_clinic(clinic: Path, seed: int, n_patients: int | None) -> None:
    """Simulate into a folder beside and rename it: a killed demo leaves no half clinic."""
    made_with = {"scenario": "replica", "seed": seed, "patients": n_patients}
    note = clinic / "made_with.json"
    if note.exists():
        if json.loads(note.read_text(encoding="utf-8")) != made_with:
            raise PlateauError(
                f"{clinic} holds a clinic made with other options; run with --fresh to start over, "
                "or choose another directory with --data."
            )
        return
    from simulate import extracts
    from simulate.cohort import generate
    from simulate.scenario import load

    partial = clinic.with_name("clinic.partial")
    shutil.rmtree(partial, ignore_errors=True)
    scenario = load("replica")
    extracts.write(generate(scenario, seed=seed, n_patients=n_patients), partial, seed=seed)
    (partial / note.name).write_text(json.dumps(made_with), encoding="utf-8")
    partial.replace(clinic)


def _start_over(settings: Settings) -> None:
    """Empty the demo directory, but for compiled code; never one that no demo has made."""
    entries = [entry for entry in settings.data.iterdir() if entry.name in WRITTEN]
    harmless = {"clinic", "clinic.partial", "logs"}
    if data_directory.kind_of(settings) is None and {e.name for e in entries} - harmless:
        raise PlateauError(
            f"{settings.data} was not made by a demo and --fresh would delete what is in it; "
            "nothing was done: choose another directory with --data."
        )
    for entry in entries:
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
