"""`plateau ui`: serves on loopback, tells a port in use, and leaves no process behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from orchestration.process import identity, is_alive

START_SECONDS = 120
STOP_SECONDS = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def family(pid):
    """Every living process that the parent started, directly or not."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parent = int(stat.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found, queue = set(), [pid]
    while queue:
        for child in children.get(queue.pop(), []):
            found.add(child)
            queue.append(child)
    return found


def assert_gone(pids):
    """None of them lives on; the last helpers of an ended process may take a moment."""
    deadline = time.monotonic() + 10
    while left := [pid for pid in pids if is_alive(identity(pid))]:
        assert time.monotonic() < deadline, f"{len(left)} processes outlived their parent"
        time.sleep(0.2)


def start(settings, port):
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "ui", "--port", str(port)],
        env={**os.environ, **settings.environment()},
        stderr=subprocess.PIPE,
        text=True,
        # In the background of some shells an interrupt is ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def ask(port, query):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def wait_until_it_answers(port):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            return ask(port, "{ repositoriesOrError { __typename } }")
        except OSError:
            time.sleep(0.5)
    pytest.fail("the UI did not answer")


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_one_signal_stops_webserver_daemon_and_code_servers(night, number):
    settings, _ = night
    port = free_port()
    parent = start(settings, port)
    try:
        wait_until_it_answers(port)
        before = family(parent.pid)
        assert len(before) >= 2
        if number == signal.SIGTERM:
            assert_it_serves_what_users_look_for(port)
        parent.send_signal(number)
        assert parent.wait(STOP_SECONDS) == 0
        assert_gone(before)
    finally:
        parent.kill()
        parent.wait()
        parent.stderr.close()


def assert_it_serves_what_users_look_for(port):
    groups = ask(port, "{ assetNodes { groupName description owners { __typename } } }")
    assert {n["groupName"] for n in groups["assetNodes"]} == {
        "raw", "staging", "intermediate", "marts", "estimates", "models", "studies", "report",
    }  # fmt: skip
    assert all(n["description"] and n["owners"] for n in groups["assetNodes"])
    running = ask(
        port,
        "{ repositoriesOrError { ... on RepositoryConnection { nodes { "
        "schedules { name scheduleState { status } } sensors { name sensorState { status } } "
        "} } } }",
    )["repositoriesOrError"]["nodes"][0]
    assert {s["name"]: s["scheduleState"]["status"] for s in running["schedules"]} == {
        "nightly": "RUNNING", "alarms": "RUNNING",
    }  # fmt: skip
    states = {s["name"]: s["sensorState"]["status"] for s in running["sensors"]}
    assert states["ready_deliveries"] == states["failed_runs"] == "RUNNING"


def test_a_port_in_use_is_one_sentence(night):
    settings, _ = night
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        parent = start(settings, port)
        assert parent.wait(START_SECONDS) == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in parent.stderr.read()
    parent.stderr.close()
