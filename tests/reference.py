"""The story told slowly: one learner at a time, plain Python floats, ``if`` and dicts. The oracle for the kernel.

It shares with the kernel only what is written once for everybody: the formulas of law, behaviour and record (as their
NumPy text, in float64), the addresses of luck, and a population's draw. Legality, readiness, the order of events, who
chooses what, worth, the record's bookkeeping and the view are told again from the words of the design, with names
instead of indices wherever the world has names.

A life in which some number falls so close to its threshold that float32 and float64 may disagree is marked ``unsure``.
"""

from math import inf, log
from types import SimpleNamespace

import numpy as np
from reference_parts import NEAR, NEAR_LIFETIME, NEAR_TIME, Person, Places, Platform

from adaptlearn.core import luck
from adaptlearn.core.learner import Exposure, Life, Traits

SUBSTITUTE_SHARE = 0.25  # of those who decline an offer and had a say, who picks something else
ITEMS_ROOM = 32  # draws set apart per skill for its items
NOTHING = dict(completed=False, minutes=0.0, stars=0.0, items=0, correct=0, answers={})


class Story:
    """What happens under some rules and a seed."""

    def __init__(self, rules, seed):
        self.rules, self.seed, self.law, self.behaviour = rules, seed, rules.law, rules.behaviour
        self.law_p = rules.law_params or rules.law.Params()
        self.behaviour_p = rules.behaviour_params or rules.behaviour.Params()
        self.reward_p = rules.reward_params or rules.reward.Params()
        self.world, self.programme, self.meshing = rules.world, rules.world.programme, rules.meshing
        self.mandatory = float(self.programme.mandatory if rules.mandatory is None else rules.mandatory)
        self.decides = rules.decides or self.programme.decides
        self.declared = Places(rules.world)
        self.true = Places(rules.world.true(rules.catalogue, rules.catalogue_seed))
        self.platform = Platform(self.declared, self.mandatory)
        self.order = self.declared.order
        self.law_skill = {name: self.declared.as_a_law_has_it(name) for name in self.order}

    # --- luck --------------------------------------------------------------------------------------------------------

    def uniform(self, person, purpose, draw=0, step=None):
        step = int(person.life.step) if step is None else step
        return float(luck.uniform(self.seed, purpose, person.who, step, draw))

    def normal(self, person, purpose, draw=0, step=None):
        step = int(person.life.step) if step is None else step
        return float(luck.normal(self.seed, purpose, person.who, step, draw))

    # --- a learner is born -------------------------------------------------------------------------------------------

    def born(self, who):
        drawn = self.rules.population.draw(np.array([who], np.uint64), self.seed)[0]
        trait = Traits(*(float(value) for value in drawn))
        life = Life(*[0.0] * len(Life._fields))._replace(role=trait.role, alive=1.0)
        life = life._replace(motivation=float(self.behaviour.home_mood(trait, self.behaviour_p)))
        person = Person(int(who), trait, life)
        self.platform.meet(person)
        for k, name in enumerate(self.order):
            z, u = self.normal(person, luck.BEGIN, k, step=0), self.uniform(person, luck.BEGIN, k, step=1)

            def begun(v, z=z, name=name):
                return self.law.begin(self.law_skill[name], trait, z, v, self.law_p)

            person.mind[name], person.touched[name] = self.firm(person, u, begun, name), 0.0
        return self.with_worth(person)

    def firm(self, person, u, mind_of, name):
        """A mind that a uniform decided, and whether it would be another had the uniform been a little different."""
        here, low, high = mind_of(u), mind_of(max(u - NEAR, 0.0)), mind_of(min(u + NEAR, 1.0 - 2.0**-24))
        levels = [float(self.law.level(mind, self.law_skill[name], self.law_p)) for mind in (low, high)]
        person.unsure |= abs(levels[0] - levels[1]) > 0.01
        return here

    # --- minds -------------------------------------------------------------------------------------------------------

    def mind_at(self, person, name, day):
        gone = max(day - person.touched[name], 0.0)
        return self.law.forget(person.mind[name], gone, self.law_p)

    def level_in(self, person, mind, days, name):
        """Forecast level; a level that would be another a moment earlier or later is not sure."""
        skill = self.law_skill[name]
        here = float(self.law.forecast(mind, days, skill, self.law_p))
        for near in (max(days - NEAR_LIFETIME, 0.0), days + NEAR_LIFETIME):
            person.unsure |= abs(float(self.law.forecast(mind, near, skill, self.law_p)) - here) > 0.01
        return here

    def worth(self, person, goals):
        day = self.programme.retention_day
        return sum(
            weight * self.level_in(person, person.mind[name], max(day - person.touched[name], 0.0), name)
            for name, weight in goals.items()
        )

    def with_worth(self, person):
        """The same person, with what they are worth now to their destination."""
        role = int(person.life.role)
        value = self.worth(person, self.declared.targets(role))
        potential = self.worth(person, self.declared.needs(role))
        person.life = person.life._replace(value=value, potential=potential, assessed=self.platform.believed(person))
        return person

    def support(self, person, names, day):
        """How far some skills carry what is built on them."""
        ready = 1.0
        for name in names:
            mind = self.mind_at(person, name, day)
            self.level_in(person, mind, 0.0, name)
            ready *= float(self.law.supports(mind, self.law_skill[name], self.law_p))
        return ready

    # --- what is legal -----------------------------------------------------------------------------------------------

    def minutes_left(self, person):
        return max(self.programme.horizon_days - person.life.day, 0.0) * person.trait.weekly_minutes / 7.0

    def legal(self, person):
        """Activities that may be offered now; "nothing now" always may."""
        today, left = int(person.life.day), self.minutes_left(person)
        person.unsure |= abs(person.life.day - round(person.life.day)) < NEAR_TIME and person.life.day > 0.5
        rules = dict(self.world.rules.not_before)
        allowed = {self.declared.rest}
        for activity in self.world.activities[1:]:
            first, last = activity.window or (0.0, inf)
            first = max(first, rules.get(activity.id, 0.0))
            fits = not person.below(left, activity.time_required, NEAR_TIME)
            fresh = person.visits.get(activity.id, 0) < self.programme.repeats
            if fits and fresh and int(first) <= today <= last and activity.id not in self.world.rules.excluded:
                allowed.add(activity.id)
        return allowed

    # --- one step ----------------------------------------------------------------------------------------------------

    def settle(self, person, offers):
        """What becomes of an offer.   -> activity taken or "", outcome, activity the reaction is about"""
        rest = self.declared.rest
        legal = self.legal(person) - {rest}
        if self.decides == "assign":
            if offers[0] not in legal:
                return "", "rest", ""
            accepts = person.below(self.uniform(person, luck.ACCEPT), self.p_accept(person, offers[0], 0.0))
            return (offers[0], "accepted", offers[0]) if accepts else ("", "skipped", offers[0])
        pool, shown = (legal, rest) if self.decides == "self" else (legal & set(offers), offers[0])
        shown = shown if shown in legal else rest
        first = self.favourite(person, pool)
        if not first:
            return "", "rest", ""
        if person.below(self.uniform(person, luck.ACCEPT), self.p_accept(person, first, 1.0)):
            return first, "accepted", first
        if self.decides == "offer" and person.below(self.uniform(person, luck.ACCEPT, 1), SUBSTITUTE_SHARE):
            other = self.favourite(person, legal)
            if other != first:
                return other, "substituted", other
        return "", "skipped", shown  # nobody can see which one was looked at and declined

    def p_accept(self, person, name, choice):
        terms = (self.mandatory, choice, self.behaviour_p)
        return float(self.behaviour.p_accept(self.true.scalars[name], person.trait, person.life, *terms))

    def favourite(self, person, pool):
        """The activity that appeals most, with luck; "" if there is none."""
        appeals = {}
        for a, activity in enumerate(self.world.activities):
            if activity.id in pool:
                ready = self.support(person, activity.competency_required, person.life.day)
                serves, act = self.declared.serves(person, activity), self.true.scalars[activity.id]
                appeal = self.behaviour.appeal(act, person.trait, serves, ready, self.behaviour_p)
                u = self.uniform(person, luck.CHOICE, a)
                appeals[activity.id] = float(appeal) - log(-log(u * 0.999998 + 0.000001))
        ranked = sorted(appeals, key=appeals.get, reverse=True)
        person.unsure |= len(ranked) > 1 and appeals[ranked[0]] - appeals[ranked[1]] < 1e-3
        return ranked[0] if ranked else ""

    def live(self, person, offers):
        """One decision of a person who is shown some activities, by name.   -> what happened"""
        before, trait, day = person.life, person.trait, person.life.day
        name, outcome, about = self.settle(person, offers)
        event = NOTHING | {"day": day, "taken": name, "outcome": outcome, "about": about}
        if name:
            self.visit(person, name, event)
        self.platform.remember(person, event)
        pause = max(event["minutes"] * 7.0 / trait.weekly_minutes, 0.05) if name else self.programme.rest_days
        gap = pause * (0.5 + self.uniform(person, luck.GAP)) if outcome != "rest" else pause
        p = self.behaviour.p_leave(trait, person.life, gap, self.mandatory, self.behaviour_p)
        person.left = person.below(self.uniform(person, luck.LEAVE), float(p))
        shown = self.declared.activity[name] if name else None
        staff, cost = (shown.staff_minutes, shown.cost) if shown else (0.0, 0.0)
        person.life = person.life._replace(
            day=day + gap, step=before.step + 1.0, minutes=before.minutes + event["minutes"],
            staff_minutes=before.staff_minutes + staff, cost=before.cost + cost,
            completed=before.completed + event["completed"],
        )  # fmt: skip
        person.over = not person.below(day + gap, self.programme.horizon_days, NEAR_TIME) and not person.left
        person.life = person.life._replace(alive=float(not (person.left or person.over)))
        self.with_worth(person)
        event |= {"gap": gap, "left": person.left, "staff_minutes": staff, "cost": cost}
        event["reward"] = self.pay(before, person.life, event)
        person.reward += event["reward"]
        if before.role != trait.switch_role and not person.below(day + gap, trait.switch_day, NEAR_TIME):
            person.life = person.life._replace(role=trait.switch_role, parted=person.life.value)
            self.with_worth(person)
            person.life = person.life._replace(met=person.life.value)
        return event

    def pay(self, before, after, event):
        happening = SimpleNamespace(
            minutes=event["minutes"], staff_minutes=event["staff_minutes"], cost=event["cost"],
            completed=float(event["completed"]), skipped=float(event["outcome"] == "skipped"),
            left=float(event["left"]), items=event["items"], correct=event["correct"], stars=event["stars"],
        )  # fmt: skip
        return float(self.rules.reward.reward(before, after, happening, self.reward_p))

    def visit(self, person, name, event):
        """Finished or not, attempted, learned; what it does to motivation; whether it is rated."""
        act, trait, before, day = self.true.scalars[name], person.trait, person.life, person.life.day
        activity, p = self.true.activity[name], self.behaviour_p
        gates = {skill: self.declared.gates(activity, skill) for skill, _ in activity.teaches}
        ready = {skill: self.support(person, below, day) for skill, below in gates.items()}
        worst = min(ready.values()) if ready else self.support(person, activity.competency_required, day)
        person.unsure |= abs(worst - 0.5) < 1e-4
        finishes = self.behaviour.p_finish(act, trait, before, self.mandatory, worst, p)
        done = person.below(self.uniform(person, luck.FINISH), float(finishes))
        minutes = float(self.behaviour.minutes_taken(act, trait, float(done), self.normal(person, luck.MINUTES), p))
        left = max(self.programme.horizon_days - day, 0.0) * trait.weekly_minutes / 7.0
        if not person.below(minutes, left, NEAR_TIME):
            minutes, done = left, False
        answers = self.attempt(person, name, day) if done else {}
        items = sum(asked for skill, asked in self.declared.activity[name].assesses) if done else 0
        correct = sum(answers.values())
        success = correct / items if items else 0.0
        share = 1.0 if done else p.effort_unfinished
        best = self.study(person, name, day, share, answers, ready)
        person.unsure |= abs(best - 0.85) < 1e-4
        serves, tested = self.declared.serves(person, self.declared.activity[name]), float(items > 0)
        mood = self.behaviour.mood(before, trait, act, success, tested, best, worst, serves, p)
        trouble = 1.0 - success if items else 1.0 - float(done)
        strain = before.strain + 0.3 * (trouble - before.strain)
        person.life = person.life._replace(motivation=float(mood), strain=strain)
        stars = 0.0
        if done and person.below(self.uniform(person, luck.RATING), p.rating_share):
            stars = self.stars(person, act, success, tested)
        person.visits[name] = person.visits.get(name, 0) + 1
        person.last[name] = day
        event |= {"completed": done, "minutes": minutes, "items": items, "correct": correct, "stars": stars,
                  "answers": answers}  # fmt: skip

    def stars(self, person, act, success, tested):
        z = self.normal(person, luck.RATING, 1)
        low, here, high = (
            float(self.behaviour.rating(act, person.trait, success, tested, z + d, self.behaviour_p))
            for d in (-1e-4, 0.0, 1e-4)
        )
        person.unsure |= low != high
        return here

    def attempt(self, person, name, day):
        """Items on what is assessed.   -> skill: answered correctly"""
        answers = {}
        for skill, asked in self.declared.activity[name].assesses:
            mind, k = self.mind_at(person, skill, day), self.order.index(skill)
            hardness = self.behaviour.hardness(self.true.scalars[name], person.trait, self.behaviour_p)
            p = float(self.law.p_answer(mind, hardness, self.law_skill[skill], self.law_p))
            draws = [self.uniform(person, luck.ANSWER, k * ITEMS_ROOM + q) for q in range(asked)]
            answers[skill] = sum(person.below(u, p) for u in draws)
        return answers

    def match(self, person, act):
        """How far the activity's modes meet the style that meshing acts on, times its strength."""
        trait = person.trait
        modes = (act.visual, act.auditory, act.textual, act.kinesthetic)
        apt = (trait.aptitude_visual, trait.aptitude_auditory, trait.aptitude_textual, trait.aptitude_kinesthetic)
        stated, ablest = modes[int(trait.stated)] - 0.25, modes[apt.index(max(apt))] - 0.25
        return self.meshing.beta * (self.meshing.on_stated * stated + self.meshing.on_aptitude * ablest)

    def study(self, person, name, day, share, answers, ready):
        """Learning on everything the activity truly teaches.   -> the best level on it before"""
        best, asked, act = 0.0, dict(self.declared.activity[name].assesses), self.true.scalars[name]
        depth = float(self.behaviour.depth(act, person.trait, self.behaviour_p))
        for skill, weight in self.true.activity[name].teaches:
            mind, k = self.mind_at(person, skill, day), self.order.index(skill)
            tested = skill in answers
            exposure = Exposure(
                weight * depth, share, ready[skill], self.match(person, act), float(person.visits.get(name, 0)),
                person.life.motivation, float(tested), answers[skill] / asked[skill] if tested else 0.0, 0.0,
            )  # fmt: skip
            best = max(best, self.level_in(person, mind, 0.0, skill))
            z, u = self.normal(person, luck.LEARN, 2 * k), self.uniform(person, luck.LEARN, 2 * k + 1)

            def learnt(v, mind=mind, exposure=exposure, skill=skill, z=z):
                known = self.law_skill[skill]
                return self.law.learn(mind, exposure, act, known, person.trait, z, v, self.law_p)

            person.mind[skill] = self.firm(person, u, learnt, skill)
            person.touched[skill] = day
        return best
