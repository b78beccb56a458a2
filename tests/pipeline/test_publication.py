"""Blue/green: no reader breaks a run, a failed run leaves the last good, nothing is undone."""

import os
import subprocess
import sys
import time

import pytest

from orchestration.errors import PlateauError
from orchestration.settings import load
from orchestration.warehouse import SCHEMA_VERSION, Build, clean_builds, connect, meta_of

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


def test_unpublished_builds_are_deleted_after_three_days(settings):
    build = Build(settings, "failed", "failed")
    build.open()
    assert clean_builds(settings) == []
    old = time.time() - 3.5 * 86_400
    os.utime(build.path, (old, old))
    assert clean_builds(settings) == ["failed.duckdb"]


def test_an_unreadable_warehouse_is_named_with_the_way_out(settings):
    settings.live.parent.mkdir(parents=True)
    settings.live.write_bytes(b"this is no database" * 1000)
    with pytest.raises(PlateauError, match="cannot be read.*plateau nightly"):
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
