"""A warehouse file with raw tables, and the real dbt project on it.

Here: writing rows or ingesting simulated extracts, calling dbt as a process, reading back. Not
here: what rows hold.
"""

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd

from expectations.protocol import Protocol
from orchestration.ingest import load, schema
from orchestration.ingest.deliveries import new_and_ready, scan
from orchestration.journal import Journal
from orchestration.settings import load as settings_of
from orchestration.warehouse import connect
from simulate import extracts
from simulate.cohort import generate
from simulate.scenario import load as scenario

ROOT = Path(__file__).parents[3]
DELIVERY, LATER_DELIVERY = "20231228-aaaa", "20231229-bbbb"
RAW = ("raw_patients", "raw_sessions", "raw_emcs", "raw_patient_age", "quarantine_cell", "raw_line",
       "ingest_file")  # fmt: skip


def write(path: Path, tables: dict[str, list[dict]], newest: date) -> None:
    """Write rows into the tables that ingest would have made."""
    with duckdb.connect(str(path)) as con:
        schema.create(con)
        for name, rows in tables.items():
            frame = pd.DataFrame(rows, dtype=object)  # noqa: F841 - DuckDB reads it by name
            if rows:
                con.execute(f"insert into {name} by name select * from frame")
        for table in ("patients", "sessions", "emcs"):
            for delivery, day, file in (
                (DELIVERY, newest - timedelta(days=1), f"raw_{table}"),
                (LATER_DELIVERY, newest, f"again_{table}"),
            ):
                con.execute(
                    "insert into ingest_file by name select ? as delivery_id, ? as delivery_date,"
                    " ? as table_name, ? as file_sha256, 'accepted' as status, 'run' as run_id",
                    [delivery, day, table, file],
                )


def read(path: Path, names: tuple[str, ...] | list[str]) -> dict[str, pd.DataFrame]:
    """Relations as frames."""
    with duckdb.connect(str(path), read_only=True) as con:
        return {name: con.execute(f"select * from {name}").df() for name in names}


def newest_delivery(path: Path) -> date:
    """Date of the newest delivery that was taken."""
    with duckdb.connect(str(path), read_only=True) as con:
        query = "select max(delivery_date) from ingest_file where status = 'accepted'"
        return con.execute(query).fetchall()[0][0]


def dbt_run(path: Path, folder: Path, protocol: Protocol) -> None:
    """Build every model on a warehouse file.

    No data tests: courses as odd as these are meant to trip them.
    """
    dbt = ROOT / "dbt"
    command = [
        str(Path(sys.executable).with_name("dbt")), "run",
        "--project-dir", str(dbt), "--profiles-dir", str(dbt),
        "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
        "--vars", json.dumps(protocol.dbt_vars(is_synthetic=True)), "--no-use-colors",
    ]  # fmt: skip
    environment = os.environ | {
        "PLATEAU_BUILD": str(path),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def ingest_simulated(path: Path, seed: int, n_patients: int) -> None:
    """Write the extracts of a simulated clinic beside the warehouse file and ingest them."""
    cohort = generate(scenario("replica"), seed=seed, n_patients=n_patients)
    folder = path.parent
    extracts.write(cohort, folder, seed=seed)
    settings = settings_of(
        {
            "data": folder / "data",
            "deliveries": folder / "deliveries",
            "key_file": folder / "pseudonym.key",
        },
        cwd=folder,
    )
    with connect(path) as con:
        fresh = new_and_ready(scan(settings), [])
        load.load(fresh, con, settings, Journal(settings, "run"), "run")
