"""The command: ``adaptlearn VERB key=value ...``. This file imports nothing heavy, so that help is instant."""

import os
import sys
from importlib import import_module
from typing import NamedTuple

from adaptlearn.lab.choices import GROUPS


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
    "laws": Verb("lab.laws", "how minds may learn and forget: the laws, or one of them in full",
                 ("adaptlearn laws", "adaptlearn laws law=kss", "adaptlearn laws format=json")),
    "agents": Verb("lab.shelf", "what agents there are, what each reads, and what it must beat",
                   ("adaptlearn agents", "adaptlearn agents format=json")),
    "simulate": Verb("lab.simulating", "teach simulated learners with one agent; keep the log",
                     ("adaptlearn simulate agent=mastery",
                      "adaptlearn simulate env=tiny-v1 agent=random learners=1000 log=log.parquet")),
    "evaluate": Verb("lab.evaluating", "compare agents on the same learners, under several laws and meshing worlds",
                     ("adaptlearn evaluate",
                      "adaptlearn evaluate agents=[syllabus,mastery] laws=[workplace,bkt] meshings=[null,contested]",
                      "adaptlearn evaluate agents=[mastery] rules=rules.toml")),
    "report": Verb("lab.reporting", "is an agent worth a pilot? One page to decide on, the rest folds out",
                   ("adaptlearn report agent=mastery to=report",
                    "adaptlearn report env=tiny-v1 agent=linear others=[mastery] learners=512 to=report",
                    "adaptlearn report env=tiny-v1 population=people.npz draws=8 to=report")),
    "judge": Verb("lab.judging", "what an agent would have been worth on the learners of a log, or why it cannot say",
                  ("adaptlearn judge log=log.parquet agent=mastery temperature=0.5",
                   "adaptlearn judge env=tiny-v1 log=log.parquet agent=evidenced temperature=1 estimators=[all]")),
    "bench": Verb("lab.benching", "one figure on six frozen tasks: 0 is tuned mastery, 1 a planner that sees minds",
                  ("adaptlearn bench agent=linear csv=scores.csv latex=table.tex",
                   "adaptlearn bench entrant=my_package.mine:make",
                   "adaptlearn bench agent=ppo tasks=[forgetting] runs=2 learners=64")),
    "train": Verb("lab.training", "train an agent and track the run",
                  ("adaptlearn train agent=ppo", "adaptlearn train agent=ppo resume=true",
                   "adaptlearn train agent=linear env=tiny-v1 seed=3")),
    "belief train": Verb("lab.belief_train", "train a belief about learners that any agent can read instead of BKT's",
                         ("adaptlearn belief train to=belief.npz",
                          "adaptlearn belief train env=tiny-v1 laws=[workplace,memory] settings.rounds=100",
                          "adaptlearn train agent=linear belief=belief.npz")),
    "belief check": Verb("lab.belief_check", "is a belief true, does it know how sure it is? beside BKT and a filter",
                         ("adaptlearn belief check belief=belief.npz to=belief.svg",
                          "adaptlearn belief check agents=[zpdes,fixed.npz] laws=[memory] days=true",
                          "adaptlearn belief check at=later particles=0 csv=belief.csv")),
    "tune": Verb("lab.tuning", "search an agent's settings; stopped early where hopeless, resumed where killed",
                 ("adaptlearn tune agent=linear sweep=linear trials=20",
                  "adaptlearn tune agent=ppo sweep=ppo trials=40 workers=2")),
    "runs": Verb("lab.runs", "list runs, compare some, send what is still waiting",
                 ("adaptlearn runs", "adaptlearn runs compare 3f2a 9c1b", "adaptlearn runs sync")),
    "reproduce": Verb("lab.reproducing", "a run again from its stored config: are the numbers the same?",
                      ("adaptlearn reproduce 3f2a",)),
    "show": Verb("lab.showing", "a learner, a world, a policy, a run or a table of gains as a picture",
                 ("adaptlearn show learner agent=mastery to=learner.svg",
                  "adaptlearn show world env=tiny-v1", "adaptlearn show world agent=mastery learner=3 to=pathway.svg",
                  "adaptlearn show policy agent=mastery to=policy.png", "adaptlearn show run 3f2a to=run.svg",
                  "adaptlearn show gains experiments/null-world/results/gains.csv to=gains.svg")),
    "doctor": Verb("lab.doctoring", "what a log can tell about your people, what stays assumed, what to log first",
                   ("adaptlearn doctor log=export.xlsx page=doctor.html",
                    "adaptlearn doctor log=[studentInfo.csv,studentRegistration.csv]",
                    "adaptlearn doctor log=export.csv columns.learner=Who columns.activity=What format=json")),
    "statements": Verb("lab.stating", "write an event log as xAPI statements for a learning record store",
                       ("adaptlearn statements log=log.parquet to=statements.jsonl.gz salt='words of your own'",)),
    "calibrate": Verb("lab.calibrating", "fit skills and people to a log, check them on held-out learners, grade",
                      ("adaptlearn calibrate log=path/to/answers.csv preset=assistments2009 to=my-world",
                       "adaptlearn calibrate log=answers.csv preset=assistments2009 world=practice-v1 to=mine",
                       "adaptlearn calibrate log=log.parquet world=tiny-v1 to=mine posterior=people.npz",
                       "adaptlearn calibrate log=pilot.csv world=mine law=logistic method=auto format=json")),
    "trace": Verb("lab.tracing", "how well a log of answers can be traced, and by which tracer",
                  ("adaptlearn trace log=path/to/answers.csv preset=assistments2009 model=[bkt,pfa,dkt]",
                   "adaptlearn trace log=a.csv columns.learner=user columns.skill=kc columns.correct=ok format=json",
                   "adaptlearn trace log=path/to/answers.csv preset=assistments2009_items model=[all] csv=rows.csv")),
    "insights": Verb("lab.insights", "what a log says of the catalogue and its people; needs no policy",
                     ("adaptlearn insights log=log.parquet to=insights",
                      "adaptlearn insights log=answers.csv columns.learner=user columns.skill=kc columns.correct=ok",
                      "adaptlearn insights log=statements.jsonl world=my-world parts=[teaching,items,leaving]",
                      "adaptlearn insights log=log.parquet stated=survey.csv",
                      "adaptlearn insights posterior=people.npz", "adaptlearn insights")),
    "evidence": Verb("lab.evidencing", "hold simulated trials against published effects",
                     ("adaptlearn evidence", "adaptlearn evidence format=json",
                      "adaptlearn evidence hold_out=[peer,coaching] fit=true",
                      "adaptlearn evidence ensemble=true")),
    "pilot plan": Verb("lab.pilot_plan", "how many learners a pilot needs, how long, when to stop",
                       ("adaptlearn pilot plan agent=mastery to=pilot.json",
                        "adaptlearn pilot plan effect=0.05 sd=0.2 pretest=0.6 team=8 icc=0.05 attrition=0.2")),
    "pilot monitor": Verb("lab.pilot_monitor", "what a pilot's scores say so far; look as often as you like",
                          ("adaptlearn pilot monitor plan=pilot.json log=scores.csv",)),
    "export": Verb("lab.exporting", "write an agent as one self-checking bundle",
                   ("adaptlearn export agent=mastery to=bundle",
                      "adaptlearn export checkpoint=agent.npz to=agents/linear-onboarding learners=2048")),
    "bundle": Verb("lab.bundling", "check a bundle, show what is in it, compare two, or read what was logged with it",
                   ("adaptlearn bundle check agents/mastery-onboarding/bundle", "adaptlearn bundle show bundle",
                    "adaptlearn bundle diff bundle other-bundle",
                    "adaptlearn bundle log bundle lines=decisions.jsonl to=log.parquet")),
    "registry": Verb("lab.registry", "bundles in MLflow's registry: challenger, gated champion, and a server",
                     ("adaptlearn registry add agents/mastery-onboarding/bundle", "adaptlearn registry list",
                      "adaptlearn registry promote", "adaptlearn registry serve port=5001")),
    "serve replay": Verb("lab.replaying", "a decision of a service again: the same choice and chance, or what differs",
                         ("adaptlearn serve replay 9f86d081884c7d659a2feaa0c55ad015",)),
    "serve learner": Verb("lab.learners", "one learner of a service: page, link, file, erase",
                          ("adaptlearn serve learner page u-1041 to=page.html", "adaptlearn serve learner link u-1041",
                           "adaptlearn serve learner export u-1041 to=u-1041.json",
                           "adaptlearn serve learner erase u-1041", "adaptlearn serve learner erase idle_days=365")),
    "serve watch": Verb("lab.watching", "does a service still do what it was judged to do? drift, predictions",
                        ("adaptlearn serve watch", "adaptlearn serve watch textfile=watch.prom")),
    "serve log": Verb("lab.telling", "what a service wrote down, as a log to judge policies by or to calibrate from",
                      ("adaptlearn serve log to=log.parquet", "adaptlearn serve log to=answers.csv")),
    "recommend": Verb("lab.recommending", "ask a bundle what to offer a learner next",
                      ("adaptlearn recommend bundle=bundle k=3",)),
    "serve": Verb("lab.serving", "a bundle on duty behind HTTP: learners who come back, nothing acknowledged lost",
                  ("adaptlearn serve bundle=agents/mastery-onboarding/bundle",
                   "adaptlearn serve key tenant=acme scopes=recommend,observe",
                   "adaptlearn serve promote better-bundle", "adaptlearn serve rollback",
                   "adaptlearn serve canary better-bundle share=0.1", "adaptlearn serve pause note='looks wrong'",
                   "adaptlearn serve bundle=bundle database=postgresql+psycopg://host/name workers=2")),
}  # fmt: skip


def help_text() -> str:
    """What ``adaptlearn --help`` prints."""
    lines = ["adaptlearn: simulated learners, the policies that teach them, and the evidence to judge both", "",
             "usage: adaptlearn VERB [key=value ...] [-m] [--help] [--cfg job] [--config-dir FOLDER]", ""]  # fmt: skip
    lines += [f"  {name:<13} {verb.line}" for name, verb in VERBS.items()]
    return "\n".join([*lines, "", "examples:", *(f"  {verb.examples[0]}" for verb in VERBS.values()), "",
                      "choices, each key=name:", *(f"  {name:<11} {group.line}" for name, group in GROUPS.items()), "",
                      "`adaptlearn VERB --help` lists keys and options. format=json gives any table as JSON.",
                      'In bash: eval "$(adaptlearn -sc install=bash)" completes verbs, keys and options.',
                      "Learners here are simulated. What is assumed is graded C on the world's card."])  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    """Run a verb and exit: 0 well, 2 for something the caller can mend, 130 when interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        _say(help_text())
        return
    if arguments[0] in ("-V", "--version"):
        from adaptlearn import __version__

        _say(f"adaptlearn {__version__}")
        return
    if arguments[0] in ("-sc", "--shell-completion"):
        from adaptlearn.lab.asking import complete

        verb = complete(arguments, VERBS)
        arguments = [verb, *arguments] if verb else sys.exit(0)
    name, rest = named(arguments)
    if name not in VERBS:
        from difflib import get_close_matches

        wanted = [verb for verb in VERBS if verb.startswith(f"{name} ")] or list(VERBS)
        two = len(wanted) < len(VERBS) and bool(rest) and rest[0].isalpha()
        found = f"{name} {rest[0]}" if two else name
        near = (get_close_matches(found, wanted, 1) or wanted)[0]
        _stop(f"adaptlearn: no verb {found!r}; needed one of {', '.join(wanted)}, e.g. {VERBS[near].examples[0]}")
    sys.exit(_run(name, rest))


def named(arguments: list[str]) -> tuple[str, list[str]]:
    """The verb, of one word or of two, and the other words."""
    both = " ".join(arguments[:2])
    return (both, arguments[2:]) if both in VERBS else (arguments[0], arguments[1:])


def _run(name: str, rest: list[str]) -> int:
    debug = any(word.startswith("debug=") and word != "debug=false" for word in rest)
    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(threads, "1")  # two torch threads collapse when another process holds a core
    try:
        return perform(name, rest)
    except KeyboardInterrupt:
        print("\nadaptlearn: interrupted; nothing half-written was left behind", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `adaptlearn ... | head`: whoever read has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError, LookupError, ImportError, ArithmeticError) as error:
        if debug:
            raise
        from adaptlearn.lab.tables import sentence

        _stop(f"adaptlearn {name}: {sentence(error)}")
    return 2


def perform(name: str, rest: list[str]) -> int:
    """One verb with its words: help, a question, a sweep, or the thing itself.   -> exit status"""
    from adaptlearn.lab import asking

    module = import_module(f"adaptlearn.{VERBS[name].module}")
    if "--help" in rest or "-h" in rest:
        return _say(asking.verb_help(name, VERBS[name], module.Config, [w for w in rest if w not in ("--help", "-h")]))
    arguments = keyed(rest, getattr(module, "WORDS", ()))
    if asking.asked(arguments):
        asking.answer(name, module.Config, arguments)
        return 0
    if "-m" in arguments or "--multirun" in arguments:
        from adaptlearn.lab.sweeping import sweep

        return sweep(name, module, [word for word in arguments if word not in ("-m", "--multirun")])
    from adaptlearn.lab.compose import compose

    return int(module.run(compose(name, module.Config, arguments)) or 0)


def keyed(words: list[str], keys: tuple[str, ...]) -> list[str]:
    """Bare words as the keys they stand for, e.g. ``reproduce 3f2a`` as ``run_id=3f2a``; the last takes the rest."""
    bare = [word for word in words if "=" not in word and not word.startswith(("-", "~"))]
    if not keys or not bare:
        return words
    first, more = bare[: len(keys) - 1], bare[len(keys) - 1 :]
    given = [f"{key}={word}" for key, word in zip(keys, first, strict=False)]
    given += [f"{keys[-1]}={more[0] if len(more) == 1 else '[' + ','.join(more) + ']'}"] if more else []
    return [*given, *(word for word in words if word not in bare)]


def _say(text: str) -> int:
    try:
        print(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _stop(message: str) -> None:
    print(message, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
