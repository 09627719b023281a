"""Beyond one machine, on Ray: lives in fixed blocks of learners (``compute=ray``).

A learner's life depends on rules, policy, seed and identity alone (in cohorts: on the identities of the cohort), so
where a block is computed changes nothing, and a block whose worker died is computed again. Ray is an extra; nothing
here is imported before it is asked for.
"""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.rounds import portions
from adaptlearn.classroom.simulate import CHUNK, Lives, simulate
from adaptlearn.core.log import EventLog
from adaptlearn.core.policy import Orchestrator

AGAIN = 20  # times a block is begun anew after its worker died


def lives_on(compute: str, address: str | None) -> Callable[..., Lives]:
    """``classroom.simulate.simulate``, here or on Ray: the same lives either way.   compute: here | ray

    Raises:
        ValueError: another word.
        ImportError: Ray is not installed.
    """
    if compute == "here":
        return simulate
    if compute != "ray":
        raise ValueError(f"compute={compute}; needed here or ray, e.g. compute=ray")
    return partial(sharded, started(address))


def started(address: str | None) -> Any:
    """Ray, connected to a cluster or begun on this machine.

    Raises:
        ImportError: it is not installed.
        OSError: no cluster answers there.
    """
    try:
        import ray
    except ImportError as error:
        raise ImportError(
            "Ray is not installed; needed pip install 'adaptlearn[ray]', or compute=here, launcher=here"
        ) from error
    if not ray.is_initialized():
        quiet = {"env_vars": {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}}
        try:
            if address and (at := re.fullmatch(r"([^:/]+):(\d+)", address)):  # Ray itself would wait for many minutes
                socket.create_connection((at[1], int(at[2])), timeout=10).close()
            ray.init(address=address, include_dashboard=None if address else False, log_to_driver=False,
                     logging_level="warning", runtime_env=quiet)  # fmt: skip
        except (OSError, RuntimeError) as error:
            raise OSError(f"no Ray cluster answers at {address} ({error}); needed one begun by `ray start`") from error
    return ray


def remote(ray: Any, task: Callable[..., Any], cpus: int) -> Any:
    """A task that is begun anew if its worker dies."""
    return ray.remote(num_cpus=cpus, max_retries=AGAIN)(task)


def sharded(
    ray: Any, policy: Any, rules: Any, ids: ArrayLike, seed: int, *, log: bool = False, threads: int = 1,
    before: Callable[[Classroom], None] | None = None, progress: Callable[[int, int], None] | None = None,
    orchestrator: Orchestrator | None = None,
) -> Lives:  # fmt: skip
    """As ``simulate``, in blocks of about ``CHUNK`` learners, each on whatever worker is free; none splits a cohort.

    ``before`` and ``orchestrator`` travel to the workers, and what they keep to themselves stays there.

    Raises:
        ValueError: no learners, or one named twice.
    """
    who, company = np.asarray(ids, np.uint64).ravel(), (before, orchestrator)
    rows = portions(rules.world.cohorts, who, CHUNK)
    if len(rows) < 2 or len(np.unique(who)) < len(who):
        return simulate(policy, rules, who, seed, log=log, threads=threads, before=before, progress=progress,
                        orchestrator=orchestrator)  # fmt: skip
    shared, block = ray.put((policy, rules, company)), remote(ray, _block, threads)
    waiting = {block.remote(shared, who[part], seed, log, threads): at for at, part in enumerate(rows)}
    parts: dict[int, Lives] = {}
    while waiting:
        ready, _ = ray.wait(list(waiting), num_returns=1)
        at = waiting.pop(ready[0])
        parts[at] = ray.get(ready[0])
        if progress is not None:
            progress(sum(len(part.ids) for part in parts.values()), len(who))
    return joined([parts[at] for at in sorted(parts)]).in_order(np.argsort(np.concatenate(rows)))


def _block(shared: tuple[Any, Any, Any], ids: Any, seed: int, log: bool, threads: int) -> Lives:
    policy, rules, (before, orchestrator) = shared
    return simulate(policy, rules, ids, seed, log=log, threads=threads, before=before, orchestrator=orchestrator)


def joined(parts: Sequence[Lives]) -> Lives:
    """Blocks of learners as one, in the order given."""
    columns = {
        f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Lives) if f.name != "log"
    }
    logs = [part.log for part in parts if part.log is not None]
    if not logs:
        return Lives(**columns)
    rows = {name: np.concatenate([log.columns[name] for log in logs]) for name in logs[0].columns}
    order = np.lexsort((rows["step"], rows["learner"]))
    whole = EventLog({name: column[order] for name, column in rows.items()}, logs[0].policy, logs[0].policy_version,
                     logs[0].provenance)  # fmt: skip
    return Lives(**columns, log=whole)
