"""`plateau ui`: Dagster's webserver and daemon on loopback, under one parent that stops both."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from orchestration import data_directory, dbt_project
from orchestration.errors import PlateauError
from orchestration.instance import child_environment, write_configuration
from orchestration.settings import ROOT, Settings

HOST = "127.0.0.1"
STOP_SECONDS = 15
_PR_SET_PDEATHSIG = 1


def run(settings: Settings, port: int, say: Callable[[str], None]) -> int:
    """Serve until Ctrl-C or SIGTERM, then stop both processes and all that they started.

    Returns
    -------
    int
        0 after a stop that was asked for, 1 when one of the two ended by itself.

    Raises
    ------
    PlateauError
        The port is in use, or the data directory cannot be written.
    """
    data_directory.prepare(settings)
    _require_free(port)
    settings.incoming.mkdir(parents=True, exist_ok=True)
    write_configuration(settings)
    dbt_project.manifest(settings)
    stopping: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    children = _start(settings, port)
    told = False
    try:
        while not stopping and all(child.poll() is None for child in children):
            if not told and _answers(port):
                say(
                    f"Dagster UI on http://{HOST}:{port} (no login: keep it on this machine). "
                    "Ctrl-C stops it."
                )
                told = True
            time.sleep(0.2)
    finally:
        _stop(children)
    if stopping:
        return 0
    raise PlateauError(
        "The webserver or the daemon ended by itself; its last words are above and in "
        f"{settings.logs / 'dagster-ui.log'}."
    )


def _start(settings: Settings, port: int) -> list[subprocess.Popen[bytes]]:
    environment = {**os.environ, **child_environment(settings)}
    settings.logs.mkdir(parents=True, exist_ok=True)
    bin_folder = Path(sys.executable).parent
    module = ["-m", "orchestration.definitions"]
    commands = [
        [str(bin_folder / "dagster-webserver"), "-h", HOST, "-p", str(port), *module],
        [str(bin_folder / "dagster-daemon"), "run", *module],
    ]
    log = (settings.logs / "dagster-ui.log").open("ab")
    return [
        subprocess.Popen(
            command,
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        for command in commands
    ]


def _die_with_parent() -> None:
    """Let the kernel end the child should this parent be killed outright (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask each process group to end, and end what does not."""
    for child in children:
        _signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.1, deadline - time.monotonic()))
        _signal_group(child, signal.SIGKILL)
        child.wait()


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise PlateauError(
                f"Port {port} on {HOST} cannot be used ({error}); choose another with --port."
            ) from None


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((HOST, port)) == 0
