"""``adaptlearn insights parts=[styles]``: what learners say they like and show, and what no log can tell."""

from typing import Any

import numpy as np

from adaptlearn.lab.tables import progress, show

WORLD = "onboarding-v1"  #: where nobody says which


def run(config: Any) -> None:
    """Print one row per learner of a log, one per number of a posterior, or one per number of reactions."""
    from adaptlearn.classroom.room import with_rules
    from adaptlearn.core.posterior import Posterior
    from adaptlearn.envs.registry import rules

    place = rules(config.world or WORLD)
    known = Posterior.load(config.posterior) if config.posterior is not None else None
    if config.log is not None:
        _of_log(config, place if known is None else with_rules(place, population=known.into(place.population)))
    elif known is not None:
        _of_posterior(config, known)
    else:
        _by_simulation(config, place)


def _of_posterior(config: Any, known: Any) -> None:
    """What a log said of its skills and people: one row per number."""
    notes = [f"{name}: {value}" for name, value in known.provenance.items()]
    show(known.insights(), format=config.format, notes=["low, high: 95 % interval.", *notes])


def _by_simulation(config: Any, place: Any) -> None:
    from adaptlearn.agents import shelf
    from adaptlearn.tracing.randomised import contrasts, sizes
    from adaptlearn.tracing.styles import events_to_tell

    policy = shelf.build(config.agent, place.world)
    many = max(config.learners, 100)
    with progress(f"{many} learners, crowd by crowd", config.format == "json"):
        rows = events_to_tell(place, policy, learners=many, seed=config.seed)
    pairs = contrasts(place.world)
    notes = [
        f"Simulated learners of {config.world or WORLD}, taught by {config.agent}; four formats, so that chance finds "
        "one favourite in four.",
        "Aptitude is not told by reactions, however many: what is left of its spread stays near 1.",
        "What would tell it is a coin thrown at each decision between activities on one skill, such as:",
        *(f"  {pair.skill}: {pair.more} or {pair.less} (share of {pair.mode} differs by {pair.apart:.1f})"
          for pair in sorted(pairs, key=lambda pair: -pair.apart)[:3]),
        *(f"  an effect of {size.effect} SD on the next test takes {size.decisions:,} coins for its mean, about "
          f"{size.each} per learner for their own" for size in sizes()),
    ]  # fmt: skip
    show(rows, format=config.format, notes=notes)


def _of_log(config: Any, place: Any) -> None:
    from adaptlearn.core.log import load
    from adaptlearn.tracing.randomised import exposure_in_words
    from adaptlearn.tracing.styles import evidence

    log = load(str(config.log))
    learners = np.unique(log["learner"])[: config.learners]
    said = stated(config.stated, learners)
    with progress(f"{len(learners)} learners", config.format == "json"):
        told = evidence(log, place, learners, said, config.seed)
    rows = [dict(learner=one.learner, reactions=one.reactions, stated=one.stated, evidenced=one.evidenced,
                 chance=one.chance, both=one.both, verdict=one.verdict) for one in told]  # fmt: skip
    _, words = exposure_in_words(log, place.world)
    show(rows, format=config.format, notes=["chance: that the evidenced favourite is the favourite.", words])


def stated(path: str | None, learners: np.ndarray) -> np.ndarray:
    """The survey's word per learner, -1 where there is none.

    Raises:
        ValueError: a column is missing, or a word is no format.
    """
    import csv

    from adaptlearn.core.learner import MODES

    if path is None:
        return np.full(len(learners), -1)
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not {"learner", "stated"} <= set(rows.fieldnames or ()):
            raise ValueError(f"{path}: found the columns {', '.join(rows.fieldnames or ('none',))}; needed learner and "
                             "stated, e.g. learner,stated")  # fmt: skip
        words = {row["learner"]: row["stated"] for row in rows}
    odd = sorted({word for word in words.values() if word not in MODES})
    if odd:
        raise ValueError(f"{path}: stated = {odd[0]!r}; needed one of {', '.join(MODES)}, e.g. visual")
    return np.array([MODES.index(words[str(n)]) if str(n) in words else -1 for n in learners.tolist()])
