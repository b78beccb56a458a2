"""Who a patient is and how the latent relief would go (equations 1-4): the traits.

Here: draws of the streams population and latent. Not here: reports and the course (`course.py`).
"""

# mypy: disable-error-code="no-untyped-def"

import math
from typing import NamedTuple

import numpy as np

from simulate.engine.compiled import compiled
from simulate.engine.normal import score
from simulate.engine.philox import Stream, block, high, low
from simulate.engine.records import Flow
from simulate.engine.report import BY_PATIENT

POPULATION, LATENT = int(Stream.POPULATION), int(Stream.LATENT)
ANALYSED, EXCLUDED, EARLY_STOP = int(Flow.ANALYSED), int(Flow.EXCLUDED), int(Flow.EARLY_STOP)


class Traits(NamedTuple):
    """One patient: lesion row, flow and planned sessions of those not analysed, latent course."""

    lesion: int
    is_sham: bool
    flow: int
    planned_sessions: int
    rises: bool
    start: float
    asymptote: float
    half: float
    relapse: float
    noise_factor: float
    grid: float


@compiled
def fill_rise_chances(row, lesions, level_codes, cause_codes, chances):
    """Fill the chance that relief rises, for every row of the lesion table (1).

    `level_codes` holds the code of peripheral, `cause_codes` those of ischaemic and haemorrhagic.
    """
    base = math.log(row.rise_share) - math.log1p(-row.rise_share)
    for i in range(len(chances)):
        odds = base
        if lesions.level[i] == level_codes[0]:
            odds += row.shift_peripheral
        if lesions.aetiology[i] == cause_codes[0]:
            odds += row.shift_ischaemic
        if lesions.aetiology[i] == cause_codes[1]:
            odds += row.shift_haemorrhagic
        chances[i] = 1.0 / (1.0 + math.exp(-odds))


@compiled
def draw_traits(key, replicate, patient, row, edges, guide, chances, with_flow):
    """Draw one patient."""
    p0, p1, _, _ = block(key, POPULATION, replicate, patient, 0)
    lesion = place_of(edges, guide, high(p0))
    flow, planned = _flow(row, high(p1), low(p1)) if with_flow else (ANALYSED, 0)
    t0, t1, t2, t3 = block(key, LATENT, replicate, patient, 0)
    rises = high(t0) < chances[lesion]
    z = score(high(t1))
    asymptote = row.rise_mean + row.rise_sd * z if rises else row.still_mean + row.still_sd * z
    start = row.start_mean + row.start_sd * score(low(t0))
    is_sham = low(p0) < row.sham_share
    if is_sham:
        asymptote = start + row.sham_gain * (asymptote - start)
    relapse = np.inf
    if rises and high(t2) < row.relapse_share:
        relapse = row.relapse_first + math.floor(-math.log(low(t2)) * row.relapse_delay)
    spread = row.noise_log_sd if row.noise == BY_PATIENT else 0.0
    habit = low(t3)
    fives = habit < row.heap_10 + row.heap_5
    grid = 10.0 if habit < row.heap_10 else (5.0 if fives else 1.0)
    return Traits(
        lesion,
        is_sham,
        flow,
        planned,
        rises,
        start,
        asymptote,
        row.half_gain_sessions * math.exp(row.half_gain_log_sd * score(low(t1))),
        relapse,
        math.exp(spread * score(high(t3))) if spread > 0.0 else 1.0,
        grid,
    )


@compiled
def place_of(edges, guide, u):
    """Return the first entry of cumulative weights above u."""
    k = guide[int(u * len(guide))]
    while edges[k] <= u:
        k += 1
    return k


@compiled
def _flow(row, u, v):
    """Excluded after 3-5 sessions, stopped after 1-3, or analysed (rule R1)."""
    if u < row.excluded_share:
        return EXCLUDED, 3 + int(3.0 * v)
    if u < row.excluded_share + row.early_stop_share:
        return EARLY_STOP, 1 + int(3.0 * v)
    return ANALYSED, 0
