"""How many patients a trial needs, by power and by endpoint: the sentences of the answer.

Belongs here: words. Does not: the search, or any power.
"""

from collections.abc import Mapping

import pandas as pd

from report.frames import records
from report.wording import count, number, plural, rate, words


def searched(sizes: pd.DataFrame) -> list[str]:
    """Say what the search found for the headline, each power in each world; nothing without one.

    Parameters
    ----------
    sizes
        Rows of `study_size`: world, method, is_headline, power, n_patients, lo, hi, reason.
    """
    parts = []
    for world, own in sizes[sizes["is_headline"].astype(bool)].groupby("world", sort=False):
        told = [_size(row) for row in records(own.sort_values("power"))]
        parts.append(f"{' and '.join(told)} ({world})")
    if not parts:
        return []
    return [
        f"Searched between sizes: {'; '.join(parts)}. Brackets: 95 % limits of the simulation; how "
        "far the world may be from the clinic is not in them."
    ]


def _size(row: dict[str, object]) -> str:
    power = f"{number(100 * float(str(row['power'])), 0)} % power"
    if pd.isna(row["n_patients"]):  # type: ignore[call-overload]
        return f"{power} is out of reach"
    return (
        f"{count(row['n_patients'])} patients [{count(row['lo'])}; {count(row['hi'])}] for {power}"
    )


def endpoints(
    sizes: pd.DataFrame,
    performance: pd.DataFrame,
    endpoint_of: Mapping[str, str],
    power: float,
) -> list[str]:
    """Say which endpoint needs fewest patients, world by world; nothing where there is one.

    By searched sizes where two endpoints or more have them, else by power at the middle size.

    Parameters
    ----------
    sizes
        Rows of `study_size` of the headline's trial.
    performance
        Rows of `study_performance` of the headline's trial, sessions and law of missing reports.
    endpoint_of
        Endpoint of each method.
    power
        Asked, 0-1.
    """
    if len({endpoint_of[method] for method in performance["method"]}) < 2:
        return []
    asked = sizes[(sizes["power"] == power).astype(bool) & sizes["n_patients"].notna()]
    if len({endpoint_of[method] for method in asked["method"]}) > 1:
        return _by_size(asked, power)
    rows = performance[(performance["measure"] == "power") & performance["estimate"].notna()]
    every = sorted(rows["n_patients"].unique())
    return _by_power(rows[rows["n_patients"] == every[len(every) // 2]])


def _by_size(rows: pd.DataFrame, power: float) -> list[str]:
    said = []
    for world, own in rows.groupby("world", sort=False):
        first, *others = records(own.sort_values("n_patients"))
        if not others:
            continue
        told = ", ".join(
            f"{words(row['method'])} {count(row['n_patients'])} [{count(row['lo'])}; "
            f"{count(row['hi'])}]" + ("" if row["lo"] > first["hi"] else " (limits overlap)")
            for row in others
        )
        said.append(
            f"Fewest patients for {number(100 * power, 0)} % power ({world}): "
            f"{words(first['method'])}, {count(first['n_patients'])} [{count(first['lo'])}; "
            f"{count(first['hi'])}]; then {told}."
        )
    return said


def _by_power(rows: pd.DataFrame) -> list[str]:
    said = []
    for world, own in rows.groupby("world", sort=False):
        first, *others = records(own.sort_values("estimate", ascending=False))
        near = [row for row in others if _apart(first, row) < 2]
        close = (
            f"; {', '.join(_quoted(row) for row in near)} "
            f"{'is' if len(near) == 1 else 'are'} within two Monte Carlo errors of it"
            if near
            else ""
        )
        last = others[-1]
        least = f"; least has {_quoted(last)}, {_power(last)}" if last not in near else ""
        said.append(
            f"With {plural(int(first['n_patients']), 'patient')} ({world}), "
            f"{_quoted(first)} has most power, {_power(first)}{close}{least}."
        )
    said.append(
        "The order by power is that of the patients needed; the study's size command finds their "
        "numbers, with limits, for every method asked."
    )
    return said


def _quoted(row: dict[str, object]) -> str:
    return f"“{words(row['method'])}”"  # names have commas of their own


def _apart(a: dict[str, float], b: dict[str, float]) -> float:
    """Difference in errors, as if both were independent: too few, as they share their trials."""
    if a["estimate"] == b["estimate"]:  # both in all or in none
        return 0.0
    error = (a["mcse"] ** 2 + b["mcse"] ** 2) ** 0.5
    return (a["estimate"] - b["estimate"]) / error if error > 0 else float("inf")


def _power(row: dict[str, float]) -> str:
    return rate(row["estimate"], row["mcse"], row["n"], 0)
