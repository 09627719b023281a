"""The report's pages on groups: who gains, what each is offered, how well the tracer knows them, items that differ.

Axes: N learners, D decisions, G groups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.simulate import Lives
from adaptlearn.core import attributes
from adaptlearn.core.learner import FORMATS, format_of
from adaptlearn.core.visits import of_log
from adaptlearn.core.world import FEATURES, World
from adaptlearn.evaluation import dif
from adaptlearn.evaluation.render import Section, span, tabled
from adaptlearn.evaluation.resample import Floats, draws_of, spread
from adaptlearn.evaluation.subgroups import SMALLEST, SURE, Attribute, by_group

DRAWS = 400


@dataclass(frozen=True)
class Traced:
    """What the platform's tracer foretold, one entry per assessed visit.   each [Q]"""

    learner: NDArray[np.uint64]
    foretold: Floats  # mean P(correct) of what was asked
    right: Floats  # share that was
    asked: Floats  # items


def labels(lives: Lives, world: World) -> dict[str, NDArray[np.str_]]:
    """Groups of every learner, by attribute.   -> attribute -> [N]"""
    assert lives.log is not None
    seed = int(lives.log.provenance["seed"])
    roles = np.array(world.role_ids)
    return {
        "role": roles[lives.trait("role").astype(int)],
        "site": lives.trait("site").astype(int).astype(str),
        "tenure": lives.trait("tenure").astype(int).astype(str),
        "language": np.array(attributes.LANGUAGES)[attributes.languages(lives.traits, lives.ids, seed)],
        "access need": np.array(attributes.ACCESS)[attributes.access_needs(lives.traits, lives.ids, seed)],
    }


def section(new: Lives, old: Lives, world: World, names: tuple[str, str], traced: Traced | None = None) -> Section:
    """Everything that is said of groups.

    Args:
        names: the candidate's and the baseline's.
        traced: None: how well the tracer knows groups is not said.
    """
    known = labels(new, world)
    found = by_group(new["value"].astype(float) - old["value"], known)
    gained = [{"attribute": a.name, "group": g.name, "learners": g.learners, "gain": g.gain, "less the others'": g.gap}
              for a in found for g in a.groups]  # fmt: skip
    by_format = f"What each group is offered by {names[0]}, percent of offers"
    tables = [
        tabled("Gain by group, in the likeliest world", gained, signed=3),
        tabled(by_format, offers(new, world, known)),
    ]
    said = [*verdicts(found), *_offered(new, old, world, known, names)]
    if traced is not None:
        rows = calibration(traced, new, known)
        tables.append(tabled("How far the tracer is from answers: share right less what was foretold", rows, signed=3))
        off = [f"The tracer thinks too {'little' if r['less the others'].value > 0 else 'much'} of {r['attribute']} "
               f"{r['group']}: {span(r['less the others'], 2)} beside the others." for r in rows
               if r["clear"]]  # fmt: skip
        said += off or ["The tracer is as right about each group as about the others, as far as chance can tell."]
    words = (f"Policies see role alone. Groups of fewer than {SMALLEST} are counted and not shown. Language and access "
             "need hang on what people like (assumed, grade C).",)  # fmt: skip
    return Section("Groups", words, (*said, *odd_items(new, world, known)), tuple(tables))


def verdicts(found: Sequence[Attribute]) -> list[str]:
    """One sentence per attribute."""
    return [
        f"{a.name}: " + ("differences of this size arise by chance" if a.noise else
                         f"groups differ, and {a.worst.name if a.worst else 'none shown'} gains least")
        + f" (p = {a.p:.2f})." for a in found if len(a.groups) > 1
    ]  # fmt: skip


def shown(lives: Lives, world: World) -> Floats:
    """How each learner's offers lie on the axes of format, percent of offers.   -> [N, 8]"""
    assert lives.log is not None
    log = lives.log
    columns = SimpleNamespace(**dict(zip(FEATURES, world.scalars.astype(np.float64).T, strict=True)))
    place = np.stack(format_of(columns), 1)
    share = np.where(np.arange(len(FORMATS)) < 4, place + 0.25, 2.0 * place)  # as the catalogue has them, 0..1
    who = np.searchsorted(np.sort(lives.ids), log["learner"])
    who = np.argsort(lives.ids, kind="stable")[who]
    first = log["offered"][:, 0]
    some = first > 0
    count = np.maximum(np.bincount(who[some], minlength=len(lives.ids)), 1)
    return np.stack([100.0 * np.bincount(who[some], share[first[some], f], len(lives.ids)) / count
                     for f in range(len(FORMATS))], 1)  # fmt: skip


def offers(lives: Lives, world: World, known: Mapping[str, NDArray[np.str_]]) -> list[dict[str, object]]:
    """Mean share of offers in each format, by group large enough."""
    share, rows = shown(lives, world), []
    for attribute, label in known.items():
        for group in np.unique(label):
            mine = label == group
            if mine.sum() >= SMALLEST:
                means = dict(zip(FORMATS, share[mine].mean(0).tolist(), strict=True))
                rows.append({"attribute": attribute, "group": str(group), **means})
    return rows


def _offered(
    new: Lives, old: Lives, world: World, known: Mapping[str, NDArray[np.str_]], names: tuple[str, str]
) -> list[str]:
    """Formats that a group gets more or less of than others by the candidate's doing, named where it is plain."""
    moved = shown(new, world) - shown(old, world)
    groups = {name: label for name, label in known.items() if name != "role"}
    said = []
    for f, name in enumerate(FORMATS):
        for attribute in by_group(moved[:, f], groups, draws=DRAWS):
            if attribute.p * len(FORMATS) > SURE:  # corrected for attributes, and here for formats
                continue
            most = max((g for g in attribute.groups if g.gap is not None), key=lambda g: abs(g.gap.value))
            if abs(most.gap.value) >= 2.0:  # type: ignore[union-attr]
                said.append(f"{attribute.name} {most.name} is offered {most.gap.value:+.0f} points of {name} beside "
                            f"others, against {names[1]}.".replace("-", "\N{MINUS SIGN}"))  # type: ignore[union-attr]  # fmt: skip
    return said or ["No group is offered other formats than the rest, as far as chance can tell."]


def calibration(traced: Traced, lives: Lives, known: Mapping[str, NDArray[np.str_]]) -> list[dict[str, object]]:
    """Share right less what the tracer foretold, by group, beside everybody else; learners are drawn, not answers."""
    at = {int(i): n for n, i in enumerate(lives.ids.tolist())}
    who = np.array([at[int(i)] for i in traced.learner.tolist()], np.int64)
    n = len(lives.ids)
    miss, weight = (np.bincount(who, x * traced.asked, n) for x in (traced.right - traced.foretold, np.ones(len(who))))
    count, rows = draws_of(np.zeros(n), DRAWS, 0), []
    sides = [(name, str(g), label == g) for name, label in known.items() for g in np.unique(label)]
    for attribute, group, mine in sides:
        seen = mine & (weight > 0)
        others = ~mine & (weight > 0)
        if min(seen.sum(), others.sum()) < SMALLEST:
            continue
        own, rest = (_ratio(miss, weight, count, side) for side in (seen, others))
        gap = spread(own[0] - rest[0], own[1] - rest[1])
        rows.append({"attribute": attribute, "group": group, "learners": int(seen.sum()), "right less foretold":
                     spread(*own), "less the others": gap, "clear": _clear(own, rest, len(sides))})  # fmt: skip
    return rows


def _ratio(miss: Floats, weight: Floats, count: Floats, side: NDArray[np.bool_]) -> tuple[float, Floats]:
    drawn = (count[:, side] @ miss[side]) / np.maximum(count[:, side] @ weight[side], 1e-9)
    return float(miss[side].sum() / weight[side].sum()), np.asarray(drawn, np.float64)


def _clear(own: tuple[float, Floats], rest: tuple[float, Floats], looks: int) -> bool:
    """Whether a gap is clear of zero at .05 over all looks (Bonferroni), by its bootstrap error."""
    from scipy.stats import norm

    gap = own[1] - rest[1]
    return bool(2.0 * norm.sf(abs(own[0] - rest[0]) / max(float(gap.std()), 1e-12)) < 0.05 / looks)


def odd_items(lives: Lives, world: World, known: Mapping[str, NDArray[np.str_]]) -> list[str]:
    """Activities whose questions work differently for groups who know the same."""
    assert lives.log is not None
    visits = of_log(lives.log, world)
    order = np.argsort(lives.ids, kind="stable")
    codes = {name: np.unique(label, return_inverse=True) for name, label in known.items()}
    groups = {name: code[order][visits.learner] for name, (_, code) in codes.items()}
    odd = [one for one in dif.examine(replace(visits, groups=groups)) if one.found]
    return [
        f"The questions of “{one.activity}” work differently for {one.attribute} "
        f"{codes[one.attribute][0][int(one.group)]} than for others who know as much: {span(one.difference)} right."
        for one in odd
    ] or ["No activity's questions work differently for a group."]


def foretold(known: Floats, asked: Floats, guess: Floats, slip: Floats) -> Floats:
    """Mean P(correct) of what is asked.   P(known) [Q, K], items [Q, K], guess, slip [K] -> [Q]"""
    p = guess + (1.0 - guess - slip) * known
    return np.asarray((p * asked).sum(1) / np.maximum(asked.sum(1), 1e-9))


__all__ = ["Traced", "calibration", "foretold", "labels", "offers", "section"]
