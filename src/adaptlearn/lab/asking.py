"""Questions about the command line: ``--help`` of a verb, ``--cfg job``, ``--info``, completion in a shell."""

import inspect
import os
import re
import sys
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from adaptlearn.core.refusal import nearest
from adaptlearn.lab.choices import GROUPS, groups_of, options
from adaptlearn.lab.compose import config_of, configs, own_folders, plain, prepared, shown

CFG = ("job", "hydra", "all")  #: what Hydra shows of a configuration
QUESTIONS = ("--cfg", "-c", "--info", "-i", "--resolve", "--package", "-p")
COMPLETION = ("--shell-completion", "-sc")


def verb_help(verb: str, about: Any, schema: type, arguments: list[str]) -> str:
    """Examples, choices with their options, keys with defaults and what they mean.   about: the ``Verb``"""
    shelves = [configs(), *own_folders(arguments)[1]]
    bases = [kind for kind in schema.__mro__ if kind is not object]
    notes = {key: note for kind in reversed(bases) for key, note in comments(kind).items()}
    inherited = {f.name for kind in bases[1:] for f in fields(kind)}
    chosen = groups_of(schema)
    keys = [f for f in fields(schema) if f.name not in chosen]
    own, rest = ([f for f in keys if (f.name in inherited) is common] for common in (False, True))
    lines = [f"adaptlearn {verb}: {about.line}", "", "examples:", *(f"  {e}" for e in about.examples)]
    if chosen:
        lines += ["", "choices:", *(line for group in chosen for line in choice(group, options(group, shelves)))]
    for title, some in ((f"keys of {verb}:", own), ("keys of every verb:", rest)):
        lines += (
            ["", title, *(f"  {f'{f.name}={default(f)}':<28} {notes.get(f.name, '')}".rstrip() for f in some)]
            if some
            else []
        )
    return "\n".join([*lines, "", "--cfg job shows what a command would do; -m sweeps over key=a,b; --config-dir adds "
                                  "a folder of choices of your own."])  # fmt: skip


def choice(group: str, names: list[str]) -> list[str]:
    """A group as one or two lines of help."""
    other = f", or {GROUPS[group].other}" if GROUPS[group].other else ""
    return [f"  {group:<11} {GROUPS[group].line}", f"  {'':<11} {' · '.join(names)}{other}"]


def comments(kind: type) -> dict[str, str]:
    """What the source says beside each field: the one place where a key is explained."""
    found = re.findall(r"^    (\w+): .*?  # (.*)$", inspect.getsource(kind), re.MULTILINE)
    return dict(found)


def default(f: "Field[Any]") -> str:
    """A field's default as it would be typed."""
    made = f.default_factory() if f.default_factory is not MISSING else f.default
    return shown(made)


def asked(arguments: list[str]) -> bool:
    """Whether the command line is a question to Hydra."""
    return any(word.partition("=")[0] in (*QUESTIONS, *COMPLETION) for word in arguments)


def answer(verb: str, schema: type, arguments: list[str]) -> None:
    """Let Hydra itself answer ``--cfg``, ``--info`` and completion.

    Raises:
        ValueError: words that Hydra does not understand.
    """
    flags, words = split(arguments)
    app = "adaptlearn" if any(flag in COMPLETION for flag in flags) else f"adaptlearn {verb}"
    through_hydra(verb, schema, words, app, flags, lambda config: None)


def through_hydra(verb: str, schema: type, words: list[str], app: str, more: list[str], task: Any) -> None:
    """Run Hydra's own main, as if these words had been typed.   more: what it is told besides

    Raises:
        ValueError: words that Hydra does not understand.
    """
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    sys.argv = [app, *more, *prepared(verb, schema, words)]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else Hydra prints and exits by itself
    try:
        hydra.main(version_base="1.3", config_path=str(configs()), config_name=config_of(verb))(task)()
    except (HydraException, OmegaConfBaseException) as error:
        raise ValueError(plain(verb, schema, words, error)) from error


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Hydra's flags with their values, and the rest.

    Raises:
        ValueError: ``--cfg`` of something else than Hydra shows.
    """
    flags, words, rest = [], [], iter(arguments)
    for word in rest:
        if word in ("--cfg", "-c", "--package", "-p", *COMPLETION):
            flags += [word, next(rest, "")]
        elif word in ("--info", "-i"):
            flags += [word, next(rest, "all")]
        elif word in ("--resolve", "-m", "--multirun") or word.partition("=")[0] in ("--cfg", "--info", "--package"):
            flags.append(word)
        else:
            words.append(word)
    for number, flag in enumerate(flags):
        name, equals, value = flag.partition("=")
        wanted = value if equals else "".join(flags[number + 1 : number + 2])
        if name in ("--cfg", "-c") and wanted not in CFG:
            raise ValueError(f"--cfg {wanted}; needed one of {', '.join(CFG)}, e.g. --cfg {nearest(wanted, CFG)}")
    return flags, words


def complete(flags: list[str], verbs: dict[str, Any]) -> str | None:
    """Answer a shell: the words of a verb. After them, the verb whose keys are asked for, for Hydra to answer.

    The shell hands over its line in COMP_LINE; Hydra is shown it without the verb.
    """
    if not any("query=" in flag for flag in flags):
        return next(iter(verbs))
    program, *words = os.environ.get("COMP_LINE", "").split(" ")
    said, begun = words[:-1], words[-1] if words else ""
    parts = [verb.split() for verb in verbs]
    after = [part[len(said)] for part in parts if len(part) > len(said) and part[: len(said)] == said]
    if fits := [word for word in dict.fromkeys(after) if word.startswith(begun)]:
        print(" ".join(fits))
    verb = next((" ".join(said[:n]) for n in (2, 1) if len(said) >= n and " ".join(said[:n]) in verbs), None)
    if verb is None:
        return None
    os.environ["COMP_LINE"] = " ".join([Path(program).name, *words[len(verb.split()) :]])
    os.environ["COMP_POINT"] = str(len(os.environ["COMP_LINE"]))
    return verb
