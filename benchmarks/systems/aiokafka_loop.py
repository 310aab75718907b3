"""A bare loop around aiokafka: rows in memory and in a topic, at-least-once, no recovery."""

from __future__ import annotations

import asyncio
import signal
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.systems.loops import COMMIT_EVERY_S, MOST_RECORDS, changelog
from benchmarks.systems.rows import Record, Rows
from benchmarks.systems.task import PER_EVENT, Task, task


async def run(asked: Task) -> None:
    """Read, score and write until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    rows, changes = Rows(asked.as_of), changelog(asked)
    consumer = AIOKafkaConsumer(
        asked.input,
        bootstrap_servers=asked.bootstrap,
        group_id=asked.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    # A few milliseconds of linger, as librdkafka has it, or nearly every record is a request.
    producer = AIOKafkaProducer(bootstrap_servers=asked.bootstrap, acks="all", linger_ms=5)
    await consumer.start()
    await producer.start()
    committed_at = time.monotonic()
    while not ended.is_set():
        fetched = await consumer.getmany(timeout_ms=50, max_records=MOST_RECORDS)
        values = [record.value for records in fetched.values() for record in records]
        for batch in ([value] for value in values) if asked.rows == PER_EVENT else (values,):
            changed, scores = rows.take(batch)
            await _send(producer, changes, changed)
            await _send(producer, asked.output, scores)
        if values and time.monotonic() - committed_at > COMMIT_EVERY_S:
            await producer.flush()
            await consumer.commit()
            committed_at = time.monotonic()
    await producer.stop()
    await consumer.stop()


async def _send(producer: AIOKafkaProducer, topic: str, records: list[Record]) -> None:
    for key, value in records:
        await producer.send(topic, value, key.encode())


if __name__ == "__main__":
    asyncio.run(run(task(__doc__)))
