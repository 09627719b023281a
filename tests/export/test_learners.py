"""Agents that learn leave as graphs that decide as they do: with a memory, and within what a log supports."""

import numpy as np
import onnxruntime
import pytest
import torch

from adaptlearn.agents import shelf
from adaptlearn.core.record import ViewSpec
from adaptlearn.export import graph, ports

LEARNERS, STEPS = 64, 12


@pytest.mark.parametrize("name", ["recurrent", "cql"])
def test_the_graph_of_a_learner_decides_as_it_does_in_torch(name, tiny):
    """Weights as they begin; memory is carried from step to step, each side keeping its own."""
    agent, dice = shelf.build(name, tiny), np.random.default_rng(0)
    blob = graph.to_onnx(agent, tiny.tracer, tiny.features.shape[1])
    session = onnxruntime.InferenceSession(blob, providers=["CPUExecutionProvider"])
    decision, spec = graph.Decision(agent, tiny.tracer), ViewSpec(len(tiny.skills))
    sizes = {"learners": LEARNERS, "activities": len(tiny.activities), "shown": 1, "places": 1}
    wanted = ports.inputs_of(len(tiny.skills), tiny.features.shape[1], agent.memory_size, agent.luck_size)
    records, memory = np.tile(spec.newcomer(tiny.tracer), (LEARNERS, 1)), np.zeros((LEARNERS, agent.memory_size), "f")
    moved = 0.0
    for step in range(STEPS):
        given = {port.name: dice.random([sizes.get(d, d) for d in port.shape]).astype(port.kind) for port in wanted}
        asked = np.floor(3.0 * dice.random((LEARNERS, len(tiny.skills)))).astype("f")
        given |= {"record": records, "catalogue": tiny.features, "items": asked, "correct": np.floor(asked / 2.0),
                  "temperature": np.ones(1, "f"), "now": np.full((LEARNERS, 1), 2.0 + step, "f")}  # fmt: skip
        given["mask"] = dice.random((LEARNERS, len(tiny.activities))) < 0.7
        given["mask"][:, 0] = True
        given["happened"][:, 0], given["happened"][:, 1] = 1.0, 1.0 + step
        given |= {"memory": memory} if agent.memory_size else {}
        with torch.inference_mode():
            ours = decision({key: torch.from_numpy(np.array(value)) for key, value in given.items()})
        theirs = dict(zip([o.name for o in session.get_outputs()], session.run(None, given), strict=True))
        np.testing.assert_allclose(ours["probabilities"], theirs["probabilities"], atol=1e-6)
        if agent.memory_size:
            np.testing.assert_allclose(ours["memory_after"], theirs["memory_after"], atol=1e-5)
            moved += float(np.abs(theirs["memory_after"] - memory).max())
            memory = theirs["memory_after"]
        records = theirs["record_after"]
    assert (moved > 0.1) == bool(agent.memory_size)
