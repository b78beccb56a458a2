"""Profiles, drift and patterns: numbers by hand, and nothing of a patient in any of them."""

from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest

from expectations import drift, patterns
from expectations.dictionary import load
from expectations.profile import profile as profile_in_sql
from expectations.validate import validate

CANARY = "CANARI-DUPONT"


def sessions(n=40, **columns):
    """Current rows of raw_sessions: one patient, a session a fortnight, typed on its day."""
    days = pd.date_range("2019-01-01", periods=n, freq="14D").astype("datetime64[us]")
    frame = pd.DataFrame(
        {
            "row_key": [f"{'a' * 16}:{k}" for k in range(n)],
            "patient_id": "0" * 32,
            "session_no_recorded": range(1, n + 1),
            "session_date": days,
            "nurse": "AB",
            "target": "m1_left",
            "pain_relief_pct": np.arange(n) % 7 * 10.0,
            "recorded_at": days + pd.Timedelta(hours=16),
        }
    )
    return frame.assign(**columns)


def profile(frame):
    """The profile of these current rows of raw_sessions."""
    return profile_in_sql("raw_sessions", duckdb.from_df(frame))


def numbers(frame):
    found = profile(frame)
    assert set(found["table_name"]) == {"raw_sessions"}
    return {
        (r.metric, r.column_name, r.member): (r.value, r.n)
        for r in found.fillna({"column_name": "", "member": ""}).itertuples()
    }


def test_a_profile_by_hand():
    relief = pd.Series([10.0, 30.0, None, 0.5] * 10)
    found = numbers(sessions(pain_relief_pct=relief, patient_id=["a", "a", "b", "b"] * 10))
    assert found["n_rows", "", ""] == (40, 40)
    assert found["n_patients", "", ""] == (2, 40)
    assert found["relief_mean", "pain_relief_pct", ""] == (13.5, 30)
    assert found["round_ten_share", "pain_relief_pct", ""] == pytest.approx((2 / 3, 30))
    assert found["fraction_share", "pain_relief_pct", ""] == pytest.approx((1 / 3, 30))
    # two patients whose residuals sum to 130 and -130: sqrt(2 / 1 * (130**2 + 130**2)) / 30
    assert found["relief_se", "pain_relief_pct", ""] == pytest.approx((260 / 30, 2))
    assert found["null_share", "pain_relief_pct", ""] == (0.25, 40)
    assert found["code_share", "target", "m1_left"] == (1.0, 40)
    assert found["code_share", "target", "m1_right"] == (0.0, 40)


def test_a_profile_of_nothing_has_no_shares():
    found = numbers(sessions()[:0])
    assert found["n_rows", "", ""] == (0, 0)
    assert np.isnan(found["null_share", "nurse", ""][0])
    assert not [key for key in found if key[0] in ("relief_mean", "code_share", "last_day")]


def test_no_text_of_a_row_enters_a_profile_or_a_pattern():
    planted = sessions(nurse=CANARY, target=CANARY, patient_id=CANARY, pain_relief_pct=50.0)
    made = [profile(planted), patterns.relief_runs(planted)]
    made += [patterns.nurses(planted), patterns.typing_days(planted)]
    assert [len(one) for one in made[1:3]] == [1, 1]
    assert not [one for one in made if CANARY in one.to_csv()]


def drifted(now, before):
    profiles = [profile(one) for one in (now, before)]
    tables = drift.tables(*profiles, delivery_date=date(2020, 8, 1))
    columns = drift.columns(*profiles)
    verdicts = [validate("profile_tables", tables), validate("profile_columns", columns)]
    return {r.rule_id for v in verdicts for r in v.results if r.status in ("failed", "error")}


def two_patients(**columns):
    return sessions(patient_id=["a", "b"] * 20, **columns)


EMPTY = {"column_empty"}  # the frames of this file hold few columns


@pytest.mark.parametrize(
    ("before", "now", "rules"),
    [
        ({}, {}, set()),
        ({}, {"nurse": [None] * 10 + ["AB"] * 30}, {"null_share_rise"}),
        ({"nurse": [None] * 10 + ["AB"] * 30}, {}, set()),
        ({"target": ["m1_left"] * 20 + ["m1_right"] * 20}, {}, {"category_shift"}),
        ({"pain_relief_pct": [3.0, 7.0] * 20}, {"pain_relief_pct": 90.0}, {"relief_mean_shift"}),
        (
            {"pain_relief_pct": [5.0, 55.0] * 20},
            {"pain_relief_pct": [0.5, 55.0] * 20},
            {"relief_fractions"},
        ),
    ],
)
def test_what_changed_since_the_delivery_before_is_told(before, now, rules):
    mixed = {"pain_relief_pct": np.arange(40) % 11 * 5.0}
    found = drifted(two_patients(**(mixed | now)), two_patients(**(mixed | before)))
    assert found - EMPTY == rules | ({"relief_round_ten"} if now.get("pain_relief_pct") == 90.0
                                     else set())  # fmt: skip


def test_the_first_delivery_drifts_from_nowhere():
    first = profile(sessions())
    tables = drift.tables(first, first[:0], delivery_date=date(2020, 8, 1))
    assert tables["relief_shift_se"].isna().all() and tables["patients_ratio"].isna().all()
    assert drift.columns(first, first[:0])["null_share_change"].isna().all()
    results = validate("profile_tables", tables).results
    assert {r.status for r in results if r.rule_id == "relief_mean_shift"} == {"not_applicable"}


def test_an_export_that_stands_still_and_one_without_patients_are_told():
    many = sessions(patient_id=[f"p{k}" for k in range(40)])
    first, later = profile(many), profile(many[:30])
    tables = drift.tables(later, first, delivery_date=date(2021, 8, 1))
    found = {r.rule_id for r in validate("profile_tables", tables).warnings}
    assert found >= {"sessions_stale", "patients_drop"}


def test_full_dumps_are_compared_with_full_dumps():
    files = pd.DataFrame(
        [
            ("a", "2020-01-31", 1, "sessions", "complet", "accepted", 100),
            ("b", "2020-02-29", 2, "sessions", "increment", "accepted", 3),
            ("c", "2020-03-31", 3, "sessions", "complet", "refused", 10),
            ("d", "2020-04-30", 4, "sessions", "complet", "accepted", 89),
            ("d", "2020-04-30", 4, "patients", "complet", "accepted", 50),
        ],
        columns=["delivery_id", "delivery_date", "received_no", "table_name", "delivery_mode",
                 "status", "n_rows"],
    )  # fmt: skip
    volumes = drift.volumes(files).set_index("table_name")
    assert volumes["row_ratio"].to_dict() == pytest.approx(
        {"sessions": 0.89, "patients": np.nan}, nan_ok=True
    )
    (found,) = validate("profile_volumes", volumes.reset_index()).results
    assert (found.status, found.numerator, found.denominator) == ("failed", 1, 1)
    assert validate("profile_volumes", drift.volumes(files[:0])).passed


def test_the_longest_run_of_one_report():
    relief = [10.0, 20.0, 20.0, None, 20.0, 30.0, 30.0, 30.0, 40.0, 50.0, 60.0, 20.0]
    (found,) = patterns.relief_runs(sessions(12, pain_relief_pct=relief)).itertuples(index=False)
    assert (found.row_key[-2:], found.longest_run, found.n_known) == (":1", 3, 11)
    shuffled = sessions(12, pain_relief_pct=relief).sample(frac=1, random_state=1)
    assert patterns.relief_runs(shuffled).equals(patterns.relief_runs(shuffled.sort_index()))
    assert patterns.relief_runs(sessions(9)).empty, "too few to say anything"
    assert patterns.relief_runs(sessions(0)).empty


def test_runs_do_not_cross_patients():
    equal = sessions(20, pain_relief_pct=50.0, patient_id=["a"] * 10 + ["b"] * 10)
    assert list(patterns.relief_runs(equal)["longest_run"]) == [10, 10]


def test_runs_at_the_ends_of_the_scale_are_no_copies():
    settled = sessions(30, pain_relief_pct=[0.0] * 12 + [30.0] * 3 + [100.0] * 15)
    assert list(patterns.relief_runs(settled)["longest_run"]) == [3]
    assert list(patterns.relief_runs(sessions(12, pain_relief_pct=0.0))["longest_run"]) == [0]


def test_a_nurse_who_always_writes_one_value():
    nurse = ["AB", "CD"] * 20
    relief = [0.0, 35.0] * 20
    found = patterns.nurses(sessions(nurse=nurse, pain_relief_pct=relief))
    assert found["constant_share"].tolist() == [1.0, 0.0]
    assert found["row_key"].tolist() == [f"{'a' * 16}:0", f"{'a' * 16}:1"]
    assert patterns.nurses(sessions(19)).empty


def test_a_day_of_typing_in_bulk():
    usual = sessions(30)
    day = pd.Timestamp(2021, 5, 3)
    caught_up = sessions(12, recorded_at=day, patient_id="b")
    default = sessions(12, recorded_at=day + pd.Timedelta(hours=9), session_date=day)
    assert patterns.typing_days(usual).empty
    mixed = patterns.typing_days(pd.concat([usual, caught_up], ignore_index=True))
    assert mixed["default_date_share"].tolist() == [0.0]
    filled = patterns.typing_days(pd.concat([usual, default], ignore_index=True))
    assert (filled["default_date_share"].tolist(), filled["n_typed"].tolist()) == ([1.0], [12])
    beside = sessions(2, recorded_at=day, patient_id="c", row_key="honest")
    both = patterns.typing_days(pd.concat([usual, default, beside], ignore_index=True))
    (verdict,) = validate("profile_typing_days", both).results
    assert (verdict.status, both["default_date_share"].tolist()) == ("failed", [12 / 14])
    assert both["row_key"].tolist() != ["honest"], "a row that has that very day is named"


def test_every_column_that_a_pattern_reads_is_in_the_warehouse():
    held = {column.name for column in load()["sessions"].warehouse_columns}
    assert set(patterns.COLUMNS) - {"row_key", "patient_id"} <= held
