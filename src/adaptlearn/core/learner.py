"""Who learns: traits, the population they are drawn from, and what a law of learning must say.

A learner is a row of traits that never changes. What changes, the mind, belongs to a law; what the platform may know,
the record, belongs to ``core.record``. Every number here is latent unless its comment says the platform sees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core import luck
from adaptlearn.core.equations import exp, formula, where

MODES = ("visual", "auditory", "textual", "kinesthetic")  #: the VARK vocabulary of formats, never types of person
FORMATS = (*MODES, "live", "bite", "social", "onsite")  #: axes of format preference
MOTIVES = ("project", "leadership", "personal", "compliance")


class Traits(NamedTuple):
    """One learner, as scalars. The first block is drawn from normals, the second from shares."""

    ability: float  # logit, shift of every prior level
    rate: float  # factor on every gain, median 1
    memory: float  # factor on every stability, median 1
    aptitude_visual: float  # SD; acts on learning only in worlds where meshing is switched on
    aptitude_auditory: float
    aptitude_textual: float
    aptitude_kinesthetic: float
    like_visual: float  # SD; preference for a format: acts on acceptance, completion, rating and leaving
    like_auditory: float
    like_textual: float
    like_kinesthetic: float
    like_live: float
    like_bite: float
    like_social: float
    like_onsite: float
    conscientiousness: float  # SD
    efficacy: float  # SD, self-efficacy: the level motivation returns to
    autonomy: float  # SD, need for choice
    halo: float  # SD, how kindly this learner rates anything
    weekly_minutes: float  # min per week the learner gives to the programme; the platform sees it
    stated: float  # index into MODES, the survey's word; the platform sees it
    motive: float  # index into MOTIVES; the platform sees it
    role: float  # index into the world's roles; the platform sees it
    site: float  # subgroup attribute; in the log, never in the view
    tenure: float  # subgroup attribute; in the log, never in the view
    switch_day: float  # day on which the destination changes (1e9: never)
    switch_role: float  # the role it changes to
    own: float  # the role they would head for themselves; latent
    said: float  # the role that they say they would head for; the platform sees it


DRAWN = Traits._fields[:20]  #: traits drawn from a normal, or from a lognormal where LOGGED
LOGGED = np.array([name in ("rate", "memory", "weekly_minutes") for name in DRAWN], np.float32)


class Skill(NamedTuple):
    """One skill as the true world has it."""

    layer: float  # depth in the prerequisite graph, 0 = no prerequisite
    prior: float  # P(known) before the programme, used by laws with a known/unknown state
    learn: float  # P(unknown -> known) at one full exposure
    guess: float  # P(correct | not known)
    slip: float  # P(wrong | known)
    forget: float  # rate per day, 0 = none


class Exposure(NamedTuple):
    """What one visit to one activity does to one skill, as the story hands it to a law."""

    weight: float  # how much of the activity is about this skill, times the depth of study, (0, 1]
    fraction: float  # share of the activity that was done, (0, 1]
    readiness: float  # product of the law's ``supports`` over prerequisites, [0, 1]
    match: float  # meshing strength x alignment of format and style; 0 in the null world
    repeats: float  # earlier visits of this learner to this activity
    motivation: float  # SD
    tested: float  # 1 if items on this skill were attempted during the visit
    success: float  # share of those items answered correctly
    peers: float  # level on this skill of those it was learned with (0 to 1), 0 when alone
    helped: float = 0.0  # 1 if a colleague was asked after trouble


class Life(NamedTuple):
    """Where a learner stands, apart from knowledge. Kept per learner by the classroom."""

    day: float  # days since the start
    motivation: float  # SD
    minutes: float  # spent so far
    staff_minutes: float  # spent by others on this learner so far
    cost: float  # money so far
    step: float  # decisions so far
    strain: float  # recent failure share, [0, 1]
    role: float  # index of the current destination
    value: float  # forecast worth of the target profile at the retention check, [0, 1]
    potential: float  # the same with needed prerequisites counted in
    assessed: float  # what the record believes the worth to be now, [0, 1]
    completed: float  # activities completed
    alive: float  # 1 until the learner leaves or the clock ends
    parted: float  # worth, forecast alike, of a first destination on the day it was given up; 0 before
    met: float  # worth of the new one on that day; 0 before


class Law(Protocol):
    """A mind, and nothing but a mind: a module of scalar text with these names.

    ``Mind`` and ``Params`` are NamedTuples (the state of one skill; the constants with their defaults). The story does
    all drawing: ``z`` is a standard normal, ``u`` a uniform, addressed to this learner and moment.
    ``forget`` must compose: forgetting over a then b days is forgetting over a + b.
    ``LIKELIHOOD`` says how answers can be weighed: ``exact`` (what is drawn can be summed over), ``particles`` (minds
    must be drawn along), or ``none`` (by simulation only).
    """

    LIKELIHOOD: str
    Mind: type
    Params: type

    def begin(self, skill, trait, z, u, p): ...  # -> Mind
    def forget(self, mind, days, p): ...  # -> Mind
    def p_answer(self, mind, difficulty, skill, p): ...  # -> P(correct on one item)
    def supports(self, mind, skill, p): ...  # -> [0, 1], how far this skill carries the ones built on it
    def level(self, mind, skill, p): ...  # -> [0, 1], P(correct on the reference item) now
    def learn(self, mind, exposure, activity, skill, trait, z, u, p): ...  # -> Mind
    def forecast(self, mind, days, skill, p): ...  # -> [0, 1], P(correct on the reference item) in some days


@formula
def trait_value(mean, sd, logged, z):
    """A normal trait, or a lognormal one (mean and sd then on the log scale)."""
    return where(logged > 0.5, exp(mean + sd * z), mean + sd * z)


@formula
def format_of(activity):
    """An activity's place on the eight format axes; the four modes are centred, so an even mix is nothing special."""
    return (
        activity.visual - 0.25,
        activity.auditory - 0.25,
        activity.textual - 0.25,
        activity.kinesthetic - 0.25,
        0.5 * activity.live,
        0.5 * activity.bite,
        0.5 * activity.social,
        0.5 * activity.onsite,
    )


@formula
def liking(activity, trait):
    """How well a learner likes an activity's format, in SD of preference."""
    v, a, t, k, live, bite, social, onsite = format_of(activity)
    modes = trait.like_visual * v + trait.like_auditory * a + trait.like_textual * t + trait.like_kinesthetic * k
    settings = trait.like_live * live + trait.like_bite * bite + trait.like_social * social + trait.like_onsite * onsite
    return modes + settings


_MEANS = {"weekly_minutes": float(np.log(90.0))}
_SDS = {"ability": 0.95, "rate": 0.482, "memory": 0.2, "weekly_minutes": 0.4}
SHARES = ("motive", "role", "site", "tenure")


def _default_shares() -> dict[str, tuple[float, ...]]:
    return {"motive": (0.4, 0.15, 0.15, 0.3), "role": (1.0,), "site": (0.6, 0.4), "tenure": (0.5, 0.3, 0.2)}


@dataclass(frozen=True)
class Population:
    """A distribution over traits.

    ``mean`` and ``sd`` follow ``DRAWN`` (log scale where LOGGED). The stated style is the largest of four noisy
    mixtures of aptitude and liking; the default weights give r = .1 with aptitude (Rogowsky et al. 2015) and .5 with
    liking (Knoll et al. 2017, graded C).
    """

    mean: tuple[float, ...] = tuple(_MEANS.get(name, 0.0) for name in DRAWN)
    sd: tuple[float, ...] = tuple(_SDS.get(name, 1.0) for name in DRAWN)
    shares: dict[str, tuple[float, ...]] = field(default_factory=_default_shares)
    stated_bias: tuple[float, float, float, float] = (0.45, -0.75, -0.05, 0.0)  # gives about .44/.09/.22/.26
    stated_weights: tuple[float, float, float] = (0.2, 1.0, 0.75)  # aptitude, liking, noise
    destinations: tuple[tuple[float, ...], ...] = ()  # shares of role by motive, one row a motive; (): role's for all
    change_rate: float = 0.2  # share of learners whose destination changes
    change_day: float = 20.0  # mean day of the change, exponential; the very day where it is scripted
    change_scripted: bool = False  # a date that is set for everyone, such as a reorganisation
    change_to: int = -1  # the role it changes to; -1: any other, with equal chances
    #: share who want the destination they have, by motive, and share who misjudge what they want; (): all want it
    wishes: tuple[float, ...] = ()
    posterior: tuple[tuple[float, ...], ...] = ()  # rows of (mean, sd) as fitted; a learner belongs to one row
    constants: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # law -> its constants, as fitted
    provenance: str = "assumed (grade C)"

    def with_traits(self, **changes: tuple[float, float]) -> "Population":
        """The same population with other (mean, sd) for the named traits."""
        unknown = sorted(set(changes) - set(DRAWN))
        if unknown:
            known = ", ".join(DRAWN)
            raise ValueError(f"traits {unknown} do not exist; needed: some of {known}; e.g. ability=(0.0, 0.95)")
        mean = tuple(changes.get(name, (m,))[0] for name, m in zip(DRAWN, self.mean, strict=True))
        sd = tuple(changes[name][1] if name in changes else s for name, s in zip(DRAWN, self.sd, strict=True))
        return replace(self, mean=mean, sd=sd)

    def trait(self, name: str) -> tuple[float, float]:
        """Mean and sd of one trait."""
        at = DRAWN.index(name)
        return self.mean[at], self.sd[at]

    def table(self) -> NDArray[np.float32]:
        """Everything a draw needs, one row per posterior draw (one row without a posterior).   -> [J, W]

        A row is: means, sds and log marks of DRAWN; cumulative shares, MOST_GROUPS each, of SHARES and then of role by
        motive; the stated-style numbers; those of a change of destination; those of people's own goals.
        """
        by_motive = self.destinations or (self.shares["role"],) * len(MOTIVES)
        cumulative = [_cumulative(share) for share in (*(self.shares[name] for name in SHARES), *by_motive)]
        change = (self.change_rate, self.change_day, len(self.shares["role"]), self.change_scripted, self.change_to)
        rest = (*self.stated_bias, *self.stated_weights, *change, *(self.wishes or (1.0,) * len(MOTIVES) + (0.0,)))
        spreads = self.posterior or ((*self.mean, *self.sd),)
        return np.array([np.concatenate([row, LOGGED, *cumulative, rest]) for row in spreads], np.float32)

    def draw(self, ids: ArrayLike, seed: int) -> NDArray[np.float32]:
        """Traits of the named learners: a pure function of (seed, id).   ids [N] -> float32 [N, len(Traits)]"""
        who = np.asarray(ids, np.uint64)[:, None]
        n = len(DRAWN)
        z = luck.normal(seed, luck.POPULATION, who, 0, np.arange(n + len(MODES)))
        u = luck.uniform(seed, luck.POPULATION, who, 1, np.arange(len(SHARES) + 4))
        tables = self.table()
        table = tables[np.floor(u[:, 7] * np.float32(len(tables))).astype(int)]  # [N, W]
        drawn = trait_value(table[:, :n], table[:, n : 2 * n], table[:, 2 * n : 3 * n], z[:, :n])
        groups = [np.argmax(u[:, [j]] < table[:, _group(j)], 1) for j in range(len(SHARES))]
        own = np.take_along_axis(table, _group_of(groups[0]), 1)  # where a motive leads, [N, MOST_GROUPS]
        groups[1] = np.argmax(u[:, [1]] < own, 1)
        apt, like, noise = table[:, STATED + 4 : STATED + 7, None].swapaxes(0, 1)
        said = apt * drawn[:, 3:7] + like * drawn[:, 7:11] + noise * z[:, n:]
        rate, day, n_roles, scripted, to = table[:, STATED + 7 : STATED + 12].T
        hop = 1.0 + np.floor(u[:, 6] * (n_roles - 1.0))
        other = np.where(to >= 0.0, to, (groups[1] + hop) % n_roles)
        switches = (u[:, 4] < rate) & (n_roles > 1.5) & (other != groups[1])
        waited = np.where(scripted > 0.5, day, -day * np.log(np.float32(1.0) - u[:, 5]))
        day, other = np.where(switches, waited, NEVER), np.where(switches, other, groups[1])
        said = said + table[:, STATED : STATED + 4]
        wish = self._wishes(table, who, seed, groups)
        columns = [drawn, *(column[:, None] for column in (said.argmax(1), *groups, day, other, *wish))]
        return np.concatenate(columns, 1).astype(np.float32)

    def _wishes(self, table: Any, who: Any, seed: int, groups: list[Any]) -> tuple[Any, Any]:
        """Where people would head themselves, and where they say they would.   -> [N], [N]"""
        motive, role = groups[0], groups[1]
        if not self.wishes:
            return role, role
        u = luck.uniform(seed, luck.POPULATION, who, 1, np.arange(8, 12))
        drawn = np.argmax(u[:, [1]] < np.take_along_axis(table, _group_of(motive), 1), 1)
        same = np.take_along_axis(table, STATED + 12 + motive[:, None], 1)[:, 0]
        own = np.where(u[:, 0] < same, role, drawn)
        n_roles, misjudged = table[:, STATED + 9], table[:, STATED + 12 + len(MOTIVES)]
        other = (own + 1.0 + np.floor(u[:, 3] * (n_roles - 1.0))) % n_roles
        return own, np.where((u[:, 2] < misjudged) & (n_roles > 1.5), other, own)


NEVER = np.float32(1e9)  #: a day that does not come
MOST_GROUPS = 8  #: largest number of categories in a share
STATED = 3 * len(DRAWN) + (len(SHARES) + len(MOTIVES)) * MOST_GROUPS  #: where a table's other numbers begin


def _cumulative(given: tuple[float, ...]) -> NDArray[np.float64]:
    """Shares as ends of intervals of [0, 1], made up to MOST_GROUPS of them."""
    share = np.asarray(given, np.float64)
    padded = np.ones(MOST_GROUPS)
    padded[: len(share)] = np.cumsum(share / share.sum())
    padded[len(share) - 1 :] = 1.0
    return padded


def _group(j: int) -> slice:
    start = 3 * len(DRAWN) + j * MOST_GROUPS
    return slice(start, start + MOST_GROUPS)


def _group_of(motive: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the shares of role of these motives lie in a table's row.   [N] -> [N, MOST_GROUPS]"""
    first = 3 * len(DRAWN) + (len(SHARES) + motive) * MOST_GROUPS
    return first[:, None] + np.arange(MOST_GROUPS)


def load_population(path: str | Path, roles: tuple[str, ...] = ("role",)) -> Population:
    """Read a ``population.toml``; every key is optional, and an unknown one is an error (``[sources]`` is free text).

    ``[laws.<name>]`` holds constants of a text that belong to these people: of a law that was fitted to them, such as
    the level of a newcomer; of ``motives`` and ``transfer``, which act only where they stand here.

    Raises:
        ValueError: naming the file, the key, what was found and what is needed.
    """
    from adaptlearn.core import people

    return people.read(Path(path), roles)
