"""Defects that only other rows show: order, numbers, other patients, contradictions.

Here: a function a class, Source and variant in, the changes out. Each takes a patient with nothing
else wrong, so that one cause is one defect. Not here: spelling of a cell (`cells.py`), lines that
are no rows (`lines.py`).
"""

import numpy as np
import pandas as pd

from simulate import french
from simulate.dates import day, days_between, in_days
from simulate.defects.cells import (
    PR,
    Injector,
    a_patients_cell,
    a_visits_cell,
    inner_session,
    is_number,
    is_share,
    neighbours,
    one_cell,
)
from simulate.defects.changes import AddRow, DropRow, Found, Injected, Row
from simulate.defects.source import Source

CENTRAL = ("moelle", "tronc cérébral", "thalamus", "lenticulaire", "cortex")
PERIPHERAL = ("crânien", "radiculaire", "plexus", "tronc nerveux", "fibres sensitives")
STROKES = ["AVC ischémique", "AVC hémorragique", "AVC nsp"]
RESTART_DAYS = 200
TWO_YEARS = 730
N_COPIED = 12
ADDED = 10_000_000
"""Added rows have places from here on: the place of the row below which they stand, plus this."""


def relief_copied(source: Source, variant: str) -> Injected:
    """Class 29: the form carries on what the patient said of one session.

    Not 0 or 100, which settled patients say again and again unasked.
    """
    known = np.flatnonzero(is_number(source.sessions[PR]))
    patient, relief = source.patient_of[known], source.sessions[PR].to_numpy()[known]
    stop = np.searchsorted(patient, patient, side="right")
    follows = (patient == np.roll(patient, 1)) & (relief == np.roll(relief, 1))
    usable = (stop - np.arange(len(known)) >= N_COPIED) & ~follows
    first = np.isin(np.arange(len(source.sessions)), known[usable]) & is_share(source.sessions[PR])
    place = source.session_of_own(first)
    at = int(np.searchsorted(known, place))
    text = source.in_session(place, PR)
    cells = [
        one_cell(source, int(one), PR, text)
        for one in known[at + 1 : at + N_COPIED]
        if source.in_session(int(one), PR) != text
    ]
    return Injected(
        tuple(change for one in cells for change in one.changes),
        (Found(("sessions", place)), *(found for one in cells for found in one.found)),
    )


def outlasts_question(source: Source, variant: str) -> Injected:
    """Class 30."""
    relief = is_number(source.sessions[PR], at_least=1)
    asked = ~np.isnat(source.evaluation_day)
    place = source.session(
        relief & asked & is_number(source.sessions["relief_duration_days"]), "relief_duration_days"
    )
    gap = days_between(source.session_day[[place]], source.evaluation_day[[place]])[0]
    longer = french.number(gap + 3 + float(source.rng.integers(15)))
    return one_cell(source, place, "relief_duration_days", longer)


def npsi_total(source: Source, variant: str) -> Injected:
    """Class 32."""
    if variant == "session":
        place = source.session(is_number(source.sessions["npsi_total"]), "npsi_total")
        return one_cell(source, place, "npsi_total", _off(source.in_session(place, "npsi_total")))
    column = "npsi_baseline_total"
    patient = source.patient(is_number(source.patients[column]), column)
    return a_patients_cell(source, patient, column, _off(source.in_master(patient, column)))


def _off(total: str) -> str:
    value = float(total.replace(",", "."))
    return french.number(value + 7 if value <= 90 else value - 7)


def lost_row(source: Source, variant: str) -> Injected:
    """Class 38: the row after the gap is the one that shows it."""
    place = inner_session(source, PR)
    following: Row = ("sessions", place + 1)
    return Injected((DropRow(("sessions", place)),), (Found(following),), neighbours(source, place))


def numbers_restart(source: Source, variant: str) -> Injected:
    """Class 39."""
    last = np.searchsorted(source.patient_of, np.arange(len(source.patients)), side="right") - 1
    first = np.searchsorted(source.patient_of, np.arange(len(source.patients)))
    long = source.session_day[last] - source.session_day[first] > in_days(RESTART_DAYS)
    is_last = np.isin(np.arange(len(source.sessions)), last[long])
    place = source.session_of_own(is_last, "session_no_recorded")
    return one_cell(source, place, "session_no_recorded", "1")


def date_out_of_order(source: Source, variant: str) -> Injected:
    """Class 40."""
    place = inner_session(source, "session_date", after=3)
    late = french.date(source.session_day[place + 2] + in_days(1))
    return one_cell(source, place, "session_date", late, neighbours(source, place, 3))


def day_month_exchanged(source: Source, variant: str) -> Injected:
    """Class 41: implicated are the rows between which the session was, and now seems to be."""
    texts = source.sessions["session_date"].str
    day_of, month = texts[:2].astype(int), texts[3:5].astype(int)
    place = source.session_of_own(((day_of <= 12) & (day_of != month)).to_numpy(), "session_date")
    one, other, year = source.in_session(place, "session_date").split("/")
    exchanged = f"{other}/{one}/{year}"
    mine = source.sessions_of(int(source.patient_of[place]))
    after = int(np.searchsorted(source.session_day[mine], _day(exchanged)))
    beside: list[Row] = [("sessions", int(row)) for row in mine[max(after - 1, 0) : after + 1]]
    innocents = dict.fromkeys((*neighbours(source, place, 3), *beside))
    innocents.pop(("sessions", place), None)
    return one_cell(source, place, "session_date", exchanged, tuple(innocents))


def unusual_interval(source: Source, variant: str) -> Injected:
    """Class 42: the interval belongs to the session before."""
    if variant == "far":
        return _begun_early(source)
    place = inner_session(source, "session_date")
    soon = french.date(source.session_day[place - 1] + in_days(2))
    return one_cell(source, place, "session_date", soon, neighbours(source, place, 3))


def _begun_early(source: Source) -> Injected:
    """Consultation and first session are dated two years too early, so that only the pause shows.

    Chosen of patients whose study had begun by then.
    """
    first = np.searchsorted(source.patient_of, np.arange(len(source.patients)))
    window = day(source.clinic.cohort.scenario.clinic.first_session_from)
    late = first[source.session_day[first] > window + in_days(TWO_YEARS)]
    place = source.session_of_own(np.isin(np.arange(len(source.sessions)), late), "session_date")
    patient = int(source.patient_of[place])
    consulted = _day(source.in_master(patient, "first_consultation_date"))
    before = np.timedelta64(TWO_YEARS, "D")
    master = a_patients_cell(
        source, patient, "first_consultation_date", french.date(consulted - before)
    )
    session = one_cell(
        source, place, "session_date", french.date(source.session_day[place] - before)
    )
    return Injected(
        session.changes + master.changes, session.found + master.found, neighbours(source, place)
    )


def before_patient(source: Source, variant: str) -> Injected:
    """Class 43."""
    column = {"consultation": "first_consultation_date", "birth": "birth_date"}[variant]
    place = inner_session(source, "session_date")
    since = source.in_master(int(source.patient_of[place]), column)
    year = int(since[6:]) - 1
    return one_cell(
        source, place, "session_date", f"15{since[2:6]}{year}", neighbours(source, place)
    )


def future(source: Source, variant: str) -> Injected:
    """Class 44."""
    place = inner_session(source, "session_date")
    text = source.in_session(place, "session_date")
    return one_cell(
        source, place, "session_date", f"15{text[2:6]}{int(text[6:]) + 30}",
        neighbours(source, place),
    )  # fmt: skip


def after_stop(source: Source, variant: str) -> Injected:
    """Class 45: a session that the clinic gave after it had closed the course."""
    stops: list[np.datetime64] = [_day(text) for text in source.patients["stop_date"]]
    last_day = day(source.clinic.cohort.scenario.clinic.rtms_end)
    early = np.array([not np.isnat(one) and one + in_days(60) < last_day for one in stops])
    patient = source.patient(early, "stop_date")
    last = int(source.sessions_of(patient)[-1])
    on = stops[patient] + np.timedelta64(14, "D")
    asked = on + np.timedelta64(28, "D")
    names = [str(name) for name in source.sessions]
    empty = {name: "" for name in names if name.startswith("npsi") or name == "ssnpsi"}
    cells = dict(source.sessions.loc[last]) | empty
    cells |= {
        "session_no_recorded": str(int(cells["session_no_recorded"]) + 1),
        "session_date": french.date(on),
        "evaluation_date": french.date(asked),
        "recorded_at": f"{french.date(asked)} 17:00",
    }
    row: Row = ("sessions", ADDED + last)
    added = AddRow(row, ("sessions", last), cells, since=asked)
    return Injected((added,), (Found(row),), (("patients", patient), ("sessions", last)))


def surgery_contradicted(source: Source, variant: str) -> Injected:
    """Class 46."""
    everyone = np.ones(len(source.visits), dtype=bool)
    place, patient = source.visit(everyone, "surgery_date")
    if variant == "surgery_first":
        return _operated_before(source, patient)
    row: Row = ("emcs", ADDED + place)
    cells = dict(source.visits.iloc[place])
    if variant == "visit_before":
        early = cells["surgery_date"] - np.timedelta64(40, "D")
        added = AddRow(
            row, ("emcs", place), cells | {"visit_date": early, "months_post_op": np.nan}
        )
        return Injected((added,), (Found(row),), everything_of(source, patient))
    ipp = source.new_ipp()
    stranger: Row = ("patients", ADDED + patient)
    person = dict(source.patients.loc[patient]) | {"ipp": ipp}
    changes = (
        AddRow(stranger, ("patients", patient), person),
        AddRow(row, ("emcs", place), cells | {"ipp": ipp}),
    )
    return Injected(changes, (Found(row),), (stranger,))


def _operated_before(source: Source, patient: int) -> Injected:
    """All visits of a patient say that the surgery was before the first session."""
    first = source.session_day[source.sessions_of(patient)[0]]
    early = pd.Timestamp(first - np.timedelta64(100, "D"))
    cells = [
        a_visits_cell(source, int(place), "surgery_date", early)
        for place in source.visits_of(patient)
    ]
    return Injected(
        tuple(change for one in cells for change in one.changes),
        tuple(found for one in cells for found in one.found),
        everything_of(source, patient),
    )


def unknown_patient(source: Source, variant: str) -> Injected:
    """Class 47."""
    if variant == "visit":
        visit, patient = source.visit(np.ones(len(source.visits), dtype=bool), "ipp")
        innocents = everything_of(source, patient)
        return a_visits_cell(source, visit, "ipp", source.new_ipp(), innocents)
    place = inner_session(source, "ipp")
    return one_cell(source, place, "ipp", source.new_ipp(), neighbours(source, place))


def patient_alone(source: Source, variant: str) -> Injected:
    """Class 48."""
    patient = source.patient(np.ones(len(source.patients), dtype=bool))
    row: Row = ("patients", ADDED + patient)
    cells = dict(source.patients.loc[patient]) | {"ipp": source.new_ipp()}
    return Injected((AddRow(row, ("patients", patient), cells),), (Found(row),))


def patient_twice(source: Source, variant: str) -> Injected:
    """Class 49: nobody knows who it is, so all that is said of the patient waits."""
    column = {"sex": "sex", "birth": "birth_date"}[variant]
    patient = source.patient(np.ones(len(source.patients), dtype=bool), column)
    cells = dict(source.patients.loc[patient])
    true = str(cells[column])
    if variant == "sex":
        cells["sex"] = "F" if true == "M" else "M"
    else:
        cells["birth_date"] = french.date(_day(true) - np.timedelta64(365, "D"))
    row: Row = ("patients", ADDED + patient)
    added = AddRow(row, ("patients", patient), cells)
    return Injected((added,), (Found(row),), everything_of(source, patient))


def everything_of(source: Source, patient: int) -> tuple[Row, ...]:
    """Every row of a patient: master, sessions, visits."""
    return (
        ("patients", patient),
        *(("sessions", int(place)) for place in source.sessions_of(patient)),
        *(("emcs", int(place)) for place in source.visits_of(patient)),
    )


def other_patients_row(source: Source, variant: str) -> Injected:
    """Class 51."""
    place = inner_session(source, "ipp", least=0, after=0)
    other = source.patient(np.ones(len(source.patients), dtype=bool), "ipp")
    innocents = (*neighbours(source, place), *everything_of(source, other))
    return one_cell(source, place, "ipp", source.in_master(other, "ipp"), innocents)


def unusual_age(source: Source, variant: str) -> Injected:
    """Class 52."""
    patient = source.patient(np.ones(len(source.patients), dtype=bool), "birth_date")
    born = str(source.in_master(patient, "birth_date"))
    first = str(source.session_day[source.sessions_of(patient)[0]])[:4]
    year = int(first) - 15 if variant == "child" else 1871
    return a_patients_cell(source, patient, "birth_date", f"15{born[2:6]}{year}")


def level_contradicted(source: Source, variant: str) -> Injected:
    """Class 54."""
    level = source.patients["lesion_level"]
    if variant == "cause":
        patient = source.patient((level == "périphérique").to_numpy(), "aetiology")
        return a_patients_cell(source, patient, "aetiology", source.pick(STROKES))
    patient = source.patient(level.isin(["central", "périphérique"]).to_numpy(), "lesion_site")
    sites = PERIPHERAL if level[patient] == "central" else CENTRAL
    return a_patients_cell(source, patient, "lesion_site", source.pick(list(sites)))


def target_on_painful_side(source: Source, variant: str) -> Injected:
    """Class 55."""
    side = source.patients["laterality"].to_numpy()[source.patient_of]
    place = source.session((side == "D") | (side == "G"), "target")
    return one_cell(source, place, "target", f"M1 {side[place]}")


def effect_contradicted(source: Source, variant: str) -> Injected:
    """Class 56."""
    none = (source.sessions["side_effect"] == "aucun").to_numpy()
    place = source.session(none)
    return one_cell(source, place, "side_effect_detail", "vertiges en fin de séance")


def _day(text: str) -> np.datetime64:
    if not text:
        return np.datetime64("NaT", "D")
    return np.datetime64(f"{text[6:]}-{text[3:5]}-{text[:2]}", "D")


INJECTORS: dict[int, Injector] = {
    46: surgery_contradicted,
    45: after_stop,
    39: numbers_restart,
    29: relief_copied,
    32: npsi_total,
    49: patient_twice,
    51: other_patients_row,
    38: lost_row,
    40: date_out_of_order,
    41: day_month_exchanged,
    42: unusual_interval,
    43: before_patient,
    44: future,
    47: unknown_patient,
    48: patient_alone,
    52: unusual_age,
    54: level_contradicted,
    30: outlasts_question,
    55: target_on_painful_side,
    56: effect_contradicted,
}

__all__ = ["ADDED", "INJECTORS", "everything_of"]
