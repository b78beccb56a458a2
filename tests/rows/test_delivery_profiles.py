"""What checks read of a build, and the profiles it keeps: no row too many, no profile twice."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from orchestration import profiles
from orchestration.ingest.schema import all_tables
from orchestration.warehouse import connect

N = 40


@dataclass
class FileBuild:
    """A build that is one file."""

    path: Path
    run_id: str = "run"

    @contextmanager
    def read(self):
        with connect(self.path, read_only=True) as connection:
            yield connection

    @contextmanager
    def write(self):
        with connect(self.path) as connection:
            yield connection

    def ask(self, question):
        with self.read() as connection:
            return connection.execute(question).fetchall()


@pytest.fixture
def build(tmp_path):
    """Two full dumps: N sessions in January, of which half change in February."""
    made = FileBuild(tmp_path / "build.duckdb")
    with made.write() as connection:
        for name in ("raw_patients", "raw_sessions", "raw_emcs", "ingest_file"):
            columns = ", ".join(f'"{c}" {kind}' for c, kind in all_tables()[name].items())
            connection.execute(f"create table {name} ({columns})")
        for known_from, known_to, relief, first in (
            ("2024-01-31", "2024-02-29", 30, 0),
            ("2024-02-29", None, 60, 0),
            ("2024-01-31", None, 30, N // 2),
        ):
            connection.execute(
                "insert into raw_sessions by name select 'a:' || i as row_key, "
                "$1::date as known_from, $2::date as known_to, $3 as pain_relief_pct, "
                "printf('%032x', i) as patient_id, 1 as session_no_recorded, "
                "date '2024-01-10' as session_date from range($4, $5) as r(i)",
                [known_from, known_to, relief, first, first + N // 2],
            )
        connection.execute(
            "insert into ingest_file by name select * from (values "
            "('january', date '2024-01-31', 1, timestamp '2024-02-01'), "
            "('february', date '2024-02-29', 2, timestamp '2024-03-01')) "
            "as v(delivery_id, delivery_date, received_no, loaded_at), "
            f"(select 'accepted' as status, 'sessions' as table_name, "
            f"'complet' as delivery_mode, {N} as n_rows)"
        )
    return made


def results(verdicts):
    return {(r.rule_id, r.column): r for v in verdicts for r in v.results}


def test_the_delivery_before_is_profiled_once_and_the_newest_when_it_changed(build):
    found = results(profiles.distribution_verdicts(build))
    shift = found["relief_mean_shift", "relief_shift_se"]
    assert shift.denominator == 0, "before, all said the same: there is no error to shift by"
    means = dict(
        build.ask("select delivery_id, value from dq_profile where metric = 'relief_mean'")
    )
    assert means == {"january": 30, "february": 45}
    n_kept = build.ask("select count(*) from dq_profile")
    profiles.distribution_verdicts(build)
    assert build.ask("select count(*) from dq_profile") == n_kept
    with build.write() as connection:
        connection.execute("update raw_sessions set pain_relief_pct = 50 where known_to is null")
    profiles.distribution_verdicts(build)
    kept = build.ask(
        "select value from dq_profile where metric = 'relief_mean' and delivery_id = 'february'"
    )
    assert sorted(kept) == [(45,), (50,)], "profiles are added, never changed"


def test_a_pattern_is_named_by_the_key_of_its_first_row(build):
    with build.write() as connection:
        connection.execute("update raw_sessions set nurse = 'AB', pain_relief_pct = 50")
        connection.execute("update raw_sessions set session_date = '2024-01-02' "
                           "where row_key = 'a:17'")  # fmt: skip
    found = results(profiles.distribution_verdicts(build))
    assert found["nurse_constant", "constant_share"].row_keys == ("a:17",)


def test_a_build_without_a_delivery_has_nothing_to_compare(build):
    with build.write() as connection:
        connection.execute("delete from ingest_file; delete from raw_sessions")
    statuses = {r.status for r in results(profiles.distribution_verdicts(build)).values()}
    assert statuses == {"not_applicable"}


@pytest.mark.parametrize(("published", "n_judged"), [(None, 60), ("2024-02-15", 20)])
def test_only_what_is_not_published_is_judged_row_by_row(build, monkeypatch, published, n_judged):
    at = None if published is None else pd.Timestamp(published).to_pydatetime()
    monkeypatch.setattr(profiles, "_published_at", lambda one: at)
    found = results([profiles.verdict_on(build, "raw_sessions")])
    assert found["pr_range", "pain_relief_pct"].denominator == n_judged
    assert found["row_key_unique", "row_key + known_from"].denominator == 60
    assert found["key_conflict", "patient_id + session_no_recorded"].denominator == N
    assert found["table_columns", None].status == "passed"


def test_a_table_that_is_not_there_fails(build):
    verdict = profiles.verdict_on(build, "landmarks")
    assert ("table_columns", "failed") in {(r.rule_id, r.status) for r in verdict.errors}
