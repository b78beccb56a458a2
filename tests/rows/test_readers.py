"""Bytes to text rows: encodings, physical lines, ragged rows, refusals by rule."""

import codecs

import pytest

from expectations import dictionary
from expectations.rules import load_rules
from orchestration.ingest import readers
from orchestration.ingest.decoding import as_utf8
from orchestration.ingest.readers import Refused

NAME = "seances_20240101.csv"
SESSIONS = "ipp;num_seance;date_seance;PR;commentaire"
ROW = "00000001;1;01/02/2024;30;"
WHOLE = f"{SESSIONS}\r\n{ROW}\r\n"
RULES = load_rules()


@pytest.fixture(scope="module")
def tables():
    return dictionary.load()


@pytest.fixture
def read(tmp_path, tables):
    """Read bytes, or text as UTF-8, as a file of sessions."""

    def reading(content, table="sessions"):
        path = tmp_path / "kept-without-a-suffix"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        text = readers.read(path, tables[table], name=NAME)
        assert {rule for rule, _, _ in text.warnings} <= RULES.keys()
        return text

    return reading


@pytest.fixture
def refusal(read):
    """Rule and sentence of the refusal of some bytes."""

    def refusing(content):
        with pytest.raises(Refused) as caught:
            read(content)
        assert RULES[caught.value.rule_id].action == "refuse"
        return caught.value.rule_id, str(caught.value)

    return refusing


def warned(text, rule_id):
    """Lines of the warnings of one rule."""
    return [line for rule, line, _ in text.warnings if rule == rule_id]


@pytest.mark.parametrize(
    ("content", "text", "encoding"),
    [
        ("é;œ".encode(), "é;œ", "utf-8"),
        ("é;œ".encode("utf-8-sig"), "é;œ", "utf-8-sig"),
        ("é;œ€’".encode("cp1252"), "é;œ€’", "cp1252"),
        ("é;œ".encode("utf-16"), "é;œ", "utf-16"),
        (codecs.BOM_UTF16_BE + "é;œ".encode("utf-16-be"), "é;œ", "utf-16"),
        (WHOLE.encode("utf-16-le"), WHOLE, "utf-16-le"),
        (WHOLE.encode("utf-16-be"), WHOLE, "utf-16-be"),
        (b"a;b\r\n\x1a", "a;b\r\n", "utf-8"),
        (b"", "", "utf-8"),
    ],
)
def test_bytes_are_decoded_without_a_guess(content, text, encoding):
    assert as_utf8(content) == (text.encode(), encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-be"])
def test_a_file_says_the_same_in_every_encoding(read, encoding):
    content = WHOLE + "00000001;2;15/02/2024;40;céphalée, l’œil €\r\n"
    text = read(content.encode(encoding))
    assert text.rows["comment"].tolist() == ["", "céphalée, l’œil €"]
    assert text.encoding == encoding


@pytest.mark.parametrize(
    ("content", "rule_id", "words"),
    [
        (b"", "gate_empty_file", "0 bytes"),
        (b"\xef\xbb\xbf", "gate_empty_file", "blank"),
        (b"\r\n \r\n", "gate_empty_file", "blank"),
        (SESSIONS, "gate_empty_file", "no row"),
        (f"{SESSIONS}\r\n;;;;\r\n\r\n", "gate_empty_file", "no row"),
        (f"{WHOLE}a\x00b", "gate_nul_byte", "line 3"),
        (f"{WHOLE}".encode() + b"\x81", "gate_undecodable", "line 3"),
        (b"\xef\xbb\xbf" + WHOLE.encode() + b"\xe9", "gate_undecodable", "line 3"),
        (WHOLE.encode("utf-16")[:-1], "gate_undecodable", "utf-16"),
        (WHOLE.encode("utf-32"), "gate_nul_byte", "NUL"),
        (b"PK\x03\x04....", "gate_not_text", "zip"),
        (b"\x1f\x8b....", "gate_not_text", "gzip"),
        (codecs.BOM_UTF8 + b"ipp;PR\r\n1;2\r\n", "gate_missing_column", "session_no_recorded"),
        (b"nom;ville\r\n1;2\r\n", "gate_missing_column", "all of them"),
        (f"{SESSIONS};Soulagement (%)\r\n{ROW};4\r\n", "gate_duplicate_header", "row 1"),
        (f"{SESSIONS};x;X\r\n{ROW};4;5\r\n", "gate_duplicate_header", "row 1"),
        (f"{WHOLE}00000001;2;15/0", "gate_truncated", "line 3"),
        (f'{SESSIONS}\r\n1;1;01/02/2024;3;"open\r\n', "gate_unclosed_quote", "line 2"),
        (f'{SESSIONS}\r\n1;1;01/02/2024;3;"a"b\r\n', "gate_unclosed_quote", "line 2"),
        (f'"{SESSIONS}\r\n{ROW}\r\n', "gate_unclosed_quote", "line 1"),
    ],
)
def test_a_file_that_cannot_be_taken_whole_is_refused(refusal, content, rule_id, words):
    rule, sentence = refusal(content)
    assert (rule, words in sentence) == (rule_id, True), sentence


def test_every_row_keeps_its_physical_line(read):
    content = (
        f"{SESSIONS}\r\n"
        '00000001;1;01/02/2024;30;"deux\r\nlignes"\r\n'
        "\r\n"
        "00000001;2;15/02/2024;40;\r\n"
        "00000001;3;01/03/2024;50\r\n"
    )
    text = read(content.encode("cp1252"))
    assert text.rows["line"].tolist() == [2, 4, 5, 6]
    assert text.rows["pain_relief_pct"].tolist() == ["30", "", "40", "50"]
    assert text.rows["field_count_ok"].tolist() == [True, True, True, False]
    assert text.verbatim["text"].tolist()[1] == '00000001;1;01/02/2024;30;"deux\r\nlignes"'
    assert text.verbatim["line_end"].tolist() == [1, 3, 4, 5, 6]


@pytest.mark.parametrize("quote", ["", '""'])
def test_a_line_of_white_space_is_empty_and_one_with_text_beyond_the_header_is_not(read, quote):
    blank, beyond = f"{quote}; ;\u00a0;\t", f"{quote};;;;;;;;;suite"
    text = read(f"{SESSIONS}\r\n{ROW}\r\n{blank}\r\n{beyond}\r\n")
    assert text.rows["field_count_ok"].tolist() == [True, True, False]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_line_ends_of_every_system(read, end):
    text = read(end.join([SESSIONS, ROW, "", '00000001;2;15/02/2024;40;"x"', ""]))
    assert text.rows["line"].tolist() == [2, 3, 4]
    assert text.rows["pain_relief_pct"].tolist() == ["30", "", "40"]


def test_mixed_line_ends_and_characters_that_only_look_like_them(read):
    text = read(f"{SESSIONS}\r{ROW}a\u2028b\x85c\n{ROW}\r\r\n{ROW}\r\n")
    assert text.rows["line"].tolist() == [2, 3, 4, 5]
    assert text.rows["comment"].tolist() == ["a\u2028b\x85c", "", "", ""]


def test_quotes_hold_delimiters_quotes_and_blank_lines(read):
    text = read(f'{SESSIONS}\r\n"00000001";1;"01/02/2024";"30";"dit ""mieux"";\r\n\r\nsi"\r\n')
    assert text.rows["comment"].tolist() == ['dit "mieux";\r\n\r\nsi']
    assert text.verbatim["line_end"].tolist() == [1, 4]


def test_a_quote_closed_rows_later_is_refused(refusal):
    content = f'{SESSIONS}\r\n{ROW}"mal\r\n{ROW}\r\n{ROW}"\r\n{ROW}\r\n'
    assert refusal(content)[0] == "gate_unclosed_quote"
    content = f'{SESSIONS}\r\n{ROW}"mal\r\n{ROW}"\r\n'
    assert refusal(content)[0] == "gate_unclosed_quote"


def test_a_quote_open_over_more_lines_than_a_remark_has_is_refused(refusal):
    content = f'{SESSIONS}\r\n{ROW}"' + "\r\n" * 60 + '"\r\n'
    assert refusal(content)[0] == "gate_unclosed_quote"


def test_a_cell_longer_than_any_is_refused_and_a_long_one_is_not(refusal, read):
    long = f"{WHOLE}{ROW}{'x' * 70_000}\r\n"
    assert read(long).rows["comment"].str.len().tolist() == [0, 70_000]
    assert refusal(f"{WHOLE}{ROW}{'x' * 10_000_001}\r\n") == (
        "gate_too_large",
        "line 3 is longer than 10000000 characters",
    )


def test_more_columns_than_any_is_refused(refusal):
    header = SESSIONS + "".join(f";x{n}" for n in range(500))
    assert refusal(f"{header}\r\n{ROW}\r\n")[0] == "gate_too_large"


def test_more_rows_than_any_is_refused(refusal, monkeypatch):
    monkeypatch.setattr("orchestration.ingest.physical_lines.MAX_ROWS", 2)
    assert refusal(f"{WHOLE}{ROW}\r\n")[0] == "gate_too_large"


def test_a_larger_file_than_any_is_refused_unread(refusal, monkeypatch):
    monkeypatch.setattr("orchestration.ingest.readers.MAX_FILE_BYTES", 10)
    assert refusal(WHOLE)[0] == "gate_too_large"


@pytest.mark.parametrize("last", [ROW, f"{ROW};", "Exporté le 01/02/2024", "Total;2", "  "])
def test_a_whole_last_line_without_its_end_is_only_told(read, last):
    text = read(WHOLE + last)
    assert warned(text, "gate_no_final_newline") == [3]
    assert len(text.rows) == 2


def test_title_rows_above_the_header_are_skipped(read):
    text = read(f"sep=;\r\nExport DxCare;;;;\r\n;;;;\r\n{WHOLE}")
    assert text.rows["line"].tolist() == [5]
    assert warned(text, "gate_rows_above_header") == [1]
    assert text.verbatim["line"].tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_a_declared_alternative_delimiter_is_taken_with_a_warning(read, delimiter):
    text = read(WHOLE.replace(";", delimiter))
    assert warned(text, "gate_alternative_delimiter") == [1]
    assert text.rows["pain_relief_pct"].tolist() == ["30"]


def test_an_undeclared_delimiter_is_refused(refusal):
    assert refusal(WHOLE.replace(";", "|"))[0] == "gate_missing_column"


def test_headers_match_whatever_their_spelling_and_order(read):
    text = read("Soulagement (%);N°  SÉANCE;IPP;DATE_SEANCE\r\n30;1;00000001;01/02/2024\r\n")
    assert text.rows["pain_relief_pct"].tolist() == ["30"]
    assert text.rows["ipp"].tolist() == ["00000001"]


def test_headers_encoded_twice_are_put_right(read):
    twice = "N° séance".encode().decode("cp1252")
    text = read(f"ipp;{twice};date_seance;PR\r\n00000001;1;01/02/2024;30\r\n")
    assert text.rows["session_no_recorded"].tolist() == ["1"]
    assert warned(text, "gate_header_encoding") == [1]


def test_a_missing_column_is_told_unless_it_is_optional(read):
    text = read(WHOLE)
    detail = next(d for rule, _, d in text.warnings if rule == "gate_missing_expected")
    assert "relief_duration_days" in detail
    assert "pgic" not in detail
    assert "relief_duration_days" not in text.rows


def test_an_unknown_column_is_kept_for_the_vault_with_a_warning(read):
    text = read(f"{SESSIONS};météo;;\r\n{ROW};soleil;;\r\n{ROW};;;note\r\n{ROW};\r\n")
    assert "météo" not in text.rows
    assert warned(text, "gate_unknown_header") == [1]
    assert text.unknown.to_dict("list") == {
        "line": [2, 3],
        "header": ["météo", "(8)"],
        "value": ["soleil", "note"],
    }
    assert text.rows["field_count_ok"].all()


def test_a_header_with_unnamed_columns_at_its_end_fits_rows_without_them(read):
    text = read(f"{SESSIONS};;\r\n{ROW}\r\n{ROW};;\r\n{ROW};;;\r\n00000001;1\r\n")
    assert text.rows["field_count_ok"].tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("comment", "rule_id"),
    [
        ("am\ufffdlior\ufffd", "gate_lossy_text"),
        ("am?lior?", "gate_lossy_text"),
        ("bruit\x07", "gate_control_characters"),
        ("bruit\x85", "gate_control_characters"),
    ],
)
def test_what_was_lost_before_the_delivery_is_told_at_its_line(read, comment, rule_id):
    assert warned(read(f"{WHOLE}{ROW}{comment}\r\n"), rule_id) == [3]


def test_an_ordinary_question_is_no_lost_accent(read):
    text = read(f"{WHOLE}{ROW}mieux ? oui\r\n{ROW}dort ?\r\n")
    assert warned(text, "gate_lossy_text") == []


def test_two_encodings_in_one_file_are_told(read):
    mixed = WHOLE.encode() + f"{ROW}fatigué\r\n".encode() + f"{ROW}fatigué\r\n".encode("cp1252")
    text = read(mixed)
    assert text.encoding == "cp1252"
    assert warned(text, "gate_mixed_encoding") == [3]


def test_a_file_of_many_chunks_is_the_file(read, monkeypatch):
    rows = [f'0000000{n % 7};{n};01/02/2024;{n % 101};{["", "a", "\"b\r\nc\""][n % 3]}'
            for n in range(50)]  # fmt: skip
    content = "\r\n".join([SESSIONS, *rows, "short;1", ""])
    whole = read(content)
    monkeypatch.setattr("orchestration.ingest.csv_records.CHUNK_LINES", 7)
    pieces = read(content)
    for frame in ("rows", "verbatim", "unknown"):
        assert getattr(whole, frame).equals(getattr(pieces, frame))
    assert whole.rows["session_no_recorded"].tolist()[:50] == [str(n) for n in range(50)]


def test_a_parsed_file_need_not_be_there_any_more(tmp_path, tables):
    path = tmp_path / NAME
    path.write_text(WHOLE, encoding="utf-8")
    parsed = readers.parse(path)
    path.unlink()
    assert len(readers.read(path, tables["sessions"], parsed=parsed).rows) == 1
