"""Every agent of the shelf becomes a graph that decides as it does."""

import numpy as np
import onnxruntime
import pytest
import torch

from adaptlearn.agents import shelf
from adaptlearn.agents.branching import Branching
from adaptlearn.agents.plans import authored
from adaptlearn.core import luck
from adaptlearn.core.record import PROFILE, ViewSpec
from adaptlearn.core.revision import revised
from adaptlearn.export import graph
from adaptlearn.export.record import HAPPENED

LEARNERS = 300


def calls(world, n, steps):
    """Inputs of a short life, the record to be filled in from the call before; the catalogue shrinks on the way."""
    k, record = len(world.skills), np.tile(ViewSpec(len(world.skills)).newcomer(world.tracer), (n, 1))
    told = np.eye(4, dtype=np.float32)[np.arange(n) % 4]
    terms = np.tile(np.float32([1.0, 90.0, 30.0, 60.0]), (n, 1))
    profile = np.concatenate([world.targets[np.zeros(n, int)], terms, told, told], 1)
    assert profile.shape[1] == k + len(PROFILE)
    for step in range(steps):
        rows = world.features[: len(world.features) if step < steps // 2 else 6]
        u = luck.uniform(1, luck.TRIAL, np.arange(n)[:, None], step, np.arange(len(rows) + 8))
        taken = rows[(u[:, 0] * len(rows)).astype(int)]
        happened = np.stack(
            [np.full(n, step > 0), np.full(n, 2.0 * step), np.ones(n), u[:, 1] < 0.8, 20 * u[:, 2], 5 * u[:, 3]], 1
        )
        assert happened.shape[1] == len(HAPPENED)
        seen, items = u[:, 8:] < 0.3, np.floor(taken[:, k : 2 * k] * 10.5) * (u[:, 1:2] < 0.8)
        given = {
            "record": record,
            "happened": happened,
            "offered": taken[:, None],
            "taken": taken,
            "about": np.zeros_like(taken),
            "items": items,
            "correct": np.floor(items * u[:, 4:5]),
            "profile": profile,
            "now": np.full((n, 1), 2.0 * step + 1.5),
            "catalogue": rows,
            "history": np.stack([0.5 * seen, seen * u[:, 5:6], seen], 2),
            "luck": u[:, 6:8],
        }
        given = {name: np.ascontiguousarray(value, np.float32) for name, value in given.items()}
        mask = u[:, 8:] > 0.1
        mask[:, 0] = True
        record = yield given | {"mask": mask}


def made(name, world):
    """An agent that is not taught; a branching programme with branches that differ."""
    if name != "branching":
        return shelf.build(name, world)
    at, order = (0, 3, 7), authored(world)
    orders = np.array(
        [[np.random.default_rng(j).permutation(line) for line in order] for j in range(len(at) * 4)], np.int16
    )
    policy = Branching.for_world(world, at, 2, 2, orders)
    policy.pace_edges[:], policy.level_edges[:] = 0.4, 0.25
    return policy


@pytest.mark.parametrize(("name", "share"), [*((name, 0.0) for name in shelf.OWN), ("fixed", 0.3)])
def test_an_agent_of_the_shelf_decides_in_its_graph_as_in_torch(name, share, tiny):
    """One graph, whatever the number of learners and of activities, and for a catalogue revised after it was made."""
    policy = made(name, tiny)
    blob = graph.to_onnx(policy, tiny.tracer, tiny.features.shape[1])
    session = onnxruntime.InferenceSession(blob, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    decision, life, record, other = (
        graph.Decision(policy, tiny.tracer),
        calls(revised(tiny, share, 2), LEARNERS, 12),
        None,
        0,
    )
    memory = np.full((LEARNERS, policy.memory_size), 0.5, np.float32)
    for _ in range(12):
        given = life.send(record) | {"temperature": np.array([policy.head.temperature], np.float32)}
        given |= {"memory": memory} if policy.memory_size else {}
        given |= {"thought": np.full((LEARNERS, policy.luck_size), 0.5, np.float32)} if policy.luck_size else {}
        theirs = dict(zip(names, session.run(None, given), strict=True))
        with torch.inference_mode():
            ours = decision({key: torch.from_numpy(np.array(value)) for key, value in given.items()})
        same = (ours["choice"].numpy() == theirs["choice"]).all(1)
        remembered = ("memory_after",) if policy.memory_size else ()
        for key in ("record_after", "mastery", "probabilities", "propensity", *remembered):
            np.testing.assert_allclose(ours[key].numpy()[same], theirs[key][same], atol=1e-5, err_msg=key)
        other, record = other + int((~same).sum()), theirs["record_after"]
        memory = theirs.get("memory_after", memory)
    print(f"{name}: {other} of {12 * LEARNERS} slates differ")
    assert other <= 12 * LEARNERS * 1e-3
