"""An agent and the belief that it reads leave as one graph, which decides as torch does."""

import numpy as np
import onnxruntime
import pytest
import torch

from adaptlearn.agents import shelf
from adaptlearn.agents.belief import Belief
from adaptlearn.agents.believing import Believing
from adaptlearn.classroom.room import Classroom
from adaptlearn.core.policy import Head
from adaptlearn.envs.registry import rules
from adaptlearn.export import graph

N, STEPS = 200, 25


@pytest.fixture(scope="module")
def policy():
    world = rules("tiny-v1").world
    made = Believing(shelf.build("linear", world), Belief.for_world(world, hidden=8, context=8, seed=4))
    made.head = Head(1.0)
    return made


@pytest.fixture(scope="module")
def blob(policy):
    world = rules("tiny-v1").world
    return graph.to_onnx(policy, world.tracer, world.features.shape[1])


@pytest.mark.long
def test_the_same_agent_and_belief_are_the_same_bytes(policy, blob):
    world = rules("tiny-v1").world
    assert graph.to_onnx(policy, world.tracer, world.features.shape[1]) == blob


def test_the_graph_of_agent_and_belief_scores_as_torch_does_along_whole_lives(policy, blob):
    """Real lives: the memory goes round in each by itself, and the two may not drift apart."""
    terms = rules("tiny-v1", catalogue="usual_error")
    world, room = terms.world, Classroom(terms, N, 3).begin(np.arange(N))
    session = onnxruntime.InferenceSession(blob, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    decision, theirs = graph.Decision(policy, world.tracer), {"memory_after": np.zeros((N, policy.memory_size))}
    memory, off, shown = torch.zeros(N, policy.memory_size), 0.0, []
    for _ in range(STEPS):
        given = asked(room, theirs["memory_after"])
        theirs = dict(zip(names, session.run(None, given), strict=True))
        with torch.inference_mode():
            tensors = {name: torch.from_numpy(np.array(value)) for name, value in given.items()}
            ours = decision(tensors | {"memory": memory})
        memory = ours["memory_after"]
        off = max(off, float(np.abs(ours["probabilities"].numpy() - theirs["probabilities"]).max()))
        shown.append(memory.std(0))
        room.wander()
        room.step()
    assert off < 1e-6
    assert (torch.stack(shown).amax(0) > 0).float().mean() > 0.8  # there was something to drift


def asked(room, memory):
    """A decision's inputs where nothing new is told: the room keeps the record."""
    n, (k, f), spec = room.n, (len(room.rules.world.skills), room.rules.world.features.shape[1]), room.spec
    nothing = {"happened": (n, 6), "offered": (n, 1, f), "taken": (n, f), "about": (n, f), "items": (n, k),
               "correct": (n, k)}  # fmt: skip
    given = {name: np.zeros(shape) for name, shape in nothing.items()}
    terms = room.terms
    profile = np.zeros((n, spec.profile_size))
    profile[:, :k] = room.view[:, spec.at("target")]
    profile[:, k : k + 4] = np.stack([np.full(n, terms.mandatory), room.trait("weekly_minutes"),
                                      np.full(n, terms.horizon), np.full(n, terms.retention_day)], 1)  # fmt: skip
    profile[:, k + 4 :] = room.view[:, spec.at("motive").start : spec.at("stated").stop]
    given |= {"record": room.rec, "profile": profile, "now": room.now("day")[:, None], "memory": memory,
              "catalogue": room.rules.world.features, "history": room.history(), "temperature": np.ones(1),
              "luck": np.full((n, 1), 0.5)}  # fmt: skip
    return {name: np.ascontiguousarray(value, np.float32) for name, value in given.items()} | {"mask": room.mask > 0}
