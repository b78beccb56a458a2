"""Asset checks: Great Expectations on raw tables and marts, reconciliation of every file.

Checks of severity error block: nothing downstream of a failed one runs, so it is never published.
Every result also goes to `dq_result`. No patient value is in any of it: places and counts only.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.warehouse import Build, append_table, read_tables

if TYPE_CHECKING:
    from expectations.validate import CheckResult

RAW_CHECKED = ("raw_patients", "raw_sessions", "raw_emcs")
MARTS_CHECKED = ("patients", "sessions", "status", "flow", "test_period_long")


def make() -> list[Any]:
    """All blocking data checks."""
    return [
        _expectations("gx_raw", RAW_CHECKED),
        _expectations("gx_marts", MARTS_CHECKED),
        _files(),
    ]


def _expectations(op_name: str, names: tuple[str, ...]) -> dg.AssetChecksDefinition:
    """Great Expectations suites of some tables, one check a table."""
    specs = [
        dg.AssetCheckSpec(
            "great_expectations",
            asset=name,
            blocking=True,
            description="Structure, types, ranges, codes and keys that the contract promised, "
            "and distributions as warnings.",
        )
        for name in names
    ]

    @dg.multi_asset_check(name=op_name, specs=specs, can_subset=True, pool=WRITER_POOL)
    def check(
        context: dg.AssetCheckExecutionContext,
        build: dg.ResourceParam[Build],
        journal: dg.ResourceParam[Journal],
    ) -> Iterator[dg.AssetCheckResult]:
        from expectations.validate import validate

        wanted = [key.asset_key.path[-1] for key in context.selected_asset_check_keys]
        with journal.step(op_name.replace("_", " ")):
            verdicts = {
                name: validate(name, frame).results
                for name, frame in read_tables(build.path, sorted(wanted)).items()
            }
            record(build, "gx", [r for results in verdicts.values() for r in results])
        for name, results in verdicts.items():
            yield _as_check("great_expectations", name, results, journal)

    return check


def _files() -> dg.AssetChecksDefinition:
    """Reconciliation and quarantine share of every file."""

    @dg.asset_check(
        asset="ingest_file",
        name="rows_reconciled",
        blocking=True,
        pool=WRITER_POOL,
        description="Rows in = kept + quarantined + dropped in every file, and at most 5 % of a "
        "file's rows are in quarantine.",
    )
    def rows_reconciled(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> dg.AssetCheckResult:
        from expectations.files import check_files

        with build.read() as connection:
            files = connection.execute(
                "select file_name, n_rows, n_kept, n_quarantined, n_dropped from ingest_file"
            ).df()
        results = check_files(files)
        record(build, "contract", results)
        return _as_check("rows_reconciled", "ingest_file", results, journal)

    return rows_reconciled


def record(build: Build, owner: str, results: Sequence["CheckResult"]) -> None:
    """Append results to `dq_result`."""
    if not results:
        return
    frame = pd.DataFrame(
        [
            {
                "run_id": build.run_id,
                "at": datetime.now(UTC).replace(tzinfo=None),
                "rule_id": r.rule_id,
                "owner": owner,
                "table_name": r.table,
                "status": r.status,
                "severity": r.severity,
                "numerator": r.numerator,
                "denominator": r.denominator,
                "detail": r.detail,
            }
            for r in results
        ]
    )
    with build.write() as connection:
        append_table(connection, "dq_result", frame)


def _as_check(
    check_name: str, table: str, results: Sequence["CheckResult"], journal: Journal
) -> dg.AssetCheckResult:
    """One Dagster result of many rule results; an error-severity failure or error fails it."""
    bad = [r for r in results if r.status in ("failed", "error")]
    errors = [r for r in bad if r.severity == "error"]
    journal.event(
        "check",
        table=table,
        check=check_name,
        passed=not errors,
        rules=len(results),
        failed=[
            f"{r.rule_id}: {r.numerator} of {r.denominator} {r.detail}".strip() for r in errors
        ],
        warned=len(bad) - len(errors),
    )
    return dg.AssetCheckResult(
        check_name=check_name,
        asset_key=table,
        passed=not errors,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "n_rules": len(results),
            "n_failed": len(errors),
            "n_warnings": len(bad) - len(errors),
            "rules": _rules_table(results),
        },
    )


def _rules_table(results: Sequence["CheckResult"]) -> Any:
    """Rule results as a table in the UI, failures first; row keys, never values."""
    order = {"error": 0, "failed": 1, "passed_with_rows": 2, "passed": 3, "not_applicable": 4}
    ranked = sorted(results, key=lambda r: order.get(r.status, 9))
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "rule": r.rule_id,
                    "column": r.column or "",
                    "status": r.status,
                    "severity": r.severity,
                    "bad": r.numerator,
                    "of": r.denominator,
                    "rows": " ".join(list(r.row_keys)[:5]),
                }
            )
            for r in ranked
        ]
    )
