"""The story: one decision step of one learner, in ten steps, and nothing else.

A template, not a module to call: ``generate`` joins it with a law, a behaviour, the record, luck and a reward, and
compiles the whole. ``law.f`` becomes that law's text; ``traits[i].rate`` reads a structured row, ``T_from`` and its
kind read a NamedTuple out of a larger row (``generate.row_text``); float literals become float32. Rows are [N, ...],
one per learner.

Luck: ``key`` is the learner's, ``now`` the step; a purpose and a draw index complete every address.
"""
# ruff: noqa: F821, PLR0913

from adaptlearn.classroom.layout import *  # noqa: F403  (integer constants; the generator writes their values)
from adaptlearn.classroom.slots import behaviour, law, layout, learner, luck, record, reward, world


def uniform(key, purpose, now, draw):
    return luck.unit_of(luck.bits_at(key, purpose, now, uint64(draw)))


def normal(key, purpose, now, draw):
    return luck.normal_of(luck.bits_at(key, purpose, now, uint64(draw)))


# --- a learner is born ----------------------------------------------------------------------------------------------


def draw_traits(i, key, tables, traits):
    """One learner's traits; the twin of Population.draw.   tables [J, W] -> traits [N, P] as plain rows"""
    row = int64(uniform(key, luck.POPULATION, ONE, 7) * float32(tables.shape[0]))
    for j in range(N_DRAWN):
        z = normal(key, luck.POPULATION, ZERO, j)
        mean, sd, logged = tables[row, j], tables[row, N_DRAWN + j], tables[row, 2 * N_DRAWN + j]
        traits[i, j] = learner.trait_value(mean, sd, logged, z)
    best, said = float32(-1e9), 0
    for j in range(N_MODES):
        noise = tables[row, STATED + 6] * normal(key, luck.POPULATION, ZERO, N_DRAWN + j)
        drive = tables[row, STATED + 4] * traits[i, 3 + j] + tables[row, STATED + 5] * traits[i, 7 + j]
        if drive + noise + tables[row, STATED + j] > best:
            best, said = drive + noise + tables[row, STATED + j], j
    traits[i, N_DRAWN] = float32(said)
    for j in range(N_SHARES):
        start, chosen = 3 * N_DRAWN + j * MOST_GROUPS, 0
        if j == 1:  # where a motive leads
            start = 3 * N_DRAWN + (N_SHARES + int64(traits[i, N_DRAWN + 1])) * MOST_GROUPS
        u = uniform(key, luck.POPULATION, ONE, j)
        while chosen < MOST_GROUPS - 1 and u >= tables[row, start + chosen]:
            chosen += 1
        traits[i, N_DRAWN + 1 + j] = float32(chosen)
    rate, day, n_roles = tables[row, STATED + 7], tables[row, STATED + 8], tables[row, STATED + 9]
    scripted, other, role = tables[row, STATED + 10], tables[row, STATED + 11], traits[i, N_DRAWN + 2]
    traits[i, N_DRAWN + 5], traits[i, N_DRAWN + 6] = NEVER, role
    if other < 0.0:
        hop = 1.0 + floor(uniform(key, luck.POPULATION, ONE, 6) * (n_roles - 1.0))
        other = float32(int64(role + hop) % int64(n_roles))
    if uniform(key, luck.POPULATION, ONE, 4) < rate and n_roles > 1.5 and other != role:
        waited = -log(1.0 - uniform(key, luck.POPULATION, ONE, 5))
        traits[i, N_DRAWN + 5] = day if scripted > 0.5 else day * waited
        traits[i, N_DRAWN + 6] = other
    traits[i, N_DRAWN + 7], traits[i, N_DRAWN + 8] = role, role
    if WISHING:
        wish(i, key, row, n_roles, tables, traits)


def wish(i, key, row, n_roles, tables, traits):
    """Where the learner would head themselves, and where they say they would."""
    motive, own = int64(traits[i, N_DRAWN + 1]), traits[i, N_DRAWN + 2]
    if uniform(key, luck.POPULATION, ONE, 8) >= tables[row, STATED + 12 + motive]:
        u, start, chosen = uniform(key, luck.POPULATION, ONE, 9), 3 * N_DRAWN + (N_SHARES + motive) * MOST_GROUPS, 0
        while chosen < MOST_GROUPS - 1 and u >= tables[row, start + chosen]:
            chosen += 1
        own = float32(chosen)
    traits[i, N_DRAWN + 7], traits[i, N_DRAWN + 8] = own, own
    if uniform(key, luck.POPULATION, ONE, 10) < tables[row, STATED + 12 + N_MOTIVES] and n_roles > 1.5:
        hop = 1.0 + floor(uniform(key, luck.POPULATION, ONE, 11) * (n_roles - 1.0))
        traits[i, N_DRAWN + 8] = float32(int64(own + hop) % int64(n_roles))


def resemble(i, key, seed, terms, ids, tables, traits):
    """Ability as it is in a cohort: in part common to all its members, with the same spread as anybody's."""
    row = int64(uniform(key, luck.POPULATION, ONE, 7) * float32(tables.shape[0]))
    common = normal(luck.key_of(seed, ids[i] // uint64(terms.cohort_size)), luck.COHORT, ZERO, 0)
    own = normal(key, luck.POPULATION, ZERO, 0)
    z = sqrt(1.0 - terms.likeness) * own + sqrt(terms.likeness) * common
    traits[i, 0] = learner.trait_value(tables[row, 0], tables[row, N_DRAWN], tables[row, 2 * N_DRAWN], z)


def worth(i, mind, touched, role, retention_day, skills, goals, law_p):
    """Forecast worth of a destination at the retention check, and with needed prerequisites counted in."""
    value, potential = float32(0.0), float32(0.0)
    for k in range(skills.shape[0]):
        if goals[role, 1, k] > 0.0:
            days = maximum(retention_day - touched[i, k], 0.0)
            level = law.forecast(law.Mind_in(mind, i, k), days, skills[k], law_p)
            value += goals[role, 0, k] * level
            potential += goals[role, 1, k] * level
    return value, potential


def be_born(i, seed, terms, law_p, behaviour_p, skills, tracer, goals, newcomer, population, legal_first,
            ids, traits, drawn, mind, touched, life, lives, rec, visits, last, legal_words):  # fmt: skip
    """A new life in row i: traits, mind, record, nothing behind it."""
    key = luck.key_of(seed, ids[i])
    draw_traits(i, key, population, drawn)
    if TOGETHER:
        resemble(i, key, seed, terms, ids, population, drawn)
    trait = traits[i]
    for k in range(skills.shape[0]):
        z, u = normal(key, luck.BEGIN, ZERO, k), uniform(key, luck.BEGIN, ONE, k)
        law.Mind_put(mind, i, k, law.begin(skills[k], trait, z, u, law_p))
        touched[i, k] = 0.0
    for r in range(rec.shape[1]):
        rec[i, r] = newcomer[r]
    for a in range(visits.shape[1]):
        if visits[i, a] > 0:  # of whoever lived here before
            visits[i, a], last[i, a] = 0, -1.0
    for w in range(legal_words.shape[1]):
        legal_words[i, w] = legal_first[w]
    for j in range(lives.shape[1]):
        lives[i, j] = 0.0
    value, potential = worth(i, mind, touched, int64(trait.role), terms.retention_day, skills, goals, law_p)
    life[i].role, life[i].alive = trait.role, 1.0
    life[i].value, life[i].potential = value, potential
    life[i].motivation = behaviour.home_mood(trait, behaviour_p)


# --- small questions of the story -----------------------------------------------------------------------------------


def mind_now(i, k, day, mind, touched, law_p):
    """Skill k of learner i, faded to this day."""
    return law.forget(law.Mind_in(mind, i, k), maximum(day - touched[i, k], 0.0), law_p)


def carried(i, table, row, day, links, index, skills, mind, touched, law_p):
    """Product of the law's support over a row of linked skills."""
    ready = float32(1.0)
    for e in range(links[table, row], links[table, row + 1]):
        k = index[e]
        ready *= law.supports(mind_now(i, k, day, mind, touched, law_p), skills[k], law_p)
    return ready


def prepare(i, a, day, ready, links, index, skills, mind, touched, law_p):
    """How far learner i is ready for each skill the activity teaches (its prerequisites and the activity's own, each
    once), kept in ready[i].   -> the worst of them"""
    start, stop = links[TEACHES, a], links[TEACHES, a + 1]
    if start == stop:
        return carried(i, REQUIRES, a, day, links, index, skills, mind, touched, law_p)
    worst = float32(1.0)
    for e in range(start, stop):
        ready[i, e - start] = carried(i, GATES, e, day, links, index, skills, mind, touched, law_p)
        worst = minimum(worst, ready[i, e - start])
    return worst


def alignment(activity, trait, terms):
    """How far the activity's modes meet the style that meshing acts on, in this world."""
    said = int64(trait.stated)
    modes = (activity.visual, activity.auditory, activity.textual, activity.kinesthetic)
    apt = (trait.aptitude_visual, trait.aptitude_auditory, trait.aptitude_textual, trait.aptitude_kinesthetic)
    best = 0
    for j in range(N_MODES):
        if apt[j] > apt[best]:
            best = j
    return terms.on_stated * (modes[said] - 0.25) + terms.on_aptitude * (modes[best] - 0.25)


def serves(a, role, links, index, weight, goals):
    """Target weight that an activity is declared to teach."""
    target = float32(0.0)
    for e in range(links[DECLARED, a], links[DECLARED, a + 1]):
        target += goals[role, 0, index[e]] * weight[e]
    return target


def favourite(i, key, now, mask, offers, free, day, role, trait, behaviour_p, acts, goals, links, index, weight,
              skills, mind, touched, law_p):  # fmt: skip
    """What appeals most, with Gumbel luck addressed by activity; free: of all that is legal, else of the offer."""
    best, chosen = float32(-1e9), 0
    for j in range(acts.shape[0] if free else offers.shape[1]):
        a = j if free else int64(offers[i, j])
        if a > 0 and mask[i, a] > 0:
            ready = carried(i, REQUIRES, a, day, links, index, skills, mind, touched, law_p)
            target = serves(a, role, links, index, weight, goals)
            appeal = behaviour.appeal(acts[a], trait, target, ready, behaviour_p)
            u = uniform(key, luck.CHOICE, now, a)
            gumbel = -log(-log(u * 0.999998 + 0.000001))
            if appeal + gumbel > best:
                best, chosen = appeal + gumbel, a
    return chosen


# --- one visit: attempt, then learn; the timetable driver uses the same two ------------------------------------------


def attempt(i, a, key, now, day, difficulty, answers, links, index, weight, skills, mind, touched, law_p):
    """Items on what is assessed: one Bernoulli draw each.   -> items, correct (over all assessed skills)"""
    items, correct = 0, 0
    start = links[ASSESSES, a]
    for e in range(start, links[ASSESSES, a + 1]):
        k = index[e]
        p = law.p_answer(mind_now(i, k, day, mind, touched, law_p), difficulty, skills[k], law_p)
        right = 0
        for q in range(int64(weight[e])):
            if uniform(key, luck.ANSWER, now, k * MOST_ITEMS + q) < p:
                right += 1
        answers[i, e - start] = right
        items += int64(weight[e])
        correct += right
    return items, correct


def success_on(i, a, k, answers, links, index, weight):
    """Whether skill k was asked about during the visit, and the share correct."""
    start = links[ASSESSES, a]
    for e in range(start, links[ASSESSES, a + 1]):
        if index[e] == k:
            return float32(1.0), float32(answers[i, e - start]) / weight[e]
    return float32(0.0), float32(0.0)


def study(i, a, key, now, day, fraction, asked, match, depth, drive, trait, activity, ready, answers, visits, links,
          index, weight, skills, mind, touched, life, goals, terms, law_p, company, asks_all, helped):  # fmt: skip
    """Learning on everything the activity truly teaches.   -> level so far of the best taught skill"""
    best, start = float32(0.0), links[TEACHES, a]
    role = int64(life[i].role)
    days = maximum(terms.retention_day - day, 0.0)
    for e in range(start, links[TEACHES, a + 1]):
        k = index[e]
        skill = skills[k]
        before = mind_now(i, k, day, mind, touched, law_p)
        tested, success = success_on(i, a, k, answers, links, index, weight)
        peers = 0.0
        if TOGETHER:
            peers = company[i, FIRST_LEVEL + 2 * k + int64(asks_all)] if company[i, OTHERS] > 0.5 else 0.0
        exposure = learner.Exposure(weight[e] * depth, fraction, ready[i, e - start], match, float32(visits[i, a]),
                                    drive, tested * asked, success, peers, helped)  # fmt: skip
        z, u = normal(key, luck.LEARN, now, 2 * k), uniform(key, luck.LEARN, now, 2 * k + 1)
        after = law.learn(before, exposure, activity, skill, trait, z, u, law_p)
        if goals[role, 1, k] > 0.0:  # the destination rests on it
            gained = law.forecast(after, days, skill, law_p) - law.forecast(before, days, skill, law_p)
            life[i].value += goals[role, 0, k] * gained
            life[i].potential += goals[role, 1, k] * gained
        best = maximum(best, law.level(before, skill, law_p))
        law.Mind_put(mind, i, k, after)
        touched[i, k] = day
    return best
