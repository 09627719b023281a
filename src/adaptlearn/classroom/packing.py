"""A world, a law and the terms of a run as the arrays a kernel reads. Built once, shared by every learner."""

import re
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.layout import DECIDES, MOST_ITEMS, Terms
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.cohorts import WEEK
from adaptlearn.core.learner import MODES, Population
from adaptlearn.core.record import ViewSpec
from adaptlearn.core.refusal import nearest
from adaptlearn.core.world import World

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Meshing:
    """Whether a format that meets a style teaches more: strength, and which style is meant.

    0 is the default everywhere: that matching a modality helps is contested (Pashler et al. 2008).
    """

    beta: float = 0.0  # gain factor is 1 + beta x (share of the style's mode - 1/4)
    on_stated: float = 0.0
    on_aptitude: float = 0.0


MESHING = {
    "null": Meshing(),
    "weak": Meshing(0.17, on_stated=1.0),
    # A trial on stated style then shows g = .33 (`adaptlearn evidence only=[meshing_contested]`); published .31
    # (Clinton-Lisell & Litzinger 2024).
    "contested": Meshing(0.53, on_stated=1.0),
    "aptitude": Meshing(0.53, on_aptitude=1.0),
    "adversarial": Meshing(-0.27, on_stated=1.0),  # what people say suits them serves them worse
}
STRENGTH = r"(stated|aptitude):(-?\d+(?:\.\d+)?)"  #: any other strength, e.g. stated:1.5


def meshing_of(name: str) -> Meshing:
    """A meshing by name, or by which style is met and how strongly, e.g. ``stated:1.5``.

    Raises:
        ValueError: neither, with what is known.
    """
    if name in MESHING:
        return MESHING[name]
    said = re.fullmatch(STRENGTH, name)
    if said is None:
        known, like = ", ".join(MESHING), nearest(name, [*MESHING])
        raise ValueError(f"meshing {name!r} is not known; needed one of {known}, or stated:1.5, e.g. {like!r}")
    return Meshing(float(said[2]), **{f"on_{said[1]}": 1.0})


def terms_of(
    world: World, meshing: Meshing, *, mandatory: bool, decides: str, autoreset: bool = False, until: float = 1e9,
    reasons: float = 0.0,
) -> Terms:  # fmt: skip
    """The run-time values of a run.

    Raises:
        ValueError: an unknown way of deciding.
    """
    if decides not in DECIDES:
        raise ValueError(f"decides = {decides!r}; needed one of {', '.join(DECIDES)}, e.g. 'assign'")
    if not 0.0 <= reasons <= 1.0:
        raise ValueError(f"reasons = {reasons}; needed a share of offers from 0 to 1, e.g. 1.0")
    programme = world.programme
    return Terms(
        float(mandatory), float(DECIDES.index(decides)), programme.rest_days, programme.horizon_days,
        programme.retention_day,
        meshing.beta, meshing.on_stated, meshing.on_aptitude, float(programme.repeats), float(autoreset), until,
        float(world.cohorts.size) if world.cohorts else 1.0, world.cohorts.likeness if world.cohorts else 0.0,
        reasons,
    )  # fmt: skip


@dataclass(frozen=True)
class Pack:
    """Arrays of a world as kernels read them."""

    skills: Floats  # [K, 6] true: layer prior learn guess slip forget
    tracer: Floats  # [K, 5] declared
    acts: Floats  # [A, S] true scalars
    shown: Floats  # [A, S] declared scalars
    links: NDArray[np.int32]  # [5, ...] offsets into index and weight, see layout
    index: NDArray[np.int32]
    weight: Floats
    goals: Floats  # [R, 2, K] target weights; targets with needed prerequisites
    newcomer: Floats  # [R] record
    legal_first: NDArray[np.uint8]  # [A]
    open_days: NDArray[np.uint64]  # [days + 1, W] bytes of activities, eight to a word
    durations: Floats  # sorted distinct declared minutes
    fits: NDArray[np.uint64]  # [len(durations) + 1, W]
    meets: Floats  # [A, 4] what each activity is to people who meet, in the order of layout.Meeting
    alike: Floats  # [A, A] likeness of activities as declared, 0 to 1
    most_asked: int  # most skills assessed by one activity
    most_taught: int  # most skills taught by one activity


def pack(declared: World, true: World) -> Pack:
    """Both versions of a world, side by side.

    Raises:
        ValueError: an activity asks more items on one skill than an address has room for.
    """
    spec = ViewSpec(len(declared.skills))
    if declared.assesses.max(initial=0.0) >= MOST_ITEMS:
        raise ValueError(
            f"{declared.name}: {declared.assesses.max():.0f} items on one skill; needed < {MOST_ITEMS}, e.g. 10"
        )
    tables = [true.teaches, declared.assesses, declared.requires, declared.teaches, gates(declared, true)]
    links, index, weight = sparse(tables)
    minutes = declared.scalars[:, 0]
    durations = np.unique(minutes[1:]).astype(np.float32)
    fits = np.array([minutes <= limit for limit in np.concatenate([[-1.0], durations])])
    days = np.arange(int(np.ceil(declared.programme.horizon_days)) + 1)[:, None]
    open_days = (days >= np.floor(declared.opens)) & (days <= declared.closes) & declared.weekdays.T[days[:, 0] % WEEK]
    helped = (declared.needed > 0) & (declared.targets == 0)
    need = np.where(helped, declared.targets.max(1, keepdims=True), declared.targets)
    tracer = true.tracer
    return Pack(
        skills=np.concatenate([declared.layer[:, None], tracer], 1).astype(np.float32), tracer=declared.tracer,
        acts=true.scalars, shown=declared.scalars, links=links, index=index, weight=weight,
        goals=np.stack([declared.targets, need], 1).astype(np.float32), newcomer=spec.newcomer(declared.tracer),
        legal_first=declared.allowed.astype(np.uint8), open_days=words(open_days), durations=durations,
        fits=words(fits), meets=meets(declared), alike=likeness(declared),
        most_asked=int((declared.assesses > 0).sum(1).max(initial=1)),
        most_taught=int((true.teaches > 0).sum(1).max(initial=1)),
    )  # fmt: skip


def likeness(world: World) -> Floats:
    """How alike activities are, as declared: half by what they teach or ask, half by format.   -> [A, A], 0 to 1"""
    about = world.teaches + (world.assesses > 0)
    scalar = {name: world.scalars[:, j] for j, name in enumerate(FEATURES)}
    formats = np.stack([scalar[name] for name in (*MODES, "live", "bite", "social", "onsite", "active")], 1)
    halves = [rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9) for rows in (about, formats)]
    return np.clip(sum(0.5 * rows @ rows.T for rows in halves), 0.0, 1.0).astype(np.float32)


def meets(world: World) -> Floats:
    """What each activity is to people who meet.   -> [A, 4], in the order of layout.Meeting"""
    none = np.full(len(world.activities), -1.0, np.float32)
    starts = world.calendar.sessions(world.activities) if world.calendar else none
    kinds = [(a.learning_resource_type == "showcase", a.social == "mentor", a.social == "community")
             for a in world.activities]  # fmt: skip
    return np.column_stack([starts, np.array(kinds, np.float32)]).astype(np.float32)


def padded(activities: int) -> int:
    """Bytes in a row of one byte per activity, made up to whole words of eight."""
    return -(-activities // 8) * 8


def words(rows: Any) -> NDArray[np.uint64]:
    """Truth values per activity as bytes, eight to a word: rows are combined eight at a time.   [., A] -> [., W]"""
    table = np.asarray(rows, np.uint8)
    return np.pad(table, ((0, 0), (0, padded(table.shape[1]) - table.shape[1]))).view(np.uint64)


def gates(declared: World, true: World) -> Floats:
    """Per truly taught (activity, skill), in the order of TEACHES: 1 where its learning rests on the skill.   [E, K]"""
    activity, skill = np.nonzero(true.teaches)
    rests = np.maximum(declared.prerequisites[skill], declared.requires[activity])
    rests[np.arange(len(skill)), skill] = 0.0
    return rests


def sparse(tables: list[Floats]) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats]:
    """Several matrices as rows of offsets into one list of columns and one of weights."""
    offsets = np.zeros((len(tables), max(len(t) for t in tables) + 1), np.int32)
    columns, weights = [], []
    total = 0
    for row, table in enumerate(tables):
        offsets[row, 0] = total
        for line in range(offsets.shape[1] - 1):
            found = np.flatnonzero(table[line]) if line < len(table) else np.zeros(0, int)
            columns.append(found)
            weights.append(table[line][found] if line < len(table) else np.zeros(0))
            total += len(found)
            offsets[row, line + 1] = total
    return offsets, np.concatenate(columns).astype(np.int32), np.concatenate(weights).astype(np.float32)


def population_table(population: Population) -> Floats:
    """The table a birth reads, contiguous."""
    return np.ascontiguousarray(population.table(), np.float32)


def rows_as(fields: tuple[str, ...], rows: Any) -> Any:
    """The same memory with named columns, which is how kernels read it.   [N, P] -> structured [N]"""
    matrix = np.ascontiguousarray(rows, np.float32)
    return matrix.view(np.dtype([(name, np.float32) for name in fields]))[:, 0]


def params_row(module: ModuleType, params: Any) -> Any:
    """A law's constants as one structured row; defaults where none are given."""
    given = params if params is not None else module.Params()  # type: ignore[attr-defined]
    return rows_as(given._fields, [given])
