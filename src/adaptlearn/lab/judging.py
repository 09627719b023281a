"""``adaptlearn judge``: what an agent would have been worth on the learners of a log, or why the log cannot say."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adaptlearn.core.log import EventLog, load
from adaptlearn.core.world import World
from adaptlearn.evaluation import judge
from adaptlearn.evaluation.offpolicy import Episodes
from adaptlearn.lab.compose import Agent, Common
from adaptlearn.lab.pieces import agent_of, rules_of, softened
from adaptlearn.lab.tables import progress, show


@dataclass
class Config(Common):
    """Keys of this verb."""

    log: str = ""  # Parquet, as `simulate log=...` or a platform writes it
    agent: Agent = field(default_factory=Agent)  # who is to be judged
    temperature: float | None = None  # of its choices; null: its own
    outcome: str = "assessed"  # assessed | correct | completed | stayed | minutes
    decisions: int = 5  # of each life, from the first; more need far larger logs
    estimators: list[str] = field(default_factory=list)  # empty: the default; "all" for every one
    draws: int = 400  # bootstrap draws over learners


OUTCOMES: dict[str, tuple[str, Callable[[EventLog, Any, np.ndarray], np.ndarray]]] = {
    "assessed": (
        "rise of the record's P(known) on the target skills, points",
        lambda log, told, row: 100.0 * (told.after - told.before),
    ),
    "correct": ("items answered correctly", lambda log, told, row: log["correct"][row]),
    "completed": ("activities completed", lambda log, told, row: log["completed"][row]),
    "stayed": ("share of learners who stayed", lambda log, told, row: (told.first * 1.0) - log["left"][row]),
    "minutes": ("minutes spent", lambda log, told, row: log["minutes"][row]),
}


def run(config: Config) -> None:
    """Retell the log under the agent, estimate, print one row per estimator."""
    if not config.log:
        raise ValueError("log= is empty; needed a log in Parquet, e.g. log=log.parquet from adaptlearn simulate")
    log, rules = load(config.log), rules_of(config)
    policy = softened(agent_of(config.agent, rules, config.allow), config.temperature)
    quiet = config.format == "json"
    with progress("retelling the log", quiet):
        lives = episodes(log, rules.world, policy, config.outcome, config.decisions)
    names = chosen(config.estimators, log["offered"].shape[1])
    with progress("judging", quiet) as tell:
        said = []
        for name in names:
            tell(name)
            said.append(judge.judge(lives, name, draws=config.draws, seed=config.seed))
    refused, rows = said[0].refusals, [as_row(policy.name, one) for one in said]
    show(rows if quiet else [row | {"refused": bool(refused)} for row in rows], format=config.format,
         title=f"{policy.name} on the log of {log.policy}: {OUTCOMES[config.outcome][0]}; the first "
               f"{said[0].decisions} decisions of {said[0].learners:,} learners",
         notes=[*(f"refused: {word}." for word in refused), *notes(said[0])])  # fmt: skip


def chosen(names: list[str], places: int) -> list[str]:
    """Which estimators: those asked for, else the default for slates of this length.

    Raises:
        ValueError: an estimator that needs a model of single choices, and slates of several.
    """
    able = judge.NAMES if places == 1 else judge.MODEL_FREE
    wanted = list(able) if names == ["all"] else list(names) or [judge.DEFAULT if places == 1 else "WPDIS"]
    unable = [name for name in wanted if name in judge.NAMES and name not in able]
    if unable:
        raise ValueError(f"{unable[0]} models single choices, and this log offers {places} at a time; "
                         f"needed one of {', '.join(able)}, e.g. estimators=[WPDIS]")  # fmt: skip
    return wanted


def episodes(log: EventLog, world: World, policy: Any, outcome: str, decisions: int) -> Episodes:
    """The log as lives of equal length under a target policy.

    Raises:
        ValueError: an unknown outcome, fewer than one decision, a propensity outside (0, 1], or a log that cannot be
            retold (see ``export.hindsight``).
    """
    import torch

    from adaptlearn.agents.pairs import Pairs
    from adaptlearn.core.record import VIEW_TOTALS
    from adaptlearn.export.hindsight import retell

    if outcome not in OUTCOMES:
        raise ValueError(f"outcome {outcome!r}; needed one of {', '.join(OUTCOMES)}, e.g. outcome=assessed")
    if decisions < 1:
        raise ValueError(f"decisions={decisions}; needed 1 or more, e.g. 5")
    given = log["propensity"]
    if not ((given > 0) & (given <= 1)).all():
        raise ValueError("propensities outside (0, 1]; needed the chance of each place offered, e.g. 0.25")
    pairs = Pairs.for_world(world)

    def features(view: Any, catalogue: Any, history: Any) -> Any:
        """A constant, the totals of the view, and what holds learner and activity together."""
        state = torch.cat([torch.ones(len(view), 1), view[:, -len(VIEW_TOTALS) :]], 1)
        return torch.cat([state[:, None].expand(-1, history.shape[1], -1), pairs(view, catalogue, history)], 2)

    told = retell(log, world, policy, features)
    return padded(told, OUTCOMES[outcome][1](log, told, told.row), decisions)


def padded(told: Any, reward: np.ndarray, decisions: int) -> Episodes:
    """Decisions as rows of lives, the first few of each.   -> Episodes [N, T]"""
    step = np.arange(len(told.row)) - np.flatnonzero(told.first)[told.learner]
    n, steps, size = int(told.learner.max()) + 1, min(decisions, int(step.max()) + 1), told.chosen.shape[1]
    here = step < steps
    at = told.learner[here], step[here]
    rewards, ratio = np.zeros((n, steps)), np.ones((n, steps))
    chosen, expected = np.zeros((2, n, steps, size))
    rewards[at], ratio[at] = reward[here], told.chance[here] / told.logged[here]
    chosen[at], expected[at] = told.chosen[here], told.expected[here]
    return Episodes(rewards, ratio, chosen, expected, free=1)


def as_row(agent: str, said: judge.Judgement) -> dict[str, object]:
    """A row for people and programs; a refused judgement has no numbers."""
    refused = bool(said.refusals)

    return {
        "agent": agent, "estimator": said.estimator, "log_policy": said.logged,
        "value": None if refused else said.value.value, "low": None if refused else said.value.low,
        "high": None if refused else said.value.high,
        "gain": None if refused else said.gain.value, "gain_low": None if refused else said.gain.low,
        "gain_high": None if refused else said.gain.high,
        "effective": float(said.effective[-1]), "largest_share": said.largest_share, "mean_weight": said.mean_weight,
        "zero_weight": said.zero_weight, "refused": "; ".join(said.refusals),
    }  # fmt: skip


def notes(said: judge.Judgement) -> list[str]:
    """What the columns mean."""
    return [
        "value: of a life under the agent; gain: over the log's own policy, same draws; 95 % bootstrap over learners.",
        f"effective: how many equally weighted learners the {said.learners:,} are worth; by decision: "
        + ", ".join(f"{x:.0f}" for x in said.effective) + ".",
        "largest_share: one learner's, of all weight. mean_weight: 1 where the log could have done the same.",
    ]  # fmt: skip
