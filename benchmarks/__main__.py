"""All claims in one table, with the machine and the versions it was made on.

    python benchmarks                        every script beside this file, one after the other (half an hour)
    python benchmarks simulator runtime      some of them
    python benchmarks --to table.md          also kept as Markdown

Figures are ratios or processor seconds wherever a machine's load would show. A script that cannot run here (a peer's
packages, a log that is not shipped, Ray) says so in its last line, and the table says it too.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = ("adaptlearn", "numpy", "numba", "torch", "gymnasium", "pyro-ppl", "onnxruntime", "mlflow",
            "stable-baselines3")  # fmt: skip
NAMES = (
    "benchmark",
    "case",
    "what",
    "env",
    "agent",
    "estimator",
    "design",
    "law",
)  #: keys that say what a line is about


def main() -> None:
    """Run, print, keep."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("claims", nargs="*", help="names of scripts, without .py")
    asked.add_argument("--to", help="a Markdown file for the table")
    given = asked.parse_args()
    found = {path.stem: path for path in sorted(HERE.glob("*.py")) if not path.stem.startswith("_")}
    unknown = [name for name in given.claims if name not in found]
    if unknown:
        sys.exit(f"no benchmark {', '.join(unknown)}; needed some of {', '.join(found)}, e.g. simulator")
    lines = [*heading(), "", "| benchmark | case | figures |", "|---|---|---|"]
    print("\n".join(lines), flush=True)
    failed = 0
    for name in given.claims or found:
        rows, status = rows_of(name, found[name])
        failed += status != 0
        print("\n".join(rows), flush=True)
        lines += rows
    if given.to:
        Path(given.to).write_text("\n".join(lines) + "\n", "utf-8")
    sys.exit(1 if failed else 0)


def heading() -> list[str]:
    """Machine and versions."""
    chip = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                 if line.startswith("model name")), platform.processor())  # fmt: skip
    load = f"load {os.getloadavg()[0]:.1f} at the start"
    with_ = ", ".join((f"Python {platform.python_version()}", *versions()))
    return [f"Machine: {chip}, {os.cpu_count()} cores, {platform.system()}, {load}. {with_}."]


def versions() -> list[str]:
    """Of what a figure may depend on."""
    said = []
    for package in PACKAGES:
        try:
            said.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return said


def rows_of(name: str, script: Path) -> tuple[list[str], int]:
    """One row per JSON line that a script prints, and its exit status."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=HERE.parent, check=False)
    cases = [case for line in done.stdout.splitlines() for case in told(line)]
    rows = [row(name, case) for case in cases]
    if done.returncode:
        why = (done.stderr.strip() or "no word").splitlines()[-1]
        rows.append(f"| {name} | **did not run** | {why.replace('|', '/')[:160]} |")
    print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return rows, done.returncode


def told(line: str) -> list[dict[str, object]]:
    """The cases of one printed line; none if it is not JSON."""
    try:
        found = json.loads(line)
    except ValueError:
        return []
    return [case for case in (found if isinstance(found, list) else [found]) if isinstance(case, dict)]


def row(name: str, case: dict[str, object]) -> str:
    """A case as a row of the table: what it is about, then its figures."""
    about = [str(case[key]) for key in NAMES if key in case and case[key] != name]
    figures = [f"{key} {shown(value)}" for key, value in case.items() if key not in NAMES]
    return f"| {name} | {' · '.join(about)} | {', '.join(figures)} |"


def shown(value: object) -> str:
    """A figure with as many digits as mean something."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


if __name__ == "__main__":
    main()
