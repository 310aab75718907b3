"""Milliseconds from publishing an event to reading what it caused, on a real Kafka with one worker.

Events are sent at a steady rate; a reader of committed ``score-updated`` records notes when the output
that names an event as its cause arrives. Broker, worker, sender and reader share this machine.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
import uuid

from confluent_kafka import Consumer, Producer, TopicPartition
from rich.console import Console

from benchmarks.throughput import broker_servers, running_worker
from benchmarks.workload import activity, setting_up
from schemas.codec import Codec
from schemas.outputs import ScoreUpdated
from schemas.registry import CommittedRegistry
from streams.admin import create_topics
from streams.placement import PARTITIONER
from streams.settings import Settings, load_settings
from streams.topics import LEAD_ACTIVITY, SCORE_UPDATED

_SETTLE_S = 10.0


def main() -> None:
    """Measure and print the percentiles."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.latency")
    parser.add_argument("--rate", type=int, default=200, help="events per second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--accounts", type=int, default=200)
    asked = parser.parse_args()
    with broker_servers() as servers:
        settings = load_settings(
            kafka_bootstrap_servers=servers, namespace=f"bench-{uuid.uuid4().hex[:8]}"
        )
        create_topics(settings)
        with running_worker(settings):
            waits = _measure(settings, asked)
    marks = statistics.quantiles(waits, n=100)
    Console().print(
        f"{len(waits)} events at {asked.rate}/s: p50 {marks[49]:.0f} ms,"
        f" p90 {marks[89]:.0f} ms, p99 {marks[98]:.0f} ms"
    )


def _measure(settings: Settings, asked: argparse.Namespace) -> list[float]:
    codec = Codec(CommittedRegistry())
    now = time.time_ns() // 1_000_000
    producer = Producer({**settings.client_config(), "partitioner": PARTITIONER, "linger.ms": 0})
    for topic, account_id, event in setting_up(asked.accounts, now):
        producer.produce(
            f"{settings.namespace}.{topic}", codec.encode(topic, event), account_id.encode()
        )
    producer.flush()
    time.sleep(_SETTLE_S)
    sent: dict[str, float] = {}
    arrived: dict[str, float] = {}
    ended = threading.Event()
    reader = threading.Thread(target=_read, args=(settings, codec, arrived, ended))
    reader.start()
    for number, done in enumerate(activity(asked.rate * asked.seconds, asked.accounts, now, seed=11)):
        due = number / asked.rate
        if number == 0:
            started = time.monotonic()
        while time.monotonic() - started < due:
            producer.poll(0.001)
        sent[done.event_id] = time.monotonic()
        producer.produce(
            LEAD_ACTIVITY.full_name(settings.namespace),
            codec.encode(LEAD_ACTIVITY.name, done),
            done.account_id.encode(),
        )
    producer.flush()
    time.sleep(_SETTLE_S)
    ended.set()
    reader.join()
    return [(arrived[event_id] - sent[event_id]) * 1000 for event_id in sent if event_id in arrived]


def _read(settings: Settings, codec: Codec, arrived: dict[str, float], ended: threading.Event) -> None:
    consumer = Consumer(
        {
            **settings.client_config(),
            "group.id": "latency",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 5,
        }
    )
    name = SCORE_UPDATED.full_name(settings.namespace)
    consumer.assign([TopicPartition(name, partition, 0) for partition in range(settings.partitions)])
    while not ended.is_set():
        message = consumer.poll(0.05)
        if message is None or message.error() is not None:
            continue
        value = codec.decode(SCORE_UPDATED.name, message.value())
        if isinstance(value, ScoreUpdated):
            arrived.setdefault(value.cause_event_id, time.monotonic())
    consumer.close()


if __name__ == "__main__":
    main()
