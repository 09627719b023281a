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
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.keep import keep
from adaptlearn.core.learner import Population, load_population
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.refusal import Fault, Refusal, some_of
from adaptlearn.core.world import load, where
from adaptlearn.interchange.tables import Table
from adaptlearn.laws.shelf import law as law_named
from adaptlearn.tracing.bkt import BKT
from adaptlearn.tracing.bkt_fit import MILD
from adaptlearn.tracing.calibrate import CalibratedSkill, Calibration, calibrate_bkt, coins, ids_of, of_world
from adaptlearn.tracing.health import Health
from adaptlearn.tracing.hierarchical import run as fit_learners
from adaptlearn.tracing.people import People, free_numbers, held_out_checks, people
from adaptlearn.tracing.predictive import KINDS, Check, grade, not_made
from adaptlearn.tracing.replay import Practices, practices
from adaptlearn.tracing.scoring import folds_of

BEGIN, END = "<!-- calibration -->", "<!-- end of calibration -->"
NUMBERS = ("prior", "learn", "guess", "slip")
COLUMNS = ("id", "title", "requires", *NUMBERS, "forget", "iri")
FILES = ("skills.csv", "population.toml", "card.md")
NO_WORLD = "there is no world yet in which to simulate"


class WorldFit(NamedTuple):
    """What a log said about a world."""

    calibration: Calibration
    posterior: Posterior  # coins of skills, effects, and the law's people, in one
    health: Health  # of the hierarchical model
    told: tuple[str, ...]  # numbers of the people that the log moved off the prior
    silent: tuple[str, ...]
    checks: tuple[Check, ...]
    grade: str
    why: str
    warnings: tuple[str, ...]


def calibrate_world(
    log: Table, world: str | Path, *, law: str = "workplace", to: str | Path | None = None, source: str = "",
    method: str = "svi", steps: int = 150, populations: int = 150, seed: int = 0,
    progress: Callable[[str], None] = lambda text: None,
) -> WorldFit:  # fmt: skip
    """Refit a world's skills and its people to a log of answers, check them on held-out learners, write both.

    Skills of the log and of the world are matched by title or id; they are fitted exactly, on all learners. The people
    are fitted by simulation under a law, on four fifths of the learners. The world as it is then written is checked on
    the last fifth. ``requires`` and ``forget`` stay as they are.

    Args:
        law: of the people, see ``people.FREE``.
        to: a new folder, a copy of the world with the fitted numbers; None = the world's own folder.
        source: what the log is, for people; "" = its file name.
        method: of the learners' fit, see ``hierarchical.fit``.
        steps: of that fit.
        populations: simulated in each round.

    Raises:
        Refusal: a skill of the world has no answers in the log.
        ValueError: an unknown law.
    """
    folder, mind = where(world), law_named(law)
    free_numbers(mind)  # a law that cannot be fitted is refused before the work begins
    declared = load(folder)
    mine, matched = of_world(log["skill"], declared.skills)
    lacking = sorted({skill.title for skill in declared.skills} - {skill.title for skill in matched.values()})
    if lacking:
        needed = f"answers on each of the world's {len(declared.skills)} skills, named by title or id"
        raise Refusal([Fault("skills.csv", None, "title", f"no answers on {some_of(lacking)}", needed, lacking[0])])
    left = len(mine) - int(mine.sum())
    notes = [f"{left:,} answers are on skills that this world leaves out"] if left else []
    calibration, effects, health = _fit(log, mine, source, notes, method, steps, seed)
    fitted = {matched[skill.name].id: skill for skill in calibration.skills}
    old = {name: (folder / name).read_text("utf-8-sig") if (folder / name).exists() else "" for name in FILES}
    columns = [np.asarray(log[name])[mine] for name in ("learner", "skill", "correct")]
    population = _population(folder, declared.role_ids)
    layers = {title: float(declared.layer[declared.skill_index[one.id]]) for title, one in matched.items()}
    about = source or log.source
    them, checks = _people(columns, mind, layers, population, about, populations, seed, progress)
    mark, why = grade(checks)
    posterior = coins(calibration, list(fitted), seed=seed).joined(_renamed(effects)).joined(them.posterior)
    doubts = (*calibration.warnings, *health.words(), *doubts_of(them.strange, them.covers, them.silent))
    result = WorldFit(calibration, posterior, health, them.told, them.silent, tuple(checks), mark, why, doubts)
    facts = {**calibration.provenance, **_spread(effects), **health.facts()}
    with copied(folder, to) as target:
        keep(target / "skills.csv", _skills(old["skills.csv"], fitted))
        write_people(target, them.posterior, them.told, facts, checks, doubts)
    return result


@contextmanager
def copied(folder: Path, to: str | Path | None) -> Iterator[Path]:
    """A copy of a world to write into, in its place only when all is written; the world itself without ``to``."""
    target = folder if to is None else Path(to).resolve()
    if target == folder:
        yield folder
        return
    draft = target.parent / f".{target.name}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        shutil.copytree(folder, draft)
        yield draft
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _people(
    columns: list[NDArray[Any]], law: Any, layers: dict[str, float], population: Population, source: str,
    populations: int, seed: int, progress: Callable[[str], None],
) -> tuple[People, list[Check]]:  # fmt: skip
    """The law's people on four fifths of the learners, and what the last fifth says of them."""
    out = folds_of(columns[0], 5, seed) == 0
    inside, outside = ([column[part] for column in columns] for part in (~out, out))
    seen, names = practices(*inside)
    held_out, others = practices(*outside)
    known = {name: k for k, name in enumerate(names)}
    kept = np.array([others[k] in known for k in held_out.skill])
    renumbered = np.array([known[others[k]] for k in held_out.skill[kept]])
    held_out = Practices(held_out.learner[kept], renumbered, held_out.right[kept])
    tracer = BKT(priors=MILD, restarts=3, seed=seed).fit(*inside)
    skills = np.array([[layers[name], *tracer.skills_[name].tracer[:4], 0.0] for name in names])
    them = people(seen, law, skills, population, source=source, populations=populations, seed=seed, progress=progress)
    progress("predictive checks")
    return them, held_out_checks(held_out, seen, law, skills, population, as_written(them.posterior, them.told), seed)


def as_written(posterior: Posterior, told: Sequence[str]) -> Posterior:
    """The numbers that a world's files will carry, draw for draw: what was told, at its mean."""
    return Posterior({name: np.full(len(posterior), float(posterior.mean(name))) for name in told or posterior.draws})


def _population(folder: Path, roles: tuple[str, ...]) -> Population:
    file = folder / "population.toml"
    return load_population(file, roles) if file.exists() else Population()


def _renamed(effects: Posterior) -> Posterior:
    """The hierarchical model's spread of ability is a plain logit's; the law has its own."""
    draws = {("logit.ability.sd" if name == "ability.sd" else name): v for name, v in effects.draws.items()}
    return Posterior(draws, effects.provenance, effects.labels)


def _spread(effects: Posterior) -> dict[str, object]:
    low, high = effects.interval("ability.sd")
    return {"spread of ability in a logistic model (logit)": f"{effects.mean('ability.sd'):.3f}, 95 % interval "
            f"{low:.2f} to {high:.2f}"}  # fmt: skip


def doubts_of(strange: Sequence[str], covers: float, silent: Sequence[str]) -> list[str]:
    """What a simulation-based fit should say of itself."""
    said = []
    if strange:
        said.append(f"the law cannot show what the log shows: {', '.join(strange)} lie outside all simulations")
    if covers < 0.8:
        said.append(f"90 % intervals cover {covers:.0%} of simulated populations: simulate more of them")
    if silent:
        said.append(f"the log says nothing of {', '.join(silent)}: they stay assumed (grade C)")
    return said


def write_people(
    folder: Path, posterior: Posterior, told: Sequence[str], facts: Mapping[str, object], checks: Sequence[Check],
    doubts: Sequence[str], simulated: bool = False,
) -> tuple[str, str]:  # fmt: skip
    """The people in ``population.toml``, the checks on the card, the grade in ``world.toml``.   -> grade, why"""
    mark, why = grade(checks, simulated)
    files = {name: (folder / name).read_text("utf-8-sig") if (folder / name).exists() else ""
             for name in ("population.toml", "world.toml", "card.md")}  # fmt: skip
    population = files["population.toml"]
    for section, block in _blocks(posterior, told, _population_text(population), mark):
        population = _replaced(population, section, block)
    learned = {f"people: {name}": _shown(posterior, name) for name in told}
    shown = {**facts, **learned, "grade": f"{mark}: {why}"}
    keep(folder / "population.toml", population)
    keep(folder / "card.md", _card(files["card.md"], shown, (*[one.words() for one in checks], *doubts)))
    if files["world.toml"]:
        keep(folder / "world.toml", re.sub(r'(?m)^grade = "[ABC]"', f'grade = "{mark}"', files["world.toml"]))
    return mark, why


def _population_text(text: str) -> dict[str, Any]:
    return tomllib.loads(text) if text else {}


def _shown(posterior: Posterior, name: str) -> str:
    low, high = posterior.interval(name)
    return f"{posterior.mean(name):.3f}, 95 % interval {low:.2f} to {high:.2f}"


def _blocks(posterior: Posterior, told: Sequence[str], old: dict[str, Any], mark: str) -> list[tuple[str, str]]:
    """Sections of ``population.toml`` for what was learned: traits, then constants of the law."""
    law = posterior.provenance.get("law", "")
    usual, found = Population(), []
    for trait in dict.fromkeys(name.partition(".")[0] for name in told):
        if trait == law:
            lines = [f"{name.partition('.')[2]} = {posterior.mean(name):.4f}   # {_shown(posterior, name)}"
                     for name in told if name.startswith(f"{law}.")]  # fmt: skip
            source = f"fitted under the {law} law to {posterior.provenance['source']}"
            found.append((f"laws.{law}", "\n".join([*lines, f"source = {_quoted(source)}", f'grade = "{mark}"'])))
            continue
        mean, sd = usual.trait(trait)
        was = old.get("traits", {}).get(trait, {})
        values = {"mean": float(was.get("mean", mean)), "sd": float(was.get("sd", sd))}
        mine = [name for name in told if name.startswith(f"{trait}.")]
        values |= {name.partition(".")[2]: float(posterior.mean(name)) for name in mine}
        parts = "; ".join(f"{name.partition('.')[2]} {_shown(posterior, name)}" for name in mine)
        source = f"fitted under the {law} law to {posterior.provenance['source']}: {parts}"
        lines = [f"{part} = {value:.4f}" for part, value in values.items()]
        found.append((f"traits.{trait}", "\n".join([*lines, f"source = {_quoted(source)}", f'grade = "{mark}"'])))
    return found


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a TOML string too


def calibrate_folder(
    log: Table, to: str | Path, *, source: str = "", method: str = "svi", steps: int = 150, seed: int = 0
) -> tuple[Calibration, Posterior, Health]:
    """Fit every skill of a log and write the beginning of a world: skills without prerequisites, learners, a card."""
    calibration, posterior, health = _fit(log, slice(None), source, [], method, steps, seed)
    fitted = dict(zip(ids_of([skill.name for skill in calibration.skills]), calibration.skills, strict=True))
    blank = io.StringIO()
    writer = csv.DictWriter(blank, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({"id": id_, "title": skill.name, "forget": 0} for id_, skill in fitted.items())
    Path(to).mkdir(parents=True)
    keep(Path(to) / "skills.csv", _skills(blank.getvalue(), fitted))
    ability = Posterior({"ability.sd": posterior.draws["ability.sd"]}, {**posterior.provenance, "law": "logistic"})
    facts = {**calibration.provenance, **_spread(posterior), **health.facts()}
    none, doubts = [not_made(kind, NO_WORLD) for kind in KINDS], (*calibration.warnings, *health.words())
    keep(Path(to) / "card.md", f"# Skills of {log.source}\n")
    write_people(Path(to), ability, ("ability.sd",), facts, none, doubts)
    return calibration, posterior, health


def _fit(
    log: Table, mine: NDArray[np.bool_] | slice, source: str, notes: list[str], method: str, steps: int, seed: int
) -> tuple[Calibration, Posterior, Health]:
    columns = [log[name][mine] for name in ("learner", "skill", "correct")]
    about = source or log.source
    rejected = [log.rejects.words()] if log.rejects.count else []
    calibration = calibrate_bkt(*columns, source=about, notes=[*rejected, *notes], timed="day" in log, seed=seed)
    return calibration, *fit_learners(*columns, source=about, method=method, steps=steps, draws=256, seed=seed)


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


def _replaced(text: str, section: str, block: str) -> str:
    """A file of TOML with another body of one section; at its end where it has none."""
    whole = f"[{section}]\n{block}\n"
    there = rf"\[{re.escape(section)}\][^\n]*\n(?:(?!\[)[^\n]+\n)*"
    if re.search(there, text):
        return re.sub(there, lambda _: whole, text)
    return f"{text.rstrip()}\n\n{whole}".lstrip()


def _card(text: str, facts: dict[str, object], warnings: tuple[str, ...]) -> str:
    """The card with a new block between the marks; at its end where it has none."""
    shown = {name: f"{value:,}" if isinstance(value, int) else str(value) for name, value in facts.items()}
    table = "\n".join(f"| {name} | {value} |" for name, value in shown.items())
    doubts = "\n".join(f"- {warning[:1].upper()}{warning[1:]}." for warning in warnings)
    block = f"{BEGIN}\n| | |\n|---|---|\n{table}\n\n{doubts}\n{END}"
    if BEGIN not in text:
        return f"{text.rstrip()}\n\n## Calibration\n\n{block}\n"
    return text[: text.index(BEGIN)] + block + text[text.index(END) + len(END) :]
