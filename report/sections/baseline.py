"""Section 2: Table 1."""

from report.blocks import Notice, Section, Table
from report.estimates import COLUMNS, Estimates
from report.facts import ReportFacts
from report.frames import Absent, Frames, take
from report.sections.cohort import flow_steps
from report.tables.baseline import baseline_table
from report.tables.layout import render


def build(frames: Frames, facts: ReportFacts) -> Section:
    """Return the section with the characteristics before the first session."""
    title = "2. Characteristics before treatment"
    frame = take(frames, "estimate_baseline", COLUMNS)
    if isinstance(frame, Absent):
        return Section("baseline", title, [Notice(f"Table 1 is not shown: {frame.reason}")])
    steps = flow_steps(frames)
    n_analysed = None if isinstance(steps, Absent) else steps["analysed"].n_patients
    html = render(baseline_table(Estimates(frame), n_analysed))
    return Section("baseline", title, [Table(html)])
