"""How the tests are run: in which order, by file to two workers, resumed after an interruption.

`--resume` leaves out what has passed already on this very code. A test that passed is noted under a
hash of every file that git does not ignore and of the Python; change one byte and everything runs
again. Nothing is left out where git cannot list the files.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

try:
    from xdist.scheduler import LoadScopeScheduling
except ImportError:  # pytest without workers
    LoadScopeScheduling = object

ROOT = Path(__file__).parents[1]
NIGHT = (
    "test_automation.py",
    "test_nightly.py",
    "test_quality_commands.py",
    "test_rebuild_night.py",
    "test_runs.py",
    "test_ui.py",
)
"""Files that share the one real night, which compiles the kernels of simulator and relief model."""
TRIALS = (
    "test_batched_mixed.py",
    "test_batched_tests.py",
    "test_batched_robust.py",
    "test_batched_endpoints.py",
    "test_power.py",
    "test_trials.py",
    "test_trial_endpoints.py",
    "test_trial_matrix.py",
    "test_subgroup_power.py",
    "test_study_size.py",
)
"""Files that compile the batched estimators, those that simulate nothing before the others."""
LONG = (
    "test_defects.py",
    "test_marts_second.py",
    "test_study_marts.py",
    "test_rebuild.py",
    "test_marts.py",
    "test_deliveries_over_time.py",
    "test_marginal.py",
    "test_report_page.py",
    "test_defects_derived.py",
    "test_model_checks.py",
    "test_kill_load.py",
    "test_history_properties.py",
    "test_surgery.py",
)
"""Files of ten seconds and more: none of them begins when the other worker has nothing left."""
PASSED = pytest.StashKey[frozenset]()
LEDGER = pytest.StashKey[Path]()


class ByFile(LoadScopeScheduling):
    """Files stay together, so do those of one night or the same kernels: nothing costly twice."""

    def _split_scope(self, nodeid):
        file = nodeid.split("::")[0]
        name = file.rpartition("/")[2]
        return "night" if name in NIGHT else "trials" if name in TRIALS else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False  # files are handed out in the order of `turn`
    return ByFile(config, log)


def turn(item):
    """Night and trials at once, one to each worker, then the longest; kernels are compiled once.

    What is compiled for the one is not asked for by the other until it lies on the disk.
    """
    name = item.path.name
    for number, group in enumerate((NIGHT, TRIALS, LONG)):
        if name in group:
            return number, 0 if group is NIGHT else group.index(name)
    return 3, 0


def pytest_addoption(parser):
    parser.addoption(
        "--resume", action="store_true", help="leave out tests that passed on this very code"
    )


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        config.stash[PASSED] = frozenset(config.workerinput["passed"])
    elif config.getoption("resume") and (code := fingerprint(ROOT)):
        ledger = config.stash[LEDGER] = config.cache.mkdir("resume") / f"{code}.txt"
        noted = ledger.read_text("utf-8").splitlines() if ledger.exists() else []
        config.stash[PASSED] = frozenset(noted)
        config.pluginmanager.register(Notes(ledger))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    # As it was at the start: a worker that replaces a dead one must collect what the others did.
    node.workerinput["passed"] = sorted(node.config.stash.get(PASSED, ()))


def pytest_collection_modifyitems(config, items):
    items.sort(key=turn)
    passed = config.stash.get(PASSED, frozenset())
    done = [item for item in items if item.nodeid in passed]
    if done:
        items[:] = [item for item in items if item.nodeid not in passed]
        config.hook.pytest_deselected(items=done)


def pytest_sessionfinish(session, exitstatus):
    """Nothing left to run is what a finished run looks like."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.stash.get(PASSED, None):
        session.exitstatus = pytest.ExitCode.OK


class Notes:
    """Notes each test whose set-up, call and teardown all passed, as soon as they have."""

    def __init__(self, ledger):
        self.ledger, self.sound = ledger, {}

    def pytest_runtest_logreport(self, report):
        sound = self.sound.setdefault(report.nodeid, [])
        sound.append(report.passed)
        if report.when == "teardown" and all(self.sound.pop(report.nodeid)):
            with self.ledger.open("a", encoding="utf-8") as handle:
                handle.write(report.nodeid + "\n")


def fingerprint(folder):
    """Hash of the code under test; empty where git cannot say which files are part of it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if listed.returncode:
        return ""
    digest = hashlib.sha256(sys.version.encode())
    for name in sorted(set(listed.stdout.decode().split("\0")) - {""}):
        path = folder / name
        digest.update(name.encode() + b"\0")
        digest.update(path.read_bytes() if path.is_file() else b"gone")
    return digest.hexdigest()[:16]
