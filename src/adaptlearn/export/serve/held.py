"""What a worker keeps in memory because it may be asked again soon. Everything here can be had from the store."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from .standing import Standing


class Held:
    """Standings and latest decisions of the learners met last. Used by the desk's thread alone."""

    def __init__(self, most: int):
        self.most = most
        self._standings: OrderedDict[tuple[str, str, str], Standing] = OrderedDict()
        self._decisions: OrderedDict[tuple[str, str], Mapping[str, Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._standings)

    def standing(self, name: tuple[str, str, str]) -> Standing | None:
        """By tenant, learner and layout."""
        found = self._standings.get(name)
        if found is not None:
            self._standings.move_to_end(name)
        return found

    def decision(self, name: tuple[str, str]) -> Mapping[str, Any] | None:
        """The latest one about a learner."""
        return self._decisions.get(name)

    def keep(self, standings: Mapping[tuple[str, str, str], Standing], decisions: Iterable[Mapping[str, Any]]) -> None:
        """What a batch that is on the disk has made."""
        for name, standing in standings.items():
            self._standings[name] = standing
            self._standings.move_to_end(name)
        for row in decisions:
            who = (row["tenant"], row["learner"])
            self._decisions[who] = row
            self._decisions.move_to_end(who)
        for kept in (self._standings, self._decisions):
            while len(kept) > self.most:
                kept.popitem(last=False)

    def forget(self, tenant: str, learner: str) -> None:
        """Nothing of this learner stays."""
        for name in [name for name in self._standings if name[:2] == (tenant, learner)]:
            del self._standings[name]
        self._decisions.pop((tenant, learner), None)

    def clear(self) -> None:
        """Nothing of anybody stays."""
        self._standings.clear()
        self._decisions.clear()
