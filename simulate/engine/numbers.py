"""Nothing but random numbers at their addresses: how fast any generator here could be at best."""

# mypy: disable-error-code="no-untyped-def"

import numpy as np

from simulate.engine.compiled import compiled
from simulate.engine.normal import score
from simulate.engine.philox import FIRST, Stream, block, high, low

NOISE = np.uint64(Stream.NOISE)


@compiled
def normal_sum(key, n):
    """Return the sum of n standard normal scores, eight to a block of Philox."""
    total = 0.0
    for patient in range(n // 8):
        a, b, c, d = block(key, NOISE, 0, patient, FIRST)
        total += score(high(a)) + score(low(a)) + score(high(b)) + score(low(b))
        total += score(high(c)) + score(low(c)) + score(high(d)) + score(low(d))
    return total
