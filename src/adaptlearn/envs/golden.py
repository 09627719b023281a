"""A golden play of every world: one life anyone can read, and the means of a few hundred, kept beside the world's data.

A change of a world, a law or the story shows here in words before it shows in a table. Write them anew, on purpose:

    python -m adaptlearn.envs.golden            # every world on the shelf; or names, or folders
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.room import Classroom
from adaptlearn.core.shelf import names
from adaptlearn.core.world import World, load
from adaptlearn.envs.registry import rules
from adaptlearn.envs.single import LearnerEnv

LEARNER, LUCK, MANY = 3, 1, 400
FILE = "golden.txt"
ABOUT = """\
Offered: the first activity of the catalogue that is legal and untried, else nothing now. Rounded figures.
believed: what the record thinks the target is worth today; kept: what it will truly be worth at the retention check.
Written by python -m adaptlearn.envs.golden
"""


def in_order(room: Classroom) -> NDArray[np.int32]:
    """The author's order: the first activities that are legal and untried.   -> [N, places]"""
    fresh = (room.mask > 0) & (room.visits == 0)
    fresh[:, 0] = False
    ranked = np.argsort(~fresh, 1, kind="stable")[:, : room.offers.shape[1]]
    return np.where(np.take_along_axis(fresh, ranked, 1), ranked, 0).astype(np.int32)


def play(world: World | str) -> str:
    """The golden play of a world, under the workplace law and the world's own terms."""
    terms = rules(world)
    env = LearnerEnv(terms, render_mode="ansi")
    env.reset(seed=LUCK, options={"learner": LEARNER})
    ended = False
    while not ended:
        offer = in_order(env.room)[0]
        _, _, left, over, _ = env.step(offer if env.slate else offer[0])
        ended = left or over
    return f"{ABOUT}\n{env.render()}\n{means(Classroom(terms, MANY, LUCK).begin(np.arange(MANY)))}\n"


def means(room: Classroom) -> str:
    """What becomes of a roomful under the same rule."""
    start, left = float(room.now("value").mean()), np.zeros(room.n, bool)
    while room.alive.any():
        room.step(in_order(room))
        left |= room.flags[:, 0] > 0
    value, minutes, completed = (float(room.now(name).mean()) for name in ("value", "minutes", "completed"))
    spent = f"{minutes:.0f} min, {completed:.1f} finished, {left.mean():.0%} left early"
    return f"{room.n} learners: kept {start:.2f} untaught, {value:.2f} taught; {spent}"


def write(name: str) -> Path:
    """Play a world and keep the play in its folder."""
    world = load(name)
    assert world.folder is not None
    file = world.folder / FILE
    file.write_text(play(world), "utf-8")
    return file


if __name__ == "__main__":
    for chosen in sys.argv[1:] or names("envs"):
        print(write(chosen))
