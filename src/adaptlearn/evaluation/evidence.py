"""The evidence suite: the law is put through published trials, and each effect must fall into its published range.

*Held out* means that the shipped constants were fitted without the contrast. Which ones were is read from the record
that the fit left behind, never written by hand.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypedDict

from adaptlearn.classroom.room import Rules
from adaptlearn.evaluation.bench import LEARNERS, SEED, Bench, measure
from adaptlearn.evaluation.contrasts import Contrast, contrasts, file_of


class Row(TypedDict):
    """One line of the evidence table."""

    contrast: str
    quantity: str
    protocol: str
    low: float
    high: float
    unit: str
    source: str
    mark: str  # read | measured | recalled
    pool: str  # who was studied
    effect: float | None  # None: takes a policy that was not handed in
    ci: tuple[float, float] | None  # 95 %, Monte Carlo over learners
    inside: bool | None
    held_out: bool | None  # None: these are not the shipped constants, or nobody fitted them


def fit_file(law: ModuleType) -> Path:
    """Where the record of a law's fit lies: beside the contrasts it was fitted to."""
    return file_of(law).with_suffix(".fit.toml")


@cache
def fit_record(law: ModuleType) -> dict[str, Any]:
    """How the shipped constants came about: command, constants, contrasts held out. Empty if they were not fitted."""
    file = fit_file(law)
    return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}


def is_shipped(rules: Rules) -> bool:
    """Whether law and behaviour run with their own default constants."""
    pairs = ((rules.law, rules.law_params), (rules.behaviour, rules.behaviour_params))
    return all(given is None or tuple(given) == tuple(module.Params()) for module, given in pairs)


def evidence(
    rules: Rules,
    policies: Mapping[str, Any] | None = None,
    *,
    n: int = LEARNERS,
    seed: int = SEED,
    threads: int = 1,
    only: tuple[str, ...] = (),
) -> list[Row]:
    """Every contrast of the law in ``rules``, simulated.

    Args:
        rules: law, constants and, for whole programmes, the world; its meshing and mandatory are set by the protocols.
        policies: by the names the contrasts use, ``syllabus`` and ``mastery``; rows that need a missing one stay empty.
        n: learners per arm, the same in every arm.
        only: ids of the contrasts wanted; none means all.

    Raises:
        ValueError: the law has no contrasts, or ``only`` names one that it does not have.
    """
    bench = Bench(rules, policies or {}, n, seed, threads)
    found = contrasts(rules.law)
    unknown = sorted(set(only) - {c.id for c in found})
    if unknown:
        raise ValueError(
            f"contrasts {unknown} do not exist; needed some of {', '.join(c.id for c in found)}, e.g. 'quiz'"
        )
    wanted = [contrast for contrast in found if not only or contrast.id in only]
    bench.prepare(wanted)
    return [row(contrast, bench) for contrast in wanted]


def row(contrast: Contrast, bench: Bench) -> Row:
    """One contrast, simulated and judged."""
    effect = measure(contrast, bench)
    record = fit_record(bench.rules.law) if is_shipped(bench.rules) else {}
    return Row(
        contrast=contrast.id, quantity=contrast.quantity, protocol=contrast.protocol,
        low=contrast.low, high=contrast.high, unit=contrast.unit,
        source=contrast.source, mark=contrast.mark, pool=contrast.pool,
        effect=None if effect is None else effect.value,
        ci=None if effect is None else (effect.low, effect.high),
        inside=None if effect is None else contrast.inside(effect.value),
        held_out=contrast.id in record["fit"]["held_out"] if record else None,
    )  # fmt: skip


def counted(rows: list[Row]) -> list[Row]:
    """Rows that count: simulated, and not recalled from memory."""
    return [r for r in rows if r["mark"] != "recalled" and r["effect"] is not None]


def verdict(rows: list[Row]) -> str:
    """One line on the whole suite."""
    real = counted(rows)
    inside, held = sum(bool(r["inside"]) for r in real), [r for r in real if r["held_out"]]
    empty = sum(r["effect"] is None for r in rows)
    kept = sum(bool(r["inside"]) for r in held)
    text = f"{inside} of {len(real)} counted contrasts inside their ranges, {kept} of {len(held)} held out"
    text += f"; {sum(r['mark'] == 'recalled' for r in rows)} recalled, shown but not counted"
    return text + (f"; {empty} not run for want of a policy" if empty else "")


def table(rows: list[Row]) -> str:
    """The rows as aligned text, one line each, with the verdict below."""
    head = ("contrast", "range", "effect", "95 % interval", "inside", "set", "mark", "source", "protocol")
    lines = [head, *(_cells(r) for r in rows)]
    width = [max(len(line[j]) for line in lines) for j in range(len(head))]
    text = ["  ".join(cell.ljust(w) for cell, w in zip(line, width, strict=True)).rstrip() for line in lines]
    return "\n".join([*text, "", verdict(rows)])


def _cells(r: Row) -> tuple[str, ...]:
    effect, ci = r["effect"], r["ci"]
    inside = {None: "-", True: "yes", False: "NO"}[r["inside"]]
    shown = r["mark"] == "recalled"
    kept = "shown only" if shown else {None: "unknown", True: "held out", False: "fitted"}[r["held_out"]]
    return (
        r["contrast"], f"{r['low']:g} to {r['high']:g} {r['unit']}", "not run" if effect is None else f"{effect:.3f}",
        "" if ci is None else f"{ci[0]:.3f} to {ci[1]:.3f}", f"({inside})" if shown else inside, kept,
        r["mark"], f"{r['source']}; {r['pool']}", r["protocol"],
    )  # fmt: skip
