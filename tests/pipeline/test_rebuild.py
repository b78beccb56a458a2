"""The warehouse made again from the kept deliveries: the same, an earlier or a re-keyed one."""

import shutil
from datetime import date
from types import SimpleNamespace

import pytest

from orchestration import data_directory, dbt_project, exchange, faults, lock, vault
from orchestration.backup import backup
from orchestration.build import Build
from orchestration.commands import nightly, rebuild
from orchestration.commands.vault import rotate
from orchestration.comparison import compare, contents
from orchestration.errors import InputMissing, PlateauError, WrongUse
from orchestration.ingest.deliveries import new_and_ready, scan
from orchestration.ingest.known import loaded_deliveries
from orchestration.ingest.load import load as load_deliveries
from orchestration.journal import Journal
from orchestration.publication import publish
from orchestration.restore import restore
from orchestration.settings import load
from orchestration.versions import versions
from orchestration.warehouse import connect, meta_of


def listen(event):
    """Nobody looks."""


def night(settings, run_id):
    """Load what is new, build the marts, publish: a nightly without Dagster and models."""
    settings.data.mkdir(exist_ok=True)
    with lock.writing(settings.data, run_id):
        build = Build(settings, run_id, run_id)
        build.open()
        journal = Journal(settings, run_id)
        with build.read() as connection:
            known = loaded_deliveries(connection, settings)
        with build.write() as connection:
            load_deliveries(
                new_and_ready(scan(settings), known), connection, settings, journal, run_id
            )
        dbt_project.build(settings, build.path)
        with build.write() as connection:
            connection.execute(
                "create or replace table patient_curve as "
                "select patient_id, 1 as session_no, 30.0 as mean_relief_pct from patients"
            )
        publish(build, journal)


def small_marts(settings, path, *, select=None):
    """Stands for dbt, which takes ten seconds: three marts that a new version would change."""
    current = "where known_to is null and set_aside_rule is null"
    with connect(path) as connection:
        connection.execute(
            f"create or replace table patients as select patient_id from raw_patients {current}"
        )
        connection.execute(
            "create or replace table sessions as select row_key, patient_id, session_date, "
            "row_number() over (partition by patient_id order by session_date, row_key) "
            f"as session_no from raw_sessions {current}"
        )
        connection.execute(
            "create or replace table status as select patient_id, avg(session_no) as mean "
            "from sessions group by 1"
        )


@pytest.fixture(scope="module", autouse=True)
def quick_marts():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt_project, "build", small_marts)
        yield


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Settings of a directory that has published two nights."""
    from simulate import extracts
    from simulate.cohort import generate
    from simulate.scenario import load as scenario

    folder = tmp_path_factory.mktemp("rebuild")
    drop = folder / "drop"
    flags = {
        "data": folder / "data", "deliveries": drop, "preset": "paper_replica",
        "key_file": folder / "keys" / "pseudonym.key",
    }  # fmt: skip
    settings = load(flags, cwd=folder)
    clinic = generate(scenario("replica"), seed=1, n_patients=10)
    extracts.write(clinic, folder / "clinic", seed=1)
    days = sorted((folder / "clinic" / "deliveries").iterdir())
    for number, some in enumerate((days[:2], days[2:])):
        for day in some:
            shutil.copytree(day, drop / day.name)
        night(settings, f"night{number}")
    return settings


@pytest.fixture
def own(published, tmp_path):
    """A copy of that directory which a test may change."""
    shutil.copytree(published.data, tmp_path / "data")
    shutil.copytree(published.key_file.parent, tmp_path / "keys")
    flags = {
        "data": tmp_path / "data", "deliveries": published.deliveries, "preset": "paper_replica",
        "key_file": tmp_path / "keys" / "pseudonym.key",
    }  # fmt: skip
    return load(flags, cwd=tmp_path)


def ask(path, query):
    with connect(path, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_the_check_finds_every_table_equal_and_changes_nothing(published):
    before = published.live.read_bytes(), published.vault.read_bytes()
    compared = {table.table: table for table in rebuild.check(published, listen=listen)}
    assert [name for name, table in compared.items() if table.equal is not True] == []
    assert {"raw_sessions", "raw_line", "patients", "sessions", "status"} <= compared.keys()
    assert compared["raw_line"].rows == ask(published.live, "select count(*) from raw_line")[0][0]
    assert (published.live.read_bytes(), published.vault.read_bytes()) == before
    assert not list(published.builds.iterdir())


def test_the_check_names_the_table_that_somebody_changed(own):
    with connect(own.live) as connection:
        connection.execute(
            "update sessions set session_no = session_no + 1 where row_key = "
            "(select min(row_key) from sessions)"
        )
        connection.execute("checkpoint plateau")
    compared = {table.table: table.equal for table in rebuild.check(own, listen=listen)}
    assert [name for name, equal in compared.items() if not equal] == ["sessions"]


def test_as_known_on_a_day_is_what_was_published_then(published, tmp_path):
    (first,) = versions(published)
    day = ask(first, "select max(delivery_date)::date from ingest_file")[0][0]
    made = rebuild.as_of(published, day, tmp_path / "then.duckdb", listen=listen)
    assert [t.table for t in compare(tmp_path / "then.duckdb", first) if not t.equal] == []
    assert {t.table: t.rows for t in made}["patients"] < len(ask(published.live, "from patients"))
    with pytest.raises(PlateauError, match="exists already"):
        rebuild.as_of(published, day, tmp_path / "then.duckdb", listen=listen)


@pytest.fixture
def marts_under(monkeypatch):
    """Presets under which marts are made, in order."""
    presets = []

    def noted(settings, path, *, select=None):
        presets.append(settings.preset)
        small_marts(settings, path, select=select)

    monkeypatch.setattr(dbt_project, "build", noted)
    return presets


def naming(settings, preset=None):
    """Settings of the same directory that name another preset, or none: then it is `clinic`."""
    flags = {"data": settings.data, "key_file": settings.key_file, "preset": preset}
    return load(flags, cwd=settings.data.parent)


@pytest.mark.parametrize("named", [None, "clinic"])
def test_what_is_made_again_is_made_under_the_published_preset(own, tmp_path, marts_under, named):
    others = naming(own, named)
    assert others.preset == "clinic" and meta_of(own.live).preset == "paper_replica"
    assert all(table.equal for table in rebuild.check(others, listen=listen))
    rebuild.as_of(others, date(2100, 1, 1), tmp_path / "then.duckdb", listen=listen)
    rotate(others, None, listen=listen)
    assert marts_under == ["paper_replica"] * 3
    assert meta_of(tmp_path / "then.duckdb").preset == meta_of(own.live).preset == "paper_replica"


@pytest.mark.parametrize(("named", "taken"), [(None, "paper_replica"), ("clinic", "clinic")])
def test_a_published_rebuild_changes_the_preset_only_when_told(own, monkeypatch, named, taken):
    runs = []

    def stopped(settings, outcome, tell, journal, *, run_id):
        begun = Build(settings, run_id, run_id)
        runs.append((settings.preset, begun.seal("synthetic").preset))

    monkeypatch.setattr(nightly, "execute", stopped)
    rebuild.publish(naming(own, named), listen=listen)
    assert runs == [(taken, taken)]


def test_with_nothing_published_the_preset_of_the_settings_counts(own, tmp_path):
    own.live.unlink()
    rebuild.as_of(naming(own), date(2100, 1, 1), tmp_path / "then.duckdb", listen=listen)
    assert meta_of(tmp_path / "then.duckdb").preset == "clinic"


def test_profiles_of_deliveries_are_not_compared_and_never_lost(own):
    with connect(own.live) as connection:
        connection.execute(
            "insert into dq_profile by name select 'night0' as run_id, "
            "timestamp '2026-01-01 02:00' as \"at\", delivery_id, delivery_date, "
            "'raw_sessions' as table_name, 'n_rows' as metric, 12.0 as value, 12 as n "
            "from ingest_file where table_name = 'sessions'"
        )
        connection.execute("checkpoint plateau")
    measured = sorted(ask(own.live, "from dq_profile"), key=str)
    assert measured
    assert all(table.equal for table in rebuild.check(own, listen=listen))
    begun = Build(own, "begun", "begun")
    begun.open(fresh=True)
    assert sorted(ask(begun.path, "from dq_profile"), key=str) == measured
    rotate(own, None, listen=listen)
    assert sorted(ask(own.live, "from dq_profile"), key=str) == measured


def test_nothing_kept_up_to_a_day_is_said(published, tmp_path):
    with pytest.raises(InputMissing, match="No delivery is kept.*up to 2001-01-01"):
        rebuild.as_of(published, date(2001, 1, 1), tmp_path / "x.duckdb", listen=listen)
    assert not (tmp_path / "x.duckdb").exists()


@pytest.mark.parametrize(
    "options", [(True, True, True), (False, True, False), (False, False, True)]
)
def test_options_that_contradict_each_other_are_refused(options):
    with pytest.raises(WrongUse):
        rebuild.require_one_purpose(*options)


def test_after_backup_and_restore_the_next_night_works_and_the_check_is_equal(own, tmp_path):
    backup(own, tmp_path / "copy")
    shutil.rmtree(own.data)
    restore(own, tmp_path / "copy")
    night(own, "afterwards")
    assert meta_of(own.live).run_id == "afterwards"
    assert all(table.equal for table in rebuild.check(own, listen=listen))


def pseudonyms(settings):
    with vault.connect(settings) as connection:
        rows = connection.execute("select ipp, patient_id, key_id from pseudonym").fetchall()
    return {ipp: SimpleNamespace(id=patient, key_id=key_id) for ipp, patient, key_id in rows}


def texts(path):
    """Every text in every column of a warehouse or vault."""
    with connect(path, read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() "
            "where database_name = 'plateau' and data_type = 'VARCHAR'"
        ).fetchall()
        return {
            text
            for table, column in columns
            for (text,) in connection.execute(
                f'select distinct "{column}" from "{table}"'
            ).fetchall()
        }


def test_a_new_key_gives_everybody_a_new_pseudonym_and_leaves_no_old_one(own):
    before, marts = pseudonyms(own), contents(own.live)
    rotated = rotate(own, None, listen=listen)
    after = pseudonyms(own)
    assert before.keys() == after.keys() and rotated.n_patients == len(before)
    assert {p.key_id for p in after.values()} == {rotated.key_id}
    old = {p.id for p in before.values()}
    assert not old & {p.id for p in after.values()}
    assert not old & texts(own.live) and not old & texts(own.vault)
    for name in ("patients", "sessions", "raw_line", "patient_curve"):
        assert contents(own.live)[name].rows == marts[name].rows
    ours = {row[0] for row in ask(own.live, "select patient_id from patients")}
    assert ours <= {p.id for p in after.values()}
    assert ours == {row[0] for row in ask(own.live, "select patient_id from patient_curve")}


def test_after_a_new_key_the_next_night_and_the_check_go_on_under_it(own):
    old_key = own.key_file.read_bytes()
    rotated = rotate(own, None, listen=listen)
    assert rotated.retired.read_bytes() == old_key
    assert rotated.retired.stat().st_mode & 0o077 == own.key_file.stat().st_mode & 0o077 == 0
    assert data_directory.key_id_of(own) == meta_of(own.live).key_id == rotated.key_id
    assert vault.key_id(vault.load_key(own, "synthetic")) == rotated.key_id
    assert not versions(own) and not list(own.key_file.parent.glob("*.rotating"))
    n_lines = ask(own.live, "select count(*) from raw_line")
    night(own, "afterwards")
    assert ask(own.live, "select count(*) from raw_line") == n_lines
    assert all(table.equal for table in rebuild.check(own, listen=listen))


def test_a_key_that_cannot_be_is_refused_and_nothing_changes(own, tmp_path):
    before = own.live.read_bytes(), own.vault.read_bytes(), own.key_file.read_bytes()
    (tmp_path / "short").write_text("abcd", "utf-8")
    for key, words in (
        (own.key_file, "is the present one"),
        (tmp_path / "short", "64 hex digits"),
        (tmp_path / "absent", "no key file"),
    ):
        with pytest.raises(PlateauError, match=words):
            rotate(own, key, listen=listen)
    assert (own.live.read_bytes(), own.vault.read_bytes(), own.key_file.read_bytes()) == before
    assert not list(own.key_file.parent.glob("*.rotating"))


class Killed(BaseException):
    """Stands for SIGKILL: no code of ours catches it."""


@pytest.mark.parametrize("moment", ["exchange_staged", "exchange_committed", "exchange_moved"])
def test_a_killed_rotation_is_whole_or_never_was(own, monkeypatch, moment):
    old = vault.key_id(vault.load_key(own, "synthetic"))
    passed = []

    def die(point):
        passed.append(point)
        if point == moment and passed.count(point) == min(3, 1 + 2 * (moment == "exchange_moved")):
            raise Killed

    monkeypatch.setattr(faults, "listener", die)
    with pytest.raises(Killed):
        rotate(own, None, listen=listen)
    monkeypatch.setattr(faults, "listener", None)
    with lock.writing(own.data, "the next one"):
        assert not exchange.finish(own.data)
    here = vault.key_id(vault.load_key(own, "synthetic"))
    assert (here == old) == (moment == "exchange_staged")
    assert here == data_directory.key_id_of(own) == meta_of(own.live).key_id
    assert {p.key_id for p in pseudonyms(own).values()} == {here}
    ours = {row[0] for row in ask(own.live, "select patient_id from patients")}
    assert ours <= {p.id for p in pseudonyms(own).values()}
