"""Reference pages, written anew at every build from what they refer to: verbs and keys, formats, the public API."""

from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "reference"
MODULES = {
    "The nouns": ("core.world", "core.learner", "core.record", "core.log", "core.policy", "core.luck",
                  "core.posterior"),
    "The classroom": ("classroom.room", "classroom.simulate"),
    "Environments": ("envs.registry", "envs.single", "envs.vector", "envs.rewards"),
    "Reading logs": ("interchange.tables", "interchange.doctor"),
    "Tracing": ("tracing.bkt", "tracing.logistic", "tracing.memory", "tracing.hierarchical"),
    "Agents": ("agents.shelf", "agents.ppo", "agents.foreign"),
    "Evaluation": ("evaluation.compare", "evaluation.matrix", "evaluation.origins", "evaluation.offpolicy",
                   "evaluation.pilot", "evaluation.instrument", "evaluation.subgroups"),
    "Leaving the lab": ("export.bundle", "export.runtime"),
}  # fmt: skip


def commands() -> str:
    """Every verb's help, as the command prints it."""
    from adaptlearn.lab import asking
    from adaptlearn.lab.main import VERBS, help_text

    parts = ["# Commands", "As `adaptlearn --help` and `adaptlearn VERB --help` print them.", fenced(help_text())]
    for name, verb in VERBS.items():
        schema = import_module(f"adaptlearn.{verb.module}").Config
        parts += [f"## {name}", fenced(asking.verb_help(name, verb, schema, []))]
    return "\n\n".join(parts)


def formats() -> str:
    """What is read and written, column by column."""
    from adaptlearn.core import log, record
    from adaptlearn.core.catalogue import FEATURES
    from adaptlearn.core.record import ViewSpec

    spec = ViewSpec(1)
    columns = {**log.COLUMNS, **log.PROFILE}
    parts = [
        "# Formats",
        f"## The event log, version {log.VERSION}",
        "One row per decision, Parquet (`EventLog.save`, `adaptlearn simulate log=`).",
        table(("column", "type", "meaning"), [(f"`{k}`", f"`{kind}`", said) for k, (kind, said) in columns.items()]),
        f"## The record, version {record.VERSION}",
        "One row of float32 per learner: for each of K skills, in blocks of K, the fields of `Belief`; then means and "
        "variances of the format preference; then running totals.",
        table(("block", "floats"), [*((f"`{name}`", "K") for name in record.PER_SKILL),
                                    ("preference, mean", str(len(record.AXES))),
                                    ("preference, variance", str(len(record.AXES))),
                                    *((f"`{name}`", "1") for name in record.TOTALS)]),
        "## The view",
        "What a policy reads, float32, in this order (`ViewSpec.segments()`):",
        table(("block", "floats"), [(f"`{name}`", "K" if name in record.VIEW_SKILL else str(size))
                                    for name, size in spec.segments()]),
        "Totals: " + ", ".join(f"`{name}`" for name in record.VIEW_TOTALS) + ".",
        "## An activity's features",
        "Columns of the catalogue as a policy reads them, after what it teaches, assesses and requires: "
        + ", ".join(f"`{name}`" for name in FEATURES) + ".",
        "## A bundle", "See [the bundle](../bundle.md).",
    ]  # fmt: skip
    return "\n\n".join(parts)


def api() -> str:
    """The public names, then the rooms' modules."""
    import adaptlearn

    names = [(f"`{name}`", f"`adaptlearn.{room}`") for name, room in adaptlearn._ROOM_OF.items()]
    parts = ["# Python", "`import adaptlearn` gives these names; everything else is imported from its room.",
             table(("name", "lives in"), names)]  # fmt: skip
    for title, modules in MODULES.items():
        parts.append(f"## {title}")
        for module in modules:
            parts += [f"### {module}", f"```{{automodule}} adaptlearn.{module}\n:members:\n:undoc-members:\n```"]
    return "\n\n".join(parts)


def fenced(text: str) -> str:
    """Text as it is."""
    return f"```text\n{text}\n```"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def write(app: Any = None) -> None:
    """All pages, where Sphinx looks for them."""
    HERE.mkdir(exist_ok=True)
    for name, page in (("commands", commands), ("formats", formats), ("api", api)):
        (HERE / f"{name}.md").write_text(page() + "\n", "utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
