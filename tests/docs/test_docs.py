"""Documentation that runs: every command is one, every block of Python works, no link is dead.

A page is a story: its blocks run in order in one folder, as typed, with smaller numbers appended (``SMALLER``) so that
a page takes seconds. What a reader brings along (``BROUGHT``) is made here. What cannot run in a test says why
(``NOT_RUN``) and must at least be understood by the command line.
"""

import re
import shlex
import shutil
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt

from adaptlearn.export import runtime
from adaptlearn.lab.main import VERBS, keyed, main, named

ROOT = Path(__file__).resolve().parents[2]
STORIES = [ROOT / "README.md", ROOT / "agents" / "README.md", ROOT / "runtime" / "README.md",
           *sorted((ROOT / "docs").glob("*.md"))]  # fmt: skip
TOLD = [*STORIES, ROOT / "CONTRIBUTING.md", ROOT / "envs" / "README.md",
        *sorted((ROOT / "docs" / "decisions").glob("*.md")),
        *sorted((ROOT / "experiments").glob("*/README.md"))]  # fmt: skip

#: appended to a command of a verb, so that a page takes seconds
SMALLER = {
    "evaluate": ["learners=24"], "report": ["learners=32", "ensemble=0", "draws=2"], "simulate": ["learners=40"],
    "export": ["learners=0"], "pilot plan": ["simulated=128"], "insights": ["learners=12"], "tune": ["trials=2"],
    "belief train": ["++settings.rounds=1", "++settings.learners=8"], "belief check": ["learners=6", "particles=8"],
    "demo": ["seconds=1", "learners=64"], "calibrate": ["steps=20", "populations=12"],
}  # fmt: skip
LEARNING = {
    "linear": ["rounds=2", "candidates=4", "elite=2", "learners=8"],
    "fixed": ["rounds=1", "neighbours=20", "learners=8"],
    "branching": ["forks=2", "rounds=1", "neighbours=20", "learners=16", "paces=2", "levels=2"],
    "ppo": ["decisions=400", "rows=8", "check=1"],
    "recurrent": ["decisions=400", "rows=8", "check=1"],
    "dqn": ["decisions=800", "rows=8", "first=8"],
    "bkt_learned": ["rounds=2", "candidates=4", "elite=2", "learners=8"],
    "guided": ["rounds=2", "candidates=4", "elite=2", "learners=8"],
    "distilled": ["rounds=1", "learners=2", "first=10", "then=5", "copies=2", "particles=16", "epochs=1"],
    "bayes": ["cohorts=1", "learners=16", "draws=1", "rounds=1", "last=1"],
    "clone": ["epochs=1"],
    "cql": ["epochs=1"],
}  # fmt: skip
#: pages whose long commands run on another page, as they stand
ELSEWHERE = {"README.md": ("calibrate", "report")}
NOT_RUN = {
    "registry": "asks a model registry; tests/lab/test_registry.py",
    "serve": "a server; tests/export",
    "--help": "printed, not run; tests/lab/test_command.py",
    "experiment=": "an experiment takes minutes; its folder holds what it said",
    "device=cuda": "needs a graphics card; tests/classroom/test_card.py, tests/agents/test_ppo.py",
    "compute=ray": "needs the extra `ray`; tests/lab/test_cluster.py",
    "launcher=ray": "needs the extra `ray`; tests/lab/test_cluster.py",
    "adaptlearn bench": "trains on six tasks; tests/lab/test_bench.py",
    "3f2a": "a run of the reader's; tests/lab/test_reproducing.py",
    "people.toml": "people of a trained law; tests/tracing",
    "statements.jsonl world=my-world": "statements of the reader's own; tests/lab/test_insights.py",
    "world=W": "the world that is on duty; tests/export/serve",
    "kiosk": "a package of the reader's; tests/lab/test_outside.py",
    "resume=true": "needs a training that was cut off; tests/lab/test_sweeping.py, tests/agents",
    "workers=2": "starts processes; tests/lab/test_tuning.py",
    "launcher=joblib": "starts processes; tests/lab/test_sweeping.py",
    "bundle diff": "ends with status 1 where bundles differ; tests/export/test_bundle_verbs.py",
}
SHELL = ("make", "pip", "npm", "node", "curl", "python", "python3", "export", "eval", "git", "#!", "#SBATCH", "mlflow",
         "adaptlearn-runtime", "docker", "podman", "psql", "kill", "journalctl", "df", "sudo", "systemctl")  # fmt: skip


class Block:
    """One piece of code on a page."""

    def __init__(self, page: Path, line: int, info: str, text: str, fenced: bool):
        self.page, self.line, self.info, self.text, self.fenced = page, line, info.strip(), text, fenced

    @property
    def kind(self) -> str:
        """commands, python, or another language that is said."""
        first = next((line for line in self.text.splitlines() if line.strip()), "")
        if self.info in ("", "sh", "bash") and first.split()[:1] and first.split()[0] in ("adaptlearn", *SHELL):
            return "commands"
        runs = re.search(r"^(adaptlearn |import |from [\w.]+ import)", self.text, re.MULTILINE)
        if self.info or not (self.fenced or runs):
            return self.info or "text"  # an indented block of words: a formula, a message
        return "python" if re.match(r"import |from [\w.]+ import", first) else "unsaid"

    def commands(self) -> list[str]:
        """Lines that begin with ``adaptlearn``, without comments; a backslash joins the next."""
        joined = self.text.replace("\\\n", "")  # as a shell does
        return [line.strip() for line in joined.splitlines() if line.strip().startswith("adaptlearn ")]


@cache
def blocks(page: Path) -> list[Block]:
    """All code of a page, in order."""
    found = []
    for token in MarkdownIt().parse(page.read_text("utf-8")):
        if token.type in ("fence", "code_block") and not token.info.startswith("{"):
            found.append(Block(page, token.map[0] + 1, token.info, token.content, token.type == "fence"))
    return found


def name(page: Path) -> str:
    """A page as a test's name."""
    return page.relative_to(ROOT).as_posix().replace("/", "-").removesuffix(".md")


@pytest.mark.parametrize("page", TOLD, ids=name)
def test_every_block_says_what_it_is(page):
    unsaid = [f"line {block.line}: {block.text.splitlines()[0]}" for block in blocks(page) if block.kind == "unsaid"]
    assert not unsaid, "fence these with their language, e.g. ```text"


@pytest.mark.parametrize("page", TOLD, ids=name)
def test_every_command_is_understood(page):
    """Verbs, keys and options are those of the command line: no dead flag, whether or not the command runs below."""
    from importlib import import_module

    from adaptlearn.lab.compose import compose

    for block in blocks(page):
        for command in block.commands() if block.kind == "commands" else ():
            words = [word for word in shlex.split(command, comments=True)[1:] if word not in ("-m", "--multirun")]
            if not words or words[0].startswith("-"):
                continue
            verb, rest = named(words)
            assert verb in VERBS, f"{page.name} line {block.line}: {command}"
            if any(word.startswith("-") for word in rest) or "kiosk" in command:
                continue
            module = import_module(f"adaptlearn.{VERBS[verb].module}")
            rest = [re.sub(r"^((agent|seed|law)=[^,\[]+),.*", r"\1", word) for word in rest]  # a sweep's first job
            compose(verb, module.Config, keyed(rest, getattr(module, "WORDS", ())))


@pytest.mark.parametrize("page", TOLD, ids=name)
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if re.match(r"[a-z]+:", target) or target.startswith("reference/"):  # reference/ is made when docs are built
            continue
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_page_has_one_place_in_the_contents():
    """In no list, or in two, it is a warning of Sphinx, which `make docs` takes for an error."""
    docs = ROOT / "docs"
    lists = re.findall(r"```\{toctree\}\n(.*?)```", (docs / "index.md").read_text("utf-8"), re.DOTALL)
    names = [line for one in lists for line in one.splitlines() if line and not line.startswith((":", "reference/"))]
    found = [page for name in names for page in sorted(docs.glob(f"{name}.md"))]
    pages = {page for page in docs.rglob("*.md") if "_build" not in page.parts and "reference" not in page.parts}
    assert sorted(found) == sorted(pages - {docs / "index.md"})


def told_here(page: Path) -> object:
    """The pages that a newcomer meets first run at every test, the others with ``make test-all``."""
    first = page.name.startswith("first-hour") or page == ROOT / "README.md"
    return pytest.param(page, id=name(page), marks=() if first else pytest.mark.long)


@pytest.mark.parametrize("page", [told_here(page) for page in STORIES])
def test_a_page_runs_from_its_first_block_to_its_last(page, tmp_path, monkeypatch, template, capsys, request):
    shutil.copy(template, tmp_path / "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "adaptlearn_runtime", runtime)  # the wheel's name for the same files
    monkeypatch.setattr(sys, "path", [*sys.path])
    request.addfinalizer(lambda: [sys.modules.pop(name) for name in [*sys.modules] if name.startswith("kiosk_lab")])
    space = {"OUTSIDE": str(ROOT / "tests" / "lab" / "outside"), "__name__": "__main__"}
    for block in blocks(page):
        if block.kind == "commands":
            for command in block.commands():
                run(command, page, capsys)
        elif block.kind == "python":
            bring(block.text)
            exec(compile(block.text, f"{page.name}:{block.line}", "exec"), space)


def run(command: str, page: Path, capsys) -> None:
    """One command as typed, smaller."""
    if any(mark in command for mark in (*NOT_RUN, *ELSEWHERE.get(page.relative_to(ROOT).as_posix(), ()))):
        return
    words = shlex.split(command, comments=True)[1:]
    verb, rest = named(words)
    bring(command)
    smaller = list(SMALLER.get(verb, ()))
    if verb in ("train", "tune"):
        learner = next((word.partition("=")[2].partition(",")[0] for word in words if word.startswith("agent=")), "ppo")
        smaller += [f"++agent.settings.{setting}" for setting in LEARNING[learner]] if "-m" not in words else []
    given = [word.partition("=")[0] for word in rest]
    smaller = [word for word in smaller if not (verb == "export" and "learners" not in given)]
    try:
        main([*words, *smaller])
        status = 0
    except SystemExit as ended:
        status = ended.code or 0
    said = capsys.readouterr()
    assert status == 0, f"{page.name}: {command} {' '.join(smaller)}\n{said.out[-2000:]}\n{said.err[-2000:]}"


# --- what a reader brings along ---------------------------------------------------------------------------------------


def bring(text: str) -> None:
    """Make the files that a block names and that are not there."""
    for file, make in BROUGHT.items():
        if file in text and not Path(file).exists():
            make(Path(file))
    if re.search(r"(env|world)=my-world( |$)", text, re.MULTILINE) and not Path("my-world").exists():
        shutil.copytree(ROOT / "envs" / "tiny-v1", "my-world")
    for folder in ("agents", "experiments", "envs", "runtime"):
        if f"{folder}/" in text and not Path(folder).exists():
            shutil.copytree(ROOT / folder, folder)


def export(path: Path) -> None:
    """A corporate transcript."""
    from openpyxl import Workbook

    dice, book = np.random.default_rng(1), Workbook()
    sheet = book.active
    sheet.append(["User ID", "Training Title", "Status", "Assigned Date", "Completion Date", "Score"])
    for person in range(40):
        for course in range(4):
            done = dice.random() < 0.7
            sheet.append([f"u{person}", f"Course {course}", "Completed" if done else "In Progress",
                          f"2025-0{course + 1}-03", f"2025-0{course + 1}-{10 + person % 15}" if done else None,
                          int(dice.integers(50, 100)) if done else None])  # fmt: skip
    book.save(path)


def answers(path: Path) -> None:
    """Answers of people to questions on skills, under two sets of column names."""
    from adaptlearn import load

    dice, skills = np.random.default_rng(2), [s.title for s in load("practice-v1").skills]
    lines = ["user,kc,ok,problem,user_id,skill_name,correct,order_id,problem_id"]
    for person in range(60):
        level = dice.normal(0.0, 0.8)
        for skill in skills:
            for turn in range(4):
                right = int(dice.random() < 1.0 / (1.0 + np.exp(-level - 0.25 * turn)))
                n = len(lines)
                lines.append(f"u{person},{skill},{right},p{n % 40},u{person},{skill},{right},{n},p{n % 40}")
    path.write_text("\n".join(lines), "utf-8")


def events(path: Path) -> None:
    """A log with some chance in what was offered."""
    quietly("simulate", "agent=mastery", "temperature=1", "learners=120", f"log={path}")


def scores(path: Path) -> None:
    """Final scores of a pilot, so far."""
    dice = np.random.default_rng(3)
    rows = [f"{('old', 'new')[i % 2]},{dice.beta(5 + i % 2, 5):.3f},{dice.random():.3f},{i // 16}"
            for i in range(64)]  # fmt: skip
    path.write_text("\n".join(["arm,score,pretest,team", *rows]), "utf-8")


def catalogue(path: Path) -> None:
    """What an LMS lists."""
    path.write_text("Course ID,Course Title,Type,Duration,Skills\nC1,Welcome,E-Learning,30,Product\n"
                    "C2,Calling,Webinar,60,Phone\nC3,Check,Test,20,Product\n", "utf-8")  # fmt: skip


def survey(path: Path) -> None:
    """What people say they prefer."""
    path.write_text("learner,stated\n" + "\n".join(f"{i},visual" for i in range(40)), "utf-8")


def quietly(*words: str) -> None:
    """A command that must work."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert not ended.value.code, words


def trained(path: Path) -> None:
    """A trained agent."""
    quietly("train", "agent=linear", "track=false", f"to={path}",
            *(f"++agent.settings.{setting}" for setting in LEARNING["linear"]))  # fmt: skip


def ordered(path: Path) -> None:
    """A fixed programme."""
    quietly("train", "agent=fixed", "track=false", f"to={path}",
            *(f"++agent.settings.{setting}" for setting in LEARNING["fixed"]))  # fmt: skip


def bundle(path: Path) -> None:
    """A bundle of a policy."""
    shutil.copytree(ROOT / "agents" / "mastery-onboarding" / "bundle", path)


BROUGHT = {"export.xlsx": export, "answers.csv": answers, "log.parquet": events, "a-quarter.parquet": events,
           "fixed.npz": ordered, "scores.csv": scores,
           "catalogue.csv": catalogue, "survey.csv": survey, "agent.npz": trained, "bundle": bundle}  # fmt: skip
