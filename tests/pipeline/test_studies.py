"""Studies on disk: the same bits with any workers, order and interruption; bad shards named."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulate.studies import files, store, tables
from simulate.studies import run as runs
from simulate.studies.drift import compare
from simulate.studies.store import Shard, Store, StoreError

WORKER = Path(__file__).with_name("study_worker.py")


@pytest.fixture(scope="module")
def design():
    return files.load("test_period_canary", {"data.n_patients": 20})


def go(design, root, replicates, **plan):
    return runs.run(design, root, runs.Plan(replicates, shard_size=plan.pop("size", 4), **plan))


def found(design, root):
    return tables.tables(design, runs.open_store(design, root))


@pytest.fixture(scope="module")
def once(design, tmp_path_factory):
    root = tmp_path_factory.mktemp("once")
    go(design, root, 20)
    return root


def same(design, one, other):
    ours, theirs = found(design, one).as_dict(), found(design, other).as_dict()
    return all(ours[name].equals(theirs[name]) for name in ours if name != "study_shard")


def test_grown_is_the_same_as_run_at_once_and_what_is_there_is_not_made_again(
    design, once, tmp_path
):
    assert go(design, tmp_path, 7).made == 7
    assert go(design, tmp_path, 20).made == 13
    assert go(design, tmp_path, 20).made == 0
    assert same(design, once, tmp_path)


def test_shares_of_a_job_array_in_any_order_are_the_same(design, once, tmp_path):
    for part in (3, 1, 2):
        go(design, tmp_path, 20, part=part, parts=3)
    assert same(design, once, tmp_path)


def test_other_shard_sizes_are_the_same(design, once, tmp_path):
    go(design, tmp_path, 20, size=7)
    assert same(design, once, tmp_path)


@pytest.mark.slow
def test_killed_at_any_moment_and_run_again_is_the_same(design, once, tmp_path):
    """`kill -9` at random moments, one and two processes; about a minute."""
    rng = random.Random(20261126)
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, str(WORKER), str(tmp_path), "20", "2"], start_new_session=True
        )
        time.sleep(rng.uniform(3, 9))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = runs.open_store(design, tmp_path)
    for scenario in [p.name.split("=")[1] for p in tmp_path.glob("*/*/*/scenario=*")]:
        done.complete(scenario)  # nothing half-written is taken for a shard
    subprocess.run([sys.executable, str(WORKER), str(tmp_path), "20", "2"], check=True)
    assert same(design, once, tmp_path)


def first_shard(root):
    return min(root.rglob("replicates-*.parquet"))


@pytest.fixture
def copied(once, tmp_path):
    import shutil

    return Path(shutil.copytree(once, tmp_path / "copy"))


def test_a_truncated_shard_is_named_with_the_way_out(design, copied):
    path = first_shard(copied)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(StoreError, match=rf"{path.name} is truncated or was changed; remove "):
        found(design, copied)
    path.unlink()
    path.with_suffix(".json").unlink()
    assert go(design, copied, 20).made == 4


def test_a_shard_of_another_design_is_named(design, copied):
    path = first_shard(copied)
    manifest = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps(manifest | {"design_id": "0" * 16}))
    with pytest.raises(StoreError, match="was made for another design, code or world"):
        found(design, copied)


def test_a_shard_without_manifest_was_never_finished(design, copied):
    first_shard(copied).with_suffix(".json").unlink()
    assert go(design, copied, 20).made == 4


def test_no_replicate_is_counted_twice(design, copied):
    path = first_shard(copied)
    twin = path.with_name("replicates-000000000002-000000000005.parquet")
    twin.write_bytes(path.read_bytes())
    manifest = json.loads(path.with_suffix(".json").read_text()) | {"first_replicate": 2}
    twin.with_suffix(".json").write_text(json.dumps(manifest))
    with pytest.raises(StoreError, match="both hold replicate 2"):
        found(design, copied)


def test_a_full_disk_loses_nothing(design, tmp_path, monkeypatch):
    real, written = store.write_whole, []

    def full(path, content):
        if path.suffix == ".parquet" and len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.extend([path] if path.suffix == ".parquet" else [])
        real(path, content)

    monkeypatch.setattr(store, "write_whole", full)
    with pytest.raises(StoreError, match="No space left on device.*run the same command again"):
        go(design, tmp_path, 20)
    monkeypatch.undo()
    assert go(design, tmp_path, 20).made == 12


def test_a_changed_design_or_code_never_mixes(design, once, tmp_path, monkeypatch):
    other = files.load("test_period_canary", {"data.n_patients": 20, "seed": 5})
    with pytest.raises(LookupError, match="nothing of study"):
        found(other, once)
    monkeypatch.setattr(runs, "code_of", lambda _: "f" * 16)
    with pytest.raises(LookupError, match="nothing of study"):
        found(design, once)
    assert runs.open_store(design, once).other_partitions()


def test_pieces_begin_at_multiples_and_fill_the_gaps(tmp_path, monkeypatch):
    partition = Store(tmp_path, "s", "d", "c")
    monkeypatch.setattr(Store, "complete", lambda *_: [Shard("w", 3, 5), Shard("w", 10, 12)])
    assert [(s.first, s.stop) for s in partition.missing("w", 14, 4)] == [
        (0, 3), (5, 8), (8, 10), (12, 14),
    ]  # fmt: skip


def test_a_target_stops_after_whole_waves(design, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "FIRST_WAVE", 8)
    state = runs.run(design, tmp_path, runs.Plan(400, target_mcse=0.2, shard_size=4))
    assert state.mcse <= 0.2
    assert state.done == state.total < 400


def test_the_canary_sees_a_change_of_one_patient(design, once):
    now = found(design, once).study_cell
    assert compare(now, None).agrees
    assert compare(now, now).agrees
    changed = now.copy()
    changed.loc[5, ["tp", "fn"]] += [1, -1]
    assert "1 of 180 cells otherwise" in compare(now, changed).sentence
    assert not compare(now, changed).agrees
    older = changed.assign(code_id="other")
    assert compare(now, older).agrees, "other code may differ by chance"
    far = older.assign(tp=older["tp"] // 2)
    assert not compare(now, far).agrees


@pytest.mark.slow
def test_workers_leave_when_the_process_that_they_work_for_is_killed(tmp_path):
    """The process alone is killed, not its group; about fifteen seconds."""
    told = tmp_path / "pids"
    told.mkdir()
    code = (
        "import functools\n"
        "from simulate.studies.shards import map_shards\n"
        "from simulate.studies.store import Shard\n"
        "from worker_that_waits import work\n"
        f"list(map_shards(functools.partial(work, {str(told)!r}),\n"
        "     [Shard('w', k, k + 1) for k in range(4)], jobs=2))\n"
    )
    (tmp_path / "worker_that_waits.py").write_text(
        "import os, time\nfrom pathlib import Path\n\n\ndef work(folder, shard):\n"
        "    (Path(folder) / str(os.getpid())).touch()\n    time.sleep(60)\n"
    )
    here = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])}
    process = subprocess.Popen([sys.executable, "-c", code], env=here)
    try:
        until(lambda: len(list(told.iterdir())) == 2)
    finally:
        process.kill()
        process.wait()
    workers = [int(path.name) for path in told.iterdir()]
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def until(holds, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_an_unreachable_scheduler_is_named(design, tmp_path, monkeypatch):
    from simulate.studies import cluster
    from simulate.studies.shards import BackendError

    monkeypatch.setattr(cluster, "TIMEOUT_SECONDS", 1)
    with pytest.raises(BackendError, match=r"tcp://127.0.0.1:9 does not answer; every finished"):
        go(design, tmp_path, 8, scheduler="tcp://127.0.0.1:9")
    with pytest.raises(BackendError, match=r"nonsense is no address .* tcp://HOST:8786"):
        go(design, tmp_path, 8, scheduler="nonsense")
