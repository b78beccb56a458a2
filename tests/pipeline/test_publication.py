"""Blue/green: no reader breaks a run, a failed run leaves the last good, nothing is undone."""

import subprocess
import sys

import pytest

from orchestration.build import Build
from orchestration.errors import PlateauError
from orchestration.restore import restore_version
from orchestration.settings import load
from orchestration.versions import versions
from orchestration.warehouse import SCHEMA_VERSION, connect, meta_of, require_live

READ = (
    "import sys, duckdb\n"
    "con = duckdb.connect(sys.argv[1], read_only=True)\n"
    "print(con.execute('select n from seen').fetchone()[0], flush=True)\n"
    "sys.stdin.readline()\n"
    "print(con.execute('select n from seen').fetchone()[0], flush=True)\n"
)


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "data").mkdir()
    return load({"data": tmp_path / "data"}, cwd=tmp_path)


def publish(settings, run_id, n):
    build = Build(settings, run_id, run_id)
    build.open()
    write(build, n)
    return build.publish("synthetic")


def write(build, n):
    with build.write() as connection:
        connection.execute(f"create or replace table seen as select {n} as n")
        connection.execute("create or replace view seen_view as select n from plateau.main.seen")


def read(settings):
    with connect(settings.live, read_only=True) as connection:
        return connection.execute("select n from seen_view").fetchone()[0]


def test_a_run_builds_beside_and_swaps_in(settings):
    publish(settings, "first", 1)
    build = Build(settings, "second", "second")
    build.open()
    write(build, 2)
    assert read(settings) == 1
    build.publish("synthetic")
    assert read(settings) == 2
    assert meta_of(settings.live).run_id == "second"
    assert not list(settings.builds.iterdir())


def test_stored_views_survive_the_rename_for_plain_readers(settings):
    import duckdb

    publish(settings, "first", 1)
    with duckdb.connect(str(settings.live), read_only=True) as connection:
        assert connection.execute("select n from seen_view").fetchone() == (1,)


def test_a_reader_that_holds_the_file_does_not_break_the_run(settings):
    publish(settings, "first", 1)
    reader = subprocess.Popen(
        [sys.executable, "-c", READ, str(settings.live)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert reader.stdout.readline().strip() == "1"
    publish(settings, "second", 2)
    out, _ = reader.communicate("go on\n", timeout=30)
    assert out.strip() == "1", "an open reader keeps the version it opened"
    assert read(settings) == 2


def test_a_reexecution_finds_its_build(settings):
    publish(settings, "first", 1)
    failed = Build(settings, "root", "root")
    failed.open()
    write(failed, 2)
    again = Build(settings, "root", "retry")
    again.open()
    again.publish("synthetic")
    assert read(settings) == 2
    assert meta_of(settings.live).run_id == "retry"


def test_a_stale_build_cannot_undo_a_later_publication(settings):
    publish(settings, "first", 1)
    stale = Build(settings, "stale", "stale")
    stale.open()
    publish(settings, "second", 2)
    for attempt in (lambda: stale.publish("synthetic"), stale.open):
        with pytest.raises(PlateauError, match="Run second published"):
            attempt()
    assert read(settings) == 2


def test_a_write_ahead_log_beside_live_stops_the_swap(settings):
    publish(settings, "first", 1)
    build = Build(settings, "second", "second")
    build.open()
    (settings.live.parent / "plateau.duckdb.wal").touch()
    with pytest.raises(PlateauError, match="write-ahead|wal"):
        build.publish("synthetic")


def test_what_was_live_stays_as_a_version_without_a_copy(settings):
    publish(settings, "first", 1)
    bytes_of_first = settings.live.stat().st_ino
    publish(settings, "second", 2)
    (kept,) = versions(settings)
    assert kept.name.endswith("-first.duckdb") and kept.stat().st_ino == bytes_of_first
    assert meta_of(kept).run_id == "first"


def test_a_version_can_be_published_again(settings):
    for number, name in enumerate(("first", "second"), start=1):
        publish(settings, name, number)
    (first,) = versions(settings)
    restore_version(settings, first)
    assert read(settings) == 1 and meta_of(settings.live).run_id == "first"
    assert [v.name.rpartition("-")[2] for v in versions(settings)] == [
        "second.duckdb", "first.duckdb"
    ]  # fmt: skip
    publish(settings, "third", 3)
    assert read(settings) == 3


def test_a_file_that_is_no_version_is_refused(settings, tmp_path):
    publish(settings, "first", 1)
    with connect(tmp_path / "other.duckdb") as connection:
        connection.execute("create table t as select 1 as n")
    with pytest.raises(PlateauError, match="no warehouse"):
        restore_version(settings, tmp_path / "other.duckdb")
    assert read(settings) == 1


def test_a_fresh_build_begins_empty_but_for_what_no_delivery_holds(settings):
    build = Build(settings, "first", "first")
    build.open()
    write(build, 1)
    with build.write() as connection:
        connection.execute("create table dq_result as select 'a_rule' as rule_id, null::bigint n")
    build.publish("synthetic")
    fresh = Build(settings, "again", "again")
    fresh.open(fresh=True)
    with fresh.read() as connection:
        names = {n for (n,) in connection.execute("show tables").fetchall()}
        types = connection.execute("describe dq_result").fetchall()
    assert names == {"warehouse_meta", "dq_result"}
    assert [row[1] for row in types] == ["VARCHAR", "BIGINT"]
    write(fresh, 2)
    fresh.publish("synthetic")
    assert read(settings) == 2


def test_a_stale_fresh_build_cannot_undo_a_later_publication(settings):
    publish(settings, "first", 1)
    fresh = Build(settings, "fresh", "fresh")
    fresh.open(fresh=True)
    publish(settings, "second", 2)
    with pytest.raises(PlateauError, match="Run second published"):
        fresh.publish("synthetic")
    assert read(settings) == 2


def test_an_unreadable_warehouse_is_named_with_the_way_out(settings):
    settings.live.parent.mkdir(parents=True)
    settings.live.write_bytes(b"this is no database" * 1000)
    with pytest.raises(PlateauError, match="cannot be read.*plateau rebuild"):
        meta_of(settings.live)


def test_a_newer_warehouse_is_refused_by_name(settings):
    publish(settings, "first", 1)
    with connect(settings.live) as connection:
        connection.execute(
            f"update warehouse_meta set schema_version = {SCHEMA_VERSION + 1}, "
            "plateau_version = '9.9'"
        )
    with pytest.raises(PlateauError, match="written by Plateau 9.9"):
        meta_of(settings.live)


def test_an_older_warehouse_is_refused_with_the_way_to_upgrade(settings):
    publish(settings, "first", 1)
    with connect(settings.live) as connection:
        connection.execute(
            "create or replace table warehouse_meta as select 1 as schema_version, "
            "'0.0.9' as plateau_version, 'synthetic' as kind, 'first' as run_id, "
            "'2026-01-01T00:00:00.000+00:00' as published_at, 'clinic' as preset"
        )
    ordinary, fresh = Build(settings, "a", "a"), Build(settings, "b", "b")
    for attempt in (lambda: require_live(settings), ordinary.open):
        with pytest.raises(PlateauError, match="written by Plateau 0.0.9.*plateau rebuild"):
            attempt()
    fresh.open(fresh=True)
    write(fresh, 2)
    fresh.publish("synthetic")
    assert read(settings) == 2
    assert [v.name for v in versions(settings)] == ["20260101T000000.000-first.duckdb"]
