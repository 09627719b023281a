"""Theorems of every law on the shelf. A new law, of this package or another, meets them before it is played with.

The states are those a life can reach: minds begun by learners of the default population, then weeks of random visits.
Everything is checked for thousands of them at once, in float64, on the law's own text.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.equations import functions_of
from adaptlearn.core.learner import Exposure, Law, Population, Skill, Traits
from adaptlearn.laws.shelf import law as law_named
from adaptlearn.laws.shelf import names

MANY = 5_000
ASKED = ("begin", "forget", "p_answer", "supports", "level", "learn", "forecast")


def random_skill(rng):
    columns = [rng.integers(0, 4, MANY), *(rng.uniform(0.02, 0.9, MANY) for _ in range(2)),
               rng.uniform(0.0, 0.4, MANY), rng.uniform(0.0, 0.4, MANY),
               np.where(rng.random(MANY) < 0.3, 0.0, rng.uniform(0.0, 0.2, MANY))]  # fmt: skip
    return Skill(*(np.asarray(column, np.float64) for column in columns))


def random_activity(rng):
    values = {name: rng.random(MANY) for name in FEATURES}
    for name in ("verification", "correct_answer", "elaborated", "multimedia", "coach", "peer", "flipped", "blended"):
        values[name] = np.round(values[name])
    values |= {"minutes": rng.uniform(1.0, 240.0, MANY), "difficulty": rng.normal(0.0, 1.0, MANY),
               "quality": rng.normal(0.0, 0.35, MANY)}  # fmt: skip
    return SimpleNamespace(**values)


def random_exposure(rng):
    tested = np.round(rng.random(MANY))
    return Exposure(
        weight=rng.uniform(0.05, 1.0, MANY), fraction=np.where(rng.random(MANY) < 0.3, 0.4, 1.0),
        readiness=rng.random(MANY), match=rng.uniform(-0.3, 0.4, MANY), repeats=rng.integers(0, 5, MANY).astype(float),
        motivation=rng.uniform(-3.0, 3.0, MANY), tested=tested, success=tested * rng.random(MANY),
        peers=rng.random(MANY),
    )  # fmt: skip


class Moment:
    """Many learners of one law in the middle of their lives, and the next visit of each."""

    def __init__(self, law, visits, seed):
        rng = np.random.default_rng(seed)
        self.law, self.p, self.skill = law, law.Params(), random_skill(rng)
        self.trait = Traits(*Population().draw(np.arange(MANY), seed).T.astype(np.float64))
        self.mind = law.begin(self.skill, self.trait, rng.normal(size=MANY), rng.random(MANY), self.p)
        for _ in range(visits):
            self.mind = law.forget(self.mind, rng.exponential(5.0, MANY), self.p)
            self.mind = self.learnt(random_exposure(rng), random_activity(rng), rng.normal(size=MANY), rng.random(MANY))
        self.mind = law.forget(self.mind, rng.exponential(5.0, MANY), self.p)
        self.exposure, self.activity = random_exposure(rng), random_activity(rng)
        self.z, self.u, self.days = rng.normal(size=MANY), rng.random(MANY), rng.exponential(10.0, (2, MANY))

    def learnt(self, exposure, activity, z, u, mind=None):
        mind = self.mind if mind is None else mind
        return self.law.learn(mind, exposure, activity, self.skill, self.trait, z, u, self.p)

    def level(self, mind):
        return np.broadcast_to(self.law.level(mind, self.skill, self.p), MANY)

    def forecast(self, mind, days):
        return np.broadcast_to(self.law.forecast(mind, days, self.skill, self.p), MANY)


@pytest.fixture(scope="module", params=[(name, visits) for name in names() for visits in (0, 1, 6)], ids=str)
def moment(request):
    name, visits = request.param
    return Moment(law_named(name), visits, seed=11 + visits)


@pytest.mark.parametrize("name", names())
def test_a_law_is_scalar_text_with_the_names_of_the_protocol(name):
    law = law_named(name)
    written = {function.name: [a.arg for a in function.args.args] for function in functions_of(law)}
    for asked in ASKED:
        assert hasattr(Law, asked) and asked in written
    assert law.Mind._fields and law.Params._fields and law.Params() == law.Params(**law.Params._field_defaults)
    for asked in ASKED:
        wanted = list(getattr(Law, asked).__code__.co_varnames[1 : getattr(Law, asked).__code__.co_argcount])
        assert len(written[asked]) == len(wanted), f"{asked}{tuple(written[asked])}; needed {tuple(wanted)}"


@pytest.mark.parametrize("name", names())
def test_a_law_says_how_its_answers_can_be_weighed(name):
    assert law_named(name).LIKELIHOOD in ("exact", "particles", "none")


def test_an_unknown_law_is_refused_in_words():
    with pytest.raises(ValueError, match=r"'osmosis'.*needed one of workplace.*e\.g\."):
        law_named("osmosis")


def test_forgetting_composes(moment):
    law, p, (a, b) = moment.law, moment.p, moment.days
    twice, once = law.forget(law.forget(moment.mind, a, p), b, p), law.forget(moment.mind, a + b, p)
    for name, left, right in zip(law.Mind._fields, twice, once, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9, err_msg=name)


def test_no_time_is_no_forgetting(moment):
    for before, after in zip(moment.mind, moment.law.forget(moment.mind, np.zeros(MANY), moment.p), strict=True):
        np.testing.assert_array_equal(before, after)


def test_chances_levels_and_supports_lie_between_0_and_1(moment):
    law, p = moment.law, moment.p
    for value in (
        law.p_answer(moment.mind, moment.activity.difficulty, moment.skill, p),
        law.supports(moment.mind, moment.skill, p),
        moment.level(moment.mind),
        moment.forecast(moment.mind, moment.days[0]),
    ):
        assert np.isfinite(value).all() and (value >= 0.0).all() and (value <= 1.0).all()


def test_the_forecast_of_now_is_the_level(moment):
    np.testing.assert_array_equal(moment.forecast(moment.mind, np.zeros(MANY)), moment.level(moment.mind))


def test_a_forecast_is_the_level_of_the_mind_that_time_leaves(moment):
    later = moment.law.forget(moment.mind, moment.days[0], moment.p)
    np.testing.assert_allclose(moment.forecast(moment.mind, moment.days[0]), moment.level(later), atol=1e-12)


def test_more_days_without_practice_never_raise_the_forecast(moment):
    soon, late = moment.days[0], moment.days[0] + moment.days[1]
    assert (moment.forecast(moment.mind, late) <= moment.forecast(moment.mind, soon) + 1e-12).all()
    assert (moment.forecast(moment.mind, soon) <= moment.level(moment.mind) + 1e-12).all()


def test_a_visit_never_lowers_the_level_nor_any_forecast(moment):
    """For every weight and share of the activity above 0, whatever the answers: now, and on any later day."""
    after = moment.learnt(moment.exposure, moment.activity, moment.z, moment.u)
    for days in (np.zeros(MANY), *moment.days, np.full(MANY, 400.0)):
        assert (moment.forecast(after, days) >= moment.forecast(moment.mind, days) - 1e-9).all()


@pytest.mark.parametrize(("cause", "more"), [("readiness", 0.3), ("match", 0.2), ("weight", 0.2)])
def test_the_same_visit_never_teaches_less_with_more_of(cause, more, moment):
    """Readiness, format match, weight: each only ever helps, for the same luck, on the spot."""
    stronger = moment.exposure._replace(**{cause: getattr(moment.exposure, cause) + more})
    less = moment.learnt(moment.exposure, moment.activity, moment.z, moment.u)
    better = moment.learnt(stronger, moment.activity, moment.z, moment.u)
    assert (moment.level(better) >= moment.level(less) - 1e-12).all()


def test_a_mind_stays_finite_through_a_long_life(moment):
    mind, rng = moment.mind, np.random.default_rng(0)
    for _ in range(60):
        mind = moment.learnt(random_exposure(rng), random_activity(rng), rng.normal(size=MANY), rng.random(MANY), mind)
        mind = moment.law.forget(mind, rng.exponential(0.2, MANY), moment.p)
    assert all(np.isfinite(part).all() for part in mind)
    assert np.isfinite(moment.level(mind)).all() and (moment.level(mind) <= 1.0).all()


def test_one_mind_is_one_row_of_many(moment):
    """The text written for one learner, read for many: no row knows of another."""
    after = moment.learnt(moment.exposure, moment.activity, moment.z, moment.u)
    for i in (0, MANY // 2):
        at = [
            type(group)(*(np.broadcast_to(v, MANY)[i] for v in group))
            for group in (moment.mind, moment.exposure, moment.skill, moment.trait)
        ]
        activity = SimpleNamespace(**{name: values[i] for name, values in vars(moment.activity).items()})
        alone = moment.law.learn(at[0], at[1], activity, at[2], at[3], moment.z[i], moment.u[i], moment.p)
        np.testing.assert_allclose([float(v) for v in alone], [np.broadcast_to(v, MANY)[i] for v in after], rtol=1e-12)
