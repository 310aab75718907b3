"""CloudEvents 1.0 headers in Kafka's binary mode (events.md)."""

from __future__ import annotations

from domain.calendar import Millis, iso_instant

CONTENT_TYPE = b"application/avro"
_TYPE_PREFIX = "buying-groups."


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
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_type", (_TYPE_PREFIX + name).encode()),
        ("ce_source", source.encode()),
        ("ce_time", iso_instant(at).encode()),
        ("ce_subject", subject.encode()),
        ("content-type", CONTENT_TYPE),
    ]
    if traceparent is not None:
        headers.append(("traceparent", traceparent.encode()))
    return headers
