"""What the platform sees of a step: the record after an event, the view of it, and what may be offered next.

A template like ``kernel``, from which it takes one small question; the formulas are those of ``core.record``.
"""
# ruff: noqa: F821, PLR0913

from adaptlearn.classroom.kernel import *  # noqa: F403
from adaptlearn.classroom.layout import *  # noqa: F403  (integer constants; the generator writes their values)
from adaptlearn.classroom.slots import each, learner, record


def remember(i, a, outcome, completed, asked, shown, now_day, minutes, stars, items, correct, answers,
             offered,
             links, index, weight, tracer, rec, view):  # fmt: skip
    """The record after an event; activities enter by what they are declared to be."""
    n_skills, share = tracer.shape[0], record.share_done(completed)
    declared = shown[a]
    for e in range(links[DECLARED, a], links[DECLARED, a + 1]):
        if success_on(i, a, index[e], answers, links, index, weight)[0] < 0.5:  # asked skills come below
            observe(i, index[e], weight[e], share, 0.0, 0.0, now_day, tracer, rec, view)
    start = links[ASSESSES, a]
    for e in range(start, links[ASSESSES, a + 1]):
        taught = float32(0.0)
        for d in range(links[DECLARED, a], links[DECLARED, a + 1]):
            if index[d] == index[e]:
                taught = weight[d]
        n, right = asked * weight[e], asked * float32(answers[i, e - start])
        observe(i, index[e], taught, share, n, right, now_day, tracer, rec, view)
    skipped = float32(outcome == SKIPPED)
    totals_at = n_skills * N_PER_SKILL + 2 * N_AXES
    old = record.Totals_from(rec, i, totals_at)
    success = float32(correct) / maximum(float32(items), 1.0)
    staff, cost = declared.staff_minutes * (1.0 - skipped), declared.cost * (1.0 - skipped)
    new = record.observe_totals(old, now_day, skipped, completed, minutes, declared.minutes, staff, cost,
                                float32(items > 0),
                                success, stars)  # fmt: skip
    record.Totals_write(rec, i, totals_at, new)
    if outcome != REST:
        lean(i, shown[offered], record.reaction_of(skipped, completed, stars), n_skills, rec)


def observe(i, k, weight, share, items, correct, now_day, tracer, rec, view):
    n = tracer.shape[0]
    new = record.observe_skill(record.Belief_over(rec, i, k, n), tracer[k], now_day, weight, share, items, correct)
    record.Belief_spread(rec, i, k, n, new)
    _, answered, _, taught, _ = record.view_skill(new, tracer[k], now_day, 0.0)
    view[i, n + k], view[i, 3 * n + k] = answered, taught


def lean(i, activity, reaction, n_skills, rec):
    """The belief over format preferences after one reaction; the last axis is the learner's general kindness."""
    at = n_skills * N_PER_SKILL
    v, a, t, k, live, bite, social, onsite = learner.format_of(activity)
    x = (v, a, t, k, live, bite, social, onsite, float32(1.0))
    expected, total = float32(0.0), record.FORMAT_NOISE
    for j in range(N_AXES):
        expected += rec[i, at + j] * x[j]
        total += rec[i, at + N_AXES + j] * x[j] * x[j]
    share = 1.0 / total
    for j in range(N_AXES):
        mean, variance = record.observe_format(
            rec[i, at + j], rec[i, at + N_AXES + j], x[j], reaction - expected, share
        )
        rec[i, at + j], rec[i, at + N_AXES + j] = mean, variance


def face(i, trait, role, terms, tracer, goals, rec, view):
    """The part of the view that time alone does not move, whole: at a birth, and where the destination changes."""
    n = tracer.shape[0]
    for k in range(n):
        belief, target = record.Belief_over(rec, i, k, n), goals[role, 0, k]
        if WISHING:
            target = record.heeded(target, goals[int64(trait.said), 0, k], terms.heed)
        _, view[i, n + k], _, view[i, 3 * n + k], view[i, 4 * n + k] = record.view_skill(belief, tracer[k], 0.0, target)
    at = 5 * n + 2 * N_AXES
    for j in range(N_MOTIVES + N_MODES):
        view[i, at + j] = 0.0
    view[i, at + int64(trait.motive)] = 1.0
    view[i, at + N_MOTIVES + int64(trait.stated)] = 1.0


def look(i, role, day, tracer, goals, rec, view):
    """What time moves in the view of each skill; ``face`` and ``observe`` keep up the rest.
    -> what the record believes the destination to be worth"""
    n, goal = tracer.shape[0], float32(0.0)
    for k in range(n):
        target = goals[role, 0, k]
        if WISHING:
            target = view[i, 4 * n + k]
        known, _, recency, _, _ = record.view_skill(record.Belief_over(rec, i, k, n), tracer[k], day, target)
        view[i, k], view[i, 2 * n + k] = known, recency
        goal += target * known
    return goal


def believed(i, role, goals, view):
    """What a view believes another destination to be worth; it has been brought up to the day."""
    n, goal = goals.shape[2], float32(0.0)
    for k in range(n):
        target = goals[role, 0, k]
        if WISHING:
            target = view[i, 4 * n + k]
        goal += target * view[i, k]
    return goal


def sum_up(i, trait, goal, day, terms, n_skills, rec, view):
    """The rest of the view: format preferences and totals."""
    at, source = 5 * n_skills, n_skills * N_PER_SKILL
    for j in range(N_AXES):
        mean, variance = rec[i, source + j], rec[i, source + N_AXES + j]
        view[i, at + j], view[i, at + N_AXES + j] = mean, sqrt(variance)
    at += 2 * N_AXES
    standing = record.Standing(terms.mandatory, trait.weekly_minutes, terms.horizon, terms.retention_day)
    totals = record.view_totals(record.Totals_from(rec, i, source + 2 * N_AXES), standing, goal, day)
    at += N_MOTIVES + N_MODES
    for j in range(N_TOTALS):
        view[i, at + j] = totals[j]


def allow(i, day, weekly_minutes, terms, durations, fits, open_days, legal_words, mask_words):
    """Legality as the AND of rows, WIDE activities at a time: still allowed, open today, short enough for the minutes
    left; rest always.   legal_words, mask_words, fits, open_days [., W]"""
    left = maximum(terms.horizon - day, 0.0) * weekly_minutes / 7.0
    bucket = durations.shape[0]
    while bucket > 0 and durations[bucket - 1] > left:
        bucket -= 1
    today = minimum(int64(day), int64(open_days.shape[0] - 1))
    for w in range(mask_words.shape[1]):
        mask_words[i, w] = legal_words[i, w] & open_days[today, w] & fits[bucket, w]
    mask_words[i, 0] |= ONE  # activity 0 is "nothing now"


def recall(rows, days, visits, last, out):
    """Per-activity history of some rows as policies read it.   rows [n], visits, last [N, A] -> out [n, A, 3]"""
    for r in each(rows.shape[0]):
        i = rows[r]
        for a in range(visits.shape[1]):
            seen = visits[i, a] > 0
            out[r, a, 0] = float32(visits[i, a]) * 0.5
            out[r, a, 1] = 7.0 / (7.0 + days[i] - last[i, a]) if seen else float32(0.0)
            out[r, a, 2] = float32(seen)
