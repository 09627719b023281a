"""The order of one decision step, as a table of contents; the parts are in ``kernel``. A template like it.

 1 the learner's luck and the offer   2 the offer is accepted, replaced or skipped   3 it is finished or not
 4 what is assessed is attempted      5 learning                                     6 motivation moves
 7 the record is updated              8 the clock moves                              9 the learner stays or leaves
10 reward, view and mask are written

The clock moves at the end, so that a policy always looks at the day on which it decides.
"""
# ruff: noqa: F821, PLR0913

from adaptlearn.classroom.kernel import *  # noqa: F403
from adaptlearn.classroom.layout import *  # noqa: F403
from adaptlearn.classroom.platform import *  # noqa: F403
from adaptlearn.classroom.slots import behaviour, claim, each, law, layout, learner, luck, record, reward, world


def settle(i, key, now, offers, mask, trait, life_now, terms, behaviour_p, acts, goals, links, index, weight,
           skills, mind, touched, law_p):  # fmt: skip
    """What becomes of the offer.   -> activity taken (0 = none), outcome, activity the reaction is about"""
    decides, role = int64(terms.decides), int64(life_now.role)
    if decides == ASSIGN:
        shown = int64(offers[i, 0]) if mask[i, int64(offers[i, 0])] > 0 else 0
        if shown == 0:
            return 0, REST, 0
        if uniform(key, luck.ACCEPT, now, 0) < accepts(shown, trait, life_now, terms, 0.0, acts, behaviour_p):
            return shown, TAKEN, shown
        return 0, SKIPPED, shown
    if WISHING:
        role = int64(trait.own)  # a choice of one's own serves a goal of one's own
    shown, free = 0, decides == SELF
    read = not free and mask[i, int64(offers[i, 0])] > 0
    told = int64(offers[i, 0]) if read else 0  # nobody can see which of a slate was looked at and declined
    for attempt_no in range(2):  # the offer first; some who decline it pick for themselves
        chosen = favourite(i, key, now, mask, offers, free, life_now.day, role, trait, behaviour_p, acts, goals, links,
                           index, weight, skills, mind, touched, law_p)  # fmt: skip
        if attempt_no == 1:
            return (chosen, SUBSTITUTED, chosen) if chosen not in (0, shown) else (0, SKIPPED, told)
        if chosen == 0:
            return 0, REST, 0
        shown = chosen
        if uniform(key, luck.ACCEPT, now, 0) < accepts(shown, trait, life_now, terms, 1.0, acts, behaviour_p):
            return shown, TAKEN, shown
        if free or uniform(key, luck.ACCEPT, now, 1) >= SUBSTITUTE_SHARE:
            return 0, SKIPPED, told
        free = True
    return 0, SKIPPED, told


def accepts(a, trait, life_now, terms, choice, acts, behaviour_p):
    """P(the learner takes activity a)."""
    return behaviour.p_accept(acts[a], trait, life_now, terms.mandatory, choice, behaviour_p)


def visit(i, a, key, now, day, trait, before, met, terms, law_p, behaviour_p, skills, acts, links, index, weight,
          goals, mind, touched, life, visits, answers, ready, company, meets):  # fmt: skip
    """Steps 3 to 6 for an activity that was taken; met: in which mood.   -> completed, minutes, stars, items, right"""
    # 3 finished or not; what does not fit before the end of the programme stays unfinished
    activity = acts[a]
    worst = prepare(i, a, day, ready, links, index, skills, mind, touched, law_p)
    p = behaviour.p_finish(activity, trait, met, terms.mandatory, worst, behaviour_p)
    completed = float32(1.0) if uniform(key, luck.FINISH, now, 0) < p else float32(0.0)
    minutes = behaviour.minutes_taken(activity, trait, completed, normal(key, luck.MINUTES, now, 0), behaviour_p)
    left = (terms.horizon - day) * trait.weekly_minutes / 7.0
    if minutes > left:
        minutes, completed = left, float32(0.0)
    fraction = float32(1.0) if completed > 0.5 else behaviour_p.effort_unfinished
    # 4 attempted: an unfinished activity hands nothing in
    items, correct = 0, 0
    for j in range(answers.shape[1]):
        answers[i, j] = 0
    if completed > 0.5:
        items, correct = attempt(i, a, key, now, day, behaviour.hardness(activity, trait, behaviour_p), answers, links,
                                 index, weight, skills, mind, touched, law_p)  # fmt: skip
    asked, success = float32(items > 0), float32(correct) / maximum(float32(items), 1.0)
    # 5 learned
    match = terms.beta * alignment(activity, trait, terms) if terms.beta != 0.0 else float32(0.0)
    asks_all = helped = 0.0
    if TOGETHER:
        asks_all, helped = meet(i, a, key, now, asked, success, trait, activity, company, meets, behaviour_p)
    best = study(i, a, key, now, day, fraction, asked, match, behaviour.depth(activity, trait, behaviour_p),
                 met.motivation, trait, activity, ready, answers, visits, links, index, weight, skills, mind, touched,
                 life, goals, terms, law_p, company, asks_all, helped)  # fmt: skip
    # 6 motivation
    life[i].strain += 0.3 * ((1.0 - success) * asked + (1.0 - completed) * (1.0 - asked) - before.strain)
    target = serves(a, int64(before.role), links, index, weight, goals)
    life[i].motivation = behaviour.mood(before, trait, activity, success, asked, best, worst, target, behaviour_p)
    if WISHING:
        please(i, serves(a, int64(trait.own), links, index, weight, goals), life, behaviour_p)
    if TOGETHER:
        inspire(i, activity, meets[a], life, company, behaviour_p)
    stars = float32(0.0)
    if completed > 0.5 and uniform(key, luck.RATING, now, 0) < behaviour_p.rating_share:
        stars = behaviour.rating(activity, trait, success, asked, normal(key, luck.RATING, now, 1), behaviour_p)
    return completed, minutes, stars, items, correct


def meet(i, a, key, now, asked, success, trait, activity, company, meets, behaviour_p):
    """Whom the learner learns with.   -> 1 if the best of the others is asked, 1 if a colleague helped after trouble"""
    if company[i, OTHERS] < 0.5:
        return 0.0, 0.0
    p = behaviour.p_ask(trait, asked, success, behaviour_p)
    helped = 1.0 if uniform(key, luck.HELP, now, 0) < p and activity.peer < 0.5 else 0.0
    return maximum(meets[a].community, helped), helped


def please(i, wanted, life, behaviour_p):
    """What serving a goal of one's own does to motivation."""
    life[i].motivation = behaviour.wanted(life[i].motivation, wanted, behaviour_p)


def inspire(i, activity, meeting, life, company, behaviour_p):
    """What the others, their work and a mentor do to motivation."""
    own, others, theirs = life[i].motivation, company[i, OTHERS], company[i, SPIRIT]
    life[i].motivation = behaviour.spirit(own, activity, meeting, others, theirs, behaviour_p)


def withdraw(i, a, about, outcome, key, now, terms, trait, acts, visits, legal, behaviour_p):
    """What may be offered no more: what was taken often enough, and what the learner strikes off."""
    if a > 0 and float32(visits[i, a]) >= terms.repeats:
        legal[i, a] = 0
    if VETOED:
        skipped = outcome == SKIPPED and about > 0
        if skipped and uniform(key, luck.VETO, now, 0) < behaviour.p_veto(acts[about], trait, behaviour_p):
            legal[i, about] = 0


def held_until(a, day, minutes, meets):
    """When an activity that was taken on a day is over: at once begun, or held at its hour of the coming days."""
    start = day
    if meets[a].start >= 0.0:
        start = 7.0 * floor(day / 7.0) + meets[a].start
        start += 7.0 if start < day else 0.0
    return start + minutes / 1440.0


def persuaded(i, key, now, before, terms, life, behaviour_p):
    """The learner as they meet an offer, which may come with a reason."""
    met = before
    if REASONED:
        told = uniform(key, luck.REASON, now, 0) < terms.reasons
        life[i].motivation = behaviour.persuaded(before.motivation, behaviour_p) if told else before.motivation
        met = learner.Life_copy(life, i)
        life[i].motivation = before.motivation
    return met


def pause(a, outcome, day, minutes, u, terms, trait, meets):
    """Days until the next decision; the learner's weekly minutes set the pace, and nobody is in two places."""
    usual = terms.rest_days if a == 0 else maximum(minutes * 7.0 / trait.weekly_minutes, 0.05)
    gap = usual * (0.5 + u) if outcome != REST else usual
    if TOGETHER:
        gap = maximum(gap, held_until(a, day, minutes, meets) - day) if a > 0 else gap
    return gap


def live(i, seed, terms, law_p, behaviour_p, reward_p, skills, tracer, acts, shown, links, index, weight, goals,
         open_days, durations, fits, ids, traits, mind, touched, life, rec, visits, last, legal, legal_words,
         offers, view, mask, mask_words, pay, flags, event, answers, ready, company, meets):  # fmt: skip
    """One step of learner i."""
    # 1 luck, and 2 the offer: accepted, replaced, skipped
    key, now = luck.key_of(seed, ids[i]), uint64(life[i].step)
    trait, before = traits[i], learner.Life_copy(life, i)
    day, role = before.day, int64(before.role)
    met = persuaded(i, key, now, before, terms, life, behaviour_p)
    a, outcome, about = settle(i, key, now, offers, mask, trait, met, terms, behaviour_p, acts, goals, links, index,
                               weight, skills, mind, touched, law_p)  # fmt: skip
    # 3 to 6
    completed, minutes, stars, items, correct = 0.0, 0.0, 0.0, 0, 0
    if a > 0:
        completed, minutes, stars, items, correct = visit(
            i, a, key, now, day, trait, before, met, terms, law_p, behaviour_p, skills, acts, links, index, weight,
            goals, mind, touched, life, visits, answers, ready, company, meets)  # fmt: skip
        visits[i, a], last[i, a] = visits[i, a] + 1, day
    withdraw(i, a, about, outcome, key, now, terms, trait, acts, visits, legal, behaviour_p)
    # 7 the record
    remember(i, a, outcome, completed, float32(items > 0), shown, day, minutes, stars, items, correct, answers,
             about, links, index, weight, tracer, rec, view)  # fmt: skip
    # 8 the clock
    gap = pause(a, outcome, day, minutes, uniform(key, luck.GAP, now, 0), terms, trait, meets)
    # 9 stays or leaves
    leaves = uniform(key, luck.LEAVE, now, 0) < behaviour.p_leave(trait, life[i], gap, terms.mandatory, behaviour_p)
    staff, cost = acts[a].staff_minutes * float32(a > 0), acts[a].cost * float32(a > 0)
    age(i, life, gap, minutes, staff, cost, completed)
    # 10 reward, view, mask
    life[i].assessed = goal = look(i, role, day + gap, tracer, goals, rec, view)
    happening = layout.Happening(minutes, staff, cost, completed, float32(outcome == SKIPPED), float32(leaves),
                                 float32(items), float32(correct), stars)  # fmt: skip
    pay[i] = reward.reward(before, learner.Life_copy(life, i), happening, reward_p)
    flags[i, 0], flags[i, 1] = leaves, day + gap >= terms.horizon and not leaves
    note(i, event, day, a, outcome, completed, minutes, stars, items, correct, gap, leaves, staff, cost)
    life[i].alive = 0.0 if leaves or flags[i, 1] > 0 else 1.0
    if role != int64(trait.switch_role) and day + gap >= trait.switch_day:
        goal = switch(i, trait, terms, law_p, skills, tracer, goals, mind, touched, life, rec, view)
    sum_up(i, trait, goal, day + gap, terms, skills.shape[0], rec, view)
    allow(i, day + gap, trait.weekly_minutes, terms, durations, fits, open_days, legal_words, mask_words)


def age(i, life, gap, minutes, staff, cost, completed):
    """What a step adds to a life."""
    life[i].day += gap
    life[i].minutes += minutes
    life[i].staff_minutes += staff
    life[i].cost += cost
    life[i].step += 1.0
    life[i].completed += completed


def switch(i, trait, terms, law_p, skills, tracer, goals, mind, touched, life, rec, view):
    """The destination changes: worth is counted anew, and the record tells.   -> what it believes of the new one"""
    role = int64(trait.switch_role)
    value, potential = worth(i, mind, touched, role, terms.retention_day, skills, goals, law_p)
    life[i].parted, life[i].met = life[i].value, value
    life[i].role, life[i].value, life[i].potential = trait.switch_role, value, potential
    face(i, trait, role, terms, tracer, goals, rec, view)
    life[i].assessed = believed(i, role, goals, view)
    return life[i].assessed


def note(i, event, day, a, outcome, completed, minutes, stars, items, correct, gap, leaves, staff, cost):
    """The log row, in the order of layout.EVENT."""
    event[i, EVENT_DAY], event[i, EVENT_TAKEN], event[i, EVENT_OUTCOME] = day, float32(a), float32(outcome)
    event[i, EVENT_COMPLETED], event[i, EVENT_MINUTES], event[i, EVENT_STARS] = completed, minutes, stars
    event[i, EVENT_ITEMS], event[i, EVENT_CORRECT], event[i, EVENT_GAP] = float32(items), float32(correct), gap
    event[i, EVENT_LEFT], event[i, EVENT_STAFF], event[i, EVENT_COST] = float32(leaves), staff, cost


def start(rows, count, seed, terms_row, law_row, behaviour_row, skills, tracer, goals, newcomer, population,
          legal_first, open_days, durations, fits,
          ids, traits, drawn, mind, touched, life, lives, rec, visits, last, legal, view, mask):  # fmt: skip
    """Births of the first so many of the named rows, with their first view and mask.   rows [n], count [1]"""
    terms, law_p = terms_row[0], law_row[0]
    behaviour_p = behaviour_row[0]
    legal_words, mask_words = legal.view(uint64), mask.view(uint64)
    for r in each(count[0]):
        i = rows[r]
        be_born(i, seed, terms, law_p, behaviour_p, skills, tracer, goals, newcomer, population, legal_first, ids,
                traits, drawn, mind, touched,
                life, lives, rec, visits, last, legal_words)  # fmt: skip
        trait = traits[i]
        face(i, trait, int64(trait.role), terms, tracer, goals, rec, view)
        life[i].assessed = look(i, int64(trait.role), 0.0, tracer, goals, rec, view)
        sum_up(i, trait, life[i].assessed, 0.0, terms, skills.shape[0], rec, view)
        allow(i, 0.0, trait.weekly_minutes, terms, durations, fits, open_days, legal_words, mask_words)


def step(low, high, seed, terms_row, law_row, behaviour_row, reward_row, skills, tracer, acts, shown, links, index,
         weight, goals,
         open_days, durations, fits, ids, traits, mind, touched, life, rec, visits, last, legal, offers, view, mask,
         pay,
         flags, event, answers, ready, company, meets):  # fmt: skip
    """One decision step of everyone alive in rows low to high, in place. Rows that have ended stay as they are."""
    terms, law_p = terms_row[0], law_row[0]
    behaviour_p, reward_p = behaviour_row[0], reward_row[0]
    legal_words, mask_words = legal.view(uint64), mask.view(uint64)
    for i in each(low, high):
        if life[i].alive > 0.5 and life[i].day < terms.until:
            live(i, seed, terms, law_p, behaviour_p, reward_p, skills, tracer, acts, shown, links, index, weight, goals,
                 open_days, durations, fits, ids, traits, mind, touched, life, rec, visits, last, legal, legal_words,
                 offers, view, mask, mask_words, pay, flags, event, answers, ready, company, meets)  # fmt: skip
        else:
            pay[i] = 0.0
            flags[i, 0], flags[i, 1] = 0, 0


def next_lives(seed, slots, life, view, final_view, ids, rows, count):
    """Under autoreset: who follows in the rows that have just ended.   -> the first count[0] of rows are to be born"""
    for i in each(ids.shape[0]):
        if life[i].alive < 0.5:
            rows[claim(count)] = i
            for j in range(final_view.shape[1]):
                final_view[i, j] = view[i, j]
            slots[i, 1] += ONE
            ids[i] = luck.bits_at(luck.key_of(seed, slots[i, 0]), luck.REBIRTH, slots[i, 1], ZERO)


def first_ids(seed, slots):
    """The zeroth learner of every slot."""
    ids = np.empty(slots.shape[0], np.uint64)
    for i in range(slots.shape[0]):
        ids[i] = luck.bits_at(luck.key_of(seed, slots[i, 0]), luck.REBIRTH, slots[i, 1], uint64(0))
    return ids
