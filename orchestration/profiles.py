"""What the checks read of a build, and the profiles of deliveries that it keeps (`dq_profile`).

Belongs here: choosing rows and columns, so that a million rows are not read for a thousand new
ones. Does not: judging them (`expectations`), Dagster.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np

from orchestration.warehouse import append_table, meta_of, tables

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from expectations.validate import Verdict
    from orchestration.build import Build

RAW_CHECKED = ("raw_patients", "raw_sessions", "raw_emcs")
IN_TABLE = ("table_name", "metric", "column_name", "member", "value", "n")


def verdict_on(build: Build, name: str) -> Verdict:
    """Run the suite of a table on the columns it needs; of raw tables only new rows one by one."""
    import pandas as pd

    from expectations.suites import columns_needed
    from expectations.validate import validate

    with build.read() as connection:
        if name not in tables(connection):
            return validate(name, pd.DataFrame())
        header = [row[0] for row in connection.execute(f'describe "{name}"').fetchall()]
        since = _published_at(build) if name in RAW_CHECKED else None
        columns = [c for c in columns_needed(name, whole=since is not None) if c in header]
        listed = ", ".join(f'"{column}"' for column in columns)
        frame = connection.execute(f'select {listed} from "{name}"').df()
        new_rows = None if since is None else _versions_since(connection, name, since)
    return validate(name, frame, new_rows=new_rows, header=header)


def _published_at(build: Build) -> datetime | None:
    """When the warehouse that this build began with was published; None if it began with none."""
    published = meta_of(build.path)
    if published is None or not published.published_at:
        return None
    return datetime.fromisoformat(published.published_at).astimezone(UTC).replace(tzinfo=None)


def _versions_since(
    connection: duckdb.DuckDBPyConnection, name: str, since: datetime
) -> pd.DataFrame:
    """Versions that no published warehouse holds yet, at least those of the newest delivery."""
    return connection.execute(
        f'select * from "{name}" where known_from >= (select coalesce('
        "min(delivery_date) filter (where loaded_at > $1), max(delivery_date)) "
        "from ingest_file where status = 'accepted')",
        [since],
    ).df()


def distribution_verdicts(build: Build) -> list[Verdict]:
    """Judge volumes, distributions, drift and patterns, and keep the newest delivery's profile."""
    from expectations import drift, patterns
    from expectations.validate import validate

    with build.read() as connection:
        files = connection.execute(
            "select delivery_id, delivery_date, received_no, table_name, delivery_mode, status, "
            "n_rows from ingest_file"
        ).df()
        listed = ", ".join(_STAND_INS.get(name, name) for name in patterns.COLUMNS)
        sessions = connection.execute(
            f"select {listed} from raw_sessions where known_to is null and set_aside_rule is null"
        ).df()
        found = {
            "profile_relief_runs": patterns.relief_runs(sessions),
            "profile_nurses": patterns.nurses(sessions),
            "profile_typing_days": patterns.typing_days(sessions),
        }
        frames = {name: _named_by_row_key(connection, frame) for name, frame in found.items()}
    frames["profile_volumes"] = drift.volumes(files)
    deliveries = _last_two(files)
    if deliveries:
        now, before = _profiles(build, deliveries)
        newest = deliveries[-1][1]
        frames["profile_tables"] = drift.tables(now, before, delivery_date=newest)
        frames["profile_columns"] = drift.columns(now, before)
    return [validate(name, frame) for name, frame in frames.items()]


_STAND_INS = {"row_key": "rowid as row_key", "patient_id": "hash(patient_id) as patient_id"}
"""Numbers for the long texts of a million sessions, of which patterns compare but never tell."""


def _named_by_row_key(connection: duckdb.DuckDBPyConnection, found: pd.DataFrame) -> pd.DataFrame:
    """Put the row keys in the place of the numbers that stood in for them."""
    connection.register("found_pattern", found)
    named = connection.execute(
        "select f.* replace (s.row_key as row_key) from found_pattern as f "
        "inner join raw_sessions as s on f.row_key = s.rowid order by f.row_key"
    ).df()
    connection.unregister("found_pattern")
    return named


def _last_two(files: pd.DataFrame) -> list[tuple[str, date]]:
    """Id and date of the last deliveries of the last two dates, the newest last."""
    accepted = files[files["status"] == "accepted"]
    ordered = accepted.sort_values(["delivery_date", "received_no"], kind="stable")
    last = ordered.drop_duplicates("delivery_date", keep="last").tail(2)
    return [
        (str(delivery_id), day.date())
        for delivery_id, day in zip(last["delivery_id"], last["delivery_date"], strict=True)
    ]


def _profiles(
    build: Build, deliveries: list[tuple[str, date]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Profiles after the newest delivery and after the one before; only the newest is re-read."""
    import pandas as pd

    kept = _kept(build)
    before = pd.DataFrame(columns=list(IN_TABLE))
    if len(deliveries) == 2:
        before = kept[kept["delivery_id"] == deliveries[0][0]]
        if before.empty:
            before = _keep(build, *deliveries[0], _profile(build, deliveries[0][1]))
    newest_id, newest_day = deliveries[-1]
    now = _profile(build, newest_day)
    held = kept.loc[kept["delivery_id"] == newest_id, list(IN_TABLE)]
    if not _same(held, now):
        _keep(build, newest_id, newest_day, now)
    return now, before[list(IN_TABLE)]


def _kept(build: Build) -> pd.DataFrame:
    """Latest profile of each delivery."""
    from expectations.profile import PROFILE_COLUMNS

    columns = ", ".join(f'"{name}" {kind}' for name, kind in PROFILE_COLUMNS.items())
    with build.write() as connection:
        connection.execute(f"create table if not exists dq_profile ({columns})")
        return connection.execute(
            "select * from dq_profile qualify rank() over ("
            'partition by delivery_id order by "at" desc) = 1'
        ).df()


def _profile(build: Build, day: date) -> pd.DataFrame:
    """Profile all raw tables as they stood after the deliveries up to a day."""
    import pandas as pd

    from expectations.profile import profile

    with build.read() as connection:
        standing = [
            (
                name,
                connection.sql(
                    f"select * from {name} where known_from <= $day "
                    "and (known_to is null or known_to > $day) and set_aside_rule is null",
                    params={"day": day},
                ),
            )
            for name in RAW_CHECKED
        ]
        return pd.concat([profile(*one) for one in standing], ignore_index=True)


def _keep(build: Build, delivery_id: str, day: date, found: pd.DataFrame) -> pd.DataFrame:
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = found.assign(run_id=build.run_id, at=now, delivery_id=delivery_id, delivery_date=day)
    with build.write() as connection:
        append_table(connection, "dq_profile", rows)
    return found


def _same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two profiles say the same, but for the order in which their sums were taken."""
    first, second = (
        frame.fillna({"column_name": "", "member": ""})
        .set_index(["table_name", "metric", "column_name", "member"])[["value", "n"]]
        .astype("float64")
        .sort_index()
        for frame in (one, other)
    )
    return first.index.equals(second.index) and np.allclose(
        first.to_numpy(), second.to_numpy(), rtol=1e-12, atol=1e-12, equal_nan=True
    )
