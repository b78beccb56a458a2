"""The warehouse of studies: every kind in it, under contracts, and nothing replaced by a fault."""

import hashlib
import json
import shutil

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from orchestration import study_marts
from orchestration.cli import cli
from orchestration.errors import EXIT_CHECKS_FAILED, ChecksFailed
from orchestration.settings import load
from simulate.studies import files, marts
from simulate.studies.kinds import kind
from simulate.studies.knowing import QUESTIONS
from simulate.studies.run import Plan, open_store, run

OVER_WORLDS = (
    *("study_near_least", "study_knowing", "study_choice", "study_steps", "study_best_lengths"),
    "study_over_worlds",
)
RUN = {"test_period_canary": 6, "subgroup_power": 4, "regression_to_mean": 2}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    root = tmp_path_factory.mktemp("studies")
    own = load({"data": root}, cwd=root)
    for name, n in RUN.items():
        run(files.load(name), own.studies, Plan(n, shard_size=n))
    return own


@pytest.fixture(scope="module")
def rows(settings):
    return marts.rows(settings.studies)


@pytest.fixture(scope="module")
def over_worlds(tmp_path_factory):
    """Marts of a study over three worlds, which takes a hundred where it ships."""
    root = tmp_path_factory.mktemp("worlds")
    changes = {"data.vary": {"population.member": [10, 50, 90]}, "data.n_patients": 40}
    design = files.load("test_period_ensemble", changes)
    run(design, root, Plan(6))
    found = kind(design.kind).tables(design, open_store(design, root))
    told = dict(marts._of_study(design, found.as_dict()))
    return {name: told[name] for name in OVER_WORLDS}


def test_every_kind_of_study_stands_in_it(settings, rows, over_worlds, monkeypatch):
    monkeypatch.setattr(marts, "rows", lambda *_: rows | over_worlds)
    built = study_marts.build(settings)
    n_rows = built.rows
    assert built.left_out == []
    assert n_rows["study_whatif_grid"] == 0
    with duckdb.connect(settings.studies / study_marts.FILE, read_only=True) as connection:
        held = {name for (name,) in connection.execute("show tables").fetchall()}
        assert held == set(marts.MARTS)
        for name in marts.MARTS:
            assert connection.execute(f"select count(*) from {name}").fetchone() == (n_rows[name],)
        told = connection.execute(
            "select study, count(distinct cell_id) from study_performance group by study"
        ).fetchall()
        nothing = connection.execute("describe study_whatif_grid").df()
    assert {name for name, _ in told} == set(RUN)
    assert dict(told)["subgroup_power"] == len(rows["study_trial_counts"])
    assert {"assumptions", "missed_per_100"} <= set(nothing["column_name"])
    assert not list(settings.studies.glob(".marts-*"))


def test_what_pages_say_over_worlds_is_in_marts(over_worlds):
    near, knowing, choice, steps, best, means = over_worlds.values()
    flagged = choice[choice["is_shortest_near_least"] & (choice["rule"] != "practice")]
    assert near["n_shortest"].sum() == len(flagged)
    assert set(near["rule"]) == set(choice["rule"]) - {"practice"}
    assert set(knowing["sessions_per_responder"]) == {5, 10, 20, 50}
    asked = knowing.groupby(["estimand", "cut_pct", "sessions_per_responder"])["question"].agg(set)
    assert len(asked) == 4 * 4
    assert all({"session-to-session noise", "everything"} <= one for one in asked)
    assert set().union(*asked) <= {*QUESTIONS, "everything"}
    last = choice[choice["is_headline"] & (choice["rule"] == "last")]
    wide = last[last["threshold_pct"] == 10].pivot_table(
        index="scenario_id", columns="test_sessions", values="missed_per_100"
    )
    truth = {"estimand": "hypothetical", "cut_pct": 30, "rule": "last", "threshold_pct": 10.0}

    def of(frame, **key):
        own = frame[(frame[list(truth | key)] == pd.Series(truth | key)).all(axis=1)]
        assert len(own) == 1
        return own.iloc[0]

    step = of(steps, before=4)
    assert step["fewer_missed"] == pytest.approx((wide[4] - wide[5]).mean())
    mean = of(means, measure="missed_per_100", test_sessions=4)
    assert mean["mean"] == pytest.approx(wide[4].mean())
    share = last[last["threshold_pct"] == 10].groupby("test_sessions")["is_best_at_20"].mean()
    for length in (1, 4):
        row = of(best, sessions_per_responder=20, test_sessions=length)
        assert row["share_best"] == pytest.approx(share[length])


def test_every_figure_over_worlds_has_its_errors(over_worlds):
    for frame in over_worlds.values():
        for error in (name for name in frame if name.endswith("_mcse")):
            if not error.startswith("sessions_per_found"):  # of three worlds a draw finds nobody
                assert frame[error].notna().mean() > 0.9, error


def test_faults_are_named_and_the_file_before_stands(settings, rows, over_worlds, monkeypatch):
    path = settings.studies / study_marts.FILE
    path.write_bytes(b"the file before")
    shard, trial = rows["study_shard"], rows["study_trial_counts"]
    near, knowing = over_worlds["study_near_least"], over_worlds["study_knowing"]
    steps = over_worlds["study_steps"]
    faults = {
        "study_trial_counts": trial.assign(n_rejected=trial["n_tested"] + 1),
        "study_assurance": rows["study_assurance"].drop(columns="trial"),
        "study_near_least": near.drop(near.index[near["n_shortest"] > 0][0]),
        "study_knowing": knowing.assign(value_error=-1.0),
        "study_steps": steps.assign(share_of_worlds_error=steps["share_of_worlds_mcse"] / 2 - 1),
        "study_left_out": pd.DataFrame(
            [{"study": shard["study"].iloc[0], "reason": "a file", "next_step": "a command"}]
        ),
    }
    monkeypatch.setattr(marts, "rows", lambda *_: rows | faults)
    with pytest.raises(ChecksFailed) as caught:
        study_marts.build(settings)
    for said in (
        *("study_trial_counts_holds", "study_assurance", "study_near_least_one_length_a_world"),
        *("study_knowing_holds", "study_steps_holds", "study_left_out_nowhere_counted"),
    ):
        assert said in str(caught.value), said
    assert path.read_bytes() == b"the file before"


def test_a_replicate_counted_twice_is_named(settings, rows, monkeypatch):
    """What dbt lets pass, the suites of Great Expectations see."""
    shard = rows["study_shard"]
    twice = pd.concat([shard, shard.assign(shard="again")])
    monkeypatch.setattr(marts, "rows", lambda *_: rows | {"study_shard": twice})
    with pytest.raises(ChecksFailed, match="study_replicate_once"):
        study_marts.build(settings)


@pytest.fixture
def own(settings, tmp_path):
    """Settings of a copy of the studies, to do damage to."""
    shutil.copytree(settings.studies, tmp_path / "studies")
    return load({"data": tmp_path}, cwd=tmp_path)


def shard_of(own, study):
    return next(own.studies.glob(f"study={study}/**/replicates-*.parquet"))


def truncated(path):
    path.write_bytes(path.read_bytes()[:-100])


def foreign_by_name(path):
    path.rename(path.with_name("replicates-1-2.parquet"))


def claim(path):
    """Have the manifest of a file tell the file's own hash."""
    manifest = json.loads(path.with_suffix(".json").read_text())
    manifest["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(manifest))


def of_other_cells(path):
    """A whole file of another study, its manifest telling its own hash."""
    other = next(path.parents[4].glob("study=regression_to_mean/**/replicates-*.parquet"))
    path.write_bytes(other.read_bytes())
    claim(path)


def of_no_study(path):
    """A whole Parquet file of as many rows that holds something else."""
    n = pq.read_metadata(path).num_rows
    pq.write_table(pa.table({"something": range(n)}), path)
    claim(path)


def without_hash(path):
    manifest = json.loads(path.with_suffix(".json").read_text())
    manifest.pop("sha256")
    path.with_suffix(".json").write_text(json.dumps(manifest))


DAMAGES = (truncated, foreign_by_name, of_other_cells, of_no_study, without_hash)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_shard_that_must_not_be_read_leaves_its_study_out_and_no_other(own, damage):
    path = shard_of(own, "test_period_canary")
    damage(path)
    found = marts.rows(own.studies)
    (left,) = found["study_left_out"].to_dict("records")
    assert left["study"] == "test_period_canary"
    assert str(path.parent) in left["reason"]
    assert "plateau study run test_period_canary" in left["next_step"]
    for name, frame in found.items():
        if name != "study_left_out" and len(frame):
            assert "test_period_canary" not in set(frame["study"]), name
    assert set(found["study_performance"]["study"]) == set(RUN) - {"test_period_canary"}


def test_the_command_names_file_and_next_step_and_ends_with_3(own):
    path = shard_of(own, "test_period_canary")
    truncated(path)
    words = ["study", "marts", "--data", str(own.data), "-q"]
    done = CliRunner().invoke(cli, words, standalone_mode=False)
    assert done.return_value == EXIT_CHECKS_FAILED
    assert f"{path} is truncated" in done.stderr
    assert "`plateau study run test_period_canary --replicates 6`" in done.stderr
    with duckdb.connect(own.studies / study_marts.FILE, read_only=True) as connection:
        told = connection.execute("select study from study_left_out").fetchall()
        counted = connection.execute("select distinct study from study_shard").fetchall()
    assert told == [("test_period_canary",)]
    assert {name for (name,) in counted} == set(RUN) - {"test_period_canary"}
    path.unlink()
    path.with_suffix(".json").unlink()
    run(files.load("test_period_canary"), own.studies, Plan(6, shard_size=6))
    assert marts.rows(own.studies)["study_left_out"].empty


def test_where_no_study_can_be_read_the_file_before_stands(own):
    for study in RUN:
        truncated(shard_of(own, study))
    before = own.studies / study_marts.FILE
    before.write_bytes(b"the file before")
    with pytest.raises(ChecksFailed, match=r"plateau study run .*The earlier file stands"):
        study_marts.build(own)
    assert before.read_bytes() == b"the file before"


def test_without_a_study_the_next_step_is_named(tmp_path):
    with pytest.raises(LookupError, match="plateau study run"):
        marts.rows(tmp_path)
