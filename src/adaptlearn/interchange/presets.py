"""Whose export calls its columns what: one row per format. A new format is a new row."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Preset:
    """Names of columns in one kind of export."""

    title: str
    columns: Mapping[str, str]  # our name -> the file's
    optional: frozenset[str] = frozenset()  # ours that may be missing from the file
    answers: Mapping[str, int] = field(default_factory=dict)  # further words for right (1) and wrong (0), lower case

    def with_columns(self, columns: Mapping[str, str]) -> "Preset":
        """The same preset with other names for some columns; what is asked for by name is not optional."""
        return replace(self, columns={**self.columns, **columns}, optional=self.optional - set(columns))


PRESETS: dict[str, Preset] = {
    "assistments2009": Preset(
        "ASSISTments 2009-10 skill builder, with skill names",
        {"learner": "user_id", "skill": "skill_name", "correct": "correct", "order": "order_id", "item": "problem_id",
         "split": "split"},
        frozenset(("item", "split", "order")),
    ),
    "assistments2009_items": Preset(
        "ASSISTments 2009-10 with items and skill numbers, in the order of answers",
        {"learner": "user_id", "skill": "skill_id", "correct": "correct", "item": "problem_id", "order": "t"},
        frozenset(("item", "order")),
    ),
}  # fmt: skip
