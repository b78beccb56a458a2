"""Relief under epidural stimulation after surgery (equation 14)."""

# mypy: disable-error-code="no-untyped-def"

import numpy as np

from simulate.engine.compiled import compiled
from simulate.engine.normal import score
from simulate.engine.philox import FIRST, Stream, block, high, low
from simulate.engine.records import Fact, Stop
from simulate.engine.report import heaped

OPERATION, SURGERY = np.uint64(Stream.SURGERY), int(Stop.EMCS_SURGERY)
STOP_REASON, LAST_RELIEF = int(Fact.STOP_REASON), int(Fact.LAST_RELIEF)
EMCS_FIRST, EMCS_LAST = int(Fact.EMCS_FIRST), int(Fact.EMCS_LAST)
THETA_BURST = int(Fact.IS_THETA_BURST)


@compiled
def operate(key, place, row, n, facts):
    """Fill first and last relief of n patients, in fives; NaN where not operated or not visited."""
    replicate, first_patient = place
    for i in range(n):
        facts[EMCS_FIRST, i] = np.nan
        facts[EMCS_LAST, i] = np.nan
        facts[THETA_BURST, i] = 0.0
        if facts[STOP_REASON, i] == SURGERY:
            words = block(key, OPERATION, replicate, first_patient + i, FIRST)
            first = row.emcs_intercept + row.emcs_slope * facts[LAST_RELIEF, i]
            first += row.emcs_sd * score(high(words[0]))
            facts[EMCS_FIRST, i] = heaped(first, 5.0)
            u = low(words[1])
            facts[THETA_BURST, i] = 1.0 if u < row.theta_burst_share else 0.0
            if u >= row.theta_burst_share + row.one_visit_share:
                later = 45.0 + row.emcs_later_slope * (first - 45.0)
                later += row.emcs_later_sd * score(low(words[0]))
                facts[EMCS_LAST, i] = heaped(later, 5.0)
