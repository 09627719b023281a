"""What data left uncertain: draws from a posterior, with their provenance. Numpy only, so that everyone can read it.

One artefact, several readers: a Population draws its learners from it (each learner belongs to one draw), a Bayesian
agent takes its prior from it, a report shows how conclusions move across it.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.catalogue import Skill
from adaptlearn.core.keep import arrays_in, keep
from adaptlearn.core.learner import DRAWN, FORMATS, Population
from adaptlearn.core.record import Tracer
from adaptlearn.core.world import World

VERSION = 1  #: of the file; moves with its meaning
PARTS = ("mean", "sd")
ARROW = " → "  #: between an activity and a skill in the labels of ``teaches``


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws by name, the first axis being the draw: ``ability.sd`` [J], ``easiness`` [J, K].

    A name ``<trait>.mean`` or ``<trait>.sd`` speaks of the population's trait of that name, ``<law>.<constant>`` of a
    constant of the law that ``provenance["law"]`` names, fitted together with the people.
    """

    draws: Mapping[str, NDArray[np.float64]]
    provenance: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # names along the second axis of a draw

    def __post_init__(self) -> None:
        sizes = {name: len(values) for name, values in self.draws.items()}
        if not sizes or len(set(sizes.values())) != 1 or 0 in sizes.values():
            raise ValueError(
                f"draws of sizes {sizes}; needed one size >= 1 for all names, e.g. {{'ability.sd': [.8, .9]}}"
            )
        bad = [name for name, values in self.draws.items() if not np.isfinite(values).all()]
        bad += [name for name, values in self.draws.items() if name.endswith(".sd") and np.min(values) < 0]
        if bad:
            raise ValueError(f"draws of {bad}; needed finite draws and spreads >= 0, e.g. ability.sd = [.8, .9]")

    def __len__(self) -> int:
        return len(next(iter(self.draws.values())))

    def mean(self, name: str) -> NDArray[np.float64]:
        return np.asarray(np.mean(self.draws[name], 0), np.float64)

    def interval(self, name: str, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Central interval of a name, entry by entry."""
        tail = (1.0 - level) / 2.0
        low, high = np.quantile(self.draws[name], [tail, 1.0 - tail], axis=0)
        return low, high

    def traits(self) -> list[str]:
        """Traits of a learner that these draws speak of."""
        return [name for name in DRAWN if any(f"{name}.{part}" in self.draws for part in PARTS)]

    def constants(self) -> dict[str, NDArray[np.float64]]:
        """Constants of the law under which these draws were fitted, by their own names.   each [J]"""
        law = f"{self.provenance.get('law', '')}."
        return {name.removeprefix(law): values for name, values in self.draws.items()
                if law != "." and name.startswith(law)}  # fmt: skip

    def into(self, population: Population, rows: int = 64) -> Population:
        """The population with these draws as its posterior: a learner belongs to one of ``rows`` of them.

        Traits these draws do not speak of stay as they were, in every row; constants of a law are taken at their mean.
        """
        if not self.traits():
            raise ValueError(f"draws of {sorted(self.draws)}; needed some <trait>.mean or <trait>.sd, e.g. ability.sd")
        take = self._spaced(rows)
        table = []
        for part, usual in zip(PARTS, (population.mean, population.sd), strict=True):
            columns = [np.asarray(self.draws.get(f"{name}.{part}", np.full(len(self), value)))[take]
                       for name, value in zip(DRAWN, usual, strict=True)]  # fmt: skip
            table.append(np.stack(columns, 1))
        joined = tuple(tuple(float(v) for v in row) for row in np.concatenate(table, 1))
        middle = {name: (float(np.mean([r[at] for r in joined])), float(np.mean([r[len(DRAWN) + at] for r in joined])))
                  for at, name in enumerate(DRAWN) if name in self.traits()}  # fmt: skip
        source = self.provenance.get("source", "a posterior")
        constants = self._with(population, {name: float(v.mean()) for name, v in self.constants().items()})
        return replace(population.with_traits(**middle), posterior=joined, constants=constants,
                       provenance=f"fitted to {source}")  # fmt: skip

    def _with(self, population: Population, own: dict[str, float]) -> Mapping[str, Mapping[str, float]]:
        """The population's constants of laws, those of our law by these."""
        return {**population.constants, self.provenance["law"]: own} if own else population.constants

    def populations(self, population: Population, n: int = 20) -> list[Population]:
        """One population per draw, for n draws: how far a conclusion moves across what the log left open."""
        middle, k, take = self.into(population, rows=n), len(DRAWN), self._spaced(n)
        own = [{name: float(values[j]) for name, values in self.constants().items()} for j in take]
        return [replace(middle, mean=row[:k], sd=row[k:], posterior=(), constants=self._with(population, mine))
                for row, mine in zip(middle.posterior, own, strict=True)]  # fmt: skip

    def catalogues(self, world: World, n: int = 20) -> list[World]:
        """What may really happen behind a catalogue, for the n draws that :meth:`populations` takes.

        ``minutes`` [J, A] is the log of true over declared minutes, ``difficulty`` [J, A] a shift of it, ``teaches``
        [J, P] the weight with which an activity teaches a skill, its quality counted in. What these draws do not speak
        of is as the catalogue has it.
        """
        return [self._catalogue(world, j) for j in self._spaced(n)]

    def _catalogue(self, world: World, j: int) -> World:
        said = {name: dict(zip(self.labels.get(name, ()), self.draws[name][j], strict=True))
                for name in ("minutes", "difficulty", "teaches") if name in self.draws}  # fmt: skip
        weights: dict[str, list[tuple[str, float]]] = {}
        for name, weight in said.get("teaches", {}).items():
            activity, _, skill = name.partition(ARROW)
            weights.setdefault(activity, []).append((skill, float(weight)))
        really = []
        for a in world.activities:
            longer, harder = (said.get(name, {}).get(a.id, 0.0) for name in ("minutes", "difficulty"))
            taught = [(k, w) for k, w in weights.get(a.id, a.teaches) if w > 0.0]
            declared, best = (max((w for _, w in tags), default=1.0) for tags in (a.teaches, taught))
            really.append(replace(
                a, time_required=a.time_required * float(np.exp(longer)), difficulty=a.difficulty + float(harder),
                quality=a.quality + float(np.log(best / declared)),
                teaches=tuple((k, w * (declared / best)) for k, w in taught),
            ))  # fmt: skip
        return replace(world, activities=tuple(really))

    def _spaced(self, n: int) -> NDArray[np.int64]:
        """Which draws stand for all: n of them, evenly spaced."""
        return np.linspace(0, len(self) - 1, min(n, len(self))).round().astype(int)

    def tracers(self, skills: Sequence[Skill]) -> NDArray[np.float64]:
        """The platform's tracer, draw by draw, for a world's skills: what a Bayesian agent starts from.

        Skills are found by id or title among the labels of ``prior``, ``learn``, ``guess``, ``slip``, ``forget``; what
        these draws do not speak of is as the world has it, in every draw.   -> [J, K, 5], order of ``record.Tracer``
        """
        table = np.tile([[getattr(skill, coin) for coin in Tracer._fields] for skill in skills], (len(self), 1, 1))
        for c, coin in enumerate(Tracer._fields):
            names = {name: at for at, name in enumerate(self.labels.get(coin, ()))}
            for k, skill in enumerate(skills):
                at = names.get(skill.id, names.get(skill.title))
                if at is not None and coin in self.draws:
                    table[:, k, c] = self.draws[coin][:, at]
        return np.asarray(table, np.float64)

    def liking(self, population: Population | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Prior mean and sd of one learner's preference for each of FORMATS: where a belief over formats starts.

        A spread of what is not known of the population adds to the spread within it. What these draws do not speak of
        is as the population has it, by default the usual one.   -> [8], [8]
        """
        usual = population or Population()
        mean, sd = np.empty(len(FORMATS)), np.empty(len(FORMATS))
        for f, name in enumerate(f"like_{name}" for name in FORMATS):
            at = DRAWN.index(name)
            centre = np.asarray(self.draws.get(f"{name}.mean", np.full(len(self), usual.mean[at])))
            spread = np.asarray(self.draws.get(f"{name}.sd", np.full(len(self), usual.sd[at])))
            mean[f], sd[f] = centre.mean(), np.sqrt(np.mean(spread**2) + centre.var())
        return mean, sd

    def joined(self, other: "Posterior") -> "Posterior":
        """Both in one: the other's draws beside these, taken as independent; its names win.

        The shorter one is repeated.
        """
        n = max(len(self), len(other))
        draws = {name: np.resize(values, (n, *values.shape[1:]))
                 for one in (self, other) for name, values in one.draws.items()}  # fmt: skip
        return Posterior(draws, {**self.provenance, **other.provenance}, {**self.labels, **other.labels})

    def insights(self, level: float = 0.95) -> list[dict[str, Any]]:
        """One row per number: its mean and interval, for people."""
        rows = []
        for name in sorted(self.draws):
            middle, (low, high) = np.atleast_1d(self.mean(name)), self.interval(name, level)
            labels = self.labels.get(name, ("",) * len(middle))
            for label, m, lo, hi in zip(labels, middle, np.atleast_1d(low), np.atleast_1d(high), strict=True):
                rows.append({"name": name, "of": label, "mean": float(m), "low": float(lo), "high": float(hi)})
        return rows

    def save(self, path: str | Path) -> Path:
        """Write to one ``.npz`` file, whole or not at all, without pickle."""
        about = json.dumps({"version": VERSION, "provenance": dict(self.provenance),
                            "labels": {k: list(v) for k, v in self.labels.items()}}, sort_keys=True)  # fmt: skip
        arrays: dict[str, Any] = {f"draws/{name}": values for name, values in self.draws.items()}
        with io.BytesIO() as stream:
            np.savez_compressed(stream, about=np.array(about), **arrays)
            return keep(path, stream.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> "Posterior":
        """Read what ``save`` wrote.

        Raises:
            ValueError: there is no such file, it is not whole, or it holds something else.
        """
        stored = arrays_in(path, "a posterior of `adaptlearn calibrate`, e.g. posterior=people.npz")
        about = json.loads(str(stored.pop("about"))) if "about" in stored else {}
        draws = {name.removeprefix("draws/"): values for name, values in stored.items()}
        if about.get("version") != VERSION:
            raise ValueError(f"{path}: found version {about.get('version')}; needed {VERSION}, e.g. calibrate again")
        return cls(draws, about["provenance"], {k: tuple(v) for k, v in about["labels"].items()})
