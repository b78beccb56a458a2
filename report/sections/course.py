"""Section 4: relief over all sessions, and around surgery."""

import pandas as pd

from report.blocks import Block, DataTable, Figure, Heading, Notice, Panel, Section
from report.facts import ReportFacts
from report.figures.course import time_course
from report.frames import Absent, Frames, records, take
from report.sections import surgery
from report.style import GREEN, SOFT, Mark, band_key, swatch, to_svg
from report.wording import count, number, words

# A mean of fewer patients is drawn grey and hollow, without a band.
THIN = 5

POPULATIONS = ("responders", "responders_ge15")


def build(frames: Frames, facts: ReportFacts) -> Section:
    """Return the section of the long course."""
    blocks = [
        _course(frames, facts),
        Heading("Operated patients (eMCS)"),
        *surgery.blocks(frames, facts),
    ]
    return Section("course", "4. Relief over time", blocks)


def _course(frames: Frames, facts: ReportFacts) -> Block:
    columns = ["population", "session_no", "n_treated", "n_observed", "mean_relief_pct"]
    frame = take(frames, "long_term", [*columns, "sd_relief_pct"])
    if isinstance(frame, Absent):
        return Notice(f"The time course is not shown: {frame.reason}")
    return course_figure(frame, facts.long_term_session)


def course_figure(long_term: pd.DataFrame, long_term_session: int) -> Figure | Notice:
    """Return relief by session of the responders, and of those with `long_term_session` sessions.

    Parameters
    ----------
    long_term
        Columns of the mart `long_term`, of either population.
    """
    seen = long_term.dropna(subset=["mean_relief_pct", "n_observed"])
    seen = seen[seen["n_observed"] > 0].sort_values(["population", "session_no"])
    groups = [(p, seen[seen["population"] == p]) for p in POPULATIONS]
    groups = [
        (p, _first_sessions(p, rows, long_term_session)) for p, rows in groups if not rows.empty
    ]
    if not groups:
        return Notice("The time course is not shown: no responder has a reported relief yet.")
    panels = [_panel(population, rows) for population, rows in groups]
    return Figure(
        key="figure-course",
        title="Reported relief by session",
        caption="Line and dots: mean of the patients observed; band: mean ± SD, cut at 0 and "
        f"100 %. Where fewer than {THIN} patients are left the mean is a hollow grey dot without "
        "band. Bars: number of patients observed (n). The late curve is made of survivors only: "
        "who stops, often because relief is lost, leaves the mean, so a rising curve may be "
        "selection as well as accumulation. Requiring "
        f"{long_term_session} sessions keeps the same patients in treatment over the "
        "panel's sessions (some reports are missing), but they are a selected group.",
        alt="; ".join(_alt(population, rows) for population, rows in groups),
        panels=panels,
        data=DataTable(
            ["Population", "Session", "Treated", "Observed", "Mean relief (%)", "SD"],
            [_row(row) for _, rows in groups for row in records(rows)],
        ),
        legend=[
            (swatch(Mark(GREEN, "circle")), "Mean of patients observed"),
            (band_key(GREEN), "Mean ± SD"),
            (
                swatch(Mark(SOFT, "circle"), line=False, hollow=True),
                f"Mean of fewer than {THIN} patients",
            ),
        ],
        panel_width=430,
    )


def _first_sessions(population: str, rows: pd.DataFrame, last: int) -> pd.DataFrame:
    """Keep the sessions at which the selected group is whole: up to the one that selects it."""
    if population != "responders_ge15":
        return rows
    return rows[rows["session_no"] <= last]


def with_band(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the bounds of the band drawn, mean -+ SD cut to 0 to 100 %.

    Rows of fewer than `THIN` patients have `thin_mean` only, others `solid_mean`, `lo` and `hi`.
    """
    mean, sd = rows["mean_relief_pct"].astype(float), rows["sd_relief_pct"].astype(float)
    is_thin = rows["n_observed"] < THIN
    return rows.assign(
        lo=(mean - sd).clip(0, 100).mask(is_thin),
        hi=(mean + sd).clip(0, 100).mask(is_thin),
        solid_mean=mean.mask(is_thin),
        thin_mean=mean.where(is_thin),
    )


def _panel(population: str, rows: pd.DataFrame) -> Panel:
    n = int(rows["n_treated"].max())
    chart = time_course(with_band(rows), _ticks(int(rows["session_no"].max())))
    label = f"{words(population)}: mean reported relief by session, with n"
    return Panel(
        to_svg(chart, f"course-{population}", label), f"{words(population)}, n = {count(n)}"
    )


def _ticks(last: int) -> list[int]:
    """Sessions worth a label: the first, then even steps of 5, 15 or 30."""
    if last <= 10:
        return list(range(1, last + 1))
    step = next((s for s in (5, 15, 30, 60) if last / s <= 7), 120)
    return [1, *range(step, last + 1, step)]


def _alt(population: str, rows: pd.DataFrame) -> str:
    first, last = rows.iloc[0], rows.iloc[-1]
    return (
        f"{words(population)}: mean reported relief {number(first['mean_relief_pct'])} % "
        f"at session {count(first['session_no'])} (n = {count(first['n_observed'])}), "
        f"{number(last['mean_relief_pct'])} % at session {count(last['session_no'])} "
        f"(n = {count(last['n_observed'])})"
    )


def _row(row: dict[str, object]) -> tuple[str, ...]:
    return (
        words(row["population"]),
        *(count(row[name]) for name in ("session_no", "n_treated", "n_observed")),
        *(number(row[name]) for name in ("mean_relief_pct", "sd_relief_pct")),
    )
