"""Eight patients of a small clinic go through the real dbt project into the marts.

Rules with a single number in them are unit-tested beside the models; here whole courses are read:
who is counted, what decides the status, who is still in treatment, what surgery leaves behind. Then
the marts are broken, and every rule that guards them must see it.
"""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from expectations.protocol import Protocol
from expectations.rules import load_rules


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, write_small_clinic, dbt, study: Protocol
) -> Path:
    """Build the marts of the small clinic under a run's name, then publish them under another."""
    folder = tmp_path_factory.mktemp("marts")
    build = folder / "run-7f3a.duckdb"
    write_small_clinic(build)
    assert dbt("build", build, study)
    return build.rename(folder / "plateau.duckdb")


@pytest.fixture(scope="module")
def ask(published: Path):
    """Answer a query on the published marts with its rows."""
    with duckdb.connect(str(published), read_only=True) as con:
        yield lambda query: con.execute(query).fetchall()


def test_every_patient_is_in_one_state_of_the_flow(ask) -> None:
    assert ask("select step, n_patients, n_sessions from flow order by step_no") == [
        ("treated", 8, 43),
        ("excluded_unassessable", 1, 2),
        ("protocol_violation", 1, 3),
        ("test_period_censored", 1, 3),
        ("analysed", 5, 35),
        ("responder", 3, 27),
        ("non_responder", 1, 4),
        ("status_unknown", 1, 4),
    ]


def test_recorded_assessment_decides_the_status_and_session_4_only_where_it_is_empty(ask) -> None:
    columns = "patient_id, status_relief_pct, status_source, responder_status, relief_category"
    assert ask(f"select {columns} from status order by patient_id") == [
        ("alma", 45.0, "test_period_assessment", "responder", "good"),
        ("bruno", 9.6, "session_4", "non_responder", "failure"),
        ("carla", None, None, "unknown", None),
        ("greta", 30.0, "test_period_assessment", "responder", "poor"),
        ("hugo", 10.0, "test_period_assessment", "responder", "poor"),
    ]


def test_only_full_20_hz_sessions_of_the_window_are_numbered(ask) -> None:
    assert ask(
        "select session_no, session_no_recorded, days_since_previous from sessions"
        " where patient_id = 'bruno' order by session_no"
    ) == [(1, 1, None), (2, 2, 21), (3, 3, 21), (4, 4, 21)]
    assert ask(
        "select session_no_recorded, not_numbered_reason from int_sessions_numbered"
        " where session_no is null order by all"
    ) == [
        (91, "other_protocol"),
        (92, "aborted"),
        (93, "outside_window"),
        (94, "protocol_unknown"),
    ]


def test_rows_that_contradict_each_other_are_flagged_and_kept(ask) -> None:
    """A row a flag; every other row of the small clinic is a clean case of every rule."""
    assert ask("select rule_id, row_key from int_session_flags order by all") == [
        ("dbt_session_asked_before", "raw_sessions:16"),
        ("dbt_session_asked_late", "raw_sessions:17"),
        ("dbt_session_date_out_of_order", "raw_sessions:901"),
        ("dbt_session_date_out_of_order", "raw_sessions:902"),
        ("dbt_session_date_out_of_order", "raw_sessions:903"),
        ("dbt_session_date_out_of_order", "raw_sessions:904"),
        ("dbt_session_duration_without_relief", "raw_sessions:18"),
        ("dbt_session_number_gap", "raw_sessions:901"),
        ("dbt_session_side_effect_not_numbered", "raw_sessions:901"),
    ]
    assert ask("select rule_id, row_key from int_patient_flags order by all") == [
        ("dbt_patient_covid_gap", "raw_patients:6"),
        ("dbt_patient_inclusion_unmet", "raw_patients:6"),
        ("dbt_patient_npsi_total_differs", "raw_patients:2"),
        ("dbt_patient_ongoing_stale", "raw_patients:5"),
        ("dbt_patient_stroke_outside_central", "raw_patients:5"),
    ]
    assert ask("select rule_id, row_key from int_emcs_flags order by all") == [
        ("dbt_emcs_first_outside_window", "raw_emcs:5"),
    ]
    assert ask("select count(*) from stg_sessions where patient_id = 'bruno'") == [(8,)]


def test_end_of_treatment_is_the_record_then_surgery_then_the_last_session(ask) -> None:
    assert ask(
        "select patient_id, is_ongoing, stop_reason, stop_date::text from patients order by 1"
    ) == [
        ("alma", False, "loss_of_efficacy", "2016-09-01"),
        ("bruno", False, "patient_choice", "2017-03-06"),
        ("carla", True, "ongoing", None),
        ("dora", False, "lost_to_follow_up", "2018-01-29"),
        ("elsa", False, "tolerance", "2018-03-15"),
        ("finn", True, "ongoing", None),
        ("greta", False, "emcs_surgery", "2018-02-01"),
        ("hugo", True, "ongoing", None),
    ]


def test_baseline_follows_the_component_that_the_patient_named(ask) -> None:
    assert ask(
        "select age_years, gnpsi_baseline, burning_baseline, deep_baseline, most_painful_component"
        " from baseline where patient_id = 'alma'"
    ) == [(57.0, 45.0, 9.0, 4.0, "deep")]
    assert ask("select ssnpsi_s0 from test_period where patient_id = 'alma'") == [(4.0,)]


def test_test_period_has_five_rows_a_patient_and_no_relief_at_baseline(ask) -> None:
    assert ask(
        "select session_no, pain_relief_pct from test_period_long"
        " where patient_id = 'carla' order by 1"
    ) == [(0, None), (1, 20.0), (2, 30.0), (3, 40.0), (4, None)]
    assert ask("select count(*) from test_period_long") == [(25,)]


def test_long_term_counts_the_treated_and_the_observed_apart(ask) -> None:
    assert ask(
        "select population, session_no, n_treated, n_observed, mean_relief_pct, sd_relief_pct"
        " from long_term where session_no in (4, 16) and population <> 'analysed' order by all"
    ) == [
        ("responders", 4, 3, 3, pytest.approx(18.3333, abs=1e-4), pytest.approx(18.9297, abs=1e-4)),
        ("responders", 16, 1, 0, None, None),
        ("responders_ge15", 4, 1, 1, 40.0, None),
        ("responders_ge15", 16, 1, 0, None, None),
    ]


def test_surgery_is_compared_with_the_last_rtms_session_and_a_missing_relief_stays_missing(
    ask,
) -> None:
    assert ask(
        "select patient_id, rtms_last_relief_pct, n_sessions_before, emcs_first_relief_pct,"
        " round(emcs_first_months, 2), emcs_last_relief_pct, round(emcs_last_months, 2)"
        " from emcs order by 1"
    ) == [
        ("greta", None, 16, 55.0, 4.99, 40.0, 11.99),
        ("hugo", 20.0, 5, 20.0, 1.38, None, None),
    ]


def test_surgery_after_the_endpoint_leaves_the_patient_ongoing_and_operated(ask) -> None:
    assert ask(
        "select p.is_ongoing, p.is_operated, e.emcs_category, e.rtms_last_is_responder,"
        " e.responder_status from patients as p join emcs as e using (patient_id)"
        " where patient_id = 'hugo'"
    ) == [(True, True, "poor", True, "responder")]


def test_bands_hold_the_responders_below_50_percent(ask) -> None:
    assert ask(
        "select patient_id, relief_band, is_stopped_for_inefficacy, has_reached_15,"
        " relief_at_15_pct, is_ge30_at_15 from bands order by 1"
    ) == [
        ("alma", "30_49", True, False, None, False),
        ("greta", "30_49", False, True, 50.0, True),
        ("hugo", "10_29", False, False, None, None),
    ]


def test_an_early_loss_is_ephemeral_and_nobody_converts_without_extra_sessions(ask) -> None:
    assert ask(
        "select patient_id, n_extra_sessions, is_ephemeral, session_at_stop, is_late_responder"
        " from transitions order by 1"
    ) == [
        ("alma", 2, True, 6, False),
        ("bruno", 0, False, 4, False),
        ("carla", 0, False, None, False),
        ("greta", 12, False, 16, False),
        ("hugo", 1, False, None, False),
    ]


def test_landmarks_have_both_denominators(ask) -> None:
    assert ask(
        "select landmark_session, n_responders, n_ongoing_before, n_denominator,"
        " n_stopped_before, stopped_share, stopped_share_of_all, n_reached"
        " from landmarks order by 1"
    ) == [
        (15, 3, 1, 2, 1, 0.5, pytest.approx(1 / 3), 1),
        (30, 3, 1, 2, 2, 1.0, pytest.approx(2 / 3), 0),
        (90, 3, 1, 2, 2, 1.0, pytest.approx(2 / 3), 0),
    ]


def test_an_empty_side_effect_is_not_asked_and_relief_below_zero_is_a_worsening(ask) -> None:
    assert ask(
        "select patient_id, session_no, event_type, is_serious from safety order by all"
    ) == [
        ("alma", 1, "headache", False),
        ("alma", 2, "headache", False),
        ("elsa", 2, "negative_relief", None),
        ("elsa", None, "tolerance_stop", None),
    ]
    assert ask(
        "select unit, n_events, n_asked, n_units, n_serious, n_seriousness_known"
        " from safety_counts where event_type = 'any_side_effect' order by 1"
    ) == [("patient", 1, 2, 8, 0, 1), ("session", 2, 10, 43, 0, 2)]


def test_marts_say_whether_they_are_synthetic(ask) -> None:
    row_grain = ("patients", "sessions", "status", "baseline", "test_period", "test_period_long")
    for mart in (*row_grain, "bands", "transitions", "intervals", "npsi", "emcs", "safety"):
        assert ask(f"select distinct is_synthetic from {mart}") == [(False,)]


def test_every_relation_reads_the_same_after_publishing(published: Path, ask) -> None:
    names = [name for (name,) in ask("select table_name from information_schema.tables")]
    assert {"stg_sessions", "int_npsi", "emcs"} <= set(names)
    for name in names:
        ask(f"select * from {name}")
    copy = published.with_name("a-copy.duckdb")
    copy.write_bytes(published.read_bytes())
    with duckdb.connect() as con:
        con.execute(f"attach '{copy}' as plateau (read_only)")
        for name in names:
            con.execute(f"select * from plateau.{name}").fetchall()


def test_a_living_clinic_numbers_the_126th_session_of_2027_and_loses_no_row(
    tmp_path: Path, write_long_course, dbt
) -> None:
    """Preset `clinic`: no upper limit, the window closes on the newest delivery."""
    build = tmp_path / "plateau.duckdb"
    assert write_long_course(build, date(2017, 8, 1), 126).year == 2027
    assert dbt("run", build, Protocol.preset("clinic"))
    with duckdb.connect(str(build), read_only=True) as con:
        assert con.execute("select max(session_no), count(*) from sessions").fetchall() == [
            (126, 126)
        ]
        assert con.execute("select count(*) from stg_sessions").fetchall() == [(126,)]
        assert con.execute("select is_ongoing, n_sessions from patients").fetchall() == [
            (True, 126)
        ]
        assert con.execute(
            "select n_treated, n_censored from long_term"
            " where population = 'responders' and session_no = 126"
        ).fetchall() == [(1, 1)]


# Rule -> what breaks it in a mart that was right.
BROKEN = {
    "dbt_grain_unique": "insert into emcs from emcs where patient_id = 'hugo'",
    "dbt_parent_known": "update intervals set patient_id = 'nobody' where session_no = 16",
    "dbt_patients_complete": "delete from transitions where patient_id = 'carla'",
    "dbt_rows_reconciled": "delete from int_relief where patient_id = 'elsa'",
    "dbt_session_numbered_or_explained": "update int_sessions_numbered"
    " set not_numbered_reason = null where not_numbered_reason = 'aborted'",
    "dbt_sessions_numbered_without_gaps": "update sessions set session_no = 6"
    " where patient_id = 'hugo' and session_no = 5",
    "dbt_sessions_relief_within_course": "update sessions set session_no = 40"
    " where patient_id = 'bruno' and session_no = 4",
    "dbt_sessions_one_a_day": "update sessions set days_since_previous = 0"
    " where patient_id = 'finn' and session_no = 2",
    "dbt_intervals_positive": "update intervals set relief_coverage = 1.1 where session_no = 2",
    "dbt_patients_one_flow_state": "update patients set flow_state = 'lost'"
    " where patient_id = 'dora'",
    "dbt_flow_adds_up": "update flow set n_patients = 2 where step = 'excluded_unassessable'",
    "dbt_flow_status_adds_up": "update flow set n_patients = 2 where step = 'non_responder'",
    "dbt_flow_never_increases": "update flow set n_patients = 6 where step = 'responder'",
    "dbt_flow_starts_with_all_patients": "update flow set n_sessions = 44 where step = 'treated'",
    "dbt_test_period_long_complete": "delete from test_period_long"
    " where patient_id = 'alma' and session_no = 0",
    "dbt_status_flags_nested": "update status set is_ge10 = false where patient_id = 'greta'",
    "dbt_status_bands_partition": "update status set relief_band = 'ge_50'"
    " where patient_id = 'alma'",
    "dbt_status_categories_partition": "update status set relief_category = null"
    " where patient_id = 'hugo'",
    "dbt_bands_stopped_before_count_as_below": "update bands set is_ge30_at_15 = true"
    " where patient_id = 'hugo'",
    "dbt_transitions_fit_the_status": "update transitions set is_ephemeral = true"
    " where patient_id = 'bruno'",
    "dbt_transitions_convert_by_extra_sessions": "update transitions"
    " set is_late_responder = true where patient_id = 'bruno'",
    "dbt_landmarks_add_up": "update landmarks set n_reached = 2 where landmark_session = 15",
    "dbt_long_term_observed_are_treated": "update long_term set n_observed = 9"
    " where population = 'analysed' and session_no = 1",
    "dbt_long_term_at_risk_never_grows": "update long_term set n_treated = 5"
    " where population = 'responders' and session_no = 16",
    "dbt_long_term_at_risk_adds_up": "update long_term set n_censored = 1"
    " where population = 'responders_ge15' and session_no = 9",
    "dbt_npsi_totals_exclude_each_other": "update npsi set gnpsi_prorated = 45"
    " where patient_id = 'alma' and session_no = 0",
    "dbt_emcs_last_after_first": "update emcs set emcs_last_months = 4 where patient_id = 'greta'",
    "dbt_safety_session_events_have_a_session": "update safety set session_no = null"
    " where event_type = 'headache' and session_no = 1",
    "dbt_safety_counts_within_the_asked": "update safety_counts set n_events = 9"
    " where event_type = 'tolerance_stop'",
}


def test_every_rule_of_the_marts_sees_what_breaks_it(published: Path, dbt, study: Protocol) -> None:
    """The clean case is `published`, on which the same tests passed."""
    errors = {r.id for r in load_rules().values() if r.owner == "dbt" and r.severity == "error"}
    assert errors == BROKEN.keys()
    # Under the run's own name again, so that dbt need not parse the project a second time.
    broken = published.with_name("run-7f3a.duckdb")
    broken.write_bytes(published.read_bytes())
    with duckdb.connect(str(broken)) as con:
        for query in BROKEN.values():
            con.execute(query)
    assert not dbt("test", broken, study, "--exclude-resource-type", "unit_test")
    assert errors - _failed_rules(broken.parent / "target") == set()


def _failed_rules(target: Path) -> set[str]:
    nodes = json.loads((target / "manifest.json").read_text("utf-8"))["nodes"]
    results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
    assert not [one["message"] for one in results if one["status"] == "error"]
    failed = [one["unique_id"] for one in results if one["status"] == "fail"]
    return {nodes[name]["config"]["meta"]["rule_id"] for name in failed}
