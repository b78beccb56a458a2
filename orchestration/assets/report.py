"""The report and the publication: the last two assets of every full run."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration import __version__
from orchestration.assets.description import OWNERS, SCIENCE
from orchestration.assets.estimates import COMPARISON, ESTIMATES
from orchestration.assets.model_checks import CHECK_TABLES
from orchestration.assets.models import CURVE_TABLES, STATUS_TABLE
from orchestration.assets.studies import CANARY, STUDY_TABLES
from orchestration.assets.surgery import SURGERY_TABLES
from orchestration.build import Build
from orchestration.data_directory import kind_of
from orchestration.files import replace_file
from orchestration.ingest.known import mark_processed
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.model_rows import status_of
from orchestration.publication import beat, publish, report_path
from orchestration.settings import Settings
from orchestration.warehouse import read_tables

if TYPE_CHECKING:
    import pandas as pd

    from report.facts import ReportFacts

MARTS = [
    "patients",
    "sessions",
    "flow",
    "baseline",
    "status",
    "test_period_long",
    "long_term",
    "emcs",
    "safety_counts",
]
INPUTS = [
    *(*MARTS, *ESTIMATES, COMPARISON, *CURVE_TABLES, STATUS_TABLE),
    *(*CHECK_TABLES, *SURGERY_TABLES, *STUDY_TABLES),
]
LOGS = ["dq_result", "ingest_file", "quarantine_row", "quarantine_cell"]


def make(settings: Settings) -> list[Any]:
    """The report asset and the publish asset."""

    @dg.asset(
        name="report",
        deps=INPUTS,
        group_name="report",
        kinds={"html"},
        owners=SCIENCE,
        description="One self-contained HTML page: flow, tables, curves, study, data quality.",
        pool=WRITER_POOL,
    )
    def report(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> dg.MaterializeResult:
        with journal.step("report"):
            path = report_path(settings, build.root_run_id)
            n_bytes = write_report(settings, build.path, build.run_id, path)
        return dg.MaterializeResult(
            metadata={"path": dg.MetadataValue.path(str(path)), "bytes": n_bytes}
        )

    @dg.asset(
        name="publish",
        deps=["report"],
        group_name="report",
        kinds={"duckdb"},
        owners=OWNERS,
        description="Swaps the build in as the published warehouse, by one atomic rename.",
        pool=WRITER_POOL,
    )
    def publish_build(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> dg.MaterializeResult:
        with journal.step("publish"):
            numbers = _night_in_numbers(build)
            with build.write() as connection:
                mark_processed(connection)
            publish(build, journal)
        beat(settings, "published")
        where = {
            "warehouse": dg.MetadataValue.path(str(settings.live)),
            "report": dg.MetadataValue.path(str(settings.reports / "report.html")),
        }
        return dg.MaterializeResult(metadata={**where, **numbers})

    return [report, publish_build]


def write_report(settings: Settings, warehouse: Path, run_id: str, path: Path) -> int:
    """Render the report of one warehouse file; return its size in bytes."""
    from report.pages import build

    frames = read_tables(warehouse, [*INPUTS, *LOGS])
    frames["dq_result"] = _titled(frames["dq_result"])
    page = build(frames, _facts(settings, frames, run_id)).encode()
    replace_file(path, page)
    return len(page)


def _titled(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return results of checks with their rule's title, NULL for a rule that is gone."""
    from expectations.rules import load_rules

    titles = {name: rule.title for name, rule in load_rules().items()}
    return results.assign(title=results["rule_id"].map(titles))


def _facts(settings: Settings, frames: dict[str, "pd.DataFrame"], run_id: str) -> "ReportFacts":
    """What the page says of the run and quotes of the protocol."""
    from expectations.protocol import Protocol
    from report.facts import ReportFacts
    from simulate.studies import files

    protocol, study = Protocol.preset(settings.preset), files.load(CANARY)
    checks = frames["dq_result"]
    checks = checks[checks["run_id"] == run_id]
    broken = checks["status"].isin(["failed", "error"])
    warned = broken & (checks["severity"] == "warning")
    model = status_of(frames[STATUS_TABLE])
    cut = study.headline.cut_pct
    return ReportFacts(
        run_id=run_id,
        created_at=datetime.now(UTC),
        data_until=frames["ingest_file"]["delivery_date"].max().date(),
        kind="synthetic" if kind_of(settings) != "real" else "real",
        preset=settings.preset,
        plateau_version=__version__,
        n_checks_passed=int((checks["status"] == "passed").sum()),
        n_checks_failed=int((broken & ~warned).sum()),
        n_checks_warned=int(warned.sum()),
        model_sentence=_model_sentence(model),
        truth_definition=study.truth_in_words(),
        test_period_sessions=protocol.test_period_sessions,
        long_term_session=protocol.long_term_session,
        relief_thresholds_pct=(
            protocol.responder_threshold_pct,
            protocol.moderate_threshold_pct,
            protocol.substantial_threshold_pct,
        ),
        headline_cut_pct=cut,
        category_bounds_pct=(
            protocol.responder_threshold_pct,
            protocol.good_threshold_pct,
            protocol.excellent_threshold_pct,
        ),
    )


def _model_sentence(model: dict[str, Any]) -> str:
    reason = str(model["reason"]).rstrip(".")
    return f"relief model {str(model['status']).replace('_', ' ')}: {reason}"


def _night_in_numbers(build: Build) -> dict[str, float]:
    """The same numeric keys each night, so that the UI plots them over runs."""
    with build.read() as connection:
        row = connection.execute(
            "select (select count(*) from patients), (select count(*) from sessions), "
            "(select count(*) from status), "
            "(select avg((responder_status = 'responder')::integer) from status "
            "where responder_status <> 'unknown'), "
            "(select count(*) from dq_result where run_id = $run and status = 'failed'), "
            "(select count(*) from quarantine_row where is_open), "
            "(select count(*) from quarantine_cell where is_open)",
            {"run": build.run_id},
        ).fetchone()
    names = (
        "n_patients",
        "n_sessions",
        "n_analysed",
        "responder_share",
        "n_checks_failed",
        "n_quarantined_rows",
        "n_quarantined_cells",
    )
    return {n: float(v) for n, v in zip(names, row or (), strict=True) if v is not None}
