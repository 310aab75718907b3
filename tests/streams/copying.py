"""The smallest deployment there is: one row for each record, under the record's key."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import faust
from confluent_kafka import Consumer, Producer, TopicPartition

from streams.app import EngineApp, build_app
from streams.delivery import Delivery, Outgoing
from streams.lanes import Processor, Submission
from streams.ranges import FetchedRange, FetchedRecord
from streams.settings import Settings
from streams.tables import encode_key
from streams.topics import LEAD_ACTIVITY

TABLE = "lead_to_profile"
BOOM = b"boom"
NOWHERE = 99
"""A partition that no topic has: what is addressed to it cannot be delivered."""


def settings_of(servers: str, namespace: str, **more: Any) -> Settings:
    """Return settings that no environment has a say in."""
    given: dict[str, Any] = {
        "_env_file": None,
        "kafka_bootstrap_servers": servers,
        "namespace": namespace,
        "session_timeout": 6,
        **more,
    }
    return Settings(**given)


@dataclass(frozen=True)
class Made:
    """A record as it might have been fetched."""

    offset: int
    value: bytes | None = b"value"
    key: bytes | None = b"key"
    timestamp: int = 1_794_592_984_123
    headers: tuple[tuple[str, bytes], ...] = ()


def fetched(
    first: int,
    *records: FetchedRecord,
    following: int | None = None,
    topic: str = LEAD_ACTIVITY.name,
    partition: int = 0,
    generation: int = 1,
) -> FetchedRange:
    """Return a range; ``following`` is the offset after it, by default after its last record."""
    after = records[-1].offset + 1 if records else first
    return FetchedRange(
        topic, partition, first, after if following is None else following, records, generation
    )


@dataclass
class Copy:
    """Copies records into rows. A batch with BOOM in it is more than it can take."""

    partition: int
    batches: list[list[bytes | None]] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    discarded: int = 0

    def steps(self, batch: list[Iterable[FetchedRecord]]) -> Iterator[Delivery]:
        records = [record for content in batch for record in content]
        values = [record.value for record in records]
        self.batches.append(values)
        if BOOM in values:
            raise ValueError("boom")
        rows = [
            (TABLE, encode_key(((record.key or b"").decode(), record.offset)), record.value)
            for record in records
        ]
        yield Delivery(rows=rows)

    def delivered(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)

    def discard(self) -> None:
        self.discarded += 1


@dataclass
class Undeliverable(Copy):
    """Addresses what it makes to a partition that does not exist, as long as told so."""

    failing: bool = True

    def steps(self, batch: list[Iterable[FetchedRecord]]) -> Iterator[Delivery]:
        for delivery in super().steps(batch):
            if self.failing:
                delivery.records.append(Outgoing("score-updated", b"key", b"value", NOWHERE))
            yield delivery


def copying(
    settings: Settings, made: dict[int, Copy] | None = None, making: Callable[[int], Copy] = Copy
) -> EngineApp:
    """Return an app that copies ``lead-activity``; its processors are put into ``made``."""
    processors: dict[int, Copy] = {} if made is None else made

    def processor(partition: int) -> Processor:
        processors[partition] = making(partition)
        return processors[partition]

    app = build_app(settings, lambda _: processor)

    async def agent(ranges: faust.StreamT[Any]) -> None:
        async for one in ranges:
            app.lanes.submit(Submission(one, one.records))

    app.agent(app.source(LEAD_ACTIVITY), name=f"{settings.namespace}.copying")(agent)
    return app


def rows_of(app: EngineApp) -> dict[bytes, bytes]:
    """Return every row of the table."""
    return {
        key: value
        for owners in app.stored[TABLE].stored.rows.values()
        for rows in owners.values()
        for key, value in rows.items()
    }


def feed(settings: Settings, values: Iterable[bytes], partition: int | None = None) -> None:
    """Publish records whose key is their value."""
    producer = Producer(settings.client_config())
    placed: dict[str, Any] = {} if partition is None else {"partition": partition}
    for value in values:
        producer.produce(f"{settings.namespace}.lead-activity", value, value, **placed)
    assert producer.flush(20) == 0


def committed(settings: Settings) -> dict[int, int]:
    """Return the offsets the workers committed of ``lead-activity``, by partition."""
    name = f"{settings.namespace}.lead-activity"
    group = Consumer({**settings.client_config(), "group.id": settings.app_id})
    try:
        found = group.committed(
            [TopicPartition(name, partition) for partition in range(settings.partitions)], timeout=20
        )
        return {one.partition: one.offset for one in found if one.offset >= 0}
    finally:
        group.close()


async def until(happened: Callable[[], bool], patience_s: float = 30.0) -> None:
    """Return when something has happened; patience only bounds a run that went wrong."""
    deadline = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.02)
