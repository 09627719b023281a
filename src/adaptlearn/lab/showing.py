"""``adaptlearn show``: a learner, a world, a policy or a run as a picture, and the same in the terminal; branches in
words."""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.core.keep import keep
from adaptlearn.core.refusal import nearest
from adaptlearn.lab.compose import WRITTEN, Agent, Common
from adaptlearn.lab.pieces import agent_of, rules_of
from adaptlearn.lab.tables import progress, show

WORDS = ("what", "which")  #: bare words of the command line, in this order
ENDS = (".svg", ".png")
BARS = "▁▂▃▄▅▆▇█"


@dataclass
class Config(Common):
    """Keys of this verb."""

    what: str = "learner"  # learner | world | policy | branches | run | gains
    which: str = ""  # with run: its first digits; with gains: a table of `adaptlearn evaluate csv=`
    agent: Agent = field(default_factory=Agent)  # who teaches; with world: draws a pathway where learner= is given
    baseline: str = "syllabus"  # beside it, with policy
    learner: int | None = None  # whose life; null: the third for learner, nobody for world
    role: str | None = None  # with world, branches: the destination; null: the first
    learners: int = 300  # with policy, branches
    by: str = "meshing"  # with gains: the column that tells one dot from another
    to: str | None = field(default=None, metadata=WRITTEN)  # an .svg or .png file; null: terminal only


def run(config: Config) -> None:
    """Print, and draw where ``to`` says.

    Raises:
        ValueError: nothing of that name can be shown, or no such kind of picture.
    """
    shows = {"learner": a_learner, "world": a_world, "policy": a_policy, "branches": its_branches, "run": a_run,
             "gains": some_gains}  # fmt: skip
    if config.what not in shows:
        like = nearest(config.what, shows)
        raise ValueError(f"{config.what}: needed one of {', '.join(shows)}, e.g. adaptlearn show {like}")
    if config.to is not None and Path(config.to).suffix not in ENDS:
        raise ValueError(f"to={config.to}; needed a file that ends in {' or '.join(ENDS)}, e.g. to={config.what}.svg")
    shows[config.what](config)


def drawn(config: Config, picture: Any) -> list[str]:
    """Keep a picture where it was asked for.   -> the note that says so"""
    from adaptlearn.evaluation import figures

    if config.to is None:
        return [f"as a picture: adaptlearn show {config.what} ... to={config.what}.svg"]
    keep(config.to, figures.png(picture) if config.to.endswith(".png") else figures.svg(picture))
    return [f"written: {config.to}"]


def a_learner(config: Config) -> None:
    """One life: skills over time."""
    from adaptlearn.evaluation import pictures, portraits

    rules = rules_of(config)
    who = 3 if config.learner is None else config.learner
    policy = agent_of(config.agent, rules, config.allow)
    life = portraits.walk(policy, rules, who, config.seed)
    title = f"learner {who}, taught by {policy.name}, destination {rules.world.roles[life.role].id}"
    target, visits = rules.world.targets[life.role], life.visits(rules.world.teaches)
    rows: list[dict[str, object]] = [
        {"skill": rules.world.skills[k].title, "share_of_goal": float(target[k]), "visits": len(visits[k]),
         "known": spark(life.known[:, k]), "at_start": float(life.known[0, k]), "at_end": float(life.known[-1, k]),
         "believed": float(life.believed[-1, k])}
        for k in range(len(target)) if target[k] > 0 or visits[k]
    ]  # fmt: skip
    notes = ["A simulated learner. known: P(correct) today, start to end, latent. believed: P(known), what the "
             "platform thinks at the last decision."]  # fmt: skip
    show(rows, format=config.format, title=title,
         notes=notes + drawn(config, pictures.learner(life, rules.world, title)))  # fmt: skip


def spark(values: Any, width: int = 24) -> str:
    """A course from 0 to 1 as a line of blocks."""
    at = np.linspace(0, len(values) - 1, width).astype(int)
    return "".join(BARS[min(int(v * len(BARS)), len(BARS) - 1)] for v in np.asarray(values)[at])


def a_world(config: Config) -> None:
    """The graph of prerequisites, with a learner's pathway on it if one is named."""
    from adaptlearn.evaluation import pictures, portraits

    rules = rules_of(config)
    place = rules.world
    role, order, known, title = _role(place, config.role), (), None, f"{place.name}: {place.title}"
    if config.learner is not None:
        policy = agent_of(config.agent, rules, config.allow)
        life = portraits.walk(policy, rules, config.learner, config.seed)
        role, order, known = life.role, life.visits(place.teaches), life.known[-1]
        title += (
            f"\npathway of learner {config.learner}, taught by {policy.name}: numbers of the decisions, shade known"
        )
    rows: list[dict[str, object]] = [
        {"layer": int(place.layer[k]), "skill": skill.id, "title": skill.title,
         "builds_on": ", ".join(skill.requires) or "–", "taught_by": int((place.teaches[:, k] > 0).sum()),
         "asked_by": int((place.assesses[:, k] > 0).sum()), "goal": float(place.targets[role][k]) or None}
        for k, skill in sorted(enumerate(place.skills), key=lambda pair: (place.layer[pair[0]], pair[0]))
    ]  # fmt: skip
    drawing = pictures.world(place, role, f"{title}\ndestination {place.roles[role].id}", order, known)
    show(rows, format=config.format, title=f"{place.title}, destination {place.roles[role].id}",
         notes=["taught by, asked by: activities. goal: share of the destination.",
                *drawn(config, drawing)])  # fmt: skip


def _role(place: Any, name: str | None) -> int:
    if name is None:
        return 0
    if name not in place.role_ids:
        like = nearest(name, place.role_ids)
        raise ValueError(f"role={name} is not in {place.name}; needed one of {', '.join(place.role_ids)}, e.g. {like}")
    return int(place.role_ids.index(name))


def a_policy(config: Config) -> None:
    """What a policy does to those who knew least, some and most."""
    from adaptlearn.evaluation import pictures, portraits
    from adaptlearn.evaluation.compare import paired

    rules, ids = rules_of(config), np.arange(config.learners)
    with progress(f"{config.learners} learners, twice", config.format == "json"):
        new, old = (portraits.courses(agent_of(one, rules, config.allow), rules, ids, config.seed,
                                      threads=config.threads) for one in (config.agent, config.baseline))  # fmt: skip
    weeks = max(1, int(np.ceil(rules.world.programme.horizon_days / 7.0)))
    kinds, minutes = portraits.minutes_by_type(new.log, rules, weeks)
    names = (config.agent.name, config.baseline)
    groups = new.groups()
    rows: list[dict[str, object]] = [
        {"before_they": name, "learners": int(sum(groups == g)), "at_start": float(new.start[groups == g].mean()),
         names[0]: spark(new.worth[groups == g].mean(0)), "at_end": float(new.worth[groups == g, -1].mean()),
         names[1]: float(old.worth[groups == g, -1].mean()),
         "gain": paired(new.worth[groups == g, -1], old.worth[groups == g, -1])}
        for g, name in enumerate(portraits.GROUPS)
    ]  # fmt: skip
    most = ", ".join(f"{k.replace('_', ' ')} {m:.0f}" for k, m in zip(kinds[:5], minutes.sum(1), strict=False))
    show(rows, format=config.format, title=f"What {names[0]} does, {rules.world.title}",
         notes=["Simulated learners. Known at the retention check, share of the goal; ± half of the 95 % interval.",
                f"minutes a learner: {most}",
                *drawn(config, pictures.policy(new, old, (kinds, minutes), names))])  # fmt: skip


def its_branches(config: Config) -> None:
    """Fork by fork, who goes which way.

    Raises:
        ValueError: an agent without branches; a picture is asked for.
    """
    from adaptlearn.agents.branching import Branching
    from adaptlearn.evaluation import portraits

    rules = rules_of(config)
    policy = agent_of(config.agent, rules, config.allow)
    if not isinstance(policy, Branching):
        raise ValueError(f"agent {policy.name} has no branches; needed a branching programme, e.g. agent=branching.npz "
                         "from adaptlearn train agent=branching to=branching.npz")  # fmt: skip
    if config.to is not None:
        raise ValueError(f"to={config.to}: branches are words, not a picture; needed no to=, or what=policy")
    role = _role(rules.world, config.role)
    with progress(f"{config.learners} learners", config.format == "json"):
        found = portraits.branches(policy, rules, np.arange(config.learners), role, config.seed)
    rows: list[dict[str, object]] = [
        {"after": b.after, "minutes_a_week": span(b.minutes, "{:.0f}"), "known": span(b.known, "{:.2f}"),
         "of_100": round(100 * b.share), "next": " · ".join(rules.world.activities[a].title for a in b.taken)}
        for b in found
    ]  # fmt: skip
    title = f"{rules.world.title}, destination {rules.world.roles[role].id}: which way at each fork"
    show(rows, format=config.format, title=title, notes=[
        "after: decisions made. known: share of what the destination needs that is believed known. of 100: simulated "
        "learners of that destination. next: what they take most until the next fork."])  # fmt: skip


def span(edges: tuple[float, float], like: str) -> str:
    """From, to, in words."""
    low, high = (None if np.isinf(x) else like.format(x) for x in edges)
    if low is None and high is None:
        return "any"
    return f"up to {high}" if low is None else f"above {low}" if high is None else f"{low} to {high}"


def a_run(config: Config) -> None:
    """The curves of a tracked run; of a sweep's parent, those of its children with a band over seeds."""
    from adaptlearn.lab import curves, runs, tracking

    store = runs.answering(tracking.address(config.store))
    found = runs.Config(project=config.project, store=config.store)
    chosen = runs.find(store, found, config.which) if config.which else runs.recent(store, found)[0][0]
    children = store.search_runs([chosen.info.experiment_id], f"tags.`mlflow.parentRunId` = '{chosen.info.run_id}'")
    lines: dict[str, list[curves.Steps]] = {}
    for one in children or [chosen]:
        label = " ".join(f"{k}={v}" for k, v in sorted(varied(one, children).items()))
        lines.setdefault(label, []).append(steps_of(store, one))
    if not any(steps for some in lines.values() for steps in some):
        raise ValueError(f"run {chosen.info.run_id[:8]} told no number twice; needed one that trains, e.g. "
                         "adaptlearn train agent=ppo")  # fmt: skip
    title = f"{chosen.info.run_name} {chosen.info.run_id[:8]}"
    show([{"of": label or title, "number": name, "rounds": len(values), "course": spark(_scaled(values)),
           "first": values[0], "last": values[-1]}
          for label, some in lines.items() for name, values in courses_of(some[0]).items()],
         format=config.format, title=title, notes=drawn(config, curves.drawing(lines, title)))  # fmt: skip


def varied(run_: Any, others: Any) -> dict[str, str]:
    """The parameters in which a run differs from its siblings, but for the seed."""
    return {key: value for key, value in run_.data.params.items()
            if key not in ("seed", "to") and any(o.data.params.get(key) != value for o in others)}  # fmt: skip


def steps_of(store: Any, run_: Any) -> list[tuple[int, dict[str, float]]]:
    """Numbers by step of a run in the store; those told once are results, not courses."""
    steps: dict[int, dict[str, float]] = {}
    for name in run_.data.metrics:
        history = store.get_metric_history(run_.info.run_id, name)
        for point in history if len(history) > 1 else ():
            steps.setdefault(point.step, {})[name] = point.value
    return sorted(steps.items())


def courses_of(steps: Any) -> dict[str, list[float]]:
    """By number, its values in order."""
    names = dict.fromkeys(name for _, values in steps for name in values)
    return {name: [values[name] for _, values in steps if name in values] for name in names}


def _scaled(values: Any) -> Any:
    low, high = min(values), max(values)
    return [(v - low) / (high - low) if high > low else 0.5 for v in values]


def some_gains(config: Config) -> None:
    """A table of ``adaptlearn evaluate csv=`` as dots with intervals."""
    from adaptlearn.evaluation import pictures

    rows = table_of(config.which, config.by)
    shown = [row for row in rows if row["gain"]]
    baseline = next((row["policy"] for row in rows if not row["gain"]), config.baseline)
    show([{"policy": row["policy"], config.by: row[config.by], "gain": (float(row["gain"]), float(row["half"]))}
          for row in shown], format=config.format, title=f"Gains over {baseline}",
         notes=drawn(config, pictures.gains(shown, config.by, baseline)))  # fmt: skip


def table_of(file: str, by: str) -> list[dict[str, str]]:
    """Rows of a table of gains.

    Raises:
        ValueError: no such file, or not such a table.
    """
    if not Path(file).is_file():
        raise ValueError(f"no table {file!r}; needed one of `adaptlearn evaluate csv=`, e.g. "
                         "adaptlearn show gains experiments/null-world/results/gains.csv")  # fmt: skip
    with Path(file).open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    missing = [name for name in ("policy", "gain", "half", by) if not rows or name not in rows[0]]
    if missing:
        has = ", ".join(rows[0]) if rows else "no rows"
        raise ValueError(f"{file} has {has}; needed {', '.join(missing)}, too, e.g. by=meshing")
    return rows
