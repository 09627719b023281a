"""``adaptlearn bench``: one figure on six frozen tasks, 0 being tuned mastery and 1 a planner that sees minds."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.core.keep import keep
from adaptlearn.evaluation.aggregate import aggregate
from adaptlearn.evaluation.resample import Z95, Interval
from adaptlearn.lab import bench_tasks, entrants
from adaptlearn.lab.bench_tasks import Mark, Task
from adaptlearn.lab.compose import WRITTEN, Agent
from adaptlearn.lab.tables import progress, show

HERE = Path(__file__).with_name(bench_tasks.MARKS)


@dataclass
class Config:
    """Keys of this verb."""

    agent: Agent = field(default_factory=Agent)  # who takes part; one that learns is trained anew for every run
    entrant: str | None = None  # or somebody from outside: module:callable, make(rules, seed) -> policy
    tasks: list[str] = field(default_factory=list)  # none: all six; a part of them has no aggregate figure to compare
    runs: int | None = None  # null: those of the benchmark, 5; fewer are for trying out
    learners: int | None = None  # null: those of the benchmark, 512 per run; fewer are for trying out
    csv: str | None = field(default=None, metadata=WRITTEN)  # also write a row per task and run
    latex: str | None = field(default=None, metadata=WRITTEN)  # also write the table for a paper
    marks: bool = False  # true: work the marks out anew (hours) and write them to to=
    to: str | None = field(default=None, metadata=WRITTEN)  # of marks=true: the file; null: beside the tasks
    planned: int = 64  # of marks=true: learners per run whom the planner teaches
    budget: dict[str, int] = field(default_factory=dict)  # of marks=true: its settings, e.g. budget.first=2000
    allow: list[str] = field(default_factory=list)  # packages whose agents may be named by module
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """Train, test, score, print; or work the marks out.

    Raises:
        ValueError: an unknown task or agent, an entrant that cannot be had, fewer than two runs.
    """
    tasks, runs, learners, digest = bench_tasks.read()
    chosen = _chosen(tasks, config.tasks)
    runs, learners = config.runs or runs, config.learners or learners
    if runs < 2:
        raise ValueError(f"runs={runs}; needed 2 or more, as an interval is over runs, e.g. runs=5")
    if config.marks:
        _mark(config, chosen, runs, learners, digest)
        return
    marked = bench_tasks.marks()
    bare = [task.id for task in chosen if task.id not in marked["tasks"]]
    if bare:
        raise ValueError(f"no mark for {', '.join(bare)}; needed a 0 and a 1 for every task, e.g. bench marks=true "
                         f"tasks=[{','.join(bare)}]")  # fmt: skip
    name = config.entrant or config.agent.name
    with progress(f"{name} on {len(chosen)} tasks", config.format == "json") as tell:
        rows = [row for task in chosen for row in played(config, task, marked["tasks"][task.id], runs, learners, tell)]
    scores = np.array([row["score"] for row in rows]).reshape(len(chosen), runs).T
    said = aggregate(scores)
    told = [summary(task, marked["tasks"][task.id], scores[:, j]) for j, task in enumerate(chosen)]
    notes = _notes(config, tasks, chosen, runs, learners, marked, digest, rows)
    if config.csv is not None:
        keep(config.csv, as_csv(rows))
    if config.latex is not None:
        keep(config.latex, as_latex(name, told, said))
    shown = [{"": figure, "value": one} for figure, one in said.items()]
    if config.format == "json":
        more = {"entrant": name, "aggregate": _named(said), "tasks": [_named(row) for row in told], "notes": notes}
        show(rows, format="json", more=more)
        return
    show([{k: _words(v) for k, v in row.items()} for row in told], format=config.format,
         title=f"{name}: 0 is tuned mastery, 1 a planner that sees minds")  # fmt: skip
    print()
    show([{k: _words(v) for k, v in row.items()} for row in shown], format=config.format, notes=notes)


def _chosen(tasks: list[Task], names: list[str]) -> list[Task]:
    known = {task.id: task for task in tasks}
    for name in names:
        if name not in known:
            raise ValueError(f"task {name!r}; needed some of {', '.join(known)}, e.g. tasks=[{tasks[0].id}]")
    return [known[name] for name in names] or tasks


def played(
    config: Config, task: Task, mark: Mark, runs: int, learners: int, tell: Callable[[str], None]
) -> list[dict[str, Any]]:
    """One row per run: trained under one law, tested under the other beside mastery."""
    train, test, rows = task.rules("train"), task.rules("test"), []
    base = bench_tasks.mastery(task, mark.mastery)
    for turn in range(runs):
        tell(f"{task.id}: run {turn + 1} of {runs}")
        policy = taken_part(config, train, test, turn)
        level, mastery = (float(bench_tasks.worth(p, test, turn, learners).mean()) for p in (policy, base))
        rows.append({"task": task.id, "run": turn + 1, "worth": level, "mastery": mastery,
                     "score": (level - mastery) / mark.gain})  # fmt: skip
    return rows


def taken_part(config: Config, train: Any, test: Any, turn: int) -> Any:
    """The entrant of one run; what it makes for the training world must fit the test's, whose skills are the same."""
    from adaptlearn.lab.pieces import learns, shaping, trained

    if config.entrant is not None:
        made = entrants.named(config.entrant)(train, turn + 1)
        return entrants.policy_of(made, config.entrant)
    if learns(config.agent, config.allow) or shaping(config.agent, config.allow):
        return trained(config.agent, train, turn + 1, lambda *_: None, allow=config.allow)
    from adaptlearn.lab.pieces import agent_of

    return agent_of(config.agent, test, config.allow)


def summary(task: Task, mark: Mark, scores: np.ndarray) -> dict[str, Any]:
    """One task: mean score with a 95 % interval over runs (Student's t), and what 1 is."""
    from scipy.stats import t

    half = float(t.ppf(0.975, len(scores) - 1) * scores.std(ddof=1) / np.sqrt(len(scores)))
    middle = float(scores.mean())
    return {"task": task.id, "trained": task.train["law"], "tested": _side(task), "score": Interval(
        middle, middle - half, middle + half), "mark": Interval(mark.gain, mark.gain - Z95 * mark.error,
                                                                mark.gain + Z95 * mark.error)}  # fmt: skip


def _side(task: Task) -> str:
    usual = {"meshing": "null", "catalogue": "usual_error"}
    odd = [task.test[key] for key, value in usual.items() if task.test[key] != value]
    return ", ".join([task.test["law"], *odd])


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """Intervals by the names of their parts, for programs."""
    return {key: one._asdict() if isinstance(one, Interval) else one for key, one in row.items()}


def _words(value: Any) -> Any:
    if not isinstance(value, Interval):
        return value
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})".replace("-", "\N{MINUS SIGN}")


def _notes(
    config: Config, tasks: list[Task], chosen: list[Task], runs: int, learners: int, marked: dict[str, Any],
    digest: str, rows: list[dict[str, Any]],
) -> list[str]:  # fmt: skip
    """What has to be known beside the figures."""
    _, full_runs, full_learners, _ = bench_tasks.read()
    notes = ["score: worth less mastery's, in units of what the planner has over mastery (mark); 95 % over runs.",
             "IQM: mean of the middle half of all runs, stratified bootstrap (Agarwal et al. 2021)."]  # fmt: skip
    if len(chosen) < len(tasks) or runs < full_runs or learners < full_learners:
        notes.append(
            f"This was a trial: the benchmark is {len(tasks)} tasks, {full_runs} runs, {full_learners} learners."
        )
    if marked["digest"] != digest:
        notes.append("The marks are of other tasks: these scores are not of the frozen benchmark.")
    moved = [
        task.id
        for task in chosen
        if learners >= full_learners
        and runs >= full_runs
        and abs(np.mean([r["mastery"] for r in rows if r["task"] == task.id]) - marked["tasks"][task.id].level)
        > bench_tasks.DRIFT
    ]
    if moved:
        notes.append(f"Mastery is not where it was marked on {', '.join(moved)}: a law or a world has changed since "
                     f"{marked['adaptlearn']} ({marked['commit']}); compare with scores of today alone.")  # fmt: skip
    return notes


def as_csv(rows: list[dict[str, Any]]) -> str:
    """A row per task and run."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    return text.getvalue()


def as_latex(name: str, tasks: list[dict[str, Any]], said: dict[str, Interval]) -> str:
    """The table for a paper; needs the package booktabs."""

    def cell(one: Interval) -> str:
        return f"${one.value:.2f}$ & $[{one.low:.2f}, {one.high:.2f}]$"

    lines = [rf"\begin{{tabular}}{{llrr}} % {_plain(name)} on bench-v1", r"\toprule",
             r"task & trained $\to$ tested & score & 95\,\% \\", r"\midrule"]  # fmt: skip
    lines += [rf"{_plain(t['task'])} & {_plain(t['trained'])} $\to$ {_plain(t['tested'])} & {cell(t['score'])} \\"
              for t in tasks]  # fmt: skip
    lines += [r"\midrule", rf"interquartile mean & & {cell(said['IQM'])} \\", r"\bottomrule", r"\end{tabular}"]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    for sign in "\\{}$&#^_~%":
        text = text.replace(sign, r"\textbackslash{}" if sign == "\\" else f"\\{sign}")
    return text


def _mark(config: Config, tasks: list[Task], runs: int, learners: int, digest: str) -> None:
    """Work the marks of these tasks out; those of others are kept."""
    from adaptlearn.agents.planner import Settings
    from adaptlearn.lab.tracking import versions

    file = Path(config.to) if config.to is not None else HERE
    kept = json.loads(file.read_text("utf-8"))["tasks"] if file.exists() else {}
    budget = asdict(Settings(**config.budget))
    with progress("marks", config.format == "json") as tell:
        for task in tasks:
            kept[task.id] = asdict(bench_tasks.mark(task, runs, learners, config.planned, budget, tell))
            said = {"digest": digest, "planner": budget, **_who(versions()), "tasks": kept}
            keep(file, json.dumps(said, indent=1) + "\n")  # task by task: what is done is not lost
    show([{"task": name, **one} for name, one in kept.items()], format=config.format, notes=[f"written: {file}"])


def _who(versions: dict[str, str]) -> dict[str, str]:
    from adaptlearn import __version__

    return {"adaptlearn": __version__, "commit": versions["commit"]}
