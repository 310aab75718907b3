"""How large a consumer group's record may be: a real broker is asked, with two members.

The members carry so many bytes each in their requests to join, as Faust's do with the whole cluster's
assignment. Whether the group comes to an assignment is printed for each size.
"""

from __future__ import annotations

import argparse
import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

import aiokafka
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import (
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
)

from tests.kafka.broker import KafkaBroker

_MEMBERS = 2


def main() -> None:
    """Try each size and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.group_limit")
    parser.add_argument("--sizes", type=_numbers, default=(400_000, 900_000, 1_200_000))
    parser.add_argument("--patience", type=float, default=12.0, help="seconds until a group is given up")
    parser.add_argument("--limit", type=int, help="max.message.bytes of __consumer_offsets; Kafka's own")
    asked = parser.parse_args()
    with KafkaBroker() as broker:
        if asked.limit is not None:
            # The topic is made by the first group.
            asyncio.run(_assigned(broker.bootstrap, _MEMBERS, asked.patience))
            _raise_limit(broker.bootstrap, asked.limit)
        for size in asked.sizes:
            assigned = asyncio.run(_assigned(broker.bootstrap, size, asked.patience))
            print(f"{size:>10,} bytes in a group of {_MEMBERS}: {assigned} of its members were assigned")


async def _assigned(servers: str, size: int, patience: float) -> int:
    topic = f"limit-{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic(topic, _MEMBERS, 1)])[topic].result(30)
    consumers = [
        aiokafka.AIOKafkaConsumer(
            bootstrap_servers=servers,
            group_id=topic,
            partition_assignment_strategy=[_heavy(size // _MEMBERS)],
        )
        for _ in range(_MEMBERS)
    ]
    for consumer in consumers:
        consumer.subscribe([topic])
    starting = [asyncio.create_task(consumer.start()) for consumer in consumers]
    await asyncio.wait(starting, timeout=patience)
    assigned = sum(bool(consumer.assignment()) for consumer in consumers)
    for task in starting:
        task.cancel()
    await asyncio.gather(*starting, return_exceptions=True)
    stopping = [asyncio.create_task(consumer.stop()) for consumer in consumers]
    await asyncio.wait(stopping, timeout=patience)
    return assigned


def _raise_limit(servers: str, limit: int) -> None:
    entry = ConfigEntry("max.message.bytes", str(limit), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(
        ConfigResource.Type.TOPIC, "__consumer_offsets", incremental_configs=[entry]
    )
    admin = AdminClient({"bootstrap.servers": servers})
    admin.incremental_alter_configs([resource])[resource].result(30)


def _heavy(size: int) -> type[AbstractPartitionAssignor]:
    class Heavy(AbstractPartitionAssignor):  # type: ignore[misc]
        """Gives each member one partition; its request has so many bytes."""

        name = "heavy"
        version = 0

        @classmethod
        def metadata(cls, topics: set[str]) -> ConsumerProtocolMemberMetadata:
            return ConsumerProtocolMemberMetadata(cls.version, list(topics), bytes(size))

        @classmethod
        def assign(
            cls, _: Any, members: Mapping[str, Any]
        ) -> dict[str, ConsumerProtocolMemberAssignment]:
            (topic,) = {topic for one in members.values() for topic in one.subscription}
            return {
                member: ConsumerProtocolMemberAssignment(cls.version, [(topic, [number])], b"")
                for number, member in enumerate(members)
            }

        @classmethod
        def on_assignment(cls, assignment: Any) -> None:
            """Take note of nothing."""

    return Heavy


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


if __name__ == "__main__":
    main()
