"""What becomes of each row of one file: kept, quarantined or dropped, and why.

Belongs here: the account that the rules of rows write into. Does not: any rule.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from expectations.reading import Mask, Rows


@dataclass
class Fates:
    """Where each row goes; a row that is no longer kept stays where its first cause put it.

    Attributes
    ----------
    kept, dropped
        Masks of the rows; neither is quarantined.
    causes
        Rule and reason by which rows left.
    cause
        Place in `causes` of each row, -1 for a kept one.
    warned
        Rows, column and rule of what is kept and flagged.
    """

    n_rows: int
    kept: Mask = field(init=False)
    dropped: Mask = field(init=False)
    cause: NDArray[np.int16] = field(init=False)
    causes: list[tuple[str, str | None]] = field(default_factory=list)
    warned: list[tuple[Mask, str | None, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start with every row kept."""
        self.kept = np.ones(self.n_rows, dtype=bool)
        self.dropped = np.zeros(self.n_rows, dtype=bool)
        self.cause = np.full(self.n_rows, -1, dtype=np.int16)

    def drop(self, rows: Mask, rule_id: str) -> None:
        """Take rows that are no data, or no new data, out of the count of patients' rows."""
        self.dropped |= rows & self.kept
        self.quarantine(rows, rule_id, None)

    def quarantine(self, rows: Mask, rule_id: str, reason: str | None) -> None:
        """Set rows aside under a rule."""
        chosen = rows & self.kept
        self.cause[chosen] = len(self.causes)
        self.causes.append((rule_id, reason))
        self.kept &= ~chosen

    def warn(self, rows: Mask, column_name: str | None, rule_id: str) -> None:
        """Flag rows that stay, if they do."""
        self.warned.append((rows, column_name, rule_id))

    def gone_by(self, rule_id: str) -> Mask:
        """Return the rows that left by a rule."""
        places = [place for place, (rule, _) in enumerate(self.causes) if rule == rule_id]
        return np.isin(self.cause, places)


def mask_of(n_rows: int, rows: Rows) -> Mask:
    """Return the mask of some places among `n_rows`."""
    mask = np.zeros(n_rows, dtype=bool)
    mask[rows] = True
    return mask
