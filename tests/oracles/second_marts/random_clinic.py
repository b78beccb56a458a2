"""Random clinics with adversarial courses, as the rows of the raw tables.

Here: patients, their sessions and visits, superseded and set-aside versions. Not here: what the
marts should say of them.
"""

from datetime import date, timedelta
from random import Random

from second_marts import dice as draw
from second_marts.clinic import Clinic, Row
from second_marts.dice import NEWEST, some_or_none


def random_clinic(seed: int, n_patients: int) -> Clinic:
    """Draw a clinic.

    Parameters
    ----------
    seed
        Same seed, same clinic.
    n_patients
        Patients in the master; some have no session.
    """
    dice, clinic = Random(seed), Clinic()
    for number in range(1, n_patients + 1):
        add_patient(clinic, f"p{number:04d}", dice)
    return clinic


def add_patient(clinic: Clinic, who: str, dice: Random) -> None:
    """One patient with everything that is in the files."""
    days = draw.session_days(dice)
    last = max(days, default=date(2015, 1, 1))
    values = patient_values(who, last, dice)
    row = clinic.add("raw_patients", values)
    if dice.random() < 0.04:
        clinic.set_aside_relief(row, "patients", "test_period_relief_pct", dice)
    if dice.random() < 0.1:
        older = {"stop_reason": "tolerance", "stop_date": last, "test_period_relief_pct": 70}
        clinic.add("raw_patients", values | older, known_to=NEWEST, end_reason="changed")
    if dice.random() < 0.9:
        clinic.tables["raw_patient_age"].append(
            {"patient_id": who, "age_years": float(dice.randint(18, 90))}
        )
    add_sessions(clinic, who, days, values, dice)
    if dice.random() < 0.25:
        add_surgery(clinic, who, days or [last], dice)


def patient_values(who: str, last: date, dice: Random) -> Row:
    """Cells of the master row; the stop lies before, on, or after the last session."""
    answers = draw.items(dice, "npsi_baseline")
    reason = dice.choice(draw.STOPS)
    stopped = last + timedelta(days=dice.choice((-200, -1, 0, 0, 1, 30, 400)))
    has_date = dice.random() < (0.1 if reason in (None, "ongoing") else 0.6)
    return {
        "patient_id": who,
        "sex": dice.choice(("M", "F", None)),
        "first_consultation_date": some_or_none(dice, date(2010, 1, 4), 0.3),
        "pain_duration_years": some_or_none(dice, dice.randint(0, 400) / 10, 0.1),
        "nrs_initial": some_or_none(dice, dice.randint(0, 20) / 2, 0.1),
        "laterality": dice.choice(("left", "right", "bilateral", None)),
        "topography": dice.choice(("hemibody", "face_neck", None)),
        "lesion_level": dice.choice(("central", "central", "peripheral", "mixed", None)),
        "lesion_site": dice.choice(draw.SITES),
        "aetiology": dice.choice(draw.CAUSES),
        **answers,
        "npsi_baseline_total": draw.recorded_total(dice, answers, "npsi_baseline"),
        "most_painful_component": some_or_none(dice, dice.choice(draw.COMPONENTS), 0.6),
        "test_period_relief_pct": draw.relief(dice, 0.5),
        "exclusion_reason": some_or_none(dice, "language_barrier", 0.95),
        "stop_reason": reason,
        "stop_date": stopped if has_date else None,
    }


def add_sessions(clinic: Clinic, who: str, days: list[date], patient: Row, dice: Random) -> None:
    """Sessions of a course, now and then two on a day; numbers may restart after a long pause."""
    recorded = 0
    for place, day in enumerate(days):
        before = days[place - 1] if place else day
        if (day - before).days > 180 and dice.random() < 0.5:
            recorded = 0
        following = days[place + 1] if place + 1 < len(days) else None
        same_day = 2 if dice.random() < 0.08 else 1
        for time in dice.choices(draw.TIMES, k=same_day):
            recorded += 1
            values = session_values(who, day, following, patient, dice)
            values |= {"session_no_recorded": recorded, "session_time": time}
            row = clinic.add("raw_sessions", values)
            add_versions(clinic, row, values, dice)


def add_versions(clinic: Clinic, row: Row, values: Row, dice: Random) -> None:
    """What surrounds a row: a relief set aside, an older version, a version held back."""
    if dice.random() < 0.05:
        clinic.set_aside_relief(row, "sessions", "pain_relief_pct", dice)
    if dice.random() < 0.05:
        older = {"pain_relief_pct": 90, "side_effect": "headache"}
        clinic.add("raw_sessions", values | older, known_to=NEWEST, end_reason="changed")
    if dice.random() < 0.03:
        held = {"session_date": values["session_date"] + timedelta(days=3)}
        clinic.add("raw_sessions", values | held, set_aside_rule="key_conflict")


def session_values(who: str, day: date, following: date | None, patient: Row, dice: Random) -> Row:
    """Cells of one session: mostly full 20 Hz sessions, some of them something else."""
    odd = dice.random()
    protocol = (
        dice.choice(("theta_burst", "other"))
        if odd < 0.06
        else dice.choice(("m1_20hz",) * 9 + (None,))
    )
    pulses = dice.choice((799, 320, 0, 800, 1599, 1601, None)) if odd > 0.9 else 1600
    answers = draw.items(dice, "npsi")
    if dice.random() < 0.3:
        answers = draw.worse_items(dice, patient)
    waits = [0, 1, 14, 59, 60, 61]
    if following is not None:
        waits += [(following - day).days, (following - day).days + 1]
    asked = min(NEWEST, day + timedelta(days=dice.choice(waits)))
    return {
        "patient_id": who,
        "session_date": day,
        "protocol": protocol,
        "target": dice.choice(("m1_left", "m1_right", None)),
        "n_pulses": pulses,
        "pain_relief_pct": draw.relief(dice),
        "relief_duration_days": some_or_none(dice, dice.choice(draw.DURATIONS), 0.3),
        "evaluation_date": some_or_none(dice, asked, 0.2),
        **answers,
        "npsi_total": draw.recorded_total(dice, answers, "npsi"),
        "ssnpsi": some_or_none(dice, dice.randint(0, 20) / 2, 0.5),
        "side_effect": dice.choice(draw.SIDE_EFFECTS),
        "side_effect_serious": dice.choice((None, None, False, True)),
    }  # fmt: skip


def add_surgery(clinic: Clinic, who: str, days: list[date], dice: Random) -> None:
    """Visits after a surgery during, on the last day of, or after the course; some re-implanted."""
    around = dice.choice([*days, *[days[-1]] * 3, date(2022, 3, 31)])
    operated = around + timedelta(days=dice.choice((-1, 0, 1, 30, 400)))
    if dice.random() < 0.1:
        operated = dice.choice(draw.VISIT_EDGES)
    again = operated + timedelta(days=200)
    delays = dice.sample((0, 1, 60, 61, 150, 365, 366, 540, 700), dice.randint(1, 4))
    visits = {operated + timedelta(days=delay) for delay in delays}
    visits |= {edge for edge in draw.VISIT_EDGES if dice.random() < 0.2 and edge > operated}
    for visit in sorted(day for day in visits if day <= NEWEST):
        surgery = again if again < visit and dice.random() < 0.2 else operated
        row = clinic.add(
            "raw_emcs",
            {
                "patient_id": who,
                "surgery_date": some_or_none(dice, surgery, 0.1),
                "n_electrodes": dice.choice((1, 2, None)),
                "visit_date": visit,
                "months_post_op": some_or_none(dice, (visit - operated).days // 30, 0.3),
                "stimulation": dice.choice(draw.STIMULATIONS),
                "pain_relief_pct": draw.relief(dice),
                "has_complication": dice.choice((None, False, False, True)),
            },
        )
        if dice.random() < 0.05:
            clinic.set_aside_relief(row, "emcs", "pain_relief_pct", dice)
