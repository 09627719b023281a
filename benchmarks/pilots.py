"""Do pilots keep what their plan promises? Whole pilots on observed scores, looked at all along.

    python benchmarks/pilots.py [pilots]        one JSON line per design; 2,000 pilots each, with and without an effect

Wanted: ``power`` within three points of ``planned``; ``false_alarms`` at most .05, each with half of its Monte-Carlo
95 % interval. One design takes its learners from the simulator, the others from a made-up population.
"""

import os
import sys
import time

from _claims import most, say, sized

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pools():
    """Name, pool, items, learners a team."""
    import numpy as np

    from adaptlearn.agents.shelf import build
    from adaptlearn.classroom.simulate import simulate
    from adaptlearn.envs.registry import rules
    from adaptlearn.evaluation.rehearsal import Pool

    dice = np.random.default_rng(1)
    ability = dice.normal(-0.2, 0.9, 50_000)
    gain = 0.6 + 0.4 * dice.normal(size=50_000)
    logistic = lambda x: 1.0 / (1.0 + np.exp(-x))  # noqa: E731
    made = [logistic(x) for x in (ability, ability + gain + 0.35, ability + gain)]
    yield "alone, 20 items", Pool(*made), 20, 1
    yield "alone, 8 items", Pool(*made), 8, 1
    yield "teams of 8", Pool(*made, 0.3), 20, 8
    room = rules("onboarding-v1")
    new, old = (simulate(build(name, room.world), room, np.arange(4096), 5) for name in ("mastery", "syllabus"))
    yield (
        "simulated, mastery over syllabus",
        Pool(*(np.float64(x) for x in (new.start, new["value"], old["value"]))),
        20,
        1,
    )


def main() -> None:
    """Plan, rehearse, count."""
    import numpy as np

    from adaptlearn.evaluation.instrument import Instrument
    from adaptlearn.evaluation.monitor import BENEFIT, HARM
    from adaptlearn.evaluation.pilot import plan
    from adaptlearn.evaluation.rehearsal import rehearse

    pilots = int(sys.argv[1]) if len(sys.argv) > 1 else sized(2000, 20)
    for name, pool, items, team in pools():
        began, test = time.process_time(), Instrument(items)
        design = pool.seen(test, team)
        planned = plan(design)
        ends = [rehearse(pool, design, planned.units, test, seed) for seed in range(pilots)]
        null = [rehearse(pool.without_effect(), design, planned.units, test, 10**6 + seed) for seed in range(pilots)]
        power = np.mean([end.decision == BENEFIT for end in ends])
        false = np.mean([end.decision in (BENEFIT, HARM) for end in null])
        error = [1.96 * np.sqrt(p * (1 - p) / pilots) for p in (power, false)]
        kept = most(f"pilots, {name}: power off its plan", abs(float(power) - planned.shown), 0.03, error[0])
        calm = most(f"pilots, {name}: false alarms", float(false), 0.05, error[1])
        say(name, kept, calm, effect=design.effect, reliability=float(test.reliability(pool.control)),
            units_per_arm=planned.units, learners_per_arm=planned.learners, once=planned.once, planned=planned.shown,
            power=float(power), false_alarms=float(false), pilots=pilots,
            harm_shown_with_an_effect=float(np.mean([end.decision == HARM for end in ends])),
            units_at_the_end=round(float(np.mean([sum(end.units) for end in ends])), 1),
            cpu_s=round(time.process_time() - began, 1))  # fmt: skip


if __name__ == "__main__":
    main()
