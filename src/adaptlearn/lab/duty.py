"""What the verbs on duty share: a store that is there, who decides in it, and which tenant is meant."""

from pathlib import Path
from typing import Any

DATABASE = "sqlite:///adaptlearn-serve.db"  #: must be that of export.serve.settings


def opened(database: str) -> Any:
    """The store of a service.

    Raises:
        ValueError: a file that is not there; a verb that looks makes none.
    """
    from adaptlearn.export.serve.settings import Settings
    from adaptlearn.export.serve.store import Store

    url = Settings(database).database
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        raise ValueError(f"database={database}: no such file; needed the store of a service, e.g. database={DATABASE}")
    return Store(url)


def fleet_of(store: Any) -> Any:
    """Who decides, and every bundle that ever did.

    Raises:
        Refused: no champion yet.
    """
    from adaptlearn.export.serve.policies import Policies

    return Policies(store).fleet()


def tenant_of(store: Any, tenant: str | None) -> str:
    """The tenant that is meant: the one named, else the only one there is.

    Raises:
        ValueError: there are several, or none.
    """
    with store.reading() as t:
        known = list(dict.fromkeys(owner for owner, _ in store.learners(t)))
    if tenant is None and len(known) == 1:
        return str(known[0])
    if tenant not in known:
        needed = f"one of {', '.join(known)}, e.g. tenant={known[0]}" if known else "a store with a learner in it"
        raise ValueError(f"tenant={tenant}; needed {needed}")
    return tenant
