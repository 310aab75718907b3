"""Traces: the ``traceparent`` of an input goes on in the outputs that the input caused (W3C).

Without OpenTelemetry it is handed on as it came. With it (the extra ``otel``) each input that has one
gets a span from its being read to its outputs being on the broker, and they carry that span; each batch
with such inputs gets a span that is linked to theirs. Nothing is done for an input that has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

try:
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:
    TRACER: Tracer | None = None
else:
    # Whatever provider is set later, it is this tracer's.
    TRACER = trace.get_tracer("buying-groups")

TRACEPARENT: Final = "traceparent"

# Versions after 00 may have more behind the flags.
_W3C: Final = re.compile(
    rb"(?!ff)(?:00|(?P<later>(?!00)[0-9a-f]{2}))-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
    rb"(?(later)(?:-[\x21-\x7e]*)?)"
)

_Owner = TypeVar("_Owner")
_Step = TypeVar("_Step")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


def parent_in(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """Return the ``traceparent`` of a record; one that is malformed is none."""
    for name, value in headers:
        if name == TRACEPARENT:
            if value is not None and _W3C.fullmatch(value):
                return value.decode("ascii")
            return None
    return None


def begin(parent: str, place: Place) -> tuple[str, Span | None]:
    """Begin the span of an input; return the ``traceparent`` that its outputs carry.

    Where nobody records spans there is none, and the input's own is handed on.
    """
    if TRACER is None:
        return parent, None
    w3c = TraceContextTextMapPropagator()
    span = TRACER.start_span(
        f"process {place.topic}",
        w3c.extract({TRACEPARENT: parent}),
        trace.SpanKind.CONSUMER,
        attributes={
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.destination.name": place.topic,
            "messaging.destination.partition.id": str(place.partition),
            "messaging.kafka.offset": place.offset,
        },
    )
    if not span.is_recording():
        return parent, None
    carried: dict[str, str] = {}
    w3c.inject(carried, trace.set_span_in_context(span))
    return carried[TRACEPARENT], span


def batches(
    steps: Callable[[_Owner, list[Any]], Iterator[_Step]],
) -> Callable[[_Owner, list[Any]], Iterator[_Step]]:
    """Give the steps of each batch with traced inputs a span; end the inputs' after its last step.

    A batch is a list of parts that have ``spans``. One that is undone ends its own span, as failed; its
    inputs' go on until it has gone through.
    """

    @wraps(steps)
    def traced(owner: _Owner, batch: list[Any]) -> Iterator[_Step]:
        spans = [span for part in batch for span in part.spans]
        return _in_a_span(steps(owner, batch), spans) if spans else steps(owner, batch)

    return traced


def _in_a_span(steps: Iterator[_Step], inputs: Sequence[Span]) -> Iterator[_Step]:
    if TRACER is None:
        yield from steps
        return
    span = TRACER.start_span(
        "fold and deliver a batch",
        kind=trace.SpanKind.CONSUMER,
        links=[trace.Link(each.get_span_context()) for each in inputs],
        attributes={"messaging.system": "kafka", "messaging.batch.message_count": len(inputs)},
    )
    try:
        yield from steps
    except BaseException:
        span.set_status(trace.StatusCode.ERROR)
        raise
    else:
        for each in inputs:
            each.end()
    finally:
        span.end()
