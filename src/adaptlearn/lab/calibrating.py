"""``adaptlearn calibrate``: what a log says about skills and people, as a world's numbers, with checks and a grade.

Two kinds of log: a table of answers (learner, skill, correct), and an event log with one row per decision, as
``adaptlearn simulate log=...`` writes it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adaptlearn.lab.tables import progress, show

Answer = tuple[Any, Any, list[dict[str, Any]], list[str]]  # posterior, health of Pyro's fit or None, rows, notes


@dataclass
class Config:
    """Keys of this verb."""

    log: str = ""  # a CSV, TSV or Parquet of answers: learner, skill, correct; or an event log
    preset: str | None = None  # a known format, e.g. assistments2009
    columns: dict[str, str] = field(default_factory=dict)  # our name -> the file's, e.g. columns.learner=user_id
    world: str | None = None  # a world whose skills carry the log's names: its numbers are refitted
    law: str = "workplace"  # how the people's minds are taken to work: workplace | bkt | logistic
    agent: str | None = None  # of an event log: who taught; null: as the log says
    to: str | None = None  # where to write; null: nothing is written
    posterior: str | None = None  # also keep the posterior there (.npz)
    source: str = ""  # what the log is, for people; empty: its file name
    rejects: str | None = None  # where to write rows that could not be used
    method: str = "svi"  # of the hierarchical model: svi | nuts (small logs) | auto
    steps: int = 150  # of svi; of nuts: steps of warming up
    populations: int = 150  # simulated in each round
    seed: int = 0  # of the fit
    threads: int = 1  # of one process
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """Fit, check, print what was learned and what to doubt, write what was asked for.

    Raises:
        ValueError: no log was named, or an event log without its world.
    """
    if not config.log:
        raise ValueError(
            "log is not given; needed a file of answers or an event log, "
            "e.g. log=answers.csv columns.learner=user columns.skill=kc columns.correct=ok"
        )
    if config.to is not None and Path(config.to).exists():
        raise ValueError(f"to={config.to} exists; needed a new folder, e.g. to={config.to}-2")
    events = event_log(config.log)
    if events is not None:
        posterior, health, rows, notes = of_events(config, events)
    elif config.world is not None:
        posterior, health, rows, notes = of_world(config)
    else:
        posterior, health, rows, notes = of_skills(config)
    if config.posterior is not None:
        posterior.save(config.posterior)
        notes.append(f"posterior: {config.posterior}")
    notes += [f"written: {config.to}"] if config.to else []
    show(rows, format=config.format, notes=notes, more={"health": figures_of(health), "notes": notes})


def figures_of(health: Any) -> dict[str, Any]:
    """The figures of a fit for programs; none where nothing was fitted by Pyro."""
    return {} if health is None else {k: v for k, v in health._asdict().items() if v is not None and k != "loss"}


def event_log(path: str) -> Any:
    """The event log of a file, None if it is a table of answers."""
    from adaptlearn.core.log import is_ours, load

    return load(path) if is_ours(path) else None


def answers(config: Config) -> Any:
    """The table of answers."""
    from adaptlearn.interchange.tables import read

    with progress("reading", config.format == "json"):
        return read(config.log, config.columns or None, config.preset, config.rejects).answers()


def of_skills(config: Config) -> Answer:
    """No world yet: skills and learners to begin one."""
    from adaptlearn.tracing.worldfit import calibrate_folder

    log = answers(config)
    with progress(f"exact EM on {len(log):,} answers, then Pyro", config.format == "json"):
        calibration, posterior, health = calibrate_folder(
            log, scratch(config.to), source=config.source, method=config.method, steps=config.steps, seed=config.seed
        )
    (low, high), spread = posterior.interval("ability.sd"), float(posterior.mean("ability.sd"))
    notes = [held_out(calibration),
             f"spread of ability: {spread:.2f} logit (95 % {low:.2f} to {high:.2f})", health.line(),
             *(f"note: {warning}" for warning in (*calibration.warnings, *health.words()))]  # fmt: skip
    return posterior, health, skill_rows(calibration), notes


def of_world(config: Config) -> Answer:
    """A world's skills exactly, its people by simulation."""
    from adaptlearn.core import shelf
    from adaptlearn.tracing.worldfit import calibrate_world

    log = answers(config)
    with progress(f"{len(log):,} answers", config.format == "json") as tell:
        fit = calibrate_world(log, shelf.where(str(config.world)), law=config.law, to=scratch(config.to),
                              source=config.source, method=config.method, steps=config.steps,
                              populations=config.populations, seed=config.seed, progress=tell)  # fmt: skip
    notes = [held_out(fit.calibration), fit.health.line(),
             *people_in_words(fit.posterior, fit)]  # fmt: skip
    return fit.posterior, fit.health, skill_rows(fit.calibration), notes


def of_events(config: Config, log: Any) -> Answer:
    """The people of an event log, by simulation.

    Raises:
        ValueError: no world, or a policy that is not on the shelf.
    """
    from adaptlearn.agents import shelf as agents
    from adaptlearn.core import shelf
    from adaptlearn.envs.registry import rules
    from adaptlearn.tracing.traits import calibrate_events
    from adaptlearn.tracing.worldfit import copied, write_people

    if config.world is None:
        raise ValueError("world is not given; needed the world in which the log was made, e.g. world=tiny-v1")
    about = {key: log.provenance[key] for key in ("catalogue",) if key in log.provenance}
    place = rules(config.world, config.law, **about)
    policy = agents.build(config.agent or log.policy, place.world)
    source = config.source or Path(config.log).name
    with progress(f"{len(log):,} decisions", config.format == "json") as tell:
        fit = calibrate_events(log, place, policy, source=source, populations=config.populations, seed=config.seed,
                               threads=config.threads, progress=tell)  # fmt: skip
    with copied(shelf.where(config.world), scratch(config.to)) as folder:
        facts = {"source": source, "decisions": len(log), "taught by": policy.name, "law": config.law}
        write_people(folder, fit.posterior, fit.told, facts, fit.checks, fit.warnings,
                     log.provenance.get("simulated") == "yes")  # fmt: skip
    rows = [{**row, "moved_off_the_prior": row["name"] in fit.told} for row in fit.posterior.insights()]
    rows = [{k: v for k, v in row.items() if k != "of"} for row in rows]
    return fit.posterior, None, rows, people_in_words(None, fit)


def people_in_words(posterior: Any, fit: Any) -> list[str]:
    """What was learned of the people, the checks, the grade, the doubts."""
    said = []
    if posterior is not None:
        for name in fit.told:
            low, high = posterior.interval(name)
            said.append(f"people: {name} {posterior.mean(name):.2f} (95 % {low:.2f} to {high:.2f})")
    said += [f"check: {one.words()}" for one in fit.checks]
    said.append(f"grade {fit.grade}: {fit.why}")
    if fit.silent:
        said.append(f"stay assumed: {', '.join(fit.silent)}")
    return said + [f"note: {warning}" for warning in fit.warnings]


def held_out(calibration: Any) -> str:
    """How well answers of learners that the fit had not met were foretold."""
    scores = calibration.held_out
    return (f"held-out learners: AUC {scores.auc:.3f}, {scores.log_likelihood / scores.n:.4f} nats per answer, "
            f"calibration error {scores.calibration_error:.4f}, on {scores.n:,} answers")  # fmt: skip


def skill_rows(calibration: Any) -> list[dict[str, Any]]:
    """One row per skill."""
    return [dict(skill=s.name, prior=s.tracer.prior, learn=s.tracer.learn, guess=s.tracer.guess, slip=s.tracer.slip,
                 answers=s.answers, learners=s.learners) for s in calibration.skills]  # fmt: skip


def scratch(to: str | None) -> Path:
    """Where a new folder goes; a temporary one if nothing is to be kept."""
    import tempfile

    return Path(to) if to is not None else Path(tempfile.mkdtemp(prefix="adaptlearn-")) / "fit"
