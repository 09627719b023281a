"""``adaptlearn report``: is this agent worth a pilot? One HTML file, the same in Markdown, JSON and XLSX."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import Lives, simulate
from adaptlearn.core.keep import keep
from adaptlearn.core.record import PER_SKILL, TOTALS, Tracer, ViewSpec
from adaptlearn.core.world import World
from adaptlearn.evaluation import ensemble, origins, render, sensitivity, sheets
from adaptlearn.evaluation.fairness import Traced
from adaptlearn.evaluation.instrument import Instrument
from adaptlearn.evaluation.matrix import play
from adaptlearn.evaluation.pilot import Plan, plan
from adaptlearn.evaluation.rehearsal import Pool
from adaptlearn.evaluation.report import Study, write_up
from adaptlearn.evaluation.sensitivity import Across
from adaptlearn.lab import checkpoint
from adaptlearn.lab.compose import WRITTEN, Agent, Common, shown
from adaptlearn.lab.evaluating import rooms_of
from adaptlearn.lab.pieces import agent_of, labels_of, learns, people_across, rules_of, trained
from adaptlearn.lab.tables import progress, show
from adaptlearn.lab.tracking import tracked, versions

SILENT = ("to", "format", "debug", "track", "project", "store", "threads", "compute", "cluster", "system_metrics")


@dataclass
class Config(Common):
    """Keys of this verb."""

    agent: Agent = field(default_factory=Agent)  # the candidate
    others: list[str] = field(default_factory=lambda: ["stated", "evidenced"])  # what else could be done
    baseline: str = "syllabus"  # what gains are over
    fixed: str | None = None  # a best fixed programme by name: tells order from answers
    laws: list[str] = field(default_factory=lambda: ["workplace", "bkt"])  # worlds that might be true, beside law=
    meshings: list[str] = field(default_factory=lambda: ["null", "contested"])  # the same, beside meshing=
    catalogues: list[str] = field(default_factory=lambda: ["usual_error", "careless"])  # the same, beside catalogue=
    ensemble: int = 2  # more worlds: other constants of the likeliest law; first those fitted to half effects
    learners: int = 1024  # per world and seed
    draws: int = 8  # of the people, where population= is a posterior: how far the gain moves across them; 0: not asked
    seeds: int = 1  # of luck, from seed= on; learners are drawn within each
    items: int = 20  # of the test a pilot would use
    to: str = field(default="report", metadata=WRITTEN)  # a folder


def run(config: Config) -> None:
    """Live, compare, take apart, write."""
    quiet = config.format == "json"
    with tracked("report", config, config.agent.name, agent=config.agent.name) as run_:
        with progress(f"a report on {config.agent.name}", quiet) as tell:
            report = write_up(studied(config, tell))
            report = replace(report, sections=(*report.sections, kept()))
        readings = {"html": render.html, "md": render.markdown, "json": render.as_json, "xlsx": sheets.as_xlsx}
        written = [keep(Path(config.to) / f"report.{end}", read(report)) for end, read in readings.items()]
        run_.metrics({f"gain/{world_of(row)}": row["gain"].mean.value for row in report.numbers["gains"]})
        for file in written:
            run_.artifact(file)
    rows = [{"what": what, "figure": figure, "meaning": meaning} for what, figure, meaning in report.facts]
    show(rows, format=config.format, title=report.decision, notes=[f"written: {', '.join(map(str, written))}"])


def kept() -> render.Section:
    """The appendix on people: what a service with this policy would keep about them, and who sees it."""
    from adaptlearn.export.serve import privacy

    record = {"per_skill": PER_SKILL, "format": ("mean", "variance"), "totals": TOTALS}
    rows = tuple((one.kind, one.name.replace("_", " "), one.meaning) for one in privacy.inventory(record))
    return render.Section(
        "What would be kept about people",
        (
            "The learners of this report are simulated. These are facts about the service that would run the policy, "
            "and no legal advice; the page on privacy has how data is exported, erased and corrected, and when "
            "recommending becomes deciding.",
        ),
        tuple(f"Never: {line}." for line in privacy.NEVER),
        (
            render.Table("What is told, collected, inferred and kept", ("", "what", "in words"), rows),
            render.Table("Shown to", ("who", "what"), tuple(privacy.SHOWN)),
        ),
    )


def world_of(row: dict[str, Any]) -> str:
    """Policy and world of a gain as the name of a number."""
    return "/".join(word for key, word in row.items() if key not in ("gain", "origin"))


def studied(config: Config, tell: Callable[[str], None]) -> Study:
    """Everything a report is made from."""
    likeliest = labels_of(config)
    rooms = [(likeliest, rules_of(config)), *(
        room for room in rooms_of(config, config.laws, config.meshings, config.catalogues) if room[0] != likeliest
    )]  # fmt: skip
    rules, ids, name = rooms[0][1], np.arange(config.learners), config.agent.name
    rooms += others_like(rules, likeliest, config.ensemble)
    policy, retrained = learned(config, rules, tell)
    named = {
        other: agent_of(other, rules, config.allow) for other in (config.baseline, *config.others) if other != name
    }
    fitted = {n: checkpoint.trained_in(n, rules.world) for n in (name, *config.others) if n.endswith(".npz")}
    fitted |= {name: likeliest} if learns(config.agent, config.allow) else {}
    seeds = range(config.seed + 1, config.seed + 1 + config.seeds)
    matrix = play({**named, name: policy}, rooms, ids, list(seeds), baseline=config.baseline, trained=fitted,
                  threads=config.threads, progress=tell)  # fmt: skip
    tell("where the gain comes from")
    fixed = agent_of(config.fixed, rules, config.allow) if config.fixed else None
    parts = origins.decompose(policy, rules, ids, config.seed + 1, syllabus=named[config.baseline], fixed=fixed,
                              retrained=retrained, threads=config.threads)  # fmt: skip
    new, old = (simulate(p, rules, ids, config.seed + 1, log=True) for p in (policy, named[config.baseline]))
    moved = across(config, policy, named[config.baseline], ids, tell)
    tell("a pilot")
    pool = Pool(*(np.asarray(x, np.float64) for x in (new.start, new["value"], old["value"])))
    return Study(name, matrix, parts, new, old, rules.world, planned(config, pool, rules), identity(config),
                 traced(new, rules.world), moved)  # fmt: skip


def traced(lives: Lives, world: World) -> Traced | None:
    """What the platform's tracer foretold of the answers in a log; None where learners decide: no offer is retold."""
    from adaptlearn.agents.shelf import build
    from adaptlearn.evaluation.fairness import foretold
    from adaptlearn.export.hindsight import retell

    assert lives.log is not None
    if lives.log.provenance.get("decides") == "self":
        return None
    told = retell(lives.log, world, build("random", world), lambda view, catalogue, history: history)
    rows = np.flatnonzero(lives.log["items"][told.row] > 0)
    log_rows = told.row[rows]
    asked = world.assesses[lives.log["taken"][log_rows]].astype(np.float64)
    known = told.view[rows][:, ViewSpec(len(world.skills)).at("belief")].astype(np.float64)
    tracer = dict(zip(Tracer._fields, world.tracer.T.astype(np.float64), strict=True))
    right = lives.log["correct"][log_rows] / lives.log["items"][log_rows]
    chance = foretold(known, asked, tracer["guess"], tracer["slip"])
    return Traced(lives.log["learner"][log_rows], chance, right, asked.sum(1))


def across(config: Config, policy: Any, baseline: Any, ids: Any, tell: Callable[[str], None]) -> Across | None:
    """The candidate's gain in the likeliest world, draw by draw, if the people are from a posterior."""
    drawn = people_across(config, config.draws)
    if not drawn:
        return None
    rooms = [({"draw": f"{j}"}, rules_of(config, population=one)) for j, one in enumerate(drawn, 1)]
    matrix = play({"before": baseline, "candidate": policy}, rooms, ids, [config.seed + 1], baseline="before",
                  threads=config.threads, progress=tell)  # fmt: skip
    return sensitivity.across(matrix, "candidate", drawn[0].provenance)


def others_like(rules: Rules, labels: dict[str, str], most: int) -> list[tuple[dict[str, str], Rules]]:
    """The likeliest world under other accepted constants of its law, where the law ships any."""
    try:
        members = list(ensemble.members(rules).items())[:most]
    except ValueError:  # the law has no contrasts, or ships no accepted sets
        return []
    return [({**labels, "constants": name}, member) for name, member in members]


def learned(config: Config, rules: Rules, tell: Callable[[str], None]) -> tuple[Any, dict[str, Any]]:
    """The candidate, trained if it learns, and the same retrained on other learners' inputs, per placebo."""

    def report(turn: int, figures: dict[str, float]) -> None:
        tell(f"training, round {turn}")

    policy, retrained = trained(config.agent, rules, config.seed, report, allow=config.allow), {}
    if learns(config.agent, config.allow):
        for source, (what, _) in origins.SOURCES.items():
            columns = origins.inputs(ViewSpec(len(rules.world.skills)), what)
            room = origins.room_of(rules, source)
            retrained[source] = trained(
                config.agent,
                room,
                config.seed,
                report,
                allow=config.allow,
                classroom=origins.scrambled(columns),
            )
    return policy, retrained


def planned(config: Config, pool: Pool, rules: Rules) -> Plan | None:
    """A pilot for the gain that a test would show, if there is one."""
    try:
        return plan(
            pool.seen(Instrument(config.items)), weeks=rules.world.programme.horizon_days / 7.0, seed=config.seed
        )
    except ValueError:  # no gain, or one that no pilot could show
        return None


def identity(config: Config) -> dict[str, str]:
    """What the numbers hang on: the command, in full, and versions."""
    usual, said = Config(), ["adaptlearn report"]
    for key in fields(config):
        value = getattr(config, key.name)
        if key.name not in SILENT and value != getattr(usual, key.name):
            said.append(f"{key.name}={shown(value)}")
    said += [f"agent.settings.{key}={shown(value)}" for key, value in config.agent.settings.items()]
    return {
        "command": " ".join(said),
        "simulated learners per world": f"{config.learners * config.seeds:,}",
        **versions(),
    }
