"""Events per second of one worker on a real Kafka, next to the same events folded in memory.

The stream is published before the worker starts, so that nothing but the worker is measured: from
its first commit to its last. The fold decodes the same bytes and applies the same rules, in batches of
the same size, and writes nothing: it is what the rules alone would allow.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

from confluent_kafka import Consumer, Producer, TopicPartition
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agents.inputs import READINGS
from benchmarks.workload import activity, setting_up
from domain.account import Account, Tenant
from domain.calendar import Millis, day_of
from domain.engagement import DEFAULT_MODEL, first_baseline
from domain.events import AccountEvent
from domain.settle import fold
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.admin import create_topics
from streams.placement import PARTITIONER
from streams.progress import committed
from streams.settings import Settings, load_settings
from streams.topics import LEAD_ACTIVITY
from tests.kafka.broker import KafkaBroker

screen = Console(stderr=True)
SEED = 7


def main() -> None:
    """Measure and print a table, or JSON with ``--output json``."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.throughput")
    parser.add_argument("--events", type=int, default=200_000, help="activity events per run")
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3, help="the median is what counts")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    now = time.time_ns() // 1_000_000
    with broker_servers() as servers:
        worker = [_worker(servers, asked, now) for _ in range(asked.runs)]
    in_memory = [_in_memory(asked, now) for _ in range(asked.runs)]
    _print(asked, worker, in_memory)


@contextlib.contextmanager
def broker_servers() -> Iterator[str]:
    """Yield the Kafka to measure on: the configured one, or one started for this."""
    servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if servers:
        yield servers
        return
    with KafkaBroker() as broker:
        yield broker.bootstrap


def _worker(servers: str, asked: argparse.Namespace, now: Millis) -> float:
    settings = load_settings(
        kafka_bootstrap_servers=servers,
        namespace=f"bench-{uuid.uuid4().hex[:8]}",
        partitions=asked.partitions,
        batch_size=asked.batch_size,
    )
    create_topics(settings)
    _publish(settings, asked, now)
    with running_worker(settings) as process:
        return _rate_of_commits(settings, asked.events, process)


@contextlib.contextmanager
def running_worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker of these settings while the context lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "console.cli", "worker"],
        env={
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers or "",
            "NAMESPACE": settings.namespace,
            "PARTITIONS": str(settings.partitions),
            "BATCH_SIZE": str(settings.batch_size),
            "DAY_TICKS": "off",
            "LOG_LEVEL": "warning",
        },
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _publish(settings: Settings, asked: argparse.Namespace, now: Millis) -> None:
    codec = Codec(CommittedRegistry())
    producer = Producer(
        {**settings.client_config(), "partitioner": PARTITIONER, "linger.ms": 20, "acks": "all"}
    )

    def send(topic: str, account_id: str, value: bytes) -> None:
        while True:
            try:
                producer.produce(f"{settings.namespace}.{topic}", value, account_id.encode())
            except BufferError:
                producer.poll(0.1)
            else:
                return

    for topic, account_id, event in setting_up(asked.accounts, now):
        send(topic, account_id, codec.encode(topic, event))
    for done in track(
        activity(asked.events, asked.accounts, now, SEED),
        "publishing",
        total=asked.events,
        console=screen,
        transient=True,
    ):
        send(LEAD_ACTIVITY.name, done.account_id, codec.encode(LEAD_ACTIVITY.name, done))
    producer.flush()


def _rate_of_commits(settings: Settings, events: int, process: subprocess.Popen[bytes]) -> float:
    group = Consumer({**settings.client_config(), "group.id": settings.app_id})
    name = LEAD_ACTIVITY.full_name(settings.namespace)
    partitions = [TopicPartition(name, partition) for partition in range(settings.partitions)]
    first: tuple[float, int] | None = None
    try:
        while process.poll() is None:
            done = sum(committed(group, partitions).values())
            at = time.monotonic()
            if done and first is None:
                first = (at, done)
            if done >= events and first is not None:
                return (done - first[1]) / (at - first[0])
            time.sleep(0.02)
    finally:
        group.close()
    msg = f"the worker ended with exit code {process.returncode}"
    raise SystemExit(msg)


def _in_memory(asked: argparse.Namespace, now: Millis) -> float:
    codec = Codec(CommittedRegistry())
    tenant = Tenant(day_of(now), ticked=False, baseline=first_baseline(), model=DEFAULT_MODEL)
    accounts: dict[str, Account] = {}
    for topic, account_id, event in setting_up(asked.accounts, now):
        account = accounts.setdefault(account_id, Account(account_id))
        fold(account, READINGS[topic].events_of(event), tenant)
    stream = [
        codec.encode(LEAD_ACTIVITY.name, done)
        for done in activity(asked.events, asked.accounts, now, SEED)
    ]
    events_of = READINGS[LEAD_ACTIVITY.name].events_of
    started = time.perf_counter()
    for start in range(0, len(stream), asked.batch_size):
        batch: dict[str, list[AccountEvent]] = {}
        for value in stream[start : start + asked.batch_size]:
            for known in events_of(codec.decode(LEAD_ACTIVITY.name, value)):
                batch.setdefault(known.account_id, []).append(known)
        for account_id, events in batch.items():
            fold(accounts.setdefault(account_id, Account(account_id)), events, tenant)
    return len(stream) / (time.perf_counter() - started)


def _print(asked: argparse.Namespace, worker: list[float], in_memory: list[float]) -> None:
    rows = {"worker on Apache Kafka": worker, "fold in memory": in_memory}
    if asked.output == "json":
        figures = {
            name: {"median": statistics.median(runs), "least": min(runs), "most": max(runs)}
            for name, runs in rows.items()
        }
        print(json.dumps({"asked": vars(asked), "events_per_second": figures}))
        return
    table = Table(
        title=f"{asked.events:,} events, {asked.accounts} accounts, {asked.partitions} partitions,"
        f" batches of {asked.batch_size}; {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    table.add_column("events per second")
    for heading in ("median", "least", "most"):
        table.add_column(heading, justify="right")
    for name, runs in rows.items():
        table.add_row(name, f"{statistics.median(runs):,.0f}", f"{min(runs):,.0f}", f"{max(runs):,.0f}")
    ratio = statistics.median(worker) / statistics.median(in_memory)
    table.caption = f"worker / fold: {ratio:.2f}"
    Console().print(table)


if __name__ == "__main__":
    main()
