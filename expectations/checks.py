"""One check: an expectation of Great Expectations that stands for a rule of the registry.

Belongs here: the pairing of the two, as data, and the few shapes that suites repeat. Does not:
any import of Great Expectations, or the choice of checks for a table (`suites`, `mart_suites`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import pandas as pd

from expectations.keys import fingerprint
from expectations.rules import Severity, rule

Kind = Literal["structure", "values", "rows", "whole"]
_KINDS: dict[str, Kind] = {
    "ExpectTableColumnsToMatchSet": "structure",
    "ExpectColumnValuesToBeInTypeList": "structure",
    "ExpectColumnValuesToBeOfType": "structure",
    "ExpectColumnValuesToBeBetween": "values",
    "ExpectColumnValuesToBeInSet": "values",
    "ExpectColumnValuesToMatchRegex": "values",
    "ExpectColumnValuesToNotBeNull": "rows",
    "ExpectColumnValuesToBeUnique": "whole",
    "ExpectColumnMeanToBeBetween": "whole",
    "ExpectTableRowCountToBeBetween": "whole",
}


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
        Column checked; None for a whole table. For a key of several columns, their names with
        ` + ` between them.
    kwargs
        Arguments of the expectation besides the column.
    required
        With nothing to check the check fails; else it is not applicable.
    reads
        Columns of the table that the check needs; by default its column.
    derive
        Makes what is judged instead of a column of the table: the fingerprint of a key.
    """

    rule_id: str
    expectation: str
    column: str | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    required: bool = False
    reads: tuple[str, ...] = ()
    derive: Callable[[pd.DataFrame], pd.Series] | None = None

    def __post_init__(self) -> None:
        """Let a check of one column read that column."""
        if not self.reads and self.column is not None:
            object.__setattr__(self, "reads", (self.column,))

    @property
    def severity(self) -> Severity:
        """Severity of the rule."""
        return rule(self.rule_id).severity

    @property
    def kind(self) -> Kind:
        """What the check has to see.

        `structure`: names and types of columns; `values`: each distinct value of a column once;
        `rows`: every row by itself; `whole`: all rows together.
        """
        return _KINDS[self.expectation]

    @property
    def strict(self) -> "Check":
        """The same check without tolerance: what holds for each distinct value holds for all."""
        return replace(self, kwargs={k: v for k, v in self.kwargs.items() if k != "mostly"})

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


def is_present(rule_id: str, column: str, *, required: bool) -> Check:
    """Return the check that a column is never NULL."""
    return Check(rule_id, "ExpectColumnValuesToNotBeNull", column, required=required)


def mostly_present(rule_id: str, column: str) -> Check:
    """Return the check that at most the rule's threshold of a column is NULL, as a share."""
    kwargs = {"mostly": 1 - threshold(rule_id)}
    return Check(rule_id, "ExpectColumnValuesToNotBeNull", column, kwargs)


def holds_in_rows(
    rule_id: str, reads: tuple[str, ...], derive: Callable[[pd.DataFrame], pd.Series]
) -> Check:
    """Return the check that `derive`, made with `one_where`, finds every row as it should be."""
    column = " + ".join(reads)
    return Check(rule_id, "ExpectColumnValuesToNotBeNull", column, reads=reads, derive=derive)


def one_where(good: pd.Series) -> pd.Series:
    """Return 1 where a row is as it should be, else NULL."""
    return pd.Series(1, index=good.index, dtype="Int64").where(good.astype(bool))


def is_unique(
    rule_id: str,
    key: Sequence[str],
    *,
    required: bool,
    derive: Callable[[pd.DataFrame], pd.Series] | None = None,
    reads: Sequence[str] = (),
) -> Check:
    """Return the check that columns together never repeat.

    Parameters
    ----------
    rule_id, key, required
        As in `Check`.
    derive
        Fingerprint of a row's key; NULL where a row does not count. By default that of `key`.
    reads
        Columns that `derive` needs besides the key.
    """
    return Check(
        rule_id,
        "ExpectColumnValuesToBeUnique",
        " + ".join(key),
        required=required,
        reads=(*key, *reads),
        derive=derive or partial(fingerprint, columns=key),
    )


def between(
    rule_id: str, column: str, low: float | None, high: float | None, **kwargs: float
) -> Check:
    """Return the check that values lie between two ends, inclusive; None is open."""
    limits = {"min_value": low, "max_value": high, **kwargs}
    return Check(rule_id, "ExpectColumnValuesToBeBetween", column, limits)


def in_codes(rule_id: str, column: str, codes: Sequence[str]) -> Check:
    """Return the check that values are in a list of codes."""
    return Check(rule_id, "ExpectColumnValuesToBeInSet", column, {"value_set": list(codes)})


def matches(rule_id: str, column: str, form: str) -> Check:
    """Return the check that whole texts match a regular expression."""
    return Check(rule_id, "ExpectColumnValuesToMatchRegex", column, {"regex": f"^(?:{form})$"})


def is_pseudonym(*, required: bool) -> Check:
    """Return the check that `patient_id` is 32 hexadecimal digits."""
    return Check(
        "patient_id_format",
        "ExpectColumnValuesToMatchRegex",
        "patient_id",
        {"regex": "^[0-9a-f]{32}$"},
        required=required,
    )


def threshold(rule_id: str) -> float:
    """Return the number in a rule of the registry that must have one."""
    number = rule(rule_id).threshold
    assert number is not None, rule_id
    return number
