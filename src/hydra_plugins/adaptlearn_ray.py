"""Hydra's launcher on Ray: each job of a sweep is a task (``launcher=ray``).

It stands here because Hydra takes launchers from the namespace ``hydra_plugins`` only. Hydra imports this file whenever
it starts, so nothing heavy is imported before it is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher


@dataclass
class Config:
    """Keys below ``hydra.launcher``."""

    _target_: str = "hydra_plugins.adaptlearn_ray.RayLauncher"
    address: str | None = None  # of a cluster; null: this machine
    cpus: int = 1  # of a job


ConfigStore.instance().store(group="hydra/launcher", name="adaptlearn_ray", node=Config, provider="adaptlearn")


class RayLauncher(Launcher):
    """Jobs on this machine, or on a cluster by its address."""

    def __init__(self, address: str | None = None, cpus: int = 1):
        self.address, self.cpus = address, cpus
        self.context: Any = None
        self.config: Any = None
        self.task: Any = None

    def setup(self, *, hydra_context: Any, task_function: Any, config: Any) -> None:
        """What Hydra hands over before it launches."""
        self.context, self.task, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[Any]:
        """Run the jobs; one whose worker died is run again."""
        from hydra.core.singleton import Singleton
        from hydra_plugins.hydra_joblib_launcher._core import execute_job

        from adaptlearn.lab.cluster import remote, started

        ray, state = started(self.address), Singleton.get_state()
        run = remote(ray, execute_job, self.cpus)
        jobs = [
            run.remote(initial_job_idx + number, list(words), self.context, self.config, self.task, state)
            for number, words in enumerate(job_overrides)
        ]
        done: Sequence[Any] = ray.get(jobs)
        return done
