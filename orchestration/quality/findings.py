"""What was found against one rule in one table, and the result that follows from it.

Belongs here: counts by consequence, and the status that they come to. Does not: counting.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from expectations.rules import Rule
from expectations.validate import CheckResult, Status

DETAILS = {
    "refused": "the delivery was refused",
    "overridden": "accepted on somebody's word",
    "quarantined": "set aside",
    "repaired": "repaired",
    "dropped": "dropped",
    "warned": "kept and flagged",
}
"""Consequence -> its words."""


@dataclass(slots=True)
class Finding:
    """Counts of what is against a rule, by consequence, and of what was looked at."""

    by_consequence: dict[str, int] = field(default_factory=dict)
    denominator: int = 0

    @property
    def numerator(self) -> int:
        """Everything against the rule, whatever came of it."""
        return sum(self.by_consequence.values())

    def as_result(self, rule: Rule, table: str) -> CheckResult:
        """The finding as a row of `dq_result`."""
        # An unknown header is one more than those that were looked for.
        of = max(self.denominator, self.numerator)
        return CheckResult(
            rule_id=rule.id,
            table=table,
            column=None,
            status=self._status(of),
            severity=rule.severity,
            numerator=self.numerator,
            denominator=of,
            row_keys=(),
            detail=self._detail() if of else "nothing to check",
        )

    def _status(self, of: int) -> Status:
        if of == 0:
            return "not_applicable"
        if self.by_consequence.get("refused"):
            return "failed"
        return "passed_with_rows" if self.numerator else "passed"

    def _detail(self) -> str:
        return ", ".join(
            f"{n} {DETAILS[name]}" for name, n in sorted(self.by_consequence.items()) if n
        )
