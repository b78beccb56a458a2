"""One page: a simulated clinic beside the published study, as the study drew itself.

Belongs here: the page's parts and words. Does not: any number, and any judgement of likeness.
"""

import pandas as pd

from report.blocks import DataTable, Figure, Panel, Section, Text
from report.figures import likeness
from report.frames import records
from report.sections.course import course_figure
from report.style import BLACK, GREEN, STATUS, Mark, band_key, swatch, to_svg
from report.templates import study_document
from report.wording import count, number, plus_minus, words

LONG_TERM_SESSION = 15
APART = {"all": -0.06, "responders": 0.0, "non_responders": 0.06}
PRINTED_BESIDE = 0.22


def build(
    shares: pd.DataFrame, test_period: pd.DataFrame, long_term: pd.DataFrame, basis: str
) -> str:
    """Write the page.

    Parameters
    ----------
    shares, test_period, long_term
        Of one clinic, from `simulate.calibration.likeness`.
    basis
        Which world and seed made the clinic, in words.

    Returns
    -------
    str
        A complete HTML document that asks for nothing outside itself.
    """
    n = int(long_term["n_treated"].max())
    sections = [
        Section("shares", "After the test period (Figure 1b)", [_shares(shares)]),
        Section("test-period", "The test period (Figure 2a)", [_test_period(test_period)]),
        Section(
            "course",
            "All sessions, and those with 15 or more (Figures 2b and 2c)",
            [
                course_figure(long_term, LONG_TERM_SESSION),
                Text(
                    "Printed beside these figures: 113 responders, up to 125 sessions; 69 with 15 "
                    "sessions or more, whose mean relief reached about 50 % by session 6. The "
                    f"study's drawings are not available as numbers. This clinic has {count(n)} "
                    "responders."
                ),
            ],
        ),
    ]
    return study_document("A simulated clinic beside the study", basis, sections)


def _shares(table: pd.DataFrame) -> Figure:
    rows = [
        (row["label"], number(row["simulated_pct"]), number(row["published_pct"]))
        for row in records(table)
    ]
    return Figure(
        key="figure-shares",
        title="Patients by reported relief after the test period",
        caption="The study prints 42 % for relief of 30 % or more, and counts that give 40 %.",
        alt="; ".join(f"{label}: {ours} % simulated, {theirs} % published"
                      for label, ours, theirs in rows),
        panels=[Panel(to_svg(likeness.shares(table), "shares", "Shares of patients by relief"))],
        data=DataTable(["Relief", "Simulated (%)", "Published (%)"], rows),
        legend=[
            (band_key(GREEN, 0.45), "This clinic, simulated"),
            (swatch(Mark(BLACK, "diamond"), line=False), "Published"),
        ],
        panel_width=400,
    )  # fmt: skip


def _test_period(table: pd.DataFrame) -> Figure:
    x = table["session_no"] + table["population"].map(APART)
    drawn = table.assign(
        x=x,
        published_x=x + PRINTED_BESIDE,
        lo=(table["mean"] - table["sd"]).clip(lower=0),
        hi=(table["mean"] + table["sd"]).clip(upper=100),
        published_lo=(table["published_mean"] - table["published_sd"]).clip(lower=0),
        published_hi=(table["published_mean"] + table["published_sd"]).clip(upper=100),
    )
    rows = [
        (
            words(row["population"]),
            count(row["session_no"]),
            plus_minus(row["mean"], row["sd"]),
            count(row["n"]),
            plus_minus(row["published_mean"], row["published_sd"]),
        )
        for row in records(table)
    ]
    return Figure(
        key="figure-test-period",
        title="Reported relief in the test period, by status at its end",
        caption="Means of the patients observed; bars: ± 1 SD, cut at the ends of the scale. "
        "Status is decided by the relief reported at the end, so the lines part by definition.",
        alt="; ".join(f"{group}, session {session}: {ours} simulated, {theirs} published"
                      for group, session, ours, _, theirs in rows),
        panels=[Panel(to_svg(likeness.test_period(drawn), "test", "Mean relief by session"))],
        data=DataTable(
            ["Population", "Session", "Simulated, mean ± SD", "n", "Published, mean ± SD"], rows
        ),
        legend=[
            *((swatch(STATUS[name]), f"{words(name)}, simulated") for name in STATUS),
            (swatch(Mark(BLACK, "diamond"), line=False, hollow=True), "Published, hollow"),
        ],
        panel_width=400,
    )  # fmt: skip
