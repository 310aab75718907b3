"""What the log says of an error: its type and where it happened; its text where that quotes no record.

``KeyError: 'lead-7'`` or a validation's message may carry what stands in a record, and so may the local
variables that pretty tracebacks show. None of it belongs into a log.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Final

from structlog.typing import EventDict, WrappedLogger

_SPEAK_OF_THE_SYSTEM: Final = (OSError, RuntimeError, MemoryError)
_CLIENTS_AND_OURS: Final = frozenset(
    {"agents", "aiokafka", "cimpl", "console", "domain", "faust", "mode", "schemas", "streams"}
)
"""Packages whose errors speak of brokers, topics and settings, or quote no value by their contract."""

_HIDDEN: Final = "(its text may quote a record and is not logged)"


def text_of(error: BaseException) -> str:
    """Return what is said of an error: its text, or its type alone where that may quote a record."""
    if _may_be_told(error):
        return str(error) or _name(error)
    return f"{_name(error)} {_HIDDEN}"


def traceback_of(error: BaseException) -> str:
    """Return an error's traceback and those of its causes, the first cause first."""
    parts = []
    for each, link in _chain(error):
        parts.append("Traceback (most recent call last):\n")
        parts += traceback.format_tb(each.__traceback__)
        told = f"{_name(each)}: " if _may_be_told(each) else ""
        parts.append(f"{told}{text_of(each)}\n{link}")
    return "".join(parts).rstrip()


class KeepRecordsOut(logging.Filter):
    """Puts errors into words before anything formats them: ``log.exception("…%r", error)``."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the errors among a line's arguments."""
        if isinstance(record.args, tuple):
            record.args = tuple(map(_in_words, record.args))
        return True


def render_exc_info(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Turn ``exc_info`` into the text ``exception``: a processor of structlog."""
    found = event.pop("exc_info", None)
    if isinstance(found, tuple):
        found = found[1]
    elif found and not isinstance(found, BaseException):
        found = sys.exception()
    if isinstance(found, BaseException):
        event["exception"] = traceback_of(found)
    return event


def _may_be_told(error: BaseException) -> bool:
    kind = type(error)
    if isinstance(error, _SPEAK_OF_THE_SYSTEM):
        return True
    return kind.__module__.partition(".")[0] in _CLIENTS_AND_OURS


def _in_words(argument: object) -> object:
    return text_of(argument) if isinstance(argument, BaseException) else argument


def _name(error: BaseException) -> str:
    kind = type(error)
    return (
        kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    )


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """Yield an error's causes and itself, each with what links it to the next."""
    chain: list[tuple[BaseException, str]] = [(error, "")]
    seen = {id(error)}
    while True:
        last = chain[-1][0]
        before, link = last.__cause__, "\nThe above was the direct cause of:\n\n"
        if before is None and not last.__suppress_context__:
            before, link = last.__context__, "\nWhile handling the above, this happened:\n\n"
        if before is None or id(before) in seen:
            return iter(reversed(chain))
        seen.add(id(before))
        chain.append((before, link))
