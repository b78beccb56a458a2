"""One writer: exclusive between processes, re-entrant in one, dead with its process."""

import os
import signal
import subprocess
import sys
import time

import pytest

from orchestration import lock, process
from orchestration.errors import Busy

HOLD = (
    "import sys, time; from pathlib import Path; from orchestration import lock\n"
    "with lock.writing(Path(sys.argv[1]), 'the night run'):\n"
    "    print('held', flush=True); time.sleep(60)\n"
)


@pytest.fixture
def other(tmp_path):
    """Another process that holds the data directory."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline().strip() == "held"
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def test_a_second_writer_is_told_who_holds_it(tmp_path, other):
    told = rf"the night run \(process {other.pid}"
    with pytest.raises(Busy, match=told), lock.writing(tmp_path, "second"):
        pytest.fail("two writers")
    assert not lock.is_free(tmp_path)


def test_a_killed_holder_frees_it_at_once(tmp_path, other):
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    with lock.writing(tmp_path, "next"):
        assert "next" in lock.holder(tmp_path)
    assert lock.is_free(tmp_path)


def test_a_second_writer_waits_when_told_to(tmp_path, other):
    waited = []
    start = time.monotonic()
    patient = lock.writing(tmp_path, "second", wait_seconds=0.5, on_wait=waited.append)
    with pytest.raises(Busy), patient:
        pytest.fail("two writers")
    assert time.monotonic() - start >= 0.5
    assert len(waited) == 1 and "the night run" in waited[0]


def test_one_process_may_take_it_twice(tmp_path):
    with lock.writing(tmp_path, "command"), lock.writing(tmp_path, "its run"):
        assert not lock.is_free(tmp_path)
    assert lock.is_free(tmp_path)


def test_a_process_is_known_by_number_and_start():
    me = process.identity()
    assert process.is_alive(me)
    pid, started, namespace = me.split("@")
    assert not process.is_alive(f"{pid}@{started}0@{namespace}")
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    signed = process.identity(child.pid)
    child.wait()
    assert not process.is_alive(signed)
    assert process.is_dead(signed) and not process.is_dead(me)
    elsewhere = signed.rpartition("@")[0] + "@another-boot/1"
    assert not process.is_dead(elsewhere), "of another container nothing is known"
    assert not process.is_alive("not a process")
