"""What stands in compacted topics now: a partition's changelog rows, the newest value of each key.

Both can be read on from where they were, so that a second look costs what has changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

import orjson

from streams.partition_log import LogUnreadable
from streams.ranges import FetchedRange
from streams.tables import decode_key
from streams.topics import CHANGELOGS, TABLES, Topic

Row = tuple[str, bytes]
"""Which row: its table and its encoded key."""

_NOTHING: Final[Mapping[Row, bytes]] = {}


class Log(Protocol):
    """Where topics are read from: ``streams.partition_log``, or a test's own."""

    def bounds(self, topic: Topic, partition: int) -> tuple[int, int]:
        """Return the first offset that is kept and the offset after the last record."""

    def ranges(self, topic: Topic, partition: int, start: int, end: int) -> Iterator[FetchedRange]:
        """Yield what stands from ``start`` up to but not including ``end``."""


class ChangelogRows:
    """The rows of all tables of one partition, by their owner: an account id, or the partition."""

    def __init__(self, log: Log, partition: int) -> None:
        self.partition = partition
        self.nameless: list[Row] = []
        """Rows whose key names no owner: nobody could have written them."""
        self._log = log
        self._next: dict[str, int] = {}
        self._owners: dict[Any, dict[Row, bytes]] = {}
        self._counts = dict.fromkeys(TABLES, 0)

    def advance(self, advanced: Callable[[int], None]) -> None:
        """Read on to the end that the changelogs have now.

        Raises:
            LogUnreadable: Kafka does not answer, or one holds less than was read of it.
        """
        for table, topic in zip(TABLES, CHANGELOGS, strict=True):
            _, end = self._log.bounds(topic, self.partition)
            start = self._next.get(table, 0)
            if end < start:
                msg = (
                    f"{topic.name} [{self.partition}] ends at {end} and was read up to {start}:"
                    " it was deleted, or a broker lost it; run it again"
                )
                raise LogUnreadable(msg)
            for fetched in self._log.ranges(topic, self.partition, start, end):
                for record in fetched.records:
                    if record.key is not None:
                        self._put((table, record.key), record.value)
                advanced(len(fetched.records))
            self._next[table] = end

    def of(self, owner: Any) -> Mapping[Row, bytes]:
        """Return an owner's rows."""
        return self._owners.get(owner, _NOTHING)

    def accounts(self) -> Iterator[str]:
        """Return every account that has rows."""
        return (owner for owner in self._owners if isinstance(owner, str))

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return self._counts[table]

    def _put(self, row: Row, value: bytes | None) -> None:
        try:
            owner = decode_key(row[1])[0]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            self.nameless.append(row)
            return
        rows = self._owners.setdefault(owner, {})
        if value is not None:
            self._counts[row[0]] += row not in rows
            rows[row] = value
        elif rows.pop(row, None) is not None:
            self._counts[row[0]] -= 1
            if not rows:
                del self._owners[owner]


class LatestValues:
    """The newest value of each key of a topic, over all its partitions.

    ``withdrawn`` are the last values, as far as they are kept, of keys that have none now.
    """

    def __init__(self, log: Log, topic: Topic, partitions: int) -> None:
        self._log = log
        self._topic = topic
        self._next = dict.fromkeys(range(partitions), 0)
        self.values: dict[bytes, bytes] = {}
        self.withdrawn: dict[bytes, bytes] = {}

    def advance(self, advanced: Callable[[int], None]) -> None:
        """Read on to the end that the topic has now."""
        for partition, start in self._next.items():
            _, end = self._log.bounds(self._topic, partition)
            for fetched in self._log.ranges(self._topic, partition, start, end):
                for record in fetched.records:
                    if record.key is None:
                        continue
                    if record.value is not None:
                        self.values[record.key] = record.value
                        self.withdrawn.pop(record.key, None)
                    elif record.key in self.values:
                        self.withdrawn[record.key] = self.values.pop(record.key)
                advanced(len(fetched.records))
            self._next[partition] = max(start, end)
