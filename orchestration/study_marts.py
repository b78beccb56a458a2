"""The warehouse of studies: dbt contracts and Great Expectations over what studies have left.

A DuckDB file of its own, `<data>/studies/studies.duckdb`: a study waits for no night, and no night
for a study. Built beside the file that is read and put in its place when every check has passed.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.dbt_process import DbtProcess
from orchestration.dbt_project import PROJECT, last_words
from orchestration.errors import ChecksFailed
from orchestration.settings import Settings

if TYPE_CHECKING:
    from expectations.validate import Verdict

STUDIES_PROJECT = PROJECT / "studies"
FILE = "studies.duckdb"


@dataclass(frozen=True)
class Built:
    """What is in the warehouse of studies.

    Attributes
    ----------
    rows
        Number of rows, by mart.
    left_out
        Of each study that is in no mart: study, reason (with the file), next_step.
    """

    rows: dict[str, int]
    left_out: list[dict[str, str]]


def build(settings: Settings, progress: Callable[[str], None] | None = None) -> Built:
    """Build the warehouse of studies anew, without those whose counts must not be read.

    Raises
    ------
    ChecksFailed
        A contract, a test or a suite failed, or no study that has been run can be read; the file
        that was read before still stands.
    LookupError
        No study has been run.
    """
    from simulate.studies.marts import MARTS, rows
    from simulate.studies.store import StoreError

    settings.studies.mkdir(parents=True, exist_ok=True)
    try:
        frames = rows(settings.studies, progress)
    except StoreError as error:
        raise ChecksFailed(f"{error} The earlier file stands.") from None
    with tempfile.TemporaryDirectory(dir=settings.studies, prefix=".marts-") as folder:
        here = Path(folder)
        for name, frame in frames.items():
            told = frame if len(frame.columns) else frame.assign(none=[])
            told.to_parquet(here / f"{name}.parquet", index=False)
        path = here / FILE
        _run_dbt(settings, here, path)
        failed = [line for name in MARTS for line in _failures(_verdict(path, name))]
        if failed:
            raise ChecksFailed(f"{'; '.join(failed)}. The earlier file stands.")
        path.replace(settings.studies / FILE)
    left_out = frames["study_left_out"].to_dict("records")
    return Built(
        {name: len(frame) for name, frame in frames.items()},
        [{str(name): str(value) for name, value in row.items()} for row in left_out],
    )


def _run_dbt(settings: Settings, folder: Path, path: Path) -> None:
    target = settings.dbt_target.parent / "studies"
    command = ["--quiet", "--log-level-file", "info", "build"]
    for option, value in (
        ("--project-dir", STUDIES_PROJECT),
        ("--profiles-dir", PROJECT),
        ("--target-path", target),
        ("--log-path", target),
    ):
        command += [option, str(value)]
    environment = {
        "PLATEAU_BUILD": str(path),
        "PLATEAU_STUDY_ROWS": str(folder),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    done = DbtProcess().run(command, environment)
    if done.returncode:
        results = target / "run_results.json"
        told = json.loads(results.read_text("utf-8"))["results"] if results.exists() else []
        failed = [r["unique_id"].split(".")[2] for r in told if r["status"] in ("error", "fail")]
        where = ", ".join(failed[:10]) or last_words(done)
        raise ChecksFailed(f"The marts of studies failed at {where}; the earlier file stands.")


def _verdict(path: Path, name: str) -> Verdict:
    import duckdb

    from expectations.validate import validate

    with duckdb.connect(path, read_only=True) as connection:
        return validate(name, connection.execute(f'from "{name}"').df())


def _failures(verdict: Verdict) -> Iterator[str]:
    for result in verdict.results:
        if result.status in ("failed", "error"):
            yield f"{result.table}: {result.rule_id} ({result.detail})"
