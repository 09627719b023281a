"""Every claim in one table: what was measured, what was wanted, met or not, and on which machine.

    python benchmarks                        every script beside this file, one after the other (an hour or so)
    python benchmarks quick                  all of them at sizes that only show that they run (minutes)
    python benchmarks simulator runtime      some of them
    python benchmarks --to table.md          the table kept there instead of outputs/bench.md

The table is printed and kept as Markdown, and every line that a script said stands in a file of JSON lines beside it.
Ctrl-C ends what is running and keeps what was measured. A claim that cannot be decided here (a graphics card, a log
that is not shipped, another database) has a row that says what it needs; a script that fails has one that says why, and
the exit status is 1. Figures are ratios or processor seconds wherever a machine's load would show.
"""

import argparse
import ast
import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TextIO

HERE = Path(__file__).resolve().parent
PACKAGES = ("adaptlearn", "numpy", "numba", "torch", "gymnasium", "pyro-ppl", "onnxruntime", "mlflow",
            "stable-baselines3")  # fmt: skip
HEAD = ("benchmark", "claim", "figure", "target", "met")
QUICK_WORDS = "Quick sizes: these figures show that every benchmark runs, and nothing else."


def main() -> None:
    """Run, print, keep."""
    given = arguments()
    found = {path.stem: path for path in sorted(given.folder.resolve().glob("*.py")) if not path.stem.startswith("_")}
    quick = "quick" in given.scripts
    named = [name for name in given.scripts if name != "quick"]
    if unknown := [name for name in named if name not in found]:
        sys.exit(f"no benchmark {', '.join(unknown)}; needed some of {', '.join(found)}, e.g. simulator")
    given.to.parent.mkdir(parents=True, exist_ok=True)
    about = [*machine(), *([QUICK_WORDS] if quick else [])]
    rows: list[tuple[str, ...]] = []
    status, lines = 0, given.to.with_suffix(".jsonl")
    with lines.open("w", encoding="utf-8") as kept:
        write(kept, {"machine": about[0], "quick": quick, "began": datetime.now(UTC).isoformat(timespec="seconds")})
        try:
            for number, name in enumerate(named or found, 1):
                tell(f"{number}/{len(named or found)} {name}: {claim_of(found[name])}")
                for case in cases(found[name], quick, given.limit):
                    write(kept, {"benchmark": name, **case})
                    rows += rows_of(name, case, quick)
                    status |= "trouble" in case
        except KeyboardInterrupt:
            tell("interrupted; what was measured is kept")
            status = 130
    text = "\n".join([*about, "", *table(rows)]) + "\n"
    given.to.write_text(text, "utf-8")
    print(text + f"\n{given.to} holds this table, {lines} every case.")
    sys.exit(status)


def arguments() -> argparse.Namespace:
    """What is asked."""
    asked = argparse.ArgumentParser(
        "python benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("scripts", nargs="*", help="names of scripts without .py, and `quick`; none: all of them")
    asked.add_argument("--to", type=Path, default=Path("outputs/bench.md"), help="a Markdown file (outputs/bench.md)")
    asked.add_argument("--limit", type=float, default=40.0, help="minutes after which a script is ended (40)")
    asked.add_argument("--folder", type=Path, default=HERE, help="where the scripts are (beside this file)")
    return asked.parse_args()


def machine() -> list[str]:
    """Machine and versions, as a line."""
    return [f"Machine: {chip()}, {os.cpu_count()} cores, {platform.system()}, load {os.getloadavg()[0]:.1f} at the "
            f"start. {', '.join((f'Python {platform.python_version()}', *versions()))}."]  # fmt: skip


def chip() -> str:
    """The processor's name."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def versions() -> list[str]:
    """Of what a figure may depend on."""
    said = []
    for package in PACKAGES:
        try:
            said.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return said


def claim_of(script: Path) -> str:
    """The first line of what a script says of itself."""
    return (ast.get_docstring(ast.parse(script.read_text("utf-8"))) or "").partition("\n")[0].removeprefix("Claim: ")


def cases(script: Path, quick: bool, limit: float) -> Iterator[dict[str, Any]]:
    """What one script says, case by case, as it says it; if it fails, why.   limit: minutes"""
    began, words = time.perf_counter(), list[str]()
    process = subprocess.Popen([sys.executable, str(script), *(["quick"] if quick else [])], cwd=HERE.parent, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    listening = threading.Thread(target=words.extend, args=[process.stderr], daemon=True)
    listening.start()
    clock = threading.Timer(60.0 * limit, end, [process])
    clock.start()
    try:
        yield from filter(None, map(told, process.stdout))
        status = process.wait()
    finally:
        clock.cancel()
        end(process)
        process.wait()
    if status:
        listening.join(5.0)
        late = f"ended after {limit:g} minutes" if status == -signal.SIGKILL else f"exit status {status}"
        why = late if status == -signal.SIGKILL else next((w.strip() for w in reversed(words) if w.strip()), late)
        yield {"case": "did not end well", "claim": claim_of(script), "trouble": why[:160]}
    tell(f"    {time.perf_counter() - began:.0f} s" + (f"; {why[:160]}" if status else ""))


def end(process: "subprocess.Popen[str]") -> None:
    """End a script and whatever it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:  # it and all of its children are gone
        return


def told(line: str) -> dict[str, Any]:
    """The case of one printed line; empty if it is not one."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def rows_of(name: str, case: dict[str, Any], quick: bool) -> list[tuple[str, ...]]:
    """A row per claim of a case, and one for trouble."""
    if "trouble" in case:
        return [(name, case["claim"], "-", "-", f"FAILED: {case['trouble']}")]
    return [(name, claim["claim"], shown(claim["figure"]), claim["target"], verdict(claim, quick))
            for claim in case.get("claims", ())]  # fmt: skip


def verdict(claim: dict[str, Any], quick: bool) -> str:
    """Met or not; at quick sizes nothing is decided."""
    if claim["met"] is None:
        return f"needs {claim['needs']}"
    return "runs" if quick else "met" if claim["met"] else "NOT met"


def shown(value: Any) -> str:
    """A figure with as many digits as mean something."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return "-" if value is None else f"{value:,}" if type(value) is int else str(value)


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Aligned Markdown, figures to the right, and a count of what is met."""
    rule = tuple("---:" if name == "figure" else "---" for name in HEAD)
    clean = [HEAD, rule, *(tuple(cell.replace("|", "/") for cell in row) for row in rows)]
    wide = [max(len(row[j]) for row in clean) for j in range(len(HEAD) - 1)]
    lines = ["| " + " | ".join([*map(aligned, row, wide, HEAD), row[-1]]) + " |" for row in clean]
    counts = {word: sum(row[-1].startswith(word) for row in rows) for word in ("met", "NOT met", "needs", "FAILED")}
    return [*lines, "", "{} met, {} not met, {} not to be decided here, {} failed.".format(*counts.values())]


def aligned(cell: str, wide: int, name: str) -> str:
    """A cell as wide as its column."""
    return cell.rjust(wide) if name == "figure" else cell.ljust(wide)


def write(kept: TextIO, line: dict[str, Any]) -> None:
    """One JSON line, on disk at once."""
    kept.write(json.dumps(line) + "\n")
    kept.flush()


def tell(line: str) -> None:
    """Progress, apart from the table."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
