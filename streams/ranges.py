"""What the transport hands over: the records of one partition from one fetch, as one value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol


class FetchedRecord(Protocol):
    """The part of a consumed record that is used; ``timestamp`` in ms by the broker's clock."""

    @property
    def offset(self) -> int:
        """Return its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Return the broker's time of it, in ms."""

    @property
    def key(self) -> bytes | None:
        """Return the key's bytes."""

    @property
    def value(self) -> bytes | None:
        """Return the value's bytes; None is a deletion."""

    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """Return the headers."""


@dataclass(frozen=True, slots=True)
class FetchedRange:
    """Everything between two offsets of a partition: ``[first_offset, next_offset)``.

    The range may hold fewer records than offsets, even none: commit markers, aborted records and
    compacted ones take offsets too, and the position has to move past them. ``generation`` is the
    consumer group's when the range was fetched.
    """

    topic: str
    partition: int
    first_offset: int
    next_offset: int
    records: tuple[FetchedRecord, ...]
    generation: int

    def singly(self) -> Iterator[FetchedRange]:
        """Return the range in parts of one record each, so that each may be finished by itself."""
        first = self.first_offset
        for record in self.records[:-1]:
            yield replace(self, first_offset=first, next_offset=record.offset + 1, records=(record,))
            first = record.offset + 1
        yield replace(self, first_offset=first, records=self.records[-1:])
