"""The marts built by dbt against the same marts written a second time from the rules.

Random clinics full of values at which a rule changes its mind, and a simulated one that came in as
extracts, go through the real dbt project; `second_marts` computes every mart from the same raw
rows, patient by patient. Cells must agree. Planted errors show that the comparison sees a single
wrong bound.
"""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from second_marts import (
    comparison,
    course,
    landmarks,
    raw_tables,
    safety_counts,
    status,
    surgery,
)
from second_marts.columns import COLUMNS
from second_marts.dice import NEWEST
from second_marts.marts import marts
from second_marts.random_clinic import random_clinic
from second_marts.records import Patient, Session

from expectations.protocol import Protocol

CLINIC = Protocol.preset("clinic")
LAGGED = replace(Protocol.preset("paper_replica"), pr_lag_visits=1, dpr_skip_logic=True)
CLINICS = ("living", "lagged_replica", "nobody")


@dataclass(frozen=True)
class Built:
    """A warehouse after dbt: raw rows, marts, and what the marts were told."""

    raw: dict[str, pd.DataFrame]
    marts: dict[str, pd.DataFrame]
    protocol: Protocol
    newest: date

    def by_rules(self, protocol: Protocol | None = None) -> dict[str, pd.DataFrame]:
        """The marts written from the rules, under this or another protocol."""
        protocol = protocol or self.protocol
        return marts(self.raw, self.newest, protocol, is_synthetic=True)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory):
    """Function (clinic) -> its warehouse, built once by the real dbt project."""
    done: dict[str, Built] = {}

    def once(clinic: str) -> Built:
        if clinic not in done:
            done[clinic] = _build(clinic, tmp_path_factory.getbasetemp() / "marts_second")
        return done[clinic]

    return once


def _build(clinic: str, folder: Path) -> Built:
    """Make the raw tables of a clinic and run dbt; the replica holds simulated patients as well."""
    path = folder / clinic / "clinic.duckdb"
    path.parent.mkdir(parents=True)
    protocol = LAGGED if clinic == "lagged_replica" else CLINIC
    if clinic == "lagged_replica":
        raw_tables.ingest_simulated(path, seed=3, n_patients=60)
    n_patients = 0 if clinic == "nobody" else 400
    rows = random_clinic(CLINICS.index(clinic), n_patients).tables
    raw_tables.write(path, rows, NEWEST)
    raw_tables.dbt_run(path, path.parent, protocol)
    return Built(
        raw_tables.read(path, raw_tables.RAW),
        raw_tables.read(path, tuple(COLUMNS)),
        protocol,
        raw_tables.newest_delivery(path),
    )


@pytest.fixture(scope="module")
def expected(build):
    """Function (clinic) -> its marts by the rules, computed once."""
    done: dict[str, dict[str, pd.DataFrame]] = {}

    def once(clinic: str) -> dict[str, pd.DataFrame]:
        if clinic not in done:
            done[clinic] = build(clinic).by_rules()
        return done[clinic]

    return once


@pytest.mark.parametrize("mart", COLUMNS)
@pytest.mark.parametrize("clinic", CLINICS)
def test_mart_says_what_the_rules_say(build, expected, clinic: str, mart: str) -> None:
    found = comparison.differences(mart, build(clinic).marts[mart], expected(clinic)[mart])
    assert not found, comparison.told(found)


# (how many, sessions, ongoing): responders by where they leave, from the printed shares (R8)
PUBLISHED_COURSES = [(37, 7, False), (1, 10, True), (24, 20, False), (5, 25, True),
                     (16, 40, False), (22, 60, True), (2, 95, False), (6, 100, True)]  # fmt: skip


def test_rules_reproduce_the_printed_landmarks() -> None:
    members = [
        landmarks.Member(_course(n), course.End(is_ongoing, None, None), "responder")
        for how_many, n, is_ongoing in PUBLISHED_COURSES
        for _ in range(how_many)
    ]
    rows = [landmarks.landmark_row(members, at) for at in (15, 30, 90)]
    assert [(row["n_stopped_before"], row["n_denominator"]) for row in rows] == [
        (37, 112), (61, 107), (77, 85),
    ]  # fmt: skip
    assert [row["n_reached"] for row in rows] == [75, 46, 8]


def _course(n_sessions: int) -> Patient:
    sessions = [Session({}, number, NEWEST) for number in range(1, n_sessions + 1)]
    return Patient("p", {}, sessions=sessions)


WRONG_CONSTANTS = {
    "a course opens after 180 days, not after more": ({"course_gap_days": 179}, "sessions"),
    "the last day of the lockdown is dropped": ({"covid_end": date(2020, 5, 10)}, "intervals"),
    "14 sessions are 15": ({"long_term_session": 14}, "bands"),
    "relief belongs to the session before": ({"pr_lag_visits": 1}, "status"),
}


@pytest.mark.parametrize("error", WRONG_CONSTANTS)
def test_comparison_sees_one_wrong_constant(build, error: str) -> None:
    change, mart = WRONG_CONSTANTS[error]
    built = build("living")
    wrong = built.by_rules(replace(built.protocol, **change))
    assert comparison.differences(mart, built.marts[mart], wrong[mart])


def _above(relief_pct: float | None, bound: float) -> bool | None:
    return None if relief_pct is None else relief_pct > bound


def _rounded(relief_pct: float | None, protocol: Protocol) -> str:
    return RESPONDER(None if relief_pct is None else round(relief_pct), protocol)


RESPONDER = status.responder
WRONG_RULES = {
    "30 is not at least 30": (status, "at_least", _above, "status"),
    "9.6 is rounded before it is judged": (status, "responder", _rounded, "status"),
    "the first visit is also the last": (surgery, "last_evaluation", lambda v: v[0], "emcs"),
    "not asked is `none`": (safety_counts, "is_asked", lambda said: True, "safety_counts"),
}


@pytest.mark.parametrize("error", WRONG_RULES)
def test_comparison_sees_one_wrong_rule(build, monkeypatch, error: str) -> None:
    where, name, wrong, mart = WRONG_RULES[error]
    monkeypatch.setattr(where, name, wrong)
    built = build("living")
    assert comparison.differences(mart, built.marts[mart], built.by_rules()[mart])
