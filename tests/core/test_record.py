"""Laws of the record: its belief is the sum over every hidden path, its preferences are Bayes' rule, its totals add."""

import itertools
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptlearn.core import record
from adaptlearn.core.learner import FORMATS, MODES, MOTIVES
from adaptlearn.core.record import AXES, PER_SKILL, TOTALS, Belief, Standing, Totals, Tracer, ViewSpec

CHANCE = st.floats(0.02, 0.98)
TRACERS = st.builds(Tracer, CHANCE, CHANCE, st.floats(0.02, 0.48), st.floats(0.02, 0.48), st.floats(0.0, 0.5))


@st.composite
def visits(draw):
    """days since the last one, weight taught, share done, items, correct"""
    items = draw(st.integers(0, 3))
    return (draw(st.floats(0.0, 40.0)), draw(st.sampled_from([0.0, 0.3, 1.0])), draw(st.sampled_from([0.4, 1.0])),
            items, draw(st.integers(0, items)))  # fmt: skip


def by_enumeration(events, tracer):
    """P(known after the last event | answers), summed over every path of the hidden state.

    Before each event but the first a known skill survives with 1 / (1 + forget x days); then the answers; then an
    unknown one becomes known with learn x weight x share. Events which neither teach nor ask are not events.
    """
    joint = np.zeros(2)
    for path in itertools.product((0, 1), repeat=2 * len(events)):
        chance, state = 1.0, None
        for (days, weight, share, items, correct), before, after in zip(events, path[::2], path[1::2], strict=True):
            if state is None:
                chance *= tracer.prior if before else 1.0 - tracer.prior
            else:
                stays = 1.0 / (1.0 + tracer.forget * days)
                chance *= (stays if before else 1.0 - stays) if state else float(not before)
            right = 1.0 - tracer.slip if before else tracer.guess
            chance *= comb(items, correct) * right**correct * (1.0 - right) ** (items - correct)
            learns = tracer.learn * weight * share
            chance *= float(after) if before else (learns if after else 1.0 - learns)
            state = after
        joint[state] += chance
    return joint[1] / joint.sum()


def observed(events, tracer):
    belief, now = record.begin_belief(tracer), 0.0
    for days, weight, share, items, correct in events:
        now += days
        belief = record.observe_skill(belief, tracer, now, weight, share, float(items), float(correct))
    return belief


@settings(max_examples=150, deadline=None)
@given(TRACERS, st.lists(visits(), min_size=1, max_size=4))
def test_belief_equals_the_sum_over_every_hidden_path(tracer, events):
    told = [event for event in events if event[1] > 0.0 or event[3] > 0]
    if told:
        gaps = np.cumsum([event[0] for event in events])
        days = np.diff([0.0, *(gap for gap, event in zip(gaps, events, strict=True) if event in told)])
        exact = by_enumeration([(d, *event[1:]) for d, event in zip(days, told, strict=True)], tracer)
        assert observed(events, tracer).belief == pytest.approx(exact, abs=1e-9)
    else:
        assert observed(events, tracer) == record.begin_belief(tracer)


@pytest.mark.parametrize("answers", list(itertools.product([0, 1], repeat=5)))
def test_filter_equals_enumeration_for_every_string_of_answers(answers):
    tracer = Tracer(0.3, 0.15, 0.2, 0.1, 0.05)
    events = [(3.0, 1.0, 1.0, 1, right) for right in answers]
    assert observed(events, tracer).belief == pytest.approx(by_enumeration(events, tracer), abs=1e-12)


def test_several_items_at_once_are_items_one_after_the_other():
    """Within one visit answers are independent given the state, so their order is nothing."""
    tracer = Tracer(0.3, 0.2, 0.25, 0.1, 0.0)
    at_once = record.after_items(0.4, 5.0, 3.0, tracer)
    for order in set(itertools.permutations([1, 1, 1, 0, 0])):
        known = 0.4
        for right in order:
            known = record.after_items(known, 1.0, float(right), tracer)
        assert known == pytest.approx(at_once, abs=1e-12)


def test_belief_fades_hyperbolically_since_it_was_last_seen():
    tracer, belief = Tracer(0.3, 0.1, 0.2, 0.1, 0.25), Belief(0.8, 10.0, 2.0, 1.0, 1.0)
    assert record.faded(belief, tracer, 14.0) == pytest.approx(0.4)
    assert record.faded(belief, tracer, 10.0) == 0.8
    assert record.faded(belief, tracer, 9.0) == 0.8  # no day lies before the last one
    assert record.faded(record.begin_belief(tracer), tracer, 1000.0) == 0.3  # a prior is not a memory


def test_an_event_about_other_skills_changes_nothing():
    belief = Belief(0.8, 10.0, 2.0, 1.0, 1.0)
    assert record.observe_skill(belief, Tracer(0.3, 0.1, 0.2, 0.1, 0.25), 14.0, 0.0, 1.0, 0.0, 0.0) == belief


def test_an_impossible_answer_is_not_evidence():
    """A tracer that never slips meets a wrong answer from one who surely knows: the belief stays, nothing is NaN."""
    assert record.after_items(1.0, 1.0, 0.0, Tracer(0.3, 0.1, 0.2, 0.0, 0.0)) == 1.0


def test_a_rest_counts_as_a_decision_and_as_nothing_else():
    """Nothing was begun, so nothing was left unfinished; a visit broken off is."""
    before = Totals(3.0, 4.0, 2.0, 1.0, 1.0, 60.0, 5.0, 1.0, 0.7, 4.0, 1.1, 2.0)
    rest = record.observe_totals(before, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert rest == before._replace(now=5.0, decisions=5.0, gap=2.0)
    broken_off = record.observe_totals(before, 5.0, 0.0, 0.0, 6.0, 15.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert broken_off == before._replace(now=5.0, decisions=5.0, gap=2.0, unfinished=2.0, minutes=66.0)


# --- preferences -----------------------------------------------------------------------------------------------------


def test_one_axis_is_the_conjugate_normal_posterior():
    """Reactions y = w x + noise on a single axis: the Kalman step ends where the closed form does."""
    rng = np.random.default_rng(4)
    x, y = rng.uniform(0.2, 0.75, 30), rng.normal(0.3, 1.0, 30)
    mean, variance = 0.0, 1.0
    for one, reaction in zip(x, y, strict=True):
        total = float(record.FORMAT_NOISE) + variance * one * one
        mean, variance = record.observe_format(mean, variance, one, reaction - mean * one, 1.0 / total)
    precision = 1.0 + (x * x).sum() / float(record.FORMAT_NOISE)
    assert mean == pytest.approx((x * y).sum() / float(record.FORMAT_NOISE) / precision)
    assert variance == pytest.approx(1.0 / precision)


def test_a_format_that_is_not_there_teaches_nothing_and_no_belief_becomes_certain():
    assert record.observe_format(0.4, 0.5, 0.0, 2.0, 1.0) == (0.4, 0.5)
    variance = 1.0
    for _ in range(1000):
        variance = record.observe_format(0.0, variance, 1.0, 0.1, 1.0 / (1.0 + variance))[1]
    assert variance == pytest.approx(0.02)


def test_reactions_are_ordered():
    """A skip says less love than leaving half-way, that less than finishing, that less than five stars."""
    told = ((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 1.0, 5.0))
    skip, half, silent, best = (record.reaction_of(*reaction) for reaction in told)
    assert skip < half < silent < best
    assert record.reaction_of(0.0, 1.0, 3.0) == 0.0  # three stars: neither


# --- totals ----------------------------------------------------------------------------------------------------------


def test_totals_count_what_happened():
    totals = Totals(*[0.0] * len(TOTALS))._replace(pace=1.0)
    story = [  # now skipped completed minutes declared staff cost tested success stars
        (1.0, 0.0, 1.0, 12.0, 10.0, 2.0, 3.0, 1.0, 0.5, 4.0),
        (3.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        (7.0, 0.0, 0.0, 4.0, 10.0, 2.0, 0.0, 0.0, 0.0, 0.0),
    ]
    for event in story:
        totals = record.observe_totals(totals, *event)
    assert (totals.now, totals.decisions) == (7.0, 3.0)
    assert (totals.completed, totals.skipped, totals.unfinished) == (1.0, 1.0, 1.0)
    assert (totals.minutes, totals.staff_minutes, totals.cost, totals.gap) == (16.0, 4.0, 3.0, 4.0)
    assert (totals.success, totals.stars) == (0.5, 4.0)  # untold by what was not tested and not rated
    assert totals.pace == pytest.approx(1.2)  # only finished activities tell the pace


def test_a_running_mean_is_the_mean_and_forgets_after_ten():
    values = np.random.default_rng(0).normal(size=10)
    mean = 0.0
    for n, value in enumerate(values):
        mean = record.running(mean, value, float(n))
    assert mean == pytest.approx(values.mean())
    assert record.running(0.0, 1.0, 500.0) == pytest.approx(0.1)


# --- layout ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_skills", [1, 3, 26])
def test_blocks_of_a_view_lie_side_by_side_and_every_float_has_its_own_name(n_skills):
    spec = ViewSpec(n_skills)
    covered = [j for name, _ in spec.segments() for j in range(spec.size)[spec.at(name)]]
    assert covered == list(range(spec.size)) == list(range(len(spec.names())))
    assert len(set(spec.names())) == spec.size
    assert spec.names()[spec.total("goal")] == "totals.goal"
    assert spec.names()[spec.at("belief").start] == "belief[0]"
    assert spec.size == 5 * n_skills + 2 * (len(FORMATS) + 1) + len(MOTIVES) + len(MODES) + len(record.VIEW_TOTALS)
    with pytest.raises(KeyError, match="beliefs.*needed.*belief.*e.g."):
        spec.at("beliefs")


def test_a_newcomer_is_known_by_the_prior_alone():
    tracer = np.array([[0.3, 0.1, 0.2, 0.1, 0.0], [0.6, 0.1, 0.2, 0.1, 0.0]], np.float32)
    spec = ViewSpec(2)
    row = spec.newcomer(tracer)
    assert row.dtype == np.float32 and row.shape == (spec.record_size,)
    skills = dict(zip(PER_SKILL, row[: spec.format_at].reshape(len(PER_SKILL), 2), strict=True))
    np.testing.assert_array_equal(skills["belief"], tracer[:, 0])
    assert (skills["seen"] < 0).all() and not (skills["answered"] + skills["right"] + skills["taught"]).any()
    mean, variance = row[spec.format_at : spec.totals_at].reshape(2, len(AXES))
    assert not mean.any() and (variance == 1.0).all()
    totals = Totals(*row[spec.totals_at :])
    assert totals.pace == 1.0 and sum(totals) == 1.0


UNIT = st.floats(0.0, 1.0)


@settings(max_examples=100, deadline=None)
@given(TRACERS, UNIT, st.floats(0, 50), st.floats(0, 99), st.floats(0, 9), UNIT, st.floats(0, 60))
def test_what_a_policy_sees_of_a_skill_lies_between_0_and_1(tracer, known, seen, answered, taught, target, later):
    belief = Belief(known, seen, answered, answered / 2.0, taught)
    view = record.view_skill(belief, tracer, seen + later, target)
    assert len(view) == len(record.VIEW_SKILL) and all(0.0 <= v <= 1.0 for v in view)


def test_what_a_policy_sees_of_the_totals_moves_with_them():
    totals = Totals(*[0.0] * len(TOTALS))._replace(pace=1.0)
    standing = Standing(1.0, 60.0, 30.0, 60.0)
    first = dict(zip(record.VIEW_TOTALS, record.view_totals(totals, standing, 0.4, 0.0), strict=True))
    assert first["time_left"] == first["to_retention"] == 1.0 and first["goal"] == 0.4
    assert first["weekly_minutes"] == 0.5 and first["mandatory"] == 1.0 and first["pace"] == 0.5
    later = record.view_totals(totals._replace(decisions=20.0, completed=20.0, minutes=300.0), standing, 0.4, 15.0)
    later = dict(zip(record.VIEW_TOTALS, later, strict=True))
    assert later["time_left"] == 0.5 and later["to_retention"] == 0.75
    assert later["decisions"] == later["completed"] == later["minutes"] == 0.5
