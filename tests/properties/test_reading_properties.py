"""Any bytes are a table or a refusal; what was written is read; the fast way is csv.reader."""

import csv
import io
from datetime import datetime

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from expectations.dictionary import load, tables_for_file
from expectations.rules import load_rules
from orchestration.ingest import csv_records, readers
from orchestration.ingest.csv_records import WHITE, read_records
from orchestration.ingest.physical_lines import Lines
from orchestration.ingest.readers import Refused

TABLES = load()
NAMES = ("seances_20240101.csv", "emcs_20240101.xlsx", "redcap_export_20240101.csv")
COLUMNS = {
    "ipp": "ipp", "num_seance": "session_no_recorded", "date_seance": "session_date",
    "PR": "pain_relief_pct", "commentaire": "comment",
}  # fmt: skip
HEADER = ";".join(COLUMNS).encode()
REDCAP = b"record_id;redcap_repeat_instrument;ipp;sexe;num_seance;date_seance;PR"
PIECES = st.sampled_from(
    [HEADER, REDCAP, b"\r\n", b"\n", b"\r", b";", b'"', b'""', b";;;;", b"\xe9", "é".encode(),
     b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"\x1a", b"\x81", b"00000001;1;01/02/2024;30;", b"\t",
     b",", b"Total", b"seances", b"1;;00000001;M;;;", b"PK\x03\x04", b"sep=;"],
)  # fmt: skip
BYTES = st.one_of(
    st.binary(max_size=200),
    st.lists(PIECES | st.binary(max_size=4), max_size=25).map(b"".join),
    st.lists(PIECES, max_size=25).map(lambda parts: HEADER + b"\r\n" + b"".join(parts)),
    st.lists(PIECES, max_size=25).map(lambda parts: REDCAP + b"\r\n" + b"".join(parts)),
)
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("delivered") / "kept"


@QUICK
@given(content=BYTES, name=st.sampled_from(NAMES))
def test_any_bytes_are_a_table_or_a_refusal_by_a_rule(path, content, name):
    path.write_bytes(content)
    for table in tables_for_file(name):
        try:
            text = readers.read(path, table, name=name)
        except Refused as refusal:
            assert load_rules()[refusal.rule_id].action == "refuse"
        else:
            assert {rule for rule, _, _ in text.warnings} <= load_rules().keys()
            assert set(text.rows["line"]) <= set(text.verbatim["line"])


# no more delimiters in a cell than in a remark: a cell with lines that look like rows is refused
CELL = st.lists(
    st.sampled_from([*"aéœ€ ,'\";?", "\r\n", "\n", "\u2028", "\x85"]),
    max_size=8,
).map("".join).filter(lambda cell: cell.count(";") < 3)  # fmt: skip


@QUICK
@given(
    rows=st.lists(st.lists(CELL, min_size=5, max_size=5), min_size=1, max_size=8),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\r\n", "\n"]),
)
def test_what_was_written_is_read(path, rows, encoding, quoting, end):
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", quoting=quoting, lineterminator=end)
    rows = [["00000001", *row[1:]] for row in rows]
    writer.writerows([list(COLUMNS), *rows])
    try:
        content = buffer.getvalue().encode(encoding)
    except UnicodeEncodeError:  # cp1252 has no line separator
        assume(False)
    path.write_bytes(content)
    text = readers.read(path, TABLES["sessions"], name=NAMES[0])
    assert text.rows[list(COLUMNS.values())].to_numpy().tolist() == rows
    assert text.rows["field_count_ok"].all()
    written = buffer.getvalue()
    assert "".join(t + end for t in text.verbatim["text"]) == written
    # pure ASCII needs no cp1252 to be read, and a BOM-less UTF-16 is found by its NULs
    assert text.encoding in {encoding, "utf-8"}


LINE = st.lists(st.sampled_from(["a", "é", ";", ";", '"', "\x0b", "\u2028", " "]), max_size=9)
ENDS = st.sampled_from(["\r\n", "\n", "\r", "\r\r\n"])


@settings(max_examples=300, deadline=None)
@given(
    lines=st.lists(st.tuples(LINE.map("".join), ENDS), max_size=12),
    last=LINE.map("".join),
    width=st.integers(1, 6),
    chunk=st.integers(1, 5),
)
def test_the_fast_way_is_csv_reader(lines, last, width, chunk):
    text = "".join(line + end for line, end in lines) + last
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "CHUNK_LINES", chunk)
        try:
            records = read_records(Lines(text.encode()), 0, ";", width)
        except Refused as refusal:
            assert refusal.rule_id == "gate_unclosed_quote"
            records = None
    expected, places, is_csv = by_csv_reader(text)
    if records is None:
        swallowed = any("\n" in c or "\r" in c for cells in expected for c in cells)
        assert not is_csv or swallowed
        return
    assert is_csv
    cells = list(zip(*(column.to_pylist() for column in records.columns), strict=True))
    padded = [tuple([*row[:width], *[""] * (width - len(row))]) for row in expected]
    assert cells == padded
    assert records.n_cells.tolist() == [
        max(len(row), 1) if not row else len(row) for row in expected
    ]
    assert list(zip(records.line.tolist(), records.line_end.tolist(), strict=True)) == places
    assert records.is_empty.tolist() == [not "".join(row).strip(WHITE) for row in expected]


def by_csv_reader(text):
    """Rows, their first and last lines, and whether csv.reader took all of the text."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    rows, places, line = [], [], 0
    try:
        for row in reader:
            rows.append(row)
            places.append((line + 1, reader.line_num))
            line = reader.line_num
    except csv.Error:
        return rows, places, False
    return rows, places, True


VALUES = st.one_of(
    st.integers(-(10**14), 10**14),
    st.floats(-1e9, 1e9).map(lambda x: round(x, 6)),
    st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)
    .filter(lambda t: not t.startswith("=") and t.strip() == t),
    st.datetimes(datetime(1950, 1, 1), datetime(2090, 1, 1)).map(
        lambda d: d.replace(second=0, microsecond=0)
    ),
    st.none(),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(remarks=st.lists(VALUES, min_size=1, max_size=6))
def test_a_workbook_says_what_openpyxl_says(path, remarks):
    book = openpyxl.Workbook()
    book.active.append(["IPP", "Date visite", "PR %", "Remarques"])
    for remark in remarks:
        book.active.append(["00000001", datetime(2020, 1, 2), 30, remark])
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(buffer.getvalue())
    text = readers.read(path, TABLES["emcs"], name=NAMES[1])
    peer = openpyxl.load_workbook(buffer, data_only=True).active
    values = [row[3].value for row in peer.iter_rows(min_row=2)]
    assert text.rows["remarks"].tolist() == [as_text(value) for value in values]


def as_text(value):
    """How a value that openpyxl read stands in a text table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        moment = value.isoformat(" ", "minutes")
        return moment.removesuffix(" 00:00")
    if isinstance(value, int | float):
        whole = float(value).is_integer()
        return str(int(value)) if whole else f"{value:.15g}".replace(".", ",")
    return str(value)
