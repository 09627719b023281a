"""The command: ``adaptlearn VERB key=value ...``. This file imports nothing heavy, so that help is instant."""

import os
import sys
from importlib import import_module
from typing import NamedTuple


class Verb(NamedTuple):
    """One command: where it lives and what to say of it."""

    module: str
    line: str
    examples: tuple[str, ...]


VERBS = {
    "demo": Verb("lab.demo", "the whole ring in a minute: simulate, train, compare, track, export, recommend",
                 ("adaptlearn demo",)),
    "worlds": Verb("lab.worlds", "what worlds there are, or check one", ("adaptlearn worlds",
                                                                         "adaptlearn worlds env=path/to/folder")),
    "agents": Verb("lab.shelf", "what agents there are, what each reads, and what it must beat",
                   ("adaptlearn agents", "adaptlearn agents format=json")),
    "simulate": Verb("lab.simulating", "teach simulated learners with one agent; keep the log",
                     ("adaptlearn simulate agent=mastery",
                      "adaptlearn simulate env=tiny-v1 agent=random learners=1000 log=log.parquet")),
    "evaluate": Verb("lab.evaluating", "compare agents on the same learners, under several laws and meshing worlds",
                     ("adaptlearn evaluate",
                      "adaptlearn evaluate agents=[syllabus,mastery] laws=[workplace,bkt] meshings=[null,contested]")),
    "train": Verb("lab.training", "train an agent and track the run",
                  ("adaptlearn train agent=ppo", "adaptlearn train agent=ppo resume=true",
                   "adaptlearn train agent=linear env=tiny-v1 seed=3")),
    "calibrate": Verb("lab.calibrating", "fit learners to a log of answers",
                      ("adaptlearn calibrate log=path/to/answers.csv preset=assistments2009 to=my-world",)),
    "evidence": Verb("lab.evidencing", "hold simulated trials against published effects",
                     ("adaptlearn evidence", "adaptlearn evidence format=json",
                      "adaptlearn evidence hold_out=[peer,coaching] fit=true")),
    "export": Verb("lab.exporting", "write an agent as one self-checking bundle",
                   ("adaptlearn export agent=mastery to=bundle",)),
    "recommend": Verb("lab.recommending", "ask a bundle what to offer a learner next",
                      ("adaptlearn recommend bundle=bundle k=3",)),
}  # fmt: skip


def help_text() -> str:
    """What ``adaptlearn --help`` prints."""
    lines = ["adaptlearn: simulated learners, the policies that teach them, and the evidence to judge both", "",
             "usage: adaptlearn VERB [key=value ...] [--help] [--cfg job] [-m]", ""]  # fmt: skip
    lines += [f"  {name:<10} {verb.line}" for name, verb in VERBS.items()]
    return "\n".join([*lines, "", "examples:", *(f"  {verb.examples[0]}" for verb in VERBS.values()), "",
                      "`adaptlearn VERB --help` lists keys with their defaults. format=json gives any table as JSON.",
                      "Learners here are simulated. What is assumed is graded C on the world's card."])  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    """Run a verb and exit: 0 well, 2 for something the caller can mend, 130 when interrupted."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(help_text())
        return
    if arguments[0] in ("-V", "--version"):
        from adaptlearn import __version__

        print(f"adaptlearn {__version__}")
        return
    name, rest = arguments[0], arguments[1:]
    if name not in VERBS:
        from difflib import get_close_matches

        near = get_close_matches(name, VERBS, 1) or ["demo"]
        _stop(f"adaptlearn: no verb {name!r}; needed one of {', '.join(VERBS)}, e.g. adaptlearn {near[0]}")
    sys.exit(_run(name, rest))


def _run(name: str, rest: list[str]) -> int:
    debug = "debug=true" in rest
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two torch threads collapse when another process holds a core
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from adaptlearn.lab.compose import compose, delegated

        module = import_module(f"adaptlearn.{VERBS[name].module}")
        if delegated(name, rest, module):
            return 0
        return int(module.run(compose(name, module.Config, rest)) or 0)
    except KeyboardInterrupt:
        print("\nadaptlearn: interrupted; nothing half-written was left behind", file=sys.stderr)
        return 130
    except (ValueError, OSError, LookupError, ImportError, ArithmeticError) as error:
        if debug:
            raise
        _stop(f"adaptlearn {name}: {error}")
    return 2


def _stop(message: str) -> None:
    print(message, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
