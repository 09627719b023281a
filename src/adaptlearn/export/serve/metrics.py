"""Counts and times of a service, for Prometheus."""

import os
from collections.abc import Sequence
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FAILED = "decided: the policy "  #: in the words of a runtime whose graph could not be run
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Meters:
    """One set per application; with several workers, their sum (PROMETHEUS_MULTIPROC_DIR)."""

    def __init__(self) -> None:
        r = self.registry = CollectorRegistry()
        self._counted: dict[tuple[str, int], tuple[Any, Any]] = {}  # looking labels up costs more than counting
        self.requests = Counter("adaptlearn_requests", "requests", ("route", "status"), registry=r)
        self.seconds = Histogram(
            "adaptlearn_request_seconds", "time to answer", ("route",), registry=r, buckets=SECONDS
        )
        self.batches = Histogram("adaptlearn_batch_seconds", "time to decide and write", registry=r, buckets=SECONDS)
        self.asks = Counter("adaptlearn_asks", "asks of all batches", ("kind", "outcome"), registry=r)
        self.decided = Counter("adaptlearn_decisions", "decisions", ("policy", "fallback"), registry=r)
        self.statements = Counter("adaptlearn_statements", "xAPI statements", ("outcome",), registry=r)
        self.waiting = Gauge("adaptlearn_waiting", "requests that wait", registry=r, multiprocess_mode="livesum")
        self.held = Gauge("adaptlearn_records_held", "records in memory", registry=r, multiprocess_mode="livesum")
        self.paused = Gauge("adaptlearn_paused", "1: the syllabus decides", registry=r, multiprocess_mode="livemax")

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        counted = self._counted.get((route, status))
        if counted is None:
            counted = self.requests.labels(route, str(status)), self.seconds.labels(route)
            self._counted[route, status] = counted
        counted[0].inc()
        counted[1].observe(seconds)

    def batch(self, asks: Sequence[Any], seconds: float, answers: Sequence[Any]) -> None:
        """One batch is on the disk."""
        self.batches.observe(seconds)
        for ask, answer in zip(asks, answers, strict=True):
            refused = isinstance(answer, BaseException)
            outcome = "refused" if refused else "duplicate" if _said(answer, "duplicate") else "taken"
            self.asks.labels(type(ask).__name__.lower(), outcome).inc()
            if _said(answer, "decision"):
                self.decided.labels(answer["policy"], decider(answer["fallback"])).inc()

    def statement(self, why: str) -> None:
        """One xAPI statement was taken, or passed over for a reason."""
        self.statements.labels(why or "taken").inc()

    def text(self, desk: Any) -> tuple[bytes, str]:
        """Everything, and the type of its content."""
        self.waiting.set(desk.waiting)
        self.held.set(len(desk.held))
        self.paused.set(float(bool(desk.fleet.paused)))
        registry = self.registry
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST


def decider(fallback: str) -> str:
    """Who decided, by a decision's ``fallback``: ``policy``, or the syllabus, as the policy ``failed`` or somebody
    ``wished`` it so."""
    return "policy" if not fallback else "failed" if FAILED in fallback else "wished"


def _said(answer: object, name: str) -> Any:
    return answer.get(name) if isinstance(answer, dict) else None
