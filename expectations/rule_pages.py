"""The rule registry as a document: `python -m expectations.document rules > docs/rules.md`.

Belongs here: one entry a rule, from the registry alone. Does not: the data dictionary (`document`).
"""

from collections.abc import Iterator

from expectations.rules import Rule, load_rules

_HEAD = """# Rules

Every rule of the warehouse: what it says, who decides it, what follows, and what to do. Made from
`expectations/registry/` by `python -m expectations.document rules`. A rule lives in the first layer that
can decide it and nowhere else; Great Expectations re-asserts some of the contract's on the loaded tables
and then names the contract's rule.

Each result counts a numerator (against the rule) over a denominator (what could be judged). Statuses:
passed; passed with rows (some against it, within tolerance); failed; not applicable (nothing to judge);
error (the check itself broke). A required check on nothing fails. Defects are classes of the defect
catalogue of the input contract.
"""  # noqa: E501
_OWNERS = {
    "gate": "Gate: is the file whole, readable, of a known shape?",
    "contract": "Contract: cells, rows and files, then sets of rows over deliveries",
    "dbt": "dbt: properties of joined or derived data",
    "gx": "Great Expectations: the load, the marts, distributions and drift",
}
_ACTIONS = {
    "refuse": "the delivery is refused",
    "quarantine_row": "the row goes to quarantine",
    "quarantine_cell": "the cell goes to quarantine and is missing in the kept row",
    "repair": "the cell is repaired and logged",
    "drop": "the line is dropped and logged",
    "warn": "kept and reported",
    "block": "nothing is published until it is settled",
}
_BLOCKED_DELIVERY = "the delivery is refused until a person accepts it"
_LOOK = {
    "gate": "`plateau quality` names the delivery and the file.",
    "contract": "`plateau quality` counts it by file; `plateau trace` follows a row key.",
    "dbt": "The data test of this name holds the query; `plateau trace` follows a row key.",
    "gx": "`plateau quality` shows numerator and denominator over the runs.",
}
_MEND = {
    "refuse": "Refaire l'export et redéposer la livraison.",
    "quarantine_row": "Corriger la ligne citée, ou répondre par corrections.csv.",
    "quarantine_cell": "Corriger la cellule citée, ou répondre par corrections.csv.",
}


def render_rules() -> str:
    """Return the page of all rules, in the order of the registry."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield _HEAD
    for owner, title in _OWNERS.items():
        yield f"## {title}\n"
        for rule in load_rules().values():
            if rule.owner == owner:
                yield from _entry(rule)


def _entry(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}\n"
    yield f"{rule.title}.\n"
    of_delivery = rule.action == "block" and rule.owner in ("gate", "contract")
    follows = _BLOCKED_DELIVERY if of_delivery else _ACTIONS[rule.action]
    yield f"- {rule.kahn.capitalize()}; {rule.severity}; {follows}."
    yield f"- Counts {rule.denominator} against the rule over {rule.denominator} judged."
    if rule.threshold is not None:
        yield f"- Threshold {rule.threshold:g}: {(rule.threshold_reason or '').rstrip('.')}."
    if rule.defects:
        yield f"- Catches defects {', '.join(map(str, rule.defects))}."
    yield f"- Investigate: {rule.how_to_investigate or _LOOK[rule.owner]}"
    mend = rule.how_to_fix or _MEND.get(rule.action)
    if mend:
        yield f"- À la source : {mend}"
    yield ""
