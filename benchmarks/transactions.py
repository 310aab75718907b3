"""What the delivery's transactions cost on a real Kafka: time per batch, against two other ways.

- transaction: changelog rows and outputs in one transaction (what the engine does)
- two flushes: changelog rows, wait for them, then outputs, wait for them; no transaction
- one flush: both at once, wait once; no order, no atomicity

Then what a transaction costs by how many partitions it touches: time, and CPU time of broker and client.
The broker is warm and has a core of its own where there are two.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
import uuid
from collections.abc import Callable

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from rich.console import Console
from rich.table import Table

from benchmarks.goals.stand import Cores
from benchmarks.measuring import cpu_seconds, java_of, on_core
from benchmarks.warm_broker import TOPICS, warm_broker

TOUCHED = (1, 3, 5, 10)
WAYS = ("transaction", "two flushes", "one flush")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    cores = Cores.here()
    with warm_broker(cores.rest) as broker, on_core(cores.worker):
        results = {
            (records, way): [
                _median_ms(broker.bootstrap, way, records, asked.batches) for _ in range(asked.rounds)
            ]
            for records in (10, 1000)
            for way in WAYS
        }
        java = java_of(os.getpid())
        touched = {
            topics: _cost(broker.bootstrap, topics, asked.batches * asked.rounds, java)
            for topics in TOUCHED
        }
    table = Table(title=f"milliseconds per batch, median of {asked.batches}; {os.cpu_count()} cores")
    for heading in ("records in a batch", "way", "median of rounds", "least", "most"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for (records, way), runs in results.items():
        table.add_row(
            str(records), way, f"{statistics.median(runs):.1f}", f"{min(runs):.1f}", f"{max(runs):.1f}"
        )
    Console().print(table)
    costs = Table(title="milliseconds per transaction of 10 records")
    for heading in ("partitions", "median time", "broker's CPU", "client's CPU"):
        costs.add_column(heading, justify="right")
    for topics, figures in touched.items():
        costs.add_row(str(topics), *(f"{figure:.2f}" for figure in figures))
    Console().print(costs)


def _cost(servers: str, topics: int, batches: int, java: int | None) -> tuple[float, float, float]:
    """Return the median time of a transaction, and its CPU time of broker and client."""
    before = _cpu(java)
    median = _median_ms(servers, "transaction", 10, batches, topics)
    broker, client = (after - then for after, then in zip(_cpu(java), before, strict=True))
    return median, broker / batches * 1000, client / batches * 1000


def _cpu(java: int | None) -> tuple[float, float]:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return (cpu_seconds(java) or 0.0 if java else 0.0), own.ru_utime + own.ru_stime


def _median_ms(servers: str, way: str, records: int, batches: int, topics: int = TOPICS) -> float:
    run = uuid.uuid4().hex[:8]
    names = [f"cost-{run}-{number}" for number in range(topics)]
    admin = AdminClient({"bootstrap.servers": servers})
    for future in admin.create_topics([NewTopic(name, 4, 1) for name in names]).values():
        future.result(30)
    settings: dict[str, str | int | bool] = {
        "bootstrap.servers": servers,
        "linger.ms": 1,
        "compression.type": "lz4",
    }
    if way == "transaction":
        settings["transactional.id"] = run
    else:
        settings["enable.idempotence"] = True
    producer = Producer(settings)
    if way == "transaction":
        producer.init_transactions(30)
    batch: Callable[[Producer, list[str], int], None] = {
        "transaction": _transaction,
        "two flushes": _two_flushes,
        "one flush": _one_flush,
    }[way]
    times = []
    for _ in range(batches):
        started = time.perf_counter()
        batch(producer, names, records)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def _write(producer: Producer, names: list[str], records: int) -> None:
    for number in range(records):
        producer.produce(names[number % len(names)], b"v" * 200, f"k{number}".encode(), 0)


def _transaction(producer: Producer, names: list[str], records: int) -> None:
    producer.begin_transaction()
    _write(producer, names, records)
    producer.commit_transaction(30)


def _two_flushes(producer: Producer, names: list[str], records: int) -> None:
    _write(producer, names[:2], records // 2)
    producer.flush(30)
    _write(producer, names[2:], records - records // 2)
    producer.flush(30)


def _one_flush(producer: Producer, names: list[str], records: int) -> None:
    _write(producer, names, records)
    producer.flush(30)


if __name__ == "__main__":
    main()
