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
SHARE_THE_NIGHT = (
    "test_automation.py",
    "test_nightly.py",
    "test_quality_commands.py",
    "test_rebuild_night.py",
    "test_runs.py",
    "test_ui.py",
)
COMPILING = ("models", "oracles", "properties")
"""Folders that go last: the night, which goes first, compiles most kernels that they call."""
PASSED = pytest.StashKey[frozenset]()
LEDGER = pytest.StashKey[Path]()


class ByFile(LoadScopeScheduling):
    """Files stay together, so do those that share the one real night: no costly fixture twice."""

    def _split_scope(self, nodeid):
        file = nodeid.split("::")[0]
        return "night" if file.endswith(SHARE_THE_NIGHT) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False  # files are handed out in the order of `turn`
    return ByFile(config, log)


def turn(item):
    """Longest first, and no kernel compiled by both workers at once."""
    if item.path.name in SHARE_THE_NIGHT:
        return 0
    return 2 if item.path.parent.name in COMPILING else 1


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
