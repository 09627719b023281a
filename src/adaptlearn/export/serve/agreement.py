"""What the shadow would have done, beside what was done: one row per pair of bundles."""

import json
from typing import Any

from sqlalchemy import select

from .schema import decisions
from .store import Store


def agreement(store: Store, since: float = 0.0) -> list[dict[str, object]]:
    """How often champion and shadow agree, over every decision that had a shadow.

    ``first``: share in which the first place is the same; its 95 % interval as if decisions were independent (Wilson
    1927), ``slate``: mean share of the slate that both hold; ``troubles``: how often the shadow could not decide.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    wanted = (decisions.c.bundle, decisions.c.body, decisions.c.shadow)
    with store.reading() as t:
        for row in t.execute(select(*wanted).where(decisions.c.shadow.is_not(None), decisions.c.at >= since)):
            done, shadow = json.loads(row.body), json.loads(row.shadow)
            tally = found.setdefault((row.bundle, shadow["bundle"]), {"n": 0, "first": 0, "slate": 0.0, "troubles": 0})
            if "trouble" in shadow:
                tally["troubles"] += 1
                continue
            both = len(set(done["offered"]) & set(shadow["offered"])) / len(set(done["offered"]))
            tally["n"] += 1
            tally["first"] += done["offered"][0] == shadow["offered"][0]
            tally["slate"] += both
    return [_row(pair, tally) for pair, tally in found.items()]


def _row(pair: tuple[str, str], tally: dict[str, Any]) -> dict[str, object]:
    n = tally["n"]
    low, high = wilson(tally["first"], n)
    return {"decided": pair[0][:12], "shadow": pair[1][:12], "decisions": n,
            "first": round(tally["first"] / n, 4) if n else "", "low": round(low, 4), "high": round(high, 4),
            "slate": round(tally["slate"] / n, 4) if n else "", "troubles": tally["troubles"]}  # fmt: skip


def wilson(k: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share, k of n (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    middle = (k + z * z / 2.0) / (n + z * z)
    half = z * (k * (n - k) / n + z * z / 4.0) ** 0.5 / (n + z * z)
    return max(middle - half, 0.0), min(middle + half, 1.0)
