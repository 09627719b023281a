"""What an agent is worth before it leaves: gains with intervals, the worst subgroup, failure cases, as ``report.json``.

Every figure is a paired difference to the author's syllabus on the same simulated learners; :func:`gate` reads the
report again before a policy may become the champion.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import Lives
from adaptlearn.core.learner import MOTIVES
from adaptlearn.evaluation.compare import Difference, evaluate, paired

FEWEST = 50  #: learners in a subgroup of which anything is said
WORSE = -0.005  #: a gain below this in any room is a failure that stops a promotion
Labelled = tuple[dict[str, str], Rules]


def assess(
    policy: Any,
    syllabus: Any,
    rooms: Sequence[Labelled],
    ids: Any,
    seed: int,
    *,
    trained: Mapping[str, str] | None = None,
    threads: int = 1,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """The report of a policy: one row per room, and what lies under the first room's mean."""
    given = {"syllabus": syllabus, "policy": policy}
    told = {"policy": trained} if trained else None
    rows, lives = evaluate(given, rooms, ids, seed, baseline="syllabus", trained=told, threads=threads,
                           progress=progress)  # fmt: skip
    first = rooms[0][1]
    ours, base = lives["policy", 0], lives["syllabus", 0]
    groups = subgroups(ours, base, first)
    return {
        "against": "the author's syllabus, same simulated learners, same luck",
        "learners": len(np.unique(ids)),
        "rows": [
            {"law": row.law, "meshing": row.meshing, "goal": _digits(row.goal), "gain": _digits(row.gain.mean),
             "half of 95 %": _digits(row.gain.half), "minutes": round(row.minutes), "origin": row.origin}
            for row in rows if row.gain is not None
        ],
        "worst_subgroup": said(*min(groups.items(), key=lambda item: item[1].mean)) if groups else "none large enough",
        "subgroups": {name: [_digits(gain.mean), _digits(gain.half)] for name, gain in groups.items()},
        "failures": failures(ours, base),
    }  # fmt: skip


def _digits(value: float) -> float:
    return float(f"{value:.4f}")


def said(name: str, gain: Difference) -> str:
    """A subgroup in words."""
    return f"{name}: {gain.mean:+.4f} ± {gain.half:.4f}"


def subgroups(ours: Lives, base: Lives, rules: Rules) -> dict[str, Difference]:
    """Gain by role, motive, site, tenure and weekly minutes, where there are learners enough."""
    minutes = ours.trait("weekly_minutes")
    parts: dict[str, Any] = {f"role {r.id}": ours.trait("role") == j for j, r in enumerate(rules.world.roles)}
    parts |= {f"motive {name}": ours.trait("motive") == j for j, name in enumerate(MOTIVES)}
    for what in ("site", "tenure"):
        parts |= {f"{what} {int(v)}": ours.trait(what) == v for v in np.unique(ours.trait(what))}
    low, high = np.quantile(minutes, [0.25, 0.75])
    parts |= {"the quarter with least time": minutes <= low, "the quarter with most time": minutes >= high}
    return {name: paired(ours["value"][who], base["value"][who]) for name, who in parts.items() if who.sum() >= FEWEST}


def failures(ours: Lives, base: Lives) -> list[str]:
    """Where the policy fails people, in words."""
    gain = ours["value"] - base["value"]
    worse, left, other = gain < -0.02, ours.left, base.left
    return [
        f"{100 * worse.mean():.0f} % of learners end more than .02 below where the syllabus would have left them",
        f"nine of ten learners end at least {np.quantile(gain, 0.1):+.3f} from it",
        f"{100 * (left & ~other).mean():.1f} % leave who would have stayed under it, "
        f"{100 * (other & ~left).mean():.1f} % stay who would have left",
    ]


def gate(report: Mapping[str, Any] | None) -> list[str]:
    """Why a policy may not become the champion; empty where nothing stands against it."""
    if not report or not report.get("rows"):
        return ["no report: nothing is known of its gains; e.g. adaptlearn export agent=mastery learners=2048"]
    first, found = report["rows"][0], []
    if not first["gain"] - first["half of 95 %"] > 0.0:
        gain = f"{first['gain']:+.4f} ± {first['half of 95 %']:.4f}"
        found.append(f"its gain under {first['law']}, meshing {first['meshing']}, {gain}, is not clear of 0")
    found += [
        f"it is worse than the syllabus under {row['law']}, meshing {row['meshing']}: {row['gain']:+.4f}"
        for row in report["rows"]
        if row["gain"] + row["half of 95 %"] < WORSE
    ]
    return found
