"""What the transport hands over: the records of one partition from one fetch, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class FetchedRecord(Protocol):
    """The part of a consumed record that is used; ``timestamp`` in ms by the broker's clock."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]: ...


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
