"""Run a fixture the way the nightly does: scan, load, derive; and read what the warehouse says.

Belongs here: one warehouse a fixture, or one for several, and the findings of gate, contract and
history. Does not: dbt and Great Expectations (`derived`), or the comparison with what was expected
(`comparing`).
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.building import build, write_manifest
from harness.fixtures import Finding, Fixture

from orchestration.build import Build
from orchestration.ingest import load as ingest
from orchestration.ingest.deliveries import Delivery, new_and_ready, scan
from orchestration.ingest.known import loaded_deliveries
from orchestration.journal import Journal
from orchestration.settings import Settings
from orchestration.settings import load as settings_of
from orchestration.vault import make_key

RUN = "run"
LONG_AFTER = 4_000_000_000.0
"""A time at which every file has settled."""


@dataclass(frozen=True)
class Clinic:
    """A data directory and its drop folder."""

    settings: Settings

    @property
    def build(self) -> Build:
        """The warehouse as a run that has not published yet."""
        return Build(self.settings, RUN, RUN)

    def ask(self, question: str) -> list[tuple]:
        """Rows that a query gives."""
        with self.build.write() as connection:
            return connection.execute(question).fetchall()


def clinic(folder: Path, drop: Path | None = None) -> Clinic:
    """An empty data directory below a folder."""
    drop = drop or folder / "drop"
    drop.mkdir(parents=True, exist_ok=True)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    flags = {"data": folder / "data", "deliveries": drop, "key_file": folder / "pseudonym.key"}
    settings = settings_of(flags, cwd=folder)
    if not settings.key_file.exists():
        make_key(settings.key_file)
    settings.builds.mkdir(parents=True, exist_ok=True)
    return Clinic(settings)


def arrive(fixture: Fixture, part: str, drop: Path, *, mode: str | None = None) -> None:
    """Put a part of a fixture into the drop folder; a mode asks for a manifest."""
    source = fixture.folder / part
    if source.is_dir():
        shutil.copytree(source, drop, dirs_exist_ok=True)
    build(fixture.folder, part, drop)
    if mode:
        for folder in drop.iterdir():
            write_manifest(folder, mode=mode)


def fresh(here: Clinic, known: set[str]) -> list[Delivery]:
    """Deliveries of the drop folder that are ready and not known yet."""
    return new_and_ready(scan(here.settings, now=LONG_AFTER), known)


def take(here: Clinic) -> None:
    """Load whatever is new, as a nightly does; then nothing may be new any more."""
    journal = Journal(here.settings, RUN)
    with here.build.write() as connection:
        known = loaded_deliveries(connection, here.settings)
        ingest.load(fresh(here, known), connection, here.settings, journal, RUN)
        assert not fresh(here, loaded_deliveries(connection, here.settings))


def run(fixture: Fixture, folder: Path, *, part: str = "deliveries") -> Clinic:
    """Run a part of a fixture, and its second arrival, in a warehouse of its own."""
    here = clinic(folder)
    arrive(fixture, part, here.settings.incoming)
    take(here)
    second = "again" if part == "deliveries" else f"{part}_again"
    if (fixture.folder / second).is_dir():
        arrive(fixture, second, here.settings.incoming)
        take(here)
    return here


@dataclass(frozen=True)
class Together:
    """One warehouse of several fixtures, and the fixture of each file by its hash."""

    clinic: Clinic
    fixture_of: dict[str, str]

    def files_of(self, fixture: Fixture) -> set[str]:
        """Hashes of a fixture's files."""
        return {sha256 for sha256, name in self.fixture_of.items() if name == fixture.name}


def together(fixtures: Iterable[Fixture], folder: Path, *, part: str = "deliveries") -> Together:
    """Load the fixtures as increments, each from a drop folder of its own, into one warehouse.

    Their patients differ, and a file keeps its name and its lines.
    """
    here, deliveries, fixture_of = clinic(folder), [], {}
    for fixture in fixtures:
        drop = folder / "drops" / fixture.name
        drop.mkdir(parents=True)
        arrive(fixture, part, drop, mode="increment")
        mine = fresh(clinic(folder, drop), set())
        fixture_of |= {file.sha256: fixture.name for one in mine for file in one.files}
        deliveries += mine
    with here.build.write() as connection:
        ingest.load(deliveries, connection, here.settings, Journal(here.settings, RUN), RUN)
    return Together(here, fixture_of)


def findings(here: Clinic, files: set[str] | None = None) -> frozenset[Finding]:
    """Everything that gate, contract and history say of the files, or of those of these hashes."""
    return frozenset(
        Finding(*found)
        for sha256, *found in here.ask(_FINDINGS)
        if files is None or sha256 in files
    )


_FINDINGS = """
with files as (
    select delivery_id, file_sha256, table_name, delivery_name || '/' || file_name as file
    from ingest_file where status = 'accepted'
),
said as (
    select delivery_id, file_sha256, table_name, rule_id, 'quarantine_row' as action, line,
        null as column_name from quarantine_row
    union all select delivery_id, file_sha256, table_name, rule_id, 'quarantine_cell', line,
        column_name from quarantine_cell
    union all select delivery_id, file_sha256, table_name, rule_id, 'repair', line, column_name
    from repair_log
    union all select delivery_id, file_sha256, table_name, rule_id, 'drop', line, null
    from raw_line where fate = 'dropped'
    union all select delivery_id, file_sha256, table_name, rule_id, 'warn',
        case when rule_id not like 'gate%' then line end, column_name from file_warning
    union all select delivery_id, file_sha256, 'sessions', 'row_' || end_reason, 'version', line,
        null from raw_sessions where end_reason is not null
)
select file_sha256, rule_id, action, file, line, column_name from said
left join files using (delivery_id, file_sha256, table_name)
union
select file_sha256, rule_id, case when rule_id in
    ('gate_required_file_missing', 'contract_rows_vanished', 'gate_late_changes_landmark')
    then 'block' else 'refuse' end,
    case when contains(file_name, '.') and file_name <> 'manifest.csv'
        and rule_id not in ('gate_path_unsafe') then delivery_name || '/' || file_name
        else delivery_name end,
    null, null
from ingest_file where status = 'refused'
"""
