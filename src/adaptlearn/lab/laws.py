"""``adaptlearn laws``: how minds may learn and forget; with ``law=NAME``, that law's own words, states and constants.

Everything is read from the law's source: its docstring, and the comments beside its states and constants.
"""

import ast
import inspect
import re
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from adaptlearn.core.keep import keep
from adaptlearn.lab.compose import WRITTEN
from adaptlearn.lab.tables import show
from adaptlearn.laws.shelf import OWN, law, names

BEGIN, END = "<!-- laws -->", "<!-- end of laws -->"
NOTES = (
    "likelihood: how answers under the law can be weighed: exact (sums), particles (minds drawn along), none.",
    "evidence: whether published trials are asked of it: `adaptlearn evidence law=NAME`.",
    "`adaptlearn laws law=NAME` tells more; `adaptlearn evaluate laws=[...]` plays agents under several.",
)


@dataclass
class Config:
    """Keys of this verb."""

    law: str | None = None  # one of them, in full; null: all, a line each
    into: str | None = field(default=None, metadata=WRITTEN)  # a page (Markdown): its part on laws is rewritten
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """List the laws, or tell one."""
    chosen = [config.law] if config.law else names()
    told = {name: law(name) for name in chosen}
    if config.into:
        file = Path(config.into)
        print(f"written: {keep(file, inserted(file.read_text('utf-8') if file.exists() else '', told))}")
    elif config.law and config.format == "table":
        print(section(config.law, told[config.law]))
    else:
        show([row(name, module) for name, module in told.items()], format=config.format, notes=NOTES)


def row(name: str, module: ModuleType) -> dict[str, object]:
    """One law in a line."""
    return {
        "law": name, "about": title(module) + ("" if name in OWN else " (from another package)"),
        "states": ", ".join(module.Mind._fields), "constants": len(module.Params._fields),
        "likelihood": module.LIKELIHOOD,
        "evidence": Path(str(module.__file__)).with_suffix(".toml").exists(),
    }  # fmt: skip


def title(module: ModuleType) -> str:
    """The first line of a law's docstring, without its stop."""
    return (module.__doc__ or "").strip().split("\n", 1)[0].rstrip(".")


def section(name: str, module: ModuleType) -> str:
    """A law in full, as Markdown; what its docstring indents are equations."""
    lines = [f"### `{name}`", "", inspect.cleandoc(module.__doc__ or ""), "", "| state of a skill | |", "|---|---|"]
    lines += [f"| `{what}` | {said} |" for what, _, said in fields_of(module, "Mind")]
    constants = [one for kind in ("Params", "Judged") for one in fields_of(module, kind)]
    lines += ["", "| constant | default | |", "|---|---|---|"]
    lines += [f"| `{what}` | {value} | {said} |" for what, value, said in constants]
    more = len(module.Params._fields) - len(constants)
    lines += [f"| {more} weights | trained | in `{module.WEIGHTS.name}` |"] if more > 0 else []
    return "\n".join(lines)


def fields_of(module: ModuleType, kind: str) -> list[tuple[str, str, str]]:
    """Name, default and comment of every field of a NamedTuple of a law, from its source."""
    source = inspect.getsource(module)
    lines, found = source.splitlines(), []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == kind:
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                    value = ast.unparse(part.value) if part.value else ""
                    comment = re.search(r"#\s*(.*)$", lines[part.lineno - 1])
                    found.append((part.target.id, value, comment[1] if comment else ""))
    return found


def inserted(text: str, told: dict[str, ModuleType]) -> str:
    """A page with new sections between the marks; at its end where it has none."""
    new = "\n\n".join([BEGIN, *(section(name, module) for name, module in told.items()), END])
    if BEGIN not in text:
        return f"{text.rstrip()}\n\n{new}\n".lstrip()
    return text[: text.index(BEGIN)] + new + text[text.index(END) + len(END) :]
