"""What every test shares: one thread per library, quiet tools, and the folder of real logs where there is one."""

import os
import sys
from pathlib import Path

# Before NumPy or PyTorch is imported: two workers with two threads each would wait for one another. Numba's own
# default is one thread (an argument of the classroom); its pool stays at two so that tests can ask for a second.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["NUMBA_NUM_THREADS"] = "2"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MPLBACKEND"] = "Agg"

import pytest  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # helpers that several folders share: ``tensors``


#: Files that take longest, longest first; the two that begin side by side do not compile the same rooms.
LONGEST = (
    "docs/test_docs", "tracing/test_hierarchical", "envs/test_pathways", "classroom/test_rounds", "export/test_shelf",
    "serve/test_durability", "lab/test_sweeping", "export/test_belief_graph", "export/test_calendar", "agents/test_ppo",
    "lab/test_registry", "agents/test_ladder", "lab/test_outside", "evaluation/test_pilot", "serve/test_openapi",
    "agents/test_rules", "evaluation/test_evidence", "export/test_hindsight", "lab/test_reporting", "lab/test_tuning",
    "classroom/test_cache", "agents/test_plans", "tracing/test_estimator", "tests/test_notebooks",
    "lab/test_calibrating", "export/test_learners", "agents/test_together", "agents/test_offline",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files come first: what is left for the end are short ones, so that no process waits long for the other."""

    def rank(item: pytest.Item) -> int:
        name = item.path.with_suffix("").as_posix()
        return next((place for place, end in enumerate(LONGEST) if name.endswith(f"/{end}")), len(LONGEST))

    items.sort(key=rank)


def logs_folder() -> Path:
    """Where real learner logs are looked for: ADAPTLEARN_DATA, else ../shared/data beside the checkout."""
    return Path(os.environ.get("ADAPTLEARN_DATA") or ROOT.parent / "shared" / "data")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked ``reallog`` runs where the logs are, and says where they were looked for where they are not."""
    if item.get_closest_marker("reallog") and not logs_folder().is_dir():
        pytest.skip(f"no real logs in {logs_folder()}; set ADAPTLEARN_DATA to the folder that holds them")


@pytest.fixture(scope="session")
def real_logs() -> Path:
    """The folder of real learner logs."""
    if not logs_folder().is_dir():
        pytest.skip(f"no real logs in {logs_folder()}; set ADAPTLEARN_DATA to the folder that holds them")
    return logs_folder()


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    """A sqlite store without runs: it costs seconds to make, a copy of it nothing."""
    from adaptlearn.lab import outbox

    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    outbox.make(f"sqlite:///{file}")
    return file


@pytest.fixture
def command(capsys):
    """``adaptlearn`` in this process: words -> exit status, what it printed, what it complained of."""
    from adaptlearn.lab.main import main

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run
