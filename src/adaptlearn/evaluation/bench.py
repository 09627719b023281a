"""The bench on which a law is put through published trials: who learns, what the arms do, what is measured.

Single-skill contrasts need only a law. Whole programmes need a world and policies, which are handed in: this room
knows no agent, only the names that a file of contrasts asks for.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.layout import EVENT_STARS
from adaptlearn.classroom.packing import meshing_of
from adaptlearn.classroom.room import Classroom, Rules
from adaptlearn.classroom.simulate import Thinker, side_by_side
from adaptlearn.classroom.timetable import Group, Trial, Visit, examine
from adaptlearn.core.learner import Population, Skill
from adaptlearn.evaluation.contrasts import Contrast, Line, Programme
from adaptlearn.evaluation.effects import Effect, average, correlation, half_life, hedges_g, normalised_gain

SEED = 4242  #: of the shipped suite; fitting uses another
LEARNERS = 4000  #: per arm
BEFORE, AFTER, LATER = 0, 1, 2  # sittings of a test
MONTH = 30.4375  # days
LONGEST = 60 * MONTH  # a half-life beyond five years is reported as five years


@dataclass
class Played:
    """A whole programme that has been lived."""

    room: Classroom
    begun: Classroom  # the same learners before it
    left: NDArray[np.bool_]  # [N] before the end
    stars: NDArray[np.float64]  # [N] mean rating, NaN if never rated


@dataclass
class Bench:
    """Learners, law, world and policies of one suite; trials that several contrasts share are run once."""

    rules: Rules
    policies: Mapping[str, Any] = field(default_factory=dict)
    n: int = LEARNERS
    seed: int = SEED
    threads: int = 1
    _trials: dict[tuple[float, str], Trial] = field(default_factory=dict, repr=False)
    _played: dict[Programme, Played] = field(default_factory=dict, repr=False)

    @property
    def ids(self) -> NDArray[np.uint64]:
        """The learners, the same in every arm."""
        return np.arange(self.n, dtype=np.uint64)

    def trial(self, shift: float, meshing: str) -> Trial:
        """Learners of single-skill trials: the default population, shifted in prior level."""
        if (shift, meshing) not in self._trials:
            rules = replace(self.rules, meshing=meshing_of(meshing))
            base = Population()
            people = base.with_traits(ability=(base.mean[0] + shift, base.sd[0]))
            self._trials[shift, meshing] = Trial(rules, self.ids, self.seed, people)
        return self._trials[shift, meshing]

    def played(self, arm: Programme) -> Played:
        """The whole programme under a policy, for everyone."""
        if arm not in self._played:
            self._played[arm] = _play(self, arm)
        return self._played[arm]

    def prepare(self, found: Iterable[Contrast]) -> None:
        """With threads to spare, play the programmes that these contrasts need side by side; results are the same."""
        arms = [arm for c in found for arm in (c.treated, c.control) if isinstance(arm, Programme)]
        wanted = [arm for arm in dict.fromkeys(arms) if arm.policy in self.policies and arm not in self._played]
        if self.threads > 1:
            calls = [partial(_play, self, arm) for arm in wanted]
            self._played |= dict(zip(wanted, side_by_side(calls, self.threads), strict=True))


def moved(rules: Rules, motivation: float) -> Population:
    """The people of the rules, their own level of motivation raised by so many SD."""
    people = rules.population
    if motivation == 0.0:
        return people
    behaviour = rules.behaviour_params if rules.behaviour_params is not None else rules.behaviour.Params()  # type: ignore[attr-defined]
    mean, sd = people.trait("efficacy")  # motivation returns to mood_efficacy times this
    return people.with_traits(efficacy=(mean + motivation / behaviour.mood_efficacy, sd))


def _play(bench: Bench, arm: Programme) -> Played:
    """Everyone's programme."""
    rules = replace(bench.rules, mandatory=arm.mandatory, meshing=meshing_of("null"),
                    population=moved(bench.rules, arm.motivation))  # fmt: skip
    begun, room = (Classroom(rules, bench.n, bench.seed).begin(bench.ids) for _ in range(2))
    left, stars, rated = np.zeros(bench.n, bool), np.zeros(bench.n), np.zeros(bench.n)
    thinker = Thinker(bench.policies[arm.policy], room)
    while (alive := room.alive).any():
        thinker.decide()
        room.step()
        left |= (room.flags[:, 0] > 0) & alive
        given = np.where(alive, room.event[:, EVENT_STARS], 0.0)
        stars += given
        rated += given > 0
    return Played(room, begun, left, np.where(rated > 0, stars / np.maximum(rated, 1), np.nan))


# --- statistics of single-skill trials ------------------------------------------------------------------------------


def _visits(arm: tuple[Line, ...]) -> list[Visit]:
    return [visit for line in arm for visit in line.visits()]


def _arm(contrast: Contrast, bench: Bench, arm: tuple[Line, ...]) -> tuple[Trial, Group, float]:
    """Learners after an arm, and the day of its test."""
    trial, visits = bench.trial(contrast.shift, contrast.meshing), _visits(arm)
    return trial, trial.teach(visits), contrast.tested(visits)


def _post(contrast: Contrast, bench: Bench, arm: tuple[Line, ...]) -> NDArray[np.float32]:
    trial, group, day = _arm(contrast, bench, arm)
    return trial.test(group, day, [contrast.items], AFTER)


def two_arms(contrast: Contrast, bench: Bench) -> Effect:
    """Hedges' g of the two arms' post-tests."""
    return hedges_g(_post(contrast, bench, contrast.treated), _post(contrast, bench, contrast.control))


def two_moments(contrast: Contrast, bench: Bench) -> Effect:
    """Hedges' g of a late test against an early one, same learners, no practice between."""
    trial, group, day = _arm(contrast, bench, contrast.treated)
    late = trial.test(group, day + contrast.later, [contrast.items], LATER)
    return hedges_g(late, trial.test(group, day, [contrast.items], AFTER))


def two_modes(contrast: Contrast, bench: Bench) -> Effect:
    """Hedges' g of activities wholly in the stated mode against wholly in another."""
    trial, visits = bench.trial(contrast.shift, contrast.meshing), _visits(contrast.treated)
    day = contrast.tested(visits)
    matched, other = (trial.test(trial.teach_by_mode(visits, j), day, [contrast.items], AFTER) for j in (0, 1))
    return hedges_g(matched, other)


def pre_post(contrast: Contrast, bench: Bench) -> Effect:
    """r of pretest and posttest, or of pretest and normalised gain."""
    trial, group, day = _arm(contrast, bench, contrast.treated)
    before = trial.test(trial.newcomers(), 0.0, [contrast.items], BEFORE)
    after = trial.test(group, day, [contrast.items], AFTER)
    return correlation(before, normalised_gain(before, after) if contrast.statistic == "r_gain" else after)


def per_opportunity(contrast: Contrast, bench: Bench) -> Effect:
    """Growth of the log-odds of a learner's own chance of a correct answer, per item practised."""
    trial, group, day = _arm(contrast, bench, contrast.treated)
    asked = [line for line in contrast.treated if line.items]
    first = min(min(line.days) for line in asked)
    lectured = trial.teach(_visits(contrast.control))
    grown = _log_odds(trial, group, day) - _log_odds(trial, lectured, first)
    return average(grown / sum(line.items * len(line.days) for line in asked))


def _log_odds(trial: Trial, group: Group, day: float) -> NDArray[np.float64]:
    p = trial.rules.law.p_answer(trial.minds(group, day), 0.0, trial.skills[0], trial.params)[:, 0]
    p = np.clip(np.asarray(p, np.float64), 1e-6, 1.0 - 1e-6)
    return np.log(p) - np.log1p(-p)


# --- statistics of whole programmes ---------------------------------------------------------------------------------


def paper(rules: Rules, items: int) -> NDArray[np.float32]:
    """A test of about so many items, spread over a role's targets.   -> [roles, K]"""
    targets = rules.world.targets > 0
    each = np.ceil(items / targets.sum(1, keepdims=True))
    return np.ascontiguousarray(targets * each, np.float32)


def _programme_test(contrast: Contrast, bench: Bench, played: Played, taught: bool = True) -> NDArray[np.float32]:
    """Everyone's test at the end of the programme, leavers too; untaught: as if there had been none."""
    day, destination = bench.rules.world.programme.horizon_days, played.room.now("role")
    room = played.room if taught else played.begun
    return examine(room, day, paper(bench.rules, contrast.items), AFTER, destination)


def programmes(contrast: Contrast, bench: Bench) -> Effect:
    """Hedges' g of a programme's test against another's, or against none."""
    played = bench.played(contrast.treated)
    control = bench.played(contrast.control) if contrast.control else played
    rival = _programme_test(contrast, bench, control, taught=contrast.control is not None)
    return hedges_g(_programme_test(contrast, bench, played), rival)


def programme_half_life(contrast: Contrast, bench: Bench) -> Effect:
    """Months from the end of the programme until half of the gain on the targets is lost."""
    played = bench.played(contrast.treated)
    room, rules = played.room, bench.rules
    law = rules.law
    p = rules.law_params if rules.law_params is not None else law.Params()
    goal = rules.world.targets[room.now("role").astype(int)]
    who, skill = np.nonzero((goal > 0) & (room.touched > 0))
    mind, first = (law.Mind(*source.mind[who, skill].T) for source in (room, played.begun))
    about = Skill(*room.pack.skills[skill].T)
    start = law.level(first, about, p)
    since = rules.world.programme.horizon_days - room.touched[who, skill]

    def gain_at(days: float) -> NDArray[np.float64]:
        gained = goal[who, skill] * (law.forecast(mind, since + np.float32(days), about, p) - start)
        return np.bincount(who, gained, bench.n)

    return Effect(*(days / MONTH for days in half_life(gain_at, LONGEST)))


def programme_stays(contrast: Contrast, bench: Bench) -> Effect:
    """Share who are still there when the programme ends."""
    return average(~bench.played(contrast.treated).left)


def programme_finished(contrast: Contrast, bench: Bench) -> Effect:
    """Hedges' g of the number of activities that learners finish."""
    return hedges_g(*(bench.played(arm).room.now("completed") for arm in (contrast.treated, contrast.control)))


def programme_reaction(contrast: Contrast, bench: Bench) -> Effect:
    """r of a learner's mean rating and the test at the end."""
    played = bench.played(contrast.treated)
    return correlation(played.stars, _programme_test(contrast, bench, played))


MEASURES: dict[str, Callable[[Contrast, Bench], Effect]] = {
    "g": two_arms, "g_later": two_moments, "g_mode": two_modes, "r": pre_post, "r_gain": pre_post,
    "slope": per_opportunity, "path_g": programmes, "path_half_life": programme_half_life,
    "path_stays": programme_stays, "path_reaction": programme_reaction, "path_finished": programme_finished,
}  # fmt: skip


def measure(contrast: Contrast, bench: Bench) -> Effect | None:
    """The simulated effect, or None where it takes a policy that was not handed in."""
    arms = [arm for arm in (contrast.treated, contrast.control) if isinstance(arm, Programme)]
    if any(arm.policy not in bench.policies for arm in arms):
        return None
    return MEASURES[contrast.statistic](contrast, bench)
