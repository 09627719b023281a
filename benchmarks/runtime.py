"""A bundle at work: microseconds a decision, milliseconds to load, megabytes held; without the laboratory.

Claims: at batch 1 and 100 activities half of the decisions take at most 100 us and 99 of 100 at most 300; a cold load
at most 300 ms; the process at most 120 MB. ``graph`` is the decision itself; ``recommend`` is all that a platform waits
for: mask, history, graph, reasons in words. CPU time of one thread, so that a shared machine says something too. One
JSON line per case.

    python benchmarks/runtime.py [bundle]        default: agents/mastery-onboarding/bundle, cut to 100 activities
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from _claims import most, say, sized

LIVES, STEPS = sized((20, 60), (2, 20))
ROOT = Path(__file__).resolve().parents[1]
BUNDLE = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "agents" / "mastery-onboarding" / "bundle"
COLD = """
import sys, time, resource
sys.path.insert(0, {home!r})
import runtime
loaded = runtime.load({bundle!r}, check={check})
print(time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def percentiles(what, times, promised=False, **case):
    """Print one line.   times: seconds; promised: half within 100 us and 99 of 100 within 300"""
    times = sorted(times)
    at = {f"p{p}_us": round(1e6 * times[min(len(times) * p // 100, len(times) - 1)], 1) for p in (50, 90, 99)}
    limits = {"p50_us": 100.0, "p99_us": 300.0} if promised else {}
    claims = [most(f"{what}, {case['activities']} activities, {p}", at[p], limit) for p, limit in limits.items()]
    say(what, *claims, **case, calls=len(times), **at)


def clocked(call, *given, **more):
    """CPU seconds of this thread, and what came back."""
    start = time.thread_time()
    made = call(*given, **more)
    return time.thread_time() - start, made


def lives(runtime, shelf, k):
    """Learners who take the first thing offered.   -> seconds of each recommend, observe and bare graph"""
    role, spent = next(iter(runtime.contract.roles)), {"recommend": [], "observe": [], "graph": []}
    for i in range(LIVES):
        record = runtime.start({"learner": f"u-{i}", "role": role, "weekly_minutes": 90})
        for step in range(STEPS):
            seconds, advice = clocked(runtime.recommend, record, shelf, k, day=step)
            spent["recommend"].append(seconds)
            feeds = runtime.feeds([record], [float(step)], shelf, k)
            spent["graph"].append(clocked(runtime.graph, feeds)[0])
            taken = advice.ids[0]
            event = {"day": step, "offered": advice.ids}
            if taken != "nothing-now":
                event |= {"taken": taken, "completed": True, "minutes": 5.0}
            seconds, record = clocked(runtime.observe, advice.record, event, shelf)
            spent["observe"].append(seconds)
    return spent


def main():
    """All cases."""
    sys.path.insert(0, str(ROOT / "src" / "adaptlearn" / "export"))  # the folder of the wheel, under its own name
    import runtime as folder

    runtime = folder.load(BUNDLE)
    listed = json.loads((BUNDLE / "catalogue.json").read_text())["activities"]
    shelf = runtime.shelve(listed[:101])
    case = {"policy": runtime.policy, "activities": len(shelf.catalogue.ids) - 1}
    lives(runtime, shelf, 1)  # warm
    for k in (1, 3):
        for what, times in lives(runtime, shelf, k).items():
            percentiles(what, times, promised=k == 1 and what == "graph", places=k, **case)
    for batch in (64, 1024):
        record = runtime.start({"learner": "u", "role": next(iter(runtime.contract.roles)), "weekly_minutes": 90})
        seconds = [clocked(runtime.recommend_many, [record] * batch, shelf, 1)[0] / batch for _ in range(5)]
        percentiles("recommend_many, per learner", seconds, batch=batch, **case)
    for check in (True, False):
        text = COLD.format(home=str(ROOT / "src" / "adaptlearn" / "export"), bundle=str(BUNDLE), check=check)
        runs = [subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout.split()
                for _ in range(5)]  # fmt: skip
        fastest, held = min(float(run[0]) for run in runs), max(float(run[1]) for run in runs)
        how = "golden decisions checked" if check else "unchecked"
        say("cold load", most(f"cold load of a bundle with imports, {how}, ms", round(1000 * fastest), 300),
            process_mb=round(held))  # fmt: skip
    held = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    say("process after all of the above", most("memory of a process that decides, MB", held, 120))


if __name__ == "__main__":
    main()
