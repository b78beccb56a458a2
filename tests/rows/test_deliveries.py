"""What is in the drop folder: whole, waiting, refused; the same content is never new twice."""

import hashlib
import os
import time

import pytest

from orchestration import data_directory
from orchestration.errors import InputMissing, PlateauError
from orchestration.files import sha256_of
from orchestration.ingest import found_files
from orchestration.ingest.deliveries import new_and_ready, passed_over, require_files, scan
from orchestration.ingest.found_files import sha256_once, shown
from orchestration.ingest.refusal import Refused
from orchestration.settings import load

NOW = 2_000_000_000.0


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "drop").mkdir()
    (tmp_path / "data").mkdir()
    return load({"data": tmp_path / "data", "deliveries": tmp_path / "drop"}, cwd=tmp_path)


def deliver(settings, name, files, *, source=None, age=3600, spoil=None):
    """Write a delivery folder; with a source also its manifest."""
    folder = settings.incoming / name
    folder.mkdir()
    lines = ["fichier;lignes;sha256;extrait_le;source;mode"]
    for file_name, content in files.items():
        (folder / file_name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        lines.append(f"{file_name};1;{digest};01/01/2024;{source};complet")
    if source:
        (folder / "manifest.csv").write_text("\r\n".join(lines), encoding="utf-8")
    if spoil:
        (folder / spoil).write_bytes(b"changed")
    for path in [*folder.iterdir(), folder]:
        os.utime(path, (NOW - age, NOW - age))
    return folder


BOTH = {"patients_20240101.csv": b"ipp\n1\n", "seances_20240101.csv": b"ipp\n1\n"}


def test_missing_drop_folder_is_one_sentence(tmp_path):
    settings = load({"data": tmp_path / "data"}, cwd=tmp_path)
    with pytest.raises(InputMissing, match="no delivery folder .*--deliveries"):
        scan(settings)


def test_a_delivery_without_manifest_settles_first(settings):
    deliver(settings, "20240101", BOTH, age=10)
    (found,) = scan(settings, now=NOW)
    assert "still being copied" in found.not_ready
    (later,) = scan(settings, now=NOW + 300)
    assert (later.not_ready, later.kind) == ("", "real")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [("seances_20240101.csv", "differs from its manifest"), ("manifest.csv", "cannot be read")],
)
def test_a_manifest_must_agree_with_the_files(settings, spoil, reason):
    deliver(settings, "20240101", BOTH, source="DxCare", age=10, spoil=spoil)
    (found,) = scan(settings, now=NOW)
    assert reason in found.not_ready


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_manifest_still_being_copied_is_waited_for(settings, share):
    folder = deliver(settings, "20240101", BOTH, source="DxCare", age=10)
    manifest = folder / "manifest.csv"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[: int(len(whole) * share)])
    (found,) = scan(settings, now=NOW)
    assert found.not_ready
    manifest.write_bytes(whole[: whole.index(b"seances_")])
    (found,) = scan(settings, now=NOW)
    assert found.not_ready == "seances_20240101.csv is not in its manifest"


def test_what_lies_beside_the_files_does_not_make_a_delivery_new(settings):
    folder = deliver(settings, "20240101", BOTH)
    (before,) = scan(settings, now=NOW)
    (folder / "Thumbs.db").write_bytes(b"x")
    (after,) = scan(settings, now=NOW + 10**9)
    assert after.delivery_id == before.delivery_id


def test_a_hand_kept_file_beside_a_manifest_is_waited_for(settings):
    folder = deliver(settings, "20240101", BOTH, source="DxCare")
    (folder / "corrections.csv").write_bytes(b"answers need no line in the manifest")
    (found,) = scan(settings, now=NOW)
    assert not found.not_ready
    (folder / "EMCS CANARI.xlsx").write_bytes(b"x")
    (found,) = scan(settings, now=NOW)
    assert found.not_ready == "file-23dde7ba.xlsx is not in its manifest"


def test_what_lies_in_the_drop_folder_outside_a_delivery_is_named(settings):
    deliver(settings, "20240101", BOTH)
    for folder in ("2024-01-08", "20240231", ".snapshot"):
        (settings.incoming / folder).mkdir()
    for file in ("seances_20240115.csv", "CANARI.zip", "Thumbs.db"):
        (settings.incoming / file).write_bytes(b"x")
    told = dict(passed_over(scan(settings, now=NOW + 10**6), settings))
    assert told == {
        "file-b0129a96": "it is a folder whose name is no date AAAAMMJJ",
        "20240231": "it is a folder whose name is no date AAAAMMJJ",
        "seances_20240115.csv": "it is a file outside a folder AAAAMMJJ",
        "file-3a9ce4c4.zip": "it is a file outside a folder AAAAMMJJ",
    }


def test_a_file_not_yet_copied_is_waited_for(settings):
    folder = deliver(settings, "20240101", BOTH, source="DxCare", age=10)
    (folder / "seances_20240101.csv").unlink()
    (found,) = scan(settings, now=NOW)
    assert found.not_ready == "seances_20240101.csv is in the manifest but not there yet"


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        ("seances_20240101.csv", True), ("SEANCES_20240101.CSV", True), ("manifest.csv", True),
        ("emcs_20240101.xlsm", True), ("redcap_export_20240101.csv", True), ("20240101", True),
        ("emcs_CANARI.xlsx", False), ("CANARI.xlsx", False), ("seances_20240101.CANARI", False),
        ("seances_20240101_CANARI.csv", False), ("patients_20240101.csv.CANARI.csv", False),
    ],
)  # fmt: skip
def test_a_name_that_somebody_chose_is_not_told(name, is_told):
    assert (shown(name) == name) == is_told
    assert "CANARI" not in shown(name)
    assert shown(name) == shown(name) != shown("another.xlsx")


def test_a_declared_name_that_somebody_chose_is_not_told(settings):
    folder = deliver(settings, "20240101", {**BOTH, "CANARI.pdf": b"x"}, source="DxCare", age=10)
    (folder / "CANARI.pdf").unlink()
    (found,) = scan(settings, now=NOW)
    assert found.not_ready.startswith("file-") and "CANARI" not in found.not_ready


def test_a_file_is_hashed_again_only_when_it_has_changed(tmp_path, monkeypatch):
    hashed = []
    monkeypatch.setattr(found_files, "sha256_of", lambda p: hashed.append(p) or sha256_of(p))
    file, now = tmp_path / "seances_20240101.csv", time.time_ns()
    monkeypatch.setattr(found_files.time, "time_ns", lambda: now + 10**10)
    file.write_bytes(b"one")
    assert sha256_once(file) == sha256_once(file) == sha256_of(file)
    assert hashed == [file]
    file.write_bytes(b"two")
    os.utime(file, ns=(0, 0))
    assert sha256_once(file) == sha256_of(file), "its size is the same"
    monkeypatch.setattr(found_files.time, "time_ns", lambda: now)
    file.write_bytes(b"six")
    for _ in range(2):
        assert sha256_once(file) == sha256_of(file)
    assert hashed == [file] * 4, "one that changed a moment ago is not remembered"


def test_manifest_source_tells_the_kind(settings):
    deliver(settings, "20240101", BOTH, source="plateau-simulate")
    assert [d.kind for d in scan(settings, now=NOW)] == ["synthetic"]


def test_identity_is_name_and_content(settings):
    deliver(settings, "20240101", BOTH, source="DxCare")
    (first,) = scan(settings, now=NOW)
    assert new_and_ready([first], {first.delivery_id}) == []
    (settings.incoming / "20240101" / "manifest.csv").unlink()
    (settings.incoming / "20240101" / "seances_20240101.csv").write_bytes(b"ipp\n2\n")
    (second,) = scan(settings, now=NOW + 10_000)
    assert new_and_ready([second], {first.delivery_id}) == [second]


def test_a_required_file_is_required(settings):
    deliver(settings, "20240101", {"patients_20240101.csv": b"x"}, source="DxCare")
    (found,) = scan(settings, now=NOW)
    with pytest.raises(Refused, match="lacks its required file seances_20240101.csv") as refusal:
        require_files(found)
    assert refusal.value.rule_id == "gate_required_file_missing"


def test_links_and_other_folders_are_not_followed(settings, tmp_path):
    folder = deliver(settings, "20240101", BOTH)
    (tmp_path / "elsewhere.csv").write_text("secret", encoding="utf-8")
    (folder / "emcs_20240101.xlsx").symlink_to(tmp_path / "elsewhere.csv")
    (settings.incoming / "old").mkdir()
    (settings.incoming / "20241399").mkdir()
    (found,) = scan(settings, now=NOW)
    assert not found.files, "nothing of it is even hashed"
    assert found.unsafe[:2] == ("gate_path_unsafe", "emcs_20240101.xlsx")


@pytest.mark.parametrize(("first", "then"), [("synthetic", "real"), ("real", "synthetic")])
def test_a_directory_keeps_its_first_kind(settings, first, then):
    data_directory.require_kind(settings, first, "20240101")
    assert data_directory.kind_of(settings) is None, "asking fixes nothing"
    data_directory.claim(settings, first, "key1", "20240101")
    data_directory.claim(settings, first, "key1", "20240201")
    with pytest.raises(InputMissing, match=f"20240301 is {then}.*held {first} data"):
        data_directory.claim(settings, then, "key1", "20240301")


def test_a_directory_keeps_its_first_key(settings):
    data_directory.claim(settings, "real", "key1", "20240101")
    with pytest.raises(InputMissing, match="key key2.*begun with .key key1"):
        data_directory.claim(settings, "real", "key2", "20240201")


def test_a_network_file_system_is_refused(settings, tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"tmpfs / tmpfs rw 0 0\nsrv:/x {settings.data} nfs4 rw 0 0\n", "utf-8")
    assert data_directory.file_system(settings.data / "x", mounts) == "nfs4"
    monkeypatch.setattr(data_directory, "file_system", lambda path: "nfs4")
    with pytest.raises(PlateauError, match=r"network file system \(nfs4\)"):
        data_directory.prepare(settings)


def test_a_directory_without_write_rights_is_refused(settings, monkeypatch):
    from pathlib import Path

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(PlateauError, match="cannot be written .*--data"):
        data_directory.prepare(settings)
