"""`plateau ui`: Dagster's webserver and daemon on loopback, under one parent that stops all.

Both share one code server over a Unix socket in a private folder: left to themselves each would
load the definitions in a process of its own, and the daemon anew every minute.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from orchestration import data_directory, dbt_project
from orchestration.errors import PlateauError
from orchestration.instance import child_environment, write_configuration
from orchestration.rebuild import keep_preset
from orchestration.settings import ROOT, Settings

HOST = "127.0.0.1"
STOP_SECONDS = 15
_PR_SET_PDEATHSIG = 1


def run(settings: Settings, port: int, say: Callable[[str], None]) -> int:
    """Serve until Ctrl-C or SIGTERM, then stop every process that was started.

    Returns
    -------
    int
        0 after a stop that was asked for.

    Raises
    ------
    PlateauError
        The port is in use, the data directory cannot be written, or a server ended by itself.
    """
    data_directory.prepare(settings)
    settings = keep_preset(settings)
    _require_free(port)
    settings.incoming.mkdir(parents=True, exist_ok=True)
    write_configuration(settings)
    dbt_project.manifest(settings)
    stopping: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    children: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(prefix="plateau-") as folder:
        try:
            _serve(settings, port, Path(folder), children, stopping, say)
        finally:
            _stop(children)
    if stopping:
        return 0
    raise PlateauError(
        f"A server of the UI ended by itself; its last words are in {_log(settings)}."
    )


def _serve(
    settings: Settings,
    port: int,
    folder: Path,
    children: list[subprocess.Popen[bytes]],
    stopping: list[int],
    say: Callable[[str], None],
) -> None:
    """Start the code server, then webserver and daemon; return when asked to or when one ended."""

    def wait(until: Callable[[], bool]) -> bool:
        while not stopping and all(child.poll() is None for child in children):
            if until():
                return True
            time.sleep(0.2)
        return False

    socket_path, workspace = folder / "code.sock", folder / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server: {{socket: {socket_path}, location_name: plateau}}\n",
        encoding="utf-8",
    )
    code = ["-m", "dagster", "api", "grpc", "-m", "orchestration.definitions"]
    children.append(_start(settings, [sys.executable, *code, "--socket", str(socket_path)]))
    if not wait(socket_path.exists):
        return
    bin_folder, where = Path(sys.executable).parent, ["-w", str(workspace)]
    web = [str(bin_folder / "dagster-webserver"), "-h", HOST, "-p", str(port), *where]
    children.append(_start(settings, web))
    children.append(_start(settings, [str(bin_folder / "dagster-daemon"), "run", *where]))
    if wait(lambda: _answers(port)):
        say(f"Dagster UI on http://{HOST}:{port} (no login: keep it on this machine).")
        say("Ctrl-C stops it.")
        wait(lambda: False)


def _start(settings: Settings, command: list[str]) -> subprocess.Popen[bytes]:
    settings.logs.mkdir(parents=True, exist_ok=True)
    with _log(settings).open("ab") as log:
        return subprocess.Popen(
            command,
            env={**os.environ, **child_environment(settings)},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )


def _log(settings: Settings) -> Path:
    return settings.logs / "dagster-ui.log"


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
