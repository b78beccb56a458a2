"""What random clinics are made of: the values at which rules change their mind.

Here: one cell or one questionnaire at a time, drawn with a given generator. Not here: courses and
patients (`random_clinic.py`).
"""

from datetime import date, timedelta
from random import Random

from second_marts.npsi import INTENSITY_ITEMS

RELIEFS = (0, 5, 9.6, 10, 20, 29.9, 30, 35, 39.9, 40, 49.9, 50, 69.9, 70, 100)
GAPS = (1, 9, 10, 13, 14, 15, 20, 21, 22, 28, 41, 42, 43, 60, 61, 179, 180, 181, 400)
TIMES = ("08:00", "14:30", "17:05", None)
STIMULATIONS = (*("conventional",) * 6, "theta_burst", "theta_burst", None)
DURATIONS = (0, 5, 7.5, 14, 21, 28, 60, 61, 200)
SIDE_EFFECTS = (None, *("none",) * 5, "headache", "pain_increase", "other")
EDGE_DAYS = (
    date(2010, 9, 30), date(2010, 10, 1), date(2022, 3, 31), date(2022, 4, 1),
    date(2020, 3, 16), date(2020, 3, 17), date(2020, 5, 11), date(2020, 5, 12),
)  # fmt: skip
VISIT_EDGES = (date(2023, 6, 30), date(2023, 7, 1))
NEWEST = date(2023, 12, 29)
SITES = ("spinal_cord", "thalamus", "cortex", "cranial", "plexus", None)
CAUSES = ("ischaemic_stroke", "haemorrhagic_stroke", "stroke_unspecified", "polyneuropathy",
          "multiple_sclerosis", "not_found", None)  # fmt: skip
STOPS = ("loss_of_efficacy", "loss_of_efficacy", "emcs_surgery", "patient_choice",
         "intercurrent_event", "tolerance", "lost_to_follow_up", "ongoing",
         None, None, None)  # fmt: skip
COMPONENTS = ("burning", "deep", "paroxysmal", "evoked", "paresthesia")


def some_or_none[T](dice: Random, value: T, p_none: float) -> T | None:
    """The value, or nothing with that probability."""
    return None if dice.random() < p_none else value


def relief(dice: Random, p_none: float = 0.2) -> float | None:
    """A reported relief, most often at a bound."""
    level = dice.choice(RELIEFS) if dice.random() < 0.8 else dice.randint(0, 1000) / 10
    return some_or_none(dice, level, p_none)


def items(dice: Random, prefix: str) -> dict[str, int | None]:
    """Twelve items: none, all, all alike, or one to four of the ten missing."""
    kind = dice.choice(("none", "none", "full", "full", "alike", "alike", "partial", "partial"))
    if kind == "none":
        return {f"{prefix}_{item}": None for item in range(1, 13)}
    level = dice.choice((0, 2, 4, 5, 10))
    values: dict[int, int | None] = {
        item: level if kind == "alike" else dice.randint(0, 10) for item in range(1, 13)
    }
    if kind == "alike":
        for item in dice.sample(INTENSITY_ITEMS, dice.choice((0, 0, 1, 2, 3))):
            values[item] = min(10, level + 1)
    if kind == "partial":
        for item in dice.sample(INTENSITY_ITEMS, dice.randint(1, 4)):
            values[item] = None
    for temporal in (4, 7):
        values[temporal] = some_or_none(dice, dice.randint(1, 5), 0.3)
    return {f"{prefix}_{item}": value for item, value in values.items()}


def worse_items(dice: Random, baseline: dict[str, int | None]) -> dict[str, int | None]:
    """Items whose sum lies one point around 30 % above the baseline's (R15)."""
    known = [baseline[f"npsi_baseline_{item}"] for item in INTENSITY_ITEMS]
    if None in known:
        return items(dice, "npsi")
    total = min(100, max(0, -(-13 * sum(known) // 10) + dice.choice((-1, 0, 0, 1))))
    values = {f"npsi_{item}": 1 for item in (4, 7)}
    for place, item in enumerate(INTENSITY_ITEMS):
        values[f"npsi_{item}"] = total // 10 + (place < total % 10)
    return values


def recorded_total(dice: Random, answers: dict[str, int | None], prefix: str) -> float | None:
    """The total as the clinic wrote it: of what is there, sometimes half a point off."""
    known = [answers[f"{prefix}_{item}"] or 0 for item in INTENSITY_ITEMS]
    total = min(100.0, max(0.0, sum(known) + dice.choice((0, 0, 0, 0.5, -0.6, 4))))
    return some_or_none(dice, total, 0.4)


def session_days(dice: Random) -> list[date]:
    """Days of a course: from any day on, from or over an edge, or back from the window's end."""
    n = dice.choice((0, 1, 1, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 8, 14, 15, 15, 16, 30, 31, 32))
    usual = dice.choice((14, 14, 21, 21, 28, 45, 60))
    odd = dice.choice((0, 0.1, 0.4))
    gaps = [dice.choice(GAPS) if dice.random() < odd else usual for _ in range(n)]
    where = dice.choice(("any", "edge", "end", "end"))
    if where == "any":
        first = date(2011, 1, 1) + timedelta(days=dice.randint(0, 4300))
    elif where == "edge":
        first = dice.choice(EDGE_DAYS) - timedelta(days=sum(gaps[: dice.randint(0, 3)]))
    else:
        end = dice.choice((NEWEST, date(2022, 3, 31)))
        before = dice.choice((0, 1, 89, 90, 91, 2 * usual, 2 * usual + 1, 500))
        first = end - timedelta(days=before + sum(gaps[: n - 1]))
    days = [first + timedelta(days=sum(gaps[:k])) for k in range(n)]
    return [day for day in days if day <= NEWEST]
