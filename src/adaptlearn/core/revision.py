"""A catalogue after its next revision: some activities withdrawn, as many new; what a policy meets a year later.

A new activity stands for one that its author wrote again: it teaches, presumes and serves what that one does, and is
made like another activity of the catalogue (kind, media, length, help, feedback, place, company, cost). So nothing in
it is out of the ordinary, and no policy has seen it. Draws are addressed by ids.
"""

from dataclasses import replace
from itertools import chain

import numpy as np

from adaptlearn.core import luck
from adaptlearn.core.catalogue import Activity
from adaptlearn.core.world import World

WITHDRAWN, RENEWED, MADE_LIKE = 11, 12, 13  #: steps of the address, beside those of a catalogue's errors
NEW = "-new"  #: in the id of a new activity, before the seed: what is new in another revision is another activity
MAKE = (
    "learning_resource_type", "access_mode", "time_required", "interactivity_type", "assistance", "feedback",
    "difficulty", "timing", "window", "place", "delivery", "authenticity", "social", "staff_minutes", "cost",
    "capacity",
)  # fmt: skip


def revised(world: World, share: float, seed: int = 0) -> World:
    """The declared world with this share of its activities withdrawn and as many new ones.

    Activities that the department's rules name stay. The programme, the skills and the roles are the same.

    Raises:
        ValueError: a share outside 0 to 0.5, or of more activities than rules leave free.
    """
    if not 0.0 <= share <= 0.5:
        raise ValueError(f"revised = {share}; needed a share of the catalogue from 0 to 0.5, e.g. 0.2")
    named, count = {*chain(*world.rules.named().values())}, round(share * (len(world.activities) - 1))
    free = [a for a in world.activities[1:] if a.id not in named]
    taught = [a for a in world.activities[1:] if a.teaches]
    if count > min(len(free), len(taught)):
        raise ValueError(f"revised = {share}: {count} activities; found {len(free)} that no rule names and "
                         f"{len(taught)} that teach; needed fewer, e.g. 0.1")  # fmt: skip
    gone = {a.id for a in _lowest(free, WITHDRAWN, seed)[:count]}
    again = {a.id for a in _lowest(taught, RENEWED, seed)[:count]}
    kept: list[Activity] = [world.activities[0]]
    for activity in world.activities[1:]:
        kept += [] if activity.id in gone else [activity]
        kept += [_new(activity, taught, seed)] if activity.id in again else []
    return replace(world, activities=tuple(kept))


def _lowest(activities: list[Activity], purpose: int, seed: int) -> list[Activity]:
    """In the order of a draw of each one's own."""
    u = luck.uniform(seed, luck.CATALOGUE, luck.addresses_of(a.id for a in activities), purpose)
    return [activities[j] for j in np.argsort(u, kind="stable")]


def _new(old: Activity, models: list[Activity], seed: int) -> Activity:
    """What the old one teaches, made like another one."""
    others = [a for a in models if a.id != old.id]
    like = _lowest([replace(a, id=f"{old.id} {a.id}") for a in others], MADE_LIKE, seed)[0] if others else old
    items = max((n for _, n in like.assesses), default=0)
    return replace(
        old, id=f"{old.id}{NEW}{seed}", title=f"{old.title} (new)", **{name: getattr(like, name) for name in MAKE},
        assesses=tuple((skill, items) for skill, _ in old.teaches) if items else (),
        assessment_role="formative" if items else "none",
    )  # fmt: skip
