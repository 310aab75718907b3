"""A topic from outside: what it holds, from its beginning to the end it has now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from streams.acls import Access
from streams.reaching import metadata_of, why_unreachable
from streams.rights import missing_rights, not_allowed, why_not_read
from streams.settings import Settings
from streams.topics import Topic

_ANSWER_S: Final = 15.0
_UNDECIDED_S: Final = 5.0
_SILENCE_S: Final = 30.0
_POLL_S: Final = 0.1
_BATCH: Final = 2_000

Told: TypeAlias = Callable[[str], None]


class NotRead(Exception):
    """A topic cannot be read; the message says why and what to do."""


def records_of(
    settings: Settings, topic: Topic, reads_as: str, told: Told, undecided_s: float = _UNDECIDED_S
) -> Iterator[Message]:
    """Yield every record of a topic up to the end it has at first, in order within each partition.

    Joins no consumer group and commits nothing; ``reads_as`` is the name under which it reads. Only what
    was committed counts; ``told`` hears of a transaction that stays undecided for ``undecided_s``.

    Raises:
        NotRead: Kafka does not answer, or does not allow it, or the topic is missing.
    """
    said: list[KafkaError] = []
    name = topic.full_name(settings.namespace)
    try:
        ends = _ends_of(settings, name, reads_as, said)
        reader = _reader(settings, "read_committed", reads_as, said)
        try:
            yield from messages_up_to(reader, name, ends, told, undecided_s)
        finally:
            reader.close()
    except KafkaException as error:
        problem = error.args[0]
        refused = why_not_read(problem, name, f"{settings.app_id}-{reads_as}")
        raise NotRead(refused or why_unreachable(said, problem)) from error


class _Unread:
    """How far each partition is still to be read: up to the ends it had when the reading began."""

    def __init__(self, ends: dict[int, int]) -> None:
        self.ends = ends
        self._undecided: set[int] = set()

    def take(self, message: Message) -> bool:
        """Note a message; return whether it is a record below the end."""
        partition, offset = message.partition() or 0, message.offset() or 0
        end = self.ends.get(partition, 0)
        if _is_end_of_partition(message):
            # Below the end only markers are left, or what a transaction has not decided yet.
            self._undecided.add(partition)
            if offset >= end:
                self.ends.pop(partition, None)
            return False
        self._undecided.discard(partition)
        if offset >= end - 1:
            self.ends.pop(partition, None)
        return offset < end

    @property
    def only_undecided(self) -> bool:
        """Return whether nothing but undecided transactions stands before the ends."""
        return self.ends.keys() <= self._undecided


def messages_up_to(
    reader: Consumer, name: str, ends: dict[int, int], told: Told, undecided_s: float
) -> Iterator[Message]:
    """Yield what stands in the topic up to the given ends, in order within each partition.

    Raises:
        NotRead: Kafka went silent; how long the caller takes over a record does not count.
        KafkaException: it refuses.
    """
    unread = _Unread(ends)
    reader.assign([TopicPartition(name, partition, OFFSET_BEGINNING) for partition in ends])
    silence = 0.0
    while unread.ends:
        asked = time.monotonic()
        batch = reader.consume(_BATCH, _POLL_S)
        silence = 0.0 if batch else silence + time.monotonic() - asked
        if unread.only_undecided and silence > undecided_s:
            told("A worker is in the middle of a transaction; what it writes in it is left out.")
            return
        if silence > _SILENCE_S:
            raise NotRead(f"Kafka went silent for {_SILENCE_S:.0f} s; try again.")
        for message in batch:
            if unread.take(message):
                yield message


def _ends_of(settings: Settings, name: str, reads_as: str, said: list[KafkaError]) -> dict[int, int]:
    """Return the end of every partition that holds anything, transactions not yet decided included.

    A worker's transaction is known to be committed a moment before its records can be read, so the ends
    of what can be read would miss what a ``tick`` just waited for.
    """
    reader = _reader(settings, "read_uncommitted", reads_as, said)
    try:
        found = metadata_of(reader, said, _ANSWER_S).topics.get(name)
        if found is None:
            hidden = missing_rights(settings, [Access("topic", name, "Read", "it is read")])
            if hidden:
                raise NotRead(not_allowed(hidden))
            raise NotRead(
                f"{name}: no such topic. Is NAMESPACE right?"
                " Make the topics with: buying-groups topics create"
            )
        ends = {}
        for partition in found.partitions:
            first, end = reader.get_watermark_offsets(TopicPartition(name, partition), _ANSWER_S)
            if first < end:
                ends[partition] = end
    except KafkaException:
        reader.poll(0)
        raise
    else:
        return ends
    finally:
        reader.close()


def _reader(settings: Settings, isolation: str, reads_as: str, said: list[KafkaError]) -> Consumer:
    own: dict[str, Any] = {"isolation.level": isolation, "error_cb": said.append}
    return Consumer({**settings.reader_config(reads_as), **own})


def _is_end_of_partition(message: Message) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.name() == "_PARTITION_EOF":
        return True
    raise KafkaException(error)
