"""Lives with motives: the kernel tells them as the slow story does, and a world without motives is untouched."""

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from plays import play
from test_kernel import LEARNERS, live_both, random_rules

from adaptlearn.classroom.generate import module_text
from adaptlearn.core import luck
from adaptlearn.core.learner import MOTIVES, Population
from adaptlearn.envs import rewards
from adaptlearn.envs.registry import rules
from adaptlearn.laws import behaviour, motives, workplace


def test_the_kernel_tells_the_story_of_the_slow_reference_with_motives():
    reasons = motives.Params(due_project=6.0, due_compliance=12.0, accept_mandatory=1.0)

    @settings(max_examples=20, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(random_rules(workplace, "assign"), st.integers(0, 2**32))
    def check(plain, seed):
        own = {**plain.population.shares, "motive": (1.0, 1.0, 1.0, 1.0)}
        people = replace(plain.population, shares=own)
        moved = replace(plain, population=people, behaviour=motives, behaviour_params=reasons)
        live_both(moved, seed, luck.rebirth(seed, np.arange(LEARNERS), 0))

    check()


def test_a_world_without_motives_compiles_none_of_them():
    plain = module_text(workplace, behaviour, rewards)
    moved = module_text(workplace, motives, rewards)
    assert "by_motive" not in plain and "around" not in plain
    assert "by_motive" in moved and "around_p_accept" in moved


def test_motives_are_on_where_the_population_says_so_and_can_be_switched_off():
    said = replace(Population(), constants={"motives": {"due_project": 30.0}})
    on, off = rules("tiny-v1", population=said), rules("tiny-v1", population=said, motives=False)
    assert on.behaviour is motives and on.behaviour_params.due_project == 30.0
    assert off.behaviour is behaviour and rules("tiny-v1").behaviour is behaviour
    forced = rules("tiny-v1", motives=True, behaviour_params={"urgency": 2.0})
    assert forced.behaviour is motives and forced.behaviour_params.urgency == 2.0


def test_the_same_content_is_consumed_otherwise_by_motive():
    """The same people with the same luck under the same offers: what differs is the motive's doing."""
    found = {}
    for motive in MOTIVES:
        share = {**Population().shares, "motive": tuple(float(m == motive) for m in MOTIVES)}
        people = replace(Population(shares=share, change_rate=0.0), constants={"motives": {}})
        room = play(rules("tiny-v1", population=people), np.arange(2_000), steps=8)[0]
        found[motive] = {name: float(room.now(name).mean()) for name in ("minutes", "value")}
    assert found["compliance"]["minutes"] < found["project"]["minutes"] < found["leadership"]["minutes"]
    assert found["compliance"]["value"] < found["leadership"]["value"]
