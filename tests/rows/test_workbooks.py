"""Workbooks kept by hand: titles, merged patients, dates, formats, what is hidden or hostile."""

import io
import re
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook.defined_name import DefinedName

from expectations import dictionary
from expectations.outcomes import FORMULA_NO_VALUE
from expectations.rules import load_rules
from orchestration.ingest import readers
from orchestration.ingest.readers import SHEET_STRIDE, Refused

NAME = "emcs_20240101.xlsx"
HEADERS = ["IPP", "Date chirurgie", "Date visite", "Stimulation", "PR %", "DPR", "Remarques"]
FIRST = SHEET_STRIDE
RULES = load_rules()


@pytest.fixture(scope="module")
def emcs():
    return dictionary.load()["emcs"]


@pytest.fixture
def read(tmp_path, emcs):
    """Read a workbook, or bytes, as a file of visits."""

    def reading(book):
        path = tmp_path / "kept"
        path.write_bytes(book if isinstance(book, bytes) else bytes_of(book))
        text = readers.read(path, emcs, name=NAME)
        assert {rule for rule, _, _ in text.warnings} <= RULES.keys()
        return text

    return reading


@pytest.fixture
def refusal(read):
    def refusing(book):
        with pytest.raises(Refused) as caught:
            read(book)
        assert RULES[caught.value.rule_id].action == "refuse"
        return caught.value.rule_id

    return refusing


def bytes_of(book):
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def workbook(*rows, title=None):
    book = openpyxl.Workbook()
    for row in ([title] if title else [], HEADERS, *rows):
        if row:
            book.active.append(row if isinstance(row, list) else [row])
    return book


def visit(ipp="00000007", surgery=None, day=datetime(2020, 8, 1), relief=30, remark=None):
    return [ipp, surgery, day, "classique", relief, 12, remark]


def warned(text, rule_id):
    return [line for rule, line, _ in text.warnings if rule == rule_id]


def with_parts(content, changes):
    """The same archive with parts changed, added (bytes) or passed through a function."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in {*old.namelist(), *changes}:
            change = changes.get(name)
            if callable(change):
                change = change(old.read(name))
            new.writestr(name, old.read(name) if change is None else change)
    return buffer.getvalue()


def test_a_sheet_a_year_with_titles_and_merged_patients(read):
    book = openpyxl.Workbook()
    for year, sheet in ((2019, book.active), (2020, book.create_sheet("2020"))):
        sheet.append([f"Stimulation corticale {year}"])
        sheet.append(HEADERS)
        sheet.append(visit(surgery=datetime(year, 3, 1), day=datetime(year, 8, 1)))
        sheet.append(visit(None, day=datetime(year + 1, 2, 1), relief=42.5))
        sheet.merge_cells("A3:A4")
        sheet.merge_cells("B3:B4")
    text = read(book)
    assert text.rows["ipp"].tolist() == ["00000007"] * 4
    assert text.rows["surgery_date"].tolist()[1] == "2019-03-01"
    assert text.rows["pain_relief_pct"].tolist()[:2] == ["30", "42,5"]
    lines = [sheet * SHEET_STRIDE + row for sheet in (1, 2) for row in (3, 4)]
    assert text.rows["line"].tolist() == lines
    assert warned(text, "gate_merged_cells") == [FIRST + 4, 2 * FIRST + 4]
    assert warned(text, "gate_rows_above_header") == [FIRST + 1, 2 * FIRST + 1]
    assert '"00000007"' not in text.verbatim.set_index("line")["text"][FIRST + 4], "as written"
    assert len(text.verbatim) == 8


def test_merged_cells_fill_their_range_and_no_more(read):
    book = workbook(visit(), visit(None), [None] * 7, visit(None))
    book.active.merge_cells("A2:A3")  # the rows of visits 1 and 2
    book.active.merge_cells("E5:F5")  # sideways: the second cell stays empty
    text = read(book)
    assert text.rows["ipp"].tolist() == ["00000007", "00000007", "", ""]
    assert text.rows["relief_duration_days"].tolist()[-1] == ""


def test_a_merged_range_does_not_fill_rows_that_hold_nothing(read):
    book = workbook(visit(), [None] * 7, visit("00000008"))
    for column in range(1, 8):
        book.active.cell(3, column).font = openpyxl.styles.Font(bold=True)
    book.active.merge_cells("A2:A3")
    text = read(book)
    assert text.rows["ipp"].tolist() == ["00000007", "", "00000008"]


def test_a_merged_header_is_not_carried_into_the_rows(read):
    book = workbook(["", None, None, "x", 1, 1, None], visit())
    book.active.merge_cells("A1:A2")
    assert read(book).rows["ipp"].tolist() == ["", "00000007"]


@pytest.mark.parametrize("is_mac", [False, True])
def test_serial_dates_follow_the_workbooks_own_day_zero(read, is_mac):
    book = workbook(visit(day=datetime(2019, 4, 3)), visit(day=42096.0), visit(day="42096"))
    if is_mac:
        book.epoch = CALENDAR_MAC_1904
    text = read(book)
    serial = "2019-04-03" if is_mac else "2015-04-02"
    assert text.rows["visit_date"].tolist() == ["2019-04-03", serial, serial]
    assert warned(text, "xlsx_serial_date") == [FIRST + 3, FIRST + 4]


def test_numbers_that_are_no_day_stay_as_they_are(read):
    text = read(workbook(visit(day=20190403), visit(day=2019), visit(day="03/04/2019")))
    assert text.rows["visit_date"].tolist() == ["20190403", "2019", "03/04/2019"]
    assert warned(text, "xlsx_serial_date") == []


def test_every_kind_of_cell_is_text(read):
    remarks = [True, False, "#N/A", 1e7, 12345678901, 0.1 + 0.2, 1e300, "  deux  ", "a\nb",
               date(2020, 1, 2), datetime(2020, 1, 2, 9, 30), time(9, 30), -0.5]  # fmt: skip
    text = read(workbook(*(visit(remark=remark) for remark in remarks)))
    assert text.rows["remarks"].tolist() == [
        "TRUE", "FALSE", "#N/A", "10000000", "12345678901", "0,3", "1e+300", "  deux  ", "a\nb",
        "2020-01-02", "2020-01-02 09:30", "09:30", "-0,5",
    ]  # fmt: skip


def test_percent_format_is_read_as_shown(read):
    book = workbook(visit(relief=0.3), visit(relief=30), visit(relief=0.29))
    for row in (2, 4):
        book.active.cell(row, 5).number_format = "0%"
    book.active.cell(3, 6).number_format = "0.00%"
    text = read(book)
    assert text.rows["pain_relief_pct"].tolist() == ["30", "30", "29"]
    assert text.rows["relief_duration_days"].tolist() == ["12", "1200 %", "12"]
    assert warned(text, "gate_percent_format") == [FIRST + 2, FIRST + 3]


def test_a_percent_sign_in_a_literal_is_no_percent_format(read):
    book = workbook(visit(relief=30))
    book.active.cell(2, 5).number_format = '0" %"'
    assert read(book).rows["pain_relief_pct"].tolist() == ["30"]


def test_a_formula_without_a_saved_value_is_marked(read):
    text = read(workbook(visit(relief="=10+20"), visit(relief=30)))
    assert text.rows["pain_relief_pct"].tolist() == [FORMULA_NO_VALUE, "30"]


def test_a_formula_with_a_saved_value_is_its_value(read):
    content = bytes_of(workbook(visit(relief="=10+20", remark='=""')))
    sheet = "xl/worksheets/sheet1.xml"
    saved = with_parts(content, {
        sheet: lambda xml: re.sub(rb"<v ?/>|<v></v>", b"<v>30</v>", xml, count=1)
    })  # fmt: skip
    assert read(saved).rows["pain_relief_pct"].tolist() == ["30"]


def test_hidden_rows_columns_and_sheets_are_read_with_a_warning(read):
    book = workbook(visit(), visit("00000008"))
    book.active.row_dimensions[3].hidden = True
    book.active.column_dimensions["F"].hidden = True
    other = book.create_sheet("ancien")
    other.append(HEADERS)
    other.append(visit("00000009"))
    other.sheet_state = "veryHidden"
    text = read(book)
    assert text.rows["ipp"].tolist() == ["00000007", "00000008", "00000009"]
    assert warned(text, "gate_hidden_rows") == [FIRST + 3, FIRST + 1, 2 * FIRST + 1]


def test_a_sheet_of_something_else_is_ignored_and_kept_verbatim(read):
    book = workbook(visit())
    notes = book.create_sheet("notes")
    notes.append(["Appeler le bloc"])
    text = read(book)
    assert len(text.rows) == 1
    assert warned(text, "gate_sheet_ignored") == [2 * FIRST + 1]
    assert text.verbatim["line"].tolist() == [FIRST + 1, FIRST + 2, 2 * FIRST + 1]


def test_a_year_whose_header_lost_a_required_column_refuses_the_file(refusal):
    book = workbook(visit())
    other = book.create_sheet("2021")
    other.append(["IPP", "Visite du", "PR %"])
    other.append(["00000007", datetime(2021, 1, 1), 30])
    assert refusal(book) == "gate_missing_column"


def test_unknown_columns_of_a_workbook_go_to_the_vault(read):
    book = workbook(visit())
    book.active.cell(1, 8, "Chirurgien")
    book.active.cell(2, 8, "Dr X")
    book.active.cell(2, 9, "sans titre")
    text = read(book)
    assert text.unknown["value"].tolist() == ["Dr X", "sans titre"]
    assert text.unknown["header"].tolist() == ["Chirurgien", "(9)"]
    assert warned(text, "gate_unknown_header") == [FIRST + 1]


@pytest.mark.parametrize(
    ("book", "rule_id"),
    [
        (openpyxl.Workbook(), "gate_empty_file"),
        (workbook(), "gate_empty_file"),
        (workbook([None, " "]), None),
        (b"PK not really", "gate_not_a_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "gate_not_a_workbook"),
        (b"ipp;PR\r\n1;2\r\n", "gate_not_a_workbook"),
    ],
)
def test_what_is_no_workbook_or_an_empty_one_is_refused(refusal, read, book, rule_id):
    if rule_id:
        assert refusal(book) == rule_id
    else:
        assert len(read(book).rows) == 1


def test_a_sheet_that_is_all_notes_is_refused(refusal):
    book = openpyxl.Workbook()
    book.active.append(["Appeler le bloc"])
    assert refusal(book) == "gate_missing_column"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(refusal):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 50_000_000)
    assert refusal(buffer.getvalue()) == "gate_too_large"


WHOLE = bytes_of(workbook(visit()))
SHEET = "xl/worksheets/sheet1.xml"
FAR = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
BILLIONS = b'<mergeCells count="1"><mergeCell ref="A2:XFD1048576"/></mergeCells></worksheet>'


@pytest.mark.parametrize(
    ("changes", "rule_id"),
    [
        ({"xl/vbaProject.bin": b"x"}, "gate_active_content"),
        ({"[Content_Types].xml": lambda x: x.replace(b".sheet.main", b".sheet.macroEnabled.main")},
         "gate_active_content"),
        ({"xl/externalLinks/externalLink1.xml": b"<x/>"}, "gate_active_content"),
        ({SHEET: lambda x: b'<!DOCTYPE x [<!ENTITY a "b">]>' + x}, "gate_active_content"),
        ({SHEET: lambda x: '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x []><x/>'
            .encode("utf-16")}, "gate_active_content"),
        ({"docProps/app.xml": b"<!ENTITY a 'b'>"}, "gate_active_content"),
        ({"xl/workbook.xml": lambda x: x[:-20]}, "gate_not_a_workbook"),
        ({SHEET: b"\x00\x01"}, "gate_not_a_workbook"),
        ({SHEET: lambda x: x.replace(b'r="A2"', b'r="2A"')}, "gate_not_a_workbook"),
        ({SHEET: lambda x: x.replace(b't="n"><v>12<', b't="s"><v>9999<')}, "gate_not_a_workbook"),
        ({SHEET: lambda x: x.replace(b'<row r="2"', b'<row r="9999999"')}, "gate_not_a_workbook"),
        ({SHEET: lambda x: x.replace(b"</sheetData>", FAR)}, "gate_too_large"),
        ({"xl/_rels/workbook.xml.rels": lambda x: x.replace(b"sheet1", b"sheet9")},
         "gate_not_a_workbook"),
        ({"[Content_Types].xml": None, SHEET: lambda x: b"<x/>"}, "gate_empty_file"),
    ],
)  # fmt: skip
def test_a_hostile_or_damaged_part_refuses_the_workbook(refusal, changes, rule_id):
    assert refusal(with_parts(WHOLE, changes)) == rule_id


def test_a_merged_range_of_billions_of_cells_costs_nothing(read):
    text = read(with_parts(WHOLE, {SHEET: lambda x: x.replace(b"</worksheet>", BILLIONS)}))
    assert len(text.rows) == 1


@pytest.mark.parametrize("cap", ["MAX_CELLS", "MAX_CHARACTERS"])
def test_more_cells_than_any_are_refused(refusal, monkeypatch, cap):
    monkeypatch.setattr(f"orchestration.ingest.sheets.{cap}", 5)
    assert refusal(WHOLE) == "gate_too_large"


def test_more_sheets_than_any_are_refused(refusal, monkeypatch):
    monkeypatch.setattr("orchestration.ingest.workbooks.MAX_SHEETS", 0)
    assert refusal(WHOLE) == "gate_too_large"


def test_a_workbook_within_a_workbooks_archive_is_refused(refusal):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("emcs.xlsx", WHOLE)
    assert refusal(buffer.getvalue()) == "gate_not_a_workbook"


def test_a_password_is_refused(refusal):
    content = bytearray(WHOLE)
    place = -1
    while (place := content.find(b"PK\x01\x02", place + 1)) >= 0:
        content[place + 8] |= 1
    assert refusal(bytes(content)) == "gate_not_a_workbook"


def test_defined_names_and_strict_namespaces_do_not_disturb(read):
    book = workbook(visit())
    book.defined_names["zone"] = DefinedName("zone", attr_text="Sheet!$A$1:$XFD$1048576")
    transitional = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    strict = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
    content = with_parts(bytes_of(book), {
        name: lambda x: x.replace(transitional, strict)
        for name in (SHEET, "xl/workbook.xml", "xl/styles.xml")
    })  # fmt: skip
    text = read(content)
    assert text.rows["visit_date"].tolist() == ["2020-08-01"]
    assert text.rows["ipp"].tolist() == ["00000007"]


def test_shared_strings_with_runs_and_readings(read):
    strings = b"""<sst xmlns="x"><si><t>00000009</t></si>
        <si><r><t>mieux </t></r><r><rPr/><t>ensuite</t></r><rPh><t>no</t></rPh></si></sst>"""
    number, remark = b'<c r="A2" t="s"><v>0</v></c>', b'<c r="G2" t="s"><v>1</v></c>'
    relation = b'<Relationship Id="rId99" Type="x/sharedStrings" Target="/xl/SHAREDstrings.xml"/>'
    content = with_parts(
        bytes_of(workbook(visit(remark="x"))),
        {
            "xl/sharedStrings.xml": strings,
            "xl/_rels/workbook.xml.rels": lambda x: x.replace(b"</Rel", relation + b"</Rel", 1),
            SHEET: lambda x: re.sub(
                rb'<c r="A2".*?</c>(.*)<c r="G2".*?</c>', number + rb"\1" + remark, x
            ),
        },
    )
    text = read(content)
    assert text.rows["ipp"].tolist() == ["00000009"]
    assert text.rows["remarks"].tolist() == ["mieux ensuite"]


def test_rows_and_cells_without_references_follow_each_other(read):
    filled = bytes_of(workbook(visit(surgery=datetime(2019, 3, 1), remark="x")))
    content = with_parts(filled, {SHEET: lambda x: re.sub(rb" r=\"[A-Z]*[0-9]+\"", b"", x)})
    text = read(content)
    assert text.rows["line"].tolist() == [FIRST + 2]
    assert text.rows["stimulation"].tolist() == ["classique"]


def test_a_part_whose_checksum_is_wrong_refuses_the_workbook(refusal):
    content = bytearray(with_parts(WHOLE, {"docProps/custom.xml": b"<a>whole</a>"}))
    content[content.index(b"<a>whole") + 3] ^= 1
    assert refusal(bytes(content)) == "gate_not_a_workbook"
