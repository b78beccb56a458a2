"""What `plateau quality --truth` shows a person.

Belongs here: order and wording. Does not: counting (`measured`).
"""

from __future__ import annotations

from typing import Any

from orchestration.commands import tables
from orchestration.measured import report
from orchestration.measured.scores import JUDGED, Tally

MOST_MISSED = 20


def show_truth(tally: Tally, *, verbose: bool) -> None:
    """Print recall, precision and exactness; every class with `verbose`, else those not whole."""
    told = report.as_object(tally)
    if not tally.n:
        tables.say("The ledger names no defect: only false alarms can be counted.")
    else:
        tables.say(f"Against truth: recall {_interval(told['recall'])}")
        _show_classes(told["by_class"], verbose)
    tables.show(
        "Precision by tier",
        ("tier", "precision", "false alarms", "implicated", "remarks"),
        [
            (
                tier,
                _interval(told[f"precision_{tier}"]),
                told[f"precision_{tier}"]["false_alarms"],
                told[f"precision_{tier}"]["implicated"],
                told[f"precision_{tier}"]["remarks"],
            )
            for tier in JUDGED
        ],
        numbers=("false alarms", "implicated", "remarks"),
    )
    tables.say(f"Repairs exact: {_interval(told['repair_exact'])}")
    tables.say(f"False alarms: {report.false_rules(tally) or 'none'}")
    for one in told["missed"][:MOST_MISSED]:
        place = f"{one['delivery']}/{one['file']}:{one['line'] or ''}".rstrip(":")
        tables.say(f"Not found: class {one['defect']} ({one['variant']}) at {place}")


def _show_classes(by_class: dict[str, dict[str, Any]], verbose: bool) -> None:
    shown = {
        defect: one
        for defect, one in by_class.items()
        if verbose or one["recall"]["value"] < 1 or one["right_action"] < 1
    }
    if not shown:
        tables.say("Every class was found, with the expected action (-v lists them).")
        return
    tables.show(
        "Recall by class" if verbose else "Classes that were not always found as expected",
        ("class", "name", "group", "recall", "right action"),
        [
            (defect, one["name"], one["group"], _interval(one["recall"]), one["right_action"])
            for defect, one in shown.items()
        ],
        numbers=(),
    )


def _interval(told: dict[str, Any]) -> str:
    if told["value"] is None:
        return "nothing to count"
    return f"{told['value']:.3f} ({told['lo']:.3f} to {told['hi']:.3f}, n = {told['n']})"
