"""Every column of a catalogue moves some outcome, mask or cost, or the world's card calls it "information only"."""

import csv
import re
import shutil
from functools import cache

import numpy as np
import pytest
from plays import play

from adaptlearn.core.shelf import where
from adaptlearn.envs.registry import rules

IDS = np.arange(400)
FOLDER = where("tiny-v1")
COLUMNS = next(csv.reader((FOLDER / "activities.csv").open(encoding="utf-8", newline="")))
INFORMATION = re.findall(r"`(\w+)`", next(
    line for line in (FOLDER / "card.md").read_text("utf-8").splitlines() if line.startswith("**Information only:**")
))  # fmt: skip
OUTCOMES = ("mask", "event", "answers", "life", "mind", "rec", "visits", "flags")

# column: (activity, what it says instead)
CHANGED = {
    "id": ("greeting-video", "greeting-film"),  # hidden truth is drawn per name
    "title": ("greeting-video", "Something else entirely"),
    "teaches": ("greeting-video", "greeting:0.5"),
    "competencyRequired": ("listening-reading", "greeting;resolving"),
    "assesses": ("greeting-quiz", "greeting:3"),
    "learningResourceType": ("greeting-video", "flipped_prework"),
    "accessMode": ("greeting-video", "auditory:1"),
    "interactivityType": ("greeting-video", "active"),
    "assistance": ("greeting-video", "0.2"),
    "feedback": ("greeting-quiz", "elaborated"),
    "difficulty": ("greeting-quiz", "0.5"),
    "timeRequired": ("greeting-video", "11"),
    "timing": ("greeting-video", "sync_scheduled"),
    "window": ("greeting-video", "5-20"),
    "assessmentRole": ("greeting-quiz", "summative"),
    "place": ("greeting-video", "lab"),
    "delivery": ("greeting-video", "blended"),
    "authenticity": ("greeting-video", "0.9"),
    "social": ("greeting-video", "peer"),
    "staffMinutes": ("greeting-video", "4"),
    "cost": ("greeting-video", "7"),
    "capacity": ("listening-pairs", "2"),
}


def lived(folder):
    """Lives in a world read from a folder, under offers by index and a catalogue that errs as usual."""
    terms = rules(folder, "workplace", catalogue="usual_error", catalogue_seed=2, mandatory=False)
    return play(terms, IDS, steps=12)[1]


@cache
def as_it_stands():
    return lived(FOLDER)


def with_another(column, tmp_path):
    """A copy of the world in which one cell says something else."""
    activity, value = CHANGED[column]
    folder = shutil.copytree(FOLDER, tmp_path / "world")
    file = folder / "activities.csv"
    lines = list(csv.DictReader(file.open(encoding="utf-8", newline="")))
    row = next(line for line in lines if line["id"] == activity)
    assert row[column] != value
    row[column] = value
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(lines)
    return folder


def test_every_column_is_asked_about():
    assert list(CHANGED) == COLUMNS and set(INFORMATION) - {"iri"} <= set(COLUMNS)


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in INFORMATION])
def test_a_column_moves_some_outcome_mask_or_cost(column, tmp_path):
    other = lived(with_another(column, tmp_path))
    moved = {
        name
        for one, two in zip(as_it_stands(), other, strict=True)
        for name in OUTCOMES
        if (one[name] != two[name]).any()
    }
    assert moved


@pytest.mark.parametrize("column", [name for name in COLUMNS if name in INFORMATION])
def test_a_column_that_is_information_moves_nothing(column, tmp_path):
    for one, two in zip(as_it_stands(), lived(with_another(column, tmp_path)), strict=True):
        for name in OUTCOMES:
            np.testing.assert_array_equal(one[name], two[name])
