"""What a study found, in lines for a terminal.

Belongs here: words for the tables of each kind of study. Does not: the tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from orchestration.study_bank import indication

FEW = 4  # worlds that are told one by one


def number(value: float, digits: int) -> str:
    """Write a number, or that it is not known."""
    return f"{value:.{digits}f}" if math.isfinite(value) else "not known"


def _error(design: Any, row: Any, digits: int) -> str:
    """Write the error of a figure; of a share that no cohort varies, how far it may still lie."""
    from simulate.studies.kinds import kind
    from simulate.studies.ratios import furthest

    error = number(row.mcse, digits)
    measure = kind(design.kind).MEASURES.get(row.measure)
    limit = math.nan if measure is None else furthest(row.estimate, row.mcse, measure)
    if not math.isfinite(limit):
        return error
    return f"{error}; alike in all, {'up' if row.estimate == 0 else 'down'} to {limit:.3g}"


def lines(design: Any, found: Any, rows: Any, measures: tuple[str, ...]) -> Iterator[str]:
    """Yield what a study found: all that matters first, or the measures asked for."""
    yield from _LINES[design.kind](design, found, rows, measures)


def _test_periods(design: Any, found: Any, rows: Any, measures: tuple[str, ...]) -> Iterator[str]:
    n = int(found.study_cell["n_replicates"].min())
    yield f"{design.study}: {n:,} simulated cohorts of {design.data.n_patients} a world"
    yield f"Long-term relief: {design.truth_in_words()}."
    yield from indication(found)
    if measures:
        for row in rows.itertuples():
            error = f" (MCSE {_error(design, row, 5)})" if math.isfinite(row.estimate) else ""
            yield (
                f"  {row.rule}, {row.test_sessions} sessions, at least {row.threshold_pct:g} %, "
                f"lag {row.decision_n_lag_visits}: {row.measure} {number(row.estimate, 4)}{error}"
            )
        return
    choice = found.study_choice
    choice = choice[choice["is_headline"] & (choice["decision_n_lag_visits"] == 0)]
    from simulate.studies.worlds import labels

    names = labels(design)
    if len(names) > FEW:
        yield from _over_worlds(design, found)
        return
    for scenario_id, world in choice.groupby("scenario_id", sort=False):
        if len(names) > 1:
            yield f"World: {names[scenario_id]}"
        yield "Frontier, per 100 who start: missed responders (MCSE), sessions without long-term"
        yield "relief (MCSE), both under 'every patient is offered sessions to the horizon':"
        on = world[world["is_on_frontier"]].sort_values("sessions_per_100")
        yield from (_choice(row) for row in on.itertuples())
        yield "Best length at a rate (test sessions worth spending to find one more long-term"
        yield "responder), of the last report at each threshold, per 100 who start; where sessions"
        yield "cost nothing the longest test is best by construction:"
        for rate in design.performance.sessions_per_responder:
            best = world[world[f"is_best_at_{rate:g}"] & (world["rule"] == "last")]
            yield from (f"  worth {rate:g}: {_best(row)}" for row in best.itertuples())


def _over_worlds(design: Any, found: Any) -> Iterator[str]:
    """Means and spread over worlds, and in how many each length is best, of the last report."""
    from simulate.studies.lengths import best_lengths
    from simulate.studies.over_worlds import across

    def shown(rows: Any) -> Any:
        return rows[rows["is_headline"] & (rows["rule"] == "last")]

    counted = shown(found.study_block)
    counted = counted[counted["decision_n_lag_visits"] == 0]
    told = across(shown(found.study_performance), found.study_cell, ["missed_per_100"])
    n = counted["scenario_id"].nunique()
    yield f"Missed of 100 who start, the last report: mean of {n} worlds (nine of ten lie between)"
    for threshold, rows in told.groupby("threshold_pct"):
        lengths = ", ".join(
            f"{row.test_sessions}: {row.mean:.1f} ({row.lo:.1f} to {row.hi:.1f})"
            for row in rows.itertuples(index=False)
        )
        yield f"  at least {threshold:g} %, by test sessions: {lengths}"
    yield "Worlds in which a length is best, at a rate (test sessions worth one more found), with"
    yield "the error that other worlds and cohorts would make:"
    best = best_lengths(counted, design.performance.sessions_per_responder)
    for (rate, at_least), rows in best.groupby(["sessions_per_responder", "threshold_pct"]):
        some = rows[rows["share_best"] > 0]
        told_of = (some[name] for name in ("test_sessions", "share_best", "share_best_error"))
        shares = ", ".join(
            f"{length} in {100 * share:.0f} % ({number(100 * error, 0)})"
            for length, share, error in zip(*told_of, strict=True)
        )
        yield f"  worth {rate:g}, at least {at_least:g} %: {shares}"
    yield "The page of --out FILE tells other rules, regret and what it hinges on."


def _choice(row: Any) -> str:
    return (
        f"  {row.rule.replace('_', ' ')}, {row.test_sessions} sessions, at least "
        f"{row.threshold_pct:g} %: {row.missed_per_100:.1f} ({number(row.missed_per_100_mcse, 2)})"
        f" missed, {row.sessions_per_100:.0f} ({number(row.sessions_per_100_mcse, 1)}) sessions"
    )


def _best(row: Any) -> str:
    return (
        f"{row.test_sessions} sessions, at least {row.threshold_pct:g} %: "
        f"{row.missed_per_100:.1f} ({number(row.missed_per_100_mcse, 2)}) missed, "
        f"{row.test_sessions_per_100:.0f} ({number(row.test_sessions_per_100_mcse, 1)}) sessions"
    )


def _trials(design: Any, found: Any, rows: Any, measures: tuple[str, ...]) -> Iterator[str]:
    n = int(found.study_cell["n_replicates"].min())
    yield f"{design.study}: {n:,} simulated trials of every size a world"
    asked = rows[rows["measure"].isin(measures or ("power",))]
    columns = ["world", "measure", "trial", "sessions", "method", "estimand", "missing"]
    several = asked.groupby(["trial", "method"])["estimand"].nunique().max() > 1
    for given, own in asked.groupby(columns, sort=False):
        world, measure, trial, sessions, method, estimand, missing = given
        yield (
            f"{measure}{f' of {estimand}' if several else ''}, {trial.replace('_', ' ')}, "
            f"{sessions} sessions, {method}, missing {missing}, world {world}:"
        )
        for row in own.itertuples():
            yield (
                f"  {row.n_patients:,} patients: {number(row.estimate, 4)} "
                f"(MCSE {_error(design, row, 4)})"
            )


def _estimates(design: Any, found: Any, rows: Any, measures: tuple[str, ...]) -> Iterator[str]:
    from simulate.studies.estimates.members import joined, n_members

    n, rows = int(found.study_cell["n_replicates"].min()), joined(design, rows)
    yield f"{design.study}: {n * n_members(design):,} simulated cohorts a world"
    for (estimand, method), own in rows.groupby(["estimand", "method"], sort=False):
        yield f"{estimand.replace('_', ' ')} by {method.replace('_', ' ')}:"
        asked = own[own["measure"].isin(measures or ("estimate", "truth", "bias", "coverage"))]
        for (world, size), figures in asked.groupby(["world", "n_patients"], sort=False):
            told = ", ".join(
                f"{row.measure} {number(row.estimate, 2)} ({_error(design, row, 2)})"
                + (f" [{row.lo:.2f} to {row.hi:.2f}]" if math.isfinite(row.lo) else "")
                for row in figures.itertuples()
            )
            yield f"  {world}, {size:,} patients: {told}"


_LINES: dict[str, Callable[..., Iterator[str]]] = {
    "estimates": _estimates,
    "test_periods": _test_periods,
    "trials": _trials,
}
