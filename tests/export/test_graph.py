"""One graph decides as torch does: over random events, long episodes, slates, and catalogues that change."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from adaptlearn.core import luck
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.record import PROFILE, ViewSpec
from adaptlearn.export import graph
from adaptlearn.export.graph import Decision, NotExportable
from adaptlearn.export.record import Event

LEARNERS, STEPS = 400, 300
EDGE = 1e-5  # luck this close to an edge may fall on either side


@pytest.fixture(scope="module")
def blob(tiny, small):
    return graph.to_onnx(small, tiny.tracer, tiny.features.shape[1])


def session_of(blob):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(blob, options, providers=["CPUExecutionProvider"])


class Days:
    """Random events of many learners, without a classroom: anything a platform might send."""

    def __init__(self, world, n, seed=0):
        self.world, self.n, self.k, self.seed = world, n, len(world.skills), seed
        self.day = np.zeros((n, 1), np.float32)
        told = np.zeros((n, len(PROFILE)), np.float32)
        told[:, :4] = 1.0, 90.0, 60.0, 90.0
        told[np.arange(n), 4 + np.arange(n) % 4] = told[np.arange(n), 8 + np.arange(n) % 4] = 1.0
        target = world.targets[np.zeros(n, int)]
        self.profile = np.concatenate([target, told], 1).astype(np.float32)
        self.record = np.tile(ViewSpec(self.k).newcomer(world.tracer), (n, 1))

    def u(self, step, what, *shape):
        draws = np.arange(int(np.prod(shape, initial=1))) + 1000 * what
        return luck.uniform(self.seed, luck.TRIAL, np.arange(self.n)[:, None], step, draws).reshape(self.n, *shape)

    def shelf(self, step):
        """Every third step: a fifth of the activities withdrawn, a fifth new."""
        rows = self.world.features
        if step % 3 != 2:
            return rows
        keep = [a for a in range(len(rows)) if a == 0 or (a + step) % 5]
        new = rows[1 + np.arange(max(len(rows) // 5, 1))].copy()
        new[:, 3 * self.k + FEATURES.index("minutes")] += 3.5
        return np.concatenate([rows[keep], new])

    def call(self, step, places):
        """Inputs of one call: what happened since the last one, and the decision now."""
        k, rows = self.k, self.shelf(step)
        shown = rows[(self.u(step, 1, 2) * len(rows)).astype(int)]
        outcome = (self.u(step, 2, 1) * 4).astype(int)
        took = (outcome == 1) | (outcome == 2)
        done = took & (self.u(step, 3, 1) < 0.8)
        asked = np.floor(3 * self.u(step, 4, k)) * (self.u(step, 5, k) < 0.4) * done
        happened = [
            self.u(step, 6, 1) < 0.9,
            self.day,
            outcome,
            done,
            30 * self.u(step, 7, 1) * took,
            np.ceil(5 * self.u(step, 8, 1)) * (self.u(step, 9, 1) < 0.3) * done,
        ]
        about = shown[:, 1] * (self.u(step, 10, 1) < 0.5)
        seen = self.u(step, 11, len(rows)) < 0.3
        mask = self.u(step, 12, len(rows)) < 0.7
        mask[:, 0] = True
        self.day = (self.day + 3 * self.u(step, 13, 1)).astype(np.float32)
        floats = {
            "record": self.record,
            "happened": np.concatenate(happened, 1),
            "offered": shown,
            "taken": shown[:, 0] * took,
            "about": about,
            "items": asked,
            "correct": np.floor(asked * self.u(step, 14, k)),
            "profile": self.profile,
            "now": self.day,
            "catalogue": rows,
            "temperature": [1.0, 0.0, 0.3][step % 3] * np.ones(1),
            "history": np.stack([0.5 * seen, seen * self.u(step, 15, len(rows)), seen], 2),
            "luck": self.u(step, 16, places),
        }
        return {name: np.ascontiguousarray(value, np.float32) for name, value in floats.items()} | {"mask": mask}


def test_torch_and_onnxruntime_decide_alike_over_long_episodes(tiny, small, blob):
    """Probabilities within 1e-6; no other choice unless luck lies within 1e-5 of an edge; records do not drift."""
    session, module, days = session_of(blob), Decision(small, tiny.tracer), Days(tiny, LEARNERS)
    names = [value.name for value in session.get_outputs()]
    events = otherwise = drawn = 0
    off = drift = 0.0
    own = torch.from_numpy(days.record)
    with torch.inference_mode():
        for step in range(STEPS):
            given = days.call(step, places=1 + step % 4)
            theirs = dict(zip(names, session.run(None, given), strict=True))
            tensors = {name: torch.from_numpy(np.array(value)) for name, value in given.items()}
            ours = {name: value.numpy() for name, value in module(tensors).items()}
            for name in ("probabilities", "mastery", "preference"):
                off = max(off, float(np.abs(ours[name] - theirs[name]).max()))
            same = np.logical_and.accumulate(ours["choice"] == theirs["choice"], axis=1)
            at_edge = np.abs(theirs["probabilities"].cumsum(1) - given["luck"][:, :1]).min(1) < EDGE
            assert same[~at_edge, 0].all()
            assert np.abs(ours["propensity"] - theirs["propensity"])[same].max() < 1e-6
            own = module.keeper.observe(own, Event(*(tensors[name] for name in Event._fields)))
            drift = max(drift, float((own - torch.from_numpy(theirs["record_after"])).abs().max()))
            otherwise, drawn = otherwise + int((~same).sum()), drawn + same.size
            events += int(given["happened"][:, 0].sum())
            days.record = theirs["record_after"]
    print(f"{events} events, {drawn} places: probabilities off by {off:.1e}, records by {drift:.1e}")
    print(f"{otherwise} other choices; only luck within {EDGE:g} of an edge may make one")
    assert events > 1e5
    assert off < 1e-6
    assert drift < 1e-3  # totals reach thousands of minutes
    assert otherwise <= 1e-4 * drawn


def test_where_nothing_happened_the_record_stays_as_it_was(tiny, blob):
    given = Days(tiny, 5).call(0, places=1)
    given["happened"][:, 0] = 0.0
    assert np.array_equal(session_of(blob).run(["record_after"], given)[0], given["record"])


def test_two_exports_are_identical_bytes_and_say_nothing_of_the_machine(tiny, make_small, blob):
    assert graph.to_onnx(make_small(len(tiny.skills)), tiny.tracer, tiny.features.shape[1]) == blob
    model = onnx.load_from_string(blob)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", graph.OPSET)]
    parts = [model, model.graph, *_every_node(model.graph)]
    assert not any(len(part.metadata_props) or part.doc_string for part in parts)
    assert not any(word in blob for word in (b"site-packages", b".py", b"torch", b"/home", b"/root", b"/tmp"))


def _every_node(part):
    for node in part.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _every_node(attribute.g)


def test_memory_and_thoughts_are_ports_of_their_own(tiny, make_small):
    policy = make_small(len(tiny.skills), memory=3, thought=2)
    session = session_of(graph.to_onnx(policy, tiny.tracer, tiny.features.shape[1]))
    given = Days(tiny, 6).call(0, places=2)
    given |= {"memory": np.full((6, 3), 0.25, np.float32), "thought": np.full((6, 2), 0.5, np.float32)}
    theirs = dict(zip([value.name for value in session.get_outputs()], session.run(None, given), strict=True))
    with torch.inference_mode():
        ours = Decision(policy, tiny.tracer)({name: torch.from_numpy(np.array(value)) for name, value in given.items()})
    assert "memory_after" in theirs
    for name, its in theirs.items():
        np.testing.assert_allclose(ours[name].numpy(), its, atol=1e-6)


class Oracle:
    name = "oracle"

    def decide(self, classroom):
        return classroom.ids


@pytest.mark.parametrize(
    ("policy", "words"), [(Oracle(), "ceiling"), (object(), "torch.nn.Module"), (torch.nn.Linear(1, 1), "without name")]
)
def test_what_is_no_policy_is_refused(policy, words, tiny):
    with pytest.raises(NotExportable, match=words):
        graph.to_onnx(policy, tiny.tracer, tiny.features.shape[1])


def test_a_policy_that_fixes_its_catalogue_is_refused(tiny, make_small):
    class Fixed(make_small):
        def forward(self, view, catalogue, history, memory, luck):
            return view[:, :1] + torch.arange(4.0), memory

    with pytest.raises(NotExportable, match="any number"):
        graph.to_onnx(Fixed(len(tiny.skills)), tiny.tracer, tiny.features.shape[1])
