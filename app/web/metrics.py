"""指标 — counts for a monitoring server (Prometheus text format), none of them about anybody.

Where PROMETHEUS_MULTIPROC_DIR names a folder, all web processes count into it together; otherwise
each answers for itself. What stands in the database is read when asked for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import config
from app.base import outbox
from app.base.site import Site

# A scanner's addresses and methods must not become ever new series.
_OTHER = "-"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_registry = CollectorRegistry()
_requests = Counter(
    "kejiao_http_requests",
    "Answers given, by route and status.",
    ["route", "method", "status"],
    registry=_registry,
)
_seconds = Histogram(
    "kejiao_http_seconds", "Time until the answer, by route.", ["route"], registry=_registry
)


def count(flask: Flask) -> None:
    """Count every answer of the application."""

    def begin() -> None:
        g.begun = time.perf_counter()

    def end(answer: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else _OTHER
        method = request.method if request.method in _METHODS else _OTHER
        begun = g.get("begun")
        told(route, method, answer.status_code, begun and time.perf_counter() - begun)
        return answer

    flask.before_request(begin)
    flask.after_request(end)


def told(route: str, method: str, status: int, seconds: float | None) -> None:
    """Count one answer; the seconds where they are known."""
    _requests.labels(route, method, status).inc()
    if seconds is not None:
        _seconds.labels(route).observe(seconds)


def exposition(site: Site) -> bytes:
    """All figures as Prometheus reads them."""
    standing = CollectorRegistry()
    standing.register(_Standing(site))
    return generate_latest(_counted()) + generate_latest(standing)


def _counted() -> CollectorRegistry:
    if config.metrics_folder() is None:
        return _registry
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library leaves it out
    return together


class _Standing(Collector):
    """What the database says at this moment."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterator[Metric]:
        try:
            with Session(self._site.engine) as session:
                waiting, oldest = outbox.backlog(session, self._site.clock())
        except SQLAlchemyError:
            yield _gauge("kejiao_database_up", "Whether the database answers.", 0)
            return
        yield _gauge("kejiao_database_up", "Whether the database answers.", 1)
        yield _gauge("kejiao_outbox_waiting", "Messages still to be done.", waiting)
        yield _gauge("kejiao_outbox_oldest_seconds", "Age of the oldest of them.", oldest)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)
