"""A whole study as an asset: one partition a world, shards inside it, progress as metadata."""

import fcntl
import threading

import dagster as dg
import pytest

from orchestration.assets import studies
from orchestration.assets.studies import make
from orchestration.errors import Busy
from orchestration.lock import writing
from orchestration.settings import load
from simulate.studies import files, worlds

ASSET = "study_retention_reporting"


def materialise(settings, key, n):
    assets = [one for one in make(settings) if one.keys == {dg.AssetKey(ASSET)}]
    return dg.materialize(
        assets,
        partition_key=key,
        run_config={"ops": {ASSET: {"config": {"replicates": n}}}},
    )


def test_every_shipped_study_but_the_canary_is_an_asset_with_all_its_worlds(tmp_path):
    made = {
        asset.key.to_user_string(): asset.partitions_def.get_partition_keys()
        for asset in make(load({"data": tmp_path}, cwd=tmp_path))
        if asset.partitions_def is not None
    }
    shipped = {path.stem for path in files.STUDIES.glob("*.yaml")} - {studies.CANARY}
    assert set(made) == {f"study_{name}" for name in shipped}
    for name in shipped:
        assert len(made[f"study_{name}"]) == len(worlds.worlds(files.load(name))), name


def test_a_partition_is_a_world_and_what_is_there_is_not_made_again(tmp_path):
    settings = load({"data": tmp_path}, cwd=tmp_path)
    (asset,) = [one for one in make(settings) if one.keys == {dg.AssetKey(ASSET)}]
    keys = asset.partitions_def.get_partition_keys()
    assert len(keys) == 3
    done = materialise(settings, keys[1], 3)
    assert done.success
    told = done.asset_materializations_for_node(ASSET)[0]
    assert told.partition == keys[1]
    facts = {name: value.value for name, value in told.metadata.items()}
    assert facts["n_replicates"] == facts["n_replicates_wanted"] == 3
    assert facts["mcse"] > 0
    first = {path: path.read_bytes() for path in settings.studies.rglob("*.parquet")}
    assert len({path.parent.name for path in first}) == 1

    materialise(settings, keys[1], 5)
    after = {path: path.read_bytes() for path in settings.studies.rglob("*.parquet")}
    assert len(after) == 5, "a shard a replicate: progress is told after each"
    assert all(after[path] == content for path, content in first.items())
    assert not list(tmp_path.rglob("*.duckdb"))


def told_while_running(instance, run_id):
    """Facts of every observation of a run, in order, with whether the result was there already."""
    seen, done = [], False
    for entry in instance.all_logs(run_id):
        event = entry.dagster_event
        done = done or bool(event and event.is_step_materialization)
        if event and event.event_type_value == "ASSET_OBSERVATION":
            observed = event.asset_observation_data.asset_observation
            facts = {name: value.value for name, value in observed.metadata.items()}
            seen.append((observed.partition, facts, done))
    return seen


def test_a_run_shows_progress_error_and_time_left_while_it_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(studies, "_OBSERVE_EVERY_SECONDS", 0)
    settings = load({"data": tmp_path}, cwd=tmp_path)
    (asset,) = [one for one in make(settings) if one.keys == {dg.AssetKey(ASSET)}]
    key = asset.partitions_def.get_partition_keys()[0]
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize(
            [asset], instance=instance, partition_key=key,
            run_config={"ops": {ASSET: {"config": {"replicates": 4}}}},
        )  # fmt: skip
        told = told_while_running(instance, done.run_id)
    assert [facts["n_replicates"] for _, facts, _ in told] == [1, 2, 3, 4]
    assert not any(is_done for _, _, is_done in told), "told before the result, not with it"
    assert {partition for partition, _, _ in told} == {key}
    left = [facts["seconds_left"] for _, facts, _ in told]
    assert left[0] > 0
    assert left[-1] == 0
    assert all(facts["mcse"] > 0 for _, facts, _ in told[1:])


def test_a_backfill_of_two_worlds_does_not_wait_for_a_nightly(tmp_path):
    """The data directory is locked all the while, as by a night; both partitions end meanwhile."""
    settings = load({"data": tmp_path}, cwd=tmp_path)
    (asset,) = [one for one in make(settings) if one.keys == {dg.AssetKey(ASSET)}]
    assert asset.op.pool is None
    assert asset.required_resource_keys <= {"io_manager"}
    keys = asset.partitions_def.get_partition_keys()[:2]
    found = {}
    with (settings.data / ".lock").open("a+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Busy), writing(settings.data, "a writer"):
            pass
        threads = [
            threading.Thread(target=lambda k=key: found.update({k: materialise(settings, k, 2)}))
            for key in keys
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert [found[key].success for key in keys] == [True, True]
    assert len({path.parent for path in settings.studies.rglob("*.parquet")}) == 2
