"""`kill -9` in the middle of a night, then the same command again: it heals, nothing is lost."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from dagster import DagsterRunStatus

from orchestration.instance import open_instance
from orchestration.warehouse import meta_of, read_tables

WAIT_SECONDS = 900


def start(settings, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "nightly", "--json", *arguments],
        env={**os.environ, **settings.environment()},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        # In the background of some shells an interrupt is ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def wait_for_step(settings, step):
    """Wait until the journal says that a step has begun."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        for log in settings.logs.glob("*.jsonl"):
            for line in log.read_text("utf-8").splitlines():
                event = json.loads(line)
                if event["event"] == "step_started" and event["step"] == step:
                    return event["run_id"]
        time.sleep(0.05)
    pytest.fail(f"step {step} did not begin")


def kill(child):
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()


MOMENTS = ("ingest", "gx raw", "relief model", "report")


@pytest.mark.slow
@pytest.mark.parametrize("step", ["dbt build", *MOMENTS])
def test_the_next_night_heals(quick, step):
    child = start(quick)
    killed = wait_for_step(quick, step)
    assert_a_second_night_says_who_is_at_work(quick, child)
    assert not quick.live.exists()
    kill(child)
    again = start(quick)
    told = json.loads(again.communicate(timeout=WAIT_SECONDS)[0])
    assert again.returncode == 4 and told["published"]
    assert meta_of(quick.live).run_id == told["run_id"]
    assert len(read_tables(quick.live, ["patients"])["patients"]) == 20
    assert not list(quick.builds.iterdir()), "the dead run's build is gone"
    with open_instance(quick) as instance:
        run = instance.get_run_by_id(killed)
        assert run.status == DagsterRunStatus.FAILURE
        pools = instance.event_log_storage
        assert not pools.get_concurrency_info("duckdb_writer").claimed_slots


def assert_a_second_night_says_who_is_at_work(settings, first):
    second = start(settings)
    told = json.loads(second.communicate(timeout=60)[0])
    assert second.returncode == 1
    assert f"process {first.pid}" in told["error"] and "--wait" in told["error"]


@pytest.mark.slow
def test_an_interrupt_ends_with_130_and_leaves_nothing_half_done(quick):
    child = start(quick)
    wait_for_step(quick, "dbt build")
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == 130
    assert not quick.live.exists() and not list(quick.builds.glob("*.duckdb"))


@pytest.mark.slow
def test_a_second_night_waits_when_told_to(quick):
    first = start(quick)
    wait_for_step(quick, "ingest")
    third = start(quick, "--wait", str(WAIT_SECONDS))
    first.communicate(timeout=WAIT_SECONDS)
    told = json.loads(third.communicate(timeout=WAIT_SECONDS)[0])
    assert told["nothing_new"]
    assert (first.returncode, third.returncode) == (4, 0)
