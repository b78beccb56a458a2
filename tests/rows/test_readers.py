"""Bytes to text rows: encodings, physical lines, ragged rows, workbooks, refusals by rule."""

import zipfile
from datetime import datetime

import openpyxl
import pytest

from expectations import dictionary
from orchestration.ingest.readers import SHEET_STRIDE, Refused, decode, read

SESSIONS = "ipp;num_seance;date_seance;PR;commentaire"


@pytest.fixture(scope="module")
def tables():
    return dictionary.load()


def write(tmp_path, content, name="seances_20240101.csv"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "text", "encoding"),
    [
        ("é;œ".encode(), "é;œ", "utf-8"),
        ("é;œ".encode("utf-8-sig"), "é;œ", "utf-8-sig"),
        ("é;œ".encode("cp1252"), "é;œ", "cp1252"),
        ("é;œ".encode("utf-16"), "é;œ", "utf-16"),
        (b"", "", "utf-8"),
    ],
)
def test_bytes_are_decoded_without_a_guess(content, text, encoding):
    assert decode(content) == (text, encoding)


@pytest.mark.parametrize(
    ("content", "rule_id"), [(b"a\x81b", "gate_undecodable"), (b"a\x00b", "gate_nul_byte")]
)
def test_other_bytes_are_refused(content, rule_id):
    with pytest.raises(Refused) as refusal:
        decode(content)
    assert refusal.value.rule_id == rule_id


def test_every_row_keeps_its_physical_line(tmp_path, tables):
    content = (
        f"{SESSIONS}\r\n"
        '00000001;1;01/02/2024;30;"deux\r\nlignes"\r\n'
        "00000001;2;15/02/2024;40;\r\n"
        "00000001;3;01/03/2024;50\r\n"
    )
    table = read(write(tmp_path, content.encode("cp1252")), tables["sessions"])
    assert table.rows["line"].tolist() == [2, 4, 5]
    assert table.rows["pain_relief_pct"].tolist() == ["30", "40", "50"]
    assert table.rows["field_count_ok"].tolist() == [True, True, False]
    assert table.verbatim["text"].tolist()[1] == '00000001;1;01/02/2024;30;"deux\r\nlignes"'
    assert table.verbatim["line_end"].tolist() == [1, 3, 4, 5]


def test_title_rows_above_the_header_are_skipped(tmp_path, tables):
    content = f"Export DxCare;;;;\r\n;;;;\r\n{SESSIONS}\r\n00000001;1;01/02/2024;30;\r\n"
    table = read(write(tmp_path, content.encode()), tables["sessions"])
    assert table.rows["line"].tolist() == [4]


@pytest.mark.parametrize(
    ("content", "rule_id", "words"),
    [
        (b"", "gate_empty_file", "0 bytes"),
        (SESSIONS.encode(), "gate_empty_file", "no row"),
        (b"ipp;PR\r\n1;2\r\n", "gate_missing_column", "session_no_recorded"),
        (b"nom;ville\r\n1;2\r\n", "gate_missing_column", "all of them"),
        (f"{SESSIONS};PR\r\n1;1;01/02/2024;3;;4\r\n".encode(), "gate_duplicate_header", "PR"),
        (f'{SESSIONS}\r\n1;1;01/02/2024;3;"open\r\n'.encode(), "gate_unclosed_quote", "line 2"),
    ],
)
def test_a_file_that_cannot_be_taken_whole_is_refused(tmp_path, tables, content, rule_id, words):
    with pytest.raises(Refused, match=words) as refusal:
        read(write(tmp_path, content), tables["sessions"])
    assert refusal.value.rule_id == rule_id


def test_an_unknown_column_is_kept_in_the_vault_with_a_warning(tmp_path, tables):
    content = f"{SESSIONS};meteo\r\n00000001;1;01/02/2024;30;;soleil\r\n"
    table = read(write(tmp_path, content.encode()), tables["sessions"])
    assert "meteo" not in table.rows
    assert table.verbatim["text"].iloc[1].endswith(";soleil")
    assert [rule for rule, _ in table.warnings] == ["gate_unknown_header"]


def test_a_workbook_by_hand(tmp_path, tables):
    book = openpyxl.Workbook()
    for year, sheet in ((2019, book.active), (2020, book.create_sheet("2020"))):
        sheet.title = str(year)
        sheet.append([f"Stimulation corticale {year}"])
        sheet.append(["IPP", "Date chirurgie", "Date visite", "Stimulation", "PR %"])
        sheet.append(["00000007", datetime(year, 3, 1), datetime(year, 8, 1), "classique", 30])
        sheet.append([None, None, datetime(year + 1, 2, 1), "classique", 42.5])
        sheet.merge_cells("A3:A4")
        sheet.merge_cells("B3:B4")
    path = tmp_path / "emcs_20240101.xlsx"
    book.save(path)
    rows = read(path, tables["emcs"]).rows
    assert rows["ipp"].tolist() == ["00000007"] * 4
    assert rows["surgery_date"].tolist()[1] == "2019-03-01"
    assert rows["pain_relief_pct"].tolist()[:2] == ["30", "42,5"]
    assert rows["line"].tolist() == [SHEET_STRIDE + 3, SHEET_STRIDE + 4, 2 * SHEET_STRIDE + 3,
                                     2 * SHEET_STRIDE + 4]  # fmt: skip


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, tables):
    path = tmp_path / "emcs_20240101.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 50_000_000)
    with pytest.raises(Refused, match="unpacks") as refusal:
        read(path, tables["emcs"])
    assert refusal.value.rule_id == "gate_too_large"


def test_what_only_looks_like_a_workbook_is_refused(tmp_path, tables):
    path = write(tmp_path, b"PK not really", "emcs_20240101.xlsx")
    with pytest.raises(Refused) as refusal:
        read(path, tables["emcs"])
    assert refusal.value.rule_id == "gate_not_a_workbook"
