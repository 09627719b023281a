"""What every tracer is: settings that a constructor stores, ``fit`` that learns, ``predict`` before each answer.

The manner is scikit-learn's, which can clone, set and search these classes, but is never imported. Columns are flat,
one value per answer, and the order of rows is the order of time; a chance never depends on that answer or a later one.
"""

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.tracing.scoring import CrossValidation, Scores, cross_validate, score

Floats = NDArray[np.float64]


class UnknownSkill(ValueError):
    """A log speaks of a skill the tracer was not fitted on."""


class Estimator(ABC):
    """Base of all tracers, each a dataclass of settings with ``fit`` and ``predict``; nothing here is overridden.

    A tracer names the further columns it can read in ``reads``, and leaves ``skills_`` behind: a mapping from the
    names that fit saw. It tells ``predict(..., unknown="error" | "typical")`` what to do with other names.
    """

    reads: ClassVar[tuple[str, ...]] = ()
    seed: int  # of starting points and of the deal into folds

    @abstractmethod
    def fit(self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, **columns: ArrayLike | None) -> Self:
        """Learn from a log.   each column [M]"""

    @abstractmethod
    def predict(
        self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *, unknown: str = "error",
        **columns: ArrayLike | None,
    ) -> Floats:  # fmt: skip
        """P(correct) before each answer.   each column [M] -> [M], in the order of the log"""

    def knows(self, skill: ArrayLike) -> NDArray[np.bool_]:
        """Whether fit saw each skill.   [M] -> [M]"""
        names: Any = getattr(self, "skills_", {})
        return np.array([name in names for name in np.asarray(skill).tolist()], bool)

    def evaluate(
        self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *, unknown: str = "error",
        **columns: ArrayLike | None,
    ) -> Scores:  # fmt: skip
        """AUC, RMSE, log-likelihood and calibration error of ``predict``, pooled over answers."""
        chance = self.predict(learner, skill, correct, unknown=unknown, **columns)
        return score(correct, chance, int((~self.knows(skill)).sum()))

    def cross_validate(
        self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, folds: int = 5, **columns: ArrayLike | None
    ) -> CrossValidation:
        """Scores on held-out learners; a skill that only they practised is foretold as a typical one."""
        given = {name: values for name, values in columns.items() if values is not None}
        return cross_validate(self, learner, skill, correct, folds, self.seed, given)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Settings by name."""
        return {part.name: getattr(self, part.name) for part in fields(self)}  # type: ignore[arg-type]

    def set_params(self, **settings: Any) -> Self:
        """Change settings; what was fitted stays as it is until ``fit`` is called again.

        Raises:
            ValueError: no such setting.
        """
        known = list(self.get_params())
        for name, value in settings.items():
            if name not in known:
                raise ValueError(
                    f"{type(self).__name__}.{name} is not a setting; needed one of {', '.join(known)}, e.g. {known[0]}"
                )
            setattr(self, name, value)
        return self

    def clone(self) -> Self:
        """The same settings, unfitted."""
        return type(self)(**self.get_params())

    def at_least(self, **lowest: float) -> None:
        """Refuse settings that are too low.

        Raises:
            ValueError: naming the setting, what was found and its default.
        """
        for name, low in lowest.items():
            if not getattr(self, name) >= low:
                kind = type(self)
                raise ValueError(
                    f"{kind.__name__}.{name} = {getattr(self, name)}; needed at least {low:g}, "
                    f"e.g. {getattr(kind, name)}"
                )

    def stranger(self, names: list[object]) -> UnknownSkill:
        """The refusal of skills that fit never saw."""
        skills: Any = getattr(self, "skills_", {})
        found = ", ".join(repr(name) for name in names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return UnknownSkill(
            f"skill: found {found}, not in the log of fit; needed one of the {len(skills)} fitted skills, "
            f"e.g. {next(iter(skills))!r}"
        )

    def check_names(self, names: tuple[object, ...], unknown: str) -> list[object]:
        """Names that fit never saw, where ``unknown`` lets them pass.

        Raises:
            ValueError: not fitted, or an ``unknown`` that is not known.
            UnknownSkill: there are such names and ``unknown`` is ``error``.
        """
        kind = type(self).__name__
        if not hasattr(self, "skills_"):
            raise ValueError(
                f"{kind}: found no fitted skills; needed fit(...) first, e.g. {kind}().fit(learner, skill, correct)"
            )
        if unknown not in ("error", "typical"):
            raise ValueError(f"unknown = {unknown!r}; needed 'error' or 'typical', e.g. 'typical'")
        strangers = [name for name in names if name not in self.skills_]
        if strangers and unknown == "error":
            raise self.stranger(strangers)
        return strangers
