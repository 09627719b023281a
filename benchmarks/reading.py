"""Claim: a log of any size is read in bounded memory: four times the file, the same peak.

    python benchmarks/reading.py                    # 128 and 512 MB, written into a temporary folder
    python benchmarks/reading.py --megabytes 2048   # one case of 2 GB

Each case is a fresh process that counts what the doctor needs over a generated transcript (``facts``), or keeps six
columns of it (``read``). The peak is that of the whole process (ru_maxrss); ``base`` is a process that only imports.
``facts`` should not grow with the file; ``read`` grows with the columns kept, which are a fraction of the file. One
JSON line per case.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _claims import most, say, sized

LEARNERS, COURSES = 20_000, 400
SAME = 1.1  #: two peaks of processes within a tenth of one another are the same
HEAD = "Personalnummer;Kurstitel;Status;Zugewiesen am;Abgeschlossen am;Bearbeitungszeit (min);Abteilung\n"
ROWS = sized(100_000, 10_000)  #: rows of one block, written again and again with other days


def generate(path: Path, megabytes: int) -> int:
    """A transcript of about so many megabytes, cp1252, with decimal commas.   -> rows"""
    import numpy as np

    luck, rows = np.random.default_rng(1), 0
    who, what = luck.integers(LEARNERS, size=ROWS), luck.integers(COURSES, size=ROWS)
    done, spent = luck.random(ROWS) < 0.8, np.exp(luck.normal(3.0, 0.7, ROWS))
    with path.open("w", encoding="cp1252") as out:
        out.write(HEAD)
        while out.tell() < megabytes * 1_000_000:
            day, month = 1 + rows // ROWS % 28, 1 + rows // (28 * ROWS) % 12
            date = f"{day:02d}.{month:02d}.2024"
            out.writelines(
                f"P{w:06d};Kurs {c:03d}: Größen und Maße in der Fertigung;{'Abgeschlossen' if d else 'In Bearbeitung'};"
                f"{date};{date if d else ''};{str(round(m, 1)).replace('.', ',')};Abteilung {w % 17}\n"
                for w, c, d, m in zip(who.tolist(), what.tolist(), done.tolist(), spent.tolist(), strict=True)
            )
            rows += ROWS
    return rows


def case(kind: str, file: str) -> None:
    """One process: read, print rows, peak and processor seconds."""
    from adaptlearn.interchange import facts, tables
    from adaptlearn.interchange.reading import Reading

    begin, rows = time.process_time(), 0
    if kind == "facts":
        rows = facts.count([Reading(file)])[0].rows
    elif kind == "read":
        rows = len(tables.read(file))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "peak_mib": round(peak), "cpu_s": round(time.process_time() - begin, 1)}))


def apart(kind: str, file: Path, megabytes: int) -> int:
    """One case in a process of its own, said.   -> its peak, MiB"""
    words = [sys.executable, __file__, "--case", kind, str(file)]
    told = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    say(kind, megabytes=megabytes, **told)
    return int(told["peak_mib"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, nargs="*", default=sized([128, 512], [4, 16]))
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.case:
        case(*chosen.case)
        return
    with tempfile.TemporaryDirectory() as place:
        apart("base", Path(place), 0)
        peaks = []
        for megabytes in chosen.megabytes:
            file = Path(place) / f"{megabytes}.csv"
            generate(file, megabytes)
            peaks.append(apart("facts", file, megabytes))
            apart("read", file, megabytes)
            file.unlink()
    if len(peaks) > 1:
        times = chosen.megabytes[-1] / chosen.megabytes[0]
        claim = f"peak memory for {times:g} times the file, times that for the file"
        say("memory", most(claim, peaks[-1] / peaks[0], SAME))


if __name__ == "__main__":
    main()
