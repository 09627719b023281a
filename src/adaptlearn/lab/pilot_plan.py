"""``adaptlearn pilot plan``: how many learners, how long, and when to stop, on the score that a test will show."""

import json
from dataclasses import asdict, dataclass, field

import numpy as np

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.keep import keep
from adaptlearn.evaluation.instrument import Instrument
from adaptlearn.evaluation.pilot import FIRST, Design, Plan, detectable, plan
from adaptlearn.evaluation.rehearsal import Pool
from adaptlearn.lab.compose import WRITTEN, Agent, Common
from adaptlearn.lab.pieces import agent_of, rules_of
from adaptlearn.lab.tables import progress, show

VERSION = 1  #: of the file that a plan is kept in
ASSUMED = ("sd", "pretest_r", "team", "icc")  # said in words in the table


@dataclass
class Config(Common):
    """Keys of this verb."""

    effect: float | None = None  # difference of mean scores to be shown, share correct; null: as simulated
    sd: float = 0.2  # of scores within an arm; with effect=
    pretest: float = 0.5  # correlation of pretest and score; with effect=
    agent: Agent = field(default_factory=Agent)  # the new policy; without effect=
    baseline: str = "syllabus"  # what the other arm gets; without effect=
    simulated: int = 4096  # learners to find effect, sd and pretest from; without effect=
    items: int = 20  # of the test
    team: int = 1  # learners assigned together, e.g. a team or a site; 1: each alone
    icc: float = 0.05  # share between teams of the spread that the pretest leaves; of no matter with team=1
    attrition: float = 0.15  # share without a final score
    power: float = 0.8  # chance to show an effect that is there
    alpha: float = 0.05  # chance, over all looks, to show one that is not
    learners: int | None = None  # per arm, if that is fixed: then the effect it can show is found
    weeks: float | None = None  # from a start to the final score; null: the programme's length
    intake: float = 20.0  # learners who can start per week, both arms together
    waiting_list: bool = False  # the other arm gets the new policy afterwards
    to: str | None = field(default=None, metadata=WRITTEN)  # a JSON file that `pilot monitor` reads


def run(config: Config) -> None:
    """Plan, print, keep."""
    rules = rules_of(config)
    weeks = config.weeks or rules.world.programme.horizon_days / 7.0
    quiet = config.format == "json"
    with progress("planning", quiet):
        design, source = designed(config, rules)
        found = plan(design, weeks=weeks, intake=config.intake, seed=config.seed)
        least = None if config.learners is None else detectable(design, config.learners, config.seed)
    if config.to is not None:
        keep(
            config.to,
            json.dumps({"adaptlearn_pilot": VERSION, "units": found.units, "design": asdict(design)}, indent=1),
        )
    show([as_row(found, least)], format=config.format, title="Pilot", notes=[*notes(config, found, least, source)])


def designed(config: Config, rules: Rules) -> tuple[Design, str]:
    """What is assumed, and where it comes from."""
    rest = {"attrition": config.attrition, "power": config.power, "alpha": config.alpha}
    icc = config.icc if config.team > 1 else 0.0
    if config.effect is not None:
        return Design(config.effect, config.sd, config.pretest, config.team, icc, **rest), "as given (grade C)"
    ids = np.arange(config.simulated)
    new, old = (
        simulate(agent_of(name, rules, config.allow), rules, ids, config.seed)
        for name in (config.agent, config.baseline)
    )
    pool = Pool(*(np.asarray(x, np.float64) for x in (new.start, new["value"], old["value"])))
    seen = pool.seen(Instrument(config.items), **rest)
    return (Design(seen.effect, seen.sd, seen.pretest, config.team, icc, **rest),
            f"simulated: {config.agent.name} over {config.baseline}, as a test of {config.items} items shows it, "
            f"reliability {Instrument(config.items).reliability(pool.control):.2f}")  # fmt: skip


def as_row(found: Plan, least: float | None) -> dict[str, object]:
    """A row for people and programs."""
    d = found.design
    return {
        "effect": d.effect, "sd": d.sd, "pretest_r": d.pretest, "team": d.team, "icc": d.icc,
        "units_per_arm": found.units, "learners_per_arm": found.learners, "looked_at_once": found.once,
        "power": found.shown, "false_alarm": found.false_alarm, "seen_when_clear": found.typical, "weeks": found.weeks,
        **({} if least is None else {"detectable": least}),
    }  # fmt: skip


def notes(config: Config, found: Plan, least: float | None, source: str) -> list[str]:
    """What the numbers mean and what to do with them."""
    d = found.design
    said = [
        f"effect {d.effect:.3f}, scores' sd {d.sd:.3f}, correlation with the pretest {d.pretest:.2f}, between teams "
        f"{d.icc:.2f}: {source}.",
        "A simulated gain is a hope: plan for its worst world (adaptlearn evaluate).",
        f"learners_per_arm counts the {d.attrition:.0%} who will have no final score. looked_at_once: if nobody looked "
        "before the end. seen_when_clear: share of units seen when half of all successful pilots are clear.",
    ]
    if least is not None:
        said.append(f"{config.learners} learners per arm can show {least:.3f} with power {d.power:.0%}.")
    if d.team > 1:
        said.append(f"Teams of {d.team} are assigned whole: a team counts as one unit.")
    if config.waiting_list:
        said.append("The waiting list gets the new policy after its final score; later checks (30, 90 days) then have "
                    "nobody to compare with.")  # fmt: skip
    return [
        *said,
        f"Look as often as you like from {FIRST} units per arm on (adaptlearn pilot monitor). Stop for harm when the "
        "whole interval is below 0, for benefit when above, as too small when below the planned effect; else full.",
        "Gates: pilot -> refine when benefit is shown or the interval leaves the planned effect open and people stay; "
        "refine -> scale when a second pilot on the refined policy shows benefit and no group is harmed.",
    ]
