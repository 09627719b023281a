"""A table from elsewhere as visits: what its columns hold, in the order of time, and nothing more."""

import numpy as np
import pytest

from adaptlearn.core.refusal import Refusal
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation import dif
from adaptlearn.interchange.tables import read
from adaptlearn.interchange.visits import of_table

EVENTS = """who,what,done,when,out
b,Film,no,2024-01-02,
a,Film,no,2024-01-05,
a,Film,yes,2024-01-07,
a,Quiz,no,2024-01-06,2024-01-20
"""


def table(folder, text, **columns):
    file = folder / "t.csv"
    file.write_text(text)
    return read(file, columns)


def test_events_on_one_activity_are_one_visit_in_the_order_of_their_last(tmp_path):
    visits = of_table(table(tmp_path, EVENTS, learner="who", activity="what", completed="done", day="when", left="out"))
    named = [visits.activities[a] for a in visits.activity]
    assert named == ["Quiz", "Film", "Film"] and visits.learner.tolist() == [0, 0, 1]
    assert visits.done.tolist() == [False, True, False] and visits.left.tolist() == [True, False, False]
    assert visits.lasted[0] == pytest.approx(14.0) and np.isnan(visits.lasted[1:]).all()


def test_a_world_names_activities_and_skills_by_id_or_title(tmp_path):
    world = rules("tiny-v1").world
    text = "who,what,kc,ok\na,greeting-video,greeting,1\na,The wrong size twice,Find out what the customer needs,0\n"
    visits = of_table(table(tmp_path, text, learner="who", activity="what", skill="kc", correct="ok"), world)
    assert [world.activity_ids[a] for a in visits.activity] == ["greeting-video", "resolving-case"]
    assert visits.answers.skill.tolist() == [0, 1] and visits.answers.right.tolist() == [1, 0]
    strange = table(tmp_path, text.replace("greeting-video", "x").replace("The wrong size twice", "y"), learner="who",
                    activity="what", skill="kc", correct="ok")  # fmt: skip
    with pytest.raises(Refusal, match="ids or titles of the world"):
        of_table(strange, world)


def test_silence_means_leaving_only_in_a_long_log(tmp_path):
    rows = [f"p{n},Film,yes,{day}" for n, day in enumerate(("2024-01-01", "2024-01-05", "2024-05-01"))]
    visits = of_table(table(tmp_path, "\n".join(["who,what,done,when", *rows]), learner="who", activity="what",
                            completed="done", day="when"))  # fmt: skip
    assert visits.left.tolist() == [True, True, False]
    short = of_table(table(tmp_path, "\n".join(["who,what,done,when", *rows[:2]]), learner="who", activity="what",
                           completed="done", day="when"))  # fmt: skip
    assert short.left is None


@pytest.mark.parametrize("drifts", [True, False])
def test_an_item_that_drifts_is_found_by_the_half_of_the_log(tmp_path, drifts):
    """Twenty items; from the middle of the year on, one of them is leaked, or none."""
    dice, lines = np.random.default_rng(2), ["who,kc,ok,item,when"]
    for person in range(400):
        late, ability = person >= 200, dice.normal()
        for item in range(20):
            p = 1 / (1 + np.exp(-ability))
            p = 0.97 if drifts and late and item == 3 else p
            lines.append(f"p{person},s,{int(dice.random() < p)},i{item},2024-0{1 + 6 * late}-{1 + person % 28:02d}")
    text = "\n".join(lines)
    visits = of_table(table(tmp_path, text, learner="who", skill="kc", correct="ok", item="item", day="when"))
    found = {one.activity for one in dif.examine(visits) if one.found and one.group == "later"}
    assert found == ({"i3"} if drifts else set())
