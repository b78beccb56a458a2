"""A nightly around its run: preset, standing refusals, how events are written; none is executed."""

import json
import sqlite3
import subprocess

import pytest
import sqlalchemy as sa

from orchestration import dbt_project
from orchestration.build import Build
from orchestration.commands import nightly
from orchestration.errors import EXIT_CHECKS_FAILED, EXIT_OK, ChecksFailed
from orchestration.ingest import facts, kept, schema
from orchestration.ingest.deliveries import scan
from orchestration.ingest.refusal import Refused
from orchestration.instance import unhurried_events
from orchestration.settings import load
from orchestration.vault import make_key


@pytest.fixture
def directory(tmp_path):
    """Flags of a data directory published under `paper_replica`; its delivery stands refused."""
    folder = tmp_path / "drop" / "20240115"
    folder.mkdir(parents=True)
    (folder / "patients_20240115.csv").write_text("ipp\n")
    flags = {
        "data": tmp_path / "data", "deliveries": tmp_path / "drop", "key_file": tmp_path / "key",
        "settle_seconds": 0,
    }  # fmt: skip
    make_key(flags["key_file"])
    settings = load({**flags, "preset": "paper_replica"}, cwd=tmp_path)
    settings.data.mkdir()
    build = Build(settings, "before", "before")
    build.open()
    (delivery,) = scan(settings)
    with build.write() as connection:
        schema.create(connection)
        refusal = Refused("gate_required_file_missing", "it lacks a file", "seances.csv")
        facts.write_refusal(connection, delivery, refusal, "before")
    build.publish("real")
    return flags, delivery


@pytest.fixture
def executed(monkeypatch):
    """Settings of the runs that would have been executed."""
    runs = []
    monkeypatch.setattr(nightly, "execute", lambda settings, *_, **__: runs.append(settings))
    return runs


@pytest.mark.parametrize(("named", "taken"), [(None, "paper_replica"), ("clinic", "clinic")])
def test_a_night_keeps_the_published_preset_unless_one_is_named(directory, executed, named, taken):
    flags, _ = directory
    settings = load({**flags, "preset": named}, cwd=flags["data"].parent)
    assert settings.preset == "clinic", "the default is another"
    nightly.run(settings, force=True)
    assert [run.preset for run in executed] == [taken]


def test_what_stands_refused_is_named_every_night(directory, executed):
    flags, delivery = directory
    settings = load(flags, cwd=flags["data"].parent)
    for _ in range(2):
        outcome = nightly.run(settings)
        assert outcome.nothing_new and not executed
        assert outcome.exit_code == EXIT_CHECKS_FAILED
        assert "20240115 stands refused" in outcome.problem
        assert "gate_required_file_missing" in outcome.problem
    for file in (settings.incoming / "20240115").iterdir():
        file.unlink()
    assert nightly.run(settings).exit_code == EXIT_OK, "what is no longer there is not named"


def test_a_night_that_publishes_names_it_too_and_ends_with_3(directory):
    flags, _ = directory

    class Published:
        success = True

    outcome = nightly.Outcome(refused=["Delivery 20240115 stands refused."])
    outcome.model = {"status": "not_converged"}
    nightly._judge(Published(), outcome)
    assert outcome.exit_code == EXIT_CHECKS_FAILED
    assert outcome.problem == "Published without: Delivery 20240115 stands refused."


def test_one_on_which_somebody_gave_a_word_answers_for_itself(directory, executed):
    flags, delivery = directory
    settings = load(flags, cwd=flags["data"].parent)
    kept.write_override(settings, delivery.delivery_id, "Dr Petit: taken as it is")
    outcome = nightly.run(settings)
    assert len(executed) == 1 and outcome.refused == []


def test_a_failed_build_names_the_model_and_quotes_nothing_that_dbt_said(directory, monkeypatch):
    """What dbt prints of a failed cast is the cell."""
    flags, _ = directory
    settings = load(flags, cwd=flags["data"].parent)

    def run(*_):
        failed = {"status": "error", "unique_id": "model.plateau.sessions", "message": "CANARI"}
        dbt_project.results_file(settings).write_text(json.dumps({"results": [failed]}))
        return subprocess.CompletedProcess([], 1, "Could not convert 'CANARI' to INT32")

    monkeypatch.setattr(dbt_project, "_run", run)
    monkeypatch.setattr(dbt_project, "manifest", lambda settings: None)
    settings.dbt_target.mkdir(parents=True)
    with pytest.raises(ChecksFailed, match=r"failed at sessions; .*dbt\.log has more") as failure:
        dbt_project.build(settings, settings.live)
    assert "CANARI" not in str(failure.value)


def test_events_are_written_without_a_flush_each_and_are_whole_afterwards(tmp_path):
    file, log = tmp_path / "events.db", tmp_path / "events.db-wal"
    with sqlite3.connect(file) as made:
        made.execute("pragma journal_mode = wal")
        made.execute("create table event (n integer)")
    made.close()

    def store(n):
        engine = sa.create_engine(f"sqlite:///{file}", poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text(f"insert into event values ({n})"))
            return connection.execute(sa.text("pragma synchronous")).scalar()

    assert (store(1), log.exists()) == (2, False), "without: a flush at each close"
    with unhurried_events():
        assert (store(2), log.exists()) == (1, True)
    assert (store(3), log.exists()) == (2, False)
    with sqlite3.connect(file) as read:
        assert read.execute("select n from event").fetchall() == [(1,), (2,), (3,)]
    read.close()
