"""Blocks of learners: joined in any cut they are the lives of one classroom; a lost node changes only the time."""

from dataclasses import fields, replace
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import Lives, simulate
from adaptlearn.core.cohorts import Cohorts
from adaptlearn.envs.registry import rules
from adaptlearn.lab import cluster


@pytest.fixture(scope="module")
def tiny():
    return rules("tiny-v1")


def same(one: Lives, other: Lives) -> None:
    """Bit for bit, the log too."""
    for f in fields(Lives):
        if f.name != "log":
            np.testing.assert_array_equal(getattr(one, f.name), getattr(other, f.name), err_msg=f.name)
    assert (one.log is None) == (other.log is None)
    if one.log is not None:
        assert one.log.provenance == other.log.provenance
        for name, column in one.log.columns.items():
            np.testing.assert_array_equal(column, other.log.columns[name], err_msg=name)


@pytest.mark.parametrize("agent", ["mastery", "linear", "random"])
def test_blocks_joined_are_the_lives_of_one_classroom(tiny, agent):
    policy = shelf.build(agent, tiny.world)
    ids = np.random.default_rng(3).permutation(300)
    whole = simulate(policy, tiny, ids, 5, log=True)
    for cuts in ([100, 200], [1, 2, 299]):
        parts = [simulate(policy, tiny, some, 5, log=True) for some in np.split(ids, cuts)]
        same(cluster.joined(parts), whole)


class Handle(NamedTuple):
    """Of a task that was handed in."""

    at: int


class Here:
    """Ray as one worker in this process, where the task handed in last is done first."""

    def __init__(self):
        self.done = []

    def put(self, value):
        return value

    def remote(self, **options):
        return lambda function: SimpleNamespace(remote=lambda *given: self.hand_in(function(*given)))

    def hand_in(self, result):
        self.done.append(result)
        return Handle(len(self.done) - 1)

    def wait(self, handles, num_returns):
        return handles[-num_returns:], handles[:-num_returns]

    def get(self, handle):
        return self.done[handle.at]


@pytest.mark.parametrize("size", [None, 7])
def test_blocks_on_workers_are_the_lives_of_one_classroom(tiny, size, monkeypatch):
    """With and without cohorts, whatever is shown or changed before a decision, whoever orchestrates."""
    world = tiny.world if size is None else replace(tiny.world, cohorts=Cohorts(size, coach_minutes=40.0))
    terms, ids = rules(world), np.random.default_rng(3).permutation(300)
    monkeypatch.setattr(cluster, "CHUNK", 64)
    asked = dict(log=True, before=no_seventh, orchestrator=Eldest())
    policy = shelf.build("mastery", world)
    shared = cluster.sharded(Here(), policy, terms, ids, 5, **asked)
    same(shared, simulate(policy, terms, ids, 5, **asked))
    assert not (shared.log["taken"] == 7).any()


def no_seventh(room):
    room.mask[:, 7] = 0


class Eldest:
    name = "eldest"

    def share(self, desk):
        return np.tile(np.arange(len(desk.view))[:, None] - 1.0, len(desk.scarce))


def test_where_is_said_in_words_that_are_known():
    assert cluster.lives_on("here", None) is simulate
    with pytest.raises(ValueError, match="needed here or ray"):
        cluster.lives_on("moon", None)


def test_without_ray_one_line_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"pip install 'adaptlearn\[ray\]', or compute=here") as told:
        cluster.lives_on("ray", None)
    assert "\n" not in str(told.value)


def test_a_cluster_that_does_not_answer_is_said_at_once():
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'adaptlearn[ray]'")
    with pytest.raises(OSError, match="no Ray cluster answers at 127.0.0.1:9"):
        cluster.lives_on("ray", "127.0.0.1:9")


def test_a_node_lost_from_a_cluster_of_two_changes_only_the_time(tiny, monkeypatch):
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'adaptlearn[ray]'")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setattr(cluster, "CHUNK", 64)
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = nodes.add_node(num_cpus=1)
        live = cluster.lives_on("ray", nodes.address)
        assert sum(node["Alive"] for node in ray.nodes()) == 2
        lost = []

        def lose_a_node(done: int, of: int) -> None:
            if not lost and done >= 64:
                lost.append(done)
                nodes.remove_node(second, allow_graceful=False)

        policy, ids = shelf.build("mastery", tiny.world), np.arange(1024)
        shared = live(policy, tiny, ids, 7, log=True, progress=lose_a_node)
        assert lost and lost[0] < 1024
        same(shared, simulate(policy, tiny, ids, 7, log=True))
    finally:
        ray.shutdown()
        nodes.shutdown()
