"""What a study of referral comes to in patients: of 100 candidates, and how many must be operated.

Belongs here: words and tables. Does not: any count.
"""

import pandas as pd

from report.blocks import Section, Table, Text
from report.frames import records
from report.studies.lines import lined
from report.wording import MISSING, count, number

STATED = 0.1
"""Half-width that the study asks about; wider and narrower ones stand beside it."""
HALF_WIDTHS = (0.05, STATED, 0.2)


def answer(of_100: pd.DataFrame, needed: pd.DataFrame) -> list[Text]:
    """Return the sentences in patients that follow how far off an estimate is."""
    own = needed[(needed["quantity"] == "correlation") & (needed["half_width"] == STATED)]
    first, last = (own.loc[own["n_operated"].agg(end)] for end in ("idxmin", "idxmax"))
    said = [
        Text(
            f"For the correlation to be known to within {number(STATED)} (half of its interval), "
            f"{_take(first)}, and {_take(last)}. The other worlds stand in the table."
        )
    ]
    if of_100.empty:
        return said
    cuts, every = sorted(of_100["cut_pct"].unique()), list(dict.fromkeys(of_100["world"]))
    shown = of_100[(of_100["cut_pct"] == cuts[len(cuts) // 2])]
    row = records(shown[shown["world"] == every[len(every) // 2]])[0]
    at = f"{number(row['cut_pct'], 0)} %"
    relief = f"{number(row['success_pct'], 0)} %"
    return [
        *said,
        Text(
            f"Of 100 candidates (status responders; {row['world']}), {count(row['at_least'])} last "
            f"reported at least {at} under rTMS and would be told that with such reports "
            f"{_of_100(row['relief_at_least'])} report at least {relief} at first under eMCS; the "
            f"other {count(row['below'])} would be told that {_of_100(row['relief_below'])} "
            "do. These are simulated patients, all of them operated; nothing here says who should "
            "be."
        ),
    ]


def _take(row: pd.Series) -> str:
    return (
        f"{count(row['n_operated'])} operated patients are needed where it is "
        f"{number(row['truth'], 2)} ({row['world']}), of {count(row['n_start'])} who start a test "
        "period"
    )


def section(of_100: pd.DataFrame, needed: pd.DataFrame) -> list[Section]:
    """Return the section: what 100 candidates would be told, and operated patients needed.

    Parameters
    ----------
    of_100
        world, cut_pct, success_pct, at_least, relief_at_least, below, relief_below.
    needed
        world, quantity, cut_pct, truth, half_width, n_operated, n_start.
    """
    blocks = [] if of_100.empty else [_told(of_100)]
    return [Section("patients", "In patients", [*blocks, _needed(needed)])]


def _told(rows: pd.DataFrame) -> Table:
    relief = f"{number(rows['success_pct'].iloc[0], 0)} %"
    lines = [
        (
            str(row["world"]),
            f"{number(row['cut_pct'], 0)} %",
            count(row["at_least"]),
            _of_100(row["relief_at_least"]),
            count(row["below"]),
            _of_100(row["relief_below"]),
        )
        for row in records(rows)
    ]
    labels = {
        "cut": "Cut of the last report",
        "at_least": "Report the cut or more",
        "told_at_least": f"and would be told: {relief} or more under eMCS in",
        "below": "Report less",
        "told_below": "and would be told: the same in",
    }
    return lined(
        lines,
        "table-candidates",
        "Of 100 candidates: who would be told what",
        labels,
        [
            "Candidates: status responders, by their last report under rTMS, had all been operated "
            "(the truth of each world). What each side would be told: how many of 100 with such "
            "reports go on to report that relief at first under eMCS. Simulated.",
            f"{MISSING}: nobody is on that side.",
        ],
        is_grouped=True,
    )


def _of_100(value: float) -> str:
    text = count(value)
    if text == MISSING:
        return text
    edge = {"0": "under 1", "100": "over 99"}  # nothing is known of nobody and of all
    return f"{edge.get(text, text)} of 100"


def _needed(rows: pd.DataFrame) -> Table:
    lines = []
    for (world, quantity), own in rows.groupby(["world", "quantity"], sort=False):
        by = own.set_index("half_width")
        start = count(by["n_start"][STATED])
        lines.append(
            (
                str(world),
                _quantity(str(quantity), own.iloc[0]),
                *(count(by["n_operated"][width]) for width in by.index),
                start,
            )
        )
    widths = list(dict.fromkeys(rows["half_width"]))
    labels = {"head": "To know"}
    labels |= {f"w{k}": f"±\N{NO-BREAK SPACE}{width:g}" for k, width in enumerate(widths)}
    labels["start"] = f"Who start a test period, for ±\N{NO-BREAK SPACE}{STATED:g}"
    return lined(
        lines,
        "table-needed",
        "Operated patients needed, by half of the interval",
        labels,
        [
            "Closed forms at the truth of each world: Spearman’s correlation by Fisher’s z with "
            "variance 1.06/(n − 3) (Fieller, Hartley and Pearson 1957); a share by √(p(1 − p)/n), "
            "its patients among all operated in the share that the world’s own operated have.",
            "Who start: so many of whom are operated, with both reports, by the study’s horizon. "
            "Sampling alone: a bias of who is operated does not shrink with patients. "
            "Below some 20 patients the forms are rough.",
        ],
        is_grouped=True,
    )


def _quantity(name: str, row: pd.Series) -> str:
    if name == "correlation":
        return f"Rank correlation ({number(row['truth'], 2)})"
    side = "from" if name == "at_least" else "below"
    share = number(100 * row["truth"], 0)
    return f"Relief under eMCS of those {side} {number(row['cut_pct'], 0)} % ({share} %)"
