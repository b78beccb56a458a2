"""The rule registry: every rule of the warehouse once, with its owner and its consequence.

Belongs here: reading `registry/<owner>.yml`. Does not: deciding a rule; that is its owner's.
"""

from functools import cache
from pathlib import Path
from typing import Literal, get_args

import yaml
from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

FOLDER = Path(__file__).with_name("registry")

Kahn = Literal["conformance", "completeness", "plausibility"]
Owner = Literal["gate", "contract", "dbt", "gx"]
Severity = Literal["error", "warning"]
Action = Literal["refuse", "quarantine_row", "quarantine_cell", "repair", "drop", "warn", "block"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Rule:
    """One rule.

    Attributes
    ----------
    id, title
        The id is written into quarantine, repair log and results.
    kahn
        Category of Kahn et al. 2016.
    owner
        The first layer that has the information to decide the rule, and the only one that does.
    severity, action
        An error of a `block` rule holds back publication; a quarantine is an error that has been
        dealt with.
    threshold, threshold_reason
        Number in the rule, and `date | rate | why`: since when, at what rate it is seen where
        nothing is wrong, and why this number.
    denominator
        What the numerator is a share of: rows, cells, files, headers or deliveries.
    defects
        Classes of the defect catalogue that the rule must catch.
    how_to_investigate
        Where somebody at the warehouse looks first.
    how_to_fix
        What the clinic can do at the source, in French.
    """

    id: str
    title: str
    kahn: Kahn
    owner: Owner
    severity: Severity
    action: Action
    denominator: Literal["rows", "cells", "files", "headers", "deliveries"]
    threshold: float | None = None
    threshold_reason: str | None = None
    defects: tuple[int, ...] = ()
    how_to_investigate: str | None = None
    how_to_fix: str | None = None

    def __post_init__(self) -> None:
        """Refuse a number without a reason."""
        if (self.threshold is None) != (self.threshold_reason is None):
            raise ValueError(f"rule {self.id}: a threshold needs a threshold_reason")


@cache
def load_rules() -> dict[str, Rule]:
    """Return every rule by id, in the order gate, contract, dbt, gx and of each file.

    Raises
    ------
    ValueError
        If two rules share an id, an entry does not validate or stands in another owner's file.
    """
    rules = [one for owner in get_args(Owner) for one in _rules_of(owner)]
    by_id = {rule.id: rule for rule in rules}
    if len(by_id) != len(rules):
        ids = [rule.id for rule in rules]
        shared = sorted({one for one in ids if ids.count(one) > 1})
        raise ValueError(f"{FOLDER.name}/: two rules share the id {', '.join(shared)}")
    return by_id


def _rules_of(owner: str) -> list[Rule]:
    file = FOLDER / f"{owner}.yml"
    rules = TypeAdapter(list[Rule]).validate_python(yaml.safe_load(file.read_text("utf-8")))
    strangers = [one.id for one in rules if one.owner != owner]
    if strangers:
        raise ValueError(f"{file.name}: rules of another owner: {', '.join(strangers)}")
    return rules


def rule(rule_id: str) -> Rule:
    """Return the rule of this id; KeyError names the folder to add it to."""
    try:
        return load_rules()[rule_id]
    except KeyError:
        raise KeyError(f"rule {rule_id} is not in {FOLDER.name}/: add it there") from None
