"""Who the patients are and how their latent relief would go (equations 1-4).

Here: draws of the streams population and latent, a trait at a time. Not here: reports and the
course (`course.py`).
"""

# mypy: disable-error-code="no-untyped-def"

import math

import numpy as np

from simulate.engine.compiled import compiled, inlined
from simulate.engine.normal import score
from simulate.engine.philox import FIRST, Stream, fill_words, high, low
from simulate.engine.records import Fact, Flow, Word
from simulate.engine.report import BY_PATIENT

POPULATION, LATENT = np.uint64(Stream.POPULATION), np.uint64(Stream.LATENT)
OWN = int(Word.OWN)
ANALYSED, EXCLUDED, EARLY_STOP = int(Flow.ANALYSED), int(Flow.EXCLUDED), int(Flow.EARLY_STOP)
LEVEL, SITE, AETIOLOGY = int(Fact.LEVEL), int(Fact.SITE), int(Fact.AETIOLOGY)
FLOW, PLANNED, IS_SHAM = int(Fact.FLOW), int(Fact.PLANNED_SESSIONS), int(Fact.IS_SHAM)
RISES, START, ASYMPTOTE = int(Fact.RISES), int(Fact.START), int(Fact.ASYMPTOTE)
HALF, RELAPSE = int(Fact.HALF_GAIN_SESSIONS), int(Fact.RELAPSE_SESSION)
NOISE_FACTOR, GRID = int(Fact.NOISE_FACTOR), int(Fact.GRID)


@compiled
def fill_rise_chances(row, lesions, codes, chances):
    """Fill the chance that relief rises, for every row of the lesion table (1).

    `codes` are those of peripheral, ischaemic and haemorrhagic.
    """
    base = math.log(row.rise_share) - math.log1p(-row.rise_share)
    for i in range(len(chances)):
        odds = base
        if lesions.level[i] == codes[0]:
            odds += row.shift_peripheral
        if lesions.aetiology[i] == codes[1]:
            odds += row.shift_ischaemic
        if lesions.aetiology[i] == codes[2]:
            odds += row.shift_haemorrhagic
        chances[i] = 1.0 / (1.0 + math.exp(-odds))


@compiled
def draw_patients(key, place, who, row, lesions, chances, words, facts, with_flow):
    """Fill the traits of the patients `who`, who are the first of a lane."""
    n, own = len(who), words[OWN : OWN + 4]
    fill_words(key, POPULATION, place, who, FIRST, own)
    _draw_lesions(row, lesions, chances, own[0], n, facts)
    for i in range(n):
        facts[FLOW, i], facts[PLANNED, i] = ANALYSED, 0
        if with_flow:
            facts[FLOW, i], facts[PLANNED, i] = _flow(row, high(own[1, i]), low(own[1, i]))
    fill_words(key, LATENT, place, who, FIRST, own)
    for i in range(n):
        facts[RISES, i] = 1.0 if high(own[0, i]) < facts[RISES, i] else 0.0
    is_sham, rises = facts[IS_SHAM], facts[RISES]
    _draw_ends(row, n, own, is_sham, rises, facts[START], facts[ASYMPTOTE])
    _draw_pace(row, n, own, rises, facts[HALF], facts[RELAPSE])
    _draw_habits(row, n, own[3], facts[NOISE_FACTOR], facts[GRID])


@compiled
def _draw_lesions(row, lesions, chances, words, n, facts):
    """Fill lesion and treatment, and for now the chance that relief rises."""
    edges, guide, level, site, aetiology = lesions
    for i in range(n):
        lesion = place_of(edges, guide, high(words[i]))
        facts[LEVEL, i], facts[SITE, i] = level[lesion], site[lesion]
        facts[AETIOLOGY, i], facts[RISES, i] = aetiology[lesion], chances[lesion]
        facts[IS_SHAM, i] = 1.0 if low(words[i]) < row.sham_share else 0.0


@compiled
def _draw_ends(row, n, words, is_sham, rises, start, asymptote):
    """Fill latent relief before session 1, and the plateau."""
    first, second = words[0], words[1]
    start_mean, start_sd, sham_gain = row.start_mean, row.start_sd, row.sham_gain
    rise_mean, rise_sd = row.rise_mean, row.rise_sd
    still_mean, still_sd = row.still_mean, row.still_sd
    for i in range(n):
        start[i] = start_mean + start_sd * score(low(first[i]))
    for i in range(n):
        z = score(high(second[i]))
        rise, still = rise_mean + rise_sd * z, still_mean + still_sd * z
        asymptote[i] = rise if rises[i] != 0.0 else still
    if row.sham_share > 0.0:
        for i in range(n):
            under_sham = start[i] + sham_gain * (asymptote[i] - start[i])
            asymptote[i] = under_sham if is_sham[i] != 0.0 else asymptote[i]


@compiled
def _draw_pace(row, n, words, rises, half, relapse):
    """Fill sessions to half of the gain, and the session after which relief is lost again."""
    second, third = words[1], words[2]
    usual, log_sd, share = row.half_gain_sessions, row.half_gain_log_sd, row.relapse_share
    for i in range(n):
        half[i] = log_sd * score(low(second[i]))
    for i in range(n):
        half[i] = usual * math.exp(half[i])
    for i in range(n):
        relapse[i] = np.inf
        if rises[i] != 0.0 and high(third[i]) < share:
            delay = math.floor(-math.log(low(third[i])) * row.relapse_delay)
            relapse[i] = row.relapse_first + delay


@compiled
def _draw_habits(row, n, words, noise_factor, grid):
    """Fill the patient's own noise SD over the cohort's (5); answers in tens, fives or ones (6)."""
    fives = row.heap_10 + row.heap_5
    for i in range(n):
        u = low(words[i])
        coarse = 10.0 if u < row.heap_10 else 5.0
        grid[i] = coarse if u < fives else 1.0
        noise_factor[i] = 1.0
    if row.noise == BY_PATIENT and row.noise_log_sd > 0.0:
        for i in range(n):
            noise_factor[i] = math.exp(row.noise_log_sd * score(high(words[i])))


@inlined
def place_of(edges, guide, u):
    """Return the first entry of cumulative weights above u."""
    k = guide[int(u * len(guide))]
    while edges[k] <= u:
        k += 1
    return k


@inlined
def _flow(row, u, v):
    """Excluded after 3-5 sessions, stopped after 1-3, or analysed (rule R1)."""
    if u < row.excluded_share:
        return EXCLUDED, 3 + int(3.0 * v)
    if u < row.excluded_share + row.early_stop_share:
        return EARLY_STOP, 1 + int(3.0 * v)
    return ANALYSED, 0
