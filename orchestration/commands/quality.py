"""`plateau quality`: what came in, what became of it, which rules hold, what is still open."""

from __future__ import annotations

import difflib
from typing import Any

from orchestration.commands.console import print_json
from orchestration.errors import EXIT_CHECKS_FAILED, EXIT_OK, WrongUse
from orchestration.quality.overview import BAD, Overview, look
from orchestration.settings import Settings


def run(
    settings: Settings,
    *,
    of_run: str | None,
    rule: str | None,
    failed: bool,
    history: int,
    as_json: bool,
    verbose: bool,
) -> int:
    """Print the data quality of a run; return the exit code.

    Returns
    -------
    int
        0, or 3 where a rule of severity error failed or a delivery stands refused.

    Raises
    ------
    WrongUse
        No rule is called so.
    InputMissing, PlateauError, Busy
        As `overview.look`.
    """
    if rule is not None:
        _require_rule(rule)
    seen = look(settings, run=of_run, rule=rule, history=history)
    if failed:
        seen.rules = [one for one in seen.rules if one["status"] in BAD]
    if as_json:
        print_json(as_object(seen))
    else:
        from orchestration.commands.quality_view import show

        show(seen, rule=rule, failed=failed, verbose=verbose)
    return EXIT_CHECKS_FAILED if seen.failing or seen.refused else EXIT_OK


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
