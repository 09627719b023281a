"""Is the service still doing what it was judged to do? One look, over whole days: population, policy, predictions.

Two spans that end at midnight (UTC) are compared: the last ``recent`` days and the ``reference`` days before them. What
is compared, and how rarely it cries without cause, is said in ``drift`` and ``reliability``; what to do then, in
``alerts``.
Only decisions of the champion count, and each learner once in a span.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from . import drift, metrics, reliability
from .bundled import Runtime, luck
from .lives import Life, folded, life, names
from .policies import Fleet
from .replay import Replay, replayed
from .standing import DAY, Standing
from .store import Store
from .words import Words, translated

BANDS = (1, 5, 15)  #: steps at which a learner enters the next stratum: the first, 1-4, 5-14, 15 and later
PEOPLE = ("role", "weekly_minutes", "motive", "stated", "mandatory")  #: said by newcomers
STATE = ("success", "pace", "stars", "gap")  #: totals of the record, where a decision found it
POLICY = ("offered first", "surprise")  #: what was decided, and -log of its chance
COMPARISONS = len(PEOPLE) + len(STATE) + len(POLICY) + 1  #: one more: the predictions
FALLBACK = 0.01  #: share of decisions that the policy could not make, above which it is an alarm
REPLAYED = 20  #: decisions made again at a look


class Spans(NamedTuple):
    """Two spans of whole days, in seconds since 1970."""

    reference: tuple[float, float]
    recent: tuple[float, float]

    def of(self, at: float) -> str:
        """Which span a moment is in, "" for none."""
        return next((name for name, (start, end) in self._asdict().items() if start <= at < end), "")


def spans(now: float, recent: int = 7, reference: int = 28) -> Spans:
    """The spans of a look at any time of a day."""
    midnight = math.floor(now / DAY) * DAY
    return Spans((midnight - (recent + reference) * DAY, midnight - recent * DAY), (midnight - recent * DAY, midnight))


class Check(NamedTuple):
    """One line of a look."""

    what: str
    about: str  # population | policy | predictions | service
    value: float  # stability index, shift of predictions, share, count
    limit: float
    p: float  # nan where nothing is tested
    verdict: str
    alarm: bool


class Answered(NamedTuple):
    """Answers of one visit on one skill, and what was predicted."""

    learner: str
    skill: str
    predicted: float  # P(correct) of one item
    items: int
    correct: int


@dataclass
class Seen:
    """What two spans hold; filled life by life, then judged."""

    spans: Spans
    digest: str  # of the champion
    runtime: Runtime
    words: Words
    values: dict[tuple[str, str], list[Any]] = field(default_factory=dict)  # (what, span) -> one value per learner
    bands: dict[tuple[str, str], list[int]] = field(default_factory=dict)  # the same: stratum
    answers: list[Answered] = field(default_factory=list)  # of the recent span
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("decisions", "failed", "syllabus"), 0))
    again: list[Replay] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.guess, self.slip = reliability.tracer_of(self.runtime)

    def add(self, one: Life) -> None:
        """One learner more."""
        mine = [decision for decision in one.decisions if decision["bundle"] == self.digest]
        for span in ("reference", "recent"):
            inside = [decision for decision in mine if self.spans.of(decision["at"]) == span]
            if inside:
                u = luck.uniforms(0, "watch", one.learner, int(self.spans.recent[1] / DAY), 1)[0]
                self._draw(one, inside[int(u * len(inside))], span)
            if span == "recent":
                self._count(inside)
        if one.decisions and (span := self.spans.of(one.decisions[0]["at"])):
            self._newcomer(one, span)
        self._predictions(one)

    def _put(self, what: str, span: str, value: Any, band: int = 0) -> None:
        self.values.setdefault((what, span), []).append(value)
        self.bands.setdefault((what, span), []).append(band)

    def _newcomer(self, one: Life, span: str) -> None:
        said = next(event["body"] for event in one.events if event["kind"] == "profile")
        for what in PEOPLE:
            value = said.get(what)
            self._put(what, span, float(value) if what == "weekly_minutes" else str(value))

    def _draw(self, one: Life, decision: Mapping[str, Any], span: str) -> None:
        """A learner's one decision of a span: what was decided, and in what state."""
        line = decision["body"]
        band = int(np.searchsorted(BANDS, line["step"], "right"))
        if not line["fallback"]:
            self._put("offered first", span, line["offered"][0], band)
            self._put("surprise", span, -math.log(max(line["propensity"][0], 1e-12)), band)
        standing = folded(one.events, decision["seq"], self.runtime, self.words)
        if standing is None:
            return
        fields = self.runtime.contract["record"]["totals"]
        totals = dict(zip(fields, standing.record.row[-len(fields) :].tolist(), strict=True))
        for what in STATE:
            self._put(what, span, totals[what], band)

    def _count(self, recent: list[Mapping[str, Any]]) -> None:
        for decision in recent:
            why = decision["body"]["fallback"]
            self.counts["decisions"] += 1
            self.counts["failed"] += metrics.FAILED in why
            self.counts["syllabus"] += bool(why)

    def _predictions(self, one: Life) -> None:
        """P(correct) before each answer of the recent span, and the answer."""
        standing: Standing | None = None
        for event in one.events:
            body = event["body"]
            if event["kind"] != "observed" or not body.get("items") or self.spans.of(event["at"]) != "recent":
                continue
            standing = folded(one.events, event["seq"], self.runtime, self.words, standing)
            assert standing is not None  # an observed event comes after a profile
            told = {"correct": {}, **translated(body, self.runtime, self.words)}
            known = self._mastery(standing, max(float(body["day"]), standing.record.day))
            for skill, items in told["items"].items():
                k = self.runtime.contract.skill_at[skill]
                p = known[k] * (1.0 - self.slip[k]) + (1.0 - known[k]) * self.guess[k]
                right, who = int(told["correct"].get(skill, 0)), f"{one.tenant}/{one.learner}"
                self.answers.append(Answered(who, skill, float(np.clip(p, 0.0, 1.0)), int(items), right))

    def _mastery(self, standing: Standing, day: float) -> np.ndarray[Any, Any]:
        return np.asarray(self.runtime.graph(self.runtime.feeds([standing.record], [day]))["mastery"][0], np.float64)

    def replay(self, one: Life, known: Mapping[str, Runtime]) -> None:
        """A learner's last decision again."""
        self.again.append(replayed(one.decisions[-1], one, known, self.words))

    # --- judgement ----------------------------------------------------------------------------------------------

    def judged(self, a_year: float = drift.A_YEAR) -> tuple[list[Check], reliability.Calibration]:
        """Every check, and the table of predictions."""
        at = drift.level(COMPARISONS, a_year)
        groups = (("population", PEOPLE), ("population", STATE), ("policy", POLICY))
        checks = [self._drift(what, about, at) for about, names in groups for what in names]
        who, _, predicted, items, correct = zip(*self.answers, strict=True) if self.answers else ((),) * 5
        found = reliability.calibration(who, predicted, items, correct, at)
        off = found.verdict in ("too high", "too low")
        checks.append(Check("P(correct)", "predictions", found.shift.value, reliability.TOLERANCE, math.nan,
                            found.verdict, off))  # fmt: skip
        return [*checks, *self._service()], found

    def by_skill(self) -> list[dict[str, Any]]:
        """Skills by how far the share correct is from the mean prediction, the farthest first."""
        rows = []
        for skill in sorted({one.skill for one in self.answers}):
            mine = [one for one in self.answers if one.skill == skill]
            n = sum(one.items for one in mine)
            predicted, right = sum(one.items * one.predicted for one in mine) / n, sum(one.correct for one in mine) / n
            rows.append(
                {"skill": skill, "predicted": predicted, "right": right, "shift": right - predicted, "answers": n}
            )
        return sorted(rows, key=lambda row: -abs(row["shift"]))

    def _drift(self, what: str, about: str, at: float) -> Check:
        pairs = [self.values.get((what, span), []) for span in ("reference", "recent")]
        bands = [self.bands.get((what, span), []) for span in ("reference", "recent")]
        found = drift.compare(what, pairs[0], pairs[1], at, (bands[0], bands[1]))
        return Check(what, about, found.size, drift.SIZE, found.p, found.verdict, found.verdict == "moved")

    def _service(self) -> list[Check]:
        n = self.counts["decisions"]
        failed = (self.counts["failed"] / n if n else math.nan, FALLBACK)
        differ = (float(sum(not one.same for one in self.again)), 0.0)
        return [
            Check(what, "service", value, limit, math.nan, "moved" if value > limit else "steady", value > limit)
            for what, (value, limit) in (("policy failed", failed), ("decisions that do not replay", differ))
        ]


def look(
    store: Store, fleet: Fleet, now: float, *, most: int = 2_000, tell: Callable[[str], None] = lambda _: None
) -> Seen:
    """What the two spans before today hold, of at most so many learners, drawn by luck."""
    two = spans(now)
    seen = Seen(two, fleet.champion.digest, fleet.champion.runtime, fleet.words)
    known = {digest: served.runtime for digest, served in fleet.known.items()}
    with store.reading() as t:
        who = names(t, since=two.reference[0], until=two.recent[1])
    day = int(two.recent[1] / DAY)
    who.sort(key=lambda name: luck.uniforms(0, "watched", "/".join(name), day, 1)[0])
    for count, (tenant, learner) in enumerate(who[:most]):
        with store.reading() as t:  # one after the other: nobody waits for a long look
            one = life(t, tenant, learner)
        seen.add(one)
        if count < REPLAYED:
            seen.replay(one, known)
        if count % 100 == 0:
            tell(f"{count:,} of {min(len(who), most):,} learners")
    return seen


__all__ = ["COMPARISONS", "Check", "Seen", "Spans", "look", "spans"]
