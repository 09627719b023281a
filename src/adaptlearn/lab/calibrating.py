"""``adaptlearn calibrate``: what a log of answers says about skills and learners, as a world's numbers."""

from dataclasses import dataclass, field
from pathlib import Path

from adaptlearn.lab.tables import progress, show


@dataclass
class Config:
    """Keys of this verb."""

    log: str = ""  # a CSV, TSV or Parquet of answers: learner, skill, correct
    preset: str | None = None  # a known format, e.g. assistments2009
    columns: dict[str, str] = field(default_factory=dict)  # our name -> the file's, e.g. columns.learner=user_id
    world: str | None = None  # a world whose skills carry the log's names: its numbers are refitted
    to: str | None = None  # where to write; null: nothing is written
    posterior: str | None = None  # also keep the posterior of the learner model there (.npz)
    rejects: str | None = None  # where to write rows that could not be used
    steps: int = 150  # of stochastic variational inference
    seed: int = 0
    format: str = "table"
    debug: bool = False


def run(config: Config) -> None:
    """Fit, print the skills and the doubts, write what was asked for.

    Raises:
        ValueError: no log was named.
    """
    from adaptlearn.core import shelf
    from adaptlearn.interchange.tables import read
    from adaptlearn.tracing.worldfit import calibrate_folder, calibrate_world

    if not config.log:
        raise ValueError(
            "log is not given; needed a file of answers, "
            "e.g. log=answers.csv columns.learner=user columns.skill=kc columns.correct=ok"
        )
    with progress("reading", config.format == "json") as tell:
        log = read(config.log, config.columns or None, config.preset, config.rejects).answers()
        tell(f"exact EM on {len(log):,} answers, then Pyro")
        if config.world is not None:
            fitted = calibrate_world(log, shelf.where(config.world), to=config.to, steps=config.steps, seed=config.seed)
        else:
            fitted = calibrate_folder(log, scratch(config.to), steps=config.steps, seed=config.seed)
    calibration, posterior = fitted
    if config.posterior is not None:
        posterior.save(config.posterior)
    rows = [dict(skill=s.name, prior=s.tracer.prior, learn=s.tracer.learn, guess=s.tracer.guess, slip=s.tracer.slip,
                 answers=s.answers, learners=s.learners) for s in calibration.skills]  # fmt: skip
    spread, (low, high) = float(posterior.mean("ability.sd")), posterior.interval("ability.sd")
    notes = [f"held out by learner: {calibration.held_out}",
             f"spread of ability: {spread:.2f} logit (95 % {low:.2f} to {high:.2f})",
             *(f"note: {warning}" for warning in calibration.warnings)]  # fmt: skip
    show(rows, format=config.format, notes=notes)
    if config.to:
        print(f"written: {config.to}")


def scratch(to: str | None) -> Path:
    """Where a new folder goes; a temporary one if nothing is to be kept.

    Raises:
        ValueError: the place is taken.
    """
    import tempfile

    if to is None:
        return Path(tempfile.mkdtemp(prefix="adaptlearn-")) / "fit"
    if Path(to).exists():
        raise ValueError(f"to={to} exists; needed a new folder, e.g. to={to}-2, or world={to} to refit it")
    return Path(to)
