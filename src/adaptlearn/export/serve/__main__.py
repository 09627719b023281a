"""``python -m adaptlearn.export.serve``, or ``adaptlearn-serve`` of the small wheel: the service without a laboratory.

Words and keys are those of ``adaptlearn serve``: an action, a bundle, and key=value.
"""

import json
import sys
from dataclasses import fields
from typing import Any, get_type_hints

from . import learners, replaying
from .bundled import Refused, seal
from .verbs import ACTIONS, WORDS, Answer, Config, run, shown

OTHERS: dict[str, Any] = {"replay": replaying, "learner": learners}  #: verbs with keys of their own
EXAMPLES = (
    "adaptlearn-serve bundle=bundle database=sqlite:///learners.db",
    "adaptlearn-serve key tenant=acme scopes=recommend,observe",
    "adaptlearn-serve promote better-bundle",
    "adaptlearn-serve rollback",
    "adaptlearn-serve replay 9f86d081884c7d659a2feaa0c55ad015",
    "adaptlearn-serve learner erase u-1041",
)


def main(argv: list[str] | None = None) -> int:
    """Run an action.   -> 0 well, 2 refused"""
    words = list(sys.argv[1:] if argv is None else argv)
    if any(word in ("-h", "--help", "help") for word in words):
        print(helped())
        return 0
    try:
        verb = OTHERS.get(words[0]) if words else None
        config = read(words[1:], verb.Config, verb.WORDS) if verb else read(words)
        answer = verb.run(config) if verb else run(config)
        _show(answer, config.format)
    except (Refused, OSError) as trouble:
        print(f"adaptlearn-serve: {trouble}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return answer.code


def helped() -> str:
    """What ``--help`` prints."""
    lines = ["adaptlearn-serve [ACTION] [BUNDLE] [key=value ...]: a bundle on duty, behind HTTP", ""]
    lines += ["actions: " + ", ".join(ACTIONS), "", "examples:", *(f"  {line}" for line in EXAMPLES), "", "keys:"]
    lines += [f"  {f.name}={'' if f.default is None else f.default}" for f in fields(Config)]
    for name, verb in OTHERS.items():
        said = " ".join(f"{f.name}={'' if f.default is None else f.default}" for f in fields(verb.Config))
        lines += ["", f"adaptlearn-serve {name} {' '.join(verb.WORDS).upper()}", f"  {said}"]
    return "\n".join(lines)


def read(words: list[str], schema: type[Any] = Config, bare_words: tuple[str, ...] = WORDS) -> Any:
    """The configuration that the command line says.

    Raises:
        Refused: a key nobody knows, or a value of another kind.
    """
    said: dict[str, Any] = {}
    kinds, bare = get_type_hints(schema), [word for word in words if "=" not in word]
    for name, word in zip(bare_words, bare, strict=False):
        said[name] = word
    if len(bare) > len(bare_words):
        raise Refused("serve", bare[len(bare_words)], "an action, a bundle, and key=value", EXAMPLES[0])
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            continue
        if name not in kinds:
            raise Refused("serve", name, f"one of {', '.join(kinds)}", seal.nearest(name, list(kinds)))
        said[name] = _value(name, value, kinds[name])
    return schema(**said)


def _value(name: str, text: str, kind: Any) -> Any:
    try:
        if kind is bool:
            return {"true": True, "false": False}[text]
        return kind(text) if kind in (int, float) else text
    except (ValueError, KeyError) as wrong:
        raise Refused(f"serve {name}", text, f"a value of kind {kind.__name__}") from wrong


def _show(answer: Answer, form: str) -> None:
    if form == "json":
        said = answer.rows if answer.more is None else {"rows": answer.rows, **answer.more}
        print(json.dumps(said, indent=1, ensure_ascii=False))
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
