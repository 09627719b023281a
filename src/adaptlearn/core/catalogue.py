"""What a catalogue is made of: skills, activities, programme, roles, rules, and the words their columns may use.

Names follow schema.org LearningResource and IEEE LOM where they exist; a column ``timeRequired`` of a world's folder
is the field ``time_required`` here.
"""

from dataclasses import dataclass

import numpy as np

from adaptlearn.core.learner import MODES

Weights = tuple[tuple[str, float], ...]  #: (skill id, weight) in the order written
Items = tuple[tuple[str, int], ...]  #: (skill id, items)

WORDS = {
    "learningResourceType": (
        "lecture", "video", "reading", "case_study", "simulation", "on_the_job_task", "flipped_prework",
        "coaching_session", "mentoring_session", "discussion", "showcase", "project", "quiz", "capstone", "reference",
    ),
    "interactivityType": ("expositive", "active", "mixed"),
    "feedback": ("none", "verification", "correct_answer", "elaborated"),
    "timing": ("async_self_paced", "sync_scheduled", "cohort_paced", "on_demand"),
    "assessmentRole": ("none", "diagnostic", "formative", "summative", "capstone"),
    "place": ("anywhere", "lab", "job_site"),
    "delivery": ("online", "in_person", "blended"),
    "social": ("solo", "peer", "cohort", "coach", "mentor", "community"),
    "decides": ("assign", "offer", "self"),
    "goal": ("depth", "breadth", "open"),
    "grade": ("A", "B", "C"),
}  # fmt: skip
FEATURES = (
    "minutes", "difficulty", "assistance", "retrieval", "verification", "correct_answer", "elaborated", "multimedia",
    "coach", "peer", "flipped", "blended", *MODES, "live", "bite", "social", "onsite", "authenticity", "active",
    "staff_minutes", "cost", "diagnostic", "formative", "summative", "capstone", "rest", "quality", "syllabus_rank",
    "capacity",
)  # fmt: skip
_SCALES = {"minutes": 30.0, "staff_minutes": 30.0, "cost": 50.0, "capacity": 20.0, "difficulty": 2.0}
FEATURE_SCALE = np.array([_SCALES.get(name, 1.0) for name in FEATURES], np.float32)  #: raw / scale is of order 1
ITEMS_SCALE = 10.0  #: items in ``assesses`` are divided by this in ``features``


@dataclass(frozen=True)
class Skill:
    """One skill; the five numbers are the *platform's* knowledge tracer, not how learners are."""

    id: str
    title: str
    requires: tuple[str, ...] = ()  # skills it builds on, acyclic
    prior: float = 0.2  # P(known) before anything, [0, 1]
    learn: float = 0.1  # P(unknown -> known) at one opportunity, [0, 1]
    guess: float = 0.18  # P(correct | unknown), [0, 1)
    slip: float = 0.12  # P(wrong | known), [0, 1), guess + slip < 1
    forget: float = 0.0  # hyperbolic rate per day, >= 0, 0 = none
    iri: str = ""  # ESCO, O*NET or CASE


@dataclass(frozen=True)
class Activity:
    """One activity as its author declares it. ``quality`` is never declared: only the true world has it."""

    id: str
    title: str
    learning_resource_type: str
    access_mode: tuple[float, float, float, float]  # weights over MODES, sum 1
    time_required: float  # minutes, > 0
    teaches: Weights = ()  # weights in (0, 1]
    competency_required: tuple[str, ...] = ()  # skills
    assesses: Items = ()  # whole items, 1 to 20
    interactivity_type: str = "expositive"
    assistance: float = 0.5  # [0, 1]: 0 discover, 1 worked example
    feedback: str = "none"
    difficulty: float = 0.0  # logit, shift of its items
    timing: str = "async_self_paced"
    window: tuple[float, float] | None = None  # first and last day on which it may begin; None = always
    assessment_role: str = "none"
    place: str = "anywhere"
    delivery: str = "online"
    authenticity: float = 0.0  # [0, 1]: likeness to the job
    social: str = "solo"
    staff_minutes: float = 0.0  # minutes of other people per learner, >= 0
    cost: float = 0.0  # money per learner, >= 0
    capacity: int | None = None  # seats a week, >= 1; None = unlimited
    quality: float = 0.0  # hidden, log factor on the gain


REST = Activity("nothing-now", "Nothing now", "reference", (0.25, 0.25, 0.25, 0.25), 0.0, assistance=0.0)


@dataclass(frozen=True)
class Programme:
    """The terms of the programme."""

    horizon_days: float = 60.0  # days until it ends, > 0
    retention_day: float = 90.0  # day of the retention check, >= horizon_days
    mandatory: bool = True
    decides: str = "assign"  # assign | offer | self
    offer_size: int = 3  # activities shown at once where decides = offer
    rest_days: float = 1.0  # days one "nothing now" costs, > 0
    repeats: int = 2  # most times a learner may take one activity, >= 1
    reasons: float = 0.0  # share of offers that come with a reason, [0, 1]
    veto: bool = False  # whether a learner who skips an offer may strike it off for good
    heed: float = 0.0  # how much what learners say they want counts in the target that policies are told, [0, 1]


@dataclass(frozen=True)
class Role:
    """A destination: the skills a person is training for.

    Under ``depth`` the targets count as they are weighted; under ``breadth`` they and all that they rest on count
    alike; ``open`` has no destination, every skill of the world counts alike, and targets are left out.
    """

    id: str
    title: str
    targets: Weights  # weights > 0, as written
    deadline_day: float | None = None
    goal: str = "depth"  # depth | breadth | open


@dataclass(frozen=True)
class Rules:
    """The learning department's own rules, enforced as a mask. An activity that was taken once has met its rule; one
    with a pass mark only once it was passed: finished, with that share of its items right in one visit.

    A due day keeps time free: an activity may be offered only while what is due earlier still fits, earliest due day
    first (Jackson 1955), with its declared minutes counted ``DUE_MARGIN`` times. An overdue activity stays first in
    line. Where rules meet, each narrows what the one before it left: excluded and not before, after, live per week,
    due, pinned.
    """

    pinned: tuple[str, ...] = ()  # while one of these may be offered and was not met, nothing else is
    excluded: tuple[str, ...] = ()  # never offered
    due: tuple[tuple[str, float], ...] = ()  # activity, day by which it should be taken
    not_before: tuple[tuple[str, float], ...] = ()  # activity, first day on which it may begin
    live_per_week: int | None = None  # most live activities in a week of the programme, none of them twice in it
    after: tuple[tuple[str, str], ...] = ()  # activity, a gate that must have been met before it is offered
    pass_mark: tuple[tuple[str, float], ...] = ()  # activity that asks, share of its items that must be right, (0, 1]

    def named(self) -> dict[str, tuple[str, ...]]:
        """Activities that each rule speaks of, gates among them, by the rule's name."""
        dated = {name: tuple(dict(getattr(self, name))) for name in ("due", "not_before", "pass_mark")}
        gated = tuple(name for pair in self.after for name in pair)
        return {"pinned": self.pinned, "excluded": self.excluded, "after": gated} | dated


DUE_MARGIN = np.float32(2.0)  #: declared minutes are counted so often: offers are skipped, readers are slow


def scalar_row(activity: Activity, rank: float = 0.0) -> list[float]:
    """One activity's values of FEATURES, in that order; ``rank`` is its place in the author's syllabus, 0..1."""
    visual, auditory, textual, _ = activity.access_mode
    kind, social, rest = (activity.learning_resource_type, activity.social, activity.id == REST.id)
    values: dict[str, float] = {
        "minutes": activity.time_required,
        "difficulty": activity.difficulty,
        "assistance": activity.assistance,
        "retrieval": bool(activity.assesses),
        "multimedia": visual >= 0.25 and auditory + textual >= 0.25 and not rest,  # words and pictures
        "coach": kind in ("coaching_session", "mentoring_session") or social in ("coach", "mentor"),
        "peer": social in ("peer", "cohort", "community"),
        "flipped": kind == "flipped_prework",
        "blended": activity.delivery == "blended",
        "live": activity.timing in ("sync_scheduled", "cohort_paced"),
        "bite": activity.time_required <= 10.0 and not rest,
        "social": social != "solo",
        "onsite": activity.place != "anywhere",
        "authenticity": activity.authenticity,
        "active": {"active": 1.0, "mixed": 0.5}.get(activity.interactivity_type, 0.0),
        "staff_minutes": activity.staff_minutes,
        "cost": activity.cost,
        "rest": rest,
        "quality": activity.quality,
        "syllabus_rank": rank,
        "capacity": activity.capacity or 0,
    }
    values.update(zip(MODES, activity.access_mode, strict=True))
    values.update({word: activity.feedback == word for word in WORDS["feedback"][1:]})
    values.update({word: activity.assessment_role == word for word in WORDS["assessmentRole"][1:]})
    return [float(values[name]) for name in FEATURES]
