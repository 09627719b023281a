"""A service to ask, over SQLite and over a real PostgreSQL, and bundles that differ in what matters."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from glob import glob
from pathlib import Path

import pytest

from adaptlearn.core import world as worlds
from adaptlearn.core.shelf import where
from adaptlearn.export import bundle
from adaptlearn.export.serve.keys import SCOPES, Keys
from adaptlearn.export.serve.policies import Policies
from adaptlearn.export.serve.settings import Settings
from adaptlearn.export.serve.store import Store

PROFILE = {"role": "counter", "weekly_minutes": 90}


@pytest.fixture(scope="session")
def bundles(tiny, make_small, tmp_path_factory):
    """Folders: ``one`` draws; ``two`` is the same world and another policy; ``memory`` remembers; ``wider`` is of a
    world with a skill and an activity more, one activity less and another role: its record has another layout.
    """
    place = tmp_path_factory.mktemp("bundles")
    made = {"one": make_small(3), "two": make_small(3, seed=7), "memory": make_small(3, memory=4)}
    folders = {name: bundle.write(module, tiny, place / name) for name, module in made.items()}
    return folders | {"wider": bundle.write(make_small(4, seed=1), _wider(place), place / "wider")}


def _wider(place):
    """tiny-v1 with a skill and an activity more and an activity less."""
    folder = place / "wider-v1"
    shutil.copytree(where("tiny-v1"), folder)
    skills, activities = folder / "skills.csv", folder / "activities.csv"
    skills.write_text(skills.read_text() + "thanking,Say goodbye,greeting,0.2,0.1,0.2,0.1,0.005,\n")
    rows = [row for row in activities.read_text().splitlines() if not row.startswith("listening-reading")]
    rows.append(
        "thanking-video,Two goodbyes,thanking:1,,,video,visual:1,expositive,0.5,none,0,8,async_self_paced,,none,"
        "anywhere,online,0.3,solo,0,0,"
    )
    activities.write_text("\n".join(rows) + "\n")
    world = folder / "world.toml"
    world.write_text(world.read_text().replace('"tiny-v1"', '"wider-v1"').replace("[roles.counter]", "[roles.desk]"))
    population = folder / "population.toml"
    population.write_text(population.read_text().replace("counter = 1.0", "desk = 1.0"))
    return worlds.load(str(folder))


# --- databases ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql():
    """A real server of this session's own: a function that makes an empty database and gives its URL."""
    found = shutil.which("initdb") or next(iter(sorted(glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)), None)
    if found is None:
        pytest.skip("needs PostgreSQL's initdb (Debian: postgresql); not on this machine")
    tools, user = Path(found).parent, "nobody" if os.geteuid() == 0 else None  # postgres refuses to be root
    with tempfile.TemporaryDirectory(prefix="adaptlearn-pg-") as place, contextlib.ExitStack() as stack:
        if user:
            shutil.chown(place, user)
        run = {"cwd": place, "user": user, "check": True, "capture_output": True}
        subprocess.run([found, "-D", f"{place}/data", "-A", "trust", "-U", "adaptlearn", "--no-sync"], **run)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = f"-p {port} -k {place} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [str(tools / "pg_ctl"), "-w", "-D", f"{place}/data"]
        run["capture_output"], run["stdout"] = False, subprocess.DEVNULL
        subprocess.run([*control, "-o", options, "-l", f"{place}/log", "start"], **run)
        stack.callback(subprocess.run, [*control, "-m", "immediate", "stop"], **run)
        address = f"postgresql+psycopg://adaptlearn@127.0.0.1:{port}"
        yield lambda name: _made(address, name)


def _made(address, name):
    import sqlalchemy as sa

    with warnings.catch_warnings():
        engine = sa.create_engine(f"{address}/postgres", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
        engine.dispose()
    return f"{address}/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/serve.db"
    return request.getfixturevalue("postgresql")(f"t{abs(hash(request.node.nodeid))}")


# --- a service ------------------------------------------------------------------------------------------------------


class Service:
    """An application that runs within the test, and whoever asks it."""

    def __init__(self, database, folder, **settings):
        from fastapi.testclient import TestClient

        from adaptlearn.export.serve.app import create_app

        self.database = database
        self.settings = Settings(database=database, **{"poll_seconds": 0.05, **settings})
        with contextlib.closing(Store(database)) as store:
            policies = Policies(store)
            if folder is not None:
                policies.set("champion", policies.add(folder).digest)
            self.key = Keys(store).make("acme", tuple(SCOPES))
        self.app = create_app(self.settings)
        self.client = TestClient(self.app, raise_server_exceptions=False)

    @property
    def desk(self):
        return self.app.state.desk

    def post(self, path, body=None, *, key=None, **more):
        """A request with a key, the whole one unless another is said."""
        headers = {"Authorization": f"Bearer {key or self.key}", **more.pop("headers", {})}
        return self.client.post(path, json=body, headers=headers, **more)

    def recommend(self, learner="u-1", **more):
        """An answer, which has to be one."""
        answer = self.post("/recommend", {"learner": learner, "k": 2, "profile": PROFILE, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def observe(self, name, learner="u-1", **more):
        """An event that has to be taken."""
        answer = self.post("/observe", {"id": name, "learner": learner, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def live(self, learner, steps, start=0, **more):
        """A learner who takes what is offered first.   -> what was offered"""
        offers = []
        for step in range(start, start + steps):
            advice = self.recommend(learner, day=float(step))
            activity = advice["choices"][0]["activity"]
            done = {"taken": activity, "completed": True, "minutes": 9} if activity != "nothing-now" else {}
            self.observe(f"{learner}-{step}", learner, decision=advice["decision"], day=step + 0.5, **done, **more)
            offers.append([choice["activity"] for choice in advice["choices"]])
        return offers


@pytest.fixture
def served(database, bundles):
    """A running service over each kind of database, the bundle ``one`` on duty."""
    service = Service(database, bundles["one"])
    with service.client:
        yield service


@pytest.fixture
def small_served(tmp_path, bundles):
    """The same over SQLite only."""
    service = Service(f"sqlite:///{tmp_path}/serve.db", bundles["one"])
    with service.client:
        yield service


@pytest.fixture
def start_service():
    """The class itself: tests share no imports."""
    return Service


class Process:
    """The service as it is run: a process of its own, on a port of its own."""

    def __init__(self, database, *words):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "adaptlearn.export.serve", "start", f"database={database}",
                   f"port={self.port}", *words]  # fmt: skip
        self.log = tempfile.NamedTemporaryFile("w+", prefix="adaptlearn-serve-", suffix=".log")  # noqa: SIM115
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)
        self.url = f"http://127.0.0.1:{self.port}"
        self.wait()

    def wait(self, seconds=60.0):
        """Until it is ready."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process.poll() is None, Path(self.log.name).read_text()
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/ready", timeout=1) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"not ready: {Path(self.log.name).read_text()}")

    def end(self, how=signal.SIGTERM):
        """End it, and wait until it has.   -> exit status"""
        self.process.send_signal(how)
        return self.process.wait(40)

    @property
    def said(self):
        """What it has logged so far."""
        return Path(self.log.name).read_text()


@pytest.fixture
def processes():
    """Start services that end with the test."""
    started = []

    def start(database, *words):
        started.append(Process(database, *words))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)
        one.log.close()


@pytest.fixture
def furnished(bundles):
    """A store with the bundle ``one`` on duty and a key with these scopes.   -> key"""

    def furnish(database, *scopes, tenant="acme", folder=bundles["one"]):
        with contextlib.closing(Store(database)) as store:
            policies = Policies(store)
            if not policies.history("champion"):
                policies.set("champion", policies.add(folder).digest)
            return Keys(store).make(tenant, scopes or tuple(SCOPES))

    return furnish
