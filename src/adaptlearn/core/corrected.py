"""Chances of false alarms, corrected for how many things were looked at."""

from collections.abc import Sequence

import numpy as np


def holm(p: Sequence[float]) -> list[float]:
    """Where nothing is to be found, the chance that any of these is below .05 is at most .05.   Holm (1979)"""
    order, out, worst = np.argsort(p, kind="stable"), list(p), 0.0
    for rank, j in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - rank) * p[j]))
        out[j] = worst
    return out
