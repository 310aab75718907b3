"""``export``: every group as it now stands, read from ``buying-group-state``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from schemas.codec import BadRecord, Codec
from schemas.outputs import BuyingGroupState
from streams.settings import Settings
from streams.topics import BUYING_GROUP_STATE

_ANSWER_S: Final = 15.0
_UNDECIDED_S: Final = 5.0
_SILENCE_S: Final = 30.0
_POLL_S: Final = 0.1
_BATCH: Final = 2_000


Told: TypeAlias = Callable[[str], None]


class NotExported(Exception):
    """The groups cannot be read; the message says why and what to do."""


def read_states(settings: Settings, codec: Codec, told: Told) -> list[BuyingGroupState]:
    """Return the last state of every group that stands, as of the topic's end when this is called.

    Joins no consumer group and commits nothing. Only what a worker committed counts; ``told`` hears of
    a transaction that stays undecided.

    Raises:
        NotExported: Kafka does not answer, the topic is missing, or holds what is no state.
        RegistryUnavailable: the schema registry does not answer.
    """
    said: list[str] = []
    name = BUYING_GROUP_STATE.full_name(settings.namespace)
    latest: dict[bytes, bytes] = {}
    try:
        ends = _ends_of(settings, name, said)
        reader = _reader(settings, "read_committed", said)
        try:
            for message in _messages(reader, name, ends, told):
                key, value = message.key(), message.value()
                if key is None:
                    continue
                if value is None:
                    latest.pop(key, None)
                else:
                    latest[key] = value
        finally:
            reader.close()
    except KafkaException as error:
        raise NotExported(
            f"Kafka does not answer: {said[0] if said else error.args[0].str()}."
            " Is KAFKA_BOOTSTRAP_SERVERS right?"
        ) from error
    return [_state(codec, key, value) for key, value in latest.items()]


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


def _messages(reader: Consumer, name: str, ends: dict[int, int], told: Told) -> Iterator[Message]:
    """Yield what stands in the topic up to the given ends, in order within each partition."""
    unread = _Unread(ends)
    reader.assign([TopicPartition(name, partition, OFFSET_BEGINNING) for partition in ends])
    heard = time.monotonic()
    while unread.ends:
        batch = reader.consume(_BATCH, _POLL_S)
        silence = time.monotonic() - heard
        if batch:
            heard = time.monotonic()
        elif unread.only_undecided and silence > _UNDECIDED_S:
            told("A worker is in the middle of a transaction; what it writes in it is left out.")
            return
        elif silence > _SILENCE_S:
            raise NotExported(f"Kafka went silent for {_SILENCE_S:.0f} s; try again.")
        for message in batch:
            if unread.take(message):
                yield message


def _ends_of(settings: Settings, name: str, said: list[str]) -> dict[int, int]:
    """Return the end of every partition that holds anything, transactions not yet decided included.

    A worker's transaction is known to be committed a moment before its records can be read, so the ends
    of what can be read would miss what a ``tick`` just waited for.
    """
    reader = _reader(settings, "read_uncommitted", said)
    try:
        found = reader.list_topics(timeout=_ANSWER_S).topics.get(name)
        if found is None:
            raise NotExported(
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


def _reader(settings: Settings, isolation: str, said: list[str]) -> Consumer:
    config: dict[str, Any] = {
        **settings.client_config(),
        "client.id": f"{settings.namespace}.export",
        # librdkafka asks for one; nothing is joined or committed under it.
        "group.id": f"{settings.app_id}-export",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "isolation.level": isolation,
        "log_level": 0,
        "error_cb": lambda error: said.append(error.str()),
    }
    return Consumer(config)


def _is_end_of_partition(message: Message) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.name() == "_PARTITION_EOF":
        return True
    raise KafkaException(error)


def _state(codec: Codec, key: bytes, value: bytes) -> BuyingGroupState:
    try:
        state = codec.decode(BUYING_GROUP_STATE.name, value)
    except BadRecord as bad:
        msg = f"the state of group {key.decode(errors='replace')!r} cannot be read: {bad.detail}"
        raise NotExported(msg) from bad
    if not isinstance(state, BuyingGroupState):
        raise TypeError(type(state))
    return state
