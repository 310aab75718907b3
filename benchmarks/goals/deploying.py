"""Setting a deployment up through its topics: the groups of the job's accounts, taken in by a worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from confluent_kafka import Consumer, TopicPartition

from benchmarks.goals.stand import Deployment, Worker, screen
from benchmarks.job import Job
from benchmarks.systems.engine import setting_up
from schemas.codec import Codec
from schemas.fields import Contract
from schemas.registry import CommittedRegistry
from streams.progress import committed
from streams.topics import LEAD_ACTIVITY


def publish_groups(deployment: Deployment, job: Job) -> dict[str, int]:
    """Publish the groups of all accounts; return how many records each topic has of them."""
    counted: dict[str, int] = {}
    deployment.stage.publish(_records(deployment, setting_up(job), counted))
    return counted


def publish_activity(deployment: Deployment, job: Job) -> None:
    """Publish the whole stream."""
    screen.print(f"publishing {job.events:,} events …", highlight=False)
    stream = ((LEAD_ACTIVITY.name, event.account_id, event) for event in job.stream())
    deployment.stage.publish(_records(deployment, stream, {}))


def wait_consumed(deployment: Deployment, worker: Worker, counted: dict[str, int]) -> None:
    """Wait until so many records of each topic were consumed."""
    settings = deployment.settings
    group = Consumer({**settings.client_config(), "group.id": settings.app_id})
    places = [
        TopicPartition(topic, partition) for topic in counted for partition in range(settings.partitions)
    ]
    total = sum(counted.values())
    worker.wait(
        lambda: sum(committed(group, places).values()) >= total, f"done with {total:,} records", 900
    )
    group.close()


def _records(
    deployment: Deployment, events: Iterable[tuple[str, str, Contract]], counted: dict[str, int]
) -> Iterator[tuple[str, str, bytes]]:
    codec = Codec(CommittedRegistry())
    for topic, account_id, event in events:
        full = f"{deployment.namespace}.{topic}"
        counted[full] = counted.get(full, 0) + 1
        yield full, account_id, codec.encode(topic, event)
