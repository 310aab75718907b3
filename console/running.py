"""Running one worker until it is told to stop or has to."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import structlog

from agents.baseline_watch import BaselineWatch
from agents.ticker import Ticker
from agents.worker import build_worker, collect_seldom, system_clock
from console.health_server import serve
from console.tracebacks import text_of
from schemas.codec import Codec
from streams.app import EngineApp
from streams.health import Health
from streams.lag import LagCollector
from streams.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = structlog.get_logger(__name__)

STOPPED: Final = 0
CRASHED: Final = 1

_SPANS_GO_TO: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

STOP_AT_MOST_S: Final = 30.0
"""How long stopping may take: a transaction in flight, the last commit, leaving the group."""


async def run_worker(settings: Settings, codec: Codec) -> int:
    """Run a worker until SIGTERM or SIGINT; return the exit code.

    Stopping finishes the transactions in flight, commits, and leaves the consumer group, so that
    another worker takes over at once. 1 means that the worker could not go on; what it had not
    delivered is not acknowledged.
    """
    spans = _exported_spans(settings)
    app = build_worker(settings, codec)
    health = Health(app.facts)
    if not _serves(settings, health, app):
        return CRASHED
    collect_seldom()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    ticker = Ticker(app, codec, system_clock) if settings.day_ticks == "on" else None

    app.on_rebalance_complete.connect(_tell_ready(app), weak=False)
    log.info("worker starts", brokers=settings.kafka_bootstrap_servers, namespace=settings.namespace)
    watching = [
        asyncio.create_task(health.watch(), name="health"),
        asyncio.create_task(BaselineWatch(app).watch(), name="baselines"),
    ]
    await app.start()
    if ticker is not None:
        ticker.start()
    crashed = asyncio.create_task(app.wait_until_stopped())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({crashed, stopping}, return_when=asyncio.FIRST_COMPLETED)
    failed = app.crashed
    if failed:
        reason = app.crash_reason
        log.error(
            "worker stops because it cannot go on", reason=None if reason is None else text_of(reason)
        )
    else:
        log.info("worker is stopping")
    for task in (crashed, stopping):
        task.cancel()
    if ticker is not None:
        await ticker.stop()
    try:
        await asyncio.wait_for(app.stop(), STOP_AT_MOST_S)
    except TimeoutError:
        # Whoever supervises workers waits for their end. Nothing is lost by a hard one: what was not
        # delivered was not acknowledged, and the next owner fences what may still be under way.
        log.exception("stopping took too long, ending at once", seconds=STOP_AT_MOST_S)
        logging.shutdown()
        os._exit(CRASHED)
    for task in watching:
        task.cancel()
    if spans is not None:
        await asyncio.to_thread(spans.shutdown)
    log.info("worker stopped")
    return CRASHED if failed else STOPPED


def _serves(settings: Settings, health: Health, app: EngineApp) -> bool:
    """Serve health and metrics where a port is set; return False where it cannot be opened."""
    if settings.metrics_port is None:
        return True
    try:
        serve(health, settings.metrics_host, settings.metrics_port, [LagCollector(app.standings)])
    except OSError as error:
        log.error(  # noqa: TRY400 - the reason says it all
            "METRICS_PORT cannot be opened, the worker does not start",
            host=settings.metrics_host,
            port=settings.metrics_port,
            reason=error.strerror or str(error),
        )
        return False
    return True


def _exported_spans(settings: Settings) -> TracerProvider | None:
    """Return what sends spans, where OpenTelemetry's own variables say where to; else None."""
    if not any(os.environ.get(name) for name in _SPANS_GO_TO):
        return None
    try:
        from streams.span_export import export_spans
    except ImportError as missing:
        log.warning(
            "no spans are made: install the extra, pip install 'buying-group-engine[otel]'",
            missing=missing.name,
        )
        return None
    return export_spans(settings.namespace)


def _tell_ready(app: EngineApp) -> Callable[..., Awaitable[None]]:
    async def tell(_sender: Any, *_: Any, **__: Any) -> None:
        log.info("worker is ready", partitions=app.lanes.owned())

    return tell
