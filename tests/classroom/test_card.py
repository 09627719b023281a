"""A room on a graphics card: the same lives as on a processor, and refusals in words.

Bit for bit they need not be the same: a card's exp, log and division differ in the last places, and where a draw falls
into that gap a life parts from its twin. What must agree is the law, and with it nearly every single life.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from adaptlearn.classroom import card
from adaptlearn.classroom.layout import EVENT
from adaptlearn.classroom.room import LIFE, Classroom
from adaptlearn.envs.registry import rules

HERE = Path(__file__).parent
simulator = pytest.mark.skipif(importlib.util.find_spec("numba_cuda") is None,
                               reason="needs numba-cuda: pip install 'adaptlearn[cuda]'")  # fmt: skip
on_card = pytest.mark.skipif(bool(card.absent()), reason=f"needs a graphics card: {card.absent()}")


@simulator
@pytest.mark.parametrize(("law", "decides"), [
    ("bkt", "assign"),
    pytest.param("bkt", "offer", marks=pytest.mark.long),
    pytest.param("workplace", "assign", marks=pytest.mark.long),
])  # fmt: skip
def test_under_the_simulator_both_rooms_live_the_same_lives(law, decides):
    settings = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    done = subprocess.run([sys.executable, HERE / "simulated_card.py", law, decides], env=settings, text=True,
                          capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert {name: value for name, value in told["apart"].items() if value > 2e-6} == {}
    assert told["restored"] and told["reborn"] > 0


def test_bits_are_the_bytes_of_a_mask_in_order():
    from adaptlearn.classroom.packing import words

    table = np.random.default_rng(3).random((5, 111)) < 0.4
    there = card.bits(words(table))
    assert there.shape == (5, 2)
    ones = (there[:, :, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    np.testing.assert_array_equal(ones.reshape(5, -1)[:, :111] > 0, table)


@pytest.mark.parametrize(("world", "why"), [("leadership-v1", "cohorts or calendar"), ("compliance-v1", "its rules")])
def test_what_a_card_does_not_serve_is_refused_in_words(world, why, monkeypatch):
    monkeypatch.setattr(card, "absent", lambda: "")
    with pytest.raises(ValueError, match=f"{world}: .*{why}.*device=cpu"):
        card.CardRoom(rules(world), 4, 1)


def test_without_a_card_it_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(card, "absent", lambda: "no NVIDIA card, or no driver for one")
    with pytest.raises(ValueError, match="device = 'cuda': no NVIDIA card.*device=cpu"):
        card.maker("cuda")(rules("tiny-v1"), 4, 1)
    with pytest.raises(ValueError, match="device = 'tpu'; needed cpu or cuda"):
        card.maker("tpu")


# --- on a card ------------------------------------------------------------------------------------------------------

LIVED = ("value", "minutes", "motivation", "completed", "step")
TOLD = ("items", "correct", "stars")


def whole_lives(kind, given, ids, choose):
    """Ends of whole lives, and what was told on the way.   -> [N, J]"""
    room = kind(given, len(ids), 7).begin(ids)
    told, left, pay = np.zeros((len(ids), len(TOLD))), np.zeros(len(ids)), np.zeros(len(ids))
    columns = [EVENT.index(name) for name in TOLD]
    while bool(room.alive.any()):
        alive = plain(room.alive)
        choose(room)
        room.step()
        told += plain(room.event)[:, columns] * alive[:, None]
        left, pay = left + plain(room.flags)[:, 0], pay + plain(room.pay)
    life = plain(room.life)
    return np.column_stack([*(life[:, LIFE[name]] for name in LIVED), told, left, pay])


def plain(values):
    return torch.as_tensor(values).double().cpu().numpy()


def favouring(room):
    """A policy that prefers some activities, the same in both rooms."""
    wishes = np.random.default_rng(5).normal(size=room.mask.shape[1]).astype(np.float32)
    scores = np.tile(wishes, (room.n, 1))
    room.choose(torch.from_numpy(scores).to(room.device) if isinstance(room, card.CardRoom) else scores, 0.5)


@on_card
@pytest.mark.parametrize("choose", [lambda room: room.wander(), favouring], ids=["uniform", "favouring"])
@pytest.mark.parametrize(("law", "mandatory"), [("bkt", True), ("workplace", True), ("workplace", False)])
def test_the_same_learners_live_alike_on_both(law, mandatory, choose):
    given = rules("tiny-v1" if law == "bkt" else "onboarding-v1", law=law, mandatory=mandatory)
    ids = np.arange(8192, dtype=np.uint64)
    mine, theirs = (whole_lives(kind, given, ids, choose) for kind in (card.CardRoom, Classroom))
    difference = mine - theirs
    half = 1.96 * difference.std(0, ddof=1) / np.sqrt(len(ids))
    spread = theirs.std(0) + 1e-9
    assert (np.abs(difference.mean(0)) <= half + 1e-5 * spread + 1e-6).all()  # no shift beyond its own noise
    assert (half <= 0.01 * spread + 1e-6).all()  # and the interval is narrow
    alike = (np.abs(difference) <= 1e-3 * (1.0 + np.abs(theirs))).all(1)
    assert alike.mean() > 0.99  # lives that part at a draw are the exception


@on_card
def test_autoreset_on_a_card_bears_the_learners_that_a_processor_bears():
    given = rules("tiny-v1", law="bkt", mandatory=False)
    mine, theirs = (kind(given, 1000, 3, autoreset=True).begin() for kind in (card.CardRoom, Classroom))
    for _ in range(25):
        for room in (mine, theirs):
            room.wander()
            room.step()
    same = plain(mine.slots)[:, 1] == theirs.slots[:, 1]
    assert same.mean() > 0.99 and theirs.slots[:, 1].max() > 0
    np.testing.assert_array_equal(mine.ids.cpu().numpy().view(np.uint64)[same], theirs.ids[same])
    np.testing.assert_array_equal(plain(mine.mask)[same].sum(1), theirs.mask[same].sum(1))


@on_card
def test_a_recorded_graph_lives_the_same_lives():
    given = rules("tiny-v1", law="bkt")
    rooms = [card.CardRoom(given, 500, 3, autoreset=True).begin() for _ in range(2)]
    for room in rooms:  # compiled before anything is recorded
        room.wander()
        room.step()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        rooms[0].wander()
        rooms[0].step()
    for _ in range(10):
        graph.replay()
        rooms[1].wander()
        rooms[1].step()
    assert bool((rooms[0].view == rooms[1].view).all())
