"""A learner's own word about what they know: an event like any other, and the belief answers."""

from dataclasses import replace

import numpy as np

from .bundled import Record, Refused, Runtime, contract


def self_reported(runtime: Runtime, record: Record, skill: str, knows: bool, day: float) -> Record:
    """The record after a learner said "I know this" or "I do not".

    It counts as one item of that skill answered right or wrong, no more: people's word about their own knowledge is
    worth something and not very much (correlations of about .3 with tests: Mabe & West 1982). Nothing is taught by it
    and no format is judged by it.

    Raises:
        Refused: a skill the bundle does not speak of.
    """
    k = contract.known("skill", skill, runtime.contract.skill_at)
    when = max(contract.number("day", day, 0.0, 1e5, "3.5"), record.day)
    items = np.zeros((1, len(runtime.contract.skills)), np.float32)
    items[0, k] = 1.0
    happened = {**dict.fromkeys(runtime.contract["happened_names"], 0.0), "has_event": 1.0, "day": when}
    told = {"happened": np.array([list(happened.values())], np.float32), "items": items, "correct": items * knows}
    row = runtime.graph({**runtime.feeds([record], [when]), **told})["record_after"][0]
    if not np.isfinite(row).all():
        raise Refused("skill", "a record that is not finite", "a record that the bundle can read")
    return replace(record, row=row, day=when, step=record.step + 1)


__all__ = ["self_reported"]
