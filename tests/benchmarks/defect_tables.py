"""The tables of the defect study as Markdown: recall by class, precision by tier, the figures.

Here: counts of all seeds to rows of text. Not here: running anything (`defect_recall`).
"""

import statistics
from pathlib import Path

from orchestration.measured import report as told
from orchestration.measured.scores import Tally

MARKER = "<!-- below: made by tests/benchmarks/defect_recall.py -->"
NAMES = {
    "mean_relief_4": "mean relief at session 4 (%)",
    "slope": "slope, sessions 1 to 4 (points a session)",
    "responder_share": "responders (share)",
    "odds_ratio": "odds ratio, central against peripheral",
    "n_with_session_4": "patients with a relief at session 4",
}


def tables(results: list[dict], from_json) -> str:
    """All tables of some seeds."""
    dirty, habits, clean = Tally(), Tally(), Tally()
    for one in results:
        dirty += from_json(one["dirty"])
        clean += from_json(one["clean"])
        for habit in one["habits"]:
            habits += from_json(habit)
    both = Tally(
        n=dirty.n + habits.n,
        hits=dirty.hits + habits.hits,
        exact=dirty.exact + habits.exact,
        repaired=dirty.repaired + habits.repaired,
    )
    short = sum(n for one in results for n in one["short"].values())
    parts = [
        f"{len(results)} seeds, {sum(both.n.values())} defects, {short} that found no place, "
        f"{dirty.clean_rows} clean rows beside them.",
        told.markdown_by_class(both),
        told.markdown_means(both),
        told.markdown_tiers(dirty),
        f"False alarms beside defects: {told.false_rules(dirty) or 'none'}.",
        f"Clean clinics, {clean.clean_rows} rows: {told.clean_line(clean)}",
        _figures(results),
        f"Not found: {told.missed(dirty) or 'none'}; habits: {told.missed(habits) or 'none'}",
    ]
    return "\n\n".join(parts)


def put_into(document: Path, text: str) -> None:
    """Replace what stands below the marker of a document."""
    above, marker, _ = document.read_text(encoding="utf-8").partition(MARKER)
    if not marker:
        raise SystemExit(f"{document} has no line {MARKER}")
    document.write_text(f"{above}{MARKER}\n\n{text}\n", encoding="utf-8")


def _figures(results: list[dict]) -> str:
    lines = [
        "| figure, mean over seeds | truth | naive | gated | error of naive | error of gated |",
        "|---|---|---|---|---|---|",
    ]
    for name, said in NAMES.items():
        values = {
            kind: [one["figures"][kind][name] for one in results]
            for kind in ("truth", "naive", "gated")
        }
        errors = [
            statistics.fmean(
                abs(got - true) for got, true in zip(values[kind], values["truth"], strict=True)
            )
            for kind in ("naive", "gated")
        ]
        means = [statistics.fmean(values[kind]) for kind in ("truth", "naive", "gated")]
        lines.append(f"| {said} | " + " | ".join(f"{one:.3f}" for one in (*means, *errors)) + " |")
    checked = [
        abs(one["figures"]["truth"][name] - one["figures"]["truth_in_marts"][name])
        for one in results
        if "truth_in_marts" in one["figures"]
        for name in NAMES
    ]
    if checked:
        lines.append("")
        lines.append(
            f"On clean clinics the marts and the naive code differ by at most {max(checked):.3g}."
        )
    return "\n".join(lines)
