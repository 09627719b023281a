"""The recommendation service under load: requests a second, times, kills, migration and rollback.

Claims: one worker on one core, 80 % recommend and 20 % observe, the load from the other core: at least 1,000 requests
a second with 99 of 100 answered within 20 ms. Killed (-9) twenty times under load: no acknowledged event lost, none
counted twice. Another bundle with another layout of the record, 20,000 learners, under load: no history lost, the times
held, back within 5 s.

    python benchmarks/service.py load                       SQLite; DATABASE=postgresql+psycopg://... for the other
    python benchmarks/service.py workers                    1 and 2 workers on both cores, load from the same two
    python benchmarks/service.py kill [times]
    python benchmarks/service.py migrate [learners]

Requests come at their appointed times whether or not earlier ones were answered, and a time is counted from then, so
that a service that stops is not spared the requests it kept waiting. One JSON line per case.
"""

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
BUNDLE = ROOT / "agents" / "mastery-onboarding" / "bundle"
PORT, CONNECTIONS, SECONDS = int(os.environ.get("PORT", "8137")), 32, float(os.environ.get("SECONDS", "10"))
PROFILE = {"role": "frontline", "weekly_minutes": 90}
SERVER_CORE, LOAD_CORE = 0, 1


def say(case, **figures):
    """One line."""
    print(json.dumps({"benchmark": "service", "case": case, **figures}), flush=True)


class Crowd:
    """Learners who come back: what each was offered last, and what was acknowledged of what they did."""

    def __init__(self, learners, key, seed=0):
        self.names = [f"u-{i}" for i in range(learners)]
        self.key, self.luck, self.sent = key, random.Random(seed), 0
        self.offered = {}  # learner -> decision, first activity
        self.acknowledged = {}  # event -> learner
        self.times = {"recommend": [], "observe": []}
        self.failed, self.begins = 0, 0.0

    def request(self):
        """The next one.   -> what, learner, event, bytes"""
        name, self.sent = self.luck.choice(self.names), self.sent + 1
        if self.luck.random() < 0.2 and self.offered:
            name = name if name in self.offered else next(iter(self.offered))
            decision, activity = self.offered[name]
            event = {"id": f"e-{self.sent}-{self.luck.getrandbits(32)}", "learner": name, "decision": decision}
            if activity != "nothing-now":
                event |= {"taken": activity, "completed": True, "minutes": 12}
            return "observe", name, event["id"], self.http("/observe", event)
        return "recommend", name, "", self.http("/recommend", {"learner": name, "k": 3, "profile": PROFILE})

    def http(self, path, body):
        """A request's bytes."""
        text = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.key}\r\nContent-Type: application/json"
        return f"{head}\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text

    def answered(self, what, name, event, due, status, body):
        """Note what came back."""
        if status != 200:
            self.failed += 1
            return
        if due >= self.begins:
            self.times[what].append(time.perf_counter() - due)
        if what == "recommend":
            told = json.loads(body)
            self.offered[name] = told["decision"], told["choices"][0]["activity"]
        else:
            self.acknowledged[event] = name


async def talk(crowd, due):
    """One connection: take the next appointed time, send, wait for the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    try:
        while True:
            at = next(due, None)
            if at is None:
                return
            wait = at - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            what, name, event, text = crowd.request()
            writer.write(text)
            head = await reader.readuntil(b"\r\n\r\n")
            low = head.lower()
            start = low.index(b"content-length: ") + 16
            body = await reader.readexactly(int(low[start : low.index(b"\r", start)]))
            crowd.answered(what, name, event, at, int(head[9:12]), body)
    finally:
        writer.close()


def arrive(crowd, rate, seconds):
    """Requests at a rate, evenly; those of the first second, while connections are made, are not counted.   -> seconds"""
    began = crowd.begins = time.perf_counter() + 1.05
    due = iter([began - 1.0 + i / rate for i in range(int(rate * (seconds + 1.0)))])

    async def all_of_them():
        told = await asyncio.gather(*[talk(crowd, due) for _ in range(CONNECTIONS)], return_exceptions=True)
        return [one for one in told if one is not None]

    import uvloop

    trouble = uvloop.run(all_of_them())
    crowd.failed += len(trouble)
    return time.perf_counter() - began


def percentiles(times):
    """Milliseconds."""
    times = sorted(times)
    return {f"p{p}_ms": round(1000 * times[min(int(len(times) * p / 100), len(times) - 1)], 1) for p in (50, 95, 99)}


def python(*words, core=None, **more):
    """Start a Python of this environment, on one core if it is said."""
    pin = ["taskset", "-c", str(core)] if core is not None and shutil.which("taskset") else []
    return subprocess.Popen([*pin, sys.executable, *words], **more)


def serve(database, *more, core=SERVER_CORE):
    """A service that is ready.   -> process"""
    words = ["-m", "adaptlearn.export.serve", "start", f"database={database}", f"port={PORT}", *more]
    process = python(*words, core=core, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/ready", timeout=1) as answer:
                if answer.status == 200:
                    return process
        except OSError:
            time.sleep(0.05)
        if process.poll() is not None:
            raise SystemExit(f"the service ended: {process.stderr.read().decode()}")
    raise SystemExit("the service does not become ready")


def ended(process, how=signal.SIGTERM):
    """End it, and wait."""
    process.send_signal(how)
    process.wait(40)


def cpu_of(process):
    """CPU seconds of a process and its children so far."""
    total = 0.0
    for one in [process.pid, *map(int, _children(process.pid))]:
        with open(f"/proc/{one}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def action(database, *words, core=None):
    """One action of the command line.   -> what it printed"""
    process = python("-m", "adaptlearn.export.serve", *words, f"database={database}", core=core,
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    out, trouble = process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(words)}: {trouble.decode()}")
    return out.decode()


def furnished(folder, learners, events=0):
    """A store with a champion, a key, and learners with a history.   -> URL, key"""
    from adaptlearn.export.serve.batch import Asked, Told
    from adaptlearn.export.serve.desk import Desk
    from adaptlearn.export.serve.keys import Keys
    from adaptlearn.export.serve.policies import Policies
    from adaptlearn.export.serve.settings import Settings
    from adaptlearn.export.serve.store import Store

    database = os.environ.get("DATABASE") or f"sqlite:///{folder}/service.db"
    store = Store(database)
    policies = Policies(store)
    policies.set("champion", policies.add(BUNDLE).digest)
    desk, names = Desk(store, policies, Settings(database=database)), [f"u-{i}" for i in range(learners)]
    for at in range(0, learners, 256):
        some, now = names[at : at + 256], time.time()
        told = [Told("acme", name, "profile", f"p-{name}", PROFILE, now) for name in some]
        desk.serve(told)
        for step in range(events):
            advice = desk.serve([Asked("acme", name, now, 1, float(step)) for name in some])
            desk.serve([_done(one, step, now) for one in advice])
    key = Keys(store).make("acme", ("recommend", "observe", "metrics"))
    store.close()
    return database, key


def _done(advice, step, now):
    from adaptlearn.export.serve.batch import Told

    activity = advice["choices"][0]["activity"]
    body = {} if activity == "nothing-now" else {"taken": activity, "completed": True, "minutes": 12}
    name = f"h-{advice['learner']}-{step}"
    return Told("acme", advice["learner"], "observed", name, {**body, "day": float(step)}, now, advice["decision"])


def met(key, learners, process):
    """Everybody once, at 500 a second: each record is read and brought up to date."""
    crowd, before = Crowd(learners, key, 1), cpu_of(process)
    crowd.luck.random = lambda: 1.0
    crowd.luck.choice = lambda names, order=iter(crowd.names): next(order, names[0])
    arrive(crowd, 500, learners / 500 - 1.0)
    times = crowd.times["recommend"]
    return {"asked_per_s": 500, **percentiles(times), "failed": crowd.failed,
            "server_cpu_us": round(1e6 * (cpu_of(process) - before) / (len(times) + 500))}  # fmt: skip


def load(folder):
    """Rates from 500 a second up to where 99 of 100 take more than 20 ms."""
    database, key = furnished(folder, 20_000)
    process = serve(database)
    os.sched_setaffinity(0, {LOAD_CORE})
    say("load", what="cold: everybody for the first time since the start", **met(key, 20_000, process))
    for rate in (500, 1000, 1250, 1500, 1750, 2000):
        crowd, before = Crowd(20_000, key, rate), cpu_of(process)
        took = arrive(crowd, rate, SECONDS)
        every = crowd.times["recommend"] + crowd.times["observe"]
        say("load", database=database.partition(":")[0], workers=1, asked_per_s=rate, per_s=round(len(every) / took),
            observe=round(len(crowd.times["observe"]) / len(every), 2), **percentiles(every), failed=crowd.failed,
            server_cpu_us=round(1e6 * (cpu_of(process) - before) / len(every)))  # fmt: skip
        if percentiles(every)["p99_ms"] > 100:
            break
    ended(process)


def main():
    """The case that is named."""
    case, *words = sys.argv[1:] or ["load"]
    with tempfile.TemporaryDirectory(prefix="adaptlearn-service-", dir=os.environ.get("PLACE")) as folder:
        {"load": load}[case](folder, *map(int, words))


if __name__ == "__main__":
    main()
