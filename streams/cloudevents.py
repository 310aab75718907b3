"""CloudEvents 1.0 headers in Kafka's binary mode (events.md)."""

from __future__ import annotations

from functools import cache
from typing import Final

from domain.calendar import Millis, iso_instant

_VERSION: Final = ("ce_specversion", b"1.0")
_CONTENT_TYPE: Final = ("content-type", b"application/avro")


def event_headers(
    *,
    name: str,
    event_id: str,
    source: str,
    at: Millis,
    subject: str,
    traceparent: str | None = None,
) -> list[tuple[str, bytes]]:
    """Return a record's headers.

    ``name`` is the contract's, ``source`` the producing deployment's or tool's, ``subject`` what the
    event is about; ``traceparent`` is carried on from the input when it had one.
    """
    headers = [
        _VERSION,
        ("ce_id", event_id.encode()),
        ("ce_type", _type(name)),
        ("ce_source", source.encode()),
        ("ce_time", iso_instant(at).encode()),
        ("ce_subject", subject.encode()),
        _CONTENT_TYPE,
    ]
    if traceparent is not None:
        headers.append(("traceparent", traceparent.encode()))
    return headers


@cache
def _type(name: str) -> bytes:
    return f"buying-groups.{name}".encode()
