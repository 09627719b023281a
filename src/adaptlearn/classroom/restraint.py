"""The department's rules in imagined lives: what they take out of a mask, and what a visit leaves behind. A template.

The twin of ``guardrails``, for plans that reach ahead of what has happened: a gate may open in a life that is only
imagined. What the rules must know of a life stands in its row of ``legal``, beside the first bit of each byte, and so
goes wherever the row goes:

    bit 0: still allowed · bit 1: passed, where there is a mark · bits 2 to 7: week of the last live visit, from 1

Axes: A activities; rows as in ``rehearsal``.
"""
# ruff: noqa: F821, PLR0913

from adaptlearn.classroom.kernel import *  # noqa: F403
from adaptlearn.classroom.layout import *  # noqa: F403  (integer constants; the generator writes their values)


def noted(i, a, day, completed, items, correct, visits, legal, terms, meets):
    """What a visit that was just counted leaves in the row."""
    kept = int64(legal[i, a])
    if float32(visits[i, a]) >= terms.repeats:
        kept = kept - kept % 2
    share = float32(correct) / maximum(float32(items), 1.0)
    if meets[a].mark > 0.0 and completed > 0.5 and share >= meets[a].mark - 0.00001 and (kept // 2) % 2 == 0:
        kept += 2
    if meets[a].live > 0.5:
        kept = kept % 4 + 4 * minimum(int64(day / 7.0) + 1, 62)
    legal[i, a] = kept


def has_met(i, a, visits, legal, meets):
    """Whether an activity was taken, and passed where it has a mark."""
    return visits[i, a] > 0 and (meets[a].mark <= 0.0 or (int64(legal[i, a]) // 2) % 2 == 1)


def restrain(i, day, weekly_minutes, visits, legal, mask, meets):
    """Take what the rules forbid out of a mask that ``allow`` has just written, in the order of ``Guardrails``."""
    n_acts, week, held = meets.shape[0], minimum(int64(day / 7.0) + 1, 62), 0
    for a in range(1, n_acts):
        if meets[a].gate >= 0.0 and not has_met(i, int64(meets[a].gate), visits, legal, meets):
            mask[i, a] = 0
        held += 1 if meets[a].live > 0.5 and visits[i, a] > 0 and int64(legal[i, a]) // 4 == week else 0
    for a in range(1, n_acts):
        if meets[a].live > 0.5 and meets[0].live >= 0.0:
            again = visits[i, a] > 0 and int64(legal[i, a]) // 4 == week
            mask[i, a] = 0 if again or float32(held) >= meets[0].live else mask[i, a]
    keep_dates(i, day, weekly_minutes, visits, legal, mask, meets)
    waiting = 0
    for a in range(1, n_acts):
        waiting += 1 if owed_pin(i, a, visits, legal, mask, meets) else 0
    if waiting > 0:
        for a in range(1, n_acts):
            mask[i, a] = 1 if owed_pin(i, a, visits, legal, mask, meets) else 0


def owed_pin(i, a, visits, legal, mask, meets):
    return meets[a].pinned > 0.5 and mask[i, a] > 0 and not has_met(i, a, visits, legal, meets)


def keep_dates(i, day, weekly_minutes, visits, legal, mask, meets):
    """Nothing that would leave too few minutes for what is due: earliest due day first (Jackson 1955)."""
    need, spare, turn = float32(0.0), float32(1e9), 0
    while turn < meets.shape[0] and meets[turn].line >= 0.0:
        a = int64(meets[turn].line)
        if mask[i, a] > 0 and not has_met(i, a, visits, legal, meets):
            mask[i, a] = 0 if meets[a].minutes > spare else 1  # waits only for what is due before it
            need += 2.0 * meets[a].minutes
            spare = minimum(spare, maximum(meets[a].due - day, 0.0) * weekly_minutes / 7.0 - need)
        turn += 1
    for a in range(1, meets.shape[0]):
        bound = meets[a].due < 0.0 or has_met(i, a, visits, legal, meets)
        if bound and meets[a].minutes > spare:
            mask[i, a] = 0
