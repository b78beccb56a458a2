"""Random numbers by address: Philox 4x64-10 (Salmon et al. 2011, `Parallel random numbers`).

A block of four 64-bit words is a function of a key (world and seed) and a place (draw, patient,
replicate, stream), so any number is made alone, in any order, by any worker. The bits are those of
Random123 and of `numpy.random.Philox`, and are tested against their published vectors.
"""

# mypy: disable-error-code="no-untyped-def"

from enum import IntEnum

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from simulate.engine.compiled import compiled, inlined

M0, M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
W0, W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
HALF = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)
SCALE = 2.0**-32
FIRST = np.uint64(0)  # block of a stream; a plain 0 would be compiled as a kernel of its own


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
    CALENDAR = 11
    MEMBER = 12
    TRIAL = 13
    ENDPOINT = 14
    VISIT = 15
    BETWEEN_DELIVERIES = 40
    DEFECTS = 41


@intrinsic
def _wide_product(typingctx, a, b):
    """High and low words of the 128-bit product: one machine instruction."""
    signature = types.UniTuple(types.uint64, 2)(types.uint64, types.uint64)

    def codegen(context, builder, signature, args):
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        high = builder.lshr(product, ir.Constant(wide, 64))
        word = ir.IntType(64)
        halves = [builder.trunc(high, word), builder.trunc(product, word)]
        return context.make_tuple(builder, signature.return_type, halves)

    return signature, codegen


@inlined
def philox(k0, k1, c0, c1, c2, c3):
    """Return the four words of a block: ten rounds over the counter (c0, c1, c2, c3)."""
    for _ in range(10):
        h0, l0 = _wide_product(M0, c0)
        h1, l1 = _wide_product(M1, c2)
        c0, c1, c2, c3 = h1 ^ c1 ^ k0, l1, h0 ^ c3 ^ k1, l0
        k0, k1 = k0 + W0, k1 + W1
    return c0, c1, c2, c3


@inlined
def block(key, stream, replicate, patient, draw):
    """Return the four words at a place; `key` is a pair of 64-bit words.

    Stream and draw come as unsigned words: each plain number would be compiled on its own.
    """
    k0, k1 = key
    place = np.uint64(draw), np.uint64(patient), np.uint64(replicate), np.uint64(stream)
    return philox(k0, k1, *place)


@compiled
def fill_words(key, stream, place, who, draw, words):
    """Fill a block of four words of each patient i in `who`, as `words[0, i]` to `words[3, i]`.

    `place` is (replicate, number of patient 0). A loop of nothing else, so that the processor works
    on several blocks at once.
    """
    replicate, first = place
    for j in range(len(who)):
        i = who[j]
        four = block(key, stream, replicate, first + i, draw)
        words[0, i], words[1, i], words[2, i], words[3, i] = four


@inlined
def high(word):
    """Uniform number in (0, 1) of the upper half of a word."""
    return (np.float64(word >> HALF) + 0.5) * SCALE


@inlined
def low(word):
    """Uniform number in (0, 1) of the lower half of a word."""
    return (np.float64(word & LOW) + 0.5) * SCALE
