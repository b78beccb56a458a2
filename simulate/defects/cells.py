"""Defects of one cell of a readable row: spelling, range, code, date, remark.

Here: a function a class, Source and variant in, the change out. Not here: defects that need other
rows (`records.py`, `lines.py`) or a file (`files.py`). Rows that such a defect loses are of
patients with nothing else wrong, so that one cause is one defect.
"""

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate import french
from simulate.defects.changes import Found, Injected, Row, SetCell
from simulate.defects.source import Source, TooFew

Injector = Callable[[Source, str], Injected]
PR = "pain_relief_pct"
ASSESSMENT = "test_period_relief_pct"
MONTHS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
REMARKS = {
    "telephone": ["rappeler au 06 12 34 56 78", "tél 0145678910 le soir"],
    "address": ["écrire à synthetique@exemple.fr"],
    "nir": ["NIR 1 55 08 75 116 001 22"],
    "equals": ["=SOMME(A1:A9)", '=HYPERLINK("x")'],
    "plus": ["+A1", "+33 fois"],
    "at": ["@SOMME(1)"],
}
WORDS = {
    "word": ["amélioré", "nul", "mieux"],
    "about": ["~30", "env. 40"],
    "from_to": ["30-40", "20 à 30"],
}
TOKENS = {"words": ["non fait", "NR", "ND"], "number": ["9999"], "dash": ["-"]}
SYNONYMS = {"M1 G": ["M1 gauche", "m1 g"], "M1 D": ["M1 droite", "m1 d"]}


def is_number(column: pd.Series, *, at_least: float = 0) -> NDArray[np.bool_]:
    """Whether each text is a number of at least some size."""
    return (pd.to_numeric(column.str.replace(",", "."), errors="coerce") >= at_least).to_numpy()


def is_share(column: pd.Series) -> NDArray[np.bool_]:
    """Whether each text is a relief that has a fraction: at least 1, below 100."""
    return is_number(column, at_least=1) & ~is_number(column, at_least=100)


def neighbours(source: Source, place: int, reach: int = 2) -> tuple[Row, ...]:
    """Rows of the same patient beside a session, and the patient's own: clean, but implicated."""
    patient = int(source.patient_of[place])
    mine = source.sessions_of(patient)
    near = mine[(abs(mine - place) <= reach) & (mine != place)]
    return (*(("sessions", int(one)) for one in near), ("patients", patient))


def one_cell(
    source: Source, place: int, column: str, text: str, innocents: tuple[Row, ...] = ()
) -> Injected:
    """Another text in a cell of a session."""
    row: Row = ("sessions", place)
    true = source.in_session(place, column)
    found = Found(row, column, str(true), text)
    return Injected((SetCell(row, column, text),), (found,), innocents)


def a_patients_cell(
    source: Source, patient: int, column: str, text: str, innocents: tuple[Row, ...] = ()
) -> Injected:
    """Another text in a cell of the master."""
    row: Row = ("patients", patient)
    found = Found(row, column, str(source.in_master(patient, column)), text)
    return Injected((SetCell(row, column, text),), (found,), innocents)


def a_visits_cell(
    source: Source, place: int, column: str, value: object, innocents: tuple[Row, ...] = ()
) -> Injected:
    """Another value in a cell of a visit, which the workbook holds as a day, number or word."""
    row: Row = ("emcs", place)
    found = Found(row, column, in_words_of(source.visits[column].iloc[place]), in_words_of(value))
    return Injected((SetCell(row, column, value),), (found,), innocents)


def in_words_of(value: object) -> str:
    """Return a value of a workbook as the clinic would type it."""
    if isinstance(value, pd.Timestamp | np.datetime64):
        return french.date(np.datetime64(value, "D"))
    if isinstance(value, int | float | np.number):
        return french.number(float(value))
    return str(value)


def _accented(source: Source) -> tuple[int, str]:
    """A patient and a column of codes with an accent."""
    columns = ["topography", "lesion_level", "lesion_site", "aetiology"]
    order = [columns[i] for i in source.rng.permutation(len(columns))]
    for column in order:
        holds = source.patients[column].map(lambda one: not one.isascii()).to_numpy(dtype=bool)
        if (holds & source.free_patients()).any():
            return source.patient(holds, column), column
    raise TooFew("no patients left in this clinic")


def encoded_twice(source: Source, variant: str) -> Injected:
    """Class 7."""
    patient, column = _accented(source)
    true = source.in_master(patient, column)
    return a_patients_cell(source, patient, column, true.encode("utf-8").decode("cp1252"))


def accents_lost(source: Source, variant: str) -> Injected:
    """Class 8: a mark for each letter, or one for each of its two bytes."""
    patient, column = _accented(source)
    true = source.in_master(patient, column)
    mark = {"code": "?", "replacement": "\ufffd", "two_marks": "??"}[variant]
    lost = "".join(letter if letter.isascii() else mark for letter in true)
    return a_patients_cell(source, patient, column, lost)


def another_spelling(source: Source, variant: str) -> Injected:
    """Class 23."""
    if variant == "grouped":
        place = source.session(is_number(source.sessions["n_pulses"], at_least=1000), "n_pulses")
        true = source.in_session(place, "n_pulses")
        return one_cell(source, place, "n_pulses", f"{true[:-3]} {true[-3:]}")
    place = source.session(is_number(source.sessions[PR]), PR)
    true = source.in_session(place, PR)
    spelt = {
        "percent": f"{true} %",
        "spaces": f"  {true} ",
        "fixed_space": f"{true}\u00a0%",
        "point": true.replace(",", ".") if "," in true else f"{true}.0",
    }
    return one_cell(source, place, PR, spelt[variant])


def fraction(source: Source, variant: str) -> Injected:
    """Class 24, of one cell."""
    if variant == "visit":
        relief = pd.to_numeric(source.visits[PR], errors="coerce")
        place, _ = source.visit(relief.between(1, 99).to_numpy(), PR)
        return a_visits_cell(source, place, PR, float(relief.iloc[place]) / 100)
    if variant == "assessment":
        patient = source.patient(is_share(source.patients[ASSESSMENT]), ASSESSMENT)
        value = source.in_master(patient, ASSESSMENT)
        return a_patients_cell(source, patient, ASSESSMENT, _hundredth(value))
    place = source.session(is_share(source.sessions[PR]), PR)
    return one_cell(source, place, PR, _hundredth(source.in_session(place, PR)))


def _hundredth(text: str) -> str:
    return french.number(float(text.replace(",", ".")) / 100)


def above_range(source: Source, variant: str) -> Injected:
    """Class 25."""
    least = 11 if variant == "lost_comma" else 0
    place = source.session(is_number(source.sessions[PR], at_least=least), PR)
    value = float(source.in_session(place, PR).replace(",", "."))
    just = french.number(101 + float(source.rng.integers(20)))
    return one_cell(
        source, place, PR, french.number(value * 10) if variant == "lost_comma" else just
    )


def negative(source: Source, variant: str) -> Injected:
    """Class 26."""
    place = source.session(is_number(source.sessions[PR], at_least=1), PR)
    return one_cell(source, place, PR, "-" + source.in_session(place, PR))


def in_words(source: Source, variant: str) -> Injected:
    """Class 27."""
    place = source.session(is_number(source.sessions[PR]), PR)
    return one_cell(source, place, PR, source.pick(WORDS[variant]))


def word_for_missing(source: Source, variant: str) -> Injected:
    """Class 28."""
    empty = (source.sessions["relief_duration_days"] == "").to_numpy()
    place = source.session(empty, "relief_duration_days")
    return one_cell(source, place, "relief_duration_days", source.pick(TOKENS[variant]))


def npsi_item(source: Source, variant: str) -> Injected:
    """Class 31."""
    column = f"npsi_{source.pick(['1', '3', '5', '8', '10', '11'])}"
    place = source.session(is_number(source.sessions[column]), column)
    wrong = {"eleven": "11", "below_zero": "-1", "of_a_hundred": "70"}[variant]
    return one_cell(source, place, column, wrong)


def identifier_spelling(source: Source, variant: str) -> Injected:
    """Class 50."""
    leading = source.sessions["ipp"].str.startswith("0").to_numpy()
    if variant == "letters":
        place = inner_session(source, "ipp")
        text = f"{source.in_session(place, 'ipp')[:4]}XX"
        return one_cell(source, place, "ipp", text, neighbours(source, place))
    if variant == "scientific":
        place = inner_session(source, "ipp")
        ipp = source.in_session(place, "ipp")
        text = f"{ipp.lstrip('0')[0]},{ipp.lstrip('0')[1:3]}E+0{len(ipp.lstrip('0')) - 1}"
        return one_cell(source, place, "ipp", text, neighbours(source, place))
    place = source.session(leading, "ipp")
    ipp = source.in_session(place, "ipp")
    spelt = ipp.lstrip("0") if variant == "zeros" else f"{ipp[:2]} {ipp[2:5]} {ipp[5:]}"
    return one_cell(source, place, "ipp", spelt)


def code_spelling(source: Source, variant: str) -> Injected:
    """Class 53."""
    place = source.session(source.sessions["target"].isin(list(SYNONYMS)).to_numpy(), "target")
    true = source.in_session(place, "target")
    unknown = source.pick(["M2", "SMA", "M1 C"])
    spelt = source.pick(SYNONYMS[true]) if variant == "synonym" else unknown
    return one_cell(source, place, "target", spelt)


def remark(source: Source, variant: str) -> Injected:
    """Classes 57 and 58."""
    place = source.session((source.sessions["comment"] == "").to_numpy())
    return one_cell(source, place, "comment", source.pick(REMARKS[variant]))


def two_digit_year(source: Source, variant: str) -> Injected:
    """Class 65."""
    place = source.session(np.ones(len(source.sessions), dtype=bool), "session_date")
    true = source.in_session(place, "session_date")
    return one_cell(source, place, "session_date", true[:6] + true[8:])


def date_format(source: Source, variant: str) -> Injected:
    """Class 66."""
    place = source.session(np.ones(len(source.sessions), dtype=bool), "session_date")
    day, month, year = source.in_session(place, "session_date").split("/")
    spelt = {
        "iso": f"{year}-{month}-{day}",
        "month_name": f"{int(day)} {MONTHS[int(month) - 1]} {year}",
        "points": f"{day}.{month}.{year}",
    }
    return one_cell(source, place, "session_date", spelt[variant])


def no_such_day(source: Source, variant: str) -> Injected:
    """Class 67."""
    if variant == "evaluation":
        known = (source.sessions["evaluation_date"] != "").to_numpy()
        place = source.session(known, "evaluation_date")
        year = source.in_session(place, "evaluation_date")[6:]
        return one_cell(source, place, "evaluation_date", f"31/02/{year}")
    place = inner_session(source, "session_date")
    year = source.in_session(place, "session_date")[6:]
    return one_cell(source, place, "session_date", f"31/04/{year}", neighbours(source, place))


def skipped_hour(source: Source, variant: str) -> Injected:
    """Class 68."""
    place = source.session(np.ones(len(source.sessions), dtype=bool), "recorded_at")
    year = int(source.in_session(place, "recorded_at")[6:10])
    last = max(day for day in range(25, 32) if date(year, 3, day).weekday() == 6)
    return one_cell(source, place, "recorded_at", f"{last}/03/{year} 02:30")


def inner_session(source: Source, column: str, *, least: int = 1, after: int = 2) -> int:
    """Choose a session with others on both sides, of a patient with nothing else wrong."""
    return source.session_of_own(is_inner(source, least=least, after=after), column)


def is_inner(source: Source, *, least: int = 1, after: int = 2) -> NDArray[np.bool_]:
    """Whether a session comes after the first `least`, with `after` more to follow."""
    n = np.bincount(source.patient_of, minlength=len(source.patients))
    first = np.searchsorted(source.patient_of, np.arange(len(n)))
    k = np.arange(len(source.patient_of)) - first[source.patient_of] + 1
    return np.asarray((k > least) & (k + after <= n[source.patient_of]))


INJECTORS: dict[int, Injector] = {
    7: encoded_twice,
    8: accents_lost,
    23: another_spelling,
    24: fraction,
    25: above_range,
    26: negative,
    27: in_words,
    28: word_for_missing,
    31: npsi_item,
    50: identifier_spelling,
    53: code_spelling,
    57: remark,
    58: remark,
    65: two_digit_year,
    66: date_format,
    67: no_such_day,
    68: skipped_hour,
}
