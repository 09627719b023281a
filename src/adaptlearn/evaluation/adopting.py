"""What a fit leaves behind: a record beside the law, and the law's new defaults."""

import re
from collections.abc import Sequence
from pathlib import Path

from adaptlearn.classroom.room import Rules
from adaptlearn.evaluation.evidence import fit_file, fit_record
from adaptlearn.evaluation.fitting import Fit


def record_of(fitted: Fit, command: str) -> str:
    """The record of a fit, as TOML."""
    lines = [
        "# Written by the fit, never by hand: how the constants beside this file came about.", "", "[fit]",
        f"command = {command!r}", f"world = {fitted.world!r}", f"learners = {fitted.n}", f"seed = {fitted.seed}",
        f"half = {str(fitted.half).lower()}  # of every effect that compares two treatments",
        f"evaluations = {fitted.evaluations}", f"misfit = {fitted.misfit:.3f}  # sum of squares, quarters of a range",
        f"drawn_back = {fitted.drawn_back:.3f}  # sum of squares, spreads",
        f"held_out = {_words(fitted.held_out)}", f"fitted = {_words(fitted.fitted)}", "", "[constants.law]",
    ]  # fmt: skip
    behaviour = [one.name for one in fitted.free if one.of == "behaviour"]
    lines += [f"{name} = {value!r}" for name, value in fitted.values.items() if name not in behaviour]
    lines += ["", "[constants.behaviour]", *(f"{name} = {fitted.values[name]!r}" for name in behaviour)]
    lines += ["", "[converted]  # constant = the held-out contrast whose published effect it was converted from"]
    lines += [f"{name} = {contrast!r}" for name, contrast in fitted.converted.items()]
    lines += ["", "[effects]  # of the fitted contrasts, on the learners of the fit"]
    lines += [f"{name} = {value}" for name, value in fitted.effects.items()]
    return "\n".join(lines).replace("'", '"') + "\n"


def _words(names: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{name}'" for name in names) + "]"


def adopt(fitted: Fit, rules: Rules, command: str) -> list[Path]:
    """Make a fit the default: write its record beside the law, and its values into the defaults of ``Params``.

    A fit to half effects is a member of the ensemble and changes no default: only its record is written.

    -> the files written. For a checkout; the text of a law is its only home, so the defaults are edited in place.
    """
    record = fit_file(rules.law, fitted.half)
    record.write_text(record_of(fitted, command), "utf-8")
    fit_record.cache_clear()
    written = [record]
    if fitted.half:
        return written
    of = {one.name: one.of for one in fitted.free}
    for part, module in (("law", rules.law), ("behaviour", rules.behaviour)):
        mine = {name: value for name, value in fitted.values.items() if of.get(name, "law") == part}
        file = Path(str(module.__file__))
        text = file.read_text("utf-8")
        for name, value in mine.items():
            text, count = re.subn(rf"(?m)^(    {name}: float = )[-+.\de]+", rf"\g<1>{value!r}", text)
            if count != 1:
                raise ValueError(
                    f"{file.name}: {count} lines give {name} a default; needed one, e.g. {name}: float = {value!r}"
                )
        file.write_text(text, "utf-8")
        written.append(file)
    return written
