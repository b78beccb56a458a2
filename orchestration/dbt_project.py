"""The dbt project: its manifest, prepared once per change of `dbt/`, and how dbt is called.

Everything that it writes goes to the data directory; its process is `dbt_process`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from expectations.protocol import Protocol
from orchestration.data_directory import kind_of
from orchestration.dbt_process import DbtProcess
from orchestration.errors import ChecksFailed, PlateauError
from orchestration.settings import ROOT, Settings

PROJECT = ROOT / "dbt"


def variables(settings: Settings, kind: str | None) -> str:
    """`--vars` JSON: the clinical constants of the preset and whether the data are synthetic."""
    protocol = Protocol.preset(settings.preset)
    return json.dumps(protocol.dbt_vars(is_synthetic=kind != "real"), sort_keys=True)


def manifest(settings: Settings) -> Path:
    """Path of an up-to-date manifest, parsing the project when `dbt/` changed since the last time.

    Raises
    ------
    PlateauError
        dbt cannot parse the project; its last lines are in the message.
    """
    target = settings.dbt_target
    target.mkdir(parents=True, exist_ok=True)
    path, note = target / "manifest.json", target / "parsed_from.txt"
    given = variables(settings, kind_of(settings))
    fingerprint = project_fingerprint() + given
    with (target / ".lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if path.exists() and note.exists() and note.read_text("utf-8") == fingerprint:
            return path
        _parse(settings, given)
        note.write_text(fingerprint, encoding="utf-8")
    return path


def project_fingerprint() -> str:
    """Hash over names and contents of the project's files and the dbt version."""
    from importlib.metadata import version

    digest = hashlib.sha256(f"{version('dbt-core')} {version('dbt-duckdb')}".encode())
    for file in sorted(PROJECT.rglob("*")):
        if file.is_file() and file.suffix in {".sql", ".yml", ".yaml", ".csv", ".md"}:
            digest.update(str(file.relative_to(PROJECT)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


@contextmanager
def pointed_at(settings: Settings, build: Path) -> Iterator[None]:
    """Let dbt's constant path lead to this run's build for the length of the block.

    The path is part of dbt's parse state: a path that changed with every run would make it parse
    the whole project each night. dbt only attaches the link, so the write-ahead log lies beside
    the real file.
    """
    link = constant_path(settings)
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(build.resolve())
    fresh.replace(link)
    os.environ["PLATEAU_BUILD"] = str(link)
    try:
        yield
    finally:
        link.unlink(missing_ok=True)


def constant_path(settings: Settings) -> Path:
    """Value of `PLATEAU_BUILD`."""
    return settings.dbt_target.parent / "plateau.duckdb"


def build(settings: Settings, path: Path, *, select: str | None = None) -> None:
    """Run `dbt build` (models and data tests, no unit tests) on one warehouse file.

    Parameters
    ----------
    path
        The warehouse under construction, closed.
    select
        dbt selection; everything by default.

    Raises
    ------
    ChecksFailed
        A model or a test failed; the message names it.
    """
    manifest(settings)
    done = run_build(settings, path, ["--select", select] if select else [])
    if done.returncode:
        raise ChecksFailed(f"{what_failed(settings)}; nothing was published.")


def run_build(
    settings: Settings, path: Path, selection: list[str], process: DbtProcess | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `dbt build` on one warehouse file, whatever comes of it.

    Parameters
    ----------
    selection
        Arguments that choose models and tests.
    process
        A process that waits for this call; by default a new one.
    """
    given = variables(settings, kind_of(settings))
    # Unit tests need no data: they belong to `make test`, not to the night.
    arguments = ["build", "--exclude-resource-type", "unit_test", *selection]
    results_file(settings).unlink(missing_ok=True)  # an earlier build's
    with pointed_at(settings, path):
        return _run(settings, arguments, given, process)


def what_failed(settings: Settings) -> str:
    """Say at which models and tests the last build failed; dbt's own words might quote a value."""
    results, where = results_file(settings), " before its first model"
    if results.exists():
        done = json.loads(results.read_text(encoding="utf-8"))["results"]
        failed = [r["unique_id"].split(".")[2] for r in done if r["status"] in ("error", "fail")]
        where = f" at {', '.join(failed[:10])}" if failed else ""
    return f"dbt build failed{where}; {settings.dbt_target / 'dbt.log'} has more"


def results_file(settings: Settings) -> Path:
    """What the last build said of each model and test."""
    return settings.dbt_target / "run_results.json"


def last_words(done: subprocess.CompletedProcess[str]) -> str:
    """The end of what dbt printed, on one line."""
    return " ".join(done.stdout.split()[-60:])


def _parse(settings: Settings, given: str) -> None:
    done = _run(settings, ["parse"], given)
    if done.returncode:
        raise PlateauError(
            f"dbt cannot parse the project in dbt/ ({last_words(done)}); mend it and run again."
        )


def _run(
    settings: Settings, arguments: list[str], given: str, process: DbtProcess | None = None
) -> subprocess.CompletedProcess[str]:
    """Run dbt as a process of its own on the constant path, with these variables."""
    command = ["--quiet", "--log-level-file", "info", *arguments]
    for option, value in (
        ("--project-dir", PROJECT),
        ("--profiles-dir", PROJECT),
        ("--target-path", settings.dbt_target),
        ("--log-path", settings.dbt_target),
        ("--vars", given),
    ):
        command += [option, str(value)]
    environment = {
        "PLATEAU_BUILD": str(constant_path(settings)),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    return (process or DbtProcess()).run(command, environment)
