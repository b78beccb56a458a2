"""The rules that refuse a whole file for what its rows look like together.

Belongs here: counts and shares over one file. Does not: what the bytes or the header show (the
gate), single rows, or shifts against earlier deliveries.
"""

from collections.abc import Iterator

import numpy as np

from expectations.fates import Fates
from expectations.reading import Readings
from expectations.rules import rule

FEWEST_FRACTIONS = 5  # fewer are slips, whatever their share
FEWEST_QUARANTINED = 10  # a small file may lose some rows without its export being another

type Refusal = tuple[str, str]


def refusal_of(readings: Readings, fates: Fates) -> Refusal | None:
    """Return the rule and the reason to refuse the file; None for a file that can be taken.

    The action of the rule says how final it is: a person may accept what a rule `block`s.
    """
    return next(_refusals(readings, fates), None)


def _refusals(readings: Readings, fates: Fates) -> Iterator[Refusal]:
    n_footers = int(fates.gone_by("row_footer").sum())
    if n_footers > _threshold("file_footers"):
        yield "file_footers", f"{n_footers} lines are totals or notes of the export"
    kept = np.flatnonzero(fates.kept)
    for name, reading in readings.items():
        if reading.column.fraction_rule is None:
            continue
        n_known = int(reading.parsed.notna().to_numpy()[reading.codes[kept]].sum())
        fractions = reading.warned.get(reading.column.fraction_rule)
        n_fractions = 0 if fractions is None else int(fractions[reading.codes[kept]].sum())
        if n_fractions >= FEWEST_FRACTIONS and n_fractions > n_known * _threshold(
            "file_unit_change"
        ):
            yield (
                "file_unit_change",
                f"{n_fractions} of {n_known} values of {name} lie between 0 and 1",
            )
    n_quarantined = int((~fates.kept & ~fates.dropped).sum())
    share = _threshold("contract_quarantine_share")
    if n_quarantined > FEWEST_QUARANTINED and n_quarantined > fates.n_rows * share:
        yield "contract_quarantine_share", f"{n_quarantined} of {fates.n_rows} rows in quarantine"


def _threshold(rule_id: str) -> float:
    threshold = rule(rule_id).threshold
    assert threshold is not None
    return threshold
