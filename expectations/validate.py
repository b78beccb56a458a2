"""Run a suite on a frame and say what came out, without a single value of a patient.

Belongs here: the order of judging and the reading of results. Vacuous passes end here: nothing to
check is `not_applicable`, or `failed` where the check is required. Does not: the choice of
expectations (`suites`), how they are run (`batches`), Dagster, the warehouse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from expectations.checks import Check
from expectations.rules import Severity
from expectations.suites import for_table, key_column

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult

    from expectations.batches import Judge

MOST_ROW_KEYS = 20

Status = Literal["passed", "passed_with_rows", "failed", "not_applicable", "error"]


@dataclass(frozen=True)
class CheckResult:
    """Result of one check; fields as in table `dq_result`.

    Attributes
    ----------
    rule_id, table, column, severity
        What was checked; `column` is None for a whole table.
    status
        `passed_with_rows`: within tolerance, but some rows are against the rule.
    numerator, denominator
        Rows, cells or headers against the rule, of those that could be checked; numerator is None
        for an aggregate.
    row_keys
        Keys of rows against the rule, at most `MOST_ROW_KEYS`.
    detail
        One sentence; it quotes no value and no exception text.
    """

    rule_id: str
    table: str
    column: str | None
    status: Status
    severity: Severity
    numerator: int | None
    denominator: int
    row_keys: tuple[str, ...]
    detail: str


@dataclass(frozen=True)
class Verdict:
    """All results of one table, in the order of its suite."""

    name: str
    results: tuple[CheckResult, ...]

    @property
    def errors(self) -> tuple[CheckResult, ...]:
        """Results that hold back publication: failed or broken checks of severity error."""
        return tuple(r for r in self._against if r.severity == "error")

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """Failed or broken checks of severity warning."""
        return tuple(r for r in self._against if r.severity == "warning")

    @property
    def passed(self) -> bool:
        """Whether nothing holds back publication."""
        return not self.errors

    @property
    def _against(self) -> tuple[CheckResult, ...]:
        return tuple(r for r in self.results if r.status in ("failed", "error"))


def validate(
    name: str,
    frame: pd.DataFrame,
    *,
    new_rows: pd.DataFrame | None = None,
    header: Sequence[str] | None = None,
    most_row_keys: int = MOST_ROW_KEYS,
) -> Verdict:
    """Run the suite of a table.

    Parameters
    ----------
    name
        A name of `suites.names()`.
    frame
        The table as DuckDB hands it over (`.df()`), with `suites.columns_needed(name)`.
    new_rows
        Rows that are judged one by one, where the others were judged before; `frame` then needs
        only `suites.columns_needed(name, whole=True)`. By default every row is.
    header
        Every column that the table has; by default those of the rows.
    most_row_keys
        Keys of rows that a result lists at most.

    Raises
    ------
    KeyError
        If there is no suite of this name.
    """
    from expectations import batches

    judge, key, checks = batches.judge(), key_column(name), for_table(name)
    placed: dict[int, CheckResult] = {}
    for kind in ("structure", "values", "rows", "whole"):
        rows = frame if kind == "whole" or new_rows is None else new_rows
        places = [place for place, check in enumerate(checks) if check.kind == kind]
        asked = [checks[place].strict if kind == "values" else checks[place] for place in places]
        if not asked:
            continue
        seen = batches.frame_for(kind, asked, rows)
        if kind == "structure" and header is not None:
            seen = seen.reindex(columns=list(header))
        for place, result in zip(places, judge.counts(asked, seen), strict=True):
            spared = new_rows is not None and len(frame) > 0
            placed[place] = _read(
                judge, checks[place], name, rows, key, result, spared, most_row_keys
            )
    return Verdict(name, tuple(placed[place] for place in range(len(checks))))


def _read(
    judge: "Judge",
    check: Check,
    table: str,
    frame: pd.DataFrame,
    key: str,
    result: "ExpectationValidationResult",
    spared: bool,
    most_row_keys: int,
) -> CheckResult:
    """Count rows where a result is of distinct values, and look up keys of rows against it."""
    in_distinct_values = check.kind == "values"
    if in_distinct_values and not result.success and not _raised(result):
        (result,) = judge.counts([check], frame[list(check.reads)])
        in_distinct_values = False
    numerator, denominator = _counts(check, frame, result, in_distinct_values)
    required = check.required and not spared
    status = _status(required, bool(result.success), _raised(result), numerator, denominator)
    lists_rows = bool(numerator) and status != "error" and check.kind != "structure"
    row_keys = (
        judge.row_keys(check, frame, key, most_row_keys) if lists_rows and key in frame else ()
    )
    return CheckResult(
        rule_id=check.rule_id,
        table=table,
        column=check.column,
        status=status,
        severity=check.severity,
        numerator=numerator,
        denominator=denominator,
        row_keys=row_keys,
        detail=_detail(status, numerator, denominator, result.result or {}),
    )


def _counts(
    check: Check,
    frame: pd.DataFrame,
    result: "ExpectationValidationResult",
    in_distinct_values: bool,
) -> tuple[int | None, int]:
    outcome = {} if in_distinct_values else result.result or {}
    if check.expectation == "ExpectTableColumnsToMatchSet":
        return len(_absent_columns(outcome)), len(check.kwargs["column_set"])
    if check.kind != "structure" and "unexpected_count" in outcome:
        counted = outcome["element_count"] - outcome.get("missing_count", 0)
        return int(outcome["unexpected_count"]), int(counted)
    n_known = int(frame[check.column].notna().sum()) if check.column in frame else len(frame)
    return (0 if in_distinct_values and not _raised(result) else None), n_known


def _status(
    required: bool, success: bool, raised: bool, numerator: int | None, denominator: int
) -> Status:
    if raised:
        return "error"
    if denominator == 0:
        return "failed" if required else "not_applicable"
    if not success:
        return "failed"
    return "passed_with_rows" if numerator else "passed"


def _detail(
    status: Status, numerator: int | None, denominator: int, outcome: Mapping[str, Any]
) -> str:
    if status == "error":
        return "the check itself broke: is the column there, and of its type?"
    if denominator == 0:
        return "nothing to check"
    if absent := _absent_columns(outcome):
        return f"absent columns: {', '.join(absent)}"
    if numerator:
        return f"{numerator} of {denominator} against the rule"
    return "outside its bounds as a whole" if status == "failed" else ""


def _absent_columns(outcome: Mapping[str, Any]) -> list[str]:
    details = outcome.get("details") or {}
    return list((details.get("mismatched") or {}).get("missing") or [])


def _raised(result: "ExpectationValidationResult") -> bool:
    info = result.exception_info or {}
    nested = [one for one in info.values() if isinstance(one, dict)]
    return any(one.get("raised_exception") for one in [info, *nested])
