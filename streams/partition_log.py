"""Reading one partition of a topic between two offsets, outside of any consumer group."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from domain.calendar import Millis
from streams.delivery import TRANSACTION_TIMEOUT_S
from streams.progress import committed
from streams.ranges import FetchedRange
from streams.settings import Settings
from streams.topics import SOURCES, Topic

_ANSWER_S: Final = 15.0
_SILENCE_S: Final = 60.0
_POLL_S: Final = 0.5
_GATHERED_S: Final = 0.02
_RANGE: Final = 2_000
_UNDECIDED_S: Final = TRANSACTION_TIMEOUT_S + 10.0
"""So long after its writer has gone the broker has ended a transaction."""

Offsets = dict[str, int]
"""An offset for each topic of a partition, by the topic's name without the namespace."""


class LogUnreadable(Exception):
    """A topic cannot be read; the message says which, why and what to do."""


@dataclass(frozen=True, slots=True)
class LoggedRecord:
    """A record as it stands in a partition."""

    offset: int
    timestamp: Millis
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class PartitionLog:
    """Reads what is committed in a deployment's topics. Joins no group, commits nothing."""

    def __init__(self, settings: Settings, reads_as: str) -> None:
        self._settings = settings
        self._said: list[str] = []
        config: dict[str, Any] = {
            **settings.reader_config(reads_as),
            "fetch.wait.max.ms": 10,
            "error_cb": lambda error: self._said.append(error.str()),
        }
        self._consumer = Consumer(config)
        # Never subscribes: it only asks for the workers' offsets.
        self._group = Consumer({**settings.client_config(), "group.id": settings.app_id, "log_level": 0})

    def __enter__(self) -> Self:
        """Return the log."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the broker."""
        self._consumer.close()
        self._group.close()

    def bounds(self, topic: Topic, partition: int) -> tuple[int, int]:
        """Return the first offset that is kept and the offset after the last committed record.

        Raises:
            LogUnreadable: there is no such partition, or Kafka does not answer.
        """
        place = TopicPartition(self.name(topic), partition)
        try:
            first, end = self._consumer.get_watermark_offsets(place, timeout=_ANSWER_S)
        except KafkaException as error:
            raise LogUnreadable(self._why(place, error.args[0])) from error
        return int(first), int(end)

    def wait_decided(self, topic: Topic, partitions: Iterable[int] | None = None) -> None:
        """Wait until what is written to a topic by now is committed or undone.

        A transaction that its writer left open hides all that comes after it, until the broker ends it.
        """
        chosen = range(self._settings.partitions) if partitions is None else partitions
        written = {partition: self._written(topic, partition) for partition in chosen}
        deadline = time.monotonic() + _UNDECIDED_S
        while time.monotonic() < deadline:
            if all(self.bounds(topic, number)[1] >= end for number, end in written.items()):
                return
            time.sleep(_GATHERED_S)

    def ends(self, partition: int) -> Offsets:
        """Return the end of every source of a partition."""
        return {topic.name: self.bounds(topic, partition)[1] for topic in SOURCES}

    def committed(self, partition: int) -> Offsets:
        """Return what the workers have acknowledged of every source of a partition, 0 where nothing.

        Raises:
            LogUnreadable: Kafka does not answer.
        """
        names = {self.name(topic): topic.name for topic in SOURCES}
        try:
            found = committed(self._group, [TopicPartition(name, partition) for name in names])
        except KafkaException as error:
            msg = f"the offsets of {self._settings.app_id} cannot be read: {error.args[0].str()}"
            raise LogUnreadable(msg) from error
        return {names[name]: offset for (name, _), offset in found.items()}

    def first_timestamp(self, topic: Topic, partition: int) -> Millis | None:
        """Return the broker's time of the first record that is kept; None where there is none."""
        first, end = self.bounds(topic, partition)
        for fetched in self.ranges(topic, partition, first, end, size=1):
            for record in fetched.records:
                return record.timestamp
        return None

    def ranges(
        self, topic: Topic, partition: int, start: int, end: int, size: int = _RANGE
    ) -> Iterator[FetchedRange]:
        """Yield what stands from ``start`` up to but not including ``end``.

        Where retention has taken the beginning, it starts with the first record that is left.

        Raises:
            LogUnreadable: Kafka does not answer, or goes silent.
        """
        if start >= end:
            return
        name = self.name(topic)
        self._consumer.assign([TopicPartition(name, partition, start)])
        try:
            heard = time.monotonic()
            while start < end:
                # Returns when it has so many, or when the time is over: which it waits for at each end.
                messages = self._consumer.consume(size, _GATHERED_S)
                if messages:
                    heard = time.monotonic()
                elif time.monotonic() - heard > _SILENCE_S:
                    msg = f"{name} [{partition}] went silent at offset {start}; try again"
                    raise LogUnreadable(msg)
                # What was fetched for the assignment before may still come.
                ours = [message for message in messages if message.topic() == name]
                records, following = self._below(ours, end)
                if records:
                    next_offset = records[-1].offset + 1
                    yield FetchedRange(name, partition, start, next_offset, tuple(records), 0)
                    start = next_offset
                start = max(start, following)
        finally:
            self._consumer.unassign()

    def name(self, topic: Topic) -> str:
        """Return a topic's name on the broker."""
        return topic.full_name(self._settings.namespace)

    def _written(self, topic: Topic, partition: int) -> int:
        """Return the end of a partition, transactions that are not decided included."""
        place = TopicPartition(self.name(topic), partition)
        try:
            return int(self._group.get_watermark_offsets(place, timeout=_ANSWER_S)[1])
        except KafkaException as error:
            raise LogUnreadable(self._why(place, error.args[0])) from error

    def _below(self, messages: list[Message], end: int) -> tuple[list[LoggedRecord], int]:
        """Return the records below an offset, and ``end`` once nothing below it can follow."""
        records: list[LoggedRecord] = []
        for message in messages:
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    if (message.offset() or 0) >= end:
                        # Between the last record and the end there are only markers.
                        return records, end
                    continue
                place = TopicPartition(message.topic() or "", message.partition() or 0)
                raise LogUnreadable(self._why(place, error))
            offset = message.offset() or 0
            if offset >= end:
                return records, end
            headers = cast("list[tuple[str, bytes]] | None", message.headers())
            records.append(
                LoggedRecord(
                    offset,
                    message.timestamp()[1],
                    _bytes(message.key()),
                    _bytes(message.value()),
                    tuple(headers or ()),
                )
            )
        return records, 0

    def _why(self, place: TopicPartition, error: KafkaError) -> str:
        if error.code() in {KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART}:
            return (
                f"{place.topic} [{place.partition}]: no such topic or partition."
                " Is NAMESPACE right? Missing topics are made with: buying-groups topics create"
            )
        reason = self._said[0] if self._said else error.str()
        return f"{place.topic} [{place.partition}] cannot be read: {reason}"


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
