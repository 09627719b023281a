"""The rules of a classroom: everything that decides what happens there, apart from who learns and what is offered."""

from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.classroom.layout import Terms
from adaptlearn.classroom.packing import MESHING, Meshing, Pack, pack, terms_of
from adaptlearn.core.learner import Population, Skill
from adaptlearn.core.world import World


@dataclass(frozen=True)
class Rules:
    """A value: a change is a new value."""

    world: World  # as declared
    law: ModuleType
    behaviour: ModuleType
    reward: ModuleType
    population: Population = field(default_factory=Population)
    catalogue: str = "as_written"  # as_written | usual_error | careless: how far the catalogue is from the truth
    catalogue_seed: int = 0
    meshing: Meshing = MESHING["null"]
    mandatory: bool | None = None  # None: as the world says
    decides: str | None = None  # None: as the world says
    reasons: float | None = None  # share of offers that come with a reason; None: as the world says
    heed: float | None = None  # how much stated goals count in the target policies are told; None: as the world says
    law_params: Any = None  # NamedTuple law.Params; None: the law's defaults
    behaviour_params: Any = None
    reward_params: Any = None
    truth: World | None = None  # what happens behind the catalogue, said outright instead of drawn

    def terms(self, autoreset: bool = False, until: float = 1e9) -> Terms:
        """The run-time values of a run."""
        programme = self.world.programme
        return terms_of(
            self.world, self.meshing, autoreset=autoreset, until=until,
            mandatory=programme.mandatory if self.mandatory is None else self.mandatory,
            decides=self.decides or programme.decides,
            reasons=programme.reasons if self.reasons is None else self.reasons,
            heed=programme.heed if self.heed is None else self.heed,
        )  # fmt: skip

    def true_world(self) -> World:
        """What really happens behind the catalogue."""
        return self.truth or self.world.true(self.catalogue, self.catalogue_seed)

    def pack(self) -> Pack:
        """The world's arrays, declared and true."""
        return pack(self.world, self.true_world())

    def levels(self, mind: Any, touched: Any, day: ArrayLike) -> NDArray[np.float32]:
        """P(correct) on the reference item of each skill, on a day at or after ``touched``; latent, for analysis only.

        mind [N, K, M], touched [N, K], day [] or [N, 1] -> [N, K] in [0, 1]. The law's own forecast, read by NumPy.
        """
        skill = Skill(*(column[None, :] for column in self.pack().skills.T))
        params = self.law_params if self.law_params is not None else self.law.Params()
        days = np.maximum(np.asarray(day, np.float32) - touched, np.float32(0.0))
        return np.asarray(self.law.forecast(self.law.Mind(*np.moveaxis(mind, 2, 0)), days, skill, params), np.float32)

    @property
    def chapters(self) -> frozenset[str]:
        """What this room tells beside the story that all rooms tell, see ``layout.CHAPTERS``."""
        together = self.world.cohorts is not None or self.world.calendar is not None
        return frozenset(["TOGETHER"] * together + ["REASONED"] * (self.terms().reasons > 0.0)
                         + ["VETOED"] * self.world.programme.veto
                         + ["WISHING"] * bool(self.population.wishes))  # fmt: skip

    def offer_size(self) -> int:
        """Places in a slate: one unless the learner chooses from an offer."""
        return self.world.programme.offer_size if (self.decides or self.world.programme.decides) == "offer" else 1


def with_rules(rules: Rules, **changes: Any) -> Rules:
    """The same rules with some of them changed."""
    return replace(rules, **changes)
