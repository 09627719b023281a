"""How far a conclusion moves across what a log left open: the candidate's gain, one population per posterior draw.

An interval of a gain says how far it would move with other simulated learners; this says how far with other people
that the log fits about as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from adaptlearn.evaluation import figures
from adaptlearn.evaluation.matrix import Matrix, gains
from adaptlearn.evaluation.render import Figure, Section, Table
from adaptlearn.evaluation.resample import Interval

TITLE = "What the log leaves open"
QUANTILES = {"least": 0.0, "lower quarter": 0.25, "middle": 0.5, "upper quarter": 0.75, "most": 1.0}


@dataclass(frozen=True)
class Across:
    """The mean gain of a candidate, draw by draw."""

    gains: tuple[Interval, ...]
    source: str  # what the posterior was fitted to

    @property
    def up(self) -> int:
        """Draws in which the gain is clear of zero and positive."""
        return sum(one.clear() > 0 for one in self.gains)

    @property
    def down(self) -> int:
        """... and negative."""
        return sum(one.clear() < 0 for one in self.gains)

    def quantiles(self) -> Mapping[str, float]:
        """Of the mean gain over draws."""
        values = [one.value for one in self.gains]
        return {name: float(np.quantile(values, share)) for name, share in QUANTILES.items()}

    def words(self) -> str:
        """In one sentence."""
        least, most = self.quantiles()["least"], self.quantiles()["most"]
        return _signed(
            f"Across {len(self.gains)} draws of the fitted people the gain is {least:+.3f} to {most:+.3f}: clear in "
            f"{self.up}, a clear loss in {self.down}"
        )


def across(matrix: Matrix, candidate: str, source: str) -> Across:
    """From outcomes whose columns are draws of a posterior."""
    found = gains(matrix)
    return Across(tuple(found[candidate, j].mean for j in range(len(matrix.columns))), source)


def section(found: Across, candidate: str, baseline: str) -> Section:
    """For a report."""
    order = sorted(range(len(found.gains)), key=lambda j: found.gains[j].value)
    alt = f"Gain of {candidate} over {baseline}, one population per draw of the posterior"
    rows = tuple((name, _signed(f"{value:+.3f}")) for name, value in found.quantiles().items())
    counted = (
        ("draws with a clear gain", f"{found.up} of {len(found.gains)}"),
        ("draws with a clear loss", f"{found.down} of {len(found.gains)}"),
    )
    words = (
        f"The people are {found.source}. Each draw of the posterior is one population that fits this log about as "
        "well, drawn and taught with the same luck. Where the sign holds in all draws, more data of this kind is "
        "unlikely to change the conclusion. That minds work as the law says is assumed in every one.",
    )
    table = Table(f"Mean gain over {baseline}, in the likeliest world", ("over draws", "figure"), (*rows, *counted),
                  ("figure",))  # fmt: skip
    figure = Figure(alt, figures.forest([(f"draw {j + 1}", found.gains[j]) for j in order], alt))
    return Section(TITLE, words, (), (table,), (figure,))


def _signed(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
