"""One result a rule and table of the gate and the contract, for the deliveries of one run.

Belongs here: numerator and denominator of rules that ingest has decided already. Does not: deciding
them (`expectations`, `ingest`), the hard gate on row counts (`reconciliation`), rules over all
deliveries (`over_deliveries`), dbt's rules (`dbt_results`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from expectations.rules import Rule, load_rules
from expectations.validate import CheckResult
from orchestration.quality import over_deliveries
from orchestration.quality.coverage import WHOLE_DELIVERY, cells_a_row, headers_of, tables_of
from orchestration.quality.findings import Finding
from orchestration.quality.over_deliveries import Findings
from orchestration.quality.queries import rows
from orchestration.quality.reconciliation import RECONCILED

if TYPE_CHECKING:
    import duckdb

_MEASURE = {
    "rows": "n_items",
    "cells": "n_items",
    "headers": "n_items",
    "files": "n_files",
    "deliveries": "n_deliveries",
}
"""Denominator of the registry -> what of a finding is counted against it."""


def rule_results(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[CheckResult]:
    """Judge every rule of the gate and the contract on the deliveries of a run.

    Parameters
    ----------
    connection
        The attached warehouse, after the facts and the derived tables of the run are written.
    run_id
        Run whose deliveries are judged; one that took up none has not-applicable results alone,
        but for the records that are set aside, which are judged as they stand.

    Returns
    -------
    list of CheckResult
        One a (rule, table), in the order of the registry. The denominator is what the registry
        says: `rows` read, `cells` of the columns that the rule reads, `files`, `headers` looked
        for, `deliveries`. A refusal is `failed`; what was repaired, set aside, dropped, flagged
        or accepted on somebody's word is `passed_with_rows`; nothing to look at is
        `not_applicable`. The reconciliation of rows is judged by `reconciliation`.

    Raises
    ------
    KeyError
        The warehouse names a rule that is not in the registry.
    """
    found = _found(connection, run_id)
    _add_denominators(connection, run_id, found)
    found.update(over_deliveries.findings(connection, run_id))
    return [
        found[rule.id, table].as_result(rule, table)
        for rule in _own_rules()
        for table in _tables(rule, found)
    ]


def _own_rules() -> list[Rule]:
    return [
        rule
        for rule in load_rules().values()
        if rule.owner in ("gate", "contract") and rule.id != RECONCILED
    ]


def _tables(rule: Rule, found: Findings) -> list[str]:
    """Tables that a rule covers, and any other in which something was found against it."""
    covered = tables_of(rule)
    others = sorted(table for one, table in found if one == rule.id and table not in covered)
    return [*covered, *others]


def _found(connection: duckdb.DuckDBPyConnection, run_id: str) -> Findings:
    found: Findings = defaultdict(Finding)
    rules = load_rules()
    for row in rows(connection, "against_rules", {"run_id": run_id}):
        rule = rules.get(row["rule_id"])
        if rule is None:
            raise KeyError(f"rule {row['rule_id']} is in the warehouse and not in the registry")
        if rule.id in over_deliveries.RULES:
            continue
        whole = rule.denominator == "deliveries"
        counts = found[rule.id, WHOLE_DELIVERY if whole else row["table_name"]].by_consequence
        told, n = row["consequence"], row[_MEASURE[rule.denominator]]
        counts[told] = max(counts.get(told, 0), n) if whole else counts.get(told, 0) + n
    return found


def _add_denominators(connection: duckdb.DuckDBPyConnection, run_id: str, found: Findings) -> None:
    """Say of every rule and table how much was looked at."""
    read = {row["table_name"]: row for row in rows(connection, "rows_read", {"run_id": run_id})}
    answer = connection.execute(
        "select count(distinct delivery_id) from ingest_file where run_id = ?", [run_id]
    ).fetchone()
    n_deliveries = int(answer[0]) if answer else 0
    for rule in _own_rules():
        for table in _tables(rule, found):
            finding = found[rule.id, table]
            if rule.denominator == "deliveries":
                finding.denominator = n_deliveries
            elif table in read:
                finding.denominator = _looked_at(rule, table, read[table])


def _looked_at(rule: Rule, table: str, read: dict[str, Any]) -> int:
    """How many of a rule's files, headers, rows or cells a run's files of one table hold."""
    match rule.denominator:
        case "headers" if table != WHOLE_DELIVERY:
            return int(read["n_files"]) * headers_of(table)
        case "rows":
            return int(read["n_rows"])
        case "cells" if table != WHOLE_DELIVERY:
            return int(read["n_data_rows"]) * cells_a_row(rule, table)
        case _:
            return int(read["n_files"])
