"""Odd cells are kept as they are and flagged; ordinary ones are not flagged."""

from datetime import date

import pytest

from expectations.cell_warnings import warnings_of
from expectations.cells import parse_cell
from expectations.dates import skips_two_to_three
from expectations.dictionary import load

SESSIONS = load()["sessions"]


def warnings(text, column, **options):
    column = SESSIONS.column(column)
    return list(warnings_of(text, parse_cell(text, column, pivot_year=2022, **options), column))


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("0,3", "pain_relief_pct", ["pr_fraction"]),
        ("0.99", "pain_relief_pct", ["pr_fraction"]),
        ("0", "pain_relief_pct", []),
        ("1", "pain_relief_pct", []),
        ("-0,3", "pain_relief_pct", []),
        ("0,3", "vas", []),
        ("=1+1", "comment", ["formula_text"]),
        ("@SUM(A1)", "comment", ["formula_text"]),
        ("\t=1", "comment", ["formula_text"]),
        ("- va mieux", "comment", []),
        ("-va mieux (2 nuits)", "comment", []),
        ("-été difficile", "comment", []),
        ("-2+3", "comment", ["formula_text"]),
        ("-SOMME(A1:A2)", "comment", ["formula_text"]),
        ("-A1", "comment", ["formula_text"]),
        ("-cmd|' /C calc'!A0", "comment", ["formula_text"]),
        ("+33 au repos", "comment", ["formula_text"]),
        ("-", "comment", []),
        ("-20", "pain_relief_pct", []),
        ("+30", "relief_duration_days", []),
        ("am\ufffdlior\ufffd", "comment", ["text_lossy"]),
        ("mieux ?", "comment", []),
        ("31/03/2019 02:30", "recorded_at", ["time_does_not_exist"]),
        ("31/03/2019 03:00", "recorded_at", []),
        ("30/03/2019 02:30", "recorded_at", []),
        ("NR", "pain_relief_pct", []),
        ("", "comment", []),
    ],
)
def test_what_is_flagged(text, column, expected):
    assert warnings(text, column) == expected


@pytest.mark.parametrize(
    "text",
    [
        "rappeler au 06 12 34 56 78",
        "tel 0612345678.",
        "06.12.34.56.78",
        "+33 6 12 34 56 78",
        "+33(0)612345678",
        "0033612345678",
        "ecrire a jeanne.martin@example.fr",
        "NIR 2 84 05 2A 123 456 78",
        "284057512345678",
    ],
)
def test_a_remark_that_could_name_somebody_is_flagged(text):
    assert "free_text_identifier" in warnings(text, "comment")


@pytest.mark.parametrize(
    "text",
    [
        "va mieux depuis 12 jours",
        "1600 impulsions, 20 trains de 80 a 20 Hz",
        "seance du 03/04/2019 a 14:00",
        "IRM le 12/05/2011, scanner le 13/06/2012",
        "dose 300 mg x 3, puis 600 mg",
        "@ revoir",
    ],
)
def test_a_remark_with_ordinary_numbers_is_not(text):
    assert "free_text_identifier" not in warnings(text, "comment")


def test_clocks_skip_an_hour_on_the_last_sunday_of_march():
    skipped = {date(y, 3, d) for y in range(2010, 2023) for d in range(1, 32)}
    assert sorted(day for day in skipped if skips_two_to_three(day))[:3] == [
        date(2010, 3, 28),
        date(2011, 3, 27),
        date(2012, 3, 25),
    ]
    assert sum(map(skips_two_to_three, skipped)) == 13
