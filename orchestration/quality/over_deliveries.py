"""Findings of rules over all deliveries: records set aside, versions ended, answers of the clinic.

Belongs here: counts over records and versions. Does not: rows of one file (`results`), or the rules
themselves (`expectations/history`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from orchestration.quality.coverage import ANSWER_TABLE, ANSWERS, ENDINGS, SET_RULES
from orchestration.quality.findings import Finding
from orchestration.quality.queries import rows

if TYPE_CHECKING:
    import duckdb

Findings = dict[tuple[str, str], Finding]
"""Finding by rule id and table."""

RULES = frozenset({*SET_RULES, *ENDINGS, *ANSWERS})


def findings(connection: duckdb.DuckDBPyConnection, run_id: str) -> Findings:
    """Count what is against the rules of `RULES`.

    Parameters
    ----------
    connection
        The attached warehouse, after the derived tables are written.
    run_id
        Run whose deliveries ended versions and brought answers; records are judged as they stand.
    """
    found: Findings = defaultdict(Finding)
    found.update(_set_aside(connection))
    found.update(_ended(connection, run_id))
    found.update(_answers(connection, run_id))
    return found


def _set_aside(connection: duckdb.DuckDBPyConnection) -> Findings:
    counts = {
        (row["rule_id"], row["table_name"]): row["n"]
        for row in rows(connection, "set_aside", {"rules": list(SET_RULES)})
    }
    return {
        (rule_id, table): Finding(
            {"quarantined": counts.get((rule_id, table), 0)}, counts.get((None, table), 0)
        )
        for rule_id, table in SET_RULES.items()
    }


def _ended(connection: duckdb.DuckDBPyConnection, run_id: str) -> Findings:
    return {
        (rule_id, row["table_name"]): Finding({"warned": row[count]}, row["n_stood"])
        for row in rows(connection, "ended_versions", {"run_id": run_id})
        for rule_id, count in ENDINGS.items()
    }


def _answers(connection: duckdb.DuckDBPyConnection, run_id: str) -> Findings:
    counts = {row["rule_id"]: row["n"] for row in rows(connection, "answers", {"run_id": run_id})}
    return {
        (rule_id, ANSWER_TABLE): Finding({"warned": counts.get(rule_id, 0)}, sum(counts.values()))
        for rule_id in ANSWERS
    }
