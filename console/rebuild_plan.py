"""What a rebuild would read, whether the log still has all of it, and about how long it takes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from agents.rebuilding import PartitionFold
from domain.calendar import MILLIS_PER_DAY, Day, Millis, iso_day, iso_instant
from domain.engagement import window_start
from schemas.codec import Codec
from streams.partition_log import Offsets, PartitionLog
from streams.settings import Settings
from streams.topics import CONTROL, DEFINITIONS, LEAD_ACTIVITY, SOURCES, Topic

_SAMPLE: Final = 5_000
"""So many records of each topic are read to see how long one takes."""


@dataclass(frozen=True, slots=True)
class Part:
    """One topic in one partition: what is kept of it, and how far it is read."""

    topic: Topic
    partition: int
    first: int
    until: int

    @property
    def records(self) -> int:
        """Return how many offsets are read; commit markers take offsets too."""
        return max(0, self.until - self.first)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be read, what of it is missing, and how many seconds a record takes."""

    parts: tuple[Part, ...]
    missing: tuple[str, ...]
    seconds_per_record: float

    @property
    def records(self) -> int:
        """Return how many offsets are read."""
        return sum(part.records for part in self.parts)

    @property
    def seconds(self) -> float:
        """Return about how long that takes."""
        return self.records * self.seconds_per_record


class Kept(Protocol):
    """What is asked of a log to tell whether it is whole."""

    def name(self, topic: Topic) -> str:
        """Return a topic's name on the broker."""

    def first_timestamp(self, topic: Topic, partition: int) -> Millis | None:
        """Return the broker's time of the first record that is kept; None where there is none."""


class NothingAcknowledged(Exception):
    """The workers' group has no offsets: nothing says how far the state is to be rebuilt."""


def new_fold(settings: Settings, codec: Codec, log: PartitionLog, partition: int) -> PartitionFold:
    """Return a partition's fold, of which nothing is read yet."""
    return PartitionFold(partition, settings.partitions, codec, log)


def plan_of(settings: Settings, codec: Codec, log: PartitionLog, partitions: Iterable[int]) -> Plan:
    """Return what rebuilding some partitions would read, up to what the workers have acknowledged.

    Raises:
        NothingAcknowledged: the workers have no offsets.
        LogUnreadable: Kafka does not answer, or a topic is missing.
    """
    chosen = list(partitions)
    until = {partition: log.committed(partition) for partition in chosen}
    parts = parts_of(log, until)
    if any(part.first < log.bounds(part.topic, part.partition)[1] for part in parts) and not any(
        any(offsets.values()) for offsets in until.values()
    ):
        msg = (
            f"the consumer group {settings.app_id} has no offsets, so nothing says what its state held."
            " Kafka forgets those of a group without members after a week (offsets.retention.minutes)."
            " A worker that is started reads everything from the beginning: that is the rebuild then."
        )
        raise NothingAcknowledged(msg)
    fold = new_fold(settings, codec, log, chosen[0])
    clock = fold.steer(until[chosen[0]][CONTROL.name], lambda _: None)
    as_of = clock.as_of if clock.ticked else None
    return Plan(
        tuple(parts),
        tuple(missing_in(log, parts, as_of)),
        _seconds_per_record(settings, codec, log, parts),
    )


def parts_of(log: PartitionLog, until: Mapping[int, Offsets]) -> list[Part]:
    """Return what is read of each partition up to some offsets.

    ``definitions`` is left out: what it holds is in ``control``, which a partition reads.
    """
    return [
        Part(topic, partition, log.bounds(topic, partition)[0], offsets[topic.name])
        for topic in SOURCES
        if topic is not DEFINITIONS
        for partition, offsets in until.items()
    ]


def missing_in(log: Kept, parts: Iterable[Part], as_of: Day | None) -> list[str]:
    """Return what retention has taken of what is needed, one line each.

    Decisions, profiles, accounts, groups and control records count for ever, activity as long as it is
    in the window of ``as_of``; without a date nothing is too old.
    """
    found: list[str] = []
    for part in parts:
        if part.first == 0 or part.until == 0:
            continue
        name = f"{log.name(part.topic)} [{part.partition}]"
        if part.topic is LEAD_ACTIVITY and as_of is not None:
            oldest = log.first_timestamp(part.topic, part.partition)
            needed = window_start(as_of)
            if oldest is None or oldest < needed * MILLIS_PER_DAY:
                continue
            found.append(
                f"{name}: the oldest record that is kept is of {iso_instant(oldest)},"
                f" and activity counts from {iso_day(needed)} on"
            )
        else:
            found.append(f"{name}: begins at offset {part.first}, and what it held before is needed")
    return found


def _seconds_per_record(
    settings: Settings, codec: Codec, log: PartitionLog, parts: Iterable[Part]
) -> float:
    """Return what one record takes, by folding the first ones of the partition that has most."""
    by_partition: dict[int, list[Part]] = {}
    for part in parts:
        by_partition.setdefault(part.partition, []).append(part)
    chosen = max(by_partition.values(), key=lambda some: sum(part.records for part in some))
    until = {part.topic.name: min(part.until, part.first + _SAMPLE) for part in chosen}
    fold = new_fold(settings, codec, log, chosen[0].partition)
    read = 0

    def advanced(records: int) -> None:
        nonlocal read
        read += records

    began = time.monotonic()
    fold.advance(until, advanced)
    return (time.monotonic() - began) / max(1, read)
