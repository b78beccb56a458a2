"""One check: an expectation of Great Expectations that stands for a rule of the registry.

Belongs here: the pairing of the two, as data, and the few shapes that suites repeat. Does not:
any import of Great Expectations, or the choice of checks for a table (`suites`, `mart_suites`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from expectations.rules import Severity, rule


@dataclass(frozen=True)
class Check:
    """An expectation with its rule.

    Attributes
    ----------
    rule_id
        Rule of the registry; its severity is the check's.
    expectation
        Class name in `great_expectations.expectations`.
    column
        Column checked; None for a whole table or several columns.
    kwargs
        Arguments of the expectation besides the column.
    required
        With nothing to check the check fails; else it is not applicable.
    """

    rule_id: str
    expectation: str
    column: str | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    required: bool = False

    @property
    def severity(self) -> Severity:
        """Severity of the rule."""
        return rule(self.rule_id).severity

    @property
    def meta(self) -> dict[str, str]:
        """Rule as GX meta: its own rule, or a rule of another layer that it guards."""
        owner = rule(self.rule_id).owner
        return {"rule_id" if owner == "gx" else "guards": self.rule_id}


def has_columns(columns: Sequence[str]) -> Check:
    """Return the check that a table has at least these columns."""
    kwargs = {"column_set": list(columns), "exact_match": False}
    return Check("table_columns", "ExpectTableColumnsToMatchSet", kwargs=kwargs)


def not_empty() -> Check:
    """Return the check that a table has rows."""
    kwargs = {"min_value": 1}
    return Check("table_not_empty", "ExpectTableRowCountToBeBetween", kwargs=kwargs, required=True)


def is_key(column: str, *, required: bool) -> list[Check]:
    """Return the checks that a column is never NULL and never repeats."""
    return [
        Check("row_key_present", "ExpectColumnValuesToNotBeNull", column, required=required),
        Check("row_key_unique", "ExpectColumnValuesToBeUnique", column, required=required),
    ]


def unique_together(rule_id: str, columns: Sequence[str], *, required: bool) -> Check:
    """Return the check that columns together never repeat."""
    kwargs = {"column_list": list(columns)}
    return Check(rule_id, "ExpectCompoundColumnsToBeUnique", kwargs=kwargs, required=required)


def between(rule_id: str, column: str, low: float | None, high: float | None) -> Check:
    """Return the check that values lie between two ends, inclusive; None is open."""
    kwargs = {"min_value": low, "max_value": high}
    return Check(rule_id, "ExpectColumnValuesToBeBetween", column, kwargs)


def in_codes(rule_id: str, column: str, codes: Sequence[str]) -> Check:
    """Return the check that values are in a list of codes."""
    return Check(rule_id, "ExpectColumnValuesToBeInSet", column, {"value_set": list(codes)})


def is_pseudonym(*, required: bool) -> Check:
    """Return the check that `patient_id` is 32 hexadecimal digits."""
    return Check(
        "patient_id_format",
        "ExpectColumnValuesToMatchRegex",
        "patient_id",
        {"regex": "^[0-9a-f]{32}$"},
        required=required,
    )
