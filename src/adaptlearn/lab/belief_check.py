"""``adaptlearn belief check``: is a belief true, and does it know how sure it is? Beside BKT and a filter with the law.

On learners it was not trained with, under policies and laws it may or may not have met; minds are known here, and only
here. The filter draws minds along the record (``agents.cloud``) and is told the law; it shows what the record allows.
"""

import csv
import io
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.keep import keep
from adaptlearn.evaluation import figures
from adaptlearn.evaluation.beliefs import Believed, by_day, logit, picture
from adaptlearn.evaluation.beliefs import figures as figures_of
from adaptlearn.lab import checkpoint
from adaptlearn.lab.compose import WRITTEN, Common
from adaptlearn.lab.evaluating import titles
from adaptlearn.lab.pieces import agent_of, rules_of
from adaptlearn.lab.showing import ENDS
from adaptlearn.lab.tables import progress, show

NAMES = {"belief": "belief", "bkt": "BKT", "filter": "filter"}
FIGURES = ("levels", "r", "r2", "error", "log_score", "within_50", "within_80", "within_95")
FIRST = 2_000_000  # first of the learners; training and tables are about others


@dataclass
class Config(Common):
    """Keys of this verb."""

    belief: str = "belief.npz"  # what `adaptlearn belief train` wrote
    agents: list[str] = field(default_factory=lambda: ["mastery", "thompson"])  # who teaches; names, or .npz files
    law: str = ""  # empty: those of laws=
    laws: list[str] = field(default_factory=lambda: ["workplace", "bkt"])  # how minds work, truly
    learners: int = 128  # per agent and law
    particles: int = 256  # minds a learner of the filter that is told the law; 0: without it
    days: bool = False  # true: one more row per part of the programme
    at: str = "now"  # now: the level today | later: the forecast at the retention check
    to: str | None = field(default=None, metadata=WRITTEN)  # a reliability diagram, .svg or .png
    csv: str | None = field(default=None, metadata=WRITTEN)  # also write the rows there


def run(config: Config) -> None:
    """Check, print, draw.

    Raises:
        ValueError: a key with a value it cannot take.
    """
    if config.at not in ("now", "later"):
        raise ValueError(f"at={config.at}; needed now or later, e.g. at=later")
    if config.to is not None and not config.to.endswith(ENDS):
        raise ValueError(f"to={config.to}; needed a file that ends in {' or '.join(ENDS)}, e.g. to=belief.svg")
    rows, drawn, about = [], {}, checkpoint.read(config.belief)[0]["about"]
    with progress("checking", config.format == "json") as tell:
        for law in [config.law] if config.law else config.laws:
            for agent, called in titles(config.agents).items():
                tell(f"{law}, {called}")
                found = sources(config, rules_of(config, law=law), agent)
                met = {"seen": law in about["laws"].split(",") and agent in about["taught by"].split(",")}
                rows += table(found, {"law": law, "agent": called} | met, config.days)
                drawn |= found if not drawn else {}
    if config.csv is not None:
        keep(config.csv, csv_of(rows))
    notes = [*NOTES[config.at], *([drawing(config, drawn)] if config.to else [])]
    show(rows if config.format == "json" else [told(row) for row in rows], format=config.format, notes=notes,
         title=f"{config.belief}: skills taught or asked about, {config.learners} learners a row")  # fmt: skip


NOTES = {
    at: ("Simulated learners, others than those of training. seen: histories under this law and agent were in it.",
         f"r, r2, error: believed mean against the true level {when}, P(correct), 0 to 1.",
         "log score: nats a level, of its logit. within 80: share of truths in the belief's own central 80 % interval; "
         "half 80: half of that share's 95 % interval.",
         "filter: minds drawn along the record by one who is told law, population and catalogue as declared. BKT says "
         "no interval. rate, memory: logs of the factors on gain and stability.")
    for at, when in (("now", "today"), ("later", "at the retention check"))
}  # fmt: skip


def sources(config: Config, rules: Rules, agent: str) -> dict[str, Believed]:
    """What each source believes along the same lives."""
    import torch

    from adaptlearn.agents.belief_fit import along, lived
    from adaptlearn.agents.happened import Told

    policy, ids = agent_of(agent, rules, config.allow), FIRST + np.arange(config.learners, dtype=np.uint64)
    belief = checkpoint.load_belief(config.belief, rules.world)
    told = lived(policy, rules, ids, config.seed + 1, belief.reader)
    with torch.inference_mode():
        said = along(belief, told)
        view, sums = told.view[told.made], Told(*told.told[told.made].unbind(2))
        one = said.now if config.at == "now" else said.later
        level, _ = one.levels()
        truth = (told.now if config.at == "now" else told.later)[told.made]
    who = told.rows.expand(told.made.shape)[told.made].numpy()
    day, met = belief.reader.today(view)[:, 0].numpy(), sums.met.numpy() > 0
    plain = Believed(who, day.astype(float), met, truth.double().numpy(), np.zeros(truth.shape))
    bkt = view[:, belief.reader.sight.spec.at("belief")].double().numpy()
    found = {"belief": replace(plain, level=level.double().numpy(), mean=one.mean.double().numpy(),
                               sd=one.sd.double().numpy()), "bkt": replace(plain, level=bkt)}  # fmt: skip
    if config.particles:
        parts = filtered(config, rules, policy, ids)
        order = (told.made.nonzero()[:, 0].numpy(), who)
        found["filter"] = replace(plain, **{name: part[order] for name, part in parts.items()})
    return found | {f"belief {name}": one for name, one in people(told, said.traits, plain).items()}


def people(told: Any, said: Any, plain: Believed) -> dict[str, Believed]:
    """What the belief says of traits, one by one."""
    from adaptlearn.agents.belief import TRAITS

    true = told.traits.expand(*told.made.shape, len(TRAITS))[told.made].double().numpy()
    mean, sd, known = said.mean.double().numpy(), said.sd.double().numpy(), np.ones((len(true), 1), bool)
    columns = ((name, slice(j, j + 1)) for j, name in enumerate(TRAITS))
    return {name: Believed(plain.learner, plain.day, known, true[:, at], mean[:, at], mean[:, at], sd[:, at], True)
            for name, at in columns}  # fmt: skip


def filtered(config: Config, rules: Rules, policy: Any, ids: Any) -> dict[str, Any]:
    """A cloud of minds along the same lives.   -> level, mean, sd [T, N, K]"""
    from adaptlearn.agents.cloud import Cloud

    kept: list[tuple[Any, Any, Any]] = []
    state: dict[str, Any] = {}

    def look(room: Any) -> None:
        step = room.now("step").copy()
        if "cloud" not in state:
            believed = replace(rules, catalogue="as_written")
            state.update(cloud=Cloud(believed, room, config.particles, config.seed + 77), step=step)
        state["cloud"].witness(room, np.flatnonzero(step > state["step"]))
        state["step"] = step
        kept.append(weighed(state["cloud"], rules, room.now("day") if config.at == "now" else None))

    simulate(policy, rules, ids, config.seed + 1, before=look)
    return dict(zip(("level", "mean", "sd"), (np.stack(part) for part in zip(*kept, strict=True)), strict=True))


def weighed(cloud: Any, rules: Rules, day: Any) -> tuple[Any, Any, Any]:
    """Of each learner's minds: mean level, mean and spread of its logit, on a day or at the check.   -> [N, K] each"""
    rows = len(cloud.ids)
    when = rules.world.programme.retention_day if day is None else np.repeat(day, cloud.per)[:, None]
    levels = rules.levels(cloud.mind[:rows], cloud.touched[:rows], when).reshape(-1, cloud.per, cloud.mind.shape[1])
    logs = cloud.weights[:rows].reshape(-1, cloud.per)
    share = np.exp(logs - logs.max(1, keepdims=True))[:, :, None]
    share = share / share.sum(1, keepdims=True)
    on_logit = logit(levels)
    mean = (on_logit * share).sum(1)
    spread = np.sqrt(((on_logit - mean[:, None]) ** 2 * share).sum(1))
    return (levels * share).sum(1), mean, np.maximum(spread, 0.05)


def table(found: dict[str, Believed], about: dict[str, Any], days: bool) -> list[dict[str, Any]]:
    """One row per source and what it speaks of, and per part of the programme if asked for."""
    rows = []
    for name, believed in found.items():
        source, _, of = name.partition(" ")
        for part, those in by_day(believed)[: None if days else 1]:
            columns = about | {"source": NAMES[source], "of": of or "level"} | ({"days": part} if days else {})
            rows.append(columns | dict.fromkeys(FIGURES) | figures_of(those))
    return rows


def told(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people: intervals as their middle, and how wide the middle one's is on either side."""
    half = row["within_80"].high - row["within_80"].value if row["within_80"] is not None else None
    return {name: getattr(value, "value", value) for name, value in row.items()} | {"half_80": half}


def csv_of(rows: list[dict[str, Any]]) -> str:
    """The rows as CSV, every interval as three columns."""
    flat = []
    for row in rows:
        plain = {k: v for k, v in row.items() if not hasattr(v, "low")}
        ends = {f"{k}{end}": getattr(v, part) for k, v in row.items() if hasattr(v, "low")
                for end, part in (("", "value"), ("_low", "low"), ("_high", "high"))}  # fmt: skip
        flat.append(plain | ends)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(name for row in flat for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue()


def drawing(config: Config, found: dict[str, Believed]) -> str:
    """Keep the reliability diagram of the first agent and law.   -> the note that says so"""
    about = f"taught by {next(iter(titles(config.agents).values()))}, law {config.law or config.laws[0]}"
    made = picture({NAMES[name]: one for name, one in found.items() if not one.traits},
                   f"Beliefs about simulated learners, {about}")  # fmt: skip
    assert config.to is not None
    keep(config.to, figures.png(made) if config.to.endswith(".png") else figures.svg(made))
    return f"written: {config.to}, for learners {about}"
