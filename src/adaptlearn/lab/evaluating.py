"""``adaptlearn evaluate``: agents on the same learners with the same luck, over laws and meshing worlds."""

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import Lives
from adaptlearn.core.keep import keep
from adaptlearn.evaluation.compare import Standing, evaluate, paired
from adaptlearn.evaluation.matrix import Matrix, Robust, robust, verdict
from adaptlearn.evaluation.outcomes import outcomes, own_goal
from adaptlearn.evaluation.resample import Interval
from adaptlearn.evaluation.transfer import applied
from adaptlearn.lab import checkpoint
from adaptlearn.lab.cluster import lives_on
from adaptlearn.lab.compose import WRITTEN, Common
from adaptlearn.lab.pieces import agent_of, labels_of, orchestrator_of, rules_of
from adaptlearn.lab.tables import progress, show
from adaptlearn.lab.tracking import tracked

USUAL = ("random", "stated", "evidenced", "blocked", "mastery")  #: agents that are compared


@dataclass
class Config(Common):
    """Keys of this verb."""

    agents: list[str] = field(default_factory=lambda: [*USUAL])  # names, or .npz files of trained ones; ceilings, too
    baseline: str = "syllabus"  # what gains are over
    law: str = ""  # empty: those of laws=
    laws: list[str] = field(default_factory=lambda: ["workplace", "bkt"])  # or one of them alone: law=bkt
    meshing: str = ""  # empty: those of meshings=
    meshings: list[str] = field(default_factory=lambda: ["null", "contested"])  # or one of them alone: meshing=null
    catalogues: list[str] = field(default_factory=list)  # more errors of the catalogue; empty: that of catalogue=
    learners: int = 4096  # lives per agent and world
    orchestrator: str = "first-come"  # in cohorts, who gets what is scarce: first-come | most-gained
    rules: str | None = None  # a rules.toml of the learning department: what it costs, agent by agent
    minutes: list[float] = field(default_factory=list)  # compare at equal minutes instead, e.g. minutes=[150,300,600]
    csv: str | None = field(default=None, metadata=WRITTEN)  # also write the rows there


NOTES = (
    "Simulated learners; the same ones, with the same luck, under every agent.",
    "goal: forecast P(correct) on the target skills at the retention check, 0 to 1.",
    "gain: over the baseline in the same room, mean ± half of the 95 % interval.",
    "fitted in: trained under this law and meshing; emergent: not. Meshing is contested: null is the default.",
)
BESIDE = {
    "applied": "applied: share of the target skills that shows at work; checked: a manager's note, 1 to 5; both (C).",
    "own_goal": "own goal: P(correct) at the retention check on the skills that the learners themselves want, 0 to 1.",
    "passed": "passed: share of what has a pass mark, passed in one visit.",
}  #: what a world may have beside the goal
EQUAL = (
    *NOTES[:1],
    "within: minutes a learner may spend; what is begun is done, what no longer fits is not begun.",
    "goal: what the target skills would be worth at the retention check if teaching stopped there; gain: over the "
    "baseline at the same minutes.",
)
NOTE = (
    "95 % bootstrap over learners. worst: where the mean gain is least. regret: most that another would have had more."
)


def run(config: Config) -> None:
    """Evaluate and print one row per agent and room."""
    from adaptlearn.agents.shelf import CEILINGS

    rooms = worlds_of(config)
    asked = [config.baseline, *(a for a in config.agents if a != config.baseline)]
    first, called = worlds_of(replace(config, revised=0.0))[0][1], titles(asked)  # agents know no revision
    names, baseline = list(called.values()), called[config.baseline]
    policies = {called[n]: CEILINGS[n]() if n in CEILINGS else agent_of(n, first, config.allow) for n in asked}
    trained = {called[n]: checkpoint.trained_in(n, first.world) for n in asked if n.endswith(".npz")}
    if config.rules is not None:
        return under_rules(config, policies, rooms)
    if config.minutes:
        return at_equal_minutes(config, policies, baseline, rooms)
    with (
        tracked("evaluate", config, agent=",".join(names)) as tracker,
        progress("evaluating", config.format == "json") as tell,
    ):
        shares = orchestrator_of(config.orchestrator, first)
        live = partial(lives_on(config.compute, config.cluster), orchestrator=shares)
        rows, lives = evaluate(policies, rooms, np.arange(config.learners), config.seed, baseline=baseline,
                               threads=config.threads, live=live, trained=trained, progress=tell)  # fmt: skip
        several = len(config.catalogues) > 1
        ends = [f"{r.policy}/{r.law}/{r.meshing}" + (f"/{r.catalogue}" if several else "") for r in rows]
        tracker.metrics({f"goal/{end}": r.goal for end, r in zip(ends, rows, strict=True)})
        tracker.metrics({f"gain/{end}": r.gain.mean for end, r in zip(ends, rows, strict=True) if r.gain is not None})
        told = [as_row(row) | ({"catalogue": row.catalogue} if several else {}) | beside(lives[key], rooms[key[1]][1])
                for row, key in zip(rows, lives, strict=True)]  # fmt: skip
        tracker.text("table.csv", csv_of(told))
    if config.csv is not None:
        keep(config.csv, csv_of(told))
    more = [line for key, line in BESIDE.items() if key in told[0]]
    notes = [*NOTES, *more, *([tracker.link()] if config.track else [])]
    show(told, format=config.format, notes=notes, title=title_of(config, rooms))
    if config.format == "table" and len(names) > 1:
        show_robust(names, baseline, rooms, lives, config.learners)


def show_robust(names: list[str], baseline: str, rooms: list[Any], lives: Any, learners: int) -> None:
    """What holds over all rooms."""
    cells = {(name, j): outcomes(lives[name, j], rooms[j][1]) for name in names for j in range(len(rooms))}
    strata = np.zeros(learners, np.int64)
    table = Matrix(tuple(names), tuple(labels for labels, _ in rooms), cells, strata, baseline)
    notes = [NOTE, verdict(table).words + "."]
    show([robust_row(row) for row in robust(table)], title="\nOver all of them", notes=notes)


def title_of(config: Config, rooms: list[tuple[dict[str, str], Rules]]) -> str:
    """What a table is about."""
    catalogues = " and ".join(dict.fromkeys(labels["catalogue"] for labels, _ in rooms))
    return f"{rooms[0][1].world.title}, {config.learners:,} learners, catalogue {catalogues}"


def titles(agents: list[str]) -> dict[str, str]:
    """What each agent is called in a table: a file by its stem, where no other has the same."""
    stems = [Path(name).stem if name.endswith(".npz") else name for name in agents]
    return {name: stem if stems.count(stem) == 1 else name for name, stem in zip(agents, stems, strict=True)}


def worlds_of(config: Config) -> list[Any]:
    """The rooms of the table: laws and meshings, or the one that was asked for alone."""
    laws, meshings = ([alone] if alone else several for alone, several in
                      ((config.law, config.laws), (config.meshing, config.meshings)))  # fmt: skip
    return rooms_of(config, laws, meshings, config.catalogues)


def rooms_of(config: Common, laws: list[str], meshings: list[str], catalogues: list[str]) -> list[Any]:
    """Every world that might be the true one.   -> (labels, rules) per column"""
    named = [dict(law=law, meshing=meshing, catalogue=catalogue) for law in laws for meshing in meshings
             for catalogue in (catalogues or [config.catalogue])]  # fmt: skip
    return [(labels_of(config, **column), rules_of(config, **column)) for column in named]


def robust_row(row: Robust) -> dict[str, object]:
    """One policy over all worlds, for people."""
    return {
        "policy": row.policy, "gain": _half(row.gain.mean), "interquartile": _half(row.gain.middle),
        "P(improvement)": row.gain.better.value, "worst": _half(row.worst.mean), "worst_world": row.worst_column,
        "worlds_up": row.up, "worlds_down": row.down, "regret": row.regret,
    }  # fmt: skip


def _half(interval: Interval) -> tuple[float, float]:
    """An interval as mean and half-width."""
    return interval.value, (interval.high - interval.low) / 2.0


def under_rules(config: Config, policies: dict[str, Any], rooms: list[tuple[dict[str, str], Rules]]) -> None:
    """Every agent with the department's rules and without them."""
    from adaptlearn.lab import ruling

    with progress("evaluating rules", config.format == "json") as tell:
        rows = ruling.weighed(policies, rooms, str(config.rules), np.arange(config.learners), config.seed,
                              threads=config.threads, progress=tell)  # fmt: skip
    show(rows, format=config.format, notes=ruling.NOTES, title=f"{rooms[0][1].world.title}, under {config.rules}")


def at_equal_minutes(
    config: Config, policies: dict[str, Any], baseline: str, rooms: list[tuple[dict[str, str], Rules]]
) -> None:
    """What every agent has reached by each number of minutes, and what it took of others' time."""
    from adaptlearn.evaluation.spending import reached

    rows, ids = [], np.arange(config.learners)
    with progress("evaluating at equal minutes", config.format == "json") as tell:
        for labels, rules in rooms:
            who = None if rules.world.cohorts is None else rules.world.cohorts.of(ids)
            spent = partial(reached, rules=rules, ids=ids, seed=config.seed, budgets=config.minutes,
                            orchestrator=orchestrator_of(config.orchestrator, rules))  # fmt: skip
            base = spent(policies[baseline])
            for name, policy in policies.items():
                tell(f"{name} · {labels['law']} · {labels['meshing']}")
                own = base if name == baseline else spent(policy)
                rows += [{
                    "policy": name, "law": labels["law"], "meshing": labels["meshing"],
                    "within": int(most) if float(most).is_integer() else most,
                    "goal": float(own.value[b].mean()),
                    "gain": None if name == baseline else paired(own.value[b], base.value[b], who),
                    "minutes": float(own.minutes[b].mean()), "staff_min": float(own.staff_minutes[b].mean()),
                } for b, most in enumerate(config.minutes)]  # fmt: skip
    if config.csv is not None:
        keep(config.csv, csv_of(rows))
    show(rows, format=config.format, notes=EQUAL, title=f"{title_of(config, rooms)}, at equal minutes")


def as_row(row: Standing) -> dict[str, object]:
    """A row for people."""
    return {
        "policy": row.policy, "law": row.law, "meshing": row.meshing, "goal": row.goal, "gain": row.gain,
        "origin": row.origin,
        "stayed": row.stayed, "minutes": row.minutes, "staff_min": row.staff_minutes, "stars": row.stars,
    }  # fmt: skip


def beside(lives: Lives, rules: Rules) -> dict[str, object]:
    """What else a world has: what shows on the job and what a manager notes of it, and what was passed."""
    found: dict[str, object] = {}
    work = applied(lives, rules)
    if work is not None:
        found |= {"applied": float(work.application.mean()), "checked": float(work.checked.mean())}
    own = own_goal(lives, rules)
    found |= {"own_goal": float(own.mean())} if own is not None else {}
    return found | ({"passed": float(lives.passed.mean())} if lives.passed.shape[1] else {})


def csv_of(rows: list[dict[str, object]]) -> str:
    """Rows for people as CSV; a difference becomes two columns, itself and its half-width."""
    import csv
    import io

    text = io.StringIO()
    plain = []
    for row in rows:
        gain = row["gain"]
        plain.append(row | {"gain": gain.mean if gain else "", "half": gain.half if gain else ""})  # type: ignore[attr-defined]
    writer = csv.DictWriter(text, list(plain[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in plain)
    return text.getvalue()
