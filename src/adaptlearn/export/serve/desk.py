"""The desk: requests that wait are taken together, decided together, written in one transaction, and then answered.

That one write to the disk is shared is what lets a single process acknowledge a thousand requests a second, each of
them safe; that one call of the graph is shared makes a decision cost a fourth. One thread does it: nothing is locked.
"""

import asyncio
import contextlib
import gc
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from .batch import Asked, Batch, Told
from .bundled import Refused
from .held import Held
from .policies import Fleet, Policies
from .settings import Settings
from .store import Conflict, Store

LULL = 0.02  #: seconds without a batch after which the next request is not kept waiting for others
IDLE = 5.0  #: seconds without a batch after which memory is tidied
TRIES = 5  #: of a batch, when other workers were faster


class Busy(Exception):
    """More waits than may wait, or the service is being shut down."""


@dataclass(frozen=True)
class Errand:
    """Anything else that concerns one learner and needs the transaction: done alone, in its turn."""

    tenant: str
    learner: str
    run: Callable[[Batch], Any]


Ask = Asked | Told | Errand


@dataclass
class _Waiting:
    ask: Ask
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class Desk:
    """One thread over one store. ``watch`` is told of every batch: asks, seconds, decisions made."""

    def __init__(self, store: Store, policies: Policies, settings: Settings, watch: Callable[..., None] | None = None):
        self.store, self.policies, self.settings = store, policies, settings
        self.held, self.fleet = Held(settings.learners_held), policies.fleet()
        self._watch = watch or (lambda *_: None)
        self._waiting: deque[_Waiting] = deque()
        self._wake, self._closing = threading.Condition(), False
        self._done, self._asked = 0.0, False  # when the last batch was; whether one was since memory was tidied
        self._erased, self._stale = store.erased(), False  # stale: a learner was erased, by whichever worker
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
        self._poll = threading.Thread(target=self._follow, name="aliases", daemon=True)

    def open(self) -> "Desk":
        """Begin to work."""
        self._thread.start()
        self._poll.start()
        return self

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join()
        self._poll.join()

    @property
    def waiting(self) -> int:
        """Requests that are not taken yet."""
        return len(self._waiting)

    async def ask(self, ask: Ask) -> Any:
        """What the desk answers, once it is on the disk.

        Raises:
            Refused: and nothing was changed. Busy: come back later. SQLAlchemyError: the store does not answer.
        """
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._wake:
            if self._closing or len(self._waiting) >= self.settings.most_waiting:
                raise Busy
            self._waiting.append(_Waiting(ask, future, loop))
            self._wake.notify()
        return await future

    # --- the thread ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._wake:
                while not (self._waiting or self._closing or self._stale):
                    self._wake.wait()
                if self._stale:
                    self.held.clear()
                    self._stale = False
                if not self._waiting:
                    if self._closing:
                        return
                    continue
            if time.perf_counter() - self._done < LULL and not self._closing:
                time.sleep(self.settings.gather_seconds)  # others come: one write to the disk for all of them
            with self._wake:
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), self.settings.most_batch))]
            began = time.perf_counter()
            answers = self.serve([one.ask for one in taken])
            self._done, self._asked = time.perf_counter(), True
            self._watch([one.ask for one in taken], self._done - began, answers)
            for loop in {one.loop for one in taken}:
                own = [(one.future, a) for one, a in zip(taken, answers, strict=True) if one.loop is loop]
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                    loop.call_soon_threadsafe(_deliver, own)

    def serve(self, asks: Sequence[Ask]) -> list[Any]:
        """Answers in their order, exceptions among them; returns when everything in them is on the disk."""
        for _ in range(TRIES):
            try:
                return self._together(asks)
            except Conflict:
                continue
            except SQLAlchemyError as trouble:
                return [trouble] * len(asks)
            except Exception as trouble:  # one of them is not what it should be: the others shall not suffer
                return [trouble] if len(asks) == 1 else [self.serve([one])[0] for one in asks]
        return [Busy("other workers write of the same learners")] * len(asks)

    def _together(self, asks: Sequence[Ask]) -> list[Any]:
        """One batch: all of it is written, or an exception leaves and none is."""
        with self.store.transaction() as t:
            batch = Batch(self.store, self.held, self.fleet, self.settings, t)
            told = [one for one in asks if isinstance(one, Told)]
            told += [one.profile for one in asks if isinstance(one, Asked) and one.profile is not None]
            batch.expect([(one.tenant, one.learner) for one in asks], [(one.tenant, one.key) for one in told])
            answers = _answered(batch, asks)
            batch.write()
        self.held.keep(batch.standings, batch.made.values())
        return answers

    # --- aliases ------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Another thread: see an alias that was moved, open its bundle, and put the new fleet in place."""
        while not self._closing:
            time.sleep(self.settings.poll_seconds)
            with contextlib.suppress(SQLAlchemyError, Refused):  # the old fleet goes on; /ready tells of the database
                self.refresh()
                self.store.tidy()
            if self._asked and time.perf_counter() - self._done > IDLE:
                self._asked = False
                gc.collect()

    def refresh(self) -> Fleet:
        """The fleet as the store has it now."""
        with self.store.reading() as t:
            version = self.policies.version(t)
        erased = self.store.erased()
        if erased != self._erased:
            with self._wake:
                self._erased, self._stale = erased, True
                self._wake.notify_all()
        if version != self.fleet.version:
            self.fleet = self.policies.fleet(self.fleet)
        return self.fleet


def _answered(batch: Batch, asks: Sequence[Ask]) -> list[Any]:
    """In their order; questions are gathered until something concerns one of their learners."""
    answers: list[Any] = [None] * len(asks)
    gathered: list[tuple[int, Asked]] = []

    def flush() -> None:
        said = batch.decide([ask for _, ask in gathered]) if gathered else []
        for (i, _), answer in zip(gathered, said, strict=True):
            answers[i] = answer
        gathered.clear()

    for i, ask in enumerate(asks):
        if any((one.tenant, one.learner) == (ask.tenant, ask.learner) for _, one in gathered):
            flush()
        if isinstance(ask, Asked):
            gathered.append((i, ask))
            continue
        try:
            answers[i] = batch.tell(ask) if isinstance(ask, Told) else ask.run(batch)
        except Refused as refusal:
            answers[i] = refusal
    flush()
    return answers


def _deliver(answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, answer in answers:
        if future.done():  # whoever asked has gone
            continue
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)
