"""The headers that a worker writes behind a refused record's own, and a redrive on what it sends."""

from __future__ import annotations

from typing import Final

from domain.calendar import Millis

OWN_HEADERS: Final = "dlq_"
"""Headers that begin so are the engine's; all others are the record's."""

TOPIC: Final = "dlq_topic"
PARTITION: Final = "dlq_partition"
OFFSET: Final = "dlq_offset"
TIMESTAMP: Final = "dlq_timestamp"
REASON: Final = "dlq_reason"
DETAIL: Final = "dlq_detail"

ATTEMPTS: Final = "dlq_attempts"
"""On a redriven record: the how-manieth time workers are given it. Workers keep it when they refuse."""

REDRIVEN: Final = "redriven"
"""The reason of a mark."""


def letter_headers(
    topic: str, partition: int, offset: int, timestamp: Millis, reason: str, detail: str
) -> tuple[tuple[str, bytes], ...]:
    """Return what says where a record stood, by its full topic name, and why it was refused."""
    return (
        (TOPIC, topic.encode()),
        (PARTITION, str(partition).encode()),
        (OFFSET, str(offset).encode()),
        (TIMESTAMP, str(timestamp).encode()),
        (REASON, reason.encode()),
        (DETAIL, detail.encode()),
    )
