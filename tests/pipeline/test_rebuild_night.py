"""`plateau rebuild` through the real Dagster and dbt, on a copy of the shared night."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from orchestration.comparison import compare, contents
from orchestration.versions import versions
from orchestration.warehouse import SCHEMA_VERSION, connect, meta_of, read_tables

pytestmark = pytest.mark.slow


@pytest.fixture
def own(night, tmp_path):
    """A copy of the published directory that a test may change."""
    settings, _ = night
    shutil.copytree(settings.data, tmp_path / "data")
    return replace(settings, data=tmp_path / "data")


def command(settings, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments, "--json"],
        env={**os.environ, **settings.environment()}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


def test_the_check_is_equal_on_a_real_night(own):
    code, told = command(own, "rebuild", "--check")
    assert code == 0, [t for t in told["tables"] if not t["equal"]]
    assert {"raw_sessions", "patients", "status", "flow", "emcs"} <= {
        table["table"] for table in told["tables"]
    }


def test_an_upgrade_is_refused_until_the_rebuild_which_keeps_what_no_delivery_holds(own):
    before = contents(own.live)
    checks = read_tables(own.live, ["dq_result"])["dq_result"]
    copy = own.data / "before.duckdb"
    shutil.copyfile(own.live, copy)
    with connect(own.live) as connection:
        connection.execute(f"update warehouse_meta set schema_version = {SCHEMA_VERSION - 1}")
        connection.execute("checkpoint plateau")
    code, told = command(own, "nightly")
    assert code == 1 and "plateau rebuild" in told["error"]
    with connect(own.live) as connection:
        connection.execute(f"update warehouse_meta set schema_version = {SCHEMA_VERSION}")
        connection.execute("checkpoint plateau")
    code, told = command(own, "rebuild")
    assert code == 4 and told["published"], told
    assert meta_of(own.live).run_id == told["run_id"] and len(versions(own)) == 1
    kept = read_tables(own.live, ["dq_result"])["dq_result"]
    assert set(checks["run_id"]) < set(kept["run_id"])
    raw = {name: content for name, content in before.items() if name.startswith("raw_")}
    assert {name: contents(own.live)[name] for name in raw} == raw
    assert all(t.equal for t in compare(copy, own.live) if t.table.startswith("raw_"))
    assert (own.reports / "report.html").exists()


def test_a_new_key_on_a_real_night(own):
    own = replace(own, key_file=own.data.parent / "key")
    shutil.copyfile(os.environ["PLATEAU_KEY_FILE"], own.key_file)
    before = contents(own.live)
    code, told = command(own, "vault", "rotate")
    assert code == 0, told
    assert told["key_id"] == meta_of(own.live).key_id
    after = contents(own.live)
    assert before.keys() == after.keys()
    assert {n: c.rows for n, c in before.items()} == {n: c.rows for n, c in after.items()}
    assert (own.reports / "report.html").exists()
    code, told = command(own, "rebuild", "--check")
    assert code == 0, told
