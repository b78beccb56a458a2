"""The nightly on real files: what it publishes, what stops it, what it then leaves."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import duckdb
import pytest

from orchestration.commands import nightly
from orchestration.data_directory import kind_of
from orchestration.errors import (
    EXIT_CHECKS_FAILED,
    EXIT_INPUT_MISSING,
    EXIT_MODEL_NOT_CONVERGED,
    InputMissing,
)
from orchestration.publication import last_heartbeat
from orchestration.warehouse import meta_of, read_tables

PUBLIC = {
    "patients", "sessions", "flow", "baseline", "test_period", "test_period_long", "status",
    "long_term", "emcs", "quarantine_row", "quarantine_cell", "repair_log", "ingest_file",
    "dq_result", "estimate_baseline", "estimate_test_period", "estimate_odds_ratio",
    "patient_curve", "patient_plateau", "population_estimate", "decomposition", "model_status",
    "posterior_check", "comparator", "model_comparison", "sensitivity", "power_scaling",
    "prior_posterior",
    "surgery_estimate", "patient_surgery_outlook", "surgery_agreement",
    "study_cell", "study_performance", "warehouse_meta",
}  # fmt: skip


def command(settings, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        env={**os.environ, **settings.environment()}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def own_deliveries(settings, tmp_path, *names):
    """Settings with a copy of the drop folder, or of these deliveries, that a test may spoil."""
    for delivery in settings.incoming.iterdir():
        if not names or delivery.name in names:
            shutil.copytree(delivery, tmp_path / "drop" / delivery.name)
    return replace(settings, deliveries=tmp_path / "drop")


def spoil(delivery, name, change):
    """Change a file's text and drop the manifest's claim on it."""
    import hashlib

    path = delivery / name
    old = path.read_bytes()
    path.write_bytes(change(old))
    manifest = delivery / "manifest.csv"
    manifest.write_text(
        manifest.read_text("utf-8").replace(
            hashlib.sha256(old).hexdigest(), hashlib.sha256(path.read_bytes()).hexdigest()
        ),
        "utf-8",
    )


def test_one_night_publishes_every_public_table(night):
    settings, outcome = night
    with duckdb.connect(str(settings.live), read_only=True) as connection:
        held = {name for (name,) in connection.execute("show tables").fetchall()}
    assert held >= PUBLIC
    assert outcome.published and (settings.reports / "report.html").exists()
    assert not list(settings.builds.iterdir())


def test_what_went_in_is_accounted_for(night, clinic):
    settings, outcome = night
    delivered = sum(
        int(line.split(";")[1])
        for manifest in clinic.glob("deliveries/*/manifest.csv")
        for line in manifest.read_text("utf-8-sig").splitlines()[1:]
    )
    assert outcome.files["n_rows"] == delivered
    files = read_tables(settings.live, ["ingest_file"])["ingest_file"]
    accounted = files["n_kept"] + files["n_quarantined"] + files["n_dropped"]
    assert (accounted == files["n_rows"]).all()


def test_every_session_leads_back_to_file_and_line(night, clinic):
    settings, _ = night
    frames = read_tables(settings.live, ["sessions", "raw_sessions", "ingest_file"])
    back = frames["sessions"].merge(frames["raw_sessions"], on="row_key", suffixes=("", "_raw"))
    assert len(back) == len(frames["sessions"])
    one = back.merge(frames["ingest_file"], on="file_sha256").iloc[0]
    (path,) = clinic.glob(f"deliveries/*/{one['file_name']}")
    line = path.read_bytes().split(b"\r\n")[one["line"] - 1]
    assert f"{one['session_date']:%d/%m/%Y}".encode() in line


def test_a_model_that_does_not_converge_never_holds_back_the_marts(night):
    settings, outcome = night
    assert outcome.exit_code == EXIT_MODEL_NOT_CONVERGED
    assert meta_of(settings.live).run_id == outcome.run_id
    frames = read_tables(settings.live, ["model_status", "patient_curve"])
    status = frames["model_status"].set_index("model")["status"].to_dict()
    assert status == {"relief": "not_converged", "relief_checks": "failed"} | {
        "surgery": "not_estimated"
    }
    assert frames["patient_curve"].empty, "no earlier good rows to keep"
    report = (settings.reports / "report.html").read_text("utf-8")
    assert "converge" in report


def test_the_same_deliveries_again_are_nothing_new(night):
    settings, outcome = night
    start = time.monotonic()
    again = nightly.run(settings)
    assert again.nothing_new and not again.published
    assert time.monotonic() - start < 5
    assert meta_of(settings.live).run_id == outcome.run_id
    assert last_heartbeat(settings).outcome == "nothing new"


def test_no_direct_identifier_leaves_the_vault(night, clinic):
    """Names and patient numbers of the raw files are found nowhere but in vault and kept files."""
    settings, _ = night
    text = (clinic / "deliveries/20230630/patients_20230630.csv").read_text("utf-8-sig")
    people = [line.split(";")[:3] for line in text.splitlines()[1:]]
    needles = {cell.encode() for person in people for cell in person if len(cell) >= 8}
    assert len(needles) >= 40
    apart = (settings.vault.parent, settings.kept)
    searched = 0
    for path in settings.data.rglob("*"):
        if not path.is_file() or any(path.is_relative_to(folder) for folder in apart):
            continue
        content = path.read_bytes()
        found = [n for n in needles if n in content]
        assert not found, f"{len(found)} identifiers in {path.relative_to(settings.data)}"
        searched += 1
    assert searched > 20
    assert settings.vault.stat().st_mode & 0o077 == 0


def test_a_delivery_mostly_in_quarantine_is_not_taken(quick, tmp_path):
    """Half of a file's rows in quarantine: nothing is published, exit 3, the rule is named."""
    settings = own_deliveries(quick, tmp_path, "20151231")

    def break_dates(content):
        head, *rows = content.split(b"\r\n")
        return b"\r\n".join(
            [head, *(r.replace(b"/20", b"/x0") if i % 2 else r for i, r in enumerate(rows))]
        )

    spoil(settings.incoming / "20151231", "seances_20151231.csv", break_dates)
    outcome = nightly.run(settings)
    assert outcome.exit_code == EXIT_CHECKS_FAILED
    assert not outcome.published and not settings.live.exists()
    assert "dbt build" not in outcome.seconds
    assert "contract_quarantine_share" in outcome.problem
    assert "plateau accept 20151231-" in outcome.problem


@pytest.mark.parametrize("first", ["synthetic", "real"])
def test_the_other_kind_is_refused_before_anything_is_loaded(quick, tmp_path, first):
    from orchestration.data_directory import claim

    settings = own_deliveries(quick, tmp_path)
    settings.data.mkdir()
    claim(settings, first, "key1", "20100101")
    if first == "synthetic":
        for manifest in settings.incoming.glob("*/manifest.csv"):
            manifest.write_text(manifest.read_text("utf-8").replace("plateau-simulate", "DxCare"))
    with pytest.raises(InputMissing, match=f"has held {first} data.*gate_kind_mismatch"):
        nightly.run(settings)
    assert not settings.vault.exists() and not settings.kept.exists()


def test_synthetic_patients_without_their_manifest_never_pass_as_real(quick, tmp_path):
    settings = own_deliveries(quick, tmp_path)
    for manifest in settings.incoming.glob("*/manifest.csv"):
        manifest.write_text(manifest.read_text("utf-8").replace("plateau-simulate", "DxCare"))
    from orchestration.vault import make_key

    settings = replace(settings, key_file=tmp_path / "real.key")
    make_key(settings.key_file)
    outcome = nightly.run(settings)
    assert outcome.exit_code == EXIT_INPUT_MISSING and not settings.live.exists()
    assert kind_of(settings) is None, "a refused delivery fixes nothing"
    assert not settings.vault.exists()


def test_the_command_prints_one_json_object_with_seconds_by_step(night):
    settings, _ = night
    done = command(settings, "nightly", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["schema"], told["nothing_new"]) == (0, "plateau.nightly/1", True)


def test_sql_reads_the_published_file_and_nothing_else(night, tmp_path):
    settings, _ = night
    done = command(settings, "sql", "select count(*) as n from patients", "--json")
    assert json.loads(done.stdout)["rows"] == [{"n": 20}]
    for query in (
        f"copy patients to '{tmp_path}/out.csv'",
        f"attach '{settings.vault}' as vault",
        "select * from read_text('/etc/hostname')",
        "set enable_external_access = true",
        "delete from patients",
    ):
        refused = command(settings, "sql", query)
        assert refused.returncode == 1 and "cannot be run" in refused.stderr, query
    assert not list(tmp_path.iterdir())


def test_the_report_is_written_again_from_the_published_file(night, tmp_path):
    settings, _ = night
    done = command(settings, "report", "--out", str(tmp_path / "again.html"), "--json")
    told = json.loads(done.stdout)
    assert told["bytes"] == (tmp_path / "again.html").stat().st_size > 50_000


def test_a_query_that_finds_nothing_is_an_answer(night):
    settings, _ = night
    done = command(settings, "sql", "select patient_id from patients where false", "--json")
    assert (done.returncode, json.loads(done.stdout)["rows"]) == (0, [])
