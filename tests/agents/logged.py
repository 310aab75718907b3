"""A deployment in memory: topics as lists, and processors that read them in whatever order."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from agents import control, definitions
from agents.control import check_usable
from agents.inputs import READINGS
from agents.partition import Surroundings
from agents.processor import PartitionProcessor
from agents.reading import Batch, Reader
from domain.calendar import Day
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.delivery import Delivery, Outgoing
from streams.placement import partition_of
from streams.ranges import FetchedRange
from streams.tables import EngineTable
from streams.topics import CONTROL, DEFINITIONS, SOURCES, Topic, changelog_name
from tests.agents.lane import NOW, empty_tables
from tests.integration.harness import Record

CODEC = Codec(CommittedRegistry())
PARTITIONS = 4
Place = tuple[str, int]


@dataclass(frozen=True)
class Stood:
    """A record as it stands in a topic."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Logged:
    """Topics of four partitions, and one processor for each, which reads what it has not read."""

    def __init__(self, seed: int = 1) -> None:
        self.log: dict[Place, list[Stood]] = {}
        self.consumed: dict[Place, int] = {}
        self.tables: list[dict[str, EngineTable]] = [empty_tables() for _ in range(PARTITIONS)]
        self.processors = [self._processor(number) for number in range(PARTITIONS)]
        self.clock = NOW
        self._chance = random.Random(seed)
        self._reader = Reader(CODEC, PARTITIONS, None)

    def bounds(self, topic: Topic, partition: int) -> tuple[int, int]:
        return 0, len(self.log.get((topic.name, partition), []))

    def ranges(self, topic: Topic, partition: int, start: int, end: int) -> Iterator[FetchedRange]:
        stood = self.log.get((topic.name, partition), [])[start:end]
        for first in range(0, len(stood), 500):
            some = tuple(stood[first : first + 500])
            yield FetchedRange(
                f"test.{topic.name}", partition, some[0].offset, some[-1].offset + 1, some, 0
            )

    def offsets(self, partition: int) -> dict[str, int]:
        return {topic.name: self.consumed.get((topic.name, partition), 0) for topic in SOURCES}

    def ends(self, partition: int) -> dict[str, int]:
        return {topic.name: self.bounds(topic, partition)[1] for topic in SOURCES}

    def produce(self, records: tuple[Record, ...]) -> None:
        for record in records:
            self.append(
                Outgoing(record.topic, record.key, record.value, record.partition, record.headers)
            )

    def append(self, record: Outgoing) -> None:
        partition = record.partition
        if partition is None:
            partition = partition_of((record.key or b"").decode("latin-1"), PARTITIONS)
        stood = self.log.setdefault((record.topic, partition), [])
        self.clock += 1
        stood.append(Stood(len(stood), self.clock, record.key, record.value, tuple(record.headers)))

    def tick(self, as_of: Day, tick_id: str = "tick") -> None:
        """Let everything be consumed, then take a tick round."""
        self.work()
        self.append(control.outgoing(control.day_tick(tick_id, as_of, NOW), CODEC, "/test"))
        self.work()

    def work(self, steps: int | None = None) -> None:
        """Let the processors read what is there, or so many batches of it, in a drawn order."""
        while steps is None or steps > 0:
            waiting = [
                (topic, partition)
                for topic in SOURCES
                for partition in range(PARTITIONS)
                if self.consumed.get((topic.name, partition), 0) < self.bounds(topic, partition)[1]
            ]
            if not waiting:
                return
            self._read(*self._chance.choice(waiting))
            steps = None if steps is None else steps - 1

    def lose_state(self) -> None:
        """Take all changelogs away, and start the processors from nothing."""
        for table in empty_tables():
            for partition in range(PARTITIONS):
                self.log.pop((changelog_name(table), partition), None)
        self.restart()

    def restart(self) -> None:
        """Start processors that have nothing but the changelogs."""
        self.tables = [empty_tables() for _ in range(PARTITIONS)]
        for number, tables in enumerate(self.tables):
            for table in tables:
                for stood in self.log.get((changelog_name(table), number), []):
                    assert stood.key is not None
                    tables[table].stored.put(number, stood.key, stood.value)
        self.processors = [self._processor(number) for number in range(PARTITIONS)]

    def deliver(self, partition: int, delivery: Delivery) -> None:
        """Take what a transaction writes."""
        for table, key, value in delivery.rows:
            self.tables[partition][table].stored.put(partition, key, value)
            self.append(Outgoing(changelog_name(table), key, value, partition))
        for record in delivery.records:
            self.append(record)

    def rows(self) -> list[dict[tuple[str, bytes], Any]]:
        """Return every partition's rows."""
        return [
            {
                (name, key): value
                for name, table in tables.items()
                for owned in table.stored.rows.get(number, {}).values()
                for key, value in owned.items()
            }
            for number, tables in enumerate(self.tables)
        ]

    def states(self) -> Mapping[bytes, bytes]:
        """Return the groups' last states."""
        last: dict[bytes, bytes] = {}
        for (topic, _), stood in self.log.items():
            if topic == "buying-group-state":
                for one in stood:
                    assert one.key is not None
                    if one.value is None:
                        last.pop(one.key, None)
                    else:
                        last[one.key] = one.value
        return last

    def _read(self, topic: Topic, partition: int) -> None:
        place = (topic.name, partition)
        start = self.consumed.get(place, 0)
        end = min(start + self._chance.randint(1, 60), len(self.log[place]))
        for fetched in self.ranges(topic, partition, start, end):
            batch = self._batch(topic, fetched)
            for delivery in self.processors[partition].steps([batch]):
                self.deliver(partition, delivery)
                self.processors[partition].delivered(delivery)
        self.consumed[place] = end

    def _batch(self, topic: Topic, fetched: FetchedRange) -> Batch:
        if topic is CONTROL:
            return self._reader.read_control(fetched, CONTROL, check_usable)
        if topic is DEFINITIONS:
            return self._reader.read_definitions(fetched, definitions.READING)
        return partial(self._reader.read, reading=READINGS[topic.name])(fetched)

    def _processor(self, number: int) -> PartitionProcessor:
        around = Surroundings(CODEC, self.tables[number], "/test/engine", PARTITIONS, lambda: NOW)
        return PartitionProcessor(number, around)
