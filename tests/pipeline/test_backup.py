"""Backup and restore: whole, verified, without the key; nothing that stood there is deleted."""

import json
import shutil
import stat
from dataclasses import replace

import pytest

from orchestration import lock, vault
from orchestration.backup import backup
from orchestration.build import Build
from orchestration.data_directory import claim
from orchestration.errors import Busy, InputMissing, PlateauError
from orchestration.files import replace_file
from orchestration.restore import restore
from orchestration.settings import load
from orchestration.warehouse import connect, meta_of

BYTES = b"ipp;nom\n1;X\n"


@pytest.fixture
def settings(tmp_path):
    return made(tmp_path, "data")


def made(tmp_path, name, n=1):
    """A small published directory: warehouse, vault, one kept file, a posterior, a report."""
    settings = load({"data": tmp_path / name, "key_file": tmp_path / "key"}, cwd=tmp_path)
    settings.data.mkdir()
    key = vault.load_key(settings, "synthetic")
    claim(settings, "synthetic", vault.key_id(key), "20250101")
    with vault.connect(settings) as connection:
        connection.execute("insert into pseudonym values ('p1', 'k', '0001')")
    import hashlib

    sha = hashlib.sha256(BYTES).hexdigest()
    replace_file(settings.kept / sha[:2] / sha, BYTES, mode=0o600)
    for run in ("run", "earlier"):
        replace_file(settings.posteriors / f"{run}.zarr" / "zarr.json", "{}")
    replace_file(settings.reports / "report.html", "<p>")
    build = Build(settings, "run", "run")
    build.open()
    with build.write() as connection:
        connection.execute(f"create table seen as select {n} as n")
        connection.execute(
            "create table model_status as select 'relief' as model, 'run' as rows_run_id"
        )
    build.publish("synthetic")
    return settings


def files(folder):
    """Content of every file by its relative name, but for the lock."""
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


def seen(settings):
    with connect(settings.live, read_only=True) as connection:
        return connection.execute("select n from seen").fetchone()[0]


def test_a_destroyed_directory_comes_back(settings, tmp_path):
    copied = backup(settings, tmp_path / "copy")
    before = files(settings.data)
    shutil.rmtree(settings.data)
    restored = restore(settings, tmp_path / "copy")
    assert files(settings.data) == {
        name: content for name, content in before.items() if "earlier.zarr" not in name
    }
    assert restored.files == copied.files and restored.replaced is None
    assert meta_of(settings.live).run_id == "run"
    with vault.connect(settings) as connection:
        assert connection.execute("select ipp from pseudonym").fetchone() == ("0001",)


def test_no_copy_of_the_key_and_the_vault_closed_to_others(settings, tmp_path):
    copied = backup(settings, tmp_path / "copy")
    key = settings.key_file.read_bytes().strip()
    assert not any(key in content for content in files(tmp_path / "copy").values())
    manifest = json.loads((tmp_path / "copy" / "manifest.json").read_text("utf-8"))
    assert manifest["key_id"] == copied.key_id == vault.key_id(bytes.fromhex(key.decode()))
    restored = replace(settings, data=tmp_path / "elsewhere")
    restore(restored, tmp_path / "copy")
    for path in (tmp_path / "copy/vault/vault.duckdb", restored.vault):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o700


def test_another_key_is_refused_by_its_id(settings, tmp_path):
    copied = backup(settings, tmp_path / "copy")
    elsewhere = replace(settings, data=tmp_path / "elsewhere", key_file=tmp_path / "other_key")
    with pytest.raises(InputMissing, match=f"key {copied.key_id}.* is none"):
        restore(elsewhere, tmp_path / "copy")
    vault.make_key(tmp_path / "other_key")
    with pytest.raises(InputMissing, match=f"of key {copied.key_id}"):
        restore(elsewhere, tmp_path / "copy")
    assert not elsewhere.data.exists()


@pytest.mark.parametrize("name", ["vault/vault.duckdb", "plateau.json", "reports/report.html"])
@pytest.mark.parametrize("harm", ["altered", "gone"])
def test_a_harmed_backup_changes_nothing(settings, tmp_path, name, harm):
    backup(settings, tmp_path / "copy")
    harmed = tmp_path / "copy" / name
    if harm == "altered":
        harmed.write_bytes(harmed.read_bytes()[:-1] + b"?")
    else:
        harmed.unlink()
    before = files(settings.data)
    with pytest.raises(PlateauError, match="nothing was restored"):
        restore(settings, tmp_path / "copy", replace=True)
    with lock.writing(settings.data, "the next one"):
        assert files(settings.data) == before


def test_an_interrupted_backup_is_none(settings, tmp_path):
    backup(settings, tmp_path / "copy")
    (tmp_path / "copy" / "manifest.json").unlink()
    with pytest.raises(InputMissing, match="no whole backup"):
        restore(settings, tmp_path / "copy", replace=True)


def test_data_that_stand_there_are_moved_aside_only_when_told(settings, tmp_path):
    backup(settings, tmp_path / "copy")
    other = made(tmp_path, "other", n=2)
    with pytest.raises(PlateauError, match="holds data already.*--replace"):
        restore(other, tmp_path / "copy")
    assert seen(other) == 2
    before = files(other.data)
    restored = restore(other, tmp_path / "copy", replace=True)
    assert seen(other) == 1
    assert files(restored.replaced) == before


def test_the_other_kind_is_refused_even_then(settings, tmp_path):
    backup(settings, tmp_path / "copy")
    real = replace(settings, data=tmp_path / "real")
    replace_file(real.data / "plateau.json", '{"kind": "real", "key_id": "x"}')
    with pytest.raises(InputMissing, match="synthetic.*has held real data"):
        restore(real, tmp_path / "copy", replace=True)


def test_a_manifest_that_leads_out_of_the_backup_is_refused(settings, tmp_path):
    backup(settings, tmp_path / "copy")
    path = tmp_path / "copy" / "manifest.json"
    path.write_text(path.read_text("utf-8").replace("plateau.json", "../plateau.json"), "utf-8")
    with pytest.raises(PlateauError, match="outside the backup"):
        restore(settings, tmp_path / "copy", replace=True)


def test_a_kept_file_that_has_rotted_is_named(settings, tmp_path):
    (kept,) = settings.kept.rglob("*/*")
    kept.write_bytes(BYTES + b"?")
    with pytest.raises(PlateauError, match="no longer the file that was delivered"):
        backup(settings, tmp_path / "copy")


def test_a_backup_goes_to_a_folder_of_its_own_outside_and_waits_for_no_writer(settings, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(PlateauError, match="not empty"):
        backup(settings, tmp_path / "full")
    with pytest.raises(PlateauError, match="inside the data directory"):
        backup(settings, settings.data / "copy")
    holder = (
        "import sys, time; from pathlib import Path; from orchestration import lock\n"
        "with lock.writing(Path(sys.argv[1]), 'a night'): print('held', flush=True); time.sleep(60)"
    )
    import subprocess
    import sys

    child = subprocess.Popen(
        [sys.executable, "-c", holder, str(settings.data)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline().strip() == "held"
    try:
        with pytest.raises(Busy, match="a night"):
            backup(settings, tmp_path / "copy")
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_the_commands_tell_what_they_did_and_that_the_key_is_not_in_it(
    settings, tmp_path, monkeypatch, capsys
):
    from orchestration.cli import cli
    from orchestration.commands.console import guarded

    def plateau(*arguments):
        code = guarded(cli, [*arguments, "--data", str(settings.data)])
        return code, capsys.readouterr().out

    monkeypatch.setenv("PLATEAU_KEY_FILE", str(settings.key_file))
    key_id = vault.key_id(vault.load_key(settings, "synthetic"))
    code, said = plateau("backup", str(tmp_path / "one"))
    assert code == 0 and f"key {key_id}) is not in it" in said
    code, said = plateau("backup", str(tmp_path / "two"), "--json")
    assert code == 0 and json.loads(said)["key_id"] == key_id
    code, said = plateau("restore", str(tmp_path / "two"), "--json")
    assert code == 1 and "--replace" in json.loads(said)["error"]
    code, said = plateau("restore", str(tmp_path / "two"), "--replace", "--json")
    assert code == 0 and (settings.data / "plateau.json").exists()
    assert json.loads(said)["replaced"].startswith(str(settings.data / "replaced-"))
    code, said = plateau("doctor", "--json")
    told = {f["subject"]: f["state"] for f in json.loads(said)["findings"]}
    assert (told["key id"], told["vault"], told["versions"]) == ("ok", "ok", "ok")
    settings.vault.chmod(0o644)
    code, said = plateau("doctor", "--json")
    told = {f["subject"]: f["state"] for f in json.loads(said)["findings"]}
    assert code == 1 and told["vault"] == "bad"
