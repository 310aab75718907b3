"""How far a consumer group has come, asked from outside of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

_TIMEOUT_S: Final = 10.0

_COORDINATOR_MOVES: Final = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError._WAIT_COORD,
    }
)


def _passes(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in _COORDINATOR_MOVES


@retry(retry=retry_if_exception(_passes), stop=stop_after_delay(30), wait=wait_fixed(0.2), reraise=True)
def committed(consumer: Consumer, partitions: Sequence[TopicPartition]) -> dict[tuple[str, int], int]:
    """Return (topic, partition) → the offset that ``consumer``'s group committed, 0 where none.

    Waits while the group's coordinator moves, as it does when a broker or the group is new.

    Raises:
        KafkaException: the broker does not answer.
    """
    rows = consumer.committed(list(partitions), timeout=_TIMEOUT_S)
    return {(row.topic, row.partition): max(row.offset, 0) for row in rows}
