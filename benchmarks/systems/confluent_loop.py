"""A bare loop around confluent-kafka: rows in memory and in a topic, at-least-once, no recovery."""

from __future__ import annotations

import signal
import time
from types import FrameType

from confluent_kafka import Consumer, Producer

from benchmarks.systems.loops import COMMIT_EVERY_S, MOST_RECORDS, changelog
from benchmarks.systems.rows import Record, Rows
from benchmarks.systems.task import PER_EVENT, Task, task
from streams.placement import PARTITIONER


def run(asked: Task) -> None:
    """Read, score and write until SIGTERM."""
    ended = False

    def end(_: int, __: FrameType | None) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, end)
    consumer = Consumer(
        {
            "bootstrap.servers": asked.bootstrap,
            "group.id": asked.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    producer = Producer({"bootstrap.servers": asked.bootstrap, "partitioner": PARTITIONER})
    rows, changes = Rows(asked.as_of), changelog(asked)
    consumer.subscribe([asked.input])
    committed_at = time.monotonic()
    while not ended:
        values = [record.value() or b"" for record in consumer.consume(MOST_RECORDS, 0.05)]
        for batch in ([value] for value in values) if asked.rows == PER_EVENT else (values,):
            changed, scores = rows.take(batch)
            _send(producer, changes, changed)
            _send(producer, asked.output, scores)
        producer.poll(0)
        if values and time.monotonic() - committed_at > COMMIT_EVERY_S:
            producer.flush()
            consumer.commit(asynchronous=False)
            committed_at = time.monotonic()
    producer.flush()
    consumer.close()


def _send(producer: Producer, topic: str, records: list[Record]) -> None:
    for key, value in records:
        while True:
            try:
                producer.produce(topic, value, key)
            except BufferError:
                producer.poll(0.1)
            else:
                break


if __name__ == "__main__":
    run(task(__doc__))
