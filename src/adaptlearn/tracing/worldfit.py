"""Fitted numbers in a world's folder: ``skills.csv``, the spread of ability in ``population.toml``, the card.

    log = read("assist2009_updated.csv", preset="assistments2009")
    calibrate_world(log, "practice-v1")                   # refits the world where it stands
    calibrate_world(log, "practice-v1", to="my-practice") # or a copy of it
    calibrate_folder(log, "my-skills")                    # no world yet: skills, learners and a card to begin one

Everything else in a folder stays as its author wrote it.
"""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.posterior import Posterior
from adaptlearn.core.refusal import Fault, Refusal, some_of
from adaptlearn.core.world import load, where
from adaptlearn.interchange.tables import Table
from adaptlearn.tracing.calibrate import CalibratedSkill, Calibration, calibrate_bkt, ids_of, of_world
from adaptlearn.tracing.hierarchical import fit as fit_learners

BEGIN, END = "<!-- calibration -->", "<!-- end of calibration -->"
NUMBERS = ("prior", "learn", "guess", "slip")
COLUMNS = ("id", "title", "requires", *NUMBERS, "forget", "iri")
FILES = ("skills.csv", "population.toml", "card.md")


def calibrate_world(
    log: Table, world: str | Path, *, to: str | Path | None = None, source: str = "", steps: int = 150, seed: int = 0
) -> tuple[Calibration, Posterior]:
    """Refit a world's skills and its learners' spread of ability to a log, and write both.

    Skills of the log and of the world are matched by title or id. ``requires`` and ``forget`` stay as they are.

    Args:
        to: a new folder, a copy of the world with the fitted numbers; None = the world's own folder.
        source: what the log is, for people; "" = its file name.
        steps: of the variational fit of the learners.

    Raises:
        Refusal: a skill of the world has no answers in the log.
    """
    folder = where(world)
    declared = load(folder)
    mine, matched = of_world(log["skill"], declared.skills)
    lacking = sorted({skill.title for skill in declared.skills} - {skill.title for skill in matched.values()})
    if lacking:
        needed = f"answers on each of the world's {len(declared.skills)} skills, named by title or id"
        raise Refusal([Fault("skills.csv", None, "title", f"no answers on {some_of(lacking)}", needed, lacking[0])])
    left = len(mine) - int(mine.sum())
    notes = [f"{left:,} answers are on skills that this world leaves out"] if left else []
    calibration, posterior = _fit(log, mine, source, notes, steps, seed)
    fitted = {matched[skill.name].id: skill for skill in calibration.skills}
    old = {name: (folder / name).read_text("utf-8-sig") if (folder / name).exists() else "" for name in FILES}
    texts = (_skills(old["skills.csv"], fitted), *_about(old, calibration, posterior))
    target = Path(to).resolve() if to is not None else folder
    if target != folder:
        shutil.copytree(folder, target)
    _write(target, texts)
    return calibration, posterior


def calibrate_folder(
    log: Table, to: str | Path, *, source: str = "", steps: int = 150, seed: int = 0
) -> tuple[Calibration, Posterior]:
    """Fit every skill of a log and write the beginning of a world: skills without prerequisites, learners, a card."""
    calibration, posterior = _fit(log, slice(None), source, [], steps, seed)
    fitted = dict(zip(ids_of([skill.name for skill in calibration.skills]), calibration.skills, strict=True))
    blank = io.StringIO()
    writer = csv.DictWriter(blank, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({"id": id_, "title": skill.name, "forget": 0} for id_, skill in fitted.items())
    texts = (
        _skills(blank.getvalue(), fitted),
        *_about({"card.md": f"# Skills of {log.source}\n"}, calibration, posterior),
    )
    Path(to).mkdir(parents=True)
    _write(Path(to), texts)
    return calibration, posterior


def _fit(
    log: Table, mine: NDArray[np.bool_] | slice, source: str, notes: list[str], steps: int, seed: int
) -> tuple[Calibration, Posterior]:
    columns = [log[name][mine] for name in ("learner", "skill", "correct")]
    about = source or log.source
    rejected = [log.rejects.words()] if log.rejects.count else []
    calibration = calibrate_bkt(*columns, source=about, notes=[*rejected, *notes], timed="day" in log, seed=seed)
    return calibration, fit_learners(*columns, source=about, steps=steps, seed=seed)


def _write(folder: Path, texts: tuple[str, ...]) -> None:
    """Each file whole or not at all."""
    for name, text in zip(FILES, texts, strict=True):
        part = folder / f"{name}.part"
        part.write_text(text, "utf-8", newline="")
        part.replace(folder / name)


def _skills(text: str, fitted: dict[str, CalibratedSkill]) -> str:
    """``skills.csv`` with new numbers for prior, learn, guess and slip."""
    rows = list(csv.DictReader(io.StringIO(text)))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        skill = fitted[row["id"]].row(row["id"])
        writer.writerow({**row, **{name: f"{getattr(skill, name):.4f}" for name in NUMBERS}})
    return out.getvalue()


def _about(old: dict[str, str], calibration: Calibration, posterior: Posterior) -> tuple[str, str]:
    """``population.toml`` and ``card.md`` with what was fitted."""
    low, high = posterior.interval("ability.sd")
    spread, reach = posterior.mean("ability.sd"), f"{low:.2f} to {high:.2f}"
    facts = {**calibration.provenance, "spread of ability (logit)": f"{spread:.3f}, 95 % interval {reach}"}
    answers, learners = int(posterior.provenance["answers"]), int(posterior.provenance["learners"])
    source = (
        f"fitted: sd of ability in logistic growth with abilities integrated out, {answers:,} answers of {learners:,} "
        f"learners, {posterior.provenance['source']}; 95 % interval {reach}"
    )
    quoted = json.dumps(source, ensure_ascii=False)  # a TOML string too
    block = f'[traits.ability]            # logit\nmean = 0.0\nsd = {spread:.3f}\nsource = {quoted}\ngrade = "B"\n'
    return _replaced(old.get("population.toml", ""), block), _card(old.get("card.md", ""), facts, calibration.warnings)


def _replaced(text: str, block: str) -> str:
    """A population with another ``[traits.ability]``."""
    section = r"\[traits\.ability\][^\n]*\n(?:(?!\[)[^\n]+\n)*"
    if re.search(section, text):
        return re.sub(section, lambda _: block, text)
    return f"{text.rstrip()}\n\n{block}".lstrip()


def _card(text: str, facts: dict[str, object], warnings: tuple[str, ...]) -> str:
    """The card with a new block between the marks; at its end where it has none."""
    shown = {name: f"{value:,}" if isinstance(value, int) else str(value) for name, value in facts.items()}
    table = "\n".join(f"| {name} | {value} |" for name, value in shown.items())
    doubts = "\n".join(f"- {warning[:1].upper()}{warning[1:]}." for warning in warnings)
    block = f"{BEGIN}\n| | |\n|---|---|\n{table}\n\n{doubts}\n{END}"
    if BEGIN not in text:
        return f"{text.rstrip()}\n\n## Calibration\n\n{block}\n"
    return text[: text.index(BEGIN)] + block + text[text.index(END) + len(END) :]
