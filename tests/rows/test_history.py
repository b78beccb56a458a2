"""Facts of several deliveries -> versions, tombstones, orphans, open questions.

Deliveries are written as small tables: `+` a kept row with its content, `!` a row in quarantine.
"""

from datetime import date, timedelta

import duckdb
import pytest

from orchestration.ingest import history, schema

DAY = date(2020, 1, 1)


@pytest.fixture
def warehouse():
    """An empty warehouse in memory."""
    connection = duckdb.connect()
    schema.create(connection)
    yield connection
    connection.close()


def deliver(connection, day, tables, *, mode="complet", received=None, answers=None):
    """Facts of one delivery. `tables`: table -> {(patient, number): content or '!rule'}."""
    delivery_id = f"d{day}" + ("" if received is None else f"-{received}")
    when = DAY + timedelta(days=day)
    for table, rows in tables.items():
        connection.execute(
            "insert into ingest_file by name select ? as delivery_id, ? as delivery_date, "
            "? as received_no, ? as table_name, ? as delivery_mode, 'accepted' as status, "
            "'run' as run_id",
            [delivery_id, when, received or day, table, mode],
        )
        for line, ((patient, number), content) in enumerate(rows.items(), start=2):
            add_line(connection, delivery_id, f"file{delivery_id}{table}", line, table, patient,
                     number, content)  # fmt: skip
    return delivery_id


def add_line(
    connection, delivery_id, file, line, table, patient, number, content, base=None, day=None
):
    bad = content.startswith("!")
    connection.execute(
        "insert into raw_line by name select ? as delivery_id, ? as base_delivery_id, "
        "? as file_sha256, ? as line, ? as table_name, ? as fate, ? as rule_id, ? as patient_id, "
        "? as record_no, ?::date as record_date, ? as content_hash",
        [delivery_id, base, file, line, table, "quarantined" if bad else "kept",
         content[1:] if bad else None, patient, number, day, None if bad else content],
    )  # fmt: skip
    if not bad:
        relief = "pain_relief_pct" if table == "sessions" else "test_period_relief_pct"
        number_column = ", ?::integer as session_no_recorded" if table == "sessions" else ""
        connection.execute(
            f"insert into content_{table} by name select ? as content_hash, ? as {relief}"
            f"{number_column} where not exists "
            f"(select 1 from content_{table} where content_hash = ?)",
            [content, float(content.split("=")[-1]), *([number] if number_column else []), content],
        )  # fmt: skip


def patients(*names):
    return {(name, ""): f"{name}=0" for name in names}


def sessions(patient="ann", **numbered):
    return {(patient, key[1:]): value for key, value in numbered.items()}


def versions(connection, table="sessions", as_of=None):
    history.derive(connection, as_of=as_of)
    return connection.execute(
        "select record_key, version_no, content_hash, datediff('day', date '2020-01-01', "
        "known_from), datediff('day', date '2020-01-01', known_to), end_reason, set_aside_rule "
        f"from raw_{table} order by all"
    ).fetchall()


def current(connection, as_of=None):
    history.derive(connection, as_of=as_of)
    return connection.execute(
        "select record_key, content_hash from raw_sessions "
        "where known_to is null and set_aside_rule is null order by all"
    ).fetchall()


def test_a_changed_row_is_a_new_version(warehouse):
    deliver(warehouse, 1, {"patients": patients("ann"), "sessions": sessions(s1="a=10")})
    deliver(warehouse, 2, {"patients": patients("ann"), "sessions": sessions(s1="b=20")})
    assert versions(warehouse) == [
        ("ann:1", 1, "a=10", 1, 2, "changed", None),
        ("ann:1", 2, "b=20", 2, None, None, None),
    ]


def test_a_row_that_says_the_same_again_is_no_new_version(warehouse):
    for day in (1, 2, 3):
        deliver(warehouse, day, {"patients": patients("ann"), "sessions": sessions(s1="a=10")})
    assert versions(warehouse) == [("ann:1", 1, "a=10", 1, None, None, None)]


def test_a_row_that_a_full_dump_lacks_is_gone_and_may_come_back(warehouse):
    for day, rows in ((1, sessions(s1="a=10")), (2, {}), (3, sessions(s1="a=10"))):
        deliver(warehouse, day, {"patients": patients("ann"), "sessions": rows})
    assert versions(warehouse) == [
        ("ann:1", 1, "a=10", 1, 2, "vanished", None),
        ("ann:1", 2, "a=10", 3, None, None, None),
    ]


def test_an_increment_adds_and_replaces_and_never_ends_a_row(warehouse):
    deliver(warehouse, 1, {"patients": patients("ann"), "sessions": sessions(s1="a=10")})
    deliver(warehouse, 2, {"sessions": sessions(s2="b=20")}, mode="increment")
    deliver(warehouse, 3, {"sessions": sessions(s2="c=30")}, mode="increment")
    assert current(warehouse) == [("ann:1", "a=10"), ("ann:2", "c=30")]


def test_a_b_a_ends_with_the_first_content(warehouse):
    for day, content in ((1, "a=10"), (2, "b=20"), (3, "a=10")):
        deliver(warehouse, day, {"patients": patients("ann"), "sessions": sessions(s1=content)})
    assert [row[2:5] for row in versions(warehouse)] == [
        ("a=10", 1, 2), ("b=20", 2, 3), ("a=10", 3, None),
    ]  # fmt: skip


def test_a_row_in_quarantine_leaves_the_last_good_version_standing(warehouse):
    deliver(warehouse, 1, {"patients": patients("ann"), "sessions": sessions(s1="a=10")})
    deliver(warehouse, 2, {"patients": patients("ann"), "sessions": sessions(s1="!date_format")})
    assert current(warehouse) == [("ann:1", "a=10")]
    assert open_rows(warehouse) == [("ann", "1", "date_format")]


def test_a_question_closes_when_the_row_comes_readable(warehouse):
    deliver(warehouse, 1, {"patients": patients("ann"), "sessions": sessions(s1="!date_format")})
    deliver(warehouse, 2, {"patients": patients("ann"), "sessions": sessions(s1="a=10")})
    assert current(warehouse) == [("ann:1", "a=10")]
    assert open_rows(warehouse) == []


def test_a_question_of_an_increment_closes_with_a_later_increment(warehouse):
    deliver(warehouse, 1, {"patients": patients("ann"), "sessions": {}})
    deliver(warehouse, 2, {"sessions": sessions(s1="!date_format")}, mode="increment")
    history.derive(warehouse)
    assert open_rows(warehouse) == [("ann", "1", "date_format")]
    deliver(warehouse, 3, {"sessions": sessions(s1="a=10")}, mode="increment")
    history.derive(warehouse)
    assert open_rows(warehouse) == []


def open_rows(connection):
    return connection.execute(
        "select patient_id, record_no, rule_id from quarantine_row where is_open order by all"
    ).fetchall()


def test_an_orphan_waits_for_its_patient(warehouse):
    deliver(warehouse, 1, {"patients": patients("bob"), "sessions": sessions(s1="a=10")})
    assert versions(warehouse)[0][-1] == "orphan_session"
    assert open_rows(warehouse) == [("ann", "1", "orphan_session")]
    deliver(warehouse, 2, {"patients": patients("ann", "bob"), "sessions": sessions(s1="a=10")})
    assert current(warehouse) == [("ann:1", "a=10")]
    assert open_rows(warehouse) == []


def test_a_patient_of_whom_two_things_are_said_is_held_back_with_the_sessions(warehouse):
    deliver(warehouse, 1, {"patients": patients("ann"), "sessions": sessions(s1="a=10")})
    twice = {("ann", ""): "!patient_conflict"}
    deliver(warehouse, 2, {"patients": twice, "sessions": sessions(s1="a=10")})
    assert versions(warehouse, "patients")[0][-1] == "patient_conflict"
    assert current(warehouse) == []


def test_a_number_used_again_after_a_pause_is_another_session(warehouse):
    delivery = deliver(warehouse, 1, {"patients": patients("ann"), "sessions": {}})
    add_line(warehouse, delivery, "f", 2, "sessions", "ann", "1", "a=10", day=date(2015, 1, 1))
    add_line(warehouse, delivery, "f", 3, "sessions", "ann", "1", "b=20", day=date(2015, 7, 1))
    assert current(warehouse) == [("ann:1", "a=10"), ("ann:1#2", "b=20")]


def test_two_rows_of_one_delivery_about_one_record_stand_for_nothing(warehouse):
    delivery = deliver(warehouse, 1, {"patients": patients("ann"), "sessions": {}})
    add_line(warehouse, delivery, "f", 2, "sessions", "ann", "1", "a=10", day=date(2015, 1, 1))
    add_line(warehouse, delivery, "g", 2, "sessions", "ann", "1", "b=20", day=date(2015, 1, 2))
    assert current(warehouse) == []
    assert open_rows(warehouse) == [("ann", "1", "delivery_conflict")] * 2


def test_an_answer_holds_from_its_own_delivery_on(warehouse):
    both = {"patients": patients("ann"), "sessions": sessions(s1="a=10")}
    first = deliver(warehouse, 1, both)
    second = deliver(warehouse, 2, {"patients": patients("ann")}, mode="increment")
    file = f"file{first}sessions"
    add_line(warehouse, second, file, 2, "sessions", "ann", "1", "b=20", base=first)
    assert [row[2:5] for row in versions(warehouse)] == [("a=10", 1, 2), ("b=20", 2, None)]


def test_an_answer_holds_for_the_same_fault_in_a_later_dump(warehouse):
    both = {"patients": patients("ann"), "sessions": sessions(s1="a=10")}
    first = deliver(warehouse, 1, both)
    second = deliver(warehouse, 2, {"patients": patients("ann")}, mode="increment")
    third = deliver(warehouse, 3, both)
    for base in (first, third):
        file = f"file{base}sessions"
        add_line(warehouse, second, file, 2, "sessions", "ann", "1", "b=20", base=base)
    assert [row[2:5] for row in versions(warehouse)] == [("a=10", 1, 2), ("b=20", 2, None)]


def test_an_answer_is_spent_when_the_source_says_something_else(warehouse):
    first = deliver(warehouse, 1, {"patients": patients("ann"), "sessions": sessions(s1="a=10")})
    answer = deliver(warehouse, 2, {"patients": patients("ann")}, mode="increment")
    deliver(warehouse, 3, {"patients": patients("ann"), "sessions": sessions(s1="c=30")})
    add_line(warehouse, answer, f"file{first}sessions", 2, "sessions", "ann", "1", "b=20",
             base=first)  # fmt: skip
    assert [row[2] for row in versions(warehouse)] == ["a=10", "b=20", "c=30"]


def test_an_answer_to_a_row_that_is_gone_brings_nothing_back(warehouse):
    first = deliver(warehouse, 1, {"patients": patients("ann"), "sessions": sessions(s1="a=10")})
    answer = deliver(warehouse, 2, {"patients": patients("ann"), "sessions": {}})
    add_line(warehouse, answer, f"file{first}sessions", 2, "sessions", "ann", "1", "b=20",
             base=first)  # fmt: skip
    assert current(warehouse) == []


def test_as_known_on_a_day_later_deliveries_are_not_there(warehouse):
    for day, content in ((1, "a=10"), (3, "b=20")):
        deliver(warehouse, day, {"patients": patients("ann"), "sessions": sessions(s1=content)})
    assert current(warehouse, as_of=DAY + timedelta(days=2)) == [("ann:1", "a=10")]
    assert current(warehouse) == [("ann:1", "b=20")]
