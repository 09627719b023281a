"""What a log identifies, what stays assumed, and what to log before a pilot: a table of laws over the facts of a log.

A topic is *identified* where all its needs are met, *in part* where only those marked core are, else *assumed* (grade
C). Needs ask for enough of something, so more of anything never lowers a verdict. Nothing here estimates: whether a
number may be fitted is decided before it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from adaptlearn.interchange.facts import SILENCE, TRIED, Facts

ENOUGH = 20  #: people, or rows of the rarer kind
MANY = 50  #: rows from which a share or a slope begins to be worth looking at

IDENTIFIED, IN_PART, ASSUMED = "identified", "in part", "assumed"


class Need(NamedTuple):
    """Something that a log must hold."""

    holds: Callable[[Facts], bool]
    found: Callable[[Facts], str]  # what there is, in words; also where it is too little
    log: str  # what to log before a pilot


def _some(n: int, what: str) -> str:
    first, _, rest = what.partition(" ")  # one row, two rows
    word = first.removesuffix("s") if n == 1 and first != "people" else first
    return f"{n:,} {word} {rest}".rstrip() if n else f"no {what}"


def _answers(f: Facts) -> str:
    n = f.right + f.wrong
    if not n:
        return "no answers marked right or wrong"
    if min(f.right, f.wrong) == 0:
        return f"all {n:,} answers are {'right' if f.right else 'wrong'}: nothing tells those who know from the others"
    return f"{n:,} answers, {f.right / n:.0%} right"


def _outcomes(f: Facts) -> str:
    n = f.done + f.undone
    if not n:
        return "nothing says whether an activity was completed"
    if min(f.done, f.undone) == 0:
        return f"all {n:,} activities in the log are {'completed' if f.done else 'not completed'}"
    return f"{f.done:,} activities completed, {f.undone:,} not"


def _spent(f: Facts) -> str:
    if f.timed < MANY:
        return _some(f.timed, "rows with minutes")
    return f"{f.timed:,} rows with minutes" if f.varied else (
        "minutes are the same for everyone on an activity: the catalogue's, not time spent")  # fmt: skip


def _leaving(f: Facts) -> str:
    if f.left:
        return f"{f.left:,} people with a day of leaving"
    quiet = f"{_some(f.silent, 'people')} silent for the last {SILENCE:.0f} of {f.span:,.0f} days"
    return f"no day of leaving; {quiet}" if f.dated else "no day of leaving"


def _words(name: str, what: str) -> Callable[[Facts], str]:
    return lambda f: _some(f.words.get(name, 0), what)


RIGHT_WRONG = Need(
    lambda f: min(f.right, f.wrong) >= ENOUGH,
    _answers,
    "every answer to every question: who, which question, right or wrong",
)
SKILLS = Need(
    lambda f: "skill" in f.columns and f.right + f.wrong > 0,
    lambda f: _some(f.skills, "skills named"),
    "beside each question the skill it is about",
)
REPEATS = Need(
    lambda f: f.repeats >= MANY,
    lambda f: _some(f.repeats, f"cases of a person meeting a skill {TRIED} times or more"),
    f"every attempt, not the last one only: the same person at least {TRIED} times on the same skill",
)
ENOUGH_ANSWER = Need(
    lambda f: f.answering >= ENOUGH,
    lambda f: _some(f.answering, "people with answers"),
    f"answers of at least {ENOUGH} people, better of hundreds",
)
ITEMS = Need(
    lambda f: f.shared_items >= 2,
    lambda f: _some(f.shared_items, "questions answered by ten people or more"),
    "a number for each question that is the same for everyone who gets it",
)
DATED = Need(
    lambda f: f.dated >= MANY,
    lambda f: _some(f.dated, "rows with a date"),
    "date and time of every row",
)
RETURNS = Need(
    lambda f: f.returns >= MANY,
    lambda f: _some(f.returns, "returns to a skill after a day or more"),
    "questions on the same skill again on a later day",
)
MONTHS = Need(
    lambda f: f.months >= MANY,
    lambda f: _some(f.months, "returns to a skill after a month or more"),
    "a short test 30 to 90 days later, without teaching in between",
)
OUTCOMES = Need(
    lambda f: min(f.done, f.undone) >= ENOUGH,
    _outcomes,
    "what was assigned or begun and not finished, too, not only what was completed",
)
ENOUGH_PEOPLE = Need(lambda f: f.learners >= ENOUGH, lambda f: f"{f.learners:,} people", f"at least {ENOUGH} people")
SPENT = Need(
    lambda f: f.timed >= MANY and f.varied,
    _spent,
    "the minutes that each person spent (begin and end), not the hours of the catalogue",
)
WEEKS = Need(lambda f: f.span >= 28.0, lambda f: f"{f.span:,.0f} days from first to last row", "four weeks or more")
GONE = Need(
    lambda f: f.left >= ENOUGH or (f.silent >= ENOUGH and f.span >= 2 * SILENCE),
    _leaving,
    "sixty days or more, so that silence can be told from a pause",
)
LEFT = Need(lambda f: f.left >= ENOUGH, _leaving, "the day on which a person dropped out or was taken off, and why")
FORMATS = Need(
    lambda f: f.kinds >= 2,
    lambda f: _some(f.kinds, "formats of activities"),
    "the format of each activity: video, reading, live session, practice at work ...",
)
OFFERED = Need(
    lambda f: f.offered >= MANY,
    lambda f: _some(f.offered, "rows that say what was offered"),
    "what was offered beside what was taken; declined offers, too",
)
CHANCES = Need(
    lambda f: f.chances >= MANY,
    lambda f: _some(f.chances, "offers that chance decided"),
    "let chance decide a small share of what is offered, and log the chance of each offer (between 0 and 1)",
)
ANSWERS_BY_FORMAT = Need(
    lambda f: f.kinds_answered >= 2,
    lambda f: f"answers after {f.kinds_answered:,} formats" if f.kinds_answered else "no answers by format",
    "the format of the activity that came before each answer",
)
RATED = Need(
    lambda f: f.rated >= MANY, lambda f: _some(f.rated, "ratings"), "the stars that people give, with who and what"
)
RATE_OFTEN = Need(
    lambda f: f.rating_often >= ENOUGH,
    lambda f: _some(f.rating_often, "people with three ratings or more"),
    "ratings of several activities by the same person",
)
STATED = Need(
    lambda f: f.words.get("stated", 0) >= 2,
    _words("stated", "stated preferences"),
    "what people said they prefer, asked once before the start",
)
ROLES = Need(lambda f: f.words.get("role", 0) >= 2, _words("role", "roles"), "the role that a person trains for")
MOTIVES = Need(
    lambda f: f.words.get("motive", 0) >= 2,
    _words("motive", "motives"),
    "why a person trains, asked in one question at the start: a project, leadership, own interest, compliance",
)
GROUPS = Need(
    lambda f: f.groups >= 2,
    lambda f: _some(f.groups, f"groups of at least {ENOUGH} people"),
    "a column with the groups that must be treated alike, as far as the law and the works council allow",
)
ANY_OUTCOME = Need(
    lambda f: RIGHT_WRONG.holds(f) or OUTCOMES.holds(f),
    lambda f: _answers(f) if f.right + f.wrong else _outcomes(f),
    "an outcome of each activity: answers, or completed and not completed",
)
SURVEY = Need(lambda f: False, lambda f: "no click or answer shows it", "a short survey before the start")
WORK = Need(
    lambda f: False,
    lambda f: "a learning log ends where work begins",
    "a measure at work before and after (errors, tickets, sales) with people who are not yet trained to compare",
)


@dataclass(frozen=True)
class Topic:
    """A trait of learners, or a claim about training, and what a log must hold to say something about it."""

    name: str
    about: str  # trait | claim
    simulator: tuple[str, ...]  # names in the simulator that hang on it
    core: tuple[Need, ...]
    full: tuple[Need, ...]
    assumed: str  # what stands in for it where the log is silent


TOPICS = (
    Topic("How much people know at the start", "trait", ("ability", "prior"), (RIGHT_WRONG, SKILLS), (ENOUGH_ANSWER,),
          "a spread taken from published studies"),
    Topic("How far an answer can be trusted: guesses and slips", "trait", ("guess", "slip"),
          (RIGHT_WRONG, SKILLS, REPEATS), (ENOUGH_ANSWER,), "usual values of knowledge tracing"),
    Topic("How fast people learn", "trait", ("learn", "rate"), (RIGHT_WRONG, SKILLS, REPEATS), (ENOUGH_ANSWER,),
          "effects of published trials, grade C"),
    Topic("How fast people forget", "trait", ("forget", "memory"), (RIGHT_WRONG, SKILLS, DATED, RETURNS), (MONTHS,),
          "published forgetting curves, grade C"),
    Topic("How hard each question is", "trait", ("difficulty",), (RIGHT_WRONG, ITEMS), (ENOUGH_ANSWER,),
          "what the author of the question says"),
    Topic("Whether people finish what they begin", "trait", ("conscientiousness", "finish"), (OUTCOMES,),
          (ENOUGH_PEOPLE,), "completion as in published trials"),
    Topic("How long an activity takes", "trait", ("minutes",), (SPENT,), (ENOUGH_PEOPLE,),
          "the minutes of the catalogue"),
    Topic("How much time people give a week", "trait", ("weekly_minutes",), (SPENT, DATED), (WEEKS, ENOUGH_PEOPLE),
          "a median of 90 minutes a week"),
    Topic("Who leaves, and when", "trait", ("leave",), (DATED, GONE), (LEFT,),
          "leaving early rather than late, as published"),
    Topic("Which formats people choose", "trait", ("like_*",), (OFFERED, FORMATS), (CHANCES,),
          "wide and centred on none"),
    Topic("Which formats help whom to learn", "trait", ("aptitude_*",), (RIGHT_WRONG, ANSWERS_BY_FORMAT, CHANCES),
          (ENOUGH_ANSWER,), "that it makes no difference: trials do not support matching"),
    Topic("What people say they prefer", "trait", ("stated",), (STATED,), (ENOUGH_PEOPLE,),
          "drawn; hardly tied to learning"),
    Topic("How kindly people rate", "trait", ("halo",), (RATED,), (RATE_OFTEN,), "ratings say little about learning"),
    Topic("What people train for, and why", "trait", ("role", "motive", "own", "said"), (ROLES,), (MOTIVES,),
          "shares of your choosing"),
    Topic("Self-confidence and need for choice", "trait", ("efficacy", "autonomy"), (SURVEY,), (), "published spreads"),
    Topic("Whether knowledge can be traced from answers", "claim", ("tracer",),
          (RIGHT_WRONG, SKILLS, REPEATS), (ENOUGH_ANSWER,), "no tracer is fitted and no accuracy is given"),
    Topic("Whether another way of offering would do better", "claim", ("policy",), (OFFERED, CHANCES), (ANY_OUTCOME,),
          "simulation only: a pilot decides"),
    Topic("Whether it is still known months later", "claim", ("forecast",),
          (RIGHT_WRONG, SKILLS, DATED, MONTHS), (ENOUGH_ANSWER,), "a forecast from published forgetting"),
    Topic("Whether every group is served alike", "claim", ("site", "tenure"), (GROUPS,), (ANY_OUTCOME,),
          "not shown, so not claimed"),
    Topic("Whether training changed the work", "claim", (), (WORK,), (), "nothing: learning is not yet doing"),
)  # fmt: skip


class Verdict(NamedTuple):
    """What a log says about one topic."""

    topic: str
    about: str
    verdict: str  # identified | in part | assumed
    because: str  # what was found
    assumed: str  # what stays assumed; "" where identified
    log_before_pilot: tuple[str, ...]
    simulator: tuple[str, ...]


def verdict(topic: Topic, facts: Facts) -> Verdict:
    """Judge one topic."""
    lacking = [need for need in (*topic.core, *topic.full) if not need.holds(facts)]
    asked = [
        need for need in lacking if need is not ENOUGH_ANSWER or facts.answering
    ]  # first of all answers, then many
    met = [need for need in (*topic.core, *topic.full) if need.holds(facts)]
    level = ASSUMED if any(need in lacking for need in topic.core) else IN_PART if lacking else IDENTIFIED
    shown = [need for need in lacking if need in topic.core] if level == ASSUMED else met + lacking
    because = "; ".join(dict.fromkeys(need.found(facts) for need in shown))
    stays = "" if level == IDENTIFIED else topic.assumed
    logs = tuple(dict.fromkeys(need.log for need in asked))
    return Verdict(topic.name, topic.about, level, because, stays, logs, topic.simulator)


def examine(facts: Facts) -> list[Verdict]:
    """Judge every topic."""
    return [verdict(topic, facts) for topic in TOPICS]


class Advice(NamedTuple):
    """One thing to log before a pilot, and what it would help to tell."""

    log: str
    opens: tuple[str, ...]  # topics that lack it; those that lack nothing else first


def advice(facts: Facts) -> list[Advice]:
    """What to log before a pilot: what helps with most topics first."""
    lacking = {v.topic: v.log_before_pilot for v in examine(facts) if v.log_before_pilot}
    wanted = dict.fromkeys(log for logs in lacking.values() for log in logs)
    opens = {log: sorted((t for t in lacking if log in lacking[t]), key=lambda t: len(lacking[t])) for log in wanted}
    return [Advice(log, tuple(opens[log])) for log in sorted(wanted, key=lambda log: -len(opens[log]))]


def traceable(facts: Facts) -> bool:
    """Whether the log says enough about knowledge for a tracer to be fitted and scored."""
    return all(need.holds(facts) for need in (RIGHT_WRONG, SKILLS, REPEATS, ENOUGH_ANSWER))


def cautions(facts: Facts) -> list[str]:
    """What a reader should know of the log itself."""
    found = [facts.rejected] if facts.rejected else []
    if facts.backwards:
        found.append(
            f"{facts.backwards:,} rows stand below a later one of the same person; they were put in order of time"
        )
    if facts.one_row > facts.learners / 2:
        found.append(
            f"{facts.one_row:,} of {facts.learners:,} people have one row only: nothing can be seen of how they go on"
        )
    if facts.doubled:
        found.append(
            f"{facts.doubled:,} answers stand again under another skill; the accuracy counts each of them once"
        )
    if not facts.right + facts.wrong:
        found.append("no answers: this log says who did what, not who learned what; learning stays grade C")
    return found
