"""``evaluate``: which worlds its table has."""

import json

import pytest

from adaptlearn.lab import compose, evaluating

SMALL = ["env=tiny-v1", "agents=[random]", "learners=8", "format=json"]


@pytest.mark.parametrize(
    ("words", "worlds"),
    [
        ([], {("workplace", "null"), ("workplace", "contested"), ("bkt", "null"), ("bkt", "contested")}),
        (["law=bkt"], {("bkt", "null"), ("bkt", "contested")}),
        (["meshing=null"], {("workplace", "null"), ("bkt", "null")}),
        (["law=bkt", "meshing=weak"], {("bkt", "weak")}),
        (["laws=[bkt,hlr]", "meshings=[null]"], {("bkt", "null"), ("hlr", "null")}),
    ],
)
def test_a_choice_of_one_world_narrows_the_table_to_it(words, worlds, capsys):
    evaluating.run(compose.compose("evaluate", evaluating.Config, [*SMALL, *words]))
    rows = json.loads(capsys.readouterr().out)
    assert {(row["law"], row["meshing"]) for row in rows} == worlds
