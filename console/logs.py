"""Logs: one line an event, for people or for machines, from our code and from the libraries'."""

from __future__ import annotations

import logging
import sys
from typing import Final

import structlog

from console.tracebacks import KeepRecordsOut, render_exc_info
from streams.settings import Settings

# Faust logs the services of its subclasses under the subclass's module.
_CHATTY = (
    "faust",
    "mode",
    "aiokafka",
    "asyncio",
    "httpcore2",
    "httpx2",
    "streams.app",
    "streams.tables",
    "streams.transport",
)

_QUOTING: Final = "aiokafka.conn"
"""At ``debug`` it prints every request and response: records as they are fetched, and the password that
SASL PLAIN sends."""


def configure_logs(settings: Settings) -> None:
    """Send every log line to standard error in the configured format and level.

    Faust and aiokafka tell every step of a rebalance; below ``debug`` only their warnings are shown.
    """
    level = getattr(logging, settings.log_level.upper())
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        render_exc_info,
    ]
    as_json = settings.log_format == "json"
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(KeepRecordsOut())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    quiet = max(level, logging.WARNING)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(level if settings.log_level == "debug" else quiet)
    logging.getLogger(_QUOTING).setLevel(max(level, logging.INFO))
