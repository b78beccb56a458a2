"""`plateau quality`, `queries` and `trace` on deliveries that were really loaded.

A clinic's newest full dump has a negative relief, a relief of 305, an impossible date and a row
with a field too many; the clinic answers two of the questions with its next delivery.
"""

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys

import duckdb
import pytest

from expectations.rules import rule
from orchestration import data_directory
from orchestration.build import Build
from orchestration.checks import record
from orchestration.commands import quality, queries, trace
from orchestration.errors import EXIT_CHECKS_FAILED, EXIT_INPUT_MISSING, InputMissing, PlateauError
from orchestration.ingest.deliveries import new_and_ready, scan
from orchestration.ingest.known import loaded_deliveries
from orchestration.ingest.load import load as take
from orchestration.journal import Journal
from orchestration.quality.reconciliation import reconcile
from orchestration.quality.results import rule_results
from orchestration.settings import load
from orchestration.warehouse import connect

NEWEST = "20230630"
SPOILT = {5: ("PR", "-20"), 9: ("PR", "305"), 13: ("date_seance", "31/02/2019")}
"""Physical line -> column and text; line 17 gets one field too many."""


def spoil(path):
    """Break cells of the newest session file, in the spelling of the file."""
    raw = path.read_bytes()
    encoding = "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "cp1252"
    rows = list(csv.reader(io.StringIO(raw.decode(encoding), newline=""), delimiter=";"))
    headers = {"PR": ("PR", "Soulagement (%)"), "date_seance": ("date_seance", "Date séance")}
    for line, (name, text) in SPOILT.items():
        place = next(i for i, header in enumerate(rows[0]) if header in headers[name])
        rows[line - 1][place] = text
    rows[16].append("trop")
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    redeclare(path)


def redeclare(path):
    """Let the manifest tell the truth about a file again."""
    manifest = path.parent / "manifest.csv"
    lines = manifest.read_text("utf-8").splitlines()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    said = [line.split(";") for line in lines]
    told = [[*c[:2], digest, *c[3:]] if c[0] == path.name else c for c in said]
    manifest.write_text("\n".join(map(";".join, told)) + "\n", "utf-8")


def ingest(settings, run_id):
    """What a nightly does up to the checks of the rows, without dbt and the model."""
    data_directory.prepare(settings)
    build = Build(settings, run_id, run_id)
    build.open()
    with build.write() as connection:
        fresh = new_and_ready(scan(settings), loaded_deliveries(connection, settings))
        take(fresh, connection, settings, Journal(settings, run_id, ()), run_id)
        results = reconcile(connection) + rule_results(connection, run_id)
    for owner in ("gate", "contract"):
        record(build, owner, [r for r in results if rule(r.rule_id).owner == owner])
    build.publish("synthetic")
    return results


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, clinic, plateau_environment):
    """Settings of a data directory after the first night."""
    root = tmp_path_factory.mktemp("quality")
    shutil.copytree(clinic / "deliveries", root / "drop")
    spoil(root / "drop" / NEWEST / f"seances_{NEWEST}.csv")
    settings = load({"data": root / "data", "deliveries": root / "drop"}, cwd=root)
    ingest(settings, "first-night")
    return settings


def told(capsys):
    return json.loads(capsys.readouterr().out)


def look(settings, capsys, **how):
    asked = {"of_run": None, "rule": None, "failed": False, "history": 5, "verbose": False}
    code = quality.run(settings, **asked | how, as_json=True)
    return code, told(capsys)


def test_every_file_is_reconciled_and_every_rule_has_its_counts(loaded, capsys):
    code, seen = look(loaded, capsys)
    assert code == 0 and seen["reconciled"] and not seen["refused"]
    assert len(seen["files"]) == 7
    for file in seen["files"]:
        assert file["rows"] == file["kept"] + file["quarantined"] + file["dropped"]
    rules = {(r["id"], r["table"]): r for r in seen["rules"]}
    assert rules["pr_range", "sessions"]["status"] == "passed_with_rows"
    assert rules["pr_range", "sessions"]["numerator"] == 1
    assert rules["field_count", "sessions"]["numerator"] == 1
    assert {one["id"] for one in seen["open"]} >= {"pr_negative", "pr_range", "field_count"}


def test_one_rule_shows_its_places(loaded, capsys):
    _, seen = look(loaded, capsys, rule="pr_range")
    assert {r["id"] for r in seen["rules"]} == {"pr_range"}
    assert [(p["file"], p["line"]) for p in seen["places"]] == [(f"seances_{NEWEST}.csv", 9)]


def test_the_tables_are_plain_text_in_a_pipe(loaded, capsys):
    asked = {"of_run": None, "rule": None, "failed": False, "history": 5, "as_json": False}
    quality.run(loaded, **asked, verbose=True)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert f"seances_{NEWEST}.csv" in out and "passed with rows" in out


def test_a_row_is_followed_from_place_and_key_to_its_versions(loaded, capsys):
    trace.run(loaded, f"seances_{NEWEST}.csv:5", with_text=False, as_json=True)
    by_place = told(capsys)
    trace.run(loaded, by_place["row_key"], with_text=False, as_json=True)
    by_key = told(capsys)
    assert {**by_key, "key": ""} == {**by_place, "key": ""}
    assert (by_key["file"], by_key["line"], by_key["fate"]) == (f"seances_{NEWEST}.csv", 5, "kept")
    # the planted cell; another of the simulated row may have been repaired as well
    of_relief = [c["rule"] for c in by_key["cells"] if c["column"] == "pain_relief_pct"]
    assert of_relief == ["pr_negative"]
    assert any(version["is_this_row"] for version in by_key["versions"])
    trace.run(loaded, f"seances_{NEWEST}.csv:17", with_text=False, as_json=True)
    assert told(capsys)["rule"] == "field_count"


def test_every_row_key_of_the_warehouse_leads_to_its_line(loaded, capsys):
    with connect(loaded.live, read_only=True) as warehouse:
        keys = warehouse.execute(
            "from (select row_key, line from raw_sessions union all "
            "select row_key, line from raw_emcs) using sample 6 rows (reservoir, 1)"
        ).fetchall()
    for key, line in keys:
        trace.run(loaded, key, with_text=False, as_json=True)
        assert told(capsys)["line"] == line


def test_text_comes_from_the_vault_and_is_written_down(loaded, capsys):
    trace.run(loaded, f"seances_{NEWEST}.csv:9", with_text=True, as_json=False)
    shown = capsys.readouterr()
    assert ";305;" in shown.out and "names the patient" in shown.err
    last = json.loads((loaded.logs / "audit.jsonl").read_text("utf-8").splitlines()[-1])
    assert last["command"] == "trace --text" and last["row_keys"]
    assert "305" not in json.dumps(last["command"])


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("seances_19000101.csv:5", InputMissing),
        (f"seances_{NEWEST}.csv:1", InputMissing),
        ("0000000000000000:1", InputMissing),
        ("Dupont", PlateauError),
        ("f", PlateauError),
    ],
)
def test_a_key_that_leads_nowhere_is_said_to(loaded, key, error):
    with pytest.raises(error, match=key):
        trace.run(loaded, key, with_text=False, as_json=False)


def test_answered_questions_are_closed_by_the_next_delivery(loaded, tmp_path, capsys):
    sheet = tmp_path / "questions.csv"
    queries.run(loaded, out=sheet, by="rule", as_json=True)
    before = told(capsys)["open"]
    header, *lines = csv.reader(
        io.StringIO(sheet.read_text("utf-8-sig"), newline=""), delimiter=";"
    )
    place = header.index("nouvelle")
    for line in lines:
        if line[header.index("valeur_recue")] in ("305", "31/02/2019"):
            line[place:] = ["30" if "305" in line else "28/02/2019", "faute", "MD", "01/07/2023"]
    again = loaded.incoming / "20230701"
    shutil.copytree(loaded.incoming / NEWEST, again)
    for path in again.glob(f"*{NEWEST}*"):
        path.rename(path.with_name(path.name.replace(NEWEST, "20230701")))
    manifest = again / "manifest.csv"
    manifest.write_text(manifest.read_text("utf-8").replace(NEWEST, "20230701"), "utf-8")
    with (again / "corrections.csv").open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle, delimiter=";", lineterminator="\r\n").writerows([header, *lines])
    results = ingest(loaded, "second-night")
    assert all(r.status == "passed" for r in results if r.rule_id == "contract_reconciled")
    queries.run(loaded, out=None, by="rule", as_json=True)
    after = told(capsys)["open"]
    assert set(before) - set(after) == {"pr_range", "date_impossible"}
    with connect(loaded.live, read_only=True) as warehouse:
        found = warehouse.execute("select status, count(*) from raw_correction group by 1")
        assert found.fetchall() == [("applied", 2)]
    _, seen = look(loaded, capsys, history=2)
    assert [run["run_id"] for run in seen["runs"]] == ["second-night", "first-night"]


def test_a_refused_delivery_stands_until_it_comes_mended(loaded, capsys):
    wrong = loaded.incoming / "20230702"
    shutil.copytree(loaded.incoming / NEWEST, wrong)
    for path in wrong.glob(f"*{NEWEST}*"):
        path.rename(path.with_name(path.name.replace(NEWEST, "20230702")))
    manifest = wrong / "manifest.csv"
    manifest.write_text(manifest.read_text("utf-8").replace(NEWEST, "20230702"), "utf-8")
    broken = wrong / "seances_20230702.csv"
    whole = broken.read_bytes()
    broken.write_bytes(whole.replace(b";", b"\x00;", 40))
    redeclare(broken)
    ingest(loaded, "third-night")
    code, seen = look(loaded, capsys)
    assert code == EXIT_CHECKS_FAILED
    assert [one["delivery"] for one in seen["refused"]] == ["20230702"]
    assert [r["id"] for r in seen["rules"] if r["status"] == "failed"] == [
        seen["refused"][0]["rule"]
    ]
    broken.write_bytes(whole)
    redeclare(broken)
    ingest(loaded, "fourth-night")
    code, seen = look(loaded, capsys)
    assert (code, seen["refused"]) == (0, [])
    code, seen = look(loaded, capsys, of_run="third", failed=True)
    assert code == EXIT_CHECKS_FAILED and len(seen["rules"]) == 1


def test_without_a_warehouse_the_command_ends_with_5(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "quality", "--data", str(tmp_path), "--json"],
        env=dict(os.environ), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == EXIT_INPUT_MISSING
    assert json.loads(done.stdout)["schema"] == "plateau.error/1"


def test_a_rule_that_is_none_is_wrong_use(loaded):
    with pytest.raises(PlateauError, match="pr_range"):
        quality.run(loaded, of_run=None, rule="pr_rang", failed=False, history=1, as_json=True,
                    verbose=False)  # fmt: skip


def test_dbts_rules_are_in_the_results_of_a_night(night):
    settings, _ = night
    with duckdb.connect(str(settings.live), read_only=True) as warehouse:
        found = warehouse.execute(
            "select distinct owner, status from dq_result where owner = 'dbt'"
        ).fetchall()
        n = warehouse.execute(
            "select count(*) from dq_result where owner = 'dbt' and denominator > 0"
        ).fetchall()
    assert found and {status for _, status in found} <= {
        "passed", "passed_with_rows", "not_applicable",
    }  # fmt: skip
    assert n[0][0] > 10
