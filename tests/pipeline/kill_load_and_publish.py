"""Kills the load-and-publish path with SIGKILL and looks at what is left, trial by trial.

A script of its own and not a fixture: its process opens no database, so that each trial can be a
fork of it that starts at once. Prints one JSON object a trial; exit code 1 where any did not heal.

    python tests/pipeline/kill_load_and_publish.py --folder /tmp/kills --trials 100 --seed 1
"""

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
import uuid
from pathlib import Path

import duckdb  # noqa: F401 - imported once here and not in every fork

from expectations import dictionary
from expectations.rules import load_rules
from orchestration import faults, lock
from orchestration.build import Build
from orchestration.comparison import contents
from orchestration.files import sha256_of
from orchestration.ingest.deliveries import new_and_ready, scan
from orchestration.ingest.known import loaded_deliveries
from orchestration.ingest.load import load
from orchestration.journal import Journal
from orchestration.publication import beat, last_heartbeat, publish, report_path
from orchestration.settings import load as load_settings
from orchestration.warehouse import connect

FORK = multiprocessing.get_context("fork")


def settings_of(folder, drop):
    return load_settings(
        {
            "data": folder, "deliveries": drop, "key_file": folder.parent / "pseudonym.key",
            "preset": "paper_replica",
        },
        cwd=folder.parent,
    )  # fmt: skip


def night(settings, listener=None):
    """Everything of a nightly that touches the data, without Dagster, dbt and models."""
    faults.listener = listener
    run_id = str(uuid.uuid4())
    journal = Journal(settings, run_id)
    settings.data.mkdir(exist_ok=True)
    with lock.writing(settings.data, "a killed night"):
        build = Build(settings, run_id, run_id)
        build.open()
        with build.read() as connection:
            known = loaded_deliveries(connection, settings)
        with build.write() as connection:
            load(new_and_ready(scan(settings), known), connection, settings, journal, run_id)
        settings.reports.mkdir(exist_ok=True)
        report_path(settings, run_id).write_text(run_id, "utf-8")
        publish(build, journal)
        beat(settings, "published")


def in_a_fork(work, *arguments):
    """Run in a fork; return its exit code (negative: the signal) and its answer, if it gave one."""
    ours, theirs = FORK.Pipe(duplex=False)

    def answer():
        theirs.send(work(*arguments))

    child = FORK.Process(target=answer)
    child.start()
    theirs.close()
    try:
        given = ours.recv()
    except EOFError:
        given = None
    child.join()
    return child.exitcode, given


def state(settings):
    """What the published warehouse and the vault say, without names of runs and times."""
    vault = contents(settings.vault) if settings.vault.exists() else {}
    return {"live": contents(settings.live), "vault": vault}


def killed_at(settings, name, nth):
    """A night that kills itself when it passes a named moment for the nth time."""
    passed = []

    def die(point):
        passed.append(point)
        if point == name and passed.count(name) == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    code, _ = in_a_fork(night, settings, die)
    return code == -signal.SIGKILL


def killed_after(settings, seconds):
    """A night killed from outside after so many seconds."""
    child = FORK.Process(target=night, args=(settings,))
    child.start()
    child.join(seconds)
    child.kill()
    child.join()
    return child.exitcode == -signal.SIGKILL


def problems(settings, before, after):
    """What is wrong with what a killed night left; the published file first of all."""
    with connect(settings.live, read_only=True) as connection:
        connection.execute("from warehouse_meta").fetchone()
        accepted = {
            row[0]
            for row in connection.execute(
                "select distinct file_sha256 from raw_line where fate = 'kept'"
            ).fetchall()
        }
    found = []
    if contents(settings.live) not in (before["live"], after["live"]):
        found.append("the published warehouse is neither the old nor the new one")
    for path in settings.kept.glob("??/*"):
        if path.suffix != ".partial" and sha256_of(path) != path.name:
            found.append(f"kept file {path.name[:8]} is not whole")
    lost = [sha for sha in accepted if not (settings.kept / sha[:2] / sha).exists()]
    found += [f"file {sha[:8]} is published but not kept" for sha in lost]
    for beside in (settings.data / "plateau.json", settings.data / "heartbeat.json"):
        json.loads(beside.read_text("utf-8"))
    assert last_heartbeat(settings)
    return found


def trial(folder, base, drop, how, before, after):
    """Kill one night, look, run the next one, compare."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base, folder)
    settings = settings_of(folder, drop)
    kill, *arguments = how
    was_killed = kill(settings, *arguments)
    code, found = in_a_fork(problems, settings, before, after)
    problem = "; ".join(found) if code == 0 else "what is left cannot be read"
    code, _ = in_a_fork(night, settings)
    if code:
        problem += f" the next night ended with {code}"
    elif in_a_fork(state, settings)[1] != after:
        problem += " the next night did not heal"
    return {
        "how": " ".join(map(str, (kill.__name__, *arguments))),
        "killed": was_killed,
        "problem": problem.strip(),
    }


def lay_out(folder):
    """A clinic of two deliveries; the first published, the second still to come."""
    from simulate import extracts
    from simulate.cohort import generate
    from simulate.scenario import load as scenario

    clinic = folder / "clinic"
    extracts.write(
        generate(scenario("replica"), seed=1, n_patients=10), clinic, seed=1, deliveries=3
    )
    drop = folder / "drop"
    days = sorted(p for p in (clinic / "deliveries").iterdir())
    shutil.copytree(days[0], drop / days[0].name)
    base = settings_of(folder / "base", drop)
    assert in_a_fork(night, base)[0] == 0, "the first night failed"
    before = in_a_fork(state, base)[1]
    for day in days[1:]:
        shutil.copytree(day, drop / day.name)
    shutil.copytree(base.data, folder / "undisturbed")
    undisturbed = settings_of(folder / "undisturbed", drop)
    began = time.monotonic()
    assert in_a_fork(night, undisturbed)[0] == 0, "the second night failed"
    seconds = time.monotonic() - began
    return base.data, drop, before, in_a_fork(state, undisturbed)[1], seconds


def ways(trials, seed, seconds):
    """Every named moment first, each at its first and second passing, then moments by chance."""
    named = [(killed_at, name, nth) for nth in (1, 2) for name in faults.POINTS]
    chance = random.Random(seed)
    if trials < len(named):
        chance.shuffle(named)
        named = named[: trials // 2]
    by_chance = trials - len(named)
    return named + [(killed_after, round(chance.uniform(0, seconds), 4)) for _ in range(by_chance)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    dictionary.load()
    load_rules()
    base, drop, before, after, seconds = lay_out(options.folder)
    assert before != after
    failed = 0
    for how in ways(options.trials, options.seed, seconds):
        told = trial(options.folder / "trial", base, drop, how, before, after)
        failed += bool(told["problem"])
        print(json.dumps(told), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
