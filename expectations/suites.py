"""Great Expectations suites of the raw tables and the marts, built from dictionary and registry.

Belongs here: which expectation stands for which rule on which table. A check of a contract rule
guards the load: it re-asserts what the contract promised, so it carries that rule's id as
`guards`. Does not: running a suite (`validate`), or deciding single rows (`contract`).
"""

import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

from expectations.checks import (
    Check,
    between,
    has_columns,
    in_codes,
    is_key,
    is_pseudonym,
    not_empty,
    unique_together,
)
from expectations.columns import Column
from expectations.dictionary import Table, load
from expectations.mart_suites import CHECKS_OF, KEY_OF

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

PROVENANCE = (
    "row_key",
    "delivery_date",
    "delivery_mode",
    "file_sha256",
    "line",
    "content_hash",
    "patient_id",
)
_GX_SEVERITY = {"error": "critical", "warning": "warning"}
_INTEGERS = [f"int{n}" for n in (8, 16, 32, 64)] + [f"Int{n}Dtype" for n in (8, 16, 32, 64)]
# The numpy or pandas types as which DuckDB hands over each type of the dictionary; `str` is apart.
_TYPES = {
    "integer": _INTEGERS,
    "decimal": ["float64"],
    "boolean": ["bool", "BooleanDtype"],
    "date": ["datetime64[s]", "datetime64[us]", "datetime64[ns]", "date"],
    "datetime": ["datetime64[s]", "datetime64[us]", "datetime64[ns]"],
}


def names() -> tuple[str, ...]:
    """Names of the tables that have a suite."""
    return (*(f"raw_{name}" for name in load()), *CHECKS_OF)


def key_column(name: str) -> str:
    """Column that names a row of a table in results; never an identifier of a person."""
    return KEY_OF.get(name, "row_key")


def for_table(name: str) -> list[Check]:
    """Return the checks of a table.

    Parameters
    ----------
    name
        `raw_patients`, `raw_sessions`, `raw_emcs` or a mart that has a suite.

    Raises
    ------
    KeyError
        For any other name; the message lists the names.
    """
    if name in CHECKS_OF:
        return CHECKS_OF[name]()
    if name in names():
        return _raw_checks(load()[name.removeprefix("raw_")])
    raise KeyError(f"no suite for table {name}: there is one for {', '.join(names())}")


def build(name: str) -> "ExpectationSuite":
    """Return the GX suite of a table; each expectation's meta holds its rule and its place."""
    gx = import_gx()
    expectations = [
        getattr(gx.expectations, check.expectation)(
            **({} if check.column is None else {"column": check.column}),
            **check.kwargs,
            severity=_GX_SEVERITY[check.severity],
            meta={**check.meta, "place": place},
        )
        for place, check in enumerate(for_table(name))
    ]
    # not add_expectation(), which asks for a context
    return gx.ExpectationSuite(name=name, expectations=expectations)


def import_gx() -> ModuleType:
    """Import Great Expectations, which takes seconds and warns about its own imports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations.expectations  # noqa: F401  (loads the attribute)

        return great_expectations


def _raw_checks(table: Table) -> list[Check]:
    needed = table.required
    key = ("file_sha256", "patient_id", *table.key[1:])
    columns = table.warehouse_columns
    checks = [
        has_columns([*PROVENANCE, *(column.name for column in columns)]),
        *([not_empty()] if needed else []),
        *is_key("row_key", required=needed),
        is_pseudonym(required=needed),
        unique_together("key_conflict", key, required=needed),
    ]
    return checks + [check for column in columns for check in _column_checks(column, needed)]


def _column_checks(column: Column, table_needed: bool) -> Iterator[Check]:
    yield _type_check(column)
    if column.required:
        yield Check(
            "required_missing", "ExpectColumnValuesToNotBeNull", column.name, required=table_needed
        )
    if column.codes:
        yield in_codes("code_unknown", column.name, list(column.codes))
    if column.minimum is not None or column.maximum is not None:
        yield between(column.range_rule, column.name, column.minimum, column.maximum)
    if column.plausible is not None:
        yield between("value_implausible", column.name, *column.plausible)


def _type_check(column: Column) -> Check:
    # GX compares a `str` column with the Python type, so that one goes through another expectation
    if column.type not in _TYPES:
        return Check("column_type", "ExpectColumnValuesToBeOfType", column.name, {"type_": "str"})
    kwargs = {"type_list": _TYPES[column.type]}
    return Check("column_type", "ExpectColumnValuesToBeInTypeList", column.name, kwargs)
