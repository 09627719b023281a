"""Laws of worlds: they are values, their matrices say what their records say, and the truth stays hidden."""

import itertools
import pickle
import string
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptlearn.core import world as worlds
from adaptlearn.core.cohorts import Calendar, Cohorts
from adaptlearn.core.ruling import cycle_in
from adaptlearn.core.validity import faults_of
from adaptlearn.core.world import FEATURES, REST, WORDS, Activity, Programme, Role, Rules, Skill, World

IDS = st.text(string.ascii_lowercase + string.digits + "-_.", min_size=1, max_size=12).filter(lambda s: s[0].isalnum())
TITLES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=20)
CHANCE = st.floats(0.0, 1.0)
AMOUNT = st.floats(0.0, 500.0)


@st.composite
def skills(draw):
    ids = draw(st.lists(IDS, min_size=1, max_size=6, unique=True))
    built = []
    for at, name in enumerate(ids):
        below = tuple(draw(st.lists(st.sampled_from(ids[:at]), unique=True, max_size=3))) if at else ()
        numbers = draw(st.tuples(CHANCE, CHANCE, st.floats(0, 0.49), st.floats(0, 0.49), AMOUNT))
        built.append(Skill(name, draw(TITLES), below, *numbers, iri=draw(st.sampled_from(["", "http://x.org/1"]))))
    return tuple(built)


@st.composite
def activities(draw, known):
    parts = draw(st.lists(st.integers(0, 8), min_size=4, max_size=4).filter(any))
    words = {worlds_field: draw(st.sampled_from(WORDS[column])) for worlds_field, column in WORD_FIELDS.items()}
    taught = draw(st.lists(st.sampled_from(known), unique=True, max_size=3))
    asked = draw(st.lists(st.sampled_from(known), unique=True, max_size=3, min_size=0 if taught else 1))
    if not asked:
        words["assessment_role"] = "none"
    days = sorted(
        draw(st.lists(st.integers(0, 30) | st.floats(0, 30).map(lambda d: round(d, 3)), min_size=2, max_size=2))
    )
    return Activity(
        draw(IDS.filter(lambda name: name != REST.id)), draw(TITLES),
        access_mode=tuple(part / sum(parts) for part in parts), time_required=draw(st.floats(0.01, 500)),
        teaches=tuple((name, draw(st.floats(0.01, 1.0))) for name in taught),
        competency_required=tuple(draw(st.lists(st.sampled_from(known), unique=True, max_size=2))),
        assesses=tuple((name, draw(st.integers(1, 20))) for name in asked),
        assistance=draw(CHANCE), difficulty=draw(st.floats(-6, 6)), authenticity=draw(CHANCE),
        window=draw(st.none() | st.just((float(days[0]), float(days[1])))), staff_minutes=draw(AMOUNT), cost=draw(AMOUNT),
        capacity=draw(st.none() | st.integers(1, 99)), **words,
    )  # fmt: skip


WORD_FIELDS = {
    "learning_resource_type": "learningResourceType", "interactivity_type": "interactivityType", "feedback": "feedback",
    "timing": "timing", "assessment_role": "assessmentRole", "place": "place", "delivery": "delivery", "social": "social",
}  # fmt: skip


@st.composite
def random_worlds(draw):
    """A valid world: the last activities teach everything a role may need."""
    some = draw(skills())
    known = [skill.id for skill in some]
    free = draw(st.lists(activities(known), max_size=6, unique_by=lambda activity: activity.id))
    taken = {activity.id for activity in free}
    lessons = [
        Activity(f"zz-{k}", "Lesson", "lecture", (0, 1, 0, 0), 9.0, ((name, 1.0),)) for k, name in enumerate(known)
    ]
    roles = tuple(
        Role(name, draw(TITLES), tuple((skill, draw(st.floats(0.1, 5))) for skill in targets), draw(st.none() | st.just(45.0)))
        for name, targets in draw(st.dictionaries(IDS, st.lists(st.sampled_from(known), min_size=1, unique=True), min_size=1,
                                                  max_size=3)).items()
    )  # fmt: skip
    terms = Programme(30.0, draw(st.floats(30, 400)), draw(st.booleans()), draw(st.sampled_from(WORDS["decides"])),
                      draw(st.integers(1, 9)), draw(st.floats(0.1, 7)), draw(st.integers(1, 5)),
                      draw(st.sampled_from([0.0, 0.5, 1.0])))  # fmt: skip
    rules = Rules(
        pinned=("zz-0",),
        excluded=tuple(sorted(taken)[:1]),
        due=(("zz-0", 20.0),),
        not_before=(("zz-0", 2.5),),
        live_per_week=draw(st.none() | st.integers(0, 3)),
    )
    lessons = [lesson for lesson in lessons if lesson.id not in taken]
    about = (draw(IDS), draw(TITLES), draw(TITLES), "1.0", draw(st.sampled_from("ABC")))
    few = st.none() | st.integers(0, 200)
    likeness, minutes = st.sampled_from([0.0, 0.3, 0.95]), st.none() | st.just(90.5)
    cohorts = Cohorts(
        draw(st.integers(1, 40)), draw(likeness), draw(minutes), draw(few), draw(few), draw(st.floats(0, 7))
    )
    days = st.lists(st.integers(0, 6), min_size=1, unique=True).map(tuple)
    calendar = Calendar(
        draw(days), draw(days), draw(days), draw(st.sampled_from([(9.5,), (8.0, 16.25)])), draw(st.integers(1, 6))
    )
    together = {"cohorts": cohorts, "calendar": calendar}
    return World(*about, some, (REST, *free, *lessons), terms, roles, rules,
                 **{name: part for name, part in together.items() if draw(st.booleans())})  # fmt: skip


def test_a_random_world_is_valid_and_survives_writing(tmp_path_factory):
    @settings(max_examples=60, deadline=None)
    @given(random_worlds())
    def law(world):
        assert faults_of(world) == []
        folder = worlds.save(world, tmp_path_factory.mktemp("world"))
        assert worlds.load(folder) == world

    law()


@given(random_worlds())
@settings(max_examples=40, deadline=None)
def test_matrices_agree_with_reading_the_records_one_by_one(world):
    for a, activity in enumerate(world.activities):
        for k, name in enumerate(world.skill_ids):
            assert world.teaches[a, k] == np.float32(dict(activity.teaches).get(name, 0.0))
            assert world.assesses[a, k] == dict(activity.assesses).get(name, 0)
            assert world.requires[a, k] == (name in activity.competency_required)
    for k, skill in enumerate(world.skills):
        assert world.tracer[k].tolist() == [
            np.float32(getattr(skill, n)) for n in ("prior", "learn", "guess", "slip", "forget")
        ]
        assert [n for n, one in zip(world.skill_ids, world.prerequisites[k], strict=True) if one] == [
            n for n in world.skill_ids if n in skill.requires
        ]
        assert world.layer[k] == deepest(world, skill.id)
        assert {n for n, one in zip(world.skill_ids, world.ancestors[k], strict=True) if one} == everything_below(
            world, skill.id
        )
    for r, role in enumerate(world.roles):
        total = sum(weight for _, weight in role.targets)
        shares = [dict(role.targets).get(name, 0.0) / total for name in world.skill_ids]
        np.testing.assert_allclose(world.targets[r], shares, rtol=1e-6)
        wanted = set().union(*(everything_below(world, name) | {name} for name, _ in role.targets))
        assert {n for n, one in zip(world.skill_ids, world.needed[r], strict=True) if one} == wanted


def deepest(world, name):
    below = world.skills[world.skill_index[name]].requires
    return 1 + max(deepest(world, other) for other in below) if below else 0


def everything_below(world, name):
    below = set(world.skills[world.skill_index[name]].requires)
    return below.union(*(everything_below(world, other) for other in below))


@given(random_worlds())
@settings(max_examples=40, deadline=None)
def test_features_say_what_the_columns_say(world):
    column = dict(zip(world.feature_names, world.features.T, strict=True))
    assert world.features.shape == (len(world.activities), 3 * len(world.skills) + len(FEATURES))
    for a, x in enumerate(world.activities):
        words_and_pictures = x.access_mode[0] >= 0.25 and x.access_mode[1] + x.access_mode[2] >= 0.25
        expected = {
            "minutes": x.time_required, "difficulty": x.difficulty, "assistance": x.assistance, "cost": x.cost,
            "staff_minutes": x.staff_minutes, "authenticity": x.authenticity, "capacity": x.capacity or 0, "quality": 0,
            "rest": a == 0, "retrieval": len(x.assesses) > 0, "multimedia": words_and_pictures and a > 0,
            "coach": x.learning_resource_type.endswith("ing_session") or x.social in ("coach", "mentor"),
            "peer": x.social in ("peer", "cohort", "community"), "social": x.social != "solo",
            "live": x.timing in ("sync_scheduled", "cohort_paced"), "onsite": x.place != "anywhere",
            "bite": 0 < x.time_required <= 10, "flipped": x.learning_resource_type == "flipped_prework",
            "blended": x.delivery == "blended", "textual": x.access_mode[2],
            "active": ("expositive", "mixed", "active").index(x.interactivity_type) / 2,
            **{word: x.feedback == word for word in ("verification", "correct_answer", "elaborated")},
            **{word: x.assessment_role == word for word in ("diagnostic", "formative", "summative", "capstone")},
        }  # fmt: skip
        for name, value in expected.items():
            assert column[name][a] == np.float32(value), name
    assert (np.diff(column["syllabus_rank"][1:]) > 0).all()


def test_matrices_are_read_only_float32_and_worlds_are_frozen():
    world = worlds.load("tiny-v1")
    for name in ("tracer", "layer", "prerequisites", "ancestors", "teaches", "assesses", "requires", "scalars", "features",
                 "targets", "needed", "opens", "closes", "due", "allowed", "pinned"):  # fmt: skip
        matrix = getattr(world, name)
        assert matrix.dtype == np.float32, name
        with pytest.raises(ValueError, match="read-only"):
            matrix[...] = 0
    with pytest.raises(FrozenInstanceError):
        world.name = "other"
    assert pickle.loads(pickle.dumps(world)) == world
    assert hash(world) == hash(worlds.load("tiny-v1"))


def test_windows_and_rules_meet_in_the_day_columns():
    tiny = worlds.load("tiny-v1")
    rules = Rules(("greeting-video",), ("greeting-quiz",), (("greeting-video", 7.0),), (("resolving-counter", 12.0),))
    world = replace(tiny, rules=rules)
    at = world.activity_index
    assert world.opens[at["resolving-counter"]] == 12.0
    assert world.closes[at["resolving-counter"]] == 30.0
    assert world.closes[at["greeting-video"]] == np.inf
    assert world.due[at["greeting-video"]] == 7.0
    assert world.due[0] == np.inf
    assert world.allowed[at["greeting-quiz"]] == 0.0
    assert world.allowed.sum() == len(world.activities) - 1
    assert world.pinned[at["greeting-video"]] == world.pinned.sum() == 1.0


def test_other_rules_of_the_department_are_read_from_a_file_of_their_own(tmp_path):
    """``rules.toml`` as it lies in a bundle; what it does not say of repeats stays, what it does not say of rules goes."""
    tiny, file = worlds.load("tiny-v1"), tmp_path / "rules.toml"
    file.write_text("[rules]\nrepeats = 3\nlive_per_week = 2\ndue = { greeting-quiz = 9 }\n")
    ruled = worlds.under(tiny, file)
    assert ruled.rules == Rules(due=(("greeting-quiz", 9.0),), live_per_week=2) and ruled.programme.repeats == 3
    assert replace(ruled, rules=tiny.rules, programme=tiny.programme) == tiny
    file.write_text("[rules]\n")
    assert worlds.under(ruled, file).programme.repeats == 3


@pytest.mark.parametrize(
    ("text", "place"),
    [("[rules]\nexcluded = ['greeting-vid']", "rules.excluded"), ("[rules]\nlive_per_week = 1.5", "rules.live_per_week"),
     ("[rules]\nlive_per_week = -1", "rules.live_per_week"),
     ("[rules]\npass_mark = { greeting-quiz = 80 }", "rules.pass_mark.greeting-quiz"),
     ("[rules]\npass_mark = { greeting-video = 0.8 }", "rules.pass_mark.greeting-video"),
     ("[rules]\npass_mark = { greeting-vid = 0.8 }", "rules.pass_mark"),
     ("[rules]\nafter = { greeting-quiz = 'counter-final' }\nexcluded = ['counter-final']", "rules.after"),
     ("[rules]\nafter = { greeting-quiz = 'greeting-vid' }", "rules.after"), ("[rules]\nafter = 3", "rules.after"),
     ("[rules]\nafter = { greeting-quiz = 'greeting-video', greeting-video = 'greeting-quiz' }", "rules.after"), ("[rules]\nat_most = 3", "rules.at_most"),
     ("[rule]", "rule"), ("]", ""), ("[rules]\nrepeats = 0", "programme.repeats"), (None, "")],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused_by_file_and_key(tmp_path, text, place):
    if text is not None:
        (tmp_path / "rules.toml").write_text(text)
    with pytest.raises(worlds.Refusal) as refusal:
        worlds.under(worlds.load("tiny-v1"), tmp_path / "rules.toml")
    assert (refusal.value.file, refusal.value.field) == ("rules.toml", place)


# --- the true world --------------------------------------------------------------------------------------------------

KINDS = st.sampled_from(["as_written", "usual_error", "careless"])
SEEDS = st.integers(0, 2**64 - 1)


@given(random_worlds(), KINDS, SEEDS)
@settings(max_examples=40, deadline=None)
def test_the_declared_world_is_untouched_by_its_truth(world, kind, seed):
    before = pickle.dumps([getattr(world, part.name) for part in fields(world)])
    features = world.features.copy()
    truth = world.true(kind, seed)
    assert pickle.dumps([getattr(world, part.name) for part in fields(world)]) == before
    assert (world.features == features).all()
    assert truth == world.true(kind, seed)
    assert (truth == world) if kind == "as_written" else (truth.activities[0] == REST)
    for written, real in zip(world.activities, truth.activities, strict=True):
        hidden = replace(real, quality=0.0, difficulty=written.difficulty, time_required=written.time_required,
                         teaches=written.teaches)  # fmt: skip
        assert hidden == written, "only quality, difficulty, minutes and tags are drawn"
        assert [weight for _, weight in real.teaches] == [weight for _, weight in written.teaches]
        assert len(dict(real.teaches)) == len(written.teaches), "no skill is taught twice over"
        assert real.time_required > 0 or real == REST


@given(random_worlds(), SEEDS, st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_an_added_activity_changes_nobody_elses_hidden_draw(world, seed, place):
    place = 1 + place % len(world.activities)
    newcomer = Activity("newcomer+1", "New", "video", (1, 0, 0, 0), 5.0, ((world.skill_ids[0], 1.0),))
    wider = replace(world, activities=(*world.activities[:place], newcomer, *world.activities[place:]))
    truth, wider_truth = world.true("careless", seed), wider.true("careless", seed)
    assert tuple(a for a in wider_truth.activities if a.id != newcomer.id) == truth.activities


def many(n):
    layers = [Skill(f"base{j}", "Base") for j in range(4)]
    tops = [Skill(f"top{j}", "Top", (f"base{j // 2}",)) for j in range(4)]
    lessons = [Activity(f"a{i}", "A", "video", (1, 0, 0, 0), 10.0, ((f"top{i % 4}", 1.0),)) for i in range(n)]
    role = Role("r", "R", (("top0", 1.0),))
    return World("many", "Many", "Job", "1", "C", (*layers, *tops), (REST, *lessons), Programme(), (role,))


@pytest.mark.parametrize(
    ("kind", "sds", "share"), [("usual_error", (0.15, 0.30, 0.15), 0.05), ("careless", (0.35, 0.70, 0.35), 0.20)]
)
def test_hidden_draws_have_the_size_they_claim(kind, sds, share):
    n = 4000
    truth = many(n).true(kind, 7)
    real = truth.activities[1:]
    drawn = np.array([(a.quality, a.difficulty, np.log(a.time_required / 10.0)) for a in real])
    np.testing.assert_allclose(drawn.mean(0), 0.0, atol=4 * max(sds) / n**0.5)
    np.testing.assert_allclose(drawn.std(0), sds, rtol=4 / (2 * n) ** 0.5)
    assert np.abs(np.corrcoef(drawn.T) - np.eye(3)).max() < 4 / n**0.5
    moved = [(a.teaches[0][0], f"top{i % 4}") for i, a in enumerate(real) if a.teaches[0][0] != f"top{i % 4}"]
    assert abs(len(moved) / n - share) < 4 * (share * (1 - share) / n) ** 0.5
    siblings = {"top0": "top1", "top1": "top0", "top2": "top3", "top3": "top2"}
    assert all(siblings[written] == real for real, written in moved), (
        "a tag moves to a skill with the same prerequisite"
    )


def test_another_seed_is_another_truth_and_an_unknown_kind_is_refused():
    world = worlds.load("tiny-v1")
    assert world.true("usual_error", 1) != world.true("usual_error", 2)
    with pytest.raises(worlds.Refusal, match="usual_error") as refusal:
        world.true("usual", 1)
    assert refusal.value.example == "usual_error"


# --- circles ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=14))
def test_a_circle_is_found_exactly_where_there_is_one(edges):
    requires = {str(k): [str(b) for a, b in edges if a == k] for k in range(7)}
    reach = np.zeros((7, 7), bool)
    for a, b in edges:
        reach[a, b] = True
    for middle in range(7):
        reach |= np.outer(reach[:, middle], reach[middle])
    circle = cycle_in(requires)
    assert bool(circle) == reach.diagonal().any()
    if circle:
        assert circle[0] == circle[-1]
        assert all(after in requires[before] for before, after in itertools.pairwise(circle))
