"""Sections on predicted chances: calibration, and where the spread of results comes from.

Belongs here: their words. Does not: bins, variances or the drawing.
"""

import pandas as pd

from report.blocks import DataTable, Figure, Panel, Section, Text
from report.figures.calibration import calibration_curve
from report.frames import records
from report.studies.lines import lined
from report.style import BLUE, SOFT, Mark, swatch, to_svg
from report.wording import count, number, plural, plus_minus, words

PARTS = {
    "world": "between worlds (members of the ensemble)",
    "training": "between training cohorts of a world",
    "cohort": "between simulated cohorts (Monte Carlo)",
}


def calibration(rows: pd.DataFrame, lengths: tuple[int, ...], level: str) -> list[Section]:
    """Return the section on calibration, or none where no rule predicts.

    Parameters
    ----------
    rows
        test_sessions, parameters, bin, predicted_pct, observed_pct, mcse, n; means over worlds, one
        row a rule, length and bin.
    lengths
        Numbers of reports to show.
    level
        What has long-term relief, in words.
    """
    shown = rows[rows["test_sessions"].isin(lengths)]
    if shown.empty:
        return []
    panels: list[Panel] = []
    lines = []
    for (sessions, given), own in shown.groupby(["test_sessions", "parameters"]):
        own = own.sort_values("predicted_pct")
        drawn = pd.DataFrame({
            "predicted": own["predicted_pct"], "observed": own["observed_pct"],
            "lo": own["observed_pct"] - 2 * own["mcse"].fillna(0),
            "hi": own["observed_pct"] + 2 * own["mcse"].fillna(0),
            "share": 100 * own["n"] / own["n"].sum(),
        })  # fmt: skip
        title = f"After {plural(int(str(sessions)), 'report')}"
        label = f"{title}: observed share by predicted chance"
        svg = to_svg(calibration_curve(drawn), f"calibration-{len(panels)}", label)
        panels.append(Panel(svg, title, [str(given)]))
        lines += [
            (count(row["test_sessions"]), str(given), number(row["predicted_pct"]),
             plus_minus(row["observed_pct"], row["mcse"], 1, 1), count(row["n"]))
            for row in records(own)
        ]  # fmt: skip
    figure = Figure(
        key="figure-calibration",
        title="Predicted chances and what came of them",
        caption=f"Simulated patients who reach the decision, all worlds together, in tenths of the "
        f"predicted chance. {level} Bars: ± 2 Monte Carlo standard errors, clustered by cohort. "
        "Dashed: chances that are right. Below: where the patients lie.",
        alt="Share with long-term relief by predicted chance; numbers in the table",
        panels=panels,
        data=DataTable(
            ["Reports", "Predicted", "Chance (%)", "With long-term relief (%)", "Patients"], lines
        ),
        legend=[
            (swatch(Mark(BLUE, "circle")), "Observed share"),
            (swatch(Mark(SOFT, "circle", (3, 3)), point=False), "Chances that are right"),
        ],
        panel_width=300,
    )
    return [Section("calibration", "Calibration of predicted chances", [figure])]


def spread(rows: pd.DataFrame, lengths: tuple[int, ...]) -> list[Section]:
    """Return the section that splits the variance of results, or none where no rule learns.

    Parameters
    ----------
    rows
        rule, parameters, test_sessions, threshold_pct, part, sd, share_pct, error_of_mean, n.
    lengths
        Numbers of test sessions to show.
    """
    shown = rows[rows["test_sessions"].isin(lengths)]
    if shown.empty:
        return []
    lines = []
    keys = ["rule", "parameters", "test_sessions", "threshold_pct"]
    for (rule, given, sessions, threshold), own in shown.groupby(keys, sort=False):
        by = own.set_index("part")
        told = [
            f"{number(by['sd'][part], 2)} ({number(by['share_pct'][part], 0)} %)" for part in PARTS
        ]
        errors = [number(by["error_of_mean"][part], 2) for part in PARTS]
        head = f"{plural(int(str(sessions)), 'session')}, from {number(threshold, 0)} %"
        lines.append((f"{words(rule)}: {given}", head, *told, *errors))
    labels = {"head": "At most"}
    labels |= {f"sd_{part}": f"SD {text}" for part, text in PARTS.items()}
    labels |= {f"error_{part}": f"Error from {part}s" for part in ("world", "training", "cohort")}
    labels["error_training"] = "Error from training"
    n = shown.drop_duplicates("part").set_index("part")["n"]
    least = (
        f"{plural(int(n['world']), 'world')}, {plural(int(n['training']), 'training cohort')}, "
        f"{plural(int(n['cohort']), 'simulated cohort')}"
    )
    split = lined(
        lines,
        "table-variance",
        "Missed of 100 who start: where its spread comes from",
        labels,
        [
            "SD of each part and, in brackets, its share of the sum of variances: a nested "
            f"analysis of variance of {least}; a negative estimate is told as 0.",
            "Error: what each part adds to the standard error of the mean over worlds. More "
            "cohorts shrink the last alone, more training cohorts the middle one; the first is "
            "what the published figures leave open.",
        ],
        is_grouped=True,
    )
    said = Text(
        "A clinic has one world and one training cohort. The middle part is the luck of the "
        "cohort that its model learnt from; the last is noise of the simulation."
    )
    return [Section("spread", "Training, ensemble, Monte Carlo", [said, split])]
