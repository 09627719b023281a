"""The evidence suite: the law is put through published trials, and each effect must fall into its published range.

Each row says where it stands. *Fitted*: the shipped constants were made to show it. *Held out*: they were fitted
without it. *Converted*: without its trial, but from its published number. *By construction*: the cause is switched off.
*Shown only*: recalled from memory. *Own constants*: these are not the shipped ones, so nothing is known of it. The
first two and the last count. Where a row stands is read from the record that the fit left behind, never by hand.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypedDict

from adaptlearn.classroom.room import Rules
from adaptlearn.evaluation.bench import LEARNERS, SEED, Bench, measure
from adaptlearn.evaluation.contrasts import Contrast, contrasts


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
    standing: str  # fitted | held out | converted | by construction | shown only | own constants


FITTED, HELD_OUT, CONVERTED, EXACT, SHOWN, OWN = (
    "fitted", "held out", "converted", "by construction", "shown only", "own constants",
)  # fmt: skip
COUNT = (FITTED, HELD_OUT, OWN)
HALF = 0.5  #: of published effects, for the fit that allows for a bias in publishing


def fit_file(law: ModuleType, half: bool = False) -> Path:
    """Where the record of a law's fit lies: beside the contrasts it was fitted to."""
    return Path(str(law.__file__)).with_suffix(".half.toml" if half else ".fit.toml")


@cache
def fit_record(law: ModuleType, half: bool = False) -> dict[str, Any]:
    """How constants came about: command, values, contrasts held out. Empty if they were not fitted.

    Args:
        half: of the fit to half effects, instead of that of the shipped constants.
    """
    file = fit_file(law, half)
    return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}


def is_shipped(module: Any, params: Any) -> bool:
    """Whether a law or a behaviour runs with its own default constants."""
    return params is None or tuple(params) == tuple(module.Params())


def asked(rules: Rules, half: bool = False, trials: ModuleType | None = None) -> tuple[Contrast, ...]:
    """The contrasts of a law in a world: the law's own, and those of the world's ``evidence.toml`` added or instead.

    Args:
        half: with half of every effect that compares two treatments.
        trials: another law, whose contrasts are taken instead of this one's.
    """
    folder = getattr(rules.world, "folder", None)
    own = contrasts(folder / "evidence.toml") if folder and (folder / "evidence.toml").exists() else ()
    found = {c.id: c for c in (*contrasts(trials or rules.law), *own)}
    return tuple(c.times(HALF) for c in found.values()) if half else tuple(found.values())


def standing(contrast: Contrast, rules: Rules) -> str:
    """Where a contrast stands, with these constants in this world."""
    if not contrast.counted:
        return SHOWN
    if contrast.low == contrast.high:
        return EXACT
    if not is_shipped(rules.law, rules.law_params):
        return OWN
    record = fit_record(rules.law)
    if not record:  # nobody fitted this law to trials
        return HELD_OUT
    if contrast.id in record["converted"].values():
        return CONVERTED
    there = not contrast.programme or record["fit"]["world"].split()[0] == rules.world.name
    if contrast.programme and there and not is_shipped(rules.behaviour, rules.behaviour_params):
        return OWN
    seen = contrast.id in record["fit"]["fitted"] and contrast in contrasts(rules.law)
    return FITTED if there and seen else HELD_OUT


def evidence(
    rules: Rules,
    policies: Mapping[str, Any] | None = None,
    *,
    n: int = LEARNERS,
    seed: int = SEED,
    threads: int = 1,
    only: tuple[str, ...] = (),
    half: bool = False,
    trials: ModuleType | None = None,
) -> list[Row]:
    """Every contrast of the law in ``rules``, simulated.

    Args:
        rules: law, constants and, for whole programmes, the world; its meshing and mandatory are set by the protocols.
        policies: by the names the contrasts use, ``syllabus`` and ``mastery``; rows that need a missing one stay empty.
        n: learners per arm, the same in every arm.
        only: ids of the contrasts wanted; none means all.
        half, trials: as for ``asked``.

    Raises:
        ValueError: the law has no contrasts, or ``only`` names one that it does not have.
    """
    bench = Bench(rules, policies or {}, n, seed, threads)
    found = asked(rules, half, trials)
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
    return Row(
        contrast=contrast.id, quantity=contrast.quantity, protocol=contrast.protocol,
        low=contrast.low, high=contrast.high, unit=contrast.unit,
        source=contrast.source, mark=contrast.mark, pool=contrast.pool,
        effect=None if effect is None else effect.value,
        ci=None if effect is None else (effect.low, effect.high),
        inside=None if effect is None else contrast.inside(effect.value),
        standing=standing(contrast, bench.rules),
    )  # fmt: skip


def counted(rows: list[Row]) -> list[Row]:
    """Rows that count: simulated, and neither recalled, nor converted, nor true by construction."""
    return [r for r in rows if r["standing"] in COUNT and r["effect"] is not None]


def verdict(rows: list[Row]) -> str:
    """One line on the whole suite."""
    real = counted(rows)
    held = [r for r in real if r["standing"] == HELD_OUT]
    text = f"{_inside(real)} of {len(real)} counted contrasts inside their ranges"
    text += f", {_inside(held)} of the {len(held)} held out" if held else ""
    missed = [r["contrast"] for r in real if not r["inside"]]
    text += f"; outside: {', '.join(missed)}" if missed else ""
    for kind in (CONVERTED, EXACT, SHOWN):
        number = sum(r["standing"] == kind for r in rows)
        text += f"; {number} {kind}, not counted" if number else ""
    empty = sum(r["effect"] is None for r in rows)
    return text + (f"; {empty} not run for want of a policy" if empty else "")


def _inside(rows: list[Row]) -> int:
    return sum(bool(r["inside"]) for r in rows)


def broken(rows: list[Row]) -> list[str]:
    """Fitted contrasts outside their ranges: a fault. One held out that falls outside is a finding."""
    return [r["contrast"] for r in counted(rows) if r["standing"] == FITTED and not r["inside"]]


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
    shown = r["standing"] == SHOWN
    return (
        r["contrast"], f"{r['low']:g} to {r['high']:g} {r['unit']}", "not run" if effect is None else f"{effect:.3f}",
        "" if ci is None else f"{ci[0]:.3f} to {ci[1]:.3f}", f"({inside})" if shown else inside, r["standing"],
        r["mark"], f"{r['source']}; {r['pool']}", r["protocol"],
    )  # fmt: skip
