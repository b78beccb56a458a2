"""Asset checks: Great Expectations on raw tables and marts, reconciliation of every file.

Checks of severity error block: nothing downstream of a failed one runs, so it is never published.
Every result also goes to `dq_result`. No patient value is in any of it: places and counts only.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from expectations import estimate_suites, model_suites, study_suites
from expectations.mart_suites import load_marts
from orchestration.build import Build
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.profiles import RAW_CHECKED, distribution_verdicts, verdict_on
from orchestration.warehouse import append_table

if TYPE_CHECKING:
    from expectations.validate import CheckResult

MARTS_CHECKED = tuple(load_marts())
STUDIES_CHECKED = study_suites.NIGHTLY
ESTIMATES_CHECKED = tuple(estimate_suites.KEYS)
MODELS_CHECKED = tuple(model_suites.KEYS)


def make() -> list[Any]:
    """All data checks; only the distributions never block."""
    return [
        _expectations("gx_raw", RAW_CHECKED),
        _expectations("gx_marts", MARTS_CHECKED),
        _expectations("gx_estimates", ESTIMATES_CHECKED),
        _expectations("gx_studies", STUDIES_CHECKED),
        _expectations("gx_models", MODELS_CHECKED, blocks=False),
        _distributions(),
        _files(),
    ]


def _expectations(
    op_name: str, names: tuple[str, ...], *, blocks: bool = True
) -> dg.AssetChecksDefinition:
    """Great Expectations suites of some tables, one check a table; a model's never block."""
    specs = [
        dg.AssetCheckSpec(
            "great_expectations",
            asset=name,
            blocking=blocks,
            description="Structure, types, ranges, codes and keys that the contract promised, "
            "and usual values as warnings.",
        )
        for name in names
    ]

    @dg.multi_asset_check(name=op_name, specs=specs, can_subset=True, pool=WRITER_POOL)
    def check(
        context: dg.AssetCheckExecutionContext,
        build: dg.ResourceParam[Build],
        journal: dg.ResourceParam[Journal],
    ) -> Iterator[dg.AssetCheckResult]:
        wanted = [key.asset_key.path[-1] for key in context.selected_asset_check_keys]
        with journal.step(op_name.replace("_", " ")):
            verdicts = {name: verdict_on(build, name).results for name in sorted(wanted)}
            record(build, "gx", [r for results in verdicts.values() for r in results])
        for name, results in verdicts.items():
            yield _as_check("great_expectations", name, results, journal)

    return check


def _distributions() -> dg.AssetChecksDefinition:
    """Volumes, distributions, drift and patterns over the raw tables, as warnings."""

    @dg.asset_check(
        asset="raw_sessions",
        name="distributions",
        blocking=False,
        pool=WRITER_POOL,
        description="Volumes, shares, means and patterns, against limits and against the delivery "
        "before; warnings alone.",
    )
    def distributions(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> dg.AssetCheckResult:
        with journal.step("distributions"):
            results = [r for verdict in distribution_verdicts(build) for r in verdict.results]
            record(build, "gx", results)
        return _as_check("distributions", "raw_sessions", results, journal)

    return distributions


def _files() -> dg.AssetChecksDefinition:
    """The hard gate on row counts, and every rule of the gate and the contract."""
    specs = [
        dg.AssetCheckSpec(
            "rows_reconciled",
            asset="ingest_file",
            blocking=True,
            description="Rows in = kept + quarantined + dropped in every file, and every kept row "
            "is behind a version of its record.",
        ),
        dg.AssetCheckSpec(
            "gate_and_contract",
            asset="ingest_file",
            description="What this run's deliveries hold against each rule of the gate and the "
            "contract; a refused delivery fails its rule, and the others go on.",
        ),
    ]

    @dg.multi_asset_check(name="rows_and_rules", specs=specs, pool=WRITER_POOL)
    def rows_and_rules(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> Iterator[dg.AssetCheckResult]:
        from expectations.rules import rule
        from orchestration.quality.reconciliation import reconcile
        from orchestration.quality.results import rule_results

        with journal.step("rows and rules"):
            with build.read() as connection:
                rows, rules = reconcile(connection), rule_results(connection, build.run_id)
            for owner in ("gate", "contract"):
                record(build, owner, [r for r in rules + rows if rule(r.rule_id).owner == owner])
        yield _as_check("rows_reconciled", "ingest_file", rows, journal)
        yield _as_check("gate_and_contract", "ingest_file", rules, journal)

    return rows_and_rules


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
                "column_name": r.column,
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
            "share_bad": _share_bad(results),
            "rules": _rules_table(results),
        },
    )


def _share_bad(results: Sequence["CheckResult"]) -> float:
    """Share of rules with something to judge that failed or broke; 0 where none had."""
    judged = [r for r in results if r.status != "not_applicable"]
    return sum(r.status in ("failed", "error") for r in judged) / max(len(judged), 1)


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
