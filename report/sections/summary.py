"""The top of the page: four numbers with their denominators.

Belongs here: what a reader sees before scrolling. Does not: numbers that no section repeats.
"""

from dataclasses import dataclass

from report.facts import ReportFacts
from report.frames import Absent, Frames, take
from report.sections.cohort import flow_steps
from report.wording import MISSING, count, number, plural, share


@dataclass(frozen=True)
class Headline:
    """One number with its denominator.

    Attributes
    ----------
    value, label, basis
        The number; what it counts; of what.
    """

    value: str
    label: str
    basis: str


def headlines(frames: Frames, facts: ReportFacts) -> list[Headline]:
    """Return the four headline numbers; an absent one shows the missing mark and says why."""
    return [*_from_flow(frames, facts), _substantial(frames, facts), _saturation(frames)]


def _from_flow(frames: Frames, facts: ReportFacts) -> list[Headline]:
    ten = number(facts.relief_thresholds_pct[0], 0)
    labels = ("patients analysed", f"responders: reported relief of at least {ten} %")
    steps = flow_steps(frames)
    if isinstance(steps, Absent):
        return [Headline(MISSING, label, steps.reason) for label in labels]
    needed = ("treated", "analysed", "responder", "non_responder")
    if any(step not in steps for step in needed):
        return [Headline(MISSING, label, "Table flow lacks a step.") for label in labels]
    treated, analysed, responder, other = (steps[step] for step in needed)
    analysed_basis = (
        f"{share(analysed.n_patients, treated.n_patients)} of those treated; "
        f"{plural(analysed.n_sessions, 'session')}"
    )
    known = responder.n_patients + other.n_patients
    return [
        Headline(count(analysed.n_patients), labels[0], analysed_basis),
        Headline(
            count(responder.n_patients),
            labels[1],
            f"{share(responder.n_patients, known)} of those with a known status",
        ),
    ]


def _substantial(frames: Frames, facts: ReportFacts) -> Headline:
    label = f"reported relief of at least {number(facts.relief_thresholds_pct[2], 0)} %"
    status = take(frames, "status", ["is_ge50", "status_relief_pct"])
    if isinstance(status, Absent):
        return Headline(MISSING, label, status.reason)
    known = status.dropna(subset=["status_relief_pct"])
    n = int(known["is_ge50"].astype(bool).sum())
    return Headline(count(n), label, f"{share(n, len(known))} of those with a known status")


def _saturation(frames: Frames) -> Headline:
    label = "courses long enough to tell when relief levels off"
    plateau = take(frames, "patient_plateau", ["saturation_session"])
    if isinstance(plateau, Absent):
        return Headline(MISSING, label, plateau.reason)
    n = int(plateau["saturation_session"].notna().sum())
    return Headline(count(n), label, f"{share(n, len(plateau))} of the fitted patients")
