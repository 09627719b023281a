"""Where things lie in the classroom's arrays: integer constants, and the terms of a run. Read by Python and kernels."""

from typing import NamedTuple

# Who decides.
ASSIGN, OFFER, SELF = 0, 1, 2
DECIDES = ("assign", "offer", "self")

# Parts of the story that most rooms do not tell: ``if TOGETHER:`` in a template is decided when it is generated.
CHAPTERS = ("TOGETHER", "REASONED", "VETOED", "WISHING")  # learners meet or are tied to a day; reasons are given;
# vetoes are heard; learners have goals of their own

# What became of an offer.
REST, TAKEN, SUBSTITUTED, SKIPPED = 0, 1, 2, 3
OUTCOMES = ("rest", "accepted", "substituted", "skipped")

# Sparse tables of the world (rows of ``links``): what an activity truly teaches, asks, requires, is declared to teach;
# and, per entry of TEACHES, the skills its learning rests on: prerequisites and requirements, each once.
TEACHES, ASSESSES, REQUIRES, DECLARED, GATES = 0, 1, 2, 3, 4

# Columns of an event row.
EVENT = (
    "day",
    "taken",
    "outcome",
    "completed",
    "minutes",
    "stars",
    "items",
    "correct",
    "gap",
    "left",
    "staff_minutes",
    "cost",
)
(EVENT_DAY, EVENT_TAKEN, EVENT_OUTCOME, EVENT_COMPLETED, EVENT_MINUTES, EVENT_STARS, EVENT_ITEMS, EVENT_CORRECT,
 EVENT_GAP,
 EVENT_LEFT, EVENT_STAFF, EVENT_COST) = range(12)  # fmt: skip

MOST_ITEMS = 32  # items on one skill in one activity
SUBSTITUTE_SHARE = 0.25  # of those who decline an offer, who picks something else (C)


class Terms(NamedTuple):
    """Terms of a run: run-time values, never compiled in."""

    mandatory: float  # 1 or 0
    decides: float  # ASSIGN, OFFER, SELF
    rest_days: float  # what "nothing now" costs
    horizon: float  # days
    retention_day: float  # day of the retention check
    beta: float  # strength of meshing, 0 = null world
    on_stated: float  # meshing acts on the stated style ...
    on_aptitude: float  # ... or on the largest aptitude
    repeats: float  # most visits to one activity
    autoreset: float  # 1: a learner who ends is followed by another in the same slot
    until: float  # nobody acts on or after this day (coupled worlds); 1e9 = never
    cohort_size: float  # learners in a cohort
    likeness: float  # correlation of ability within a cohort
    reasons: float  # share of offers that come with a reason
    heed: float  # how much a stated goal counts in the target that policies are told


class Meeting(NamedTuple):
    """What an activity is to people who meet, read in worlds with cohorts or a calendar only; and to the department's
    rules, read in imagined lives only (elsewhere ``guardrails`` keep them)."""

    start: float  # days from Monday 0:00 at which it is held, -1: whenever one likes
    showcase: float  # 1: others' work is shown
    mentor: float  # 1: with a mentor
    community: float  # 1: asked of everyone who may know
    gate: float  # row of the activity that must be met before, -1: none
    mark: float  # share of items right with which it is passed, 0: taking it is enough
    due: float  # day by which it should be met, -1: none
    pinned: float  # 1: nothing else while it may be offered; in row 0, 1: there are rules at all
    live: float  # 1: counts towards live ones a week; in row 0 the most of them, -1: any number
    minutes: float  # as declared
    line: float  # in row n, the n-th activity that is due, earliest first; -1 after the last


# A row of company: how many others there are, how motivated they are on average, then per skill their mean level and
# the highest one among them.
OTHERS, SPIRIT, FIRST_LEVEL = 0, 1, 2


class Happening(NamedTuple):
    """What a reward may look at, beside the learner's life before and after."""

    minutes: float
    staff_minutes: float
    cost: float
    completed: float  # 1 or 0
    skipped: float  # 1 or 0
    left: float  # 1 if the learner leaves now
    items: float
    correct: float
    stars: float  # 0 if unrated
