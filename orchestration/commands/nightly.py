"""`plateau nightly`: the scheduled job, once, in this process."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration import data_directory, lock, retention
from orchestration.build import delete_build
from orchestration.errors import (
    EXIT_CHECKS_FAILED,
    EXIT_FAILURE,
    EXIT_MODEL_NOT_CONVERGED,
    EXIT_OK,
)
from orchestration.ingest import kept
from orchestration.ingest.deliveries import Delivery, new_and_ready, passed_over, scan
from orchestration.ingest.known import processed_deliveries, refused_deliveries
from orchestration.instance import (
    clear_dead_runs,
    enter_environment,
    open_instance,
    unhurried_events,
)
from orchestration.journal import Journal
from orchestration.publication import beat
from orchestration.rebuild import keep_preset
from orchestration.settings import Settings

INTERRUPTIONS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


@dataclass(slots=True)
class Outcome:
    """What a nightly did, collected from its journal."""

    run_id: str = ""
    published: bool = False
    nothing_new: bool = False
    problem: str = ""
    interrupted: bool = False
    exit_code: int = EXIT_OK
    files: dict[str, int] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    model: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def listen(self, event: dict[str, Any]) -> None:
        """Take up one journal event."""
        match event["event"]:
            case "step_ended" | "step_failed":
                self.seconds[event["step"]] = event["seconds"]
                self.interrupted |= event.get("error") in INTERRUPTIONS
                if "message" in event:
                    self.problem, self.exit_code = event["message"], event["exit_code"]
            case "delivery_refused":
                self.refused.append(event["reason"])
            case "ingested":
                self.files = {k: v for k, v in event.items() if k.startswith("n_")}
            case "check":
                self.checks.append(event)
            case "model":
                self.model = event
            case "published":
                self.published = True

    def as_json(self) -> dict[str, Any]:
        """The `--json` object of `plateau nightly`."""
        told = ("status", "reason", "r_hat_max", "ess_min", "divergences", "seconds", "rows_run_id")
        return {
            "schema": "plateau.nightly/1",
            "run_id": self.run_id,
            "nothing_new": self.nothing_new,
            "published": self.published,
            "files": self.files.get("n_files", 0),
            "rows": {k.removeprefix("n_"): v for k, v in self.files.items() if k != "n_files"},
            "checks": {
                "passed": sum(c["passed"] for c in self.checks),
                "failed": sum(not c["passed"] for c in self.checks),
                "rules": sum(c["rules"] for c in self.checks),
                "failing": [line for c in self.checks for line in c["failed"]],
            },
            "model": {k: self.model[k] for k in told if k in self.model},
            "seconds": self.seconds,
            "waiting": self.waiting,
            "refused": self.refused,
            "problem": self.problem,
            "exit_code": int(self.exit_code),
        }


def run(
    settings: Settings,
    *,
    wait_seconds: float = 0,
    force: bool = False,
    job: str = "nightly",
    listen: Callable[[dict[str, Any]], None] = lambda event: None,
) -> Outcome:
    """Ingest what is new, build, check, model, report, publish.

    Parameters
    ----------
    wait_seconds
        How long to wait for another run on this data directory.
    force
        Run although nothing is new (after an upgrade of Plateau, say).
    job
        `nightly`, or `warehouse`: the same without estimates, model, study and report.

    Raises
    ------
    Busy, InputMissing, PlateauError
        Before anything is loaded: another writer, no drop folder, a delivery of the other kind.
    """
    began = time.perf_counter()
    outcome = Outcome()

    def tell(event: dict[str, Any]) -> None:
        outcome.listen(event)
        listen(event)

    journal = Journal(settings, "", (tell,))
    data_directory.prepare(settings)
    settings = keep_preset(settings)
    with lock.writing(
        settings.data,
        "plateau nightly",
        wait_seconds=wait_seconds,
        on_wait=lambda who: journal.event("waiting", holder=who),
    ):
        found = scan(settings)
        fresh = new_and_ready(found, processed_deliveries(settings))
        waiting = passed_over(found, settings)
        outcome.waiting = [f"{name}: {reason}" for name, reason in waiting]
        if fresh:
            from orchestration.ingest.load import require_loadable

            require_loadable(fresh, settings)
        # After a kill the drop folder may be empty although a kept delivery was never published.
        unpublished = kept.not_in(settings, processed_deliveries(settings))
        outcome.refused = _still_refused(settings, found)
        if fresh or unpublished or force:
            execute(settings, outcome, tell, journal, job=job)
        else:
            for name, reason in waiting:
                journal.event("delivery_waits", delivery=name, reason=reason)
            outcome.nothing_new = True
            _tell_refused(outcome, "Nothing new, and still without")
            beat(settings, "nothing new")
            journal.event("nothing_new")
            journal.event("retention", **retention.apply(settings))
    outcome.seconds["total"] = round(time.perf_counter() - began, 2)
    return outcome


def _still_refused(settings: Settings, found: list[Delivery]) -> list[str]:
    """Deliveries in the drop folder that stand refused since an earlier night.

    One on which somebody has given a word since is tried again, and answers for itself.
    """
    reasons = refused_deliveries(settings)
    return [
        f"Delivery {d.name} stands refused: {reasons[d.delivery_id]}; nothing of it was taken."
        for d in found
        if d.delivery_id in reasons and not kept.override(settings, d.delivery_id)
    ]


def execute(
    settings: Settings,
    outcome: Outcome,
    tell: Callable[[dict[str, Any]], None],
    journal: Journal,
    *,
    job: str = "nightly",
    run_id: str = "",
) -> None:
    """Run a job in this process; the caller holds the lock.

    Parameters
    ----------
    outcome
        Filled from the journal and the run's result.
    run_id
        Id of the run; a build that lies there under it is taken up.

    Raises
    ------
    KeyboardInterrupt
        The run was interrupted; its build is deleted.
    """
    with journal.step("start"):
        enter_environment(settings)
        instance = open_instance(settings)
        for dead in clear_dead_runs(instance, settings):
            journal.event("dead_run_cleared", dead_run_id=dead)
        from orchestration.definitions import build

        definition = build(settings, listeners=(tell,)).resolve_job_def(job)
    # dbt's own lines go to a log: standard output is for the result.
    with (
        unhurried_events(),
        instance,
        _console_log(settings).open("a") as log,
        redirect_stdout(log),
    ):
        result = definition.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_id=run_id or str(uuid.uuid4()),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        outcome.run_id = result.run_id
        if outcome.interrupted:
            delete_build(settings, result.run_id)
            raise KeyboardInterrupt
        _judge(result, outcome)


def _console_log(settings: Settings) -> Path:
    """Where the lines go that tools print during a run; a file a day, kept like the journal."""
    return settings.logs / f"console-{datetime.now(UTC):%Y-%m-%d}.log"


def _tell_refused(outcome: Outcome, how: str) -> None:
    """Exit code and sentence of a night in whose drop folder something stands refused."""
    if outcome.refused:
        outcome.exit_code = EXIT_CHECKS_FAILED
        outcome.problem = f"{how}: {' '.join(outcome.refused)}"


def _judge(result: Any, outcome: Outcome) -> None:
    """Exit code and sentence of an executed run."""
    if result.success:
        if outcome.refused:
            _tell_refused(outcome, "Published without")
        elif outcome.model.get("status", "converged") != "converged":
            outcome.exit_code = EXIT_MODEL_NOT_CONVERGED
            reason = outcome.model.get("reason", "")
            outcome.problem = f"Published, but the relief model has no new rows: {reason}"
        return
    if outcome.problem:
        return
    failed = [
        f"{e.check_name} on {e.asset_key.to_user_string()}"
        for e in result.get_asset_check_evaluations()
        if not e.passed and e.severity.value == "ERROR"
    ]
    if failed:
        outcome.exit_code = EXIT_CHECKS_FAILED
        outcome.problem = (
            f"Data checks failed ({', '.join(failed)}): nothing was published, the last good "
            "version stands; `plateau ui` shows the rules and the places."
        )
        return
    steps = [e.step_key for e in result.get_step_failure_events()]
    outcome.exit_code = EXIT_FAILURE
    outcome.problem = (
        f"Run {result.run_id} failed at {', '.join(map(str, steps)) or 'its start'}: nothing was "
        "published, the last good version stands; `plateau ui` shows the run."
    )
