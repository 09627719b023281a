"""Tracers on ASSISTments 2009-10 with items (Feng, Heffernan & Koedinger 2009): what the best adds to plain BKT."""

import pytest

from adaptlearn.interchange.tables import read
from adaptlearn.lab.tracing import prepared
from adaptlearn.tracing import shelf

pytestmark = pytest.mark.reallog


def test_items_and_counts_beat_plain_bkt_on_held_out_learners(real_logs):
    table = read(real_logs / "assist2009_pid" / "assist2009_pid.csv", preset="assistments2009_items")
    log, notes = prepared(table, merge=True)
    assert len(log["correct"]) == 274_556 and "51,033 rows repeat" in notes[0]
    bkt, shares, best = shelf.compare(log, ["shares", "best_lr"], folds=3)
    assert best.gain.mean - best.gain.half >= 0.03
    assert shares.gain.mean < -0.05  # the null traces nothing, and does not pass for a tracer
