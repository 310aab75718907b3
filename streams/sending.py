"""Sending a few records and knowing that they arrived, outside of any lane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer

from streams.delivery import Outgoing
from streams.placement import PARTITIONER
from streams.settings import Settings

_TIMEOUT_S: Final = 30.0


def send_all(settings: Settings, records: Sequence[Outgoing]) -> list[tuple[int, int]]:
    """Send records, each to the deployment's topic of its name; return (partition, offset) of each.

    Raises:
        TimeoutError: the broker did not confirm them all in time.
    """
    producer = Producer(
        {**settings.client_config(), "enable.idempotence": True, "partitioner": PARTITIONER}
    )
    confirmed: list[tuple[int, int]] = []

    def note(error: KafkaError | None, message: Message) -> None:
        if error is None:
            confirmed.append((message.partition() or 0, message.offset() or 0))

    for record in records:
        placed: dict[str, Any] = {} if record.partition is None else {"partition": record.partition}
        producer.produce(
            f"{settings.namespace}.{record.topic}",
            record.value,
            record.key,
            headers=dict(record.headers),
            on_delivery=note,
            **placed,
        )
    producer.flush(_TIMEOUT_S)
    if len(confirmed) < len(records):
        msg = f"the broker confirmed {len(confirmed)} of {len(records)} records"
        raise TimeoutError(msg)
    return confirmed
