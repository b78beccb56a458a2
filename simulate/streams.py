"""Addressable random numbers: any stream of any replicate of any world, made alone.

Here: the mapping from (world, seed, replicate, stream) to a generator. Not here: what is drawn.
Philox is counter-based, so a generator is a place and not a state: making replicate 7 first, or
alone, or on another machine gives the same numbers.
"""

from enum import IntEnum
from hashlib import blake2b

import numpy as np

from simulate.scenario import Scenario


class Stream(IntEnum):
    """What the numbers are for. A new purpose gets a new number; no number is ever reused."""

    POPULATION = 0
    LATENT = 1
    NOISE = 2
    DROPOUT = 3
    ANALYSIS = 4
    FILES = 5
    REPORTING = 6
    QUESTIONNAIRE = 7
    SURGERY = 8
    DURATION = 9
    WRITING = 10


def generator(
    scenario: Scenario, seed: int, stream: Stream, replicate: int = 0
) -> np.random.Generator:
    """Return the generator of one stream of one replicate.

    Parameters
    ----------
    scenario
        The world; every one of its values enters the key.
    seed
        Any integer.
    stream
        The purpose of the draws.
    replicate
        Number of the simulated cohort, 0 or more.

    Returns
    -------
    numpy.random.Generator
        Philox with a 128-bit key of world and seed, and the counter (0, 0, stream, replicate).
        The two low counter words stay free: 2**128 draws fit in before two streams meet.

    Raises
    ------
    ValueError
        If `replicate` is negative.
    """
    if replicate < 0:
        raise ValueError(f"replicate must be 0 or more, got {replicate}")
    digest = blake2b(f"{scenario.canonical_json()}|{seed}".encode(), digest_size=16).digest()
    key = np.frombuffer(digest, dtype="<u8").astype(np.uint64)
    counter = np.array([0, 0, int(stream), replicate], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
