"""What each tool of a deployment needs to be allowed on a Kafka that asks: every entry, and no other.

An entry is one operation on one resource. Read and Write imply Describe, so Describe stands only where
neither does. An idempotent or transactional producer needs no IdempotentWrite on the cluster since
Kafka 2.8: Write on a topic, or on its transactional id, is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from streams.topics import (
    ALL_TOPICS,
    BUYING_GROUP_STATE,
    CHANGELOGS,
    CONTROL,
    DEAD_LETTERS,
    DEFINITIONS,
    INPUTS,
    LEAD_PROFILES,
    OUTPUTS,
    SOURCES,
    Topic,
    changelog_name,
)

Resource: TypeAlias = Literal["topic", "group", "transactional-id"]
Pattern: TypeAlias = Literal["literal", "prefixed"]
Operation: TypeAlias = Literal["Read", "Write", "Describe", "DescribeConfigs", "Create", "Delete"]


@dataclass(frozen=True, slots=True)
class Access:
    """One entry: an operation on a resource, and what it is needed for."""

    resource: Resource
    name: str
    operation: Operation
    why: str
    pattern: Pattern = "literal"


@dataclass(frozen=True, slots=True)
class Tool:
    """What runs with rights of its own: ``name`` as it is chosen by, and its entries."""

    name: str
    accesses: tuple[Access, ...]


CLOCK_CHANGELOG: Final = changelog_name("partition_to_clock")


def tools_of(namespace: str) -> tuple[Tool, ...]:
    """Return every tool of a deployment with the entries it needs."""
    group = f"{namespace}.engine"

    def topics(operation: Operation, some: Iterable[Topic], why: str) -> tuple[Access, ...]:
        return tuple(Access("topic", topic.full_name(namespace), operation, why) for topic in some)

    def seen(why: str) -> Access:
        return Access("group", group, "Describe", why)

    def reads_as(name: str) -> Access:
        # librdkafka asks for the coordinator of the group it is named after, though it joins none.
        return Access(
            "group", f"{group}-{name}", "Describe", "it reads under this name; nothing is joined"
        )

    checked = topics("DescribeConfigs", ALL_TOPICS, "how the topics are set up is compared")
    named = topics("Describe", ALL_TOPICS, "which topics there are is compared")
    rebuilt = (
        *topics("Read", SOURCES, "what is folded anew"),
        *topics("Read", CHANGELOGS, "what is compared with it"),
        *topics("Read", _reports(), "what subscribers were told"),
        *topics("Describe", (DEAD_LETTERS,), "which topics there are is compared"),
        *checked,
        reads_as("rebuild"),
    )
    return (
        Tool(
            "worker",
            (
                *topics("Read", SOURCES, "what it processes"),
                *topics("Read", CHANGELOGS, "state is recovered"),
                *topics("Write", INPUTS, "records in the wrong partition are routed to the right one"),
                *topics("Write", (CONTROL,), "what partitions tell each other, and the day's tick"),
                *topics("Write", OUTPUTS, "what it reports, and dead letters"),
                *topics("Write", CHANGELOGS, "state is kept"),
                *checked,
                Access("group", group, "Read", "workers share partitions and commit how far they are"),
                Access(
                    "transactional-id",
                    f"{group}-",
                    "Write",
                    "one transactional producer for each partition",
                    "prefixed",
                ),
            ),
        ),
        Tool("publish", topics("Write", (*INPUTS, DEFINITIONS), "events are published")),
        Tool(
            "definitions",
            (
                *topics("Read", (DEFINITIONS,), "what is live is shown and compared"),
                *topics("Write", (DEFINITIONS,), "definitions are published"),
                reads_as("definitions"),
            ),
        ),
        Tool(
            "tick",
            (
                *topics("Describe", (*INPUTS, DEFINITIONS), "it waits until all is consumed"),
                *topics("Read", (CONTROL,), "it waits for the new baseline"),
                *topics("Write", (CONTROL,), "the tick itself"),
                seen("how far the workers are"),
                reads_as("tick"),
            ),
        ),
        Tool(
            "erase",
            (
                *topics("Read", (LEAD_PROFILES,), "when the broker took the erasure"),
                *topics("Write", (LEAD_PROFILES,), "an erasure is a lead's profile"),
                *topics("Describe", _all_but(LEAD_PROFILES), "where the lead's data may still lie"),
                *topics("DescribeConfigs", ALL_TOPICS, "until when it may lie there"),
                seen("how far the workers are"),
            ),
        ),
        Tool(
            "dead-letters",
            (
                *topics("Read", (DEAD_LETTERS,), "they are listed and shown"),
                reads_as("dead-letters"),
            ),
        ),
        Tool(
            "redrive",
            (
                *topics("Read", (DEAD_LETTERS, DEFINITIONS), "what is given back, and what is newer"),
                *topics("Write", (*INPUTS, DEFINITIONS, CONTROL), "workers are given records again"),
                *topics("Write", (DEAD_LETTERS,), "what was given back is marked"),
                Access(
                    "transactional-id",
                    f"{namespace}.dead-letters-redrive",
                    "Write",
                    "records and marks go together",
                ),
                reads_as("dead-letters"),
            ),
        ),
        Tool(
            "purge",
            (
                *topics("Read", (DEAD_LETTERS,), "what may go is looked for"),
                *topics("Delete", (DEAD_LETTERS,), "old ones are deleted"),
                reads_as("dead-letters"),
            ),
        ),
        Tool("rebuild", (*rebuilt, seen("how far the workers are"))),
        Tool(
            "rebuild-in-place",
            (
                *rebuilt,
                *topics("Write", CHANGELOGS, "rows that differ are written"),
                *topics("Write", _reports(), "what subscribers were told otherwise is told"),
                Access("group", group, "Read", "workers are kept away meanwhile"),
                Access(
                    "transactional-id",
                    f"{group}-",
                    "Write",
                    "each partition is written as its worker writes it",
                    "prefixed",
                ),
            ),
        ),
        Tool("fold", (*topics("Read", SOURCES, "what --from-kafka folds"), reads_as("fold"))),
        Tool(
            "export",
            (*topics("Read", (BUYING_GROUP_STATE,), "the groups as they stand"), reads_as("export")),
        ),
        Tool(
            "status",
            (
                *topics("Read", SOURCES, "the time of the first record that is not consumed"),
                *topics("Read", (DEAD_LETTERS,), "dead letters are counted by their reason"),
                *topics("Read", _clock_changelog(), "baseline and last tick"),
                *topics("Describe", _seen_by_status(), "which topics there are is compared"),
                *checked,
                seen("who the workers are and how far"),
                reads_as("status"),
            ),
        ),
        Tool("topics-check", (*named, *checked)),
        Tool("topics-create", (*topics("Create", ALL_TOPICS, "topics are made"), *named, *checked)),
    )


def _all_but(left_out: Topic) -> tuple[Topic, ...]:
    return tuple(topic for topic in ALL_TOPICS if topic is not left_out)


def _reports() -> tuple[Topic, ...]:
    return tuple(topic for topic in OUTPUTS if topic is not DEAD_LETTERS)


def _clock_changelog() -> tuple[Topic, ...]:
    return tuple(topic for topic in CHANGELOGS if topic.name == CLOCK_CHANGELOG)


def _seen_by_status() -> tuple[Topic, ...]:
    """Return the topics that are compared and not read."""
    read = (*SOURCES, DEAD_LETTERS, *_clock_changelog())
    return tuple(topic for topic in ALL_TOPICS if topic not in read)
