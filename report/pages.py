"""The report as one self-contained HTML page.

Belongs here: the order of the sections and the way into the template. Does not: content.
"""

from report.facts import ReportFacts
from report.frames import Frames
from report.sections import (
    baseline,
    cohort,
    course,
    methods,
    model,
    outcomes,
    patients,
    performance,
    published,
    quality,
)
from report.sections.summary import headlines
from report.templates import template
from report.wording import SIMULATED, day, moment

__all__ = ["ReportFacts", "build"]

_SECTIONS = (cohort, baseline, outcomes, course, patients, performance, quality, published, methods)


def build(frames: Frames, facts: ReportFacts) -> str:
    """Write the report.

    Parameters
    ----------
    frames
        Marts, estimates, model and study tables by table name. A table that is absent, empty or
        lacks a column costs its own figure and no more: the section says why it is missing.
    facts
        What the run was.

    Returns
    -------
    str
        A complete HTML document in UTF-8 that asks for nothing outside itself.
    """
    return template("report.html.j2").render(
        facts=facts,
        simulated=SIMULATED,
        made=moment(facts.created_at),
        until=day(facts.data_until),
        headlines=headlines(frames, facts),
        sections=[section.build(frames, facts) for section in _SECTIONS],
        notices=model.model_notices(frames, facts),
    )
