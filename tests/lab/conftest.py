"""A store costs seconds to make; a copy of one costs nothing."""

import shutil
from pathlib import Path

import pytest

from adaptlearn.lab import outbox


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    """A sqlite store without runs."""
    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    outbox.make(f"sqlite:///{file}")
    return file


@pytest.fixture
def store(template, tmp_path) -> str:
    """The address of a store of one's own."""
    shutil.copy(template, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"
