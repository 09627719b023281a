"""Luck with an address: every draw is a pure function of (seed, purpose, learner, step, draw).

The same learner has the same luck under every policy, so comparisons are paired; runs resume, shards agree, and one
more learner changes nobody else's life. Nothing is stored and nothing is consumed: asking twice gives the same value.

The generator is SplitMix64 (Steele, Lea & Flood 2014, with Stafford's variant-13 finaliser): a learner's key is a
mixed hash of (seed, learner) and the address within that learner's life is the counter.
"""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core.equations import float32, formula, log, sqrt, where

# What a draw is for. The numbers are part of the address: never renumber, only append.
POPULATION, BEGIN, CHOICE, ACCEPT, FINISH, ANSWER, LEARN, MINUTES, MOOD, LEAVE, RATING, GAP = range(1, 13)
CATALOGUE, REBIRTH, POLICY, IMAGINED, BOOTSTRAP, TRIAL, RESTART = range(13, 20)
WORKPLACE = 32  # where learners work
COHORT, TICKET, HELP, REASON, VETO = range(40, 45)  # of learners who meet; of offers: reasons given, vetoes

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_A = np.uint64(0xBF58476D1CE4E5B9)
MIX_B = np.uint64(0x94D049BB133111EB)
NOUGHT, S24, S27, S30, S31, S32, S40, S56, S63 = (np.uint64(n) for n in (0, 24, 27, 30, 31, 32, 40, 56, 63))
LOW31 = np.uint64(0x7FFFFFFF)
UNIT24 = np.float32(2.0**-24)
UNIT32 = np.float32(2.0**-32)
TINY = np.float32(2.0**-33)


@formula
def mix(z):
    """A bijection of 64 bits in which every input bit moves every output bit."""
    a = (z ^ (z >> S30)) * MIX_A
    b = (a ^ (a >> S27)) * MIX_B
    return b ^ (b >> S31)


@formula
def key_of(seed, learner):
    """The key of one learner's life under one seed.   uint64, uint64 -> uint64"""
    return mix(mix(seed + GOLDEN) + learner * GOLDEN)


@formula
def bits_at(key, purpose, step, draw):
    """64 random bits; purpose < 2^8, step < 2^32, draw < 2^24.   all uint64 -> uint64"""
    return mix(key + ((purpose << S56) | (step << S24) | draw) * GOLDEN)


@formula
def unit_of(bits):
    """Uniform on [0, 1) in steps of 2^-24, exact in float32.   uint64 -> float32"""
    return float32(bits >> S40) * UNIT24


@formula
def central(w):
    """Giles' polynomial for the middle of the normal distribution, w < 5; in pairs, so that no term waits in line."""
    v = w - 2.5
    v2 = v * v
    v4 = v2 * v2
    high = 2.81022636e-08 * v4 + (3.43273939e-07 * v - 3.5233877e-06) * v2 + (0.00021858087 - 4.39150654e-06 * v)
    low = (-0.00125372503 * v - 0.00417768164) * v2 + (0.246640727 * v + 1.50140941)
    return high * v4 + low


@formula
def tail(w):
    """Giles' polynomial for the tails, w >= 5."""
    v = sqrt(w) - 3.0
    v2 = v * v
    v4 = v2 * v2
    high = -0.000200214257 * v4 + (0.000100950558 * v + 0.00134934322) * v2 + (0.00573950773 - 0.00367342844 * v)
    low = (-0.0076224613 * v + 0.00943887047) * v2 + (1.00167406 * v + 2.83297682)
    return high * v4 + low


@formula
def normal_of(bits):
    """Standard normal by inversion: sqrt 2 erfinv, after Giles (2010).   uint64 -> float32

    One bit is the sign, 31 bits the probability beyond, so the tails reach 6.3 SD.
    """
    beyond = float32((bits >> S32) & LOW31) * UNIT32 + TINY  # (0, 1/2]
    w = -log(4.0 * beyond * (1.0 - beyond))
    size = where(w < 5.0, central(w), tail(w)) * (1.0 - 2.0 * beyond) * 1.4142135623730951
    return where((bits >> S63) > NOUGHT, size, -size)


def _bits(seed: int, purpose: int, learner: ArrayLike, step: ArrayLike, draw: ArrayLike) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):  # wrapping around is what a hash does
        who, when, which = (np.atleast_1d(np.asarray(v)).astype(np.uint64) for v in (learner, step, draw))
        bits: NDArray[np.uint64] = bits_at(keys_of(seed, who), np.uint64(purpose), when, which)
        return bits.reshape(np.broadcast_shapes(np.shape(learner), np.shape(step), np.shape(draw)))


def uniform(
    seed: int, purpose: int, learner: ArrayLike, step: ArrayLike = 0, draw: ArrayLike = 0
) -> NDArray[np.float32]:
    """Uniform draws on [0, 1) at an address; the last three arguments broadcast.   -> float32"""
    return np.asarray(unit_of(_bits(seed, purpose, learner, step, draw)), np.float32)


def normal(
    seed: int, purpose: int, learner: ArrayLike, step: ArrayLike = 0, draw: ArrayLike = 0
) -> NDArray[np.float32]:
    """Standard normal draws at an address; the last three arguments broadcast.   -> float32"""
    return np.asarray(normal_of(_bits(seed, purpose, learner, step, draw)), np.float32)


def keys_of(seed: int, learner: ArrayLike) -> NDArray[np.uint64]:
    """The keys of many lives under one seed."""
    with np.errstate(over="ignore"):
        start = np.asarray([seed & 0xFFFFFFFFFFFFFFFF], np.uint64)
        return np.asarray(key_of(start, np.asarray(learner, np.uint64)), np.uint64)


def normal_by(key: ArrayLike, purpose: int, draw: ArrayLike) -> NDArray[np.float32]:
    """Standard normal draws by the key of a life (``key_of``), at its step 0; arguments broadcast.   -> float32"""
    with np.errstate(over="ignore"):
        bits = bits_at(np.asarray(key, np.uint64), np.uint64(purpose), NOUGHT, np.asarray(draw).astype(np.uint64))
    return np.asarray(normal_of(bits), np.float32)


def rebirth(seed: int, slot: ArrayLike, episode: ArrayLike) -> NDArray[np.uint64]:
    """The identity of slot i's e-th learner under autoreset: a hash of (seed, i, e), so other slots never matter."""
    return _bits(seed, REBIRTH, slot, episode, 0)


def address_of(text: str) -> int:
    """A stable 64-bit address for a name (an activity's id, say)."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def addresses_of(texts: Iterable[str]) -> NDArray[np.uint64]:
    """Addresses for many names.   -> uint64 [n]"""
    return np.array([address_of(text) for text in texts], np.uint64)
