"""The golden play of every world on the shelf is still the play of that world."""

import pytest

from adaptlearn.core.shelf import names, where
from adaptlearn.core.world import load
from adaptlearn.envs import golden


@pytest.mark.parametrize("world", names("envs"))
def test_the_world_still_plays_as_written(world: str) -> None:
    file = where(world) / golden.FILE
    assert file.exists(), f"{world} has no {golden.FILE}; needed: python -m adaptlearn.envs.golden {world}"
    meant = "if the change is meant: python -m adaptlearn.envs.golden"
    assert golden.play(load(world)) == file.read_text("utf-8"), meant
