"""Health and metrics of a worker over HTTP, for whoever starts, watches and counts workers."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.registry import Collector

from console.memory_limit import memory_limit
from streams.health import Health

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_READ_AT_MOST_S: Final = 10.0


class _ServerV6(ThreadingWSGIServer):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = _READ_AT_MOST_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: probes come every few seconds."""


class _ProcessCollector(Collector):
    """Tells Prometheus what health says, and how much memory the worker may have."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the figures as of now."""
        yield GaugeMetricFamily(
            "buying_groups_ready",
            "1 while /readyz says that the worker does all of its work, else 0",
            value=not self._health.not_ready(),
        )
        yield GaugeMetricFamily(
            "buying_groups_memory_limit_bytes",
            "Memory that the worker may have: its container's limit or the machine's memory",
            value=memory_limit(),
        )


def serve(
    health: Health, host: str, port: int, collectors: Iterable[Collector] = ()
) -> ThreadingWSGIServer:
    """Serve ``/livez``, ``/readyz`` and ``/metrics`` from a thread; return the server.

    ``collectors`` tell metrics besides those of :mod:`streams.metrics`; they are asked in that thread.

    Raises:
        OSError: the address cannot be opened.
    """
    kind = _ServerV6 if ":" in host else ThreadingWSGIServer
    server = make_server(host, port, application(health, collectors), kind, handler_class=_Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server


def application(health: Health, collectors: Iterable[Collector] = ()) -> WSGIApplication:
    """Return what answers the requests."""
    registry = CollectorRegistry(auto_describe=True)
    for collector in (REGISTRY, _ProcessCollector(health), *collectors):
        registry.register(collector)
    metrics = make_wsgi_app(registry)
    judged: dict[str, Callable[[], list[str]]] = {
        "/livez": health.not_alive,
        "/readyz": health.not_ready,
    }

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            page: Iterable[bytes] = metrics(environ, start_response)
            return page
        judge = judged.get(path)
        if judge is None:
            return _say(start_response, HTTPStatus.NOT_FOUND, {"paths": ["/metrics", *judged]})
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return _say(start_response, HTTPStatus.METHOD_NOT_ALLOWED, {"methods": ["GET", "HEAD"]})
        problems = judge()
        return _say(
            start_response,
            HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK,
            {
                "status": "failing" if problems else "ok",
                "problems": problems,
                "partitions": health.partitions(),
            },
        )

    return answer


def _say(start_response: StartResponse, status: HTTPStatus, told: object) -> list[bytes]:
    body = json.dumps(told).encode() + b"\n"
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
