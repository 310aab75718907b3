"""What the two bare loops share: their changelog topic, and when they commit."""

from __future__ import annotations

from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.systems.task import Task

MOST_RECORDS: Final = 2_000
"""So many records are taken from the consumer at once."""

COMMIT_EVERY_S: Final = 1.0
"""A commit waits until everything sent before is on the broker, so it is not made for each batch."""


def changelog(task: Task) -> str:
    """Create the topic that rows are written to, if it does not exist; return its name."""
    name = f"{task.group}.changelog"
    topic = NewTopic(name, task.partitions, 1, config={"cleanup.policy": "compact"})
    admin = AdminClient({"bootstrap.servers": task.bootstrap})
    try:
        admin.create_topics([topic])[name].result(30)
    except KafkaException:
        if name not in admin.list_topics(timeout=30).topics:
            raise
    return name
