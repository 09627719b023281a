"""``adaptlearn VERB -m key=a,b``: one job for each combination, side by side if a launcher says so, resumed if killed.

Hydra expands and launches. A sweep is known by its words and by the package's own text; it has a folder, and each job
has one inside, where what it writes goes. A job that is done leaves ``result.json`` there, so the same command after a
crash runs what is missing and no more; when all is done, the same command begins a new sweep.
"""

import contextlib
import csv
import importlib
import io
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from adaptlearn.core.keep import keep
from adaptlearn.lab import tracking
from adaptlearn.lab.asking import through_hydra
from adaptlearn.lab.compose import Common, compose
from adaptlearn.lab.recipe import code, digest, short
from adaptlearn.lab.tables import sentence, show
from adaptlearn.lab.tied import LOST, tied

RESULT = "result.json"
SHOWN = ("goal", "over_syllabus", "half_width")  # figures of the table


def sweep(verb: str, module: Any, words: list[str]) -> int:
    """Run every combination and print a table.   -> 0, or 2 if a job failed

    Raises:
        ValueError: words that Hydra does not understand, or a launcher that is not installed.
    """
    schema = module.Config
    if not issubclass(schema, Common):
        raise ValueError(
            f"{verb} has nothing to sweep over; needed a verb of a world, e.g. adaptlearn train -m seed=1,2"
        )
    if not any(word.startswith(("track=", "tracking=")) for word in words):
        words = [*words, "track=true"]  # what nobody keeps was not worth a sweep
    config = compose(verb, schema, fixed(words))
    uri = tracking.address(config.store)
    folder, parent = place_of(tracking.outputs(uri) / "sweeps", verb, words)
    title = f"{verb} sweep"
    run = tracking.Tracker(uri if config.track else None, resume=parent)
    run.begin(config.project, title, {"command": " ".join(words)}, {"verb": f"{verb} -m", **tracking.versions()})
    status = "FAILED"
    try:
        launch(verb, schema, words, folder, partial(job, verb, module.__name__, parent, os.getpid()))
        rows, failed = gathered(folder)
        told(run, rows, folder, title)
        if not failed:
            status = "FINISHED"
            keep(folder / "done", "")
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    except BrokenExecutor as error:
        raise OSError(LOST) from error
    finally:
        run.end(status)
    notes = [f"files: {folder}", run.link() if config.track else "not tracked: track=false"]
    show([{k: v for k, v in row.items() if k != "folder"} for row in rows], format=config.format, notes=notes)
    for row, error in failed:
        print(f"adaptlearn: job {row} failed: {error}", file=sys.stderr)
    return 2 if failed else 0


def fixed(words: list[str]) -> list[str]:
    """The words that are the same for every job."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parser = OverridesParser.create()
    return [w for w in words if w.startswith("-") or "=" not in w or not parser.parse_override(w).is_sweep_override()]


def place_of(home: Path, verb: str, words: list[str]) -> tuple[Path, str]:
    """The folder of this sweep and its parent's name: the unfinished one of these words and this code, or a new one."""
    name, number = f"{verb}-{short([verb, sorted(words), code()])}", 1
    while (folder := home / (name if number == 1 else f"{name}-{number}")).joinpath("done").exists():
        number += 1
    known = folder / "sweep.json"
    if not known.exists():
        parent = f"{time.strftime('%Y%m%d-%H%M%S')}-{folder.name}"
        keep(known, json.dumps({"parent": parent, "words": words}))
    else:
        print(f"adaptlearn: carrying on with {folder}", file=sys.stderr)
    return folder, json.loads(known.read_text("utf-8"))["parent"]


def launch(verb: str, schema: type, words: list[str], folder: Path, task: Any) -> None:
    """Hand the jobs to Hydra's sweeper and launcher."""
    settings = ["-m", f"hydra.sweep.dir='{folder}'", "hydra.sweep.subdir=${hydra.job.num}", "hydra/job_logging=none",
                "hydra/hydra_logging=none"]  # fmt: skip
    through_hydra(verb, schema, words, f"adaptlearn {verb}", settings, task)


def job(verb: str, module: str, parent: str, command: int, config: Any) -> None:
    """One combination, in whatever process: nothing to do if it is done, else run it and leave its result."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    tied(command)
    hydra = HydraConfig.get()
    folder, given = Path(hydra.runtime.output_dir), OmegaConf.to_object(config)
    result, same = folder / RESULT, digest(verb, given)
    if result.exists() and json.loads(result.read_text("utf-8"))["config"] == same:
        return
    for f in fields(given):
        value = getattr(given, f.name)
        if f.metadata.get("written") and value is not None:
            setattr(given, f.name, str(within(folder, value)))
    verb_module = importlib.import_module(module)
    given = getattr(verb_module, "resumed", lambda config: config)(given)
    varied = {o.partition("=")[0]: o.partition("=")[2].strip("'") for o in hydra.overrides.task}
    child = tracking.Job(parent, folder)
    tracking.JOB.set(child)
    began, error = time.perf_counter(), ""
    with apart(folder / "output.txt"):
        try:
            verb_module.run(given)
        except (ValueError, OSError, LookupError, ImportError, ArithmeticError) as trouble:
            error = sentence(trouble)
        finally:
            tracking.JOB.set(None)
    about = {"config": same, "words": varied, "seed": given.seed, "run": child.run, "error": error,
             "figures": child.figures, "seconds": time.perf_counter() - began}  # fmt: skip
    keep(folder / ("failed.json" if error else RESULT), json.dumps(about, indent=1))
    said = error or " · ".join(f"{key} {value:.4g}" for key, value in child.figures.items() if key in SHOWN)
    print(f"job {hydra.job.num}: {said} ({about['seconds']:.0f} s)", file=sys.__stderr__)


def within(folder: Path, value: str) -> Path:
    """A path below a job's folder; of one that leads elsewhere, where jobs would overwrite each other's, its name."""
    path = Path(value)
    return folder / (path.name if path.is_absolute() or ".." in path.parts else path)


@contextlib.contextmanager
def apart(file: Path) -> Iterator[None]:
    """What a job prints goes to a file: jobs side by side would print into each other."""
    with file.open("w", encoding="utf-8") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        yield


def gathered(folder: Path) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """One row a job with what was varied and what came of it; jobs that failed, and why."""
    rows, failed, found = [], [], []
    for place in sorted((p for p in folder.iterdir() if p.name.isdigit()), key=lambda p: int(p.name)):
        file = place / RESULT if (place / RESULT).exists() else place / "failed.json"
        found.append((place, json.loads(file.read_text("utf-8"))))
    words = [about["words"] for _, about in found]
    varied = [key for key in (words[0] if words else {}) if len({str(some.get(key)) for some in words}) > 1]
    shown = [key for key in SHOWN if any(key in about["figures"] for _, about in found)]
    for place, about in found:
        rows.append({"job": int(place.name), **{key: about["words"][key] for key in varied},
                     **{key: about["figures"].get(key) for key in shown}, "s": round(about["seconds"]),
                     "run": (about["run"] or "")[:8], "folder": place})  # fmt: skip
        if about["error"]:
            failed.append((place.name, about["error"]))
    return rows, failed


def told(run: tracking.Tracker, rows: list[dict[str, Any]], folder: Path, title: str) -> None:
    """The parent's table, and its curves with a band over seeds."""
    from adaptlearn.lab.curves import from_csv, picture

    run.text("table.csv", table(rows))
    curves: dict[str, list[Any]] = {}
    for r in rows:
        if (file := r["folder"] / "training.csv").exists():
            curves.setdefault(_words(r) or "all", []).append(from_csv(file.read_text("utf-8")))
    if curves:
        run.text("curves.svg", picture(curves, title))
        keep(folder / "curves.svg", picture(curves, title))


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as CSV, without their folders."""
    text = io.StringIO()
    writer = csv.DictWriter(
        text, [key for key in rows[0] if key != "folder"], extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _words(r: dict[str, Any]) -> str:
    """What was varied beside the seed."""
    own = ("job", *SHOWN, "s", "run", "folder", "seed")
    return " ".join(f"{k}={v}" for k, v in r.items() if k not in own)
