"""What a log holds, counted in one pass: every verdict of the doctor is a function of these facts and of nothing else.

    facts, answers = count(["export.xlsx"])

Memory grows with learners and activities, not with rows: what needs pairs of them is counted over as many learners as
fit into a table of ``CELLS`` learners by activities, answers over the first ``ANSWERS`` of ``SAMPLED`` learners.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.interchange.cells import UNKNOWN
from adaptlearn.interchange.reading import Reading

SAMPLED = 20_000  #: learners whose answers are looked at one by one
CELLS = 100_000_000  #: bytes of the table of who did what: 250,000 learners with 400 activities
ANSWERS = 400_000  #: answers that are kept
TRIED = 3  #: answers of a learner on a skill from which on progress can be seen
SILENCE = 30.0  #: days without a row before the log's end that may mean that a learner has left
WHEN = ("day", "assigned", "started", "finished")  #: columns that date a row
BINS = np.linspace(np.log(0.05), np.log(20_000.0), 1_001)  #: of minutes, log scale


class Answers(NamedTuple):
    """Answers that were kept, in the order of time.   each [M]"""

    learner: NDArray[np.int64]
    skill: NDArray[np.int64]
    correct: NDArray[np.uint8]


@dataclass(frozen=True)
class Facts:
    """Counts over a log; days and minutes as in the log."""

    sources: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()
    columns: frozenset[str] = frozenset()  # of ours that are there
    rows: int = 0
    rejected: str = ""  # rows that were left out, in words
    backwards: int = 0  # rows that stood below a later one of the same learner
    learners: int = 0
    one_row: int = 0  # learners with one row only
    right: int = 0
    wrong: int = 0
    skills: int = 0
    answering: int = 0  # learners with answers
    repeats: int = 0  # pairs of learner and skill with at least TRIED answers
    returns: int = 0  # answers on a skill a day or more after the learner's one before
    months: int = 0  # the same, 30 days or more
    items: int = 0
    shared_items: int = 0  # items that at least 10 learners answered
    doubled: int = 0  # answers that stand again under another skill
    dated: int = 0  # rows with a date
    span: float = 0.0  # days from the first to the last
    activities: int = 0
    kinds: int = 0  # formats of activities
    kinds_answered: int = 0  # formats in rows that have an answer
    done: int = 0  # pairs of learner and activity that were completed
    undone: int = 0  # that were not
    timed: int = 0  # rows with minutes
    varied: bool = False  # minutes differ between learners on the same activity
    left: int = 0  # learners with a day of leaving
    silent: int = 0  # learners without a row in the last SILENCE days
    rated: int = 0
    rating_often: int = 0  # learners with three ratings or more
    offered: int = 0  # rows that say what was offered
    chances: int = 0  # rows with a chance strictly between 0 and 1
    groups: int = 0  # groups of at least 20 learners
    words: dict[str, int] = field(default_factory=dict)  # distinct words of stated, motive, role, policy


@dataclass
class Tally:
    """Counts that grow while a log is read."""

    codes: dict[str, dict[str, int]] = field(default_factory=dict)  # our column -> word -> number over all files
    numbers: dict[tuple[int, str], NDArray[np.int64]] = field(default_factory=dict)  # of a file's codes
    sums: dict[str, NDArray[np.float64]] = field(default_factory=dict)  # per learner or activity
    columns: set[str] = field(default_factory=set)
    kept: dict[str, list[NDArray[Any]]] = field(default_factory=dict)  # answers
    pairs: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))  # [learners, activities]
    #: 0 not met, 1 begun, 2 completed
    histogram: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(BINS) + 1, np.int64))
    counts: dict[str, int] = field(default_factory=dict)
    formats: set[int] = field(default_factory=set)  # of rows with an answer

    def number(self, file: int, name: str, words: Sequence[str], codes: NDArray[Any]) -> NDArray[np.int64]:
        """Codes of one file as numbers over all files; each word is looked up once."""
        known, have = self.codes.setdefault(name, {}), self.numbers.get((file, name), np.empty(0, np.int64))
        if len(words) > len(have):
            new = [known.setdefault(word, len(known)) for word in words[len(have) :]]
            self.numbers[file, name] = have = np.concatenate([have, np.array(new, np.int64)])
        return have[codes]

    def add(self, name: str, who: NDArray[np.int64], value: NDArray[Any] | float = 1.0) -> None:
        """Add to a sum per learner or activity."""
        weights = np.broadcast_to(np.asarray(value, np.float64), who.shape)
        new = np.bincount(who, weights)
        self._fit(name, len(new), 0.0)[: len(new)] += new

    def reach(self, name: str, who: NDArray[np.int64], value: NDArray[Any], *, low: bool) -> None:
        """Lower a minimum, or raise a maximum, per learner or activity; NaN moves nothing."""
        there = ~np.isnan(value)
        top = int(who.max(initial=-1)) + 1
        best = self._fit(name, top, np.inf if low else -np.inf)
        (np.minimum if low else np.maximum).at(best, who[there], value[there])

    def _fit(self, name: str, length: int, blank: float) -> NDArray[np.float64]:
        have = self.sums.get(name, np.empty(0))
        if len(have) < length:
            have = np.concatenate([have, np.full(max(length, 2 * len(have)) - len(have), blank)])
            self.sums[name] = have
        return have

    def of(self, name: str, length: int, blank: float = 0.0) -> NDArray[np.float64]:
        """A sum, minimum or maximum per learner or activity.   [length]"""
        return self._fit(name, length, blank)[:length]

    def backwards(self, who: NDArray[np.int64], when: NDArray[Any]) -> None:
        """Count rows that are earlier than the one before of the same learner, also where that was long ago."""
        order = np.argsort(who, kind="stable")
        who, when = who[order], when[order]
        new = np.r_[True, np.diff(who) != 0]
        latest = self._fit("latest", int(who[-1]) + 1, np.nan)
        before = np.where(new, latest[who], np.r_[np.nan, when[:-1]])
        self.plus("backwards", (when < before).sum())
        ends = np.r_[new[1:], True]
        latest[who[ends]] = when[ends]

    def met(self, who: NDArray[np.int64], what: NDArray[np.int64], done: NDArray[np.uint8]) -> None:
        """Note who began or completed which activity."""
        people = CELLS // max(len(self.codes["activity"]), 1)
        near = who < people
        have = self.pairs.shape
        need = (int(who[near].max(initial=-1)) + 1, int(what[near].max(initial=-1)) + 1)
        if need[0] > have[0] or need[1] > have[1]:
            rows = min(max(need[0], 3 * have[0] // 2), people) if need[0] > have[0] else have[0]
            grown = np.zeros((max(rows, need[0]), max(need[1], have[1])), np.uint8)
            grown[: have[0], : have[1]] = self.pairs[: len(grown)]
            self.pairs = grown
        np.maximum.at(self.pairs, (who[near], what[near]), done[near] + 1)

    def plus(self, name: str, count: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + int(count)


def tally(readings: Sequence[Reading], tell: Callable[[str], None] = lambda said: None) -> Tally:
    """Count over logs that speak of the same learners; ``tell`` hears how far it is."""
    counted = Tally(columns={name for reading in readings for name in reading.places})
    for file, reading in enumerate(readings):
        for part in reading.parts():
            words = {name: counted.number(file, name, reading.kinds[name].words, codes)
                     for name, codes in part.items() if reading.kinds[name].words}  # fmt: skip
            _row_facts(counted, part, words)
            tell(f"{reading.file.name}: {reading.read:,} rows")
    return counted


def _row_facts(t: Tally, part: dict[str, NDArray[Any]], words: dict[str, NDArray[np.int64]]) -> None:
    who = words.get("learner", np.empty(0, np.int64))
    if not len(who):
        return
    t.add("rows", who)
    dates = np.array([part[name] for name in WHEN if name in part]).reshape(-1, len(who))
    if len(dates):
        first, last = np.fmin.reduce(dates), np.fmax.reduce(dates)
        t.plus("dated", (~np.isnan(first)).sum())
        t.backwards(who, first)
        t.reach("first", who, first, low=True)
        t.reach("last", who, last, low=False)
    if "left" in part:
        t.reach("left", who, part["left"], low=False)
    if "rating" in part:
        t.add("ratings", who, part["rating"] > 0)
    if "propensity" in part:
        t.plus("chances", ((part["propensity"] > 0) & (part["propensity"] < 1)).sum())
    if "offered" in part:
        t.plus("offered", (words["offered"] != t.codes["offered"].get("", -1)).sum())
    if "group" in words:
        t.reach("group", who, words["group"].astype(float), low=True)
    if "activity" in words:
        _activity_facts(t, part, words, who)
    if "correct" in part:
        _answer_facts(t, part, words, who, first if len(dates) else None)


def _activity_facts(t: Tally, part: dict[str, NDArray[Any]], words: dict[str, Any], who: NDArray[np.int64]) -> None:
    what = words["activity"]
    if "minutes" in part:
        spent = np.where(part["minutes"] > 0, part["minutes"], np.nan)
        some = ~np.isnan(spent)
        t.reach("shortest", what, spent, low=True)
        t.reach("longest", what, spent, low=False)
        t.add("times", what, some)
        t.add("minutes", who, np.nan_to_num(spent))
        t.histogram += np.bincount(np.searchsorted(BINS, np.log(spent[some])), minlength=len(BINS) + 1)
    if "completed" in part or ("finished" in part and "completed" not in t.columns):
        done = part["completed"] if "completed" in part else (~np.isnan(part["finished"])).astype(np.uint8)
        told = done != UNKNOWN
        t.met(who[told], what[told], done[told])


def _answer_facts(
    t: Tally, part: dict[str, NDArray[Any]], words: dict[str, Any], who: NDArray[np.int64], when: NDArray[Any] | None
) -> None:
    told = part["correct"] != UNKNOWN
    t.plus("right", part["correct"][told].sum())
    t.plus("answers", told.sum())
    if "kind" in words:
        t.formats |= set(np.unique(words["kind"][told]).tolist())
    room = max(ANSWERS - t.counts.get("kept", 0), 0)
    near = np.flatnonzero((who < SAMPLED) & told)[:room]
    t.plus("kept", len(near))
    blank = np.full(len(who), np.nan)
    columns = {"learner": who, "skill": words.get("skill", np.zeros_like(who)), "correct": part["correct"],
               "item": words.get("item", np.zeros_like(who)), "day": blank if when is None else when}  # fmt: skip
    for name, values in columns.items():
        t.kept.setdefault(name, []).append(values[near])


# --- from counts to facts --------------------------------------------------------------------------------------------


def facts_of(readings: Sequence[Reading], t: Tally) -> tuple[Facts, Answers | None]:
    """The facts of logs that were read, and the answers that were kept, in the order of time."""
    n = len(t.codes.get("learner", {}))
    rows = t.of("rows", n)
    ends = _ends(t, n)
    answers, about = _answered(t)
    groups = t.of("group", n, np.inf) if "group" in t.columns else np.empty(0)
    times = t.sums.get("times", np.empty(0))
    wide = t.sums.get("longest", np.empty(0)) > t.sums.get("shortest", np.empty(0)) * 1.01
    ratings = t.of("ratings", n)
    rejected = [f"{r.file.name}: {r.rejects.words()}" for r in readings if r.rejects.count]
    words = {name: len(set(t.codes[name]) - {""}) for name in ("stated", "motive", "role", "policy") if name in t.codes}
    facts = Facts(
        tuple(r.file.name for r in readings), tuple(r.preset for r in readings), frozenset(t.columns),
        int(rows.sum()), "; ".join(rejected), t.counts.get("backwards", 0), n, int((rows == 1).sum()),
        right=t.counts.get("right", 0), wrong=t.counts.get("answers", 0) - t.counts.get("right", 0),
        skills=len(t.codes.get("skill", {})), dated=t.counts.get("dated", 0),
        activities=len(t.codes.get("activity", {})), kinds=len(set(t.codes.get("kind", {})) - {""}),
        kinds_answered=len(t.formats), done=int((t.pairs == 2).sum()), undone=int((t.pairs == 1).sum()),
        timed=int(times.sum()), varied=bool((wide & (times >= 5)).sum() > 0.2 * max((times >= 5).sum(), 1)),
        rated=int(ratings.sum()), rating_often=int((ratings >= 3).sum()), offered=t.counts.get("offered", 0),
        chances=t.counts.get("chances", 0), words=words,
        groups=int((np.unique(groups[np.isfinite(groups)], return_counts=True)[1] >= 20).sum()), **ends, **about,
    )  # fmt: skip
    return facts, answers


def _ends(t: Tally, n: int) -> dict[str, Any]:
    first, last = t.of("first", n, np.inf), t.of("last", n, -np.inf)
    dated = np.isfinite(first)
    left = np.isfinite(t.of("left", n, -np.inf)).sum()
    if not dated.any():
        return {"left": int(left)}
    end = last[dated].max()
    return {
        "span": float(end - first[dated].min()),
        "left": int(left),
        "silent": int((last[dated] < end - SILENCE).sum()),
    }


def _answered(t: Tally) -> tuple[Answers | None, dict[str, Any]]:
    """Answers in the order of time, and what repeats among them."""
    if not t.counts.get("kept"):
        return None, {}
    learner, skill, correct, item, day = (np.concatenate(t.kept[name])
                                          for name in ("learner", "skill", "correct", "item", "day"))  # fmt: skip
    order = np.lexsort((np.arange(len(day)), np.nan_to_num(day)))
    learner, skill, correct, item, day = (c[order] for c in (learner, skill, correct, item, day))
    there = "item" in t.columns
    again = _again(learner, item, skill, correct, day) if there else np.zeros(len(day), bool)
    pair = learner * (int(skill.max()) + 1) + skill
    along = np.argsort(pair, kind="stable")
    gaps = np.where(np.diff(pair[along]) == 0, np.diff(day[along]), np.nan)
    times = np.unique(pair, return_counts=True)[1]
    people = int(learner.max()) + 1
    met = np.unique(np.unique(item * people + learner) // people, return_counts=True)[1]
    about = {"answering": len(np.unique(learner)), "items": len(t.codes.get("item", {})),
             "repeats": int((times >= TRIED).sum()) if "skill" in t.columns else 0,
             "returns": int((gaps >= 1.0).sum()), "months": int((gaps >= 30.0).sum()),
             "shared_items": int((met >= 10).sum()) if there else 0, "doubled": int(again.sum())}  # fmt: skip
    kept = Answers(learner[~again], skill[~again], correct[~again])
    return (kept if "skill" in t.columns else None), about


def _again(
    learner: NDArray[Any], item: NDArray[Any], skill: NDArray[Any], correct: NDArray[Any], day: NDArray[Any]
) -> NDArray[np.bool_]:
    """Which answers repeat the one before of the same learner under another skill.   each [M] -> [M]"""
    order = np.argsort(learner, kind="stable")
    same = np.ones(len(order) - 1, bool)
    for column in (learner, item, correct, np.nan_to_num(day)):
        same &= np.diff(column[order].astype(np.float64)) == 0
    again = np.zeros(len(order), bool)
    again[order[1:]] = same & (np.diff(skill[order]) != 0)
    return again


def count(readings: Sequence[Reading]) -> tuple[Facts, Answers | None]:
    """Read logs that speak of the same learners, once, and count.

    Raises:
        Refusal: as ``Reading``.
    """
    return facts_of(readings, tally(readings))
