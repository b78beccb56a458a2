"""The ledger beside what was said: recall by class, precision by tier, repairs that are exact.

Here: the join by delivery, file, line and column, and the counts that follow; counts of several
clinics add up. Not here: reading either side (`said`, `values`), printing.

Definitions (docs/data-quality.md, `Measured against truth`):
found
    one of the class's expected rules spoke at a place of the defect, or on an innocent partner of
    it; rule `none` (a file that is to be read as if nothing were wrong) where every row of the
    file stands as the truth says.
right
    a finding at the cell or row of a defect, or of a rule that is expected there; of a whole file,
    one of a rule whose registry entry lists a class that the file holds; a refusal, of a delivery
    with a defect.
implicated
    a finding on an innocent partner: shown as an error and left out.
false alarm
    any other finding. Flags count where the registry says that the rule catches a class; other
    flags describe a patient or a file and are counted apart, as remarks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from expectations.rules import load_rules

Place = tuple[str, str, int]
Verdict = Literal["right", "implicated", "false_alarm", "remark"]
WHOLE = "none"
JUDGED = ("hard", "repair", "flag")
HIT = ("any_rule", "found", "right_action")


@dataclass(slots=True)
class Tally:
    """Counts of one clinic or, added up, of several.

    Attributes
    ----------
    n
        (class, variant) -> defects.
    hits
        (class, variant, what) -> defects with any finding at their place, found, found with the
        expected action.
    verdicts
        (tier, verdict) -> findings.
    false_rules
        (tier, rule) -> false alarms.
    exact, repaired
        Class -> repaired cells that hold the true value, and repaired cells.
    clean_rows
        Rows of the files taken that no defect touches.
    missed
        Places of defects not found: class, variant, delivery, file, line.
    """

    n: Counter[tuple[int, str]] = field(default_factory=Counter)
    hits: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    false_rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    exact: Counter[int] = field(default_factory=Counter)
    repaired: Counter[int] = field(default_factory=Counter)
    clean_rows: int = 0
    missed: list[tuple[Any, ...]] = field(default_factory=list)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.n + other.n,
            self.hits + other.hits,
            self.verdicts + other.verdicts,
            self.false_rules + other.false_rules,
            self.exact + other.exact,
            self.repaired + other.repaired,
            self.clean_rows + other.clean_rows,
            self.missed + other.missed,
        )


def tally(
    ledger: pd.DataFrame,
    said: pd.DataFrame,
    whole: set[tuple[str, str]],
    values: Mapping[tuple[str, str, int, str], bool],
    *,
    n_rows: int,
) -> Tally:
    """Count one clinic.

    Parameters
    ----------
    ledger
        `truth/defects.parquet`.
    said
        `said.everything_said`.
    whole
        `said.read_whole`.
    values
        Delivery, file, line and column of each repaired cell -> whether it holds the true value
        (`values.repaired_exactly`).
    n_rows
        Rows of the files that were taken.
    """
    result = Tally()
    _count_found(result, ledger, said, whole)
    dirty = _judge_findings(result, ledger, said)
    result.clean_rows = n_rows - len(dirty)
    defect_at = {
        (row.delivery, row.file, row.line, row.column_name): row.defect
        for row in each_row(ledger)
        if row.defect_id and not pd.isna(row.line)
    }
    for place, is_exact in values.items():
        if place in defect_at:
            result.repaired[defect_at[place]] += 1
            result.exact[defect_at[place]] += int(is_exact)
    return result


def _count_found(
    result: Tally, ledger: pd.DataFrame, said: pd.DataFrame, whole: set[tuple[str, str]]
) -> None:
    at_line: dict[Place, list[tuple[str, str]]] = defaultdict(list)
    at_file: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    anywhere: list[tuple[str, str]] = []
    for row in each_row(said):
        told = (row.rule_id, row.action)
        if _absent(row.delivery):
            anywhere.append(told)
        elif _absent(row.line):
            at_file[row.delivery, row.file].append(told)
            at_file[row.delivery, ""].append(told)
        else:
            at_line[row.delivery, row.file, int(row.line)].append(told)
    for _, rows in ledger[ledger["defect_id"] > 0].groupby("defect_id"):
        first = rows.iloc[0]
        key = (int(first["defect"]), str(first["variant"]))
        rules = set(first["expected_rules"].split())
        here: list[tuple[str, str]] = []
        beside: list[tuple[str, str]] = list(anywhere)
        is_whole = False
        for row in each_row(rows):
            place = (row.delivery, row.file)
            if not _absent(row.line):
                here += at_line[(*place, int(row.line))]
            else:
                here += at_file[place]
            # A refusal names the file to blame; the manifest is blamed for names.
            beside += [one for one in at_file[row.delivery, ""] if one[1] == "refuse"]
            for innocent in _places(row.innocents):
                beside += at_line[innocent]
            is_whole |= place in whole
        expected = [one for one in (*here, *beside) if one[0] in rules]
        found = bool(expected) or (WHOLE in rules and is_whole)
        actions = {_action(one[1]) for one in expected}
        right = _action(str(first["expected_action"])) in actions or (WHOLE in rules and is_whole)
        result.n[key] += 1
        for what, holds in zip(HIT, (bool(here) or found, found, right), strict=True):
            result.hits[(*key, what)] += int(holds)
        if not found:
            line = None if _absent(first["line"]) else int(first["line"])
            result.missed.append((*key, str(first["delivery"]), str(first["file"]), line))


def _action(action: str) -> str:
    return "refuse" if action == "block" else action


def _judge_findings(result: Tally, ledger: pd.DataFrame, said: pd.DataFrame) -> set[Place]:
    """Judge every finding, and return the lines that a defect touches."""
    columns: dict[Place, set[str | None]] = defaultdict(set)
    expected: dict[Place, set[str]] = defaultdict(set)
    innocent: set[Place] = set()
    in_file: dict[tuple[str, str], set[int]] = defaultdict(set)
    file_level: set[str] = set()
    everywhere = set(ledger.loc[ledger["defect_id"] > 0, "defect"])
    for row in each_row(ledger):
        in_file[row.delivery, row.file].add(row.defect)
        if _absent(row.line):
            file_level.add(row.delivery)
        else:
            column = None if _absent(row.column_name) else row.column_name
            columns[row.delivery, row.file, int(row.line)].add(column)
            expected[row.delivery, row.file, int(row.line)].update(row.expected_rules.split())
        innocent.update(_places(row.innocents))
    rules = load_rules()
    for row in each_row(said):
        catches = set(rules[row.rule_id].defects)
        verdict: Verdict
        if _absent(row.delivery):
            verdict = "right" if catches & everywhere else "false_alarm"
        elif row.action == "refuse":
            verdict = "right" if row.delivery in file_level | _refusable(ledger) else "false_alarm"
        elif _absent(row.line):
            verdict = "right" if catches & in_file[row.delivery, row.file] else "false_alarm"
        else:
            place = (row.delivery, row.file, int(row.line))
            spoilt = columns.get(place)
            named = None if _absent(row.column_name) else row.column_name
            at_cell = spoilt and (named is None or None in spoilt or named in spoilt)
            if at_cell or row.rule_id in expected.get(place, ()):
                verdict = "right"
            else:
                verdict = "implicated" if place in innocent else "false_alarm"
        if row.tier == "flag" and verdict != "right" and not catches:
            verdict = "remark"
        result.verdicts[row.tier, verdict] += 1
        if verdict == "false_alarm":
            result.false_rules[row.tier, row.rule_id] += 1
    return set(columns)


def _refusable(ledger: pd.DataFrame) -> set[str]:
    """Deliveries with a defect for which a whole delivery is refused."""
    refused = ledger["expected_action"].isin(["refuse", "block"])
    return set(ledger.loc[refused, "delivery"])


def _places(innocents: Any) -> list[Place]:
    if innocents is None or _absent(innocents):
        return []
    places = []
    for one in str(innocents).split():
        delivery, rest = one.split("/", 1)
        file, line = rest.rsplit(":", 1)
        places.append((delivery, file, int(line)))
    return places


def each_row(frame: pd.DataFrame) -> Iterator[Any]:
    """Rows as named tuples of whatever they hold."""
    yield from frame.itertuples()


def _absent(value: Any) -> bool:
    return value is None or bool(pd.isna(value))
