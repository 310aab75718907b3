"""A deployment's log of inputs, and another deployment that is given the same log differently woven."""

import random
from collections import deque
from collections.abc import Mapping
from typing import Any, Literal

from streams.topics import DEFINITIONS, INPUTS, Topic
from tests.integration.harness import Deployment, Place, Record

Where = Literal["first", "midway", "last"]

Log = Mapping[tuple[Topic, int], list[Record]]
"""What stands in each partition of the inputs, in its order."""


def log_of(deployment: Deployment, dead: Mapping[Place, Record]) -> Log:
    """Return the inputs of a deployment, routed records included; ``dead`` are its broken records."""
    log: dict[tuple[Topic, int], list[Record]] = {}
    for topic in (*INPUTS, DEFINITIONS):
        for written in deployment.read(topic):
            place = (deployment.name(topic), written.partition, written.offset)
            broken = dead.get(place)
            record = Record(
                topic.name,
                written.key,
                written.value,
                written.partition,
                written.headers,
                None if broken is None else broken.dlq_reason,
            )
            log.setdefault((topic, written.partition), []).append(record)
    return log


def woven(log: Log, seed: int, definitions: Where) -> list[list[Record]]:
    """Return a log's records in another order that keeps each partition's own, in parts.

    That is all a consumer may rely on. The definitions are a part of their own, at the asked place.
    """
    chance = random.Random(seed)
    defined = [record for (topic, _), kept in log.items() if topic is DEFINITIONS for record in kept]
    chance.shuffle(defined)
    queues = [deque(kept) for (topic, _), kept in log.items() if topic is not DEFINITIONS]
    found: list[Record] = []
    while queues:
        # A few at a time, as a consumer fetches.
        queue = chance.choice(queues)
        found.extend(queue.popleft() for _ in range(min(len(queue), chance.randint(1, 20))))
        if not queue:
            queues.remove(queue)
    match definitions:
        case "first":
            return [defined, found]
        case "midway":
            middle = len(found) // 2
            return [found[:middle], defined, found[middle:]]
        case "last":
            return [found, defined]


def lines_of(deployment: Deployment, records: list[Record]) -> list[dict[str, Any]]:
    """Return records in the JSON form that ``publish`` and ``fold`` take."""
    return [
        {
            "topic": record.topic,
            "value": deployment.codec.decode(record.topic, record.value).model_dump(mode="json"),
        }
        for record in records
    ]
