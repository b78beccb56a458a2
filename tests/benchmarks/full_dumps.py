"""A clinic that delivers its full dump every night: how a night and the data directory grow.

Run as a script, not a test; the table in `docs/evidence/` comes from it:

    python tests/benchmarks/full_dumps.py --nights 300 --out DIR

Each night changes a few values, adds a few sessions, loads the dump, derives the history and
publishes; the first and the last night also run the whole job `warehouse` (checks, dbt).
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from scale import patient_frame, session_frame, time_night, write_frames

FIRST_NIGHT = date(2025, 1, 1)
CHANGED = 10
"""Values that a nurse corrects between two dumps."""
NEW = 5
"""Sessions held between two dumps."""


def change(sessions: pd.DataFrame, n_patients: int, rng: np.random.Generator) -> pd.DataFrame:
    """The sessions as the next night's dump has them: some corrected, some new, at the end."""
    corrected = rng.choice(len(sessions), CHANGED, replace=False)
    sessions.loc[corrected, "relief"] = (10 * rng.integers(0, 10, CHANGED)).astype(str)
    last = sessions.drop_duplicates("ipp", keep="last")
    new = last.iloc[rng.choice(n_patients, NEW, replace=False)].copy()
    new["no"] += 1
    held = pd.to_datetime(new["day"], format="%d/%m/%Y") + pd.Timedelta(21, "D")
    new["day"], new["typed"] = held.dt.strftime("%d/%m/%Y"), held.dt.strftime("%d/%m/%Y 17:00")
    new["asked"] = (held + pd.Timedelta(21, "D")).dt.strftime("%d/%m/%Y")
    return pd.concat([sessions, new], ignore_index=True)


def ingest_night(data: Path, drop: Path, night: int) -> dict[str, float]:
    """Load what is new and publish, without checks and dbt; seconds of each part."""
    from orchestration.build import Build
    from orchestration.ingest.deliveries import new_and_ready, scan
    from orchestration.ingest.known import loaded_deliveries
    from orchestration.ingest.load import load
    from orchestration.journal import Journal

    settings = settings_of(data, drop)
    run_id = f"night{night:04}"
    build, journal = Build(settings, run_id, run_id), Journal(settings, run_id)
    began = time.perf_counter()
    build.open()
    with build.write() as connection:
        found = new_and_ready(scan(settings), loaded_deliveries(connection, settings))
        scanned = time.perf_counter()
        loaded = load(found, connection, settings, journal, run_id)
    ingested = time.perf_counter()
    if loaded.refused or len(loaded.accepted) != 1:
        raise SystemExit(f"{loaded.refused or loaded.accepted}")
    build.publish("synthetic")
    return {
        "copy and scan": scanned - began,
        "ingest": ingested - scanned,
        "derive": journal.seconds["derive history"],
        "publish": time.perf_counter() - ingested,
    }


def settings_of(data: Path, drop: Path):  # noqa: ANN201
    """Settings of a data directory that is ready."""
    from orchestration import data_directory
    from orchestration.settings import load

    settings = load({"data": data, "deliveries": drop, "preset": "clinic"}, cwd=data.parent)
    data_directory.prepare(settings)
    return settings


def sizes(data: Path) -> dict[str, float]:
    """Megabytes of the published warehouse, the vault and the kept deliveries."""
    kept = sum(p.stat().st_size for p in (data / "deliveries").rglob("*") if p.is_file())
    files = {
        "warehouse": (data / "warehouse/live/plateau.duckdb").stat().st_size,
        "vault": (data / "vault/vault.duckdb").stat().st_size,
        "kept": kept,
    }
    return {name: size / 1e6 for name, size in files.items()}


def main() -> None:
    """Deliver night after night and print a line for some of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=300)
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--every", type=int, default=25, help="nights between two lines")
    parser.add_argument("--whole", action="store_true", help="end with a night of the whole job")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    shutil.rmtree(asked.out, ignore_errors=True)
    asked.out = asked.out.resolve()
    data, drop = asked.out / "data", asked.out / "deliveries"
    rng = np.random.default_rng(1)
    ipp = np.char.zfill((1 + np.arange(asked.patients)).astype(str), 8)
    patients, sessions = patient_frame(ipp, rng), session_frame(ipp, rng)
    for night in range(1, asked.nights + 1):
        day = FIRST_NIGHT + timedelta(night)
        write_frames(drop / f"{day:%Y%m%d}", patients, sessions)
        sessions = change(sessions, asked.patients, rng)
        if asked.whole and night in (2, asked.nights):
            print(json.dumps({"night": night} | time_night(asked.out)), flush=True)
            continue
        seconds = ingest_night(data, drop, night)
        for old in (data / "warehouse/versions").glob("*.duckdb"):
            old.unlink()
        if night == 1 or night % asked.every == 0:
            line = {"night": night} | seconds | sizes(data)
            print(json.dumps({k: round(v, 2) for k, v in line.items()}), flush=True)


if __name__ == "__main__":
    main()
