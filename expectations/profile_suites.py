"""Checks of profiles and patterns: volumes, distributions and drift, all of them warnings.

Belongs here: which number of which small frame has which limit. Does not: making the frames
(`profile`, `drift`, `patterns`), or errors: a distribution never holds back publication.
"""

from dataclasses import dataclass

from expectations.checks import Check, between, threshold
from expectations.patterns import FEWEST_REPORTS


@dataclass(frozen=True)
class ProfileSuite:
    """One small frame: what it holds a row of, and the column that names a row in results."""

    grain: str
    key: str


PROFILES = {
    "profile_volumes": ProfileSuite("a table with a full dump", "table_name"),
    "profile_tables": ProfileSuite("a raw table", "table_name"),
    "profile_columns": ProfileSuite("a column of a raw table", "place"),
    "profile_relief_runs": ProfileSuite("a patient with ten known reports", "row_key"),
    "profile_nurses": ProfileSuite("a nurse with twenty known reports", "row_key"),
    "profile_typing_days": ProfileSuite("a day on which rows were typed in bulk", "row_key"),
}


def checks_of_profile(name: str) -> list[Check]:
    """Return the checks of a profile."""
    return list(_CHECKS[name]())


def _volumes() -> list[Check]:
    return [between("volume_drop", "row_ratio", 1 - threshold("volume_drop"), None)]


def _tables() -> list[Check]:
    shift = threshold("relief_mean_shift")
    return [
        between("patients_drop", "patients_ratio", 1 - threshold("patients_drop"), None),
        between("sessions_stale", "days_since_last_session", None, threshold("sessions_stale")),
        between("relief_mean_shift", "relief_shift_se", -shift, shift),
        between("relief_round_ten", "round_ten_share", None, threshold("relief_round_ten")),
        between("relief_fractions", "fraction_share", None, threshold("relief_fractions")),
    ]


def _columns() -> list[Check]:
    empty, change, shift = "column_empty", "null_share_rise", "category_shift"
    return [
        between(empty, "expected_null_share", None, threshold(empty)),
        between(change, "null_share_change", None, threshold(change)),
        between(shift, "population_stability", None, threshold(shift)),
    ]


def _relief_runs() -> list[Check]:
    # a patient whose relief has settled reports it again and again, so some are tolerated
    mostly = 1 - threshold("relief_copied")
    return [between("relief_copied", "longest_run", None, FEWEST_REPORTS - 1, mostly=mostly)]


def _nurses() -> list[Check]:
    return [between("nurse_constant", "constant_share", None, threshold("nurse_constant"))]


def _typing_days() -> list[Check]:
    return [between("default_date", "default_date_share", None, threshold("default_date"))]


_CHECKS = {
    "profile_volumes": _volumes,
    "profile_tables": _tables,
    "profile_columns": _columns,
    "profile_relief_runs": _relief_runs,
    "profile_nurses": _nurses,
    "profile_typing_days": _typing_days,
}
