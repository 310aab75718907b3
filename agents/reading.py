"""From fetched records to domain events: decode, check, place; nothing that is bad is lost.

Each input topic has a module of its own that says how its contract becomes domain events. What they
share is here: a record that breaks its contract or a rule of "What bad input gets" (events.md) goes to
``dead-letters`` in its original bytes, one that stands in another account's partition is routed on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import structlog

from domain.calendar import Millis
from domain.definitions import TenantEvent
from domain.events import AccountEvent
from schemas.codec import BadRecord, Codec
from schemas.control import ControlRecord
from schemas.definitions import Definition
from streams import metrics
from streams.delivery import Outgoing
from streams.letter_headers import letter_headers
from streams.placement import partition_of
from streams.ranges import FetchedRange, FetchedRecord
from streams.topics import DEAD_LETTERS, Topic
from streams.tracing import Place, begin, parent_in

if TYPE_CHECKING:
    from opentelemetry.trace import Span

log = structlog.get_logger(__name__)

LARGEST_VALUE: Final = 900_000
"""Bytes of the largest record that is taken, unpacked.

A broker limits packed records. One that was packed well comes in and may not go out again, to its own
partition or to a changelog, and would stop its partition for good.
"""

FUTURE_ALLOWANCE_MS: Final = 5 * 60 * 1000
"""How far ahead of the broker's clock an event may be dated."""


class Refused(Exception):
    """An event that is well-formed and still must not be taken; ``reason`` is the dead letter's."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


Told_co = TypeVar("Told_co", covariant=True)
"""What a topic's values tell the rules."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[Told_co]):
    """How one input topic is read.

    ``events_of`` gives the domain events of a decoded value or raises :class:`Refused`; ``dated`` its
    time; ``key_of`` the key of its record, an account id but for definitions. ``plain`` gives the event
    of a usual record at less cost, None for any that is to be decoded and checked; it is given the bytes
    that every record of the current schema begins with, too.
    """

    topic: Topic
    dated: Callable[[Any], Millis]
    events_of: Callable[[Any], Sequence[Told_co]]
    key_of: Callable[[Any], str] = attrgetter("account_id")
    plain: Callable[[bytes, bytes], Told_co | None] | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What an output takes over from the record that caused it."""

    traceparent: str | None
    replay: bool


@dataclass(slots=True)
class Batch:
    """What was read from one range. ``origins`` by event id, for the few events that have one.

    ``refused`` are offset and reason of what goes to ``dead-letters``, ``spans`` those of the inputs
    that are traced.
    """

    events: list[AccountEvent] = field(default_factory=list)
    control: list[ControlRecord] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    onward: list[Outgoing] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)
    refused: list[tuple[int, str]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)


def known_of(value: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return those of a contract's optional fields that are set."""
    return {name: known for name in names if (known := getattr(value, name)) is not None}


def check_not_too_large(record: FetchedRecord) -> None:
    """Refuse a record that could not be written again.

    Raises:
        Refused: with reason ``too_large``.
    """
    size = len(record.value or b"") + len(record.key or b"")
    if record.headers:
        size += sum(len(name) + len(value or b"") for name, value in record.headers)
    if size > LARGEST_VALUE:
        msg = f"key, value and headers have {size} bytes; at most {LARGEST_VALUE} are taken"
        raise Refused("too_large", msg)


def check_not_ahead(at: Millis, clock: Millis) -> None:
    """Refuse an event that is dated too far ahead of the broker's clock.

    Raises:
        Refused: with reason ``from_the_future``.
    """
    if at > clock + FUTURE_ALLOWANCE_MS:
        msg = f"dated {(at - clock) / 60_000:.0f} minutes ahead of the broker's clock"
        raise Refused("from_the_future", msg)


class Reader:
    """Reads fetched ranges of all input topics for one worker.

    ``replay_before`` marks what records older than it cause as replay; None marks nothing.
    """

    def __init__(self, codec: Codec, partitions: int, replay_before: Millis | None) -> None:
        self._codec = codec
        self._partitions = partitions
        self._replay_before = replay_before

    def read(self, fetched: FetchedRange, reading: Reading[AccountEvent]) -> Batch:
        """Read a range of an account-keyed input topic."""
        batch = Batch()
        name = reading.topic.name
        decode = self._codec.decode
        take = batch.events.extend
        misplaced: list[int] = []
        plain, dated, events_of = reading.plain, reading.dated, reading.events_of
        header = self._codec.header(name) if plain is not None and fetched.records else b""
        for record in fetched.records:
            try:
                check_not_too_large(record)
                event = None if plain is None else plain(header, record.value or b"")
                value: Any = decode(name, record.value) if event is None else event
                if record.timestamp > 0:
                    check_not_ahead(dated(value), record.timestamp)
                events = events_of(value) if event is None else (event,)
            except (BadRecord, Refused) as problem:
                _refuse(batch, name, fetched, record, problem.reason, problem.detail)
                continue
            home = partition_of(value.account_id, self._partitions)
            if home != fetched.partition:
                batch.onward.append(_onward(reading.topic, record, value.account_id, home))
                misplaced.append(record.offset)
                continue
            take(events)
            if record.headers or self._replay_before is not None:
                self._note_origin(batch, fetched, record, value.event_id)
        metrics.RECORDS.labels(name).inc(len(fetched.records))
        _tell_refused(fetched, batch)
        if misplaced:
            metrics.MISPLACED.labels(name).inc(len(misplaced))
            log.warning(
                "records in the wrong partition were routed on; does their producer set"
                " partitioner=murmur2_random?",
                topic=fetched.topic,
                partition=fetched.partition,
                records=len(misplaced),
                first_offset=misplaced[0],
                last_offset=misplaced[-1],
            )
        return batch

    def read_control(
        self, fetched: FetchedRange, topic: Topic, check: Callable[[ControlRecord], None]
    ) -> Batch:
        """Read a range of the control topic, which is addressed by partition, not by account.

        ``check`` raises :class:`Refused` for a record whose texts no partition could use.
        """
        batch = Batch()
        for record in fetched.records:
            try:
                value = self._codec.decode(topic.name, record.value)
                if not isinstance(value, ControlRecord):
                    raise TypeError(type(value))
                check(value)
            except (BadRecord, Refused) as problem:
                _refuse(batch, topic.name, fetched, record, problem.reason, problem.detail)
                continue
            batch.control.append(value)
            if value.kind == "definition":
                self._note_origin(batch, fetched, record, value.tick_id)
        metrics.RECORDS.labels(topic.name).inc(len(fetched.records))
        _tell_refused(fetched, batch)
        return batch

    def read_definitions(self, fetched: FetchedRange, reading: Reading[TenantEvent]) -> Batch:
        """Read a range of the definitions topic, whose records concern every partition."""
        batch = Batch()
        name = reading.topic.name
        for record in fetched.records:
            try:
                check_not_too_large(record)
                value: Any = self._codec.decode(name, record.value)
                if record.timestamp > 0:
                    check_not_ahead(reading.dated(value), record.timestamp)
                reading.events_of(value)
            except (BadRecord, Refused) as problem:
                _refuse(batch, name, fetched, record, problem.reason, problem.detail)
                continue
            batch.definitions.append(value)
            self._note_origin(batch, fetched, record, value.event_id)
        metrics.RECORDS.labels(name).inc(len(fetched.records))
        _tell_refused(fetched, batch)
        return batch

    def _note_origin(
        self, batch: Batch, fetched: FetchedRange, record: FetchedRecord, event_id: str
    ) -> None:
        traceparent = parent_in(record.headers)
        if traceparent is not None:
            traceparent, span = begin(
                traceparent, Place(fetched.topic, fetched.partition, record.offset)
            )
            if span is not None:
                batch.spans.append(span)
        replay = self._replay_before is not None and record.timestamp < self._replay_before
        if traceparent is not None or replay:
            batch.origins[event_id] = Origin(traceparent, replay)


def _onward(topic: Topic, record: FetchedRecord, account_id: str, home: int) -> Outgoing:
    return Outgoing(topic.name, account_id.encode(), record.value, home, record.headers)


def _refuse(
    batch: Batch, topic: str, fetched: FetchedRange, record: FetchedRecord, reason: str, detail: str
) -> None:
    batch.onward.append(_dead_letter(fetched, record, reason, detail))
    batch.refused.append((record.offset, reason))
    metrics.DEAD_LETTERS.labels(topic, reason).inc()


def _tell_refused(fetched: FetchedRange, batch: Batch) -> None:
    if not batch.refused:
        return
    log.warning(
        "records go to dead-letters, with the reasons in their headers",
        topic=fetched.topic,
        partition=fetched.partition,
        records=len(batch.refused),
        first_offset=batch.refused[0][0],
        last_offset=batch.refused[-1][0],
        reasons=dict(Counter(reason for _, reason in batch.refused)),
    )


def _dead_letter(fetched: FetchedRange, record: FetchedRecord, reason: str, detail: str) -> Outgoing:
    told = letter_headers(
        fetched.topic, fetched.partition, record.offset, record.timestamp, reason, detail
    )
    return Outgoing(DEAD_LETTERS.name, record.key, record.value, None, (*record.headers, *told))
