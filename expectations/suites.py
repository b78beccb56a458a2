"""Great Expectations suites of raw tables, marts and profiles, built from dictionary and registry.

Belongs here: which expectation stands for which rule on which table. A check of a contract rule
guards the load: it re-asserts what the contract promised, so it carries that rule's id as
`guards`. Does not: running a suite (`validate`), or deciding single rows (`contract`).
"""

import warnings
from collections.abc import Iterator
from functools import cache, partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from expectations.checks import (
    Check,
    between,
    has_columns,
    in_codes,
    is_present,
    is_pseudonym,
    is_unique,
    matches,
    not_empty,
    threshold,
)
from expectations.columns import Column
from expectations.dictionary import Table, load
from expectations.estimate_suites import KEYS as ESTIMATES
from expectations.estimate_suites import checks_of_estimate
from expectations.keys import STANDING, current_key
from expectations.lineage import LINEAGE
from expectations.mart_suites import checks_of, load_marts
from expectations.model_suites import KEYS as MODELS
from expectations.model_suites import checks_of_model
from expectations.profile_suites import PROFILES, checks_of_profile
from expectations.study_suites import KEYS as STUDIES
from expectations.study_suites import checks_of_study

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

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
    """Names of the tables and profiles that have a suite."""
    raw = (f"raw_{name}" for name in load())
    return (*raw, *load_marts(), *PROFILES, *STUDIES, *ESTIMATES, *MODELS)


def key_column(name: str) -> str:
    """Column that names a row of a table in results; never an identifier of a person."""
    if name in load_marts():
        return load_marts()[name].key
    if name in STUDIES | ESTIMATES | MODELS:
        return (STUDIES | ESTIMATES | MODELS)[name]
    return PROFILES[name].key if name in PROFILES else "row_key"


def for_table(name: str) -> list[Check]:
    """Return the checks of a table.

    Parameters
    ----------
    name
        `raw_patients`, `raw_sessions`, `raw_emcs`, a mart, a profile, a table of a study, the
        estimates or the relief model.

    Raises
    ------
    KeyError
        For any other name; the message lists the names.
    """
    if name in load_marts():
        return checks_of(name)
    if name in PROFILES:
        return checks_of_profile(name)
    if name in STUDIES:
        return checks_of_study(name)
    if name in ESTIMATES:
        return checks_of_estimate(name)
    if name in MODELS:
        return checks_of_model(name)
    if name in names():
        return _raw_checks(load()[name.removeprefix("raw_")])
    raise KeyError(f"no suite for table {name}: there is one for {', '.join(names())}")


def columns_needed(name: str, *, whole: bool = False) -> tuple[str, ...]:
    """Columns of a table whose values its suite reads, in the order of its checks.

    Parameters
    ----------
    name
        As in `for_table`.
    whole
        Only those of the checks that need all rows together (`Check.kind`).
    """
    checks = [check for check in for_table(name) if check.kind == "whole" or not whole]
    return tuple(dict.fromkeys([key_column(name), *(c for check in checks for c in check.reads)]))


def build(name: str) -> "ExpectationSuite":
    """Return the GX suite of a table; each expectation's meta holds its rule and its place."""
    gx = import_gx()
    expectations = [expectation(check, place) for place, check in enumerate(for_table(name))]
    # not add_expectation(), which asks for a context
    return gx.ExpectationSuite(name=name, expectations=expectations)


def expectation(check: Check, place: int) -> Any:
    """Return a check as an expectation of GX; its meta holds its rule and its place."""
    return getattr(import_gx().expectations, check.expectation)(
        **({} if check.column is None else {"column": check.column}),
        **check.kwargs,
        severity=_GX_SEVERITY[check.severity],
        meta={**check.meta, "place": place},
    )


@cache
def import_gx() -> ModuleType:
    """Import Great Expectations, which takes seconds and warns about its own imports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations.expectations  # noqa: F401  (loads the attribute)

        return great_expectations


def _raw_checks(table: Table) -> list[Check]:
    needed = table.required
    columns = table.warehouse_columns
    checks = [
        has_columns([*LINEAGE, *(column.name for column in columns)]),
        *([not_empty()] if needed else []),
        is_present("row_key_present", "row_key", required=needed),
        is_present("row_key_present", "known_from", required=needed),
        is_unique("row_key_unique", ["row_key", "known_from"], required=needed),
        is_pseudonym(required=needed),
        _one_current_row_a_record(table),
    ]
    return checks + [check for column in columns for check in _column_checks(column, needed)]


def _one_current_row_a_record(table: Table) -> Check:
    """Say that at most one usable row of each natural key stands today."""
    key = ["patient_id", *table.key[1:]]
    restarts = [table.column(name).restarts_after_days for name in table.key]
    after = next((days for days in restarts if days is not None), None)
    dates = [column.name for column in table.columns if column.dates_record and after is not None]
    derive = partial(
        current_key, columns=key, date=dates[0] if dates else None, restarts_after_days=after
    )
    return is_unique(
        "key_conflict", key, required=table.required, derive=derive, reads=(*STANDING, *dates)
    )


def _column_checks(column: Column, table_needed: bool) -> Iterator[Check]:
    yield _type_check(column)
    if column.required:
        yield is_present("required_missing", column.name, required=table_needed)
    if column.codes:
        yield in_codes("code_unknown", column.name, list(column.codes))
    if column.form is not None:
        yield matches("text_form", column.name, column.form)
    if column.minimum is not None or column.maximum is not None:
        yield between(column.range_rule, column.name, column.minimum, column.maximum)
    if column.plausible is not None:
        mostly = 1 - threshold("value_implausible")
        yield between("value_implausible", column.name, *column.plausible, mostly=mostly)


def _type_check(column: Column) -> Check:
    # GX compares a `str` column with the Python type, so that one goes through another expectation
    if column.type not in _TYPES:
        return Check("column_type", "ExpectColumnValuesToBeOfType", column.name, {"type_": "str"})
    kwargs = {"type_list": _TYPES[column.type]}
    return Check("column_type", "ExpectColumnValuesToBeInTypeList", column.name, kwargs)
