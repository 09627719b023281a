"""A bundle at work: one record per learner in, one recommendation out, with its chance and its reason.

    runtime = Runtime.load("agents/mine/bundle")
    record = runtime.start({"learner": "u-1041", "role": "frontline", "weekly_minutes": 90})
    advice = runtime.recommend(record, day=0.0, k=3)
    record = runtime.observe(advice.record, {"day": 0.0, "offered": advice.ids, "taken": advice.ids[0],
                                             "completed": True, "minutes": 12, "items": {...}, "correct": {...}})

What it cannot honour it refuses with the field named; where the graph fails it falls back to the author's syllabus and
says so. A Runtime changes nothing after loading, so threads may share it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import golden
from .advice import Choice, Recommendation, why
from .contract import Catalogue, Contract, Floats, number, read_catalogue, read_contract, read_json
from .engine import Graph
from .guardrails import Limits, Rules, read_rules
from .intake import read_event, read_profile, seats_alone
from .keeping import Record, read_record
from .lines import line_of
from .luck import uniforms
from .seal import Refused, read_folder

MOST_PLACES = 50  #: in one slate
MOST_SEEN = 50  #: ids of events that a record remembers
ONLY = "nothing else may be offered now"
WAIT = "waiting was preferred to everything that may be offered"

Arrays = dict[str, NDArray[Any]]

__all__ = ["Choice", "Recommendation", "Record", "Refused", "Runtime", "Shelf"]


@dataclass(frozen=True)
class Shelf:
    """A catalogue with the rules applied, read once and used for many learners."""

    catalogue: Catalogue
    limits: Limits


class Runtime:
    """A loaded bundle. Made by :meth:`load`."""

    def __init__(self, contract: Contract, graph: Graph, shelf: Shelf, rules: Rules, seed: int):
        self.contract, self.graph, self.shelf, self.rules, self.seed = contract, graph, shelf, rules, seed
        self.skills = "/".join(contract.skills)
        self.policy = f"{contract.policy['name']} {contract.policy['version']}"
        self._temperature = np.array([contract.policy["temperature"]], np.float32)
        self._memory, self._thought = contract.policy["memory_size"], contract.policy["luck_size"]
        self._profile_size = len(contract.skills) + len(contract["profile_names"])

    @staticmethod
    def load(folder: str | Path, *, rules: str | Path | None = None, seed: int = 0, check: bool = True) -> "Runtime":
        """Open a bundle: checksums, contract, then every golden decision again.

        Args:
            rules: a ``rules.toml`` to use in place of the bundle's own; no retraining is needed.
            seed: of the luck with which policies that draw decide.
            check: False skips the golden decisions (they were replayed before, and nothing changed).

        Raises:
            Refused: changed, cut short, foreign, of another version, or no longer deciding as it did.
        """
        files = read_folder(folder)
        contract = read_contract(files["contract.json"])
        catalogue = read_catalogue(read_json("catalogue.json", files["catalogue.json"]), contract, "catalogue.json")
        graph = Graph(files["policy.onnx"], contract)
        if check:
            golden.replay(files["golden.jsonl"], graph, contract, catalogue)
        given = read_rules(files["rules.toml"] if rules is None else Path(rules).read_bytes(), catalogue)
        return Runtime(contract, graph, Shelf(catalogue, Limits(given, catalogue, contract)), given, seed)

    # --- verbs --------------------------------------------------------------------------------------------------

    def start(self, profile: Mapping[str, Any]) -> Record:
        """The record of a learner nobody has met.

        ``profile``: learner, role (or targets by skill), weekly_minutes; may say motive, stated, mandatory.
        """
        learner, row = read_profile(profile, self.contract)
        memory = np.zeros(self._memory, np.float32)
        return Record(learner, self.skills, self.policy, row, self.contract.newcomer, memory, {}, 0.0, 0)

    def redirect(self, record: Record, profile: Mapping[str, Any]) -> Record:
        """The same learner with another destination, or other terms."""
        learner, row = read_profile(profile, self.contract)
        if learner != record.learner:
            raise Refused("profile learner", repr(learner), f"{record.learner!r}, whose record this is")
        return replace(self._own(record), profile=row)

    def observe(self, record: Record, event: Mapping[str, Any], catalogue: Shelf | None = None) -> Record:
        """The record after an event: what became of the last recommendation.

        ``event``: day, offered; where something was taken also taken, completed, minutes; may say about (the activity
        that was looked at and declined), items and correct by skill, rating; vetoed, an offer that the learner struck
        off and is not shown again; full, activities without a seat left. With the day alone ``full`` leaves the
        decision open: ask again, and something else is offered, until an event says what became of it. An activity
        that is no longer in the catalogue is given as ``{"id", "title", "features"}``. Events may come late and out of
        order: each counts as of the day already reached. An event with an ``id`` counts once, however often it is sent.
        """
        record = self._own(record)
        told = read_event(event, self.contract, (catalogue or self.shelf).catalogue, record.day)
        if told.id and told.id in record.seen:
            return record
        if seats_alone(event):
            seen = (*record.seen, told.id)[-MOST_SEEN:] if told.id else record.seen
            return replace(record, full=tuple(dict.fromkeys((*record.full, *told.full))), seen=seen)
        row = self.graph({**self._bare(record), **told.feeds()})["record_after"][0]
        if not np.isfinite(row).all():
            raise Refused("event", "a record that is not finite", "values a person could have produced")
        visits, best = record.visits, record.best
        if told.taken:
            visits = {**visits, told.taken: (visits.get(told.taken, (0, 0.0))[0] + 1, told.day)}
        if told.share is not None:
            best = {**best, told.taken: max(best.get(told.taken, 0.0), told.share)}
        seen = (*record.seen, told.id)[-MOST_SEEN:] if told.id else record.seen
        vetoed = tuple(dict.fromkeys((*record.vetoed, told.vetoed))) if told.vetoed else record.vetoed
        return replace(record, row=row, visits=visits, best=best, vetoed=vetoed, full=(), day=told.day,
                       step=record.step + 1, seen=seen)  # fmt: skip

    def line(self, advice: Recommendation, event: Mapping[str, Any], catalogue: Shelf | None = None) -> dict[str, Any]:
        """The decision and what became of it as one log line: write it as JSON, one per line (see ``lines``)."""
        told = read_event(event, self.contract, (catalogue or self.shelf).catalogue, advice.record.day)
        target = advice.record.profile[: len(self.contract.skills)]
        role = next((name for name, row in self.contract.roles.items() if np.array_equal(row, target)), "")
        return line_of(advice, told, self.contract, role)

    def recommend(
        self,
        record: Record,
        catalogue: Shelf | None = None,
        k: int = 1,
        *,
        day: float | None = None,
        luck: Sequence[float] | None = None,
    ) -> Recommendation:
        """What to offer now.

        Args:
            catalogue: from :meth:`shelve`, where it is not the bundle's own.
            k: places in the slate.
            day: days since the learner's start; None: the day of the last event.
            luck: one uniform per place, to replay a decision; None: this learner's own.
        """
        days, drawn = None if day is None else [day], None if luck is None else [luck]
        return self.recommend_many([record], catalogue, k, days=days, luck=drawn)[0]

    def recommend_many(
        self,
        records: Sequence[Record],
        catalogue: Shelf | None = None,
        k: int = 1,
        *,
        days: Sequence[float] | None = None,
        luck: Sequence[Sequence[float]] | None = None,
        syllabus: str = "",
    ) -> list[Recommendation]:
        """The same for many learners in one call of the graph.

        Args:
            syllabus: a reason why the author's syllabus shall decide instead of the policy, e.g. "the learner wishes it
                so"; it is said as ``fallback``.
        """
        if not isinstance(k, (int, np.integer)) or isinstance(k, bool) or not 1 <= k <= MOST_PLACES:
            raise Refused("k", repr(k), f"a whole number from 1 to {MOST_PLACES}", "3")
        mine = [self._own(record) for record in records]
        if not mine:
            return []
        when = [r.day for r in mine] if days is None else [number("day", d, 0.0, 1e5, "3.5") for d in days]
        if len(when) != len(mine):
            raise Refused("days", f"{len(when)} of them", f"{len(mine)}, one per record")
        shelf = catalogue or self.shelf
        feeds = self.feeds(mine, when, shelf, int(k), luck)
        then, trouble = ({}, syllabus) if syllabus else self._decided(feeds)
        return [self._said(i, mine[i], when[i], shelf, feeds, then, trouble) for i in range(len(mine))]

    def shelve(self, catalogue: object) -> Shelf:
        """Another catalogue, read and with the rules applied: the content of a ``catalogue.json``, or its list."""
        read = read_catalogue(catalogue, self.contract)
        return Shelf(read, Limits(self.rules, read, self.contract))

    def record_from(self, text: str) -> Record:
        """A record from its JSON.

        Raises:
            Refused: not a record of this version and these skills; the field is named.
        """
        return self._own(read_record(text))

    def legal(self, record: Record, day: float, catalogue: Shelf | None = None) -> NDArray[np.bool_]:
        """What may be offered on a day; row 0, "nothing now", always may.   -> [A]"""
        return (catalogue or self.shelf).limits.legal(record, day)

    # --- parts --------------------------------------------------------------------------------------------------

    def _own(self, record: Record) -> Record:
        """The record, if it speaks of these skills; another policy's memory is not carried over."""
        if not isinstance(record, Record):
            raise Refused("record", type(record).__name__, "a Record, e.g. from start or record_from")
        if record.skills != self.skills:
            raise Refused("record skills", record.skills, f"{self.skills}, of which this bundle speaks")
        sizes, wanted = (len(record.row), len(record.profile)), (len(self.contract.newcomer), self._profile_size)
        if sizes != wanted or not (np.isfinite(record.row).all() and np.isfinite(record.profile).all()):
            raise Refused("record row", f"{sizes} floats", f"{wanted} finite ones")
        own = record.policy == self.policy and len(record.memory) == self._memory
        if own and (not self._memory or np.isfinite(record.memory).all()):
            return record
        return replace(record, policy=self.policy, memory=np.zeros(self._memory, np.float32))

    def _kept(self, records: Sequence[Record]) -> Arrays:
        """What the graph asks for of the learners themselves."""
        feeds = {"record": np.array([r.row for r in records]), "profile": np.array([r.profile for r in records])}
        if self._memory:
            feeds["memory"] = np.array([r.memory for r in records])
        return feeds

    def _bare(self, record: Record) -> Arrays:
        """What the graph asks for beside an event, where only the record is wanted: a catalogue of one."""
        feeds = self._kept([record]) | {
            "now": np.array([[record.day]], np.float32),
            "catalogue": self.shelf.catalogue.rows[:1],
            "history": np.zeros((1, 1, 3), np.float32),
            "mask": np.ones((1, 1), bool),
            "temperature": self._temperature,
            "luck": np.zeros((1, 1), np.float32),
        }
        return feeds | ({"thought": np.zeros((1, self._thought), np.float32)} if self._thought else {})

    def feeds(
        self,
        records: Sequence[Record],
        days: Sequence[float],
        catalogue: Shelf | None = None,
        k: int = 1,
        luck: Sequence[Sequence[float]] | None = None,
    ) -> Arrays:
        """Inputs of the graph for one decision each, by name. History is the twin of ``classroom.platform.recall``."""
        shelf = catalogue or self.shelf
        history = np.zeros((len(records), len(shelf.catalogue.ids), 3), np.float32)
        for i, (record, day) in enumerate(zip(records, days, strict=True)):
            for activity, (times, last) in record.visits.items():
                a = shelf.catalogue.at.get(activity)
                if a is not None:
                    met = float(shelf.limits.met(record, activity))
                    history[i, a] = 0.5 * times, 1.0 / (1.0 + max(day - last, 0.0) / 7.0), met
        feeds = self.graph.quiet(len(records)) | self._kept(records)
        feeds |= {
            "now": np.array(days, np.float32)[:, None],
            "catalogue": shelf.catalogue.rows,
            "history": history,
            "mask": np.array([self.legal(record, day, shelf) for record, day in zip(records, days, strict=True)]),
            "temperature": self._temperature,
        }
        if self._thought:
            drawn = [uniforms(self.seed, "thought", r.learner, r.step, self._thought) for r in records]
            feeds["thought"] = np.array(drawn)
        return feeds | {"luck": self._luck(records, k, luck)}

    def _luck(self, records: Sequence[Record], k: int, given: Sequence[Sequence[float]] | None) -> Floats:
        """One uniform per learner and place; the best needs none.   -> [N, k]"""
        if given is None:
            if self._temperature[0] == 0.0:
                return np.zeros((len(records), k), np.float32)
            return np.array([uniforms(self.seed, "choice", r.learner, r.step, k) for r in records])
        drawn = [[number("luck", u, 0.0, 1.0, "0.37") for u in row] for row in given]
        alike = [len(row) for row in drawn] == [k] * len(records)
        rows = np.array(drawn if alike else [[1.0]], np.float32)
        if rows.max() >= 1.0:
            raise Refused("luck", drawn, f"{k} numbers in [0, 1) for each learner")
        return rows

    def _decided(self, feeds: Arrays) -> tuple[Arrays, str]:
        """The graph's outputs, or none of them and what was wrong."""
        try:
            return self.graph(feeds), ""
        except Exception as trouble:  # onnxruntime raises a family of its own; a learner must still get something
            return {}, f"the policy could not be run ({str(trouble).splitlines()[0][:120]})"

    def _said(
        self, i: int, record: Record, day: float, shelf: Shelf, feeds: Arrays, then: Arrays, trouble: str
    ) -> Recommendation:
        """One learner's part of the answer, in words."""
        if then and not (np.isfinite(then["probabilities"][i]).all() and np.isfinite(then["propensity"][i]).all()):
            trouble = "the policy gave scores that are not numbers"
        n, places = len(self.contract.skills), feeds["luck"].shape[1]
        if trouble:
            chosen, chances = (
                self._syllabus(feeds["mask"][i], feeds["history"][i], shelf.catalogue, places),
                [1.0] * places,
            )
            known, liked = record.row[:n].tolist(), []  # as of the last event on each skill
        else:
            chosen, chances = then["choice"][i].tolist(), then["propensity"][i].tolist()
            known, liked = then["mastery"][i].tolist(), then["preference"][i].tolist()
            record = replace(record, memory=then["memory_after"][i]) if self._memory else record
        legal, target, choices = int(feeds["mask"][i].sum()), record.profile[:n].tolist(), []
        for place, (a, p) in enumerate(zip(chosen, chances, strict=True)):
            waiting = ONLY if legal - place <= 1 else WAIT
            skill, reason = why(a, shelf.catalogue, self.contract, target, known, waiting)
            choices.append(Choice(shelf.catalogue.ids[a], shelf.catalogue.titles[a], p, skill, reason))
        mastery = dict(zip(self.contract.skills, known, strict=True))
        preference = dict(zip(self.contract["preference_names"], liked, strict=False))
        fallback = f"the author's syllabus decided: {trouble}" if trouble else ""
        return Recommendation(record.learner, day, tuple(choices), mastery, preference, self.policy, fallback, record)

    def _syllabus(self, mask: NDArray[np.bool_], history: Floats, catalogue: Catalogue, k: int) -> list[int]:
        """The next k activities in the author's order, those never taken first; then "nothing now"."""
        open_now = [int(a) for a in np.flatnonzero(mask) if a > 0]
        order = sorted(open_now, key=lambda a: (history[a, 2], catalogue.rank[a], a))
        return (order + [0] * k)[:k]
