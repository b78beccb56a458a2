"""Reading what was written gives it back; no text breaks a parser."""

from datetime import date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.cells import Bad, Ok, Repaired, parse_cell
from expectations.dates import EARLIEST, LATEST
from expectations.dictionary import load
from expectations.rules import load_rules

TABLES = load()
COLUMNS = [column for table in TABLES.values() for column in table.file_columns]
SESSIONS = TABLES["sessions"]


def read(text, column):
    return parse_cell(text, column, pivot_year=2022)


@settings(deadline=None)
@given(st.integers(0, 100_00))
def test_relief_comes_back(hundredths):
    value = hundredths / 100
    written = f"{value:.2f}".replace(".", ",")
    assert read(written, SESSIONS.column("pain_relief_pct")) == Ok(value)


@settings(deadline=None)
@given(st.integers(1, 99_999))
def test_whole_numbers_come_back(number):
    assert read(str(number), SESSIONS.column("session_no_recorded")).value == number or (
        number == 9999
    )


@settings(deadline=None)
@given(st.dates(EARLIEST, LATEST))
def test_dates_come_back(day):
    assert read(day.strftime("%d/%m/%Y"), SESSIONS.column("session_date")) == Ok(day)
    assert read(day.isoformat(), SESSIONS.column("session_date")) == Repaired(day, "date_iso")


@settings(deadline=None)
@given(st.dates(date(1923, 1, 1), date(2022, 12, 31)))
def test_two_digit_years_come_back_within_a_hundred_years_of_the_pivot(day):
    cell = read(day.strftime("%d/%m/%y"), SESSIONS.column("session_date"))
    assert cell == Repaired(day, "date_two_digit_year")


@settings(deadline=None)
@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31)))
def test_local_times_come_back(moment):
    moment = moment.replace(second=0, microsecond=0)
    written = moment.strftime("%d/%m/%Y %H:%M")
    assert read(written, SESSIONS.column("recorded_at")) == Ok(moment)


@settings(deadline=None)
@given(st.integers(1, 10**10 - 1))
def test_identifiers_come_back_with_their_zeros(number):
    column = SESSIONS.column("ipp")
    if number != 9999:
        assert read(str(number), column).value == f"{number:08d}"
    assert read(f"{number:08d}", column) == Ok(f"{number:08d}")


def test_every_spelling_of_every_code_leads_to_its_code():
    for column in COLUMNS:
        for code, spellings in column.codes.items():
            assert read(spellings[0], column) == Ok(code)
            for spelling in spellings:
                assert read(spelling.upper(), column).value == code


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=40), column=st.sampled_from(COLUMNS), native=st.booleans())
def test_any_text_is_read_repaired_or_refused_under_a_registered_rule(text, column, native):
    cell = parse_cell(text, column, pivot_year=2022, native=native, not_after=date(2022, 1, 1))
    match cell:
        case Ok(reason=reason):
            assert reason is None or reason in load_rules()
        case Repaired(rule_id=rule_id) | Bad(rule_id=rule_id):
            assert rule_id in load_rules()


@settings(deadline=None)
@given(
    text=st.from_regex(r"[0-9 ,.%/:eE+-]{1,20}", fullmatch=True), column=st.sampled_from(COLUMNS)
)
def test_what_looks_like_a_number_stays_within_its_range(text, column):
    value = getattr(read(text, column), "value", None)
    if column.type in ("decimal", "integer") and value is not None:
        assert column.minimum is None or value >= column.minimum
        assert column.maximum is None or value <= column.maximum
