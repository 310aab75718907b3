"""``export``: every group as it now stands, read from ``buying-group-state``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from schemas.codec import BadRecord, Codec
from schemas.outputs import BuyingGroupState
from streams.settings import Settings
from streams.topics import BUYING_GROUP_STATE

_ANSWER_S: Final = 15.0
_SILENCE_S: Final = 30.0
_POLL_S: Final = 0.5
_BATCH: Final = 2_000


class NotExported(Exception):
    """The groups cannot be read; the message says why and what to do."""


def read_states(settings: Settings, codec: Codec) -> list[BuyingGroupState]:
    """Return the last state of every group that stands, as of the topic's end when this is called.

    Joins no consumer group and commits nothing. Only what was committed by a worker counts.

    Raises:
        NotExported: Kafka does not answer, the topic is missing, or holds what is no state.
        RegistryUnavailable: the schema registry does not answer.
    """
    said: list[str] = []
    reader = Consumer(
        {
            **settings.client_config(),
            "client.id": f"{settings.namespace}.export",
            # librdkafka asks for one; nothing is joined or committed under it.
            "group.id": f"{settings.app_id}-export",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "log_level": 0,
            "error_cb": lambda error: said.append(error.str()),
        }
    )
    name = BUYING_GROUP_STATE.full_name(settings.namespace)
    latest: dict[bytes, bytes] = {}
    try:
        for message in _messages(reader, name):
            key, value = message.key(), message.value()
            if key is None:
                continue
            if value is None:
                latest.pop(key, None)
            else:
                latest[key] = value
    except KafkaException as error:
        reader.poll(0)
        raise NotExported(
            f"Kafka does not answer: {said[-1] if said else error.args[0].str()}."
            " Is KAFKA_BOOTSTRAP_SERVERS right?"
        ) from error
    finally:
        reader.close()
    return [_state(codec, key, value) for key, value in latest.items()]


def _messages(reader: Consumer, name: str) -> Iterator[Message]:
    """Yield what stands in the topic up to the ends it has now, in order within each partition."""
    ends = _assign_all(reader, name)
    heard = time.monotonic()
    while ends:
        batch = reader.consume(_BATCH, _POLL_S)
        if batch:
            heard = time.monotonic()
        elif time.monotonic() - heard > _SILENCE_S:
            raise NotExported(f"Kafka went silent for {_SILENCE_S:.0f} s; try again.")
        for message in batch:
            partition, offset = message.partition() or 0, message.offset() or 0
            end = ends.get(partition, 0)
            at_end = _is_end_of_partition(message)
            if not at_end and offset < end:
                yield message
            # The last record below the end may be a transaction's marker, which is never handed out.
            if at_end or offset >= end - 1:
                ends.pop(partition, None)


def _assign_all(reader: Consumer, name: str) -> dict[int, int]:
    """Make the reader start at the beginning of every partition that holds anything; return the ends."""
    found = reader.list_topics(timeout=_ANSWER_S).topics.get(name)
    if found is None:
        raise NotExported(
            f"{name}: no such topic. Is NAMESPACE right?"
            " Make the topics with: buying-groups topics create"
        )
    starts, ends = [], {}
    for partition in found.partitions:
        first, end = reader.get_watermark_offsets(TopicPartition(name, partition), _ANSWER_S)
        if first < end:
            starts.append(TopicPartition(name, partition, first))
            ends[partition] = end
    reader.assign(starts)
    return ends


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
