"""Each cause acts where it says and nowhere else: meshing on gains, preference on what people do with an offer."""

from dataclasses import replace

import numpy as np
import pytest
from plays import AT, LAWS, play, same, tiny

from adaptlearn.classroom.packing import Meshing, meshing_of
from adaptlearn.classroom.room import STATE
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import MODES, Life, Population, Traits
from adaptlearn.laws import bkt

IDS = np.arange(800)
VIDEO = 2  # greeting-video: visual .6, auditory .4; nobody needs anything for it
NULL, CONTESTED = Meshing(), Meshing(0.53, on_stated=1.0)


def offering(activity):
    """The same activity to everyone, always."""
    return lambda room, step: np.full(room.offers.shape, activity, np.int32)


def after_one(terms):
    """One decision of everyone, all offered the video.   -> room, state before, state after"""
    room, states = play(terms, IDS, steps=1, offers=offering(VIDEO))
    assert room.rules.world.activity_ids[VIDEO] == "greeting-video"
    return room, *states


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("meant", [(1.0, 0.0), (0.0, 1.0)])
def test_meshing_of_strength_zero_is_the_null_world_bit_for_bit(law, meant):
    _, null = play(tiny(law), IDS, steps=12)
    _, nought = play(tiny(law, meshing=Meshing(0.0, *meant)), IDS, steps=12)
    for one, other in zip(null, nought, strict=True):
        same(one, other, (*STATE, "pay", "flags", "event", "answers"))


@pytest.mark.parametrize(("style", "on"), [("stated", (1.0, 0.0)), ("aptitude", (0.0, 1.0))])
def test_a_strength_is_said_in_words(style, on):
    assert meshing_of(f"{style}:0.53") == Meshing(0.53, *on)
    assert meshing_of("contested") == meshing_of("stated:0.53")
    for wrong in ("stated", "stated:", "stated:x", "liking:1", "contestd"):
        with pytest.raises(ValueError, match="needed one of"):
            meshing_of(wrong)


@pytest.mark.parametrize("law", LAWS)
def test_meshing_changes_at_first_only_what_learning_touches(law):
    """The first visit is accepted, finished, timed, answered, rated and recorded alike; only what is learnt differs."""
    (room, _, null), (_, _, meshed) = after_one(tiny(law)), after_one(tiny(law, meshing=CONTESTED))
    same(null, meshed, [name for name in (*STATE, "flags", "event", "answers") if name not in ("mind", "life")])
    for j, name in enumerate(Life._fields):
        if name not in ("value", "potential"):
            np.testing.assert_array_equal(null["life"][:, j], meshed["life"][:, j], err_msg=name)
    taught = room.rules.world.teaches[VIDEO] > 0
    np.testing.assert_array_equal(null["mind"][:, ~taught], meshed["mind"][:, ~taught])
    assert (null["mind"][:, taught] != meshed["mind"][:, taught]).any()
    visited = null["event"][:, AT["taken"]] > 0
    np.testing.assert_array_equal(null["mind"][~visited], meshed["mind"][~visited])


def style_share(room, on):
    """How much of the video is in the mode that a learner states, or is most able in, above an even mix."""
    at = [FEATURES.index(mode) for mode in MODES]
    modes = room.rules.world.scalars[VIDEO, at].astype(np.float64)
    apt = np.stack([room.trait(f"aptitude_{mode}") for mode in MODES], 1).argmax(1)
    return modes[room.trait("stated").astype(int) if on == "stated" else apt] - 0.25


@pytest.mark.parametrize(("on", "meshing"), [
    ("stated", CONTESTED), ("stated", Meshing(-0.27, on_stated=1.0)), ("apt", Meshing(0.53, on_aptitude=1.0)),
])  # fmt: skip
def test_the_first_gain_is_multiplied_by_one_plus_beta_times_alignment(on, meshing):
    (room, _, null), (_, _, meshed) = after_one(tiny()), after_one(tiny(meshing=meshing))
    gain = room.rules.law.Mind._fields.index("gain")
    plain, with_style = null["mind"][:, 0, gain], meshed["mind"][:, 0, gain]
    visited = null["event"][:, AT["taken"]] > 0
    expected = 1.0 + meshing.beta * style_share(room, on)
    assert visited.sum() > 500 and len(np.unique(expected.round(6))) >= 3
    np.testing.assert_allclose(with_style[visited], (expected * plain)[visited], rtol=2e-6)
    assert (plain[visited] > 0.0).mean() > 0.9


def test_under_bkt_the_first_visit_counts_as_one_plus_beta_times_alignment_visits():
    """1 - P(T)' = (1 - P(T)) ** (1 + beta x alignment): who learns, under the same luck, follows from that alone."""
    (room, before, null), (_, _, meshed) = after_one(tiny("bkt")), after_one(tiny("bkt", meshing=CONTESTED))
    known = bkt.Mind._fields.index("known")
    unknown = (before["mind"][:, 0, known] < 0.5) & (null["event"][:, AT["taken"]] > 0)
    factor = 1.0 + CONTESTED.beta * style_share(room, "stated")
    learnt, with_style = null["mind"][:, 0, known] > 0.5, meshed["mind"][:, 0, known] > 0.5
    assert with_style[unknown & learnt & (factor > 1.0)].all()  # more is never less, for the same luck
    assert not with_style[unknown & ~learnt & (factor < 1.0)].any()
    assert (with_style != learnt)[unknown].any()


@pytest.mark.parametrize("law", LAWS)
def test_meshing_comes_to_matter_to_everything_that_hangs_on_knowledge(law):
    _, null = play(tiny(law), IDS, steps=12)
    _, meshed = play(tiny(law, meshing=CONTESTED), IDS, steps=12)
    for name in ("mind", "rec", "answers", "life"):
        assert (null[-1][name] != meshed[-1][name]).any(), name


# --- preference ------------------------------------------------------------------------------------------------------


def fonder():
    """The same people, two SD fonder of visual formats. What they say of themselves is held as it was."""
    calm = replace(Population(change_rate=0.0), stated_weights=(0.2, 0.0, 0.75))
    return calm, calm.with_traits(like_visual=(2.0, 1.0))


@pytest.mark.parametrize("law", LAWS)
def test_a_preference_changes_what_people_do_and_not_what_a_finished_visit_teaches(law):
    calm, fond = fonder()
    _, _, one = after_one(tiny(law, population=calm, mandatory=False))
    _, _, other = after_one(tiny(law, population=fond, mandatory=False))
    traits = [j for j in range(one["traits"].shape[1]) if (one["traits"][:, j] != other["traits"][:, j]).any()]
    assert [Traits._fields[j] for j in traits] == ["like_visual"]
    moved = {name: one["event"][:, AT[name]] != other["event"][:, AT[name]] for name in AT}
    assert moved["taken"].any() and moved["completed"].any() and moved["stars"].any()
    more = other["event"][:, AT["taken"]] > one["event"][:, AT["taken"]]
    fewer = other["event"][:, AT["taken"]] < one["event"][:, AT["taken"]]
    assert more.any() and not fewer.any()  # a visual format, and everyone likes it better: nobody declines it now
    both = (one["event"][:, AT["completed"]] > 0) & (other["event"][:, AT["completed"]] > 0)
    assert both.sum() > 200
    for name in ("mind", "touched", "answers"):
        np.testing.assert_array_equal(one[name][both], other[name][both], err_msg=name)
    for name in ("minutes", "items", "correct"):
        assert not moved[name][both].any()
    rated = both & (one["event"][:, AT["stars"]] > 0) & (other["event"][:, AT["stars"]] > 0)
    assert (other["event"][rated, AT["stars"]] >= one["event"][rated, AT["stars"]]).all()


def test_a_format_nobody_has_a_taste_for_is_all_the_same():
    """Liking a mode means nothing to an activity with an even mix of modes."""
    calm, fond = fonder()
    terms = tiny(population=calm, mandatory=False)
    even = replace(terms.world.activities[VIDEO], access_mode=(0.25, 0.25, 0.25, 0.25))
    world = replace(
        terms.world, activities=(*terms.world.activities[:VIDEO], even, *terms.world.activities[VIDEO + 1 :])
    )
    _, one = play(replace(terms, world=world), IDS, steps=3, offers=offering(VIDEO))
    _, other = play(replace(terms, world=world, population=fond), IDS, steps=3, offers=offering(VIDEO))
    for before, after in zip(one, other, strict=True):
        same(before, after, [name for name in (*STATE, "event", "flags", "pay") if name != "traits"])
