"""Words for codes and texts for numbers.

Belongs here: everything that turns a cell into what a clinician reads. Does not: HTML.
Of a person the page never says more than what was reported: relief below 10 % is called that.
"""

from datetime import date, datetime
from typing import Any

from report.frames import is_missing

MISSING = "–"
SIMULATED = "SIMULATED DATA"
MINUS = "\N{MINUS SIGN}"

CODES = {
    "M": "Male",
    "F": "Female",
    "emcs_surgery": "Surgery for motor cortex stimulation (eMCS)",
    "emcs": "eMCS",
    "failure": "Pain relief below 10 %",
    "face_neck": "Face or neck",
    "multiple_sclerosis": "Multiple sclerosis",
    "traumatic_surgical": "Traumatic or surgical nerve lesion",
    "stroke_unspecified": "Stroke, type unknown",
    "sensory_fibres": "Sensory fibres",
    "polyneuropathy": "Sensory polyneuropathy",
    "paresthesia": "Paresthesia or dysesthesia",
    "deep": "Deep or pressing",
    "ppv": "Positive predictive value",
    "npv": "Negative predictive value",
    "missed_per_100": "Missed per 100 patients",
    "sessions_without_long_term_relief_per_100": (
        "Sessions without long-term relief per 100 patients"
    ),
    "expected_test_sessions": "Expected test sessions per patient",
    "not_found": "Not found",
    "all": "Analysed patients",
    "last": "Last report",
    "maximum": "Highest report so far",
    "mean_of_two": "Mean of the last two reports",
    "slope": "Last report carried on by its slope",
    "confirm": "Permissive at session 4, confirmed later",
    "practice": "Today's practice: recorded assessment",
    "bayes_fixed": "Predicted chance",
    "bayes_sequential": "Predicted chance, session by session",
    "backward_induction": "Predicted chance, solved backwards",
    "backward_induction_true": "Solved backwards, parameters known (unattainable)",
    "oracle": "Who knows the truth (unattainable)",
    "expected_test_weeks": "Expected weeks of test per patient",
    "late_responders_per_100": "Found only by a longer test, per 100",
    "lmm_end": "Mixed model, last session",
    "lmm_slopes": "Mixed model, slopes of two arms",
    "lmm_slope": "Mixed model, one slope, robust errors",
    "lmm_slope_plain": "Mixed model, one slope, its own errors",
    "t_test": "t test of last reports",
    "fisher_10": "Fisher, at least 10 %",
    "fisher_30": "Fisher, at least 30 %",
    "relief_mmrm": "Reported relief, MMRM",
    "vas_mmrm": "Fall of the VAS, MMRM",
    "pgic_ordinal": "PGIC, proportional odds",
    "relief_30_fisher": "Relief of at least 30 %, Fisher",
    "pgic_2_fisher": "PGIC much improved, Fisher",
    "composite_fisher": "Composite, Fisher",
    "relief_bayes": "Reported relief, normal posterior",
    "composite_bayes": "Composite, beta posteriors",
    "status_flips": "Status flipped",
    "rank_sum": "Rank sum of last reports",
    "paired": "Differences within patients",
    "mean_slope": "Slope of mean relief",
    "kaplan_meier_15": "Kaplan-Meier 15",
    "kaplan_meier_45": "Kaplan-Meier 45",
    "kaplan_meier_90": "Kaplan-Meier 90",
    "aalen_johansen_90": "Aalen-Johansen 90",
    "share_at_least_cut": "Share of patients at or above the cut",
    "mean_of_selected": "Mean relief of those chosen",
    "rise": "Rise of mean relief from session 4 to 15",
    "level_at_15": "Mean relief at session 15",
    "saturation_session": "Session by which the mean has saturated",
    "patient_plateau": "A patient's plateau",
    "patient_saturation": "Session by which a patient has saturated",
    "patient_half_rise": "Session of half of a patient's rise",
    "stopped_before": "Share stopped before the session",
    "stopped_for_efficacy": "Share stopped for want of relief",
    "loss_at_reopening": "Relief lost after the closure",
    "stops_after_reopening": "Share stopping for want of relief after the closure",
    "days_covered": "Share of days with relief",
    "patients_per_place": "Patients that one daily place keeps",
    "discrimination": "Discrimination (area under the ROC curve)",
    "correlation": "Rank correlation of rTMS and eMCS relief",
    "type_s": "Wrong sign",
    "type_m": "Exaggeration (times)",
    "replica": "Replica of the source study",
    "central_vs_peripheral": "Central versus peripheral lesion",
    "ischaemic_vs_haemorrhagic": "Ischaemic versus haemorrhagic stroke",
    "responders": "Responders",
    "responder": "Responders",
    "non_responders": "Non-responders",
    "non_responder": "Non-responders",
    "unknown": "Unknown",
    "responders_ge15": "Responders with at least 15 sessions",
}


def words(code: Any) -> str:
    """Return the reader's words for a code of the data dictionary.

    Codes without an entry are spelled out: underscores become spaces, first letter upper case.
    """
    if is_missing(code):
        return "Missing"
    text = str(code)
    if text in CODES:
        return CODES[text]
    text = text.replace("_pct", " %").replace("_", " ")
    return text[:1].upper() + text[1:]


def number(value: Any, digits: int = 1) -> str:
    """Write a number with thousands separated by thin spaces and a true minus sign."""
    if is_missing(value):
        return MISSING
    if abs(float(value)) >= 1e9:
        return f"{float(value):.3g}".replace("-", MINUS)
    text = f"{float(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", MINUS)


def count(value: Any) -> str:
    """Write a count."""
    return number(value, 0)


def share(n: Any, of: Any) -> str:
    """Write n of N with its percentage: '113 of 193 (58.5 %)'."""
    if is_missing(n) or is_missing(of):
        return MISSING
    if float(of) == 0:
        return f"{count(n)} of {count(of)}"
    return f"{count(n)} of {count(of)} ({number(100 * float(n) / float(of))}\N{NO-BREAK SPACE}%)"


def of_n(n: Any) -> str:
    """Write a number of patients in brackets, never broken over lines."""
    return f"(n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{count(n)})"


def plus_minus(value: Any, spread: Any, digits: int = 1, spread_digits: int = 1) -> str:
    """Write a value with its SD or standard error, never broken over lines."""
    if is_missing(value):
        return MISSING
    text = number(value, digits)
    if is_missing(spread):
        return text
    return f"{text}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{number(spread, spread_digits)}"


def interval(lo: Any, hi: Any, digits: int = 1) -> str:
    """Write an interval, '[3.1; 6.0]', or the missing mark if a bound is missing."""
    if is_missing(lo) or is_missing(hi):
        return MISSING
    return f"[{number(lo, digits)};\N{NO-BREAK SPACE}{number(hi, digits)}]"


def with_interval(value: Any, lo: Any, hi: Any, digits: int = 1) -> str:
    """Write an estimate with its interval."""
    if is_missing(value):
        return MISSING
    if is_missing(lo) or is_missing(hi):
        return number(value, digits)
    return f"{number(value, digits)} {interval(lo, hi, digits)}"


def p_value(value: Any) -> str:
    """Write a p value with two to three digits, never as 0."""
    if is_missing(value):
        return MISSING
    if value < 0.001:
        return "<\N{NO-BREAK SPACE}0.001"
    return number(value, 3 if value < 0.1 else 2)


def day(value: Any) -> str:
    """Write a date in ISO order; a warehouse may hand it over as midnight of that day."""
    if is_missing(value):
        return MISSING
    return value.strftime("%Y-%m-%d") if isinstance(value, date) else str(value)


def moment(value: Any) -> str:
    """Write date and time in UTC, which is what every stamp of Plateau is in."""
    if is_missing(value):
        return MISSING
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M UTC")
    return day(value)


def pseudonym(patient_id: Any) -> str:
    """Return the first six characters of a pseudonym, which is what the page shows."""
    return str(patient_id)[:6]


def plural(n: int, noun: str) -> str:
    """Write a count with its noun: '1 patient', '12 patients'."""
    return f"{count(n)} {noun}" if n == 1 else f"{count(n)} {noun}s"
