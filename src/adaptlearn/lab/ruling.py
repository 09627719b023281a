"""``adaptlearn evaluate rules=path``: what a department's rules cost, and whether they bring what they are for.

Every agent teaches the same learners, with the same luck, with the rules and without them; nothing is trained again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from adaptlearn.classroom.guardrails import Guardrails
from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import Lives, simulate
from adaptlearn.core import world as worlds
from adaptlearn.evaluation.compare import paired

NOTES = (
    "Simulated learners; the same ones, with the same luck, with the rules and without them.",
    "cost: goal under the rules minus goal without, mean ± half of the 95 % interval; below 0 they cost learning.",
    "on time: share of due activities taken by their day, passed where they have a mark, over all learners who began.",
)


def weighed(
    policies: Mapping[str, Any],
    rooms: Sequence[tuple[dict[str, str], Rules]],
    file: str,
    ids: Any,
    seed: int,
    *,
    threads: int = 1,
    progress: Callable[[str], None] = lambda text: None,
) -> list[dict[str, object]]:
    """One row per agent and room.

    Raises:
        Refusal: the rules cannot be read, or make no sense in this world.
    """
    rows: list[dict[str, object]] = []
    for labels, free in rooms:
        ruled = replace(free, world=worlds.under(free.world, file))
        for name, policy in policies.items():
            progress(f"{name} · {labels['law']} · {labels['meshing']}")
            with_, without = (simulate(policy, r, ids, seed, log=True, threads=threads) for r in (ruled, free))
            kept = [on_time(lives, ruled.world) for lives in (with_, without)]
            rows.append({
                "policy": name, "law": labels["law"], "meshing": labels["meshing"],
                "goal_free": float(without["value"].mean()), "goal_ruled": float(with_["value"].mean()),
                "cost": paired(with_["value"], without["value"]), "on_time_free": kept[1], "on_time_ruled": kept[0],
            })  # fmt: skip
    return rows


def on_time(lives: Lives, world: worlds.World) -> float | None:
    """Share of (learner, due activity) pairs where it was met by its day; None where nothing is due."""
    if not world.rules.due or lives.log is None:
        return None
    log, met, guardrails = lives.log, [], Guardrails(world)
    passes = guardrails.passing(*(log[name] for name in ("taken", "completed", "items", "correct")))  # [D, M]
    for activity, day in world.rules.due:
        a = world.activity_index[activity]
        here = passes[:, guardrails.marked == a].any(1) if a in guardrails.marked else log["taken"] == a
        met.append(len(np.unique(log["learner"][here & (log["day"] <= day)])) / len(lives.ids))
    return float(np.mean(met))
