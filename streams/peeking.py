"""A few records out of many partitions, read from outside: no group is joined, nothing is committed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.observing import NotSeen, Place
from streams.settings import Settings

_POLL_S: Final = 0.1
_BATCH: Final = 500
_FETCHED_BYTES: Final = 64 * 1024
"""Of one partition at a time: one record of each is wanted, or a few."""


class Peek:
    """One reading of chosen offsets. What was not there in time is left in ``unread``.

    ``spans`` says of each partition where to begin and before which offset to end. ``first_only`` ends
    a partition with its first record. Records of transactions that are not decided, or were undone, are
    read with ``undecided`` and left out without.
    """

    def __init__(
        self,
        settings: Settings,
        spans: Mapping[Place, tuple[int, int]],
        *,
        first_only: bool = False,
        undecided: bool = False,
        within_s: float = 10.0,
    ) -> None:
        self.unread = {place for place, (start, end) in spans.items() if start < end}
        self._spans = spans
        self._first_only = first_only
        self._within_s = within_s
        self._config: dict[str, Any] = {
            **settings.reader_config("status"),
            "isolation.level": "read_uncommitted" if undecided else "read_committed",
            "fetch.message.max.bytes": _FETCHED_BYTES,
            "queued.min.messages": 1,
        }

    def __iter__(self) -> Iterator[Message]:
        """Yield the records, in order within each partition.

        Raises:
            NotSeen: Kafka does not allow it.
        """
        if not self.unread:
            return
        reader = Consumer(self._config)
        try:
            reader.assign(
                [TopicPartition(*place, self._spans[place][0]) for place in sorted(self.unread)]
            )
            deadline = time.monotonic() + self._within_s
            while self.unread and time.monotonic() < deadline:
                for message in reader.consume(_BATCH, _POLL_S):
                    if self._take(reader, message):
                        yield message
        except KafkaException as error:
            raise NotSeen(f"Kafka does not let the records be read: {error.args[0].str()}.") from error
        finally:
            reader.close()

    def _take(self, reader: Consumer, message: Message) -> bool:
        """Return whether a message is a wanted record; stop fetching where it was the last."""
        error = message.error()
        if error is not None and error.code() not in _ABOUT_A_PARTITION:
            raise KafkaException(error)
        place = message.topic() or "", message.partition() or 0
        if place not in self.unread:
            return False
        end = self._spans[place][1]
        offset = message.offset() or 0
        if error is not None or offset >= end - 1 or self._first_only:
            self.unread.discard(place)
            reader.pause([TopicPartition(*place)])
        return error is None and offset < end


_ABOUT_A_PARTITION: Final = frozenset({KafkaError._PARTITION_EOF})
