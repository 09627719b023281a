"""The second driver over the same law: a timetable instead of a policy, and a test that does not teach. A template.

Nobody chooses, skips, hurries or leaves here: every learner takes every visit in the order written, on the day
written, in the minutes written, at level mood. That is what a trial's protocol says, and all it says. ``timetable`` is
the Python face.

Luck: a visit is addressed by its line of the timetable, a test by its sitting, so two arms with the same lines on
different days share it.
"""
# ruff: noqa: F821, PLR0913

from adaptlearn.classroom.kernel import *  # noqa: F403
from adaptlearn.classroom.layout import *  # noqa: F403
from adaptlearn.classroom.slots import each, law, layout, learner, luck


def asked_on(i, k, n, p, key, purpose, now):
    """How many of n items on skill k are right, one Bernoulli draw each."""
    right = 0
    for q in range(n):
        if uniform(key, purpose, now, k * MOST_ITEMS + q) < p:
            right += 1
    return right


def attend(i, e, key, day, activity, weight, items, repeats, match, trait, skills, mind, touched, law_p):
    """One visit: items on a skill are answered before it is learned; prerequisites are met by protocol."""
    for k in range(skills.shape[0]):
        if weight[e, k] > 0.0:
            before = mind_now(i, k, day, mind, touched, law_p)
            n = int64(items[e, k])
            p = law.p_answer(before, activity.difficulty, skills[k], law_p)
            right = asked_on(i, k, n, p, key, luck.ANSWER, uint64(e))
            success = float32(right) / maximum(float32(n), 1.0)
            exposure = learner.Exposure(weight[e, k], float32(1.0), float32(1.0), match, repeats[e], float32(0.0),
                                        float32(n > 0), success, float32(0.0), float32(0.0))  # fmt: skip
            z, u = normal(key, luck.LEARN, uint64(e), 2 * k), uniform(key, luck.LEARN, uint64(e), 2 * k + 1)
            law.Mind_put(mind, i, k, law.learn(before, exposure, activity, skills[k], trait, z, u, law_p))
            touched[i, k] = day


def teach(seed, terms_row, law_row, skills, days, acts, weight, items, repeats, ids, traits, mind, touched):
    """A whole timetable for every learner.   days [E], acts [E], weight [E, K], items [E, K], repeats [E]"""
    terms, law_p = terms_row[0], law_row[0]
    for i in each(ids.shape[0]):
        key = luck.key_of(seed, ids[i])
        trait = traits[i]
        for e in range(days.shape[0]):
            match = terms.beta * alignment(acts[e], trait, terms)
            attend(i, e, key, days[e], acts[e], weight, items, repeats, match, trait, skills, mind, touched, law_p)


def take(seed, sitting, day, difficulty, law_row, skills, items, form, ids, mind, touched, correct):
    """A test: minds stay as they are.   items [forms, K], form [N] -> correct [N]"""
    law_p = law_row[0]
    for i in each(ids.shape[0]):
        key, total = luck.key_of(seed, ids[i]), 0
        for k in range(skills.shape[0]):
            n = int64(items[form[i], k])
            if n > 0:
                p = law.p_answer(mind_now(i, k, day, mind, touched, law_p), difficulty, skills[k], law_p)
                total += asked_on(i, k, n, p, key, luck.TRIAL, sitting)
        correct[i] = float32(total)
