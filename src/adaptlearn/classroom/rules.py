"""The rules of a classroom: everything that decides what happens there, apart from who learns and what is offered."""

from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from adaptlearn.classroom.layout import Terms
from adaptlearn.classroom.packing import MESHING, Meshing, Pack, pack, terms_of
from adaptlearn.core.learner import Population
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
    heed: float | None = (
        None  # how much stated goals count in the target that policies are told; None: as the world says
    )
    law_params: Any = None  # NamedTuple law.Params; None: the law's defaults
    behaviour_params: Any = None
    reward_params: Any = None

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

    def pack(self) -> Pack:
        """The world's arrays, declared and true."""
        return pack(self.world, self.world.true(self.catalogue, self.catalogue_seed))

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
