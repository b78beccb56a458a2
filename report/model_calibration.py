"""One page: how predictions of the relief model hold in simulated worlds whose truth is known.

Belongs here: the page's parts and words. Does not: any score (`bayes/scoring.py`), any world.
"""

from collections.abc import Mapping

import pandas as pd

from report.blocks import DataTable, Figure, Panel, Section, Text
from report.figures.predictions import calibration, pit_histogram
from report.frames import records
from report.style import BLACK, BLUE, SOFT, Mark, band_key, swatch, to_svg
from report.templates import study_document
from report.wording import count, number

EVENTS = {
    "plateau": "a plateau of 30 % or more",
    "late": "mean expected relief of 30 % or more at sessions 13 to 15",
}
GROUPS = {"all at k": "All who had these sessions", "still treated": "Those who came again"}
REPORTS = {"next": "the report of the next session", "15": "the report of session 15"}
Curves = Mapping[tuple[str, str, int], tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]]
Pits = Mapping[tuple[str, int], tuple[pd.DataFrame, int]]


def build(curves: Curves, pits: Pits, basis: str) -> str:
    """Write the page.

    Parameters
    ----------
    curves
        By event, group and sessions seen: the rows of `figures.predictions.calibration`, both, and
        ici, ici_if_true, n.
    pits
        By report and sessions seen: the rows of `figures.predictions.pit_histogram`, and n.
    basis
        Which worlds, clinics and seed, in words.

    Returns
    -------
    str
        A complete HTML document that asks for nothing outside itself.
    """
    how = Text(
        "Patients of simulated clinics, predicted from the fit to other patients of the same "
        "world, after their first sessions alone. A chance holds where the line lies on the "
        "diagonal: of those given 0.6, six of ten had it."
    )
    sections = [
        Section(event, f"Chance of {words}", [how, *_of_event(curves, event, words)])
        for event, words in EVENTS.items()
    ]
    shown = [_of_report(pits, report, words) for report, words in REPORTS.items()]
    reports = [figure for figure in shown if figure.panels]
    sections.append(Section("reports", "Distribution of single reports", reports))
    return study_document("Do predictions hold where the truth is known?", basis, sections)


def _of_event(curves: Curves, event: str, words: str) -> list[Figure]:
    figures = []
    for group, who in GROUPS.items():
        mine = {k: found for (e, g, k), found in curves.items() if (e, g) == (event, group)}
        if not mine:
            continue
        rows = [
            (f"{k} sessions", count(said["n"]), number(said["ici"], 3),
             number(said["ici_if_true"], 3))
            for k, (_, _, said) in sorted(mine.items())
        ]  # fmt: skip
        panels = [
            Panel(
                to_svg(calibration(curve, counts), f"{event}-{group[:3]}-{k}", f"After {k}"),
                title=f"After {k} sessions",
                notes=[f"{count(said['n'])} patients; ICI {number(said['ici'], 3)}"],
            )
            for k, (curve, counts, said) in sorted(mine.items())
        ]
        figures.append(
            Figure(
                key=f"figure-{event}-{group.replace(' ', '-')}",
                title=f"{who}: predicted chance and share that had {words}",
                caption="Locally linear smoother (tricube, three tenths of the predictions). Band: "
                "90 % of the curves of clinics drawn again. Grey: 90 % of the curves that the same "
                "chances would give if they were true. ICI: mean distance from the diagonal.",
                alt="; ".join(f"after {row[0]} ICI {row[2]}" for row in rows),
                panels=panels,
                data=DataTable(["Seen", "Patients", "ICI", "ICI if chances were true"], rows),
                legend=[
                    (swatch(Mark(BLUE, "circle")), "Smoothed share"),
                    (band_key(BLUE, 0.25), "Clinics drawn again"),
                    (band_key(SOFT, 0.35), "If the chances were true"),
                    (swatch(Mark(BLACK, "circle")), "Diagonal"),
                ],
                panel_width=230,
            )
        )
    return figures


def _of_report(pits: Pits, report: str, words: str) -> Figure:
    mine = {k: found for (name, k), found in pits.items() if name == report}
    rows = [
        (f"{k} sessions", number(row["left"], 1), number(row["share"], 2))
        for k, (bins, _) in sorted(mine.items())
        for row in records(bins)
    ]
    return Figure(
        key=f"figure-pit-{report}",
        title=f"Where {words} lay in its predicted distribution",
        caption="Randomised probability integral transform of those who gave the report, against a "
        "level histogram (1); bars of error: two errors, clinics as clusters. High ends: predicted "
        "too narrow; a high middle: too wide.",
        alt=f"Shares of {words} by place in the predicted distribution; level is 1",
        panels=[
            Panel(
                to_svg(pit_histogram(bins), f"pit-{report}-{k}", f"After {k} sessions"),
                title=f"After {k} sessions",
                notes=[f"{count(n)} reports"],
            )
            for k, (bins, n) in sorted(mine.items())
        ],
        data=DataTable(["Seen", "PIT from", "Against level"], rows),
        panel_width=230,
    )
