"""`plateau quality`: what came in, what became of it, which rules hold, what is still open."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.commands.console import print_json
from orchestration.errors import EXIT_CHECKS_FAILED, EXIT_OK, WrongUse
from orchestration.quality.overview import BAD, Overview, look
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.measured.scores import Tally


def run(
    settings: Settings,
    *,
    of_run: str | None,
    rule: str | None,
    failed: bool,
    history: int,
    truth: Path | None = None,
    as_json: bool,
    verbose: bool,
) -> int:
    """Print the data quality of a run; return the exit code.

    Parameters
    ----------
    truth
        Truth directory of a simulated clinic, to measure the published warehouse against.

    Returns
    -------
    int
        0, or 3 where a rule of severity error failed or a delivery stands refused.

    Raises
    ------
    WrongUse
        No rule is called so.
    InputMissing, PlateauError, Busy
        As `overview.look`, or the truth directory holds no ledger.
    """
    if rule is not None:
        _require_rule(rule)
    seen = look(settings, run=of_run, rule=rule, history=history)
    if failed:
        seen.rules = [one for one in seen.rules if one["status"] in BAD]
    tally = _measure(settings, truth) if truth is not None else None
    if as_json:
        print_json(as_object(seen) | _truth_object(tally))
    else:
        from orchestration.commands.quality_view import show

        show(seen, rule=rule, failed=failed, verbose=verbose)
        if tally is not None:
            from orchestration.commands.truth_view import show_truth

            show_truth(tally, verbose=verbose)
    return EXIT_CHECKS_FAILED if seen.failing or seen.refused else EXIT_OK


def _measure(settings: Settings, truth: Path) -> Tally:
    from orchestration.measured.measure import measure

    return measure(settings, truth)


def _truth_object(tally: Tally | None) -> dict[str, Any]:
    if tally is None:
        return {}
    from orchestration.measured import report

    return {"truth": report.as_object(tally)}


def as_object(seen: Overview) -> dict[str, Any]:
    """The `--json` object."""
    return {
        "schema": "plateau.quality/1",
        "run_id": seen.run_id,
        "at": seen.at,
        "reconciled": seen.reconciled,
        "files": seen.files,
        "rules": seen.rules,
        "open": seen.open,
        "places": seen.places,
        "refused": seen.refused,
        "runs": seen.runs,
        "held_back": seen.held_back,
    }


def _require_rule(rule: str) -> None:
    from expectations.rules import load_rules

    known = load_rules()
    if rule not in known:
        close = difflib.get_close_matches(rule, known, n=3)
        hint = f"; did you mean {' or '.join(close)}?" if close else "."
        raise WrongUse(f"There is no rule {rule}{hint}")
