"""``adaptlearn train``: what it learns from, what it says while it does, and what is left when it goes astray."""

import errno
from dataclasses import replace

import numpy as np
import pytest
from tensors import Tensors

from adaptlearn.agents import ppo
from adaptlearn.agents.best import Diverged
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.cohorts import Cohorts
from adaptlearn.core.revision import revised
from adaptlearn.envs.registry import rules
from adaptlearn.lab import checkpoint, training
from adaptlearn.lab.compose import Agent
from adaptlearn.lab.following import FIRST, Watch, clock, shared
from adaptlearn.lab.main import perform
from adaptlearn.lab.pieces import agent_of
from adaptlearn.lab.tables import sentence


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    file = tmp_path_factory.mktemp("log") / "log.parquet"
    assert perform("simulate", ["env=tiny-v1", "agent=random", "learners=60", f"log={file}"]) == 0
    return file


@pytest.mark.parametrize("agent", ["clone", "cql"])
def test_an_agent_is_trained_from_a_log_and_evaluated_by_its_file(agent, log, tmp_path, capsys):
    to = tmp_path / f"{agent}.npz"
    words = ["env=tiny-v1", f"agent={agent}", f"log={log}", f"to={to}", "learners=32", "track=false", "format=json"]
    assert perform("train", [*words, "agent.settings.epochs=1"]) == 0
    assert f'"agent": "{agent}"' in capsys.readouterr().out
    assert checkpoint.load(to, rules("tiny-v1").world).name == agent


def test_an_agent_that_learns_in_a_mixture_is_judged_in_all_of_it_and_its_file_says_so(tmp_path, capsys):
    """Held-out learners are shared among the rooms: each lives as in that room alone, and the mean is over them."""
    to = tmp_path / "a.npz"
    settings = [f"agent.settings.{k}={v}" for k, v in {"decisions": 96, "rows": 12, "steps": 4, "check": 1}.items()]
    words = ["env=tiny-v1", "agent=ppo", "laws=[bkt,workplace]", "populations=[envs/tiny-v1/population.toml]",
             "revisions=2", "renewed=0.3", f"to={to}", "learners=16", "held_out=16", "track=false",
             *settings]  # fmt: skip
    assert perform("train", words) == 0
    about = checkpoint.read(to)[0]["about"]
    assert about["law"] == "bkt+workplace" and about["catalogue"].endswith("and 2 times 30% revised (1000 on)")
    config = training.Config(env="tiny-v1", laws=["bkt", "workplace"], agent=Agent("ppo"), held_out=9)
    many = training.mixture(config, rules("tiny-v1"))
    policy = checkpoint.load(to, many[0].world)
    ids = np.arange(FIRST, FIRST + 9)
    one = [simulate(policy, room, part, config.seed + 2)["value"]
           for room, part in zip(many, (ids[:5], ids[5:]), strict=True)]  # fmt: skip
    both = training.watch_of(config, many).judge(policy)
    assert one[0].mean() != one[1].mean() and both == pytest.approx(np.concatenate(one).mean())
    with pytest.raises(ValueError, match="held_out: 1 learners for 2 rooms; needed .* held_out=128"):
        training.watch_of(replace(config, held_out=1), many)


def test_held_out_learners_keep_their_company():
    cohorts = Cohorts(size=4)
    parts = shared(np.arange(FIRST, FIRST + 26), 3, cohorts)
    assert [len(part) for part in parts] == [12, 8, 6]
    assert len({c for part in parts for c in set(cohorts.of(part).tolist())}) == 7


def test_revisions_to_learn_in_come_beside_the_catalogue_under_every_law():
    config = training.Config(env="tiny-v1", laws=["bkt", "workplace"], revisions=3, renewed=0.3)
    here = rules("tiny-v1")
    many = training.mixture(config, here)
    worlds = [here.world, *(revised(here.world, 0.3, 1000 + j) for j in range(3))]
    assert [(room.world, room.law.__name__) for room in many] == [
        (world, rules("tiny-v1", law).law.__name__) for world in worlds for law in config.laws
    ]
    seen = {a.id for world in worlds[1:] for a in world.activities}
    judged = {a.id for seed in range(20) for a in revised(here.world, 0.3, seed).activities}
    assert seen & judged <= set(here.world.activity_ids), "it learned from what it is judged by"
    for bad in (training.Config(revisions=-1), training.Config(revisions=2, renewed=0.0)):
        with pytest.raises(ValueError, match=r"revisions = .* e\.g\. revisions=7 renewed=0\.2"):
            training.mixture(bad, here)


def test_a_training_in_other_revisions_does_not_go_on_from_this_ones_state(tmp_path, monkeypatch):
    settings = [f"agent.settings.{k}={v}" for k, v in {"decisions": 48, "rows": 12, "steps": 4, "check": 1}.items()]
    words = ["env=tiny-v1", "agent=ppo", f"to={tmp_path / 'a.npz'}", "learners=16", "held_out=16", "track=false"]
    monkeypatch.setattr(training.Path, "unlink", lambda *a, **k: None)  # the state stays, as if it had been cut off
    assert perform("train", [*words, *settings, "revisions=2"]) == 0
    with pytest.raises(ValueError, match="begun with revisions = 2, not 3"):
        perform("train", [*words, *settings, "revisions=3", "resume=true"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["agent=fixed", "laws=[bkt,workplace]"],
            "laws, populations, revisions: agent fixed learns in rooms of one kind",
        ),
        (["agent=fixed", "revisions=2"], "laws, populations, revisions: agent fixed learns in rooms of one kind"),
        (["agent=cql"], "agent=cql learns from a log; needed one, e.g. log=log.parquet"),
        (["agent=ppo", "log=log.parquet"], "log: agent ppo reads no log; needed one that does, e.g. agent=cql"),
        (["agent=linear", "resume=true"], "resume: agent linear keeps no state"),
    ],
)
def test_what_an_agent_does_not_take_is_said(words, says):
    with pytest.raises(ValueError, match=says):
        perform("train", ["env=tiny-v1", "track=false", *words])


@pytest.mark.parametrize("agent", ["branching", "guided", "distilled", "linear", "ppo", "dqn"])
def test_a_start_that_an_agent_cannot_begin_as_is_named(agent, tmp_path):
    perform("train", ["env=tiny-v1", "track=false", "agent=branching", "+agent.settings.forks=1", "learners=16",
                      "+agent.settings.rounds=1", "+agent.settings.neighbours=2", f"to={tmp_path}/b.npz"])  # fmt: skip
    with pytest.raises(
        ValueError, match="start is a branching; needed a (fixed programme|linear scorer)|start: agent dqn begins"
    ):
        perform("train", ["env=tiny-v1", "track=false", f"agent={agent}", f"start={tmp_path}/b.npz"])


def test_a_line_says_how_far_how_fast_how_good_and_how_long(monkeypatch):
    room, now = rules("tiny-v1"), [100.0]
    monkeypatch.setattr("adaptlearn.lab.following.time.monotonic", lambda: now[0])
    from adaptlearn.agents import shelf

    syllabus = shelf.build("syllabus", room.world)
    watch = Watch([room], syllabus, 64, 1, {"decisions": 600_000})
    watch.line({"decisions": 8192.0})
    now[0] += 10.0
    assert watch.judge(shelf.build("mastery", room.world)) > 0
    said = watch.line({"decisions": 28_192.0, "per_life": 0.21, "loss": 1.0})
    assert said.startswith("decisions 28,192 of 600,000 · 2,000/s · 4:46 min left · return 0.210 · over syllabus ")
    assert "±" in said and said.endswith("loss 1")
    watch.judge(syllabus)
    assert watch.gain.mean == 0.0
    assert [clock(s) for s in (3, 185, 4800)] == ["3 s", "3:05 min", "1:20 h"]


@pytest.mark.parametrize("name", ["fixed", "mastery", "recurrent"])
def test_lives_on_a_card_are_worth_what_they_are_worth_on_a_processor(name, monkeypatch):
    from adaptlearn.agents import shelf

    room = rules("tiny-v1")
    monkeypatch.setattr("adaptlearn.lab.following.maker", lambda device: Tensors)
    policy = shelf.build(name, room.world)
    here, there = (Watch([room], policy, 48, 1, {"device": device})._worth(policy) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(here, there, atol=1e-6)


def astray(*args, best=None, **more):
    raise Diverged("ppo: the loss is nan after 64 decisions", best)


@pytest.mark.parametrize("kept", [True, False])
def test_a_training_that_goes_astray_keeps_the_best_before_it(kept, tmp_path, monkeypatch):
    from adaptlearn.agents.networks import Pointer

    room, to = rules("tiny-v1"), tmp_path / "agent.npz"
    best = Pointer.for_world(room.world, seed=7) if kept else None
    monkeypatch.setattr(training, "trained", lambda *a, **k: astray(best=best))
    with pytest.raises(ValueError, match="the loss is nan after 64 decisions; " + ("the best" if kept else "nothing")):
        perform("train", ["env=tiny-v1", "agent=ppo", "track=false", f"to={to}"])
    assert to.exists() == kept
    if kept:
        found = checkpoint.load(to, room.world)
        np.testing.assert_array_equal(found.weights.detach(), best.weights.detach())


def test_a_full_disk_stops_with_a_message_and_the_last_state_stays(tmp_path, monkeypatch):
    """The second state does not fit: the first is whole, and training goes on from it when there is room."""
    to, plain, calls = tmp_path / "agent.npz", checkpoint.keep, []

    def full(path, content):
        state = str(path).endswith(".state.npz")
        calls.extend([path] * state)
        if state and len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return plain(path, content)

    monkeypatch.setattr(checkpoint, "keep", full)
    settings = [f"+agent.settings.{k}={v}" for k, v in {"decisions": 512, "rows": 16, "steps": 8, "check": 1}.items()]
    words = ["env=tiny-v1", "agent=ppo", "track=false", f"to={to}", "learners=16", "held_out=16", *settings]
    with pytest.raises(OSError, match="No space left") as stopped:
        perform("train", words)
    assert "needed room on that disk" in sentence(stopped.value)
    assert perform("train", [*words, "resume=true"]) == 0 and to.exists()


def test_a_checkpoint_that_is_none_is_refused_in_words(tmp_path):
    """Cut off anywhere, empty, text, or the arrays of something else: a sentence, and no advice to unpickle it."""
    room = rules("tiny-v1")
    about = {"world": "tiny-v1", "law": "workplace", "meshing": "null", "catalogue": "as_written"}
    whole = checkpoint.save(tmp_path / "whole.npz", agent_of("linear", room), "linear", {}, about).read_bytes()
    for n, content in enumerate((*(whole[:cut] for cut in (0, 9, len(whole) // 2, len(whole) - 1)), b"weights\n")):
        (tmp_path / f"{n}.npz").write_bytes(content)
    for name in ("0.npz", "1.npz", "2.npz", "3.npz", "4.npz", "gone.npz"):
        for read in (checkpoint.read, lambda path: checkpoint.read_state(path, {})):
            with pytest.raises(ValueError, match="found (something else|no such file).*; needed .*, e.g. ") as refused:
                read(tmp_path / name)
            assert "pickle" not in str(refused.value)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="version None; needed 1"):
        checkpoint.read(tmp_path / "other.npz")


def test_settings_of_the_verb_and_the_teacher_agree():
    config = training.Config(env="tiny-v1", agent=Agent("ppo", {"decisions": 77}), held_out=4)
    watch = training.watch_of(config, [rules("tiny-v1")])
    assert watch.settings["decisions"] == 77 and watch.settings["rows"] == ppo.Settings().rows
