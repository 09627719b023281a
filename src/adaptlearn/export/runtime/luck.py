"""Luck with an address, in any language: SHA-256 of a line of text.

A learner's luck in production is a pure function of (seed, purpose, learner, step, place). The laboratory's luck
(``core.luck``) is another function of the same address: real learners were never simulated.
"""

import hashlib
import struct

import numpy as np
from numpy.typing import NDArray

RECIPE = (
    "uniform j is the first 24 bits, divided by 2^24, of big-endian 4-byte word j mod 8 of SHA-256 of the UTF-8 text "
    "'{seed}/{purpose}/{learner}/{step}/{j div 8}'"
)
UNIT24 = 2.0**-24


def uniforms(seed: int, purpose: str, learner: str, step: int, n: int) -> NDArray[np.float32]:
    """n uniforms in [0, 1) at an address, in steps of 2^-24.   -> [n]"""
    text = f"{seed}/{purpose}/{learner}/{step}"
    words: list[int] = []
    for block in range(-(-n // 8)):
        words += struct.unpack(">8I", hashlib.sha256(f"{text}/{block}".encode("utf-8", "surrogatepass")).digest())
    return np.array([(word >> 8) * UNIT24 for word in words[:n]], np.float32)
