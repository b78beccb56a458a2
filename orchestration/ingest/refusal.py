"""Why a file or a delivery cannot be taken.

Belongs here: the exception that every step of the gate raises, and which refusals a person's word
can lift. Does not: how a rule is judged.
"""

from orchestration.ingest.found_files import shown

OVERRIDABLE = frozenset(
    {"contract_quarantine_share", "contract_rows_vanished", "gate_late_changes_landmark"}
)
"""Rules that a person's recorded word can set aside for one delivery."""

KIND_RULE = "gate_kind_mismatch"
"""Real and synthetic data in one place; said by an `InputMissing`, since nothing is begun then."""


class Refused(Exception):
    """Carries the rule's id and one sentence without values; the file where one is to blame.

    `file_name` is the name as it may be told.
    """

    def __init__(self, rule_id: str, reason: str, file_name: str = "") -> None:
        super().__init__(reason)
        self.rule_id = rule_id
        self.file_name = shown(file_name) if file_name else ""
