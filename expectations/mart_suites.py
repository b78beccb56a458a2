"""Checks of the marts, by mart.

Belongs here: reading `marts.yml` (that a mart holds something, its columns, scales and code lists)
and the warnings that only a distribution shows. Does not: uniqueness and rules on joined or derived
data, which are dbt tests.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from expectations.checks import (
    Check,
    between,
    has_columns,
    in_codes,
    is_present,
    is_pseudonym,
    mostly_present,
    not_empty,
    threshold,
)

FILE = Path(__file__).with_name("marts.yml")
RELIEF_MEAN_LOWEST_PCT = 5
USUAL_INTERVAL_DAYS = (5, 400)
USUAL_AGE_YEARS = (18, 100)

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class Mart:
    """What is asserted of one mart; fields as in the head of `marts.yml`."""

    key: str
    present: tuple[str, ...]
    optional: bool = False
    range: Mapping[str, tuple[float | None, float | None]] = Field(default_factory=dict)
    codes: Mapping[str, str] = Field(default_factory=dict)
    columns: tuple[str, ...] = ()

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Every column named, once."""
        return tuple(dict.fromkeys((*self.present, *self.range, *self.codes, *self.columns)))


@cache
def load_marts() -> dict[str, Mart]:
    """Return what is asserted of each mart, by name."""
    return TypeAdapter(dict[str, Mart]).validate_python(_read()["marts"])


def checks_of(name: str) -> list[Check]:
    """Return the checks of a mart.

    Raises
    ------
    KeyError
        If `marts.yml` does not hold it.
    """
    mart, lists = load_marts()[name], _read()["codes"]
    required = not mart.optional
    return [
        has_columns(mart.all_columns),
        *([not_empty()] if required else []),
        *(is_present("mart_present", column, required=required) for column in mart.present),
        *([is_pseudonym(required=required)] if "patient_id" in mart.present else []),
        *(between("mart_range", column, *ends) for column, ends in mart.range.items()),
        *(in_codes("mart_codes", column, lists[of]) for column, of in mart.codes.items()),
        *_DISTRIBUTIONS.get(name, list)(),
    ]


def _sessions() -> list[Check]:
    mean = "relief_mean_band"
    band = {"min_value": RELIEF_MEAN_LOWEST_PCT, "max_value": threshold(mean)}
    return [
        mostly_present("pain_relief_missing_share", "pain_relief_pct"),
        Check(mean, "ExpectColumnMeanToBeBetween", "pain_relief_pct", band),
    ]


def _intervals() -> list[Check]:
    mostly = 1 - threshold("interval_unusual")
    return [between("interval_unusual", "interval_days", *USUAL_INTERVAL_DAYS, mostly=mostly)]


def _patients() -> list[Check]:
    return [between("age_unusual", "age_years", *USUAL_AGE_YEARS)]


def _baseline() -> list[Check]:
    return [mostly_present("npsi_baseline_missing_share", "gnpsi_baseline")]


def _test_period() -> list[Check]:
    return [
        mostly_present("relief_missing_by_session", f"pain_relief_pct_s{n}") for n in range(1, 5)
    ]


_DISTRIBUTIONS = {
    "sessions": _sessions,
    "intervals": _intervals,
    "patients": _patients,
    "baseline": _baseline,
    "test_period": _test_period,
}


@cache
def _read() -> dict[str, dict]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))
