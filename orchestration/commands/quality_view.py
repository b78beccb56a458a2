"""What `plateau quality` shows a person: tables that read the same in a terminal and in a log.

Belongs here: order, wording and what is left out. Does not: reading the warehouse (`quality`).
"""

from __future__ import annotations

from typing import Any

from orchestration.commands import tables
from orchestration.quality.overview import BAD, Overview

MOST_FILES = 12
MOST_PLACES = 20
QUIET = ("passed", "not_applicable")


def show(seen: Overview, *, rule: str | None, failed: bool, verbose: bool) -> None:
    """Print an overview.

    Parameters
    ----------
    rule
        The one rule that was asked for.
    failed
        Only what failed: no files, no open questions, no trend.
    verbose
        Every file and every rule.
    """
    tables.say(f"Run {seen.run_id}, {seen.at} UTC")
    for other in seen.held_back:
        if other != seen.run_id:
            tables.say(f"Run {other} was held back: `plateau quality --run {other}` shows it.")
    if rule:
        _print_rule(rule)
    if not rule and not failed:
        _print_files(seen, verbose)
    _print_rules(seen, verbose or failed or rule is not None)
    if not failed:
        _print_open(seen, rule)
    _print_refused(seen)
    if not failed and len(seen.runs) > 1:
        _print_trend(seen, rule)


def _print_rule(rule_id: str) -> None:
    from expectations.rules import rule

    one = rule(rule_id)
    tables.say(f"{one.id}: {one.title}")
    tables.say(
        f"decided by {one.owner}, {one.severity}, {one.action.replace('_', ' ')}, {one.kahn}; "
        f"of {one.denominator}"
    )
    if one.threshold is not None:
        tables.say(f"threshold {one.threshold:g}: {one.threshold_reason}")
    if one.how_to_investigate:
        tables.say(one.how_to_investigate)


def _print_files(seen: Overview, verbose: bool) -> None:
    shown = seen.files if verbose else seen.files[:MOST_FILES]
    names = ("rows", "kept", "quarantined", "dropped", "repaired")
    tables.show(
        "Files: rows in = kept + quarantined + dropped",
        ("file", "delivery", *names, "status"),
        [
            (f["file"], f["delivery"], *(f[name] for name in names), _status(f["status"]))
            for f in shown
        ],
        numbers=names,
    )
    rest = len(seen.files) - len(shown)
    if rest:
        tables.say(f"and {rest} older files (-v shows them, --json lists them)")
    tables.say(
        "Every row of every file taken is accounted for."
        if seen.reconciled
        else "ROWS ARE MISSING: a file's rows are not all kept, quarantined or dropped."
    )


def _print_rules(seen: Overview, every: bool) -> None:
    shown = [one for one in seen.rules if every or one["status"] not in QUIET]
    if shown:
        tables.show(
            "Rules" if every else "Rules with something against them",
            ("rule", "table", "owner", "status", "against", "of", "detail"),
            [
                (
                    one["id"],
                    one["table"],
                    one["owner"],
                    _status(one["status"], one["severity"]),
                    one["numerator"],
                    one["denominator"],
                    one["detail"],
                )
                for one in shown
            ],
            numbers=("against", "of"),
        )
    counts = {name: sum(one["status"] == name for one in seen.rules) for name in QUIET}
    if not every:
        tables.say(
            f"{counts['passed']} passed, {counts['not_applicable']} not applicable (-v lists them)"
        )
    elif not shown:
        tables.say("No such result.")


def _print_open(seen: Overview, rule: str | None) -> None:
    if not seen.open:
        tables.say("No open question to the clinic.")
        return
    tables.show(
        "Open questions to the clinic (`plateau queries --out FILE.csv` writes the sheet)",
        ("rule", "table", "rows", "cells"),
        [(one["id"], one["table"], one["rows"], one["cells"]) for one in seen.open],
        numbers=("rows", "cells"),
    )
    if rule and seen.places:
        from orchestration.quality.places import written

        tables.show(
            "Where",
            ("file", "line", "column", "row key"),
            [
                (one["file"], written(one["line"]), one["column"], one["row_key"])
                for one in seen.places[:MOST_PLACES]
            ],
        )
        rest = len(seen.places) - MOST_PLACES
        if rest > 0:
            tables.say(f"and {rest} more (--json lists them)")


def _print_refused(seen: Overview) -> None:
    for one in seen.refused:
        tables.say(
            f"REFUSED: delivery {one['delivery']}, {one['file']}: {one['reason']} "
            f"(rule {one['rule']}); nothing of this delivery is in the warehouse: {_way_out(one)}"
        )


def _way_out(refused: dict[str, Any]) -> str:
    """What a person can do about a refused delivery."""
    from orchestration.ingest.refusal import OVERRIDABLE

    again = "deliver it again, mended"
    if refused["rule"] not in OVERRIDABLE:
        return f"{again}."
    return f"{again}, or take it with `plateau accept {refused['delivery']} --because TEXT`."


def _print_trend(seen: Overview, rule: str | None) -> None:
    if rule:
        tables.show(
            f"Trend of {rule}",
            ("run", "UTC", "against", "of", "share"),
            [
                (r["run_id"][:8], r["at"], r["numerator"], r["denominator"], _share(r))
                for r in seen.runs
            ],
            numbers=("against", "of", "share"),
        )
        return
    counts = {
        "files": "n_files",
        "rows": "n_rows",
        "quarantined": "n_quarantined",
        "cells set aside": "n_quarantined_cells",
        "repaired": "n_repaired_cells",
        "failed": "n_failed",
        "warned": "n_warned",
        "with rows": "n_with_rows",
    }
    tables.show(
        "Trend",
        ("run", "UTC", *counts),
        [(r["run_id"][:8], r["at"], *(r[name] for name in counts.values())) for r in seen.runs],
        numbers=tuple(counts),
    )


def _share(row: dict[str, Any]) -> str:
    if not row["denominator"]:
        return ""
    return f"{(row['numerator'] or 0) / row['denominator']:.2%}"


def _status(status: str, severity: str = "error") -> str:
    """Status in words; what needs a hand is in capitals, so that it is seen without colour."""
    words = status.replace("_", " ")
    needs_a_hand = status in (*BAD, "refused") and severity == "error"
    return words.upper() if needs_a_hand else words
