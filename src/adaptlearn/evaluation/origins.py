"""Where a gain comes from: the order of a programme, what learners answer, what they prefer, the modality.

    order       a best fixed programme less the author's syllabus
    answers     the policy less the best fixed programme
    preference  the policy less itself with everything it knows of preferences taken from other learners
    modality    the same with the four modes and the stated style alone
    meshing     modality once more, where nobody likes one format better: what matching teaches, engagement apart

A placebo gives every learner another one's inputs, at the same decision, so that the policy looks just as personal and
is not. Inputs are those that the policy itself would have seen; a policy that learns should also be retrained so
(:func:`scrambled`), since it may have come to lean on inputs that say nothing.

Axes: N learners, T decisions, C columns of the view.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.classroom.room import LIFE, Classroom, Rules, with_rules
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import DRAWN, FORMATS, MODES, Population
from adaptlearn.core.record import ViewSpec
from adaptlearn.evaluation.outcomes import outcomes
from adaptlearn.evaluation.resample import Contrast, Floats, contrast, draws_of

LONGEST = 512  # decisions of a life that are remembered
SOURCES = {  # which inputs are dealt to others, and in which world
    "preference": ("preference", ""),
    "modality": ("modality", ""),
    "meshing": ("modality", ", where nobody likes one format better"),
}


def inputs(spec: ViewSpec, what: str) -> NDArray[np.int64]:
    """Columns of the view that speak of ``modality`` or of ``preference`` (modality among it).

    Raises:
        ValueError: anything else.
    """
    if what not in ("modality", "preference"):
        raise ValueError(f"inputs of {what!r}; needed modality or preference, e.g. 'modality'")
    names = spec.names()
    axes = set(MODES) if what == "modality" else {name.partition(".")[2] for name in names if "preference." in name}
    said = [j for j, name in enumerate(names) if name.partition(".")[0] in ("preference", "preference_sd")
            and name.partition(".")[2] in axes]  # fmt: skip
    stated = [j for j, name in enumerate(names) if name.startswith("stated.")]
    return np.array(said + stated)


class Witness:
    """Writes down some columns of every learner's view at every decision."""

    def __init__(self, ids: ArrayLike, columns: NDArray[np.int64]):
        self.ids, self.columns = np.sort(np.asarray(ids, np.uint64)), columns
        self.seen = np.zeros((len(self.ids), LONGEST, len(columns)), np.float32)
        self.until = np.zeros(len(self.ids), np.int64)

    def __call__(self, room: Classroom) -> None:
        alive, who, step = _present(room, self.ids)
        self.seen[who, step] = room.view[np.ix_(alive, self.columns)]
        self.until[who] = step


class Placebo:
    """Shows every learner another one's columns, as that one had them at the same decision, or at their last."""

    def __init__(self, witness: Witness, seed: int):
        self.witness, n = witness, len(witness.ids)
        ring = np.random.default_rng(seed).permutation(n)
        self.donor = np.empty(n, np.int64)
        self.donor[ring] = np.roll(ring, 1)  # nobody is their own donor, and everybody is one once

    def __call__(self, room: Classroom) -> None:
        alive, who, step = _present(room, self.witness.ids)
        donor = self.donor[who]
        room.view[np.ix_(alive, self.witness.columns)] = self.witness.seen[
            donor, np.minimum(step, self.witness.until[donor])
        ]


class Budget:
    """Allows nothing that would cost a learner, or others for them, more minutes than they have left."""

    def __init__(self, ids: ArrayLike, minutes: Floats, staff_minutes: Floats, world: Any):
        order = np.argsort(np.asarray(ids, np.uint64))
        self.ids, self.minutes, self.staff = np.asarray(ids, np.uint64)[order], minutes[order], staff_minutes[order]
        self.declared = world.scalars[:, FEATURES.index("minutes")]
        self.others = world.scalars[:, FEATURES.index("staff_minutes")]

    def __call__(self, room: Classroom) -> None:
        alive, who, _ = _present(room, self.ids)
        left = self.minutes[who] - room.life[alive, LIFE["minutes"]]
        staff = self.staff[who] - room.life[alive, LIFE["staff_minutes"]]
        able = (self.declared <= left[:, None]) & (self.others <= staff[:, None] + 1e-3)
        able[:, 0] = True
        room.mask[alive] &= able.astype(np.uint8)


def _present(
    room: Classroom, ids: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    alive = np.flatnonzero(room.alive)
    step = np.minimum(room.life[alive, LIFE["step"]].astype(np.int64), LONGEST - 1)
    return alive, np.searchsorted(ids, room.ids[alive]), step


def scrambled(columns: NDArray[np.int64]) -> Callable[..., Classroom]:
    """A classroom to train in, whose rows see their neighbour's columns."""

    def make(*given: Any, **named: Any) -> Classroom:
        room = Classroom(*given, **named)
        begin, step, own = room.begin, room.step, np.zeros((room.n, len(columns)), np.float32)

        def swap() -> None:
            own[:] = room.view[:, columns]
            room.view[:, columns] = np.roll(own, 1, 0)

        def begun(ids: ArrayLike | None = None) -> Classroom:
            begin(ids)
            swap()
            return room

        def stepped(offers: Any = None) -> None:
            room.view[:, columns] = own  # a step keeps a view up, it does not write it anew
            step(offers)
            swap()

        room.begin, room.step = begun, stepped  # type: ignore[method-assign]
        return room

    return make


class Part(NamedTuple):
    """One source of a gain."""

    source: str
    meaning: str
    gain: Contrast | None
    left_out: str  # why there is no number


def decompose(
    policy: Any, rules: Rules, ids: ArrayLike, seed: int, *, syllabus: Any, fixed: Any | None = None,
    retrained: Mapping[str, Any] | None = None, key: str = "goal", draws: int = 1000, threads: int = 1,
) -> list[Part]:  # fmt: skip
    """Where the policy's gain over the syllabus comes from, and what is left of it at equal minutes.

    Args:
        fixed: a best fixed programme, which reads no answers; None leaves order and answers apart unsaid.
        retrained: per source (modality, preference), the policy retrained on permuted inputs; without it the policy
            itself is shown them.
    """
    who, count = np.sort(np.asarray(ids, np.uint64)), draws_of(np.zeros(np.size(ids)), draws, seed)

    def lived(agent: Any, before: Any = None) -> dict[str, Floats]:
        return outcomes(simulate(agent, rules, who, seed, threads=threads, before=before), rules)

    own, base = lived(policy), lived(syllabus)
    parts = [Part("all of it", "the policy less the syllabus", contrast(own[key], base[key], count), "")]
    none = "no fixed programme was handed in; hand one in by name, e.g. fixed=fixed"
    plan = lived(fixed) if fixed is not None else None
    pairs = {"order": (plan, base, "a best fixed programme less the syllabus"),
             "answers": (own, plan, "the policy less that fixed programme")}  # fmt: skip
    for source, (a, b, meaning) in pairs.items():
        there = a is not None and b is not None
        gain = contrast(a[key], b[key], count) if there else None  # type: ignore[index]
        parts.append(Part(source, meaning, gain, "" if there else none))
    for source in SOURCES:
        parts.append(placebo(policy, rules, who, seed, source, (retrained or {}).get(source), key, count, threads))
    parts.append(_at_equal_time(lived, policy, syllabus, (own, base), who, rules, key, count))
    return parts


def placebo(
    policy: Any, rules: Rules, ids: ArrayLike, seed: int, source: str, retrained: Any | None, key: str, count: Floats,
    threads: int = 1,
) -> Part:  # fmt: skip
    """The policy less itself with other learners' inputs; ``retrained`` takes its place there if it learns."""
    (what, where), room = SOURCES[source], room_of(rules, source)
    other = policy if retrained is None else retrained
    with_own = outcomes(simulate(policy, room, ids, seed, threads=threads), room)[key]
    before = swapped(other, room, ids, seed, what, threads)
    without = outcomes(simulate(other, room, ids, seed, threads=threads, before=before), room)[key]
    how = "shown" if retrained is None else "retrained on and shown"
    return Part(source, f"the policy less the same policy {how} other learners' {what} inputs{where}",
                contrast(with_own, without, count), "")  # fmt: skip


def room_of(rules: Rules, source: str) -> Rules:
    """The world in which a source is looked at: for meshing, one where nobody likes one format better."""
    return with_rules(rules, population=indifferent(rules.population)) if source == "meshing" else rules


def indifferent(population: Population) -> Population:
    """The same people, but nobody likes one format better than another."""
    at = [DRAWN.index(f"like_{name}") for name in FORMATS]
    rows = np.array(population.posterior, np.float64).reshape(-1, 2 * len(DRAWN))
    rows[:, at] = rows[:, [len(DRAWN) + j for j in at]] = 0.0
    flat = {f"like_{name}": (0.0, 0.0) for name in FORMATS}
    return replace(population.with_traits(**flat), posterior=tuple(map(tuple, rows.tolist())))


def swapped(policy: Any, rules: Rules, ids: ArrayLike, seed: int, what: str, threads: int = 1) -> Placebo:
    """The placebo of a policy: its own learners' inputs, dealt to others."""
    columns = inputs(ViewSpec(len(rules.world.skills)), what)
    witness = Witness(ids, columns)
    simulate(policy, rules, ids, seed, threads=threads, before=witness)
    return Placebo(witness, seed)


def _at_equal_time(
    lived: Any, policy: Any, syllabus: Any, free: Any, who: Any, rules: Rules, key: str, count: Floats
) -> Part:
    """Both once more, each learner with the smaller of both minutes, and of both staff minutes."""
    least = {name: np.minimum(free[0][name], free[1][name]) for name in ("minutes", "staff_minutes")}
    budget = Budget(who, least["minutes"], least["staff_minutes"], rules.world)
    ours, theirs = lived(policy, budget), lived(syllabus, budget)
    meaning = "the policy less the syllabus, each learner with the smaller of both minutes and staff minutes"
    return Part("at equal minutes", meaning, contrast(ours[key], theirs[key], count), "")
