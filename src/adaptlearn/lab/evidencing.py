"""``adaptlearn evidence``: simulated trials held against published effects; ``fit=true`` refits the constants."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adaptlearn.lab.compose import WRITTEN, Common
from adaptlearn.lab.pieces import agent_of, rules_of
from adaptlearn.lab.tables import progress, show


@dataclass
class Config(Common):
    """Keys of this verb."""

    catalogue: str = "as_written"
    learners: int = 4000  # per arm
    only: list[str] = field(default_factory=list)  # ids of contrasts; none: all
    trials: str = ""  # a law whose contrasts are asked of this one, e.g. law=efc trials=workplace; empty: its own
    programmes: bool = False  # only contrasts of whole programmes: those that depend on the world
    into: str | None = field(default=None, metadata=WRITTEN)  # a card or page: its part on evidence is rewritten
    hold_out: list[str] = field(default_factory=list)  # with fit=true: contrasts that pull nothing
    fit: bool = False  # refit the law's constants and keep them
    half: bool = False  # hold against half of every effect; with fit=true: fit to them, as a member of the ensemble
    draw: int = 0  # draw so many accepted sets of constants and keep them beside the law
    ensemble: bool = False  # put every accepted set that ships with the law through the trials


def run(config: Config) -> int:
    """Print the table.   -> 1 if a fitted contrast falls outside its range; one held out that does is a finding"""
    from adaptlearn.evaluation.evidence import asked, broken, evidence, verdict
    from adaptlearn.laws.shelf import law

    rules = rules_of(config)
    policies = {name: agent_of(name, rules) for name in ("syllabus", "mastery")}
    if config.fit:
        return refit(config, rules, policies)
    if config.draw or config.ensemble:
        return widened(config, rules, policies)
    trials = law(config.trials) if config.trials else None
    found = asked(rules, trials=trials)
    only = tuple(config.only) or tuple(c.id for c in found if c.programme or not config.programmes)
    with progress("trials", config.format == "json"):
        rows = evidence(rules, policies, n=config.learners, threads=config.threads, only=only,
                        half=config.half, trials=trials)  # fmt: skip
    if config.format == "json":
        show([dict(row) for row in rows], format="json")
    else:
        show(
            [line(dict(row)) for row in rows], title="Simulated trials beside published effects", notes=[verdict(rows)]
        )
    if config.into:
        print(f"written: {written(config, rows, rules)}")
    return int(bool(broken(rows)))


def written(config: Config, rows: Any, rules: Any) -> Any:
    """The table in its place in a Markdown file.   -> the file"""
    from adaptlearn.core.keep import keep
    from adaptlearn.evaluation.contrasts import conflicts
    from adaptlearn.evaluation.evidence_page import inserted, part

    file = Path(str(config.into))
    said = " ".join(["adaptlearn evidence", f"env={rules.world.name}", *asked_for(config)])
    text = file.read_text("utf-8") if file.exists() else f"# {rules.world.name}\n"
    return keep(file, inserted(text, part(rows, conflicts(rules.law), said)))


def asked_for(config: Config) -> list[str]:
    """Keys that make another table than the usual one, as they are typed."""
    usual = Config()
    keys = [
        name for name in ("law", "catalogue", "learners", "trials") if getattr(config, name) != getattr(usual, name)
    ]
    words = [f"{name}={getattr(config, name)}" for name in keys]
    words += [f"{name}=true" for name in ("programmes", "half") if getattr(config, name)]
    return [*words, f"only=[{','.join(config.only)}]"] if config.only else words


def line(row: dict[str, object]) -> dict[str, object]:
    """A row for people; the protocol goes last, where it may wrap."""
    low_high = row["ci"]
    return {
        "contrast": row["contrast"], "published": f"{row['low']:g} to {row['high']:g}", "effect": row["effect"],
        "95 %": "–" if low_high is None else f"{low_high[0]:.3f} to {low_high[1]:.3f}", "inside": row["inside"],  # type: ignore[index]
        "set": row["standing"], "mark": row["mark"], "source": row["source"],
        "protocol": row["protocol"],
    }  # fmt: skip


def widened(config: Config, rules: Any, policies: Any) -> int:
    """Draw accepted sets and keep them, or check those that are kept.   -> 1 if a fitted contrast falls outside"""
    from adaptlearn.core.keep import keep
    from adaptlearn.evaluation import ensemble

    quiet = config.format == "json"
    if config.draw:
        with progress("drawing", quiet) as tell:
            found = ensemble.draw(
                rules, policies, wanted=config.draw, n=config.learners,
                progress=lambda got, tried: tell(f"{got} of {config.draw} accepted, {tried} tried"),
            )  # fmt: skip
        command = f"adaptlearn evidence draw={config.draw}"
        file = keep(ensemble.ensemble_file(rules.law), ensemble.as_toml(found, command))
        print(f"written: {file.name}; {len(found.sets)} of {found.tried} sets accepted")
        print("now: adaptlearn evidence ensemble=true")
        return 0
    with progress("trials", quiet) as tell:
        checked = ensemble.check(rules, policies, n=config.learners, threads=config.threads, progress=tell)
    lines, fails = [], 0
    for name, rows in checked.items():
        fitted, held = ensemble.outside(rows, rules.law)
        fails += bool(fitted)
        lines.append(
            {"set": name, "fitted_outside": ", ".join(fitted) or "none", "held_out_outside": ", ".join(held) or "none"}
        )
    show(lines, format=config.format, title="Accepted sets of constants, on learners that did not select them",
         notes=[f"{len(lines) - fails} of {len(lines)} keep every fitted contrast inside its range"])  # fmt: skip
    return int(fails > 0)


def refit(config: Config, rules: Any, policies: Any) -> int:
    """Refit without the contrasts held out and keep constants and record beside the law."""
    from adaptlearn.evaluation import adopting, fitting

    with progress("fitting") as tell:
        done = fitting.fit(rules, policies, tuple(config.hold_out), n=config.learners, half=config.half,
                           progress=lambda i, of,
                           loss: tell(f"{i} of at most {of} evaluations, misfit {loss:.3f}"))  # fmt: skip
    command = f"adaptlearn evidence fit=true{' half=true' * config.half} hold_out=[{','.join(config.hold_out)}]"
    for file in adopting.adopt(done, rules, command):
        print(f"written: {file.name}")
    print(f"{done.evaluations} evaluations, misfit {done.misfit:.3f}; now: adaptlearn evidence")
    return 0
