"""``adaptlearn demo``: the whole ring once, on simulated people. Few options, nothing faked."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.classroom.room import Classroom, Rules, with_rules
from adaptlearn.classroom.simulate import Lives, simulate
from adaptlearn.core.learner import MODES
from adaptlearn.core.record import AXES
from adaptlearn.evaluation.compare import evaluate, paired
from adaptlearn.lab import checkpoint
from adaptlearn.lab.compose import WRITTEN, Agent, Common
from adaptlearn.lab.evaluating import NOTES, as_row
from adaptlearn.lab.pieces import agent_of, labels_of, rules_of, trained
from adaptlearn.lab.tables import progress, show
from adaptlearn.lab.tracking import tracked

EVENTS = 14  # reactions after which the preference belief is shown


@dataclass
class Config(Common):
    """Keys of this verb."""

    learners: int = 1024  # per comparison
    seconds: float = 12.0  # of PPO, processor time
    to: str = field(default="outputs/demo", metadata=WRITTEN)  # a folder for what it makes
    track: bool = True


def run(config: Config) -> None:
    """Six steps, each with what it showed."""
    began = time.perf_counter()
    out = Path(config.to)
    rules = rules_of(config)
    print(f"1  {rules.world.title}: {len(rules.world.skills)} skills, {len(rules.world.activities) - 1} activities, "
          f"{config.law} law, catalogue {config.catalogue.replace('_', ' ')}. All learners are simulated.")  # fmt: skip
    with progress("a log of the author's syllabus"):
        lives = simulate(agent_of("syllabus", rules), rules, np.arange(10_000, 10_400), config.seed, log=True)
    rules = calibrated(lives, rules, config.seed)
    with tracked("demo", config, agent="ppo") as run_:
        policy = learned(config, rules, run_)
        file = checkpoint.save(out / "agent.npz", policy, "ppo", {}, labels_of(config) | {"world": rules.world.name})
        run_.artifact(file)
        compared(config, rules, policy, run_)
        preference(rules, config)
        print(f"5  {run_.link()}")
        run_.artifact(shipped(config, rules, policy, out))
    print(f"\n{time.perf_counter() - began:.0f} s. Files in {out}/. Next: adaptlearn evaluate, adaptlearn evidence")


def calibrated(lives: Lives, rules: Rules, seed: int) -> Rules:
    """Fit a learner model to the log in Pyro; its posterior becomes the population from here on."""
    from adaptlearn.tracing import hierarchical

    assert lives.log is not None
    with progress("Pyro: who are they?"):
        posterior = hierarchical.fit(*answers_of(lives, rules), seed=seed, source="the simulated log", steps=60)
    low, high = posterior.interval("ability.sd")
    spread = f"{posterior.mean('ability.sd'):.2f} logit without guessing (95 % {low:.2f} to {high:.2f})"
    print(f"2  calibrated in Pyro on {len(lives.log):,} logged decisions: spread of ability {spread}. "
          "The posterior is the population from here on.")  # fmt: skip
    return with_rules(rules, population=posterior.into(rules.population))


def answers_of(lives: Lives, rules: Rules) -> tuple[Any, Any, Any]:
    """A log's answers, one row per item in the order of time.   -> learner, skill, correct"""
    log, asked = lives.log, rules.world.assesses
    assert log is not None
    learner, skill, correct = [], [], []
    for row in np.flatnonzero(log["items"] > 0):
        a = log["taken"][row]
        for place, k in enumerate(np.flatnonzero(asked[a])):
            items, right = int(asked[a, k]), int(log["answers"][row, place])
            learner += [int(log["learner"][row])] * items
            skill += [rules.world.skill_ids[k]] * items
            correct += [1] * right + [0] * (items - right)
    return learner, skill, correct


def learned(config: Config, rules: Rules, run_: Any) -> Any:
    """A small masked PPO over activity features."""
    began = time.perf_counter()
    with progress("PPO") as tell:

        def report(step: int, values: dict[str, float]) -> None:
            tell(" · ".join(f"{key} {value:.3g}" for key, value in values.items()))
            run_.metrics(values, step)

        policy = trained(Agent("ppo", {"seconds": config.seconds}), rules, config.seed, report)
    print(f"3  trained: PPO, masked, scoring activities by their features, {time.perf_counter() - began:.0f} s")
    return policy


def compared(config: Config, rules: Rules, policy: Any, run_: Any) -> None:
    """Paired differences to the syllabus, under two laws, with and without meshing."""
    rooms = [(labels_of(config, law=law, meshing=meshing),
              with_rules(rules_of(config, law=law, meshing=meshing), population=rules.population))
             for law in ("workplace", "bkt") for meshing in ("null", "contested")]  # fmt: skip
    policies = {name: agent_of(name, rules) for name in ("syllabus", "stated", "mastery")} | {"ppo": policy}
    with progress("comparing") as tell:
        rows, _ = evaluate(policies, rooms, np.arange(config.learners), config.seed + 1, baseline="syllabus",
                           trained={"ppo": labels_of(config)}, progress=tell)  # fmt: skip
    run_.metrics({f"gain.{r.policy}.{r.law}.{r.meshing}": r.gain.mean for r in rows if r.gain is not None})
    print("4  compared:")
    show([as_row(row) for row in rows], notes=NOTES)


def preference(rules: Rules, config: Config) -> None:
    """What one learner said they prefer, what fourteen events say, and what knowing it is worth."""
    room = Classroom(rules, 1, config.seed).begin([7])
    for _ in range(EVENTS):
        room.wander()
        room.step()
    view, at = room.view[0], room.spec.at("preference")
    belief = dict(zip(AXES, view[at], strict=True))
    spread = dict(zip(AXES, view[room.spec.at("preference_sd")], strict=True))
    said = MODES[int(room.trait("stated")[0])]
    best = max(MODES, key=lambda mode: belief[mode])
    truth = {mode: float(room.trait(f"like_{mode}")[0]) for mode in MODES}
    shown = f"{belief[best]:+.2f} ± {1.96 * spread[best]:.2f} SD"
    print(f"   one learner says: {said}. {EVENTS} events say: {best}, {shown}; "
          f"the simulated truth is {max(MODES, key=lambda m: truth[m])}.")  # fmt: skip
    with progress("what knowing preference is worth"):
        ids = np.arange(config.learners)
        known, plain = (
            simulate(agent_of(name, rules), rules, ids, config.seed + 1) for name in ("evidenced", "syllabus")
        )
    rated = np.isfinite(known.stars) & np.isfinite(plain.stars)
    worth = {"goal": paired(known["value"], plain["value"]), "stayed": paired(~known.left, ~plain.left),
             "completed": paired(known["completed"], plain["completed"]), 
             "stars": paired(known.stars[rated], plain.stars[rated])}  # fmt: skip
    print("   what knowing it is worth, formats by evidence over the bare syllabus: "
          + ", ".join(f"{name} {d.mean:+.3f} ± {d.half:.3f}" for name, d in worth.items()))  # fmt: skip


def shipped(config: Config, rules: Rules, policy: Any, out: Path) -> Path:
    """One ONNX graph, asked through onnxruntime alone."""
    from adaptlearn.export import bundle
    from adaptlearn.export.runtime import Runtime
    from adaptlearn.lab.exporting import about

    with progress("one ONNX graph"):
        folder = bundle.write(policy, rules.world, out / "bundle", about=about(config, "ppo"))
        runtime = Runtime.load(folder)
    profile = {"learner": "u-1", "role": rules.world.role_ids[0], "weekly_minutes": 90.0, "stated": "visual"}
    advice = runtime.recommend(runtime.start(profile))
    choice = advice.choices[0]
    print(f"6  exported: {folder} (graph, contract, catalogue, golden decisions, card). It recommends to a newcomer:\n"
          f"   {choice.title} ({choice.activity}), chance {choice.propensity:.2f}. {choice.why}")  # fmt: skip
    return folder
