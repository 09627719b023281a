"""The book of a search: Optuna's trials in one sqlite file, asked in an order that does not depend on timing."""

import json
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

FIRST = 5  #: trials at random before the sampler learns from them, and before any is stopped early
WARMUP = 2  #: rounds of training that no trial is stopped in


@contextmanager
def opened(home: Path, name: str, identity: str) -> Iterator[Any]:
    """The study in ``home/study.db``, made if it is not there; one process at a time.

    Raises:
        ValueError: it is being worked on, or belongs to another space or code.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    home.mkdir(parents=True, exist_ok=True)
    file, lock = home / "study.db", FileLock(home / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"{home} is being worked on; needed another name, e.g. study={name}-2") from None
    try:
        if not file.exists():
            draft = home / f".study.{os.getpid()}"
            made = optuna.create_study(study_name=name, storage=f"sqlite:///{draft}", direction="maximize")
            made.set_user_attr("identity", identity)
            os.replace(draft, file)
        study = optuna.load_study(study_name=name, storage=f"sqlite:///{file}")
        if study.user_attrs.get("identity") != identity:
            raise ValueError(
                f"study={name} searched another space, or with other code; needed a new name, e.g. {name}-2"
            )
        yield study
    finally:
        lock.release()


def spread_out(space: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested space as dotted keys, each with Optuna's distribution.

    Raises:
        ValueError: neither bounds nor a list.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    out: dict[str, Any] = {}
    for key, spec in space.items():
        name = f"{prefix}{key}"
        if isinstance(spec, list) and spec:
            out[name] = CategoricalDistribution(spec)
        elif isinstance(spec, Mapping) and {"low", "high"} <= spec.keys():
            whole = isinstance(spec["low"], int) and isinstance(spec["high"], int)
            try:
                out[name] = (IntDistribution if whole else FloatDistribution)(**spec)
            except (TypeError, ValueError) as error:
                raise ValueError(f"space.{name}: {error}; needed e.g. {{low: 0.001, high: 0.1, log: true}}") from error
        elif isinstance(spec, Mapping) and not {"low", "high", "log", "step"} & spec.keys():
            out |= spread_out(spec, f"{name}.")
        else:
            raise ValueError(
                f"space.{name} = {spec}; needed bounds or a list, e.g. {{low: 0.001, high: 0.1, log: true}}"
            )
    return out


def by_number(study: Any) -> dict[int, Any]:
    """Trials as they stand."""
    return {trial.number: trial for trial in study.get_trials(deepcopy=False)}


def ended(study: Any) -> set[int]:
    """Numbers of trials that are over."""
    return {number for number, trial in by_number(study).items() if trial.state.is_finished()}


def asked(study: Any, number: int, known: Mapping[int, Any], space: dict[str, Any], seed: int) -> dict[str, Any]:
    """What trial ``number`` tries: what it was trying when it was killed, or what the sampler makes of ``known``."""
    import optuna

    waiting = by_number(study).get(number)
    if waiting is not None:
        return dict(waiting.params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=(seed * 1_000_003 + number) % 2**32, n_startup_trials=FIRST, multivariate=True
        )
    thought = optuna.create_study(direction="maximize", sampler=sampler)
    thought.add_trials([known[n] for n in sorted(known)])
    params = thought.ask(space).params
    state = optuna.trial.TrialState.RUNNING
    study.add_trial(optuna.trial.create_trial(state=state, params=params, distributions=space))
    return dict(params)


def complete(study: Any) -> list[Any]:
    """Trials that ran to their end, in order; the value of one stopped early is no gain but the last it told."""
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]


def curves(known: Mapping[int, Any]) -> list[dict[int, float]]:
    """The watched numbers of the trials that ran to their end."""
    return [dict(known[n].intermediate_values) for n in sorted(known) if known[n].state.name == "COMPLETE"]


def judge(others: list[dict[int, float]]) -> Callable[[float, int], bool]:
    """Whether a trial lags behind the median of the others at the same step (Optuna's rule)."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=FIRST, n_warmup_steps=WARMUP)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    for curve in others:
        study.add_trial(optuna.trial.create_trial(value=0.0, intermediate_values=curve))
    trial = study.ask()

    def hopeless(value: float, step: int) -> bool:
        trial.report(value, step)
        return trial.should_prune()

    return hopeless


def settled(study: Any, number: int, outcome: dict[str, Any]) -> None:
    """Write down how a trial ended."""
    import optuna

    trial = optuna.trial.Trial(study, by_number(study)[number]._trial_id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a step that was reported before the crash is reported once more
        for step, value in outcome["curve"].items():
            trial.report(value, step)
    if outcome["error"]:
        trial.set_user_attr("error", outcome["error"])
    state = optuna.trial.TrialState[outcome["state"]]
    study.tell(number, outcome["value"], state)


def typed(value: Any) -> str:
    """A value as it would be typed, in as many digits as are needed."""
    return json.dumps(value) if not isinstance(value, str) else value
