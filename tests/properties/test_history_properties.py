"""History: derived twice, by the SQL rules and by a clerk who goes through the deliveries in order.

Whatever the order of arrival, the state is the same; and what was known on a day is what the
deliveries up to that day alone would give.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.ingest import history, schema

DAY = date(2020, 1, 1)
RECORDS = [("ann", "1"), ("ann", "2"), ("bob", "1")]
FACTS = ("ingest_file", "raw_line", "content_sessions", "content_patients")


@dataclass(frozen=True)
class Delivered:
    """One delivery: day, mode, patients of the master, session -> content or None if unreadable."""

    day: int
    is_full: bool
    patients: frozenset[str]
    sessions: tuple[tuple[tuple[str, str], str | None], ...]


deliveries = st.lists(
    st.builds(
        Delivered,
        day=st.integers(0, 9),
        is_full=st.booleans(),
        patients=st.frozensets(st.sampled_from(["ann", "bob"])),
        sessions=st.dictionaries(
            st.sampled_from(RECORDS), st.sampled_from(["x", "y", None]), max_size=3
        ).map(lambda d: tuple(sorted(d.items()))),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda d: d.day,
)


@pytest.fixture(scope="module")
def warehouse():
    """One warehouse for all examples; each empties it first."""
    connection = duckdb.connect()
    connection.execute("set threads = 1")
    schema.create(connection)
    yield connection
    connection.close()


def load(connection, delivered):
    """Write the facts in the order of the list: the order of arrival."""
    for table in FACTS:
        connection.execute(f"delete from {table}")
    files, lines = [], []
    for received, one in enumerate(delivered):
        mode = "complet" if one.is_full else "increment"
        rows = {
            "patients": [((name, ""), f"{name} in person") for name in sorted(one.patients)],
            "sessions": one.sessions,
        }
        for table, said in rows.items():
            files.append((f"d{one.day}", DAY + timedelta(one.day), received, table, mode))
            lines += [
                (f"d{one.day}", table, f"{table}{one.day}", line, *record,
                 "kept" if content else "quarantined", content and f"{record}{content}")
                for line, (record, content) in enumerate(said, start=2)
            ]  # fmt: skip
    for file in files:
        connection.execute(
            "insert into ingest_file by name select ? as delivery_id, ? as delivery_date, "
            "? as received_no, ? as table_name, ? as delivery_mode, 'accepted' as status", file
        )  # fmt: skip
    for line in lines:
        connection.execute(
            "insert into raw_line by name select ? as delivery_id, ? as table_name, "
            "? as file_sha256, ? as line, ? as patient_id, ? as record_no, ? as fate, "
            "? as content_hash", line
        )  # fmt: skip
    for table in ("patients", "sessions"):
        connection.execute(
            f"insert into content_{table} by name select distinct content_hash from raw_line "
            f"where table_name = '{table}' and content_hash is not null"
        )


def derived(connection, as_of=None):
    """All versions and everything in quarantine."""
    history.derive(connection, as_of=as_of)
    versions = connection.execute(
        "select record_key, content_hash, known_from, known_to, end_reason, set_aside_rule, row_key"
        " from raw_sessions order by all"
    ).fetchall()
    held = connection.execute(
        "select delivery_id, line, rule_id, is_open from quarantine_row order by all"
    ).fetchall()
    return versions, held


def by_a_clerk(delivered):
    """Versions of the sessions: (record, content, known from, known to, how it ended)."""
    standing, closed = {}, []
    for one in sorted(delivered, key=lambda d: d.day):
        today = DAY + timedelta(one.day)
        seen = dict(one.sessions)
        if one.is_full:
            for record in [r for r in standing if r not in seen]:
                closed.append((record, *standing.pop(record), today, "vanished"))
        for record, content in seen.items():
            if content is None or standing.get(record, (None,))[0] == content:
                continue
            if record in standing:
                closed.append((record, *standing[record], today, "changed"))
            standing[record] = (content, today)
    return sorted(
        closed + [(record, *held, None, None) for record, held in standing.items()],
        key=repr,
    )


@settings(max_examples=25, deadline=None)
@given(delivered=deliveries)
def test_versions_are_those_of_a_clerk(warehouse, delivered):
    load(warehouse, delivered)
    versions, _ = derived(warehouse)
    found = [
        ((record.split(":")[0], record.split(":")[1]), content[-1], start, end, reason)
        for record, content, start, end, reason, _, _ in versions
    ]
    assert sorted(found, key=repr) == by_a_clerk(delivered)


@settings(max_examples=12, deadline=None)
@given(delivered=deliveries, data=st.data())
def test_any_order_of_arrival_ends_in_the_same_state(warehouse, delivered, data):
    load(warehouse, delivered)
    in_order = derived(warehouse)
    load(warehouse, data.draw(st.permutations(delivered)))
    assert derived(warehouse) == in_order


@settings(max_examples=12, deadline=None)
@given(delivered=deliveries, day=st.integers(0, 9))
def test_as_known_on_a_day_is_what_the_deliveries_up_to_it_give(warehouse, delivered, day):
    load(warehouse, delivered)
    known_then = derived(warehouse, as_of=DAY + timedelta(day))
    load(warehouse, [one for one in delivered if one.day <= day])
    assert derived(warehouse) == known_then


def says(day, content, *patients):
    """A full dump that says this of the one session of ann."""
    return Delivered(day, True, frozenset(patients), ((("ann", "1"), content),))


@settings(max_examples=6, deadline=None)
@given(before=deliveries, delivered=deliveries)
@example(before=[says(0, "x")], delivered=[says(0, "x"), says(1, "x", "ann")])
@example(before=[says(0, "x"), says(5, "y")], delivered=[says(0, "x"), says(5, "y"), says(3, "z")])
@example(before=[says(0, "x"), says(5, "x")], delivered=[says(0, "y"), says(5, "y")])
def test_what_stood_before_leaves_no_trace(warehouse, before, delivered):
    """Raw tables are changed where they stand: the end is that of tables made anew."""
    load(warehouse, before)
    derived(warehouse)
    load(warehouse, delivered)
    in_place = derived(warehouse), whole(warehouse)
    for table in ("raw_patients", "raw_sessions", "raw_emcs"):
        warehouse.execute(f"drop table {table}")
    schema.create(warehouse)
    assert (derived(warehouse), whole(warehouse)) == in_place


def whole(connection):
    """Every column of the raw tables that hold something here."""
    return [
        connection.execute(f"from {table} order by all").fetchall()
        for table in ("raw_patients", "raw_sessions")
    ]


def test_a_table_of_another_shape_is_made_anew(warehouse):
    said = ((("ann", "1"), "x"),)
    load(warehouse, [Delivered(1, True, frozenset(["ann"]), said)])
    versions = derived(warehouse)
    warehouse.execute("alter table raw_sessions drop column nurse")
    assert derived(warehouse) == versions
    held = [row[0] for row in warehouse.execute("describe raw_sessions").fetchall()]
    assert held == list(schema.all_tables()["raw_sessions"])


def test_a_clerk_who_forgets_tombstones_is_caught(warehouse):
    said = ((("ann", "1"), "x"),)
    both = [
        Delivered(1, True, frozenset(["ann"]), said),
        Delivered(2, True, frozenset(["ann"]), ()),
    ]
    load(warehouse, both)
    versions, _ = derived(warehouse)
    assert len(versions) == 1
    assert versions[0][4] == "vanished"
