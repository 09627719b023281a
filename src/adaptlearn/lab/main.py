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
    "world new": Verb("lab.world_new", "begin a world of your own: a workbook with drop-downs to fill in",
                      ("adaptlearn world new to=my-world", "adaptlearn world new to=my-world example=false")),
    "world import": Verb("lab.world_import", "make a world of the filled workbook, or a workbook of an LMS's catalogue",
                         ("adaptlearn world import from=my-world/my-world.xlsx to=my-world",
                          "adaptlearn world import from=lms-catalogue.csv to=my-world")),
    "world check": Verb("lab.world_check", "what is missing or wrong, by sheet and cell",
                        ("adaptlearn world check env=my-world/my-world.xlsx", "adaptlearn world check env=my-world")),
    "simulate": Verb("lab.simulating", "teach simulated learners with one agent; keep the log",
                     ("adaptlearn simulate agent=mastery",
                      "adaptlearn simulate env=tiny-v1 agent=random learners=1000 log=log.parquet")),
    "evaluate": Verb("lab.evaluating", "compare agents on the same learners, under several laws and meshing worlds",
                     ("adaptlearn evaluate",
                      "adaptlearn evaluate agents=[syllabus,mastery] laws=[workplace,bkt] meshings=[null,contested]")),
    "train": Verb("lab.training", "train an agent and track the run",
                  ("adaptlearn train agent=ppo", "adaptlearn train agent=linear env=tiny-v1 seed=3")),
    "doctor": Verb("lab.doctoring", "what a log can tell about your people, what stays assumed, what to log first",
                   ("adaptlearn doctor log=export.xlsx page=doctor.html",
                    "adaptlearn doctor log=[studentInfo.csv,studentRegistration.csv]",
                    "adaptlearn doctor log=export.csv columns.learner=Who columns.activity=What format=json")),
    "statements": Verb("lab.stating", "write an event log as xAPI statements for a learning record store",
                       ("adaptlearn statements log=log.parquet to=statements.jsonl.gz salt='words of your own'",)),
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
    lines += [f"  {name:<12} {verb.line}" for name, verb in VERBS.items()]
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
    both = " ".join(arguments[:2])  # a verb of two words, such as `world new`
    name, rest = (both, arguments[2:]) if both in VERBS else (arguments[0], arguments[1:])
    if name not in VERBS:
        from difflib import get_close_matches

        wanted = [verb for verb in VERBS if verb.startswith(f"{name} ")] or list(VERBS)
        found = both if len(wanted) < len(VERBS) else name
        near = (get_close_matches(found, wanted, 1) or wanted)[0]
        _stop(f"adaptlearn: no verb {found!r}; needed one of {', '.join(wanted)}, e.g. {VERBS[near].examples[0]}")
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
