"""Publishes the story's records as any producer would, and keeps where each one went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer

from console.demo.records import Record
from schemas.codec import Codec
from streams.cloudevents import event_headers
from streams.placement import PARTITIONER, partition_of
from streams.settings import Settings

_FLUSH_S: Final = 30.0


class NotPublished(Exception):
    """The embedded Kafka did not take a record."""


class Publisher:
    """A producer with Kafka's own partitioner.

    ``receipts`` are the (partition, offset) of each copy of an event, by event id.
    """

    def __init__(self, settings: Settings, codec: Codec) -> None:
        self.receipts: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.published = 0
        self._settings = settings
        self._codec = codec
        self._problems: list[str] = []
        self._producer = Producer(
            {
                **settings.client_config(),
                "enable.idempotence": True,
                "partitioner": PARTITIONER,
                "linger.ms": 2,
                "log_level": 2,
            }
        )

    def publish(self, records: Iterable[Record]) -> None:
        """Publish and wait until the broker has every record.

        Raises:
            NotPublished: the broker refused a record or did not answer in time.
        """
        for record in records:
            options: dict[str, Any] = {}
            if record.misplaced:
                home = partition_of(record.key, self._settings.partitions)
                options["partition"] = (home + 1) % self._settings.partitions
            self._producer.produce(
                f"{self._settings.namespace}.{record.topic}",
                self._value(record),
                record.key.encode(),
                headers=self._headers(record),
                on_delivery=self._confirmed(record.event_id),
                **options,
            )
            self.published += 1
            self._producer.poll(0)
        if self._producer.flush(_FLUSH_S):
            self._problems.append("no answer in time")
        if self._problems:
            raise NotPublished(f"the embedded Kafka took no record: {self._problems[0]}")

    def _value(self, record: Record) -> bytes:
        if record.event is None:
            return record.raw
        return self._codec.encode(record.topic, record.event)

    def _headers(self, record: Record) -> list[tuple[str, str | bytes | None]]:
        if record.event is None:
            return [("ce_id", record.event_id), ("content-type", b"application/json")]
        event: Any = record.event
        at = next(
            getattr(event, name)
            for name in ("occurred_at", "decided_at", "updated_at", "created_at")
            if hasattr(event, name)
        )
        headers = event_headers(
            name=record.topic,
            event_id=record.event_id,
            source="/demo",
            at=at,
            subject=record.key,
        )
        return list(headers)

    def _confirmed(self, event_id: str) -> Callable[[KafkaError | None, Message], None]:
        def confirmed(error: KafkaError | None, message: Message) -> None:
            if error is None:
                place = (message.partition() or 0, message.offset() or 0)
                self.receipts[event_id].append(place)
            else:
                self._problems.append(error.str())

        return confirmed
