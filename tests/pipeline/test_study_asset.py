"""A whole study as an asset: one partition a world, shards inside it, progress as metadata."""

import dagster as dg

from orchestration.assets.studies import make
from orchestration.settings import load

ASSET = "study_retention_reporting"


def materialise(settings, key, n):
    assets = [one for one in make(settings) if one.keys == {dg.AssetKey(ASSET)}]
    return dg.materialize(
        assets,
        partition_key=key,
        run_config={"ops": {ASSET: {"config": {"replicates": n}}}},
    )


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
    assert len(after) == 2
    assert all(after[path] == content for path, content in first.items())
    assert not list(tmp_path.rglob("*.duckdb"))
