"""What is deployed is held as far as a machine without a container engine allows; papers are what their lists say."""

import configparser
import dataclasses
import json
import re
import shlex
import subprocess
import sys
import threading
import time
import tomllib
from importlib import import_module, util
from pathlib import Path

import pytest
import yaml

from adaptlearn.export.serve import alerts, metrics, privacy
from adaptlearn.export.serve import verbs as small
from adaptlearn.export.serve.__main__ import OTHERS, read
from adaptlearn.lab import main

ROOT = Path(__file__).resolve().parents[3]
DEPLOY, PAGES = ROOT / "deploy", ("deploying.md", "runbook.md", "privacy.md", "on-duty.md")
PINNED = re.compile(r"^[\w.-]+\.[\w.-]+/[\w./-]+:(?:v?\d+\.\d+[\w.-]*|\$\{\w+:\?[^}]+\})$")
SERVICE_KEYS = {"build", "image", "command", "environment", "depends_on", "ports", "read_only", "tmpfs", "cap_drop",
                "security_opt", "restart", "volumes", "healthcheck", "profiles", "secrets"}  # fmt: skip


def instructions():
    """The Containerfile as (instruction, rest), lines joined."""
    text = re.sub(r"\\\n", " ", (DEPLOY / "Containerfile").read_text())
    return [line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_every_path_that_is_copied_exists():
    given = dict(rest.split("=", 1) for word, rest in instructions() if word == "ARG")
    copied = []
    for word, rest in instructions():
        if word != "COPY" or rest.startswith("--from"):
            continue
        *sources, _ = [re.sub(r"\$\{(\w+)\}", lambda m: given[m[1]], part) for part in rest.split()]
        copied += sources
    assert len(copied) >= 5
    for source in copied:
        assert (ROOT / source).exists(), source
    stages = [rest.split(" AS ")[1] for word, rest in instructions() if word == "FROM" and " AS " in rest]
    taken = [re.match(r"--from=(\w+)", rest)[1] for word, rest in instructions() if rest.startswith("--from")]
    assert set(taken) <= set(stages)


def test_the_recipe_is_pinned_runs_as_nobody_and_starts_what_the_wheel_has():
    words = instructions()
    assert all(PINNED.match(rest.split()[0]) for word, rest in words if word == "FROM")
    last = {word: rest for word, rest in words}
    assert last["USER"].isdigit() and int(last["USER"]) > 1000
    order = [word for word, _ in words]
    assert order.index("USER") > max(j for j, word in enumerate(order) if word in ("RUN", "COPY"))
    scripts = tomllib.loads((ROOT / "runtime" / "pyproject.toml").read_text())["project"]["scripts"]
    (entry,) = json.loads(last["ENTRYPOINT"])
    assert entry in scripts
    config = read(json.loads(last["CMD"]))
    assert config.action in small.ACTIONS and config.host == "0.0.0.0" and config.port == small.Config.port
    assert f":{small.Config.port}/ready" in last["HEALTHCHECK"] and last["EXPOSE"] == str(small.Config.port)


def test_the_health_check_passes_where_the_service_is_ready_and_nowhere_else(small_served):
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(small_served.app, port=0, lifespan="off", log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    said = next(rest for word, rest in instructions() if word == "HEALTHCHECK")
    _, *words = json.loads(said[said.index("[") :])

    def check(words):
        return subprocess.run([sys.executable, *words], capture_output=True, check=False).returncode

    assert check([word.replace(":8080", f":{port}") for word in words]) == 0
    server.should_exit = True
    thread.join()
    assert check([word.replace(":8080", f":{port}") for word in words]) != 0


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_compose_is_whole(compose):
    """Its parts are known, what they refer to is there, images have versions, secrets no default."""
    assert set(compose) <= {"name", "services", "volumes", "secrets"}
    services = compose["services"]
    for name, one in services.items():
        assert set(one) <= SERVICE_KEYS, name
        assert ("image" in one) != ("build" in one), name
        assert "image" not in one or PINNED.match(one["image"]), f"{name}: {one['image']}"
        assert set(one.get("depends_on", ())) <= set(services), name
        assert set(one.get("secrets", ())) <= set(compose["secrets"]), name
        for volume in one.get("volumes", ()):
            source = volume.split(":")[0]
            there = (DEPLOY / source).is_file() if source.startswith(".") else source in compose["volumes"]
            assert there, f"{name}: {volume}"
        for port in one.get("ports", ()):
            assert port.startswith("127.0.0.1:"), f"{name}: {port} is open to everybody"
        for key, value in (one.get("environment") or {}).items():
            if re.search(r"PASS|SECRET|KEY|DATABASE", key) and "FAIL" not in key:
                assert "${" in str(value) and ":?" in str(value), f"{name}: {key} has a default"
    assert (DEPLOY / services["service"]["build"]["context"] / services["service"]["build"]["dockerfile"]).is_file()
    assert services["service"]["read_only"] and services["service"]["cap_drop"] == ["ALL"]
    assert read(services["service"]["command"]).workers == 2


def test_prometheus_is_asked_for_what_there_is(small_served):
    """Every metric of a rule is one that /metrics or the daily look has; every label's value is one that occurs."""
    asked = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    assert asked["rule_files"] == ["alerts.yml"] and asked["scrape_configs"][0]["job_name"] == "adaptlearn"
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == [alert.name for alert in alerts.ALERTS]
    families = list(metrics.Meters().registry.collect())
    known = {f"{family.name}{end}" for family in families for end in ("", "_total", "_bucket")}
    known |= {"adaptlearn_watch_alarm", "adaptlearn_watch_looked_seconds"}
    for rule in rules:
        found = set(re.findall(r"\badaptlearn_\w+", rule["expr"]))
        assert found <= known, rule
        assert re.fullmatch(r"\d+[mhd]", rule["for"]) and rule["labels"]["severity"] in ("page", "ticket")
        assert rule["expr"].count("(") == rule["expr"].count(")") and rule["expr"].count('"') % 2 == 0
        for route in re.findall(r'route="([^"]+)"', rule["expr"]):
            assert route in small_served.app.openapi()["paths"]


# --- what is written from lists -------------------------------------------------------------------------------------


def test_papers_are_what_the_lists_say():
    where = util.spec_from_file_location("papers", ROOT / "scripts" / "papers.py")
    papers = util.module_from_spec(where)
    where.loader.exec_module(papers)
    for path, text in papers.papers().items():
        assert path.read_text("utf-8") == text, f"{path.relative_to(ROOT)}: run python scripts/papers.py"


def test_every_field_that_is_kept_is_explained_and_none_that_is_not():
    """A field that is new has no words yet, and may not be kept before it has; one that went leaves no words behind."""
    from adaptlearn.core.record import PER_SKILL, TOTALS
    from adaptlearn.export.runtime import intake

    assert tuple(privacy.TOLD) == intake.PROFILE and tuple(privacy.COLLECTED) == intake.EVENT
    assert tuple(privacy.PER_SKILL) == PER_SKILL and tuple(privacy.TOTALS) == TOTALS
    with pytest.raises(KeyError):
        privacy.inventory({"per_skill": [*PER_SKILL, "shoe_size"], "format": [], "totals": []})


# --- every command that is written down -----------------------------------------------------------------------------


def commands():
    """Every command of ours in pages, alerts and units, with where it stands."""
    for page in PAGES:
        for line in (ROOT / "docs" / page).read_text("utf-8").splitlines():
            plain = re.match(r" {4}(?:\$ )?(.*?)(?:\s{2,}#.*)?$", line)
            told = [plain[1]] if plain else re.findall(r"`([^`]+)`", line)
            yield from ((page, one) for one in told if re.search(r"\badaptlearn(-serve)? \w", one))
    for alert in alerts.ALERTS:
        yield from ((alert.name, one) for one in alert.commands if one.startswith("adaptlearn"))
    for unit in DEPLOY.glob("*.service"):
        parsed = configparser.ConfigParser(interpolation=None)
        parsed.optionxform = str
        parsed.read(unit)
        yield unit.name, parsed["Service"]["ExecStart"]


@pytest.mark.parametrize(("place", "line"), sorted(set(commands())), ids=lambda text: text.replace("/", "-")[:60])
def test_every_command_that_is_written_down_is_one(place, line):
    """Its verb, action and keys are known to the program."""
    words = shlex.split(line.split("  #")[0])
    start = max(j for j, word in enumerate(words) if re.search(r"(^|/)adaptlearn(-serve)?$", word))
    program, rest = Path(words[start]).name, words[start + 1 :]
    if program == "adaptlearn-serve":
        verb = OTHERS.get(rest[0])
        config = read(rest[1:], verb.Config, verb.WORDS) if verb else read(rest)
        assert verb or config.action in small.ACTIONS, place
        return
    name, rest = main.named(rest)
    assert name in main.VERBS, f"{place}: {name}"
    module = import_module(f"adaptlearn.{main.VERBS[name].module}")
    keys = {field.name for field in dataclasses.fields(module.Config)}
    given = main.keyed(rest, getattr(module, "WORDS", ()))
    assert {word.partition("=")[0].partition(".")[0] for word in given} <= keys, f"{place}: {line}"
    action = dict(word.partition("=")[::2] for word in given).get("action")
    if action and name == "serve":
        assert action in small.ACTIONS, f"{place}: {line}"
