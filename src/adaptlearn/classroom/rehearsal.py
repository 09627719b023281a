"""The third driver over the same law: whole lives imagined under a plan, and a search for better plans. A template.

A plan is an order of visits; what is due is the first that has not been made and is legal. A group of copies (one
learner's possible futures or minds, or a crowd of newcomers) shares a plan, and the search keeps what is better for
the group. What a life is worth is worked out rather than drawn wherever that is possible, since plans differ by
thousandths: staying, taking an offer and a change of destination enter by their chances; answers are drawn, by luck
that belongs to the visit and not to the moment, so that two plans meet the same luck where they make the same visit.

A copy's moments lie one after the other in rows, so a change far down a plan is judged from there on.

Axes: G groups, C copies of each, T most moments of a life, E visits of an order.
"""
# ruff: noqa: F821, PLR0913

from adaptlearn.classroom.kernel import *  # noqa: F403
from adaptlearn.classroom.layout import *  # noqa: F403
from adaptlearn.classroom.platform import *  # noqa: F403
from adaptlearn.classroom.restraint import *  # noqa: F403
from adaptlearn.classroom.slots import behaviour, law, learner, luck
from adaptlearn.classroom.story import *  # noqa: F403


def copied(source, target, from_mind, from_touched, from_lives, from_visits, from_legal, mind, touched, lives, visits,
           legal):  # fmt: skip
    """A row becomes what another is, in the same arrays or in others."""
    for k in range(mind.shape[1]):
        touched[target, k] = from_touched[source, k]
        for j in range(mind.shape[2]):
            mind[target, k, j] = from_mind[source, k, j]
    for j in range(lives.shape[1]):
        lives[target, j] = from_lives[source, j]
    for a in range(visits.shape[1]):
        visits[target, a] = from_visits[source, a]
    for w in range(legal.shape[1]):
        legal[target, w] = from_legal[source, w]


def numbered(order, count, nth):
    """Which visit to its activity each place of an order is, from 0.   order, nth [E], count [A] scratch"""
    for a in range(count.shape[0]):
        count[a] = 0
    for p in range(order.shape[0]):
        nth[p] = count[order[p]]
        count[order[p]] += 1


def keeps_to(day, rate, mean_day):
    """P(the destination has not changed by then), for whom it may change at this rate; mean_day < 0: a set date."""
    if mean_day < 0.0:
        return 1.0 - rate if day >= -mean_day else 1.0
    return 1.0 - rate + rate * exp(-day / mean_day)


def lived(i, a, key, trait, c, odds, terms, law_p, behaviour_p, skills, acts, links, index, weight, goals, mind,
          touched, life, visits, legal, answers, ready, company, meets):  # fmt: skip
    """One imagined decision of copy c; odds [C, 3]: rate and mean day of a change, and 1 / P(none before it began).
    -> worth of what was learned, P(stays)"""
    before, pause, worth_of = learner.Life_copy(life, i), terms.rest_days, float32(0.0)
    if a > 0:
        now = uint64(a) * uint64(8) + uint64(visits[i, a])
        completed, minutes, _, items, correct = visit(
            i, a, key, now, before.day, trait, before, before, terms, law_p, behaviour_p, skills, acts, links, index,
            weight, goals, mind, touched, life, visits, answers, ready, company, meets)  # fmt: skip
        visits[i, a] += 1
        noted(i, a, before.day, completed, items, correct, visits, legal, terms, meets)
        taken = accepts(a, trait, before, terms, 0.0, acts, behaviour_p)
        waits = terms.rest_days * (1.0 / taken - 1.0)
        pause = maximum(minutes * 7.0 / trait.weekly_minutes, 0.05) + waits
        life[i].completed += completed
        here = keeps_to(before.day, odds[c, 0], odds[c, 1]) * odds[c, 2]
        end = keeps_to(terms.horizon, odds[c, 0], odds[c, 1]) * odds[c, 2]
        worth_of = end * (life[i].value - before.value) + (here - end) * (life[i].potential - before.potential)
    leaves = behaviour.p_leave(trait, life[i], pause, terms.mandatory, behaviour_p)
    life[i].day += pause
    return worth_of, 1.0 - leaves


def play(c, begin, keep, order, nth, moments, key, trait, odds, terms, law_p, behaviour_p, skills, acts, links, index,
         weight, goals, open_days, durations, fits, mind, touched, life, lives, visits, legal, legal_words, mask,
         mask_words, chosen, length, gathered, answers, ready, company, meets):  # fmt: skip
    """A copy lives from its moment ``begin`` to the end. ``keep`` 1: its moments stay in its rows, else in a spare one.

    moments [C, T + 1, 2]: worth so far and P(still there) before each; chosen [C, T]: the place that was due
    -> worth
    """
    most, row = chosen.shape[1], c * (chosen.shape[1] + 1) + begin
    worth_of, stays, at, t = moments[c, begin, 0], moments[c, begin, 1], 0, begin
    if keep == 0:
        spare = mind.shape[0] - 1
        copied(row, spare, mind, touched, lives, visits, legal_words, mind, touched, lives, visits,
               legal_words)  # fmt: skip
        row = spare
    while t < most and life[row].day < terms.horizon:
        allow(row, life[row].day, trait.weekly_minutes, terms, durations, fits, open_days, legal_words, mask_words)
        if meets[0].pinned > 0.5:
            restrain(row, life[row].day, trait.weekly_minutes, visits, legal, mask, meets)
        while at < order.shape[0] and int64(visits[row, order[at]]) > nth[at]:
            at += 1
        p = at
        while p < order.shape[0] and (mask[row, order[p]] == 0 or int64(visits[row, order[p]]) != nth[p]):
            p += 1
        if keep == 1:
            chosen[c, t] = p
            copied(row, row + 1, mind, touched, lives, visits, legal_words, mind, touched, lives, visits,
                   legal_words)  # fmt: skip
            row += 1
        a = int64(order[p]) if p < order.shape[0] else 0
        gain, still = lived(row, a, key, trait, c, odds, terms, law_p, behaviour_p, skills, acts, links, index, weight,
                            goals, mind, touched, life, visits, legal, answers, ready, company, meets)  # fmt: skip
        worth_of += stays * gain
        stays *= still
        t += 1
        if keep == 1:
            moments[c, t, 0], moments[c, t, 1] = worth_of, stays
    if keep == 1:
        length[c], gathered[c] = t, worth_of
    return worth_of


def some_place(key, turn, draw, order, nth, wanted, visits, row):
    """A place of the order whose visit is about the destination and yet to be made; -1 where luck finds none."""
    for attempt_no in range(8):
        p = int64(uniform(key, luck.RESTART, turn, draw + attempt_no) * float32(order.shape[0]))
        if wanted[order[p]] > 0 and int64(visits[row, order[p]]) <= nth[p]:
            return p
    return -1


def exchanged(order, one, other):
    """Two places exchange their visits."""
    kept = order[one]
    order[one] = order[other]
    order[other] = kept


def shifted(order, source, target):
    """A visit is taken out and put in elsewhere; those between close up."""
    kept = order[source]
    step_of = 1 if target > source else -1
    p = source
    while p != target:
        order[p] = order[p + step_of]
        p += step_of
    order[target] = kept


def proposed(key, turn, c, order, nth, wanted, visits, row, chosen, length):
    """A neighbour, in place: a visit replaced, put in or moved, two exchanged, or one put off.   -> first place changed

    The order stays as it is, and -1 is returned, where luck finds nothing to move.
    """
    steps_of = length[c]
    if steps_of < 2:
        return -1
    here = int64(chosen[c, int64(uniform(key, luck.RESTART, turn, 0) * float32(steps_of))])
    there = int64(chosen[c, int64(uniform(key, luck.RESTART, turn, 1) * float32(steps_of))])
    last = int64(chosen[c, steps_of - 1])
    kind, other = uniform(key, luck.RESTART, turn, 2), some_place(key, turn, 8, order, nth, wanted, visits, row)
    if here >= order.shape[0]:
        return -1
    if kind < 0.4 and other >= 0 and order[other] != order[here]:
        exchanged(order, here, other)
        return minimum(here, other)
    if kind < 0.65 and other >= 0 and other != here:
        shifted(order, other, here)
        return minimum(here, other)
    if kind < 0.9 and there < order.shape[0] and order[there] != order[here]:
        if kind < 0.8:
            shifted(order, here, there)
        else:
            exchanged(order, here, there)
        return minimum(here, there)
    if last > here and last < order.shape[0]:
        shifted(order, here, last)
        return here
    return -1


def first_moment(c, place, chosen, length):
    """The first moment of a copy at which a change from this place on can be felt."""
    t = 0
    while t < length[c] and int64(chosen[c, t]) < place:
        t += 1
    return t


def seated(g, seed, source, copy_ids, rates, mean_day, given_mind, given_touched, given_lives, given_visits,
           given_legal, keys, odds, terms, moments, mind, touched, life, lives, visits, legal_words):  # fmt: skip
    """The copies of group g take their first rows, as the learners in the rows ``source[g]`` are now."""
    for c in range(source.shape[1]):
        i, row = source[g, c], c * moments.shape[1]
        keys[c] = luck.key_of(seed, copy_ids[g, c])
        copied(i, row, given_mind, given_touched, given_lives, given_visits, given_legal, mind, touched, lives, visits,
               legal_words)  # fmt: skip
        odds[c, 0], odds[c, 1] = rates[g, c], mean_day
        odds[c, 2] = 1.0 / keeps_to(life[row].day, rates[g, c], mean_day)
        moments[c, 0, 0], moments[c, 0, 1] = float32(0.0), float32(1.0)


def improve(seed, turns, budget, sure, source, copy_ids, ids, rates, mean_day, wanted, orders, worth_of, steps_of,
            terms_row, law_row, behaviour_row, skills, acts, links, index, weight, goals, open_days, durations, fits,
            traits, given_mind, given_touched, given_lives, given_visits, given_legal,
            trial, nth, trial_nth, count, keys, odds, moments, chosen, length, gathered, mind, touched, life, lives,
            visits, legal, mask, answers, ready, company, meets):  # fmt: skip
    """Search from the order of each group; keeps the best found in ``orders`` [G, E].

    turns, budget [G]: first address of the search's luck, and neighbours to try; sure: standard errors over the copies
    by which a neighbour must be better; source, copy_ids, rates [G, C]: the rows copies begin as, whose luck they have,
    chance that their destination changes; wanted [G, A] -> worth_of, steps_of [G], means over the copies
    """
    terms, law_p, behaviour_p = terms_row[0], law_row[0], behaviour_row[0]
    legal_words, mask_words, copies = legal.view(uint64), mask.view(uint64), source.shape[1]
    for g in range(orders.shape[0]):
        order, key = orders[g], luck.key_of(seed, ids[g])
        seated(g, seed, source, copy_ids, rates, mean_day, given_mind, given_touched, given_lives, given_visits,
               given_legal, keys, odds, terms, moments, mind, touched, life, lives, visits, legal_words)  # fmt: skip
        numbered(order, count, nth)
        for b in range(-1, budget[g]):
            place = 0
            if b >= 0:
                turn = uint64(turns[g] + b)
                c = b % copies
                for p in range(order.shape[0]):
                    trial[p] = order[p]
                place = proposed(key, turn, c, trial, nth, wanted[g], visits, c * moments.shape[1], chosen, length)
                if place < 0:
                    continue
                numbered(trial, count, trial_nth)
                if not better(place, sure, trial, trial_nth, keys, odds, terms, law_p, behaviour_p, skills, acts, links,
                              index, weight, goals, open_days, durations, fits, source[g], traits, mind, touched, life,
                              lives, visits, legal, legal_words, mask, mask_words, chosen, length, gathered, moments,
                              answers, ready, company, meets):  # fmt: skip
                    continue
                for p in range(order.shape[0]):
                    order[p], nth[p] = trial[p], trial_nth[p]
            for c in range(copies):
                begin = first_moment(c, place, chosen, length) if b >= 0 else 0
                play(c, begin, 1, order, nth, moments, keys[c], traits[source[g, c]], odds, terms, law_p,
                     behaviour_p, skills, acts, links, index, weight, goals, open_days, durations, fits, mind, touched,
                     life, lives, visits, legal, legal_words, mask, mask_words, chosen, length, gathered, answers,
                     ready, company, meets)  # fmt: skip
        worth_of[g], steps_of[g] = gathered[:copies].mean(), length[:copies].mean()


def better(place, sure, trial, nth, keys, odds, terms, law_p, behaviour_p, skills, acts, links, index, weight, goals,
           open_days, durations, fits, source, traits, mind, touched, life, lives, visits, legal, legal_words, mask,
           mask_words, chosen, length, gathered, moments, answers, ready, company, meets):  # fmt: skip
    """Whether the copies gain by a neighbour; given up early where that has become unlikely."""
    total, squares, n = float32(0.0), float32(0.0), float32(0.0)
    for c in range(source.shape[0]):
        begin, gap = first_moment(c, place, chosen, length), float32(0.0)
        if begin < length[c]:
            gap = play(c, begin, 0, trial, nth, moments, keys[c], traits[source[c]], odds, terms, law_p,
                       behaviour_p, skills, acts, links, index, weight, goals, open_days, durations, fits, mind,
                       touched, life, lives, visits, legal, legal_words, mask, mask_words, chosen, length, gathered,
                       answers, ready, company, meets) - gathered[c]  # fmt: skip
        total, squares, n = total + gap, squares + gap * gap, n + 1.0
        if c % 8 == 7 and total + sqrt(maximum(squares - total * total / n, 0.0)) < 0.0:
            return False
    return total > 0.0 and total > sure * sqrt(maximum(squares - total * total / n, 0.0))


def sample(seed, source, copy_ids, rates, mean_day, wanted, orders, worth_of, terms_row, law_row, behaviour_row,
           skills, acts, links, index, weight, goals, open_days, durations, fits,
           traits, given_mind, given_touched, given_lives, given_visits, given_legal,
           trial, nth, trial_nth, count, keys, odds, moments, chosen, length, gathered, mind, touched, life, lives,
           visits, legal, mask, answers, ready, company, meets):  # fmt: skip
    """What beginning with each wanted activity and going on by the order is worth.   wanted [G, A] -> worth_of [G, A],
    means over the copies; what is not wanted stays as it is
    """
    terms, law_p, behaviour_p = terms_row[0], law_row[0], behaviour_row[0]
    legal_words, mask_words, copies = legal.view(uint64), mask.view(uint64), source.shape[1]
    for g in range(orders.shape[0]):
        order = orders[g]
        seated(g, seed, source, copy_ids, rates, mean_day, given_mind, given_touched, given_lives, given_visits,
               given_legal, keys, odds, terms, moments, mind, touched, life, lives, visits, legal_words)  # fmt: skip
        numbered(order, count, nth)
        for a in range(wanted.shape[1]):
            at = 0
            while at < order.shape[0] and (order[at] != a or int64(visits[0, a]) != nth[at]):
                at += 1
            if wanted[g, a] == 0 or at == order.shape[0]:
                continue
            for p in range(order.shape[0]):
                trial[p] = order[p]
            shifted(trial, at, 0)
            numbered(trial, count, trial_nth)
            total = float32(0.0)
            for c in range(copies):
                total += play(c, 0, 0, trial, trial_nth, moments, keys[c], traits[source[g, c]], odds, terms, law_p,
                              behaviour_p, skills, acts, links, index, weight, goals, open_days, durations, fits, mind,
                              touched, life, lives, visits, legal, legal_words, mask, mask_words, chosen, length,
                              gathered, answers, ready, company, meets)  # fmt: skip
            worth_of[g, a] = total / float32(copies)
