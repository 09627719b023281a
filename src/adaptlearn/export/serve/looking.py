"""Where verbs that look find what they look at: a store that is there, who decides in it, which tenant is meant."""

import os
from pathlib import Path

from .bundled import Refused
from .policies import Fleet, Policies
from .settings import Settings
from .store import Store
from .verbs import DATABASE


def opened(database: str | None) -> Store:
    """The store of a service.

    Raises:
        Refused: a file that is not there; a verb that looks makes none.
    """
    url = Settings(database or os.environ.get(DATABASE) or Settings.database).database
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        raise Refused("database", url, "the store of a service, which is there", "database=sqlite:///learners.db")
    return Store(url)


def fleet_of(store: Store) -> Fleet:
    """Who decides, and every bundle that ever did.

    Raises:
        Refused: no champion yet.
    """
    return Policies(store).fleet()


def tenant_of(store: Store, tenant: str | None) -> str:
    """The tenant that is meant: the one named, else the only one there is.

    Raises:
        Refused: there are several, or none.
    """
    with store.reading() as t:
        known = list(dict.fromkeys(owner for owner, _ in store.learners(t)))
    if tenant is None and len(known) == 1:
        return known[0]
    if tenant is None or tenant not in known:
        needed = f"one of {', '.join(known)}" if known else "a store with a learner in it"
        raise Refused("tenant", tenant, needed, f"tenant={known[0]}" if known else "")
    return tenant


__all__ = ["fleet_of", "opened", "tenant_of"]
