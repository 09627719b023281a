"""Minds drawn along a record: what a learner may be like, given the law, the population and what the platform saw.

A template. Particles are births of the population; after every event each is weighed by how likely it made what
happened (the offer taken, the visit finished, the answers), then lives through the visit as it happened, with its own
luck. When few of them carry most of the weight they are drawn anew (Gordon, Salmond & Smith 1993): traits are jittered
so that mean and spread stay (Liu & West 2001), and minds of skills that no event has touched are born again.

Axes: N learners, M particles of each, one after the other in rows; K skills, A activities.
"""
# ruff: noqa: F821, PLR0913

from adaptlearn.classroom.kernel import *  # noqa: F403
from adaptlearn.classroom.layout import *  # noqa: F403
from adaptlearn.classroom.rehearsal import *  # noqa: F403
from adaptlearn.classroom.slots import behaviour, law, learner, luck
from adaptlearn.classroom.story import *  # noqa: F403


def likely(i, a, seen, day, difficulty, links, index, weight, answers, skills, mind, touched, law_p):
    """Log of P(these answers | particle i).   answers [N, .] of learner ``seen``: right per assessed skill"""
    total, start = float32(0.0), links[ASSESSES, a]
    for e in range(start, links[ASSESSES, a + 1]):
        k, right = index[e], float32(answers[seen, e - start])
        p = law.p_answer(mind_now(i, k, day, mind, touched, law_p), difficulty, skills[k], law_p)
        total += right * log(maximum(p, 0.000001)) + (weight[e] - right) * log(maximum(1.0 - p, 0.000001))
    return total


def came_about(happened, p):
    """Log of the chance of a yes or a no."""
    return log(maximum(p, 0.000001)) if happened else log(maximum(1.0 - p, 0.000001))


def lived_through(i, n, a, completed, items, day, key, now, trait, before, terms, law_p, behaviour_p, skills, acts,
                  links, index, weight, goals, mind, touched, life, visits, legal, answers, seen_answers, ready,
                  company):  # fmt: skip
    """Particle i lives through the visit that learner n made.   -> log of its chance"""
    activity = acts[a]
    worst = prepare(i, a, day, ready, links, index, skills, mind, touched, law_p)
    p = behaviour.p_finish(activity, trait, before, terms.mandatory, worst, behaviour_p)
    chance = came_about(completed > 0.5, p)
    asked, right = float32(items > 0), 0
    for j in range(answers.shape[1]):
        answers[i, j] = seen_answers[n, j] if items > 0 else 0
        right += int64(answers[i, j])
    if items > 0:
        hardness = behaviour.hardness(activity, trait, behaviour_p)
        chance += likely(i, a, n, day, hardness, links, index, weight, seen_answers, skills, mind, touched, law_p)
    success = float32(right) / maximum(float32(items), 1.0)
    match = terms.beta * alignment(activity, trait, terms) if terms.beta != 0.0 else float32(0.0)
    fraction = float32(1.0) if completed > 0.5 else behaviour_p.effort_unfinished
    best = study(i, a, key, now, day, fraction, asked, match, behaviour.depth(activity, trait, behaviour_p),
                 before.motivation, trait, activity, ready, answers, visits, links, index, weight, skills, mind,
                 touched, life, goals, terms, law_p, company, 0.0, 0.0)  # fmt: skip
    target = serves(a, int64(before.role), links, index, weight, goals)
    life[i].motivation = behaviour.mood(before, trait, activity, success, asked, best, worst, target, behaviour_p)
    trouble = (1.0 - success) * asked + (1.0 - completed) * (1.0 - asked)
    life[i].strain += 0.3 * (trouble - before.strain)
    visits[i, a] += 1
    legal[i, a] = 0 if float32(visits[i, a]) >= terms.repeats else legal[i, a]
    return chance


def witness(seed, step_of, rows, per, event, offers, seen_answers, days, roles, terms_row, law_row, behaviour_row,
            skills, acts, links, index, weight, goals, ids, traits, mind, touched, life, visits, legal, answers, ready,
            company, told, weights):  # fmt: skip
    """What happened to the named learners happens to their particles, and weighs them.

    rows [n] learners; per: M; event [N, .], offers [N, k], seen_answers [N, .]: of the platform; days, roles [N] after
    the event; told [N, K]: 1 where an event has touched a skill -> weights [N * M], logs
    """
    terms, law_p, behaviour_p = terms_row[0], law_row[0], behaviour_row[0]
    for r in range(rows.shape[0]):
        n = rows[r]
        a, day, outcome = int64(event[n, EVENT_TAKEN]), event[n, EVENT_DAY], int64(event[n, EVENT_OUTCOME])
        completed, items = event[n, EVENT_COMPLETED], int64(event[n, EVENT_ITEMS])
        about = int64(offers[n, 0])
        for table in (TEACHES, ASSESSES):
            for e in range(links[table, a], links[table, a + 1]):
                told[n, index[e]] = 1
        for j in range(per):
            i = n * per + j
            key, now = luck.key_of(seed, ids[i]), uint64(step_of[n])
            trait, before = traits[i], learner.Life_copy(life, i)
            if outcome in (TAKEN, SKIPPED):
                p = accepts(about, trait, before, terms, 0.0, acts, behaviour_p)
                weights[i] += came_about(outcome == TAKEN, p)
            if a > 0:
                weights[i] += lived_through(
                    i, n, a, completed, items, day, key, now, trait, before, terms, law_p, behaviour_p, skills, acts,
                    links, index, weight, goals, mind, touched, life, visits, legal, answers, seen_answers,
                    ready, company)  # fmt: skip
            life[i].day, life[i].role = days[n], roles[n]


def few(first, per, weights, share):
    """Weights of a learner's particles become shares of 1.   -> whether fewer than this share of them would do"""
    top, total, squares = weights[first], float32(0.0), float32(0.0)
    for i in range(first, first + per):
        top = maximum(top, weights[i])
    for i in range(first, first + per):
        weights[i] = exp(weights[i] - top)
        total += weights[i]
    for i in range(first, first + per):
        weights[i] = weights[i] / total
        squares += weights[i] * weights[i]
    return 1.0 / squares < share * float32(per)


def jittered(first, per, key, turn, width, drawn, logged):
    """Traits move a little, so that no two particles are the same; mean and spread stay.   Liu & West (2001)"""
    for j in range(logged.shape[0]):
        mean, square = float32(0.0), float32(0.0)
        for i in range(first, first + per):
            x = log(drawn[i, j]) if logged[j] > 0.5 else drawn[i, j]
            mean, square = mean + x / float32(per), square + x * x / float32(per)
        spread = sqrt(maximum(square - mean * mean, 0.0))
        for i in range(first, first + per):
            x = log(drawn[i, j]) if logged[j] > 0.5 else drawn[i, j]
            z = normal(key, luck.POPULATION, turn, (i - first) * logged.shape[0] + j)
            x = mean + sqrt(1.0 - width * width) * (x - mean) + width * spread * z
            drawn[i, j] = exp(x) if logged[j] > 0.5 else x


def renew(seed, step_of, rows, per, share, width, law_row, skills, logged, owners, told, traits, drawn, mind, touched,
          life, lives, visits, legal, weights):  # fmt: skip
    """Draw particles anew where few of them would do; the last M rows are spare.

    share: of particles below which they are drawn anew; width: of the jitter, in spreads; logged [J]: which of the
    first J traits are on a log scale; owners [N] ids; drawn: traits as plain rows
    """
    law_p, legal_words = law_row[0], legal.view(uint64)
    spare = mind.shape[0] - per
    for r in range(rows.shape[0]):
        n = rows[r]
        first, key, turn = n * per, luck.key_of(seed, owners[n]), uint64(step_of[n])
        if few(first, per, weights, share):
            at, run = 0, weights[first]
            u = uniform(key, luck.RESTART, turn, 0)
            for j in range(per):
                while run < (float32(j) + u) / float32(per) and at < per - 1:
                    at += 1
                    run += weights[first + at]
                copied(first + at, spare + j, mind, touched, lives, visits, legal_words, mind, touched, lives, visits,
                       legal_words)  # fmt: skip
                for t in range(drawn.shape[1]):
                    drawn[spare + j, t] = drawn[first + at, t]
            for j in range(per):
                copied(spare + j, first + j, mind, touched, lives, visits, legal_words, mind, touched, lives, visits,
                       legal_words)  # fmt: skip
                for t in range(drawn.shape[1]):
                    drawn[first + j, t] = drawn[spare + j, t]
                weights[first + j] = 1.0 / float32(per)
            jittered(first, per, key, turn, width, drawn, logged)
            for k in range(skills.shape[0]):
                if told[n, k] == 0:
                    for j in range(per):
                        z, u = normal(key, luck.BEGIN, turn, k * per + j), uniform(key, luck.CHOICE, turn, k * per + j)
                        law.Mind_put(mind, first + j, k, law.begin(skills[k], traits[first + j], z, u, law_p))
        for i in range(first, first + per):
            weights[i] = log(maximum(weights[i], 0.000000001))
