"""Run a suite on a frame and say what came out, without a single value of a patient.

Belongs here: the Great Expectations context, and the reading of its results. Vacuous passes end
here: nothing to check is `not_applicable`, or `failed` where the check is required. Does not: the
choice of expectations (`suites`), Dagster, the warehouse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from expectations.checks import Check
from expectations.rules import Severity
from expectations.suites import build, for_table, import_gx, key_column

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult

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


def validate(name: str, frame: pd.DataFrame) -> Verdict:
    """Run the suite of a table on a frame.

    Parameters
    ----------
    name
        A name of `suites.names()`.
    frame
        The table as DuckDB hands it over (`.df()`).

    Raises
    ------
    KeyError
        If there is no suite of this name.
    """
    checks = for_table(name)
    key = key_column(name)
    results: list[CheckResult | None] = [None] * len(checks)
    for result in _run(name, frame, key):
        assert result.expectation_config is not None
        place = result.expectation_config.meta["place"]
        results[place] = _read(checks[place], name, frame, key, result)
    return Verdict(name, tuple(result for result in results if result is not None))


def _run(name: str, frame: pd.DataFrame, key: str) -> list["ExpectationValidationResult"]:
    gx = import_gx()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    context.variables.analytics_enabled = False
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    result_format: dict[str, Any] = {
        "result_format": "COMPLETE",
        "exclude_unexpected_values": True,
    }
    if key in frame:
        result_format["unexpected_index_column_names"] = [key]
    return list(batch.validate(build(name), result_format=result_format).results)


def _read(
    check: Check, table: str, frame: pd.DataFrame, key: str, result: "ExpectationValidationResult"
) -> CheckResult:
    outcome = result.result or {}
    numerator, denominator = _counts(check, frame, outcome)
    status = _status(check, bool(result.success), _raised(result), numerator, denominator)
    return CheckResult(
        rule_id=check.rule_id,
        table=table,
        column=check.column,
        status=status,
        severity=check.severity,
        numerator=numerator,
        denominator=denominator,
        row_keys=_row_keys(outcome, key),
        detail=_detail(status, numerator, denominator, outcome),
    )


def _counts(
    check: Check, frame: pd.DataFrame, outcome: Mapping[str, Any]
) -> tuple[int | None, int]:
    if check.rule_id == "table_columns":
        return len(_absent_columns(outcome)), len(check.kwargs["column_set"])
    if "unexpected_count" in outcome:
        counted = outcome["element_count"] - outcome.get("missing_count", 0)
        return int(outcome["unexpected_count"]), int(counted)
    if check.column in frame:
        return None, int(frame[check.column].notna().sum())
    return None, len(frame)


def _status(
    check: Check, success: bool, raised: bool, numerator: int | None, denominator: int
) -> Status:
    if raised:
        return "error"
    if denominator == 0:
        return "failed" if check.required else "not_applicable"
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


def _row_keys(outcome: Mapping[str, Any], key: str) -> tuple[str, ...]:
    keys: list[str] = []
    for entry in outcome.get("unexpected_index_list") or []:
        found = entry[key] if isinstance(entry, dict) else entry
        keys.extend(str(one) for one in (found if isinstance(found, list) else [found]))
        if len(keys) >= MOST_ROW_KEYS:
            break
    return tuple(keys[:MOST_ROW_KEYS])
