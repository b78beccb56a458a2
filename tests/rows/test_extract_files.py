"""What a synthetic clinic's files look like, byte by byte."""

import csv
import hashlib
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from simulate.cohort import generate
from simulate.extracts import write
from simulate.members import parameters_for
from simulate.scenario import load

SESSION_HEADER_A = (
    "ipp;num_seance;date_seance;heure;infirmier;protocole;cible;intensite_pct_MT;nb_impulsions;PR;"
    "DPR;date_evaluation;npsi_1;npsi_2;npsi_3;npsi_4;npsi_5;npsi_6;npsi_7;npsi_8;npsi_9;npsi_10;"
    "npsi_11;npsi_12;npsi_total;ssnpsi;effet_indesirable;ei_detail;commentaire;saisi_le"
)
DELIVERIES = ("20151231", "20190630", "20230630")


@pytest.fixture(scope="module")
def cohort():
    return generate(load("replica"), 7, n_patients=40)


@pytest.fixture(scope="module")
def written(cohort, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic")
    return folder, write(cohort, folder, deliveries=3, seed=7)


def delivered(folder: Path, delivery: str, name: str) -> bytes:
    return (folder / "deliveries" / delivery / f"{name}_{delivery}.csv").read_bytes()


def table(folder: Path, delivery: str, name: str) -> list[dict[str, str]]:
    encoding = "cp1252" if delivery < "2016" else "utf-8-sig"
    text = delivered(folder, delivery, name).decode(encoding)
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";", strict=True))


def tree(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_summary_counts_the_clinic(written, cohort):
    _, summary = written
    assert summary == {
        "deliveries": list(DELIVERIES),
        "patients": 40,
        "sessions": int(cohort.n_sessions.sum()),
        "operated": cohort.emcs["patient"].nunique(),
        "defects": 0,
        "scenario_id": cohort.scenario.scenario_id,
    }


def test_the_truth_holds_the_world_that_was_drawn(tmp_path):
    """Of an ensemble, the member: its curve and numbers are nowhere else."""
    ours = load("replica", {"population.ensemble": "thomas2024"})
    cohort = generate(ours, seed=2, n_patients=20)
    write(cohort, tmp_path, seed=2, deliveries=1)
    world = pd.read_parquet(tmp_path / "truth" / "world.parquet").set_index("parameter")["value"]
    drawn = parameters_for(ours, 2, [0]).to_frame().iloc[0]
    assert world["curve"] == drawn["curve"]
    assert float(world["noise_sd"]) == drawn["noise_sd"]
    patients = pd.read_parquet(tmp_path / "truth" / "patients.parquet")
    assert set(patients["curve_family"]) == {drawn["curve"]}
    assert set(patients["answering_grid_pct"]) <= {1, 5, 10}


def test_the_old_export_system_writes_cp1252_and_header_set_a(written):
    content = delivered(written[0], "20151231", "seances")
    assert content.decode("cp1252").split("\r\n")[0] == SESSION_HEADER_A
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")


@pytest.mark.parametrize("delivery", DELIVERIES[1:])
def test_the_new_export_system_writes_utf8_with_bom_and_header_set_b(written, delivery):
    content = delivered(written[0], delivery, "seances")
    assert content.startswith(b"\xef\xbb\xbfIPP;N\xc2\xb0 s\xc3\xa9ance;Date s\xc3\xa9ance;heure;")
    assert "Soulagement (%);Durée soulagement (j)" in content.decode("utf-8-sig")
    assert b"PR p\xc3\xa9riode test (%)" in delivered(written[0], delivery, "patients")


@pytest.mark.parametrize("delivery", DELIVERIES)
@pytest.mark.parametrize("name", ["patients", "seances"])
def test_lines_end_in_crlf_and_fields_are_quoted_only_when_they_must_be(written, delivery, name):
    content = delivered(written[0], delivery, name)
    assert content.endswith(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")
    quoted = re.findall(rb'"[^"]*"', content)
    assert all(b";" in field for field in quoted)


def test_numbers_dates_and_identifiers_are_french(written):
    patients = table(written[0], "20230630", "patients")
    assert all(re.fullmatch(r"0\d{7}", row["IPP"]) for row in patients)
    assert len({row["IPP"] for row in patients}) == 40
    assert {row["nom"] for row in patients} == {"SYNTHETIQUE"}
    assert [row["prenom"] for row in patients][:2] == ["PATIENT0001", "PATIENT0002"]
    assert all(re.fullmatch(r"\d\d/\d\d/\d{4}", row["date_naissance"]) for row in patients)
    assert any(re.fullmatch(r"\d+,\d", row["duree_douleur_annees"]) for row in patients)
    assert not any("." in row["duree_douleur_annees"] for row in patients)
    items = {row[f"npsi0_{item}"] for row in patients for item in range(1, 13)}
    assert items == {"", *map(str, range(11))}
    sessions = table(written[0], "20230630", "seances")
    assert {row["Soulagement (%)"] for row in sessions} >= {"", "NR", "ND", "0"}
    assert all(re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d", row["saisi_le"]) for row in sessions)


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_the_manifest_names_every_file_with_its_hash_and_rows(written, delivery):
    folder = written[0] / "deliveries" / delivery
    lines = (folder / "manifest.csv").read_text(encoding="ascii").splitlines()
    assert lines[0] == "fichier;lignes;sha256;extrait_le;source;mode"
    rows = {line.split(";")[0]: line.split(";")[1:] for line in lines[1:]}
    assert set(rows) == {path.name for path in folder.iterdir()} - {"manifest.csv"}
    day = f"{delivery[6:]}/{delivery[4:6]}/{delivery[:4]}"
    for name, (n_rows, sha256, extracted, source, mode) in rows.items():
        assert sha256 == hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert (extracted, source) == (day, "plateau-simulate")
        is_new_only = name.startswith("seances") and delivery == "20190630"
        assert mode == ("increment" if is_new_only else "complet")
        if name.endswith(".csv"):
            assert int(n_rows) == len(table(written[0], delivery, name.split("_")[0]))


def test_the_increment_holds_what_the_first_did_not_and_the_last_holds_all(written, cohort):
    def keyed(delivery, ipp, number):
        rows = table(written[0], delivery, "seances")
        return {(row[ipp], row[number]): list(row.values()) for row in rows}

    first = keyed("20151231", "ipp", "num_seance")
    second = keyed("20190630", "IPP", "N° séance")
    last = keyed("20230630", "IPP", "N° séance")
    assert first and second
    assert not first.keys() & second.keys()
    assert len(last) == cohort.n_sessions.sum()
    assert all(last[key] == row for key, row in (first | second).items())


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_every_session_has_its_patient_in_the_same_delivery(written, delivery):
    sessions, patients = (
        table(written[0], delivery, "seances"),
        table(written[0], delivery, "patients"),
    )
    ipp = "ipp" if delivery < "2016" else "IPP"
    assert {row[ipp] for row in sessions} <= {row[ipp] for row in patients}


def test_an_early_delivery_does_not_know_what_happened_later(written):
    def stops(delivery):
        return [row["date_arret"] for row in table(written[0], delivery, "patients")]

    years = [int(stop[-4:]) for stop in stops("20151231") if stop]
    assert years and max(years) <= 2015
    assert max(int(stop[-4:]) for stop in stops("20230630") if stop) > 2015


def test_the_workbook_has_a_sheet_a_year_titles_and_merged_patients(written, cohort):
    book = load_workbook(written[0] / "deliveries" / "20230630" / "emcs_20230630.xlsx")
    assert all(re.fullmatch(r"20\d\d", name) for name in book.sheetnames)
    assert any(sheet.merged_cells.ranges for sheet in book)
    n_visits = 0
    for sheet in book:
        assert "SYNTHETIQUE" in sheet["A1"].value
        header = [cell.value for cell in sheet[2]]
        assert header[:5] == [
            "IPP",
            "Date chirurgie",
            "nb électrodes",
            "Date visite",
            "Mois post-op",
        ]
        visit_dates = [row[3].value for row in sheet.iter_rows(min_row=3)]
        assert {date.year for date in visit_dates} == {int(sheet.title)}
        n_visits += len(visit_dates)
    assert n_visits == len(cohort.emcs)
    for name in DELIVERIES[:2]:
        assert not list((written[0] / "deliveries" / name).glob("*.xlsx"))


def test_the_same_seed_writes_the_same_bytes(written, cohort, tmp_path):
    write(cohort, tmp_path / "again", deliveries=3, seed=7)
    assert tree(tmp_path / "again") == tree(written[0])
    write(cohort, tmp_path / "other", deliveries=3, seed=8)
    assert tree(tmp_path / "other") != tree(written[0])


@pytest.mark.parametrize("n_patients", [2, 3])
def test_a_tiny_clinic_without_surgery_still_delivers(tmp_path, n_patients):
    tiny = generate(load("replica", {"course.surgery_hazard": 0.0}), 1, n_patients=n_patients)
    summary = write(tiny, tmp_path, deliveries=1, seed=1)
    assert (summary["deliveries"], summary["operated"]) == (["20230630"], 0)
    assert len(table(tmp_path, "20230630", "patients")) == n_patients


@pytest.mark.parametrize("deliveries", [0, 10])
def test_a_number_of_deliveries_outside_1_to_9_is_refused(cohort, tmp_path, deliveries):
    with pytest.raises(ValueError, match="deliveries must be between 1 and 9"):
        write(cohort, tmp_path, deliveries=deliveries, seed=1)
