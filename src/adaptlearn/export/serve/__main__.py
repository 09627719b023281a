"""``python -m adaptlearn.export.serve``, or ``adaptlearn-serve`` of the small wheel: the service without a laboratory.

Words and keys are those of ``adaptlearn serve``: an action, a bundle, and key=value.
"""

import json
import sys
from dataclasses import fields
from typing import Any, get_type_hints

from .bundled import Refused, seal
from .verbs import ACTIONS, WORDS, Answer, Config, run, shown

EXAMPLES = (
    "adaptlearn-serve bundle=bundle database=sqlite:///learners.db",
    "adaptlearn-serve key tenant=acme scopes=recommend,observe",
    "adaptlearn-serve promote better-bundle",
    "adaptlearn-serve rollback",
)


def main(argv: list[str] | None = None) -> int:
    """Run an action.   -> 0 well, 2 refused"""
    words = list(sys.argv[1:] if argv is None else argv)
    if any(word in ("-h", "--help", "help") for word in words):
        print(helped())
        return 0
    try:
        config = read(words)
        _show(run(config), config.format)
    except (Refused, OSError) as trouble:
        print(f"adaptlearn-serve: {trouble}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def helped() -> str:
    """What ``--help`` prints."""
    lines = ["adaptlearn-serve [ACTION] [BUNDLE] [key=value ...]: a bundle on duty, behind HTTP", ""]
    lines += ["actions: " + ", ".join(ACTIONS), "", "examples:", *(f"  {line}" for line in EXAMPLES), "", "keys:"]
    return "\n".join([*lines, *(f"  {f.name}={'' if f.default is None else f.default}" for f in fields(Config))])


def read(words: list[str]) -> Config:
    """The configuration that the command line says.

    Raises:
        Refused: a key nobody knows, or a value of another kind.
    """
    said: dict[str, Any] = {}
    kinds, bare = get_type_hints(Config), [word for word in words if "=" not in word]
    for name, word in zip(WORDS, bare, strict=False):
        said[name] = word
    if len(bare) > len(WORDS):
        raise Refused("serve", bare[len(WORDS)], "an action, a bundle, and key=value", EXAMPLES[0])
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            continue
        if name not in kinds:
            raise Refused("serve", name, f"one of {', '.join(kinds)}", seal.nearest(name, list(kinds)))
        said[name] = _value(name, value, kinds[name])
    return Config(**said)


def _value(name: str, text: str, kind: Any) -> Any:
    try:
        if kind is bool:
            return {"true": True, "false": False}[text]
        return kind(text) if kind in (int, float) else text
    except (ValueError, KeyError) as wrong:
        raise Refused(f"serve {name}", text, f"a value of kind {kind.__name__}") from wrong


def _show(answer: Answer, form: str) -> None:
    if form == "json":
        print(json.dumps(answer.rows, indent=1, ensure_ascii=False))
        return
    if answer.rows:
        cells = [list(answer.rows[0]), *([shown(v) for v in row.values()] for row in answer.rows)]
        widths = [max(len(row[j]) for row in cells) for j in range(len(cells[0]))]
        for row in cells:
            print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    for note in answer.notes:
        print(note)


if __name__ == "__main__":
    sys.exit(main())
