"""Addressable random numbers: any stream of any patient of any replicate of any world, made alone.

Here: the key of a world and a seed, and arrays of numbers at their addresses. Not here: what is
drawn, and the bits themselves (`engine/philox.py`).

The key is a hash of the seed and of everything in the world but its course: two worlds that differ
only in drop-out share every other stream, and their drop-out uses the same uniform numbers.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate.engine.compiled import compiled
from simulate.engine.philox import Stream, block, high, low
from simulate.scenario import Scenario

FloatArray = NDArray[np.float64]
__all__ = ["Stream", "generator", "key", "scores", "uniforms"]


def key(scenario: Scenario, seed: int) -> NDArray[np.uint64]:
    """Return the 128-bit Philox key of a world and a seed, shape (2,)."""
    text = f"{scenario.canonical_json(without_course=True)}|{seed}"
    digest = blake2b(text.encode(), digest_size=16).digest()
    return np.frombuffer(digest, dtype="<u8").astype(np.uint64)


def pair(words: NDArray[np.uint64]) -> tuple[np.uint64, np.uint64]:
    """Return a key as the kernels take it."""
    return words[0], words[1]


def uniforms(
    scenario: Scenario,
    seed: int,
    stream: Stream,
    replicates: ArrayLike,
    patients: tuple[int, int],
    count: int,
    first: int = 0,
) -> FloatArray:
    """Return uniform numbers in (0, 1) of a block of patients.

    Parameters
    ----------
    replicates
        Numbers of the replicates, shape (R,).
    patients
        Number of the first patient, and how many.
    count
        Numbers a patient; they start at the Philox block `first` of the patient's own counter.

    Returns
    -------
    numpy.ndarray
        Shape (R, patients, count).
    """
    rows = checked_replicates(replicates)
    result = np.empty((len(rows), patients[1], count))
    _fill(pair(key(scenario, seed)), np.uint64(stream), rows, patients[0], first, result)
    return result


def scores(u: FloatArray) -> FloatArray:
    """Return standard normal quantiles."""
    from scipy.special import ndtri

    return np.asarray(ndtri(u), dtype=float)


def generator(
    scenario: Scenario, seed: int, stream: Stream, replicate: int = 0
) -> np.random.Generator:
    """Return a NumPy generator of one stream of one replicate, for draws that are not of patients.

    Raises
    ------
    ValueError
        If `replicate` is negative.
    """
    number = checked_replicates(replicate)[0]
    # the engine's counters keep this word below 2**63: the generator begins beyond them
    counter = np.array([0, 2**63, number, int(stream)], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key(scenario, seed), counter=counter))


def checked_replicates(replicates: ArrayLike) -> NDArray[np.int64]:
    """Return replicate numbers as an array.

    Raises
    ------
    ValueError
        If one is negative.
    """
    rows = np.atleast_1d(np.asarray(replicates, dtype=np.int64))
    if rows.size and rows.min() < 0:
        raise ValueError(f"replicate must be 0 or more, got {rows.min()}")
    return rows


@compiled
def _fill(key, stream, replicates, first_patient, first, result):  # type: ignore[no-untyped-def]
    n_replicates, n_patients, count = result.shape
    for r in range(n_replicates):
        for i in range(n_patients):
            for j in range(0, count, 8):
                draw = np.uint64(first + j // 8)
                place = block(key, stream, replicates[r], first_patient + i, draw)
                for w in range(min(8, count - j)):
                    word = place[w // 2]
                    result[r, i, j + w] = high(word) if w % 2 == 0 else low(word)
