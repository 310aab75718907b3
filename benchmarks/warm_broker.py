"""A Kafka of the benchmarks' own, warmed up before anything is measured on it.

Java compiles what is called often. For the first minutes of its life a broker takes several times as
long for a transaction, and its compiler has a good part of the broker's core: on two cores everything
that is measured then is the compiler.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from rich.console import Console

from benchmarks.measuring import on_core
from tests.kafka.broker import WARM_JVM, KafkaBroker

TOPICS: Final = 5
"""What a worker's batch of activity touches: three changelogs, scores and states."""

_PARTITIONS: Final = 8
_ROUND: Final = 500
_LEAST_ROUNDS: Final = 8
_MOST_ROUNDS: Final = 60
_LOOK_BACK: Final = 4
_GAIN: Final = 0.97
"""A broker is warm when the latest rounds took no less than so much of those before."""

_TIMEOUT_S: Final = 60.0

screen = Console(stderr=True)


@contextmanager
def warm_broker(core: int | None = None) -> Iterator[KafkaBroker]:
    """Yield a broker, on a core of its own if one is named, after it was warmed up."""
    with on_core(core):
        broker = KafkaBroker(jvm=WARM_JVM)
        broker.start()
    try:
        with on_core(core):
            warm_up(broker.bootstrap)
        yield broker
    finally:
        broker.close()


def warm_up(bootstrap: str) -> None:
    """Write and read transactions until they get no faster."""
    name = f"warm-{uuid.uuid4().hex[:8]}"
    topics = [f"{name}-{number}" for number in range(TOPICS)]
    admin = AdminClient({"bootstrap.servers": bootstrap})
    made = admin.create_topics([NewTopic(topic, _PARTITIONS, 1) for topic in topics])
    for future in made.values():
        future.result(_TIMEOUT_S)
    over = threading.Event()
    reader = threading.Thread(target=_read, args=(bootstrap, topics[-1], over), daemon=True)
    reader.start()
    producer = Producer(
        {"bootstrap.servers": bootstrap, "transactional.id": name, "linger.ms": 1, "log_level": 0}
    )
    producer.init_transactions(_TIMEOUT_S)
    rounds: list[float] = []
    while len(rounds) < _MOST_ROUNDS and not _is_warm(rounds):
        rounds.append(_round(producer, topics, len(rounds)))
        told = f"warming the broker up: {rounds[-1]:.1f} ms a transaction"
        screen.print(told, end="\r" if sys.stderr.isatty() else "\n", highlight=False)
    over.set()
    reader.join()
    for future in admin.delete_topics(topics).values():
        future.result(_TIMEOUT_S)
    screen.print(
        f"the broker is warm: {rounds[0]:.1f} ms a transaction at first, {rounds[-1]:.1f} ms now",
        highlight=False,
    )


def _is_warm(rounds: list[float]) -> bool:
    if len(rounds) < _LEAST_ROUNDS:
        return False
    before, latest = rounds[-2 * _LOOK_BACK : -_LOOK_BACK], rounds[-_LOOK_BACK:]
    return statistics.median(latest) >= _GAIN * statistics.median(before)


def _round(producer: Producer, topics: list[str], number: int) -> float:
    """Return how many milliseconds a transaction took."""
    took = []
    for place in range(_ROUND):
        started = time.perf_counter()
        producer.begin_transaction()
        for topic in topics:
            producer.produce(topic, b"v" * 400, f"{number}-{place}", place % _PARTITIONS)
        producer.commit_transaction(_TIMEOUT_S)
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def _read(bootstrap: str, topic: str, over: threading.Event) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "warming-up",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "log_level": 0,
        }
    )
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(_PARTITIONS)])
    while not over.is_set():
        consumer.consume(1_000, 0.1)
    consumer.close()
