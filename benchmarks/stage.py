"""What the comparison does on Kafka itself: topics, publishing the stream, reading the scores."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.groups import PARTITIONS
from benchmarks.scores import Scores, subject_and_score
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.placement import PARTITIONER

_TIMEOUT_S: Final = 30.0
_APPEND_TIME: Final = {"message.timestamp.type": "LogAppendTime"}

Records = Sequence[tuple[str, bytes]]
"""Key and value."""


@dataclass(frozen=True, slots=True)
class Written:
    """The scores in an output topic: the last of each subject, how many, the first's and last's time."""

    scores: Scores
    count: int
    first_at: float
    last_at: float


class Stage:
    """A Kafka to compare on. Times are the broker's, in seconds since 1970."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        # What matters raises; a topic or a coordinator that is still being made is no news.
        self._client: dict[str, str | int | float | bool] = {
            "bootstrap.servers": bootstrap,
            "log_level": 0,
        }
        self._admin = AdminClient(self._client)
        self._codec = Codec(CommittedRegistry())
        self._watcher = Consumer({**self._client, "group.id": "bench-watcher"})

    def create(self, name: str, config: dict[str, str] | None = None) -> None:
        """Create a topic that the broker stamps with its own clock, and wait until it answers."""
        topic = NewTopic(name, PARTITIONS, 1, config={**(config or {}), **_APPEND_TIME})
        self._admin.create_topics([topic])[name].result(_TIMEOUT_S)
        deadline = time.monotonic() + _TIMEOUT_S * 2
        while not self._answers(name):
            if time.monotonic() > deadline:
                msg = f"{name} was created, and Kafka does not tell of it"
                raise TimeoutError(msg)
            time.sleep(0.1)

    def _answers(self, name: str) -> bool:
        # The watcher must not ask too early: it would take the topic for unknown for a while.
        if name not in self._admin.list_topics(timeout=_TIMEOUT_S).topics:
            return False
        try:
            self.size(name)
        except KafkaException:
            return False
        return True

    def delete(self, part_of_name: str) -> None:
        """Delete every topic whose name has this in it."""
        names = [
            name for name in self._admin.list_topics(timeout=_TIMEOUT_S).topics if part_of_name in name
        ]
        for future in (self._admin.delete_topics(names) if names else {}).values():
            try:
                future.result(_TIMEOUT_S)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise

    def publish(self, records: Iterable[tuple[str, str, bytes]]) -> None:
        """Publish (topic, key, value), placed as Kafka's own clients do."""
        producer = Producer(
            {
                **self._client,
                "partitioner": PARTITIONER,
                "linger.ms": 20,
                "enable.idempotence": True,
            }
        )
        for topic, key, value in records:
            while True:
                try:
                    producer.produce(topic, value, key)
                except BufferError:
                    producer.poll(0.1)
                else:
                    break
        if producer.flush(_TIMEOUT_S * 4):
            msg = "the stream could not be published"
            raise TimeoutError(msg)

    def size(self, topic: str) -> int:
        """Return how many offsets a topic has, those of transactions' ends included."""
        return sum(
            self._watcher.get_watermark_offsets(partition, _TIMEOUT_S)[1]
            for partition in _partitions(topic)
        )

    def written(self, topic: str) -> Written:
        """Read a topic of scores to its end."""
        consumer = Consumer(
            {
                **self._client,
                "group.id": "bench-reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
            }
        )
        consumer.assign([TopicPartition(topic, one.partition, 0) for one in _partitions(topic)])
        scores: Scores = {}
        count, times = 0, (float("inf"), 0.0)
        ended: set[int] = set()
        while len(ended) < PARTITIONS:
            for record in consumer.consume(1_000, 1.0):
                error = record.error()
                if error is not None:
                    if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                        raise KafkaException(error)
                    ended.add(record.partition() or 0)
                    continue
                subject, score = subject_and_score(self._codec, record.value() or b"")
                scores[subject] = score
                at = record.timestamp()[1] / 1000
                times = min(times[0], at), max(times[1], at)
                count += 1
        consumer.close()
        return Written(scores, count, *times)

    def close(self) -> None:
        """Give the connections up."""
        self._watcher.close()


def _partitions(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
