"""Searches for a size on disk: killed they go on, powers share trials, answers are found again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.cli import cli
from simulate.studies import files
from simulate.studies.store import StoreError
from simulate.studies.trials import size as sizing
from simulate.studies.trials.size import answers, attempts, questions, sizes

POWERS, TOLERANCE = (0.9, 0.8), 0.08
CHANGES = {
    "data.vary": {"response.sham_gain": [0.0]},
    "headline.sessions": 4,
    "data.trials.0.sessions": [4],
}


def asked():
    """Return the question: a small trial by Welch's test."""
    ((_, question),) = questions(files.load("sham_trial", CHANGES), ["t_test"])
    return question


def search(root, watch=None):
    return list(sizes(asked(), root, POWERS, tolerance=TOLERANCE, watch=watch))


def trials_of(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*.parquet")}


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    root = tmp_path_factory.mktemp("once")
    steps = []
    found = search(root, lambda power, at: steps.append((power, at)))
    return root, found, steps


def test_killed_and_run_again_it_finds_the_same_to_the_bit(once, tmp_path):
    root, found, _ = once
    process = subprocess.Popen([sys.executable, __file__, tmp_path], start_new_session=True)
    while len(trials_of(tmp_path)) < 4 and process.poll() is None:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert 4 <= len(kept) < len(trials_of(root)), "killed in the middle"
    assert search(tmp_path) == found
    assert trials_of(tmp_path) == trials_of(root)
    again = [path for path, made in kept.items() if path.stat().st_mtime_ns != made]
    assert len(again) <= 1, "at most the file without a manifest was made again"


def test_what_is_there_is_not_simulated_again(once, monkeypatch):
    root, found, _ = once
    monkeypatch.setattr(sizing.Question, "count", lambda *_: pytest.fail("simulated again"))
    assert search(root) == found


def test_a_larger_power_goes_on_from_a_smaller_and_leaves_it_alone(once, tmp_path):
    _, (smaller, larger), steps = once
    (alone,) = sizes(asked(), tmp_path, [0.8], tolerance=TOLERANCE)
    assert alone == smaller, "asked alone it is the same"
    assert smaller.n_patients < larger.n_patients
    assert smaller.lo <= smaller.n_patients <= smaller.hi
    fresh = larger.n_replicates - smaller.n_replicates
    assert fresh < larger.n_replicates / 1.5, "trials are shared"
    used = [at.n_replicates for _, at in steps]
    assert used == sorted(used), "every batch is told"
    assert used[-1] == larger.n_replicates


def test_a_changed_file_is_named(once, tmp_path):
    import shutil

    root = Path(shutil.copytree(once[0], tmp_path / "copy"))
    path = min(root.rglob("*.parquet"))
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(StoreError, match=rf"{path.name} is truncated or was changed; remove "):
        search(root)


def test_other_questions_do_not_mix(once):
    root, *_ = once
    other = files.load("sham_trial", {**CHANGES, "seed": 7})
    ((_, question),) = questions(other, ["t_test"])
    assert not attempts(question, root).partition.exists()
    assert answers(other, root).empty


def test_what_was_found_is_found_again_by_name(once):
    root, found, _ = once
    table = answers(files.load("sham_trial", CHANGES), root)
    assert list(table["power"]) == [0.8, 0.9]
    assert list(table["n_patients"]) == [answer.n_patients for answer in found]
    assert set(table["method"]) == {"t_test"}
    assert set(table["endpoint"]) == {"relief"}


def test_the_command_prints_every_power_and_method(tmp_path):
    def run(*more):
        fast = ["--set", "data.vary={}", "--tolerance", "0.3", "--data", str(tmp_path)]
        return CliRunner().invoke(cli, ["study", "size", "sham_trial", *fast, *more])

    wrong = run("--method", "nothing")
    assert wrong.exit_code != 0
    assert "there are: " in str(wrong.exception)
    methods = ["--method", "t_test", "--method", "fisher_30"]
    told = run(*methods, "--power", "0.9", "--power", "0.8", "--json")
    rows = json.loads(told.stdout)["rows"]
    assert [(row["method"], row["power"]) for row in rows] == [
        (method, power) for method in ("t_test", "fisher_30") for power in (0.8, 0.9)
    ]
    assert all(row["lo"] <= row["n_patients"] <= row["hi"] for row in rows)


def test_what_was_found_is_shown_with_the_study(once, tmp_path):
    import shutil

    from orchestration.commands.study_size import found_before

    shutil.copytree(once[0], tmp_path / "studies")
    design = files.load("sham_trial", CHANGES | {"headline.method": "t_test"})
    told = list(found_before(design, tmp_path / "studies"))
    smaller, larger = once[1]
    for answer, line in zip((smaller, larger), told, strict=True):
        assert f"power {answer.power:g}: {answer.n_patients:,} patients" in line
    (other,) = found_before(files.load("sham_trial", CHANGES), tmp_path / "studies")
    assert "plateau study size sham_trial finds" in other


if __name__ == "__main__":  # the process that is killed
    search(Path(sys.argv[1]))
